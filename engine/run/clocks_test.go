package run

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

const day = 24 * time.Hour

// TestOurClockJumps moves our clock a day on or back at every point of a run, with answers that get
// lost, and wants the runs after it to end with one document each and the newest content.
func TestOurClockJumps(t *testing.T) {
	for _, jump := range []time.Duration{day, -day} {
		for _, back := range []bool{true, false} { // the clock is set right again before the next run
			for n := 1; ; n++ {
				r := newRig(t)
				r.erp.traits.RefusesSecond = n%2 == 0
				r.erp.timeless = true // what it says of times is by another clock: see limits.md
				rereading(r)
				orders(r, 3)
				r.run("done read=3 delivered=3 created=3")
				r.clock.advance(time.Hour)
				r.src.set("1", `"qty":10`)
				r.src.set("4", `"qty":4`)
				r.erp.fault = once("save", "SO-4", lostAns)
				passed := 0
				_, err := r.try(Options{Reached: func(string) bool {
					if passed++; passed == n {
						r.clock.advance(jump)
					}
					return true
				}})
				if err != nil {
					t.Fatalf("jump of %s at point %d: %v", jump, n, err)
				}
				if passed < n {
					if n < 20 {
						t.Fatalf("only %d points", passed)
					}
					break
				}
				if back {
					r.clock.advance(-jump)
				}
				what := fmt.Sprintf("jump of %s at point %d, set right %v", jump, n, back)
				r.src.set("2", `"qty":20`)
				r.quiet(what)
				if got, want := r.erpState(), strings.Join([]string{
					`SO-1 {"FBillNo":"SO-1","FQty":10} audited`, `SO-2 {"FBillNo":"SO-2","FQty":20} audited`,
					`SO-3 {"FBillNo":"SO-3","FQty":3} audited`, `SO-4 {"FBillNo":"SO-4","FQty":4} audited`,
				}, "\n")+"\n"; got != want {
					t.Fatalf("%s: the target holds\n%s%s", what, got, r.exceptions())
				}
				r.settled()
			}
		}
	}
}

// Two changes of one second are told apart by when their pages were asked for, also when our clock
// runs back between the two: in one run and over runs.
func TestVersionsRiseWhenOurClockRunsBack(t *testing.T) {
	for _, within := range []bool{true, false} {
		r := newRig(t)
		r.src.noTimes, r.src.noFetch = true, true
		r.src.pageLen = 1
		orders(r, 2)
		r.run("done read=2 delivered=2 created=2")
		if within { // between the first page and the second
			r.src.onPage = func(nth int) {
				if nth == 1 {
					r.clock.advance(-day)
				}
			}
		} else {
			r.clock.advance(-day)
		}
		r.src.rows[1].text = `{"id":"2","qty":20}`
		rep, err := r.try(Options{Full: true})
		if err != nil || rep.Updated != 1 || rep.Held != 0 {
			t.Fatalf("within a run %v: %s %v\n%s", within, shown(rep), err, r.exceptions())
		}
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":20} audited`)
		if !strings.Contains(strings.Join(rep.Notes, "\n"), "was set back") {
			t.Errorf("within a run %v: nobody is told: %q", within, rep.Notes)
		}
	}
}

// TestSourcesClockIsSetBack: what is stamped after it lies before the cursor.
func TestSourcesClockIsSetBack(t *testing.T) {
	for _, jump := range []time.Duration{-day, -30 * time.Minute, -5 * time.Minute} {
		for _, pause := range []time.Duration{0, time.Minute, time.Hour, 3 * day} { // between the jump and the next run
			r := newRig(t)
			r.src.margin = rigMargin
			r.src.ahead = day
			orders(r, 2)
			r.run("done read=2 delivered=2 created=2")
			r.clock.advance(10 * time.Minute)
			r.src.set("3", `"qty":3`)
			rep := r.run("done read=3 unchanged=2 delivered=1 created=1")
			if !strings.Contains(strings.Join(rep.Notes, "\n"), "clock of shop is 24h0m0s ahead of this computer's") {
				t.Errorf("nobody is told of the wrong clock: %q", rep.Notes)
			}
			r.src.ahead += jump
			r.src.set("1", `"qty":10`)
			r.src.set("4", `"qty":4`)
			r.clock.advance(pause)
			r.src.set("5", `"qty":5`)
			for range 2 {
				if _, err := r.try(Options{}); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.erpState(); strings.Count(got, "\n") != 5 {
				t.Errorf("set back by %s, next run after %s: orders are lost:\n%s%s", jump, pause, got, r.exceptions())
			}
			cursor, err := time.Parse(time.RFC3339Nano, r.known().Cursor)
			if latest := r.clock.Now().Add(r.src.ahead); err != nil || cursor.After(latest) {
				t.Errorf("the cursor %s stays past the source's clock %s", cursor, latest)
			}
		}
	}
}

// A document that was sent while our clock was wrong is believed absent after the target's longest
// processing time, not after a day.
func TestDoubtOfAWrongClock(t *testing.T) {
	r := newRig(t)
	r.erp.traits.RefusesSecond = false
	r.clock.advance(day)
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "SO-1", lostReq)
	if _, err := r.try(Options{}); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(-day)
	r.quiet("the clock was set right")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
	r.settled()
}

// Retries are due at once when our clock ran back: nobody knows how long they have waited.
func TestRetriesAreDueWhenOurClockRanBack(t *testing.T) {
	for _, jump := range []time.Duration{day, -day} {
		r := newRig(t)
		r.src.set("1", `"qty":1`)
		r.erp.fault = func(op string, _ connector.Doc) fault {
			if op == "save" {
				return busyDoc
			}
			return none
		}
		r.run("done read=1 waiting=1")
		r.clock.advance(jump)
		r.run("done read=1 waiting=1")
		r.erp.fault = nil
		r.clock.advance(6 * time.Minute)
		r.run("done read=1 delivered=1 created=1")
	}
}

// TestOneMomentForAll: very many orders of one and the same time, over the borders of pages, with the
// process killed among them. None is lost, none is written twice, the cursor gets past them, and what
// arrives later with that same time is found.
func TestOneMomentForAll(t *testing.T) {
	const all = 10_000
	r := newRig(t)
	r.src.pageLen, r.erp.traits.Batch, r.p.Target.Then = 500, 50, nil
	r.p.Source.Query.Lookback = 10 * time.Minute
	moment := r.clock.Now()
	for i := range all {
		id := fmt.Sprintf("m-%05d", i)
		r.src.rows = append(r.src.rows, row{id, fmt.Sprintf(`{"id":%q,"qty":%d}`, id, i), moment})
	}
	r.clock.advance(time.Minute)
	var taken atomic.Int32 // pages that the run has taken
	r.src.onPage = func(nth int) {
		if at := int(taken.Load()); nth-at > 3 {
			t.Errorf("page %d is read while the run is at page %d: memory grows", nth, at)
		}
	}
	for kill := range 4 {
		passed := 0
		taken.Store(0)
		_, err := r.try(Options{Reached: func(p string) bool {
			if p == "after read" {
				taken.Add(1)
			}
			passed++
			return passed < 150+100*kill
		}})
		if !errors.Is(err, ErrAbandoned) {
			t.Fatalf("not killed: %v", err)
		}
		r.clock.advance(11 * time.Minute)
	}
	r.src.onPage = nil
	r.quiet("all of one moment")
	if n := len(r.erp.docs); n != all {
		t.Fatalf("%d documents of %d", n, all)
	}
	for _, d := range r.erp.docs {
		if d.saves != 1 {
			t.Fatalf("%s was saved %d times", d.key, d.saves)
		}
	}
	r.src.put("later", moment, `"qty":1`) // within the lookback of the cursor, which stands at that moment
	if rep, err := r.try(Options{}); err != nil || rep.Created != 1 {
		t.Errorf("one more of that time: %s %v", shown(rep), err)
	}
	r.clock.advance(time.Hour)
	r.src.set("next", `"qty":1`)
	r.run(fmt.Sprintf("done read=%d unchanged=%d delivered=1 created=1", all+2, all+1))
	r.clock.advance(time.Hour)
	r.run("done read=1 unchanged=1") // the cursor is past them
	r.settled()
}
