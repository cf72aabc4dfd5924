package run

import (
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// succeed does to the state what `state rekey` (keep) and `state fresh` do.
func (r *rig) succeed(keep bool) {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	if err := s.Update(func(tx state.Tx) error {
		from, to, err := state.Succeed(tx, r.p.Name, r.p.Identity(), keep, r.clock.Now())
		if err != nil {
			return err
		}
		f := Former{ID: from}
		if keep {
			f.Key = func(rec value.Record) (string, error) { return rec.Get("id").Text(), nil }
			var open []string
			if err := state.EachOpen(tx, from, func(e state.Exception) (bool, error) { open = append(open, e.Key); return true, nil }); err != nil {
				return err
			}
			for _, key := range open {
				if _, err := state.TakeOver(tx, from, key, to, "A/"+key); err != nil {
					return err
				}
			}
		}
		r.p.Former = append(r.p.Former, f)
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
}

// newKey is the key that the pipeline has after its edit: the shop and the order.
func (r *rig) newKey() {
	r.p.KeyText = []string{"sid", "id"}
	r.p.Key = func(x *step.Row) (string, error) { return "A/" + x.Record.Get("id").Text(), nil }
	r.p.Source.RefOfKey = func(parts []string) (map[string]value.Value, bool) {
		return map[string]value.Value{"id": value.OfText(parts[1])}, true
	}
}

// TestRekeyKeepsDocuments: with another key, and even another rule for the number, no document is
// written a second time; what changes later is changed in the document that there is.
func TestRekeyKeepsDocuments(t *testing.T) {
	for _, prefix := range []string{"SO-", "A-"} {
		t.Run("number "+prefix, func(t *testing.T) {
			r := newRig(t)
			orders(r, 5)
			r.src.set("6", `"qty":"six"`)
			r.erp.fault = times(9, "save", "SO-5", lostAns) // in doubt when the key is changed
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			r.erp.fault = nil
			r.newKey()
			if _, err := r.try(Options{}); err == nil || !strings.Contains(err.Error(), "PC450") || !strings.Contains(err.Error(), "pipectl state rekey order-sync") {
				t.Fatalf("an edited key is not refused with its way on: %v", err)
			}
			r.succeed(true)
			r.prefix = prefix
			r.src.set("7", `"qty":7`)
			for range 5 {
				r.clock.advance(20 * time.Minute)
				if _, err := r.try(Options{Full: true}); err != nil {
					t.Fatal(err)
				}
			}
			r.settled()
			want := []string{`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`, `SO-4 {"FBillNo":"SO-4","FQty":4} audited`}
			all := r.erpState()
			for _, line := range want {
				if strings.Count(all, line) != 1 {
					t.Errorf("the target does not hold once: %s", line)
				}
			}
			if n := len(r.erp.docs); n != 6 || strings.Count(all, `"FQty":5}`) != 1 || !strings.Contains(all, prefix+"7 ") {
				t.Errorf("%d documents:\n%s%s", n, all, r.exceptions())
			}
			r.wantException("A/6 invalid")
			r.src.set("2", `"qty":22`)
			r.clock.advance(time.Hour)
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			if prefix == "SO-" {
				if !strings.Contains(r.erpState(), `SO-2 {"FBillNo":"SO-2","FQty":22} audited`) {
					t.Errorf("the change did not arrive:\n%s%s", r.erpState(), r.exceptions())
				}
			} else {
				r.wantException("A/2 held PC401", "A-2", "SO-2") // another number is never a create
			}
			if n := len(r.erp.docs); n != 6 {
				t.Errorf("%d documents after a change:\n%s", n, r.erpState())
			}
		})
	}
}

// TestFreshTakesOver: an empty ledger, and documents of the same number are taken over, not doubled.
func TestFreshTakesOver(t *testing.T) {
	r := newRig(t)
	r.erp.mute, r.erp.traits.RefusesSecond = true, false
	orders(r, 4)
	r.run("done read=4 delivered=4 created=4")
	r.newKey()
	r.succeed(false)
	r.clock.advance(time.Hour)
	r.src.set("2", `"qty":22`)
	r.src.set("5", `"qty":5`)
	rep, err := r.try(Options{})
	if err != nil || rep.Created != 1 || rep.Held != 0 || rep.Failed != 0 {
		t.Fatalf("%s %v\n%s", shown(rep), err, r.exceptions())
	}
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":22} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`,
		`SO-4 {"FBillNo":"SO-4","FQty":4} audited`, `SO-5 {"FBillNo":"SO-5","FQty":5} audited`)
	for _, d := range r.erp.docs {
		if d.saves != 1 && d.key != "SO-2" {
			t.Errorf("%s was saved %d times", d.key, d.saves)
		}
	}
	r.run("done read=5 unchanged=5", Options{Full: true})
}

// TestDocumentReplacedByAnother: a document of our number with another id is not ours to write over.
func TestDocumentReplacedByAnother(t *testing.T) {
	r := newRig(t)
	orders(r, 1)
	r.run("done read=1 delivered=1 created=1")
	r.clock.advance(time.Hour)
	r.erp.docs[0].id = "777"
	r.src.set("1", `"qty":11`)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC452", "777")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
}

// TestAccountMoved: the same documents under another account: nothing is written again.
func TestAccountMoved(t *testing.T) {
	r := newRig(t)
	orders(r, 3)
	r.run("done read=3 delivered=3 created=3")
	was := r.erp.Account()
	r.erp.moved = "2"
	if _, err := r.try(Options{}); err == nil || !strings.Contains(err.Error(), "pipectl state move order-sync --account") {
		t.Fatalf("another account is not refused with its way on: %v", err)
	}
	s := r.open()
	err := s.Update(func(tx state.Tx) error {
		moved, err := state.MoveAccount(tx, was, r.erp.Account())
		if len(moved) != 1 || moved[0] != "order-sync" {
			t.Errorf("moved: %v", moved)
		}
		return err
	})
	if err := firstOf(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(time.Hour)
	r.src.set("2", `"qty":22`)
	r.run("done read=3 unchanged=2 delivered=1 updated=1", Options{Full: true})
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":22} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`)
}
