package run

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAStartThatMovesMakesNothingVanish: what a later `cursor.start` leaves out is not gone.
func TestAStartThatMovesMakesNothingVanish(t *testing.T) {
	r := newRig(t)
	r.src.noFetch = true // nor can it be asked by key
	r.p.Target.Withdrawn = DeleteWithdrawn
	r.p.Source.Query.Start = r.clock.Now().Add(-24 * time.Hour)
	orders(r, 5)
	r.run("done read=5 delivered=5 created=5", Options{Full: true})
	r.p.Source.Query.Start = r.p.Source.Query.Start.Add(25 * time.Hour)
	r.src.hidden = map[string]bool{"1": true, "2": true} // what it leaves out
	r.run("exceptions read=5 unchanged=3 held=2", Options{Full: true})
	r.wantException("1 held PC430", "2 held PC430", "start")
	if len(r.erp.docs) != 5 {
		t.Errorf("there are\n%s", r.erpState())
	}
}

// TestTakenBackAndRefusedGoesBackNoFurther: a document that stood submitted, because nobody may audit
// it yet, is submitted again when its change is refused, and not audited.
func TestTakenBackAndRefusedGoesBackNoFurther(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("audit", "", refuse)
	r.run("exceptions read=1 invalid=1 created=1")
	r.src.set("1", `"qty":2`)
	r.erp.fault = once("save", "", refuse)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC420")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} submitted`)
}

// TestUnauditedAndNotSavedIsTold: when the retries of a reopened document are used up, its exception
// says that it stands un-audited.
func TestUnauditedAndNotSavedIsTold(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.src.set("1", `"qty":2`)
	r.erp.fault = times(100, "save", "", busyDoc)
	for range 5 {
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
		r.clock.advance(6 * time.Minute)
	}
	r.wantException("1 failed", "attempts=3", "SO-1", "stands un-audited", "locked by another user")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} saved`)
	r.erp.fault = nil
	r.retryAll()
	r.quiet("unlocked")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
	if strings.Contains(r.exceptions(), "SO-1") {
		t.Error(r.exceptions())
	}
}

// TestThereAgainAfterItWasNotFoundByKey: a record that its source didn't know when it was asked for it,
// and that is read again, unchanged, goes on by itself.
func TestThereAgainAfterItWasNotFoundByKey(t *testing.T) {
	r := newRig(t)
	orders(r, 2)
	r.erp.fault = once("audit", "SO-1", busyDoc)
	r.run("done read=2 delivered=1 waiting=1 created=2")
	was := slices.Clone(r.src.rows)
	r.remove("1")
	r.clock.advance(6 * time.Minute)
	r.run("exceptions read=2 unchanged=1 held=1")
	r.wantException("1 held PC415")
	r.run("done read=1 unchanged=1") // what isn't there stays so
	r.wantException("1 held PC415")
	r.src.rows = was
	r.run("done read=2 unchanged=1 delivered=1", full)
	r.nothingOpen()
	r.wantERP(order1+"audited", `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
}
