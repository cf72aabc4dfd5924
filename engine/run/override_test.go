package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// sets is what `errors override` does, for a time or, with 0, without an end.
func (r *rig) sets(key, path, text string, lasts time.Duration) {
	r.t.Helper()
	now := r.clock.Now()
	s := state.Set{Path: path, Value: json.RawMessage(text), By: "anna", Reason: "the shop says so", At: now}
	if lasts > 0 {
		s.Until = now.Add(lasts)
	}
	r.inState(func(tx state.Tx, id state.ID) error {
		o, _, err := state.GetOverride(tx, id, key)
		if err != nil {
			return err
		}
		o.Key = key
		o.End(now, "another value", func(old state.Set) bool { return old.Path == path })
		o.Sets = append(o.Sets, s)
		return state.PutOverride(tx, id, o, "")
	})
}

func (r *rig) unsets(key string) {
	r.t.Helper()
	r.inState(func(tx state.Tx, id state.ID) error {
		o, _, err := state.GetOverride(tx, id, key)
		if err != nil {
			return err
		}
		o.End(r.clock.Now(), "anna: it is right now", func(state.Set) bool { return true })
		return state.PutOverride(tx, id, o, "")
	})
}

// TestOverride: an operator's way through it, at sources that can be asked by key and at others.
func TestOverride(t *testing.T) {
	for _, noFetch := range []bool{false, true} {
		t.Run(fmt.Sprint("noFetch=", noFetch), func(t *testing.T) {
			r := newRig(t)
			r.src.noFetch = noFetch
			r.src.set("1", `"qty":"many","price":0.10`)
			r.src.set("2", `"qty":2`)
			r.run("exceptions read=2 delivered=1 invalid=1 created=1")

			r.sets("1", "qty", "12345678901234567890.10", 0)
			rep := r.run("done read=2 unchanged=1 delivered=1 created=1")
			if rep.Overridden != 1 {
				t.Errorf("%d records are said to carry values, want 1", rep.Overridden)
			}
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":12345678901234567890.10} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
			if got, want := r.closed("1").ResolvedBy, "delivered in run "+rep.Run+", with qty set by anna"; got != want {
				t.Errorf("closed by %q, want %q", got, want)
			}
			mapped := r.mapped
			r.run("done read=1 unchanged=1")
			if r.mapped != mapped {
				t.Error("mapped again although nothing changed")
			}

			r.src.set("1", `"qty":"even more","price":0.20`) // it changes, and the value stays
			r.run("done read=2 unchanged=2")
			r.note = `,"FNote":"new"`
			r.src.set("1", `"qty":"even more","price":0.30`)
			r.run("done read=1 delivered=1 updated=1")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":12345678901234567890.10,"FNote":"new"} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
			r.note = ""

			r.sets("1", "qty", "7", time.Hour) // another value, for an hour
			r.run("done read=1 delivered=1 updated=1")
			r.run("done read=1 unchanged=1")
			r.clock.advance(time.Hour)
			r.run("exceptions read=1 invalid=1") // its time is over: the record is as the source sends it
			r.wantException("1 invalid PC200")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":7} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
			r.run("done read=1 invalid=1")
			r.inState(func(tx state.Tx, id state.ID) error {
				o, ok, err := state.GetOverride(tx, id, "1")
				if !ok || len(o.Sets) != 2 || o.Sets[1].EndedBy != "its time was over" || o.Applied != "" {
					t.Errorf("what is remembered: %+v", o)
				}
				return err
			})
		})
	}
}

// TestOverrideOfWhatIsDelivered: setting a value in a delivered record, and taking it away, changes
// it, although the source has not changed and the cursor is past it.
func TestOverrideOfWhatIsDelivered(t *testing.T) {
	for _, noFetch := range []bool{false, true} {
		t.Run(fmt.Sprint("noFetch=", noFetch), func(t *testing.T) {
			r := newRig(t)
			r.src.noFetch = noFetch
			r.src.set("1", `"qty":1`)
			r.src.set("2", `"qty":2`)
			r.run("done read=2 delivered=2 created=2")
			r.sets("1", "qty", "5", 0)
			if noFetch { // its content is not kept: it has to be read
				r.run("done read=1 unchanged=1")
				r.run("done read=1 delivered=1 updated=1", Options{Keys: []string{"1"}})
			} else {
				r.run("done read=2 unchanged=1 delivered=1 updated=1")
			}
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":5} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
			r.unsets("1")
			r.run("done read=2 unchanged=1 delivered=1 updated=1")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
			r.run("done read=1 unchanged=1")
			r.inState(func(tx state.Tx, id state.ID) error {
				text, err := state.OverriddenRecord(tx, id, "1")
				if text != "" {
					t.Errorf("the record is kept although nothing is set in it: %s", text)
				}
				return err
			})
		})
	}
}

// TestOverrideHidesNoChange: what the source sends beneath a set value is remembered, so that the
// newest stands there when the value is taken away.
func TestOverrideHidesNoChange(t *testing.T) {
	r := newRig(t)
	r.src.noFetch = true
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.sets("1", "qty", "5", 0)
	r.run("done read=1 delivered=1 updated=1", Options{Full: true})
	r.src.set("1", `"qty":2`)
	r.run("done read=1 unchanged=1")
	r.src.set("2", `"qty":2`) // the cursor goes on
	r.run("done read=2 unchanged=1 delivered=1 created=1")
	r.unsets("1")
	r.run("done read=2 unchanged=1 delivered=1 updated=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
}

// TestOverrideThatDoesNotFit is refused, in words, and the record isn't delivered half corrected.
func TestOverrideThatDoesNotFit(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1,"lines":[{"sku":"A"},{"sku":"B"}]`)
	r.run("done read=1 delivered=1 created=1")
	r.sets("1", "lines[1].sku", `"C"`, 0)
	r.run("done read=1 unchanged=1")
	r.src.set("1", `"qty":2,"lines":[{"sku":"A"}]`)
	r.run("exceptions read=1 invalid=1")
	r.wantException("1 invalid PC445", "lines[1].sku, which anna has set to \"C\"", "there is no item 1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
	r.unsets("1")
	r.run("done read=1 delivered=1 updated=1")

	r = newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.sets("1", "id", `"2"`, 0)
	r.run("exceptions read=1 invalid=1")
	r.wantException("1 invalid PC445", "its key would be 2")
	if len(r.erp.docs) != 1 {
		t.Errorf("the target holds %s", r.erpState())
	}
}

// TestOverrideEndsASkip: a skipped record is left alone until its content changes, and a value that
// somebody sets changes it.
func TestOverrideEndsASkip(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":"many"`)
	r.run("exceptions read=1 invalid=1")
	r.inState(func(tx state.Tx, id state.ID) error {
		rec, _, err := state.GetRecord(tx, id, "1")
		rec.Standing = state.Skipped
		if err == nil {
			err = state.PutRecord(tx, id, "1", rec)
		}
		if err == nil {
			_, err = state.Resolve(tx, id, "1", "bob: a test order", r.clock.Now())
		}
		return err
	})
	r.run("done read=1 unchanged=1")
	r.sets("1", "qty", "3", 0)
	r.run("done read=1 delivered=1 created=1")
	r.unsets("1")
	r.run("exceptions read=1 invalid=1")
}

// TestOverrideSurvivesKills: killed anywhere on its way, the corrected record is delivered once, and
// the evidence stays what the source sent.
func TestOverrideSurvivesKills(t *testing.T) {
	for n := 0; ; n++ {
		r := newRig(t)
		r.src.noFetch = true
		r.src.set("1", `"qty":"many"`)
		r.run("exceptions read=1 invalid=1")
		r.sets("1", "qty", "3", 0)
		left, at := n, ""
		_, err := r.try(Options{Reached: func(point string) bool {
			at = point
			left--
			return left >= 0
		}})
		r.inState(func(tx state.Tx, id state.ID) error {
			x, ok, err := state.GetException(tx, id, "1")
			payload, err2 := state.Payload(tx, id, "1")
			if ok && payload != `{"id":"1","qty":"many"}` {
				t.Errorf("killed %s: the evidence is %s (%+v)", at, payload, x)
			}
			return errors.Join(err, err2)
		})
		r.clock.advance(time.Hour)
		for range 3 {
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			r.clock.advance(time.Hour)
		}
		if got := r.exceptions(); got != "" {
			t.Errorf("killed %s: still open: %s", at, got)
		}
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":3} audited`)
		r.settled()
		r.unsets("1")
		r.run("exceptions read=1 invalid=1")
		if err == nil {
			if n < 10 {
				t.Fatalf("only %d points were passed", n)
			}
			return
		}
	}
}

// TestOverrideOfARecordThatIsGone is held, once, and says so.
func TestOverrideOfARecordThatIsGone(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.src.rows = nil
	r.sets("1", "qty", "3", 0)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC415")
	r.run("done")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
}

// TestNothingSetCostsNothing: a pipeline in whose records nothing is set looks nothing up.
func TestNothingSetCostsNothing(t *testing.T) {
	r := newRig(t)
	s := r.open()
	defer s.Close()
	b, err := begin(context.Background(), r.p, Options{Store: s, Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	defer b.cancel()
	if b.overrides != nil {
		t.Error("it keeps a list of nothing")
	}
	rec := connector.Record{Data: value.Known(`{"id":"1","qty":1}`)}
	j := b.job(rec, 1)
	got := testing.AllocsPerRun(100, func() { b.override(j) })
	if got != 0 || j.over != nil || !j.read.IsZero() {
		t.Errorf("%v allocations, %+v", got, j)
	}
}

// TestAnExceptionNamesWhatWasSet: whoever looks at it sees that it is not the source's word alone.
func TestAnExceptionNamesWhatWasSet(t *testing.T) {
	r := newRig(t)
	r.p.Amount = func(row *step.Row) string { return row.Record.Get("price").JSON() }
	r.src.set("1", `"qty":"many","price":0.10`)
	r.run("exceptions read=1 invalid=1")
	r.sets("1", "price", "0.30", 0)
	r.run("done read=1 invalid=1")
	r.inState(func(tx state.Tx, id state.ID) error {
		x, _, err := state.GetException(tx, id, "1")
		if strings.Join(x.Overridden, " ") != "price" || x.Amount != "0.30" {
			t.Errorf("it says %+v", x)
		}
		payload, err2 := state.Payload(tx, id, "1")
		if !strings.Contains(payload, "0.10") {
			t.Errorf("the evidence is %s", payload)
		}
		return errors.Join(err, err2)
	})
}
