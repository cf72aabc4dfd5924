package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// queue is an ERP whose calls wait for their turn before they leave.
type queue struct {
	*erp
	wait time.Duration
}

func (q *queue) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	q.clock.advance(q.wait)
	if err := connector.Leave(ctx); err != nil {
		return nil, err
	}
	return q.erp.Write(ctx, t, docs)
}

// TestWaitInTheQueue: the time of sending that counts is when a request left, not when it was put in
// the queue: else a late landing would be taken for none, and sent a second time.
func TestWaitInTheQueue(t *testing.T) {
	r := newRig(t)
	r.erp.traits.RefusesSecond = false
	q := &queue{r.erp, 20 * time.Minute} // twice as long as the target may take
	r.p.Target.Conn = q
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "", lateWork)
	if _, err := r.try(Options{Reached: killAt("after save", 1)}); !errors.Is(err, ErrAbandoned) {
		t.Fatalf("not killed: %v", err)
	}
	q.wait = 0
	r.run("done read=1 waiting=1")
	if len(r.erp.late) != 1 || r.erp.calls["save"] != 1 {
		t.Fatalf("%d saves, %d of them late: a second one went out while the first could still land", r.erp.calls["save"], len(r.erp.late))
	}
	r.clock.advance(9 * time.Minute)
	r.erp.workLate()
	r.quiet("landed late")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
}

// TestNothingLeavesADeadRun: what was killed in the queue sends nothing.
func TestNothingLeavesADeadRun(t *testing.T) {
	r := newRig(t)
	q := &queue{r.erp, time.Hour}
	r.p.Target.Conn = q
	r.src.set("1", `"qty":1`)
	intents := 0
	_, err := r.try(Options{Reached: func(point string) bool {
		if point == "before intent" {
			intents++
		}
		return intents < 2 // the second one is of the queue
	}})
	if !errors.Is(err, ErrAbandoned) || r.erp.calls["save"] != 0 {
		t.Fatalf("%v, %d saves", err, r.erp.calls["save"])
	}
	q.wait = 0
	r.quiet("after a kill in the queue")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
}
