package run

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// wire is an ERP that shows its requests to the test before it answers them.
type wire struct {
	*erp
	onWrite func(docs []connector.Doc)
}

func (w *wire) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	if w.onWrite != nil {
		w.onWrite(docs)
	}
	return w.erp.Write(ctx, t, docs)
}

// wireRig delivers single documents, two requests at a time. One document is there: the numbers that
// the target keeps are proven.
func wireRig(t *testing.T) (*rig, *wire) {
	r := newRig(t)
	r.src.pageLen, r.erp.traits.Batch, r.erp.traits.InFlight = 10, 1, 2
	r.p.Target.Then, r.p.Target.Changed = nil, Skip // nothing else is ever asked of the target
	w := &wire{erp: r.erp}
	r.p.Target.Conn = w
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	return r, w
}

// seen waits for what has to happen; a run that waits for something else instead would hang.
func seen(t *testing.T, what string, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(20 * time.Second):
		t.Errorf("the run waits, and not one moment passed: %s", what)
	}
}

// pending are the documents that the state says are on their way.
func pending(t *testing.T, s state.Store, r *rig) map[string]state.Pending {
	t.Helper()
	out := map[string]state.Pending{}
	err := s.View(func(tx state.Tx) error {
		scope, err := state.ScopeID(tx, r.erp.Account(), "SAL_SaleOrder", "FBillNo", false)
		if err != nil {
			return err
		}
		return state.EachDocument(tx, scope, "", func(key string, d state.Document) (bool, error) {
			if d.Pending != nil {
				out[key] = *d.Pending
			}
			return true, nil
		})
	})
	if err != nil {
		t.Error(err)
	}
	return out
}

// TestTheWireDoesNotWaitForTheDisk: while requests are on the wire, the intents of the next ones are
// committed. A run that is stopped then sends none of those, and nothing of them is in doubt.
func TestTheWireDoesNotWaitForTheDisk(t *testing.T) {
	r, w := wireRig(t)
	for _, id := range []string{"2", "3", "4", "5"} {
		r.src.set(id, `"qty":1`)
	}
	ctx, stop := context.WithCancel(context.Background())
	written := make(chan struct{})
	var intents atomic.Int32
	w.onWrite = func([]connector.Doc) {
		seen(t, "four intents are on disk", written)
		stop()
	}
	s := r.open()
	_, err := Run(ctx, r.p, Options{Store: s, Clock: r.clock, Dir: r.dir, Reached: func(point string) bool {
		if point == "after intent" && intents.Add(1) == 4 {
			close(written)
		}
		return true
	}})
	left := pending(t, s, r)
	s.Close()
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if r.erp.calls["save"] != 3 || len(left) != 0 {
		t.Fatalf("%d saves, want 1 and 2 more; in doubt: %v", r.erp.calls["save"], left)
	}
	w.onWrite = nil
	r.quiet("stopped before the wire")
	if r.erp.calls["save"] != 5 || r.erp.calls["probe"] != 0 {
		t.Fatalf("%d saves, %d questions", r.erp.calls["save"], r.erp.calls["probe"])
	}
}

// TestALongWaitForTheWireIsNotTheTimeOfSending: else "not there" would be believed while it can land.
func TestALongWaitForTheWireIsNotTheTimeOfSending(t *testing.T) {
	r, w := wireRig(t)
	for _, id := range []string{"2", "3", "4", "5"} {
		r.src.set(id, `"qty":1`)
	}
	written, both := make(chan struct{}), make(chan struct{})
	var intents, writes atomic.Int32
	s := r.open()
	defer s.Close()
	w.onWrite = func(docs []connector.Doc) {
		seen(t, "four intents are on disk", written)
		x, ok := pending(t, s, r)[docs[0].Key]
		if waited := r.clock.Now().Sub(time.Unix(0, x.Sent)); !ok || waited > lead {
			t.Errorf("%s goes out, and the state says that it went out %s ago", docs[0].Key, waited)
		}
		switch writes.Add(1) {
		case 2: // both that are on the wire take their time
			r.clock.advance(2 * lead)
			close(both)
		case 1:
			seen(t, "a second request is on the wire", both)
		}
	}
	rep, err := Run(context.Background(), r.p, Options{Store: s, Clock: r.clock, Dir: r.dir, Reached: func(point string) bool {
		if point == "after intent" && intents.Add(1) == 4 {
			close(written)
		}
		return true
	}})
	if err != nil || rep.Delivered != 4 {
		t.Fatalf("%+v, %v", rep, err)
	}
}

// TestSoundRecordsDoNotWaitForExceptions: those of a page leave while the exceptions beside them are
// still being committed, and the run doesn't end before those are.
func TestSoundRecordsDoNotWaitForExceptions(t *testing.T) {
	r, _ := wireRig(t)
	r.src.set("2", `"qty":"none"`)
	r.src.set("3", `"qty":1`)
	r.meet = true
	sent := make(chan struct{})
	var outcomes atomic.Int32
	r.run("exceptions read=3 unchanged=1 delivered=1 invalid=1 created=1", Options{Reached: func(point string) bool {
		switch {
		case point == "after save":
			close(sent)
		case point == "before outcome" && outcomes.Add(1) == 1:
			seen(t, "order 3 is sent", sent)
		}
		return true
	}})
	if got := r.exceptions(); got != "2 invalid PC200 attempts=0 qty is not a number\n" {
		t.Fatalf("exceptions: %s", got)
	}
}

// TestIntentsAreBounded: what is on disk without an answer, and is in doubt when the process dies, is at
// most twice what may be on the wire, however many records wait.
func TestIntentsAreBounded(t *testing.T) {
	r, w := wireRig(t)
	for i := range 30 {
		r.src.set(fmt.Sprint("n-", i), `"qty":1`)
	}
	s := r.open()
	defer s.Close()
	written := make(chan struct{})
	var intents, most atomic.Int32
	w.onWrite = func([]connector.Doc) {
		seen(t, "four intents are on disk", written)
		n := int32(len(pending(t, s, r)))
		for now := most.Load(); n > now && !most.CompareAndSwap(now, n); now = most.Load() {
		}
	}
	rep, err := Run(context.Background(), r.p, Options{Store: s, Clock: r.clock, Dir: r.dir, Reached: func(point string) bool {
		if point == "after intent" && intents.Add(1) == 4 {
			close(written)
		}
		return true
	}})
	if err != nil || rep.Delivered != 30 || most.Load() != 4 {
		t.Fatalf("%s, %v; at most %d intents without an answer, want 4 with two requests in flight", shown(rep), err, most.Load())
	}
}
