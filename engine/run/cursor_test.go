package run

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pipectl/pipectl/engine/state"
)

// A full reading that ends at its limit has not read the rest of the page: its cursor would lose it.
func TestLimitOfAFullReading(t *testing.T) {
	r := newRig(t)
	orders(r, 3)
	rep := r.run("done read=1 delivered=1 created=1", Options{Full: true, Limit: 1})
	if rep.Cursor.To != "" {
		t.Errorf("the cursor is %s, behind records that were not looked at", rep.Cursor.To)
	}
	r.run("done read=3 unchanged=1 delivered=2 created=2")
}

// failing is a store whose next transaction fails when it is told so.
type failing struct {
	state.Store
	armed  atomic.Bool
	failed chan struct{}
}

func (f *failing) Update(fn func(state.Tx) error) error {
	if !f.armed.CompareAndSwap(true, false) {
		return f.Store.Update(fn)
	}
	defer close(f.failed)
	return f.Store.Update(func(tx state.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errors.New("no space left on device")
	})
}

// Records whose outcome could not be stored are read again, even when a later batch's could.
func TestCursorStaysBeforeAFailedTransaction(t *testing.T) {
	r := newRig(t)
	r.src.pageLen, r.erp.traits.Batch, r.erp.traits.InFlight = 2, 2, 2
	r.p.Target.Changed, r.p.Target.Then = HoldChange, nil // the second batch has one act, and comes to its outcome
	orders(r, 2)
	r.run("done read=2 delivered=2 created=2")
	r.src.set("1", `"qty":5`) // both are held without a request, so no flight remembers them
	r.src.set("2", `"qty":5`)
	r.src.set("3", `"qty":1`)
	r.src.set("4", `"qty":1`)

	s := r.open()
	store := &failing{Store: s, failed: make(chan struct{})}
	sending := make(chan struct{})
	var first, second sync.Once
	rep, err := Run(context.Background(), r.p, Options{Store: store, Clock: r.clock, Reached: func(point string) bool {
		switch point {
		case "before save": // of the second batch, the only one that sends something
			first.Do(func() { close(sending) })
			<-store.failed
		case "before outcome":
			second.Do(func() {
				<-sending
				store.armed.Store(true)
			})
		}
		return true
	}})
	if err != nil || rep.Status != Failed || rep.Error.ID != "PC505" {
		t.Fatalf("%s %v", shown(rep), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.try(Options{}); err != nil {
		t.Fatal(err)
	}
	r.wantException("1 held PC407", "2 held PC407")
	r.settled()
}
