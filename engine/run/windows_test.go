package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// known is what the state knows of the pipeline.
func (r *rig) known() state.Pipeline {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var p state.Pipeline
	err := s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil || id == 0 {
			return err
		}
		p, _, err = state.GetPipeline(tx, id)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

var january = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// history puts orders of January beside those that live work has read, and gives the window of them.
func history(r *rig, n int) Options {
	r.src.set("live-1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	for i := range n {
		r.src.put(fmt.Sprint("old-", i), january.Add(time.Duration(i)*time.Hour), `"qty":%d`, i)
	}
	return Options{Since: january, Until: january.Add(31 * 24 * time.Hour)}
}

// TestBackfillGoesOn kills a back-fill at every point. The same command goes on with it until it is
// done, live work between them is not disturbed, and the cursor stays where it is.
func TestBackfillGoesOn(t *testing.T) {
	resumed := 0
	for n := 0; ; n++ {
		r := newRig(t)
		r.p.Target.Then = nil
		window := history(r, 9)
		cursor := r.known().Cursor
		passed, dead := 0, window
		dead.Reached = func(string) bool { passed++; return passed <= n }
		_, err := r.try(dead)
		if !errors.Is(err, ErrAbandoned) {
			if err != nil || n < 20 || resumed == 0 {
				t.Fatalf("after %d points, %d of them resumed: %v", n, resumed, err)
			}
			break
		}
		w := r.known().Backfill
		if r.known().Cursor != cursor {
			t.Fatalf("killed at point %d: the back-fill moved the cursor to %s", n, r.known().Cursor)
		}
		r.clock.advance(11 * time.Minute)
		r.src.set("live-2", `"qty":2`)
		live, err := r.try(Options{})
		if err != nil || live.Status != Done || live.Delivered == 0 {
			t.Fatalf("killed at point %d: live work in between: %s %v", n, shown(live), err)
		}
		if got := r.known().Backfill; (w == nil) != (got == nil) || w != nil && *w != *got {
			t.Fatalf("killed at point %d: live work changed the back-fill from %+v to %+v", n, w, got)
		}
		rep, err := r.try(window)
		if err != nil || rep.Status != Done {
			t.Fatalf("killed at point %d: %s %v", n, shown(rep), err)
		}
		if w != nil && w.Cursor != "" {
			resumed++
			if !slices.ContainsFunc(rep.Notes, func(s string) bool { return strings.Contains(s, "goes on at "+w.Cursor) }) {
				t.Errorf("killed at point %d: it doesn't say that it goes on: %q", n, rep.Notes)
			}
			if rep.Read > 8 {
				t.Errorf("killed at point %d at %s: %s: it was read from the beginning", n, w.Cursor, shown(rep))
			}
		}
		if got := r.known(); got.Backfill != nil {
			t.Fatalf("killed at point %d: after its end the back-fill is still there: %+v", n, got.Backfill)
		}
		if len(r.erp.docs) != 11 {
			t.Fatalf("killed at point %d: %d documents\n%s", n, len(r.erp.docs), r.erpState())
		}
		for _, d := range r.erp.docs {
			if d.saves != 1 {
				t.Fatalf("killed at point %d: %s was saved %d times", n, d.key, d.saves)
			}
		}
		r.settled()
	}
}

func TestAnotherBackfillBeginsAnew(t *testing.T) {
	r := newRig(t)
	window := history(r, 9)
	dead := window
	dead.Reached = killAt("after outcome", 2)
	if _, err := r.try(dead); !errors.Is(err, ErrAbandoned) {
		t.Fatal(err)
	}
	r.clock.advance(11 * time.Minute)
	r.run("done read=3 unchanged=3", Options{Since: january, Until: january.Add(3 * time.Hour)})
	if r.known().Backfill != nil || !strings.Contains(strings.Join(r.last.Notes, "\n"), "is given up") {
		t.Errorf("%+v, %q", r.known().Backfill, r.last.Notes)
	}
	rep, err := r.try(window)
	if err != nil || rep.Read < 9 {
		t.Errorf("the first window goes on though it was given up: %s %v", shown(rep), err)
	}
}

// A look at a part, and a look without writing, are no back-fills that go on.
func TestLimitedAndDryWindowsLeaveNothingBehind(t *testing.T) {
	r := newRig(t)
	window := history(r, 9)
	limited, dry := window, window
	limited.Limit, dry.DryRun = 2, true
	before := r.known().Cursor
	r.run("done read=2 delivered=2 created=2", limited)
	r.run("done read=9 unchanged=2 delivered=7 created=7", dry)
	if p := r.known(); p.Backfill != nil || p.Cursor != before {
		t.Errorf("%+v", p)
	}
}

// A back-fill that shows an older state of an order must not undo the newer one.
func TestBackfillWritesNothingOlder(t *testing.T) {
	for _, fetch := range []bool{true, false} {
		r := newRig(t)
		r.src.noFetch = !fetch
		r.src.set("1", `"qty":1`)
		old := r.src.rows[0]
		r.run("done read=1 delivered=1 created=1")
		r.clock.advance(time.Hour)
		r.src.set("1", `"qty":2`)
		r.run("done read=1 delivered=1 updated=1")
		r.src.stale = map[string]row{"1": old}
		rep, err := r.try(Options{Since: january})
		if err != nil || rep.Updated != 0 {
			t.Errorf("%s %v", shown(rep), err)
		}
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
	}
}

func rereading(r *rig) {
	r.p.Source.Query.Lookback = 10 * time.Minute
	r.p.Source.Reread = Reread{Every: 6 * time.Hour, Window: 48 * time.Hour}
}

func TestLateArrivals(t *testing.T) {
	r := newRig(t)
	rereading(r)
	orders(r, 2)
	r.run("done read=2 delivered=2 created=2")
	r.clock.advance(time.Hour)
	r.src.set("3", `"qty":3`)
	r.run("done read=3 unchanged=2 delivered=1 created=1")
	r.src.put("4", r.clock.Now().Add(-5*time.Minute), `"qty":4`) // inside the lookback
	r.src.put("5", r.clock.Now().Add(-20*time.Hour), `"qty":5`)  // outside
	r.run("done read=2 unchanged=1 delivered=1 created=1")
	saves := r.erp.calls["save"]
	r.clock.advance(6 * time.Hour)
	r.run("done read=7 unchanged=6 delivered=1 created=1") // two by the lookback, then five in the window
	if n := r.erp.calls["save"] - saves; n != 1 {
		t.Errorf("%d saves for one late order", n)
	}
	r.clock.advance(time.Minute)
	r.run("done read=2 unchanged=2") // not again before its time
}

// What may still appear late was looked at last before a standstill: the window reaches back to there.
func TestRereadAfterAStandstill(t *testing.T) {
	r := newRig(t)
	rereading(r)
	orders(r, 1)
	r.run("done read=1 delivered=1 created=1")
	r.src.put("2", r.clock.Now().Add(-30*time.Hour), `"qty":2`) // appears just after the last look
	r.clock.advance(7 * 24 * time.Hour)                         // and nobody runs for a week
	r.src.set("3", `"qty":3`)
	if _, err := r.try(Options{}); err != nil {
		t.Fatal(err)
	}
	if len(r.erp.docs) != 3 {
		t.Errorf("an order that came late is lost:\n%s", r.erpState())
	}
}

// A look that a clock ahead of its time has stamped counts no more when that clock is right again: the next
// run looks at once, not when that time has come.
func TestRereadStampedByAClockAhead(t *testing.T) {
	r := newRig(t)
	rereading(r)
	orders(r, 2)
	r.run("done read=2 delivered=2 created=2")
	r.clock.advance(7*time.Hour + day)
	r.quiet("a day ahead")
	r.clock.advance(-day)
	r.quiet("right again")
	r.src.put("5", r.clock.Now().Add(-20*time.Hour), `"qty":5`) // outside the lookback
	if p := r.known(); p.Reread.After(r.clock.Now()) {
		t.Errorf("the older window was looked at in the future, at %s", p.Reread)
	}
	r.clock.advance(6 * time.Hour)
	r.quiet("six hours later")
	if len(r.erp.docs) != 3 {
		t.Errorf("an order that came late is lost:\n%s", r.erpState())
	}
}

// TestRereadKilledAtEveryPoint: the window stays in the state until it was read to its end.
func TestRereadKilledAtEveryPoint(t *testing.T) {
	for n := 0; ; n++ {
		r := newRig(t)
		rereading(r)
		orders(r, 2)
		r.run("done read=2 delivered=2 created=2")
		r.clock.advance(7 * time.Hour)
		r.src.set("live", `"qty":1`)
		for i := range 5 {
			r.src.put(fmt.Sprint("late-", i), r.clock.Now().Add(-time.Duration(30-i)*time.Hour), `"qty":%d`, i)
		}
		passed := 0
		var order []string
		r.erp.fault = func(op string, d connector.Doc) fault {
			if op == "save" {
				order = append(order, d.Key)
			}
			return none
		}
		_, err := r.try(Options{Reached: func(string) bool { passed++; return passed <= n }})
		if len(order) > 0 && order[0] != "SO-live" {
			t.Fatalf("the reread goes before live work: %v", order)
		}
		if !errors.Is(err, ErrAbandoned) {
			if err != nil || n < 20 {
				t.Fatalf("after %d points: %v", n, err)
			}
			return
		}
		r.clock.advance(11 * time.Minute) // far from the next time that a reread would be due
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
		r.clock.advance(11 * time.Minute)
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
		if len(r.erp.docs) != 8 {
			t.Fatalf("killed at point %d: %d documents of 8\n%s", n, len(r.erp.docs), r.erpState())
		}
		if p := r.known(); p.Rereading != nil {
			t.Fatalf("killed at point %d: %+v", n, p.Rereading)
		}
		r.settled()
	}
}

// A source that is read backwards has no safe cursor before its end. A page that is throttled is asked
// for again; no record is read, or counted, twice.
func TestThrottledWithoutASafeCursor(t *testing.T) {
	r := newRig(t)
	r.src.pageLen, r.src.backwards = 1, true
	orders(r, 4)
	r.src.throttleAt = []int{1, 3, 3}
	r.run("done read=4 delivered=4 created=4")
	window := Options{Since: january}
	r.src.throttleAt = []int{2}
	r.run("done read=4 unchanged=4", window)
}
