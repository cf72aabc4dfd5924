package run

import (
	"sync"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/step"
)

// A record that was refused because another one of its batch builds the same number has no part in
// that one's document: with a number of its own it is delivered.
func TestNumberMendedAfterAClash(t *testing.T) {
	r := newRig(t)
	own := r.p.Target.Key
	r.p.Target.Key = func(*step.Row) (string, error) { return "SO-1", nil }
	orders(r, 1)
	r.run("done read=1 delivered=1 created=1")
	r.src.set("1", `"qty":7`)
	r.src.set("2", `"qty":1`)
	r.run("exceptions read=2 delivered=1 held=1 updated=1")
	r.p.Target.Key = own
	r.src.set("2", `"qty":2`)
	r.run("done read=1 delivered=1 created=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":7} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
}

// What was surely not taken is no earlier send of ours: a document that is found afterwards is
// another's as much as if it had been found at once.
func TestForeignDocumentBehindAnUntouchedSend(t *testing.T) {
	for name, f := range map[string]fault{"throttled": throttle, "rolled back": rollback} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.erp.mute = true
			r.erp.docs = []*erpDoc{{id: "7", key: "SO-1", content: "theirs", stage: connector.Saved, modified: r.clock.Now()}}
			r.erp.fault = once("save", "SO-1", f)
			r.src.set("1", `"qty":1`)
			r.run("exceptions read=1 held=1 in_doubt=1")
			r.wantException("PC404")
			r.wantERP("SO-1 theirs saved")
			r.settled()
		})
	}
}

// However many batches may be in flight, one document is enough to learn that a target numbers by itself.
func TestNumbersItselfIsLearntFromOneDocument(t *testing.T) {
	r := newRig(t)
	r.erp.traits.InFlight, r.erp.traits.Batch, r.erp.own = 4, 1, true
	r.erp.traits.RefusesSecond = false // so that each batch is seen when it asks
	r.src.pageLen = 4
	r.meet = true
	orders(r, 4)
	var asked sync.WaitGroup
	asked.Add(4)
	rep, err := r.try(Options{Reached: func(point string) bool {
		switch point {
		case "after probe":
			asked.Done()
		case "before intent": // only one gets here; the others stand behind it
			asked.Wait()
		}
		return true
	}})
	if err != nil || rep.Error == nil || rep.Error.ID != "PC413" || len(r.erp.docs) != 1 {
		t.Errorf("%s, %v: %d documents", shown(rep), err, len(r.erp.docs))
	}
}
