package run

import (
	"errors"
	"testing"

	"github.com/pipectl/pipectl/engine/state"
)

// counted counts the transactions of a state.
type counted struct {
	state.Store
	updates int
}

func (c *counted) Update(fn func(state.Tx) error) error {
	c.updates++
	return c.Store.Update(fn)
}

// TestPartsShareATransaction: what several batches want to write at one moment is one transaction, which
// holds all of it or nothing.
func TestPartsShareATransaction(t *testing.T) {
	broken := errors.New("disk full")
	for _, fails := range []bool{false, true} {
		r := newRig(t)
		s := r.open()
		defer s.Close()
		store := &counted{Store: s}
		run := &runner{p: r.p, store: store, commits: make(chan *entry, 3), wrote: make(chan struct{})}
		parts := make([]*entry, 3)
		for i := range parts {
			ref := state.Ref{Scope: 1, Key: string(rune('a' + i))}
			parts[i] = &entry{answer: make(chan error, 1), apply: func(tx state.Tx) error {
				if fails && i == 2 {
					return broken
				}
				return state.PutDocument(tx, ref, state.Document{Owner: state.Owner{Pipeline: 1, Key: ref.Key}})
			}}
			run.commits <- parts[i]
		}
		close(run.commits)
		run.committer()
		for i, p := range parts {
			if err := <-p.answer; fails != errors.Is(err, broken) {
				t.Errorf("part %d is told %v", i, err)
			}
		}
		there := 0
		if err := s.View(func(tx state.Tx) error {
			return state.EachDocument(tx, 1, "", func(string, state.Document) (bool, error) { there++; return true, nil })
		}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 3, true: 0}[fails]; store.updates != 1 || there != want {
			t.Errorf("%d transactions hold %d parts, want 1 and %d", store.updates, there, want)
		}
	}
}

// TestNewKeysAreProbedOnceABatch: a target that would take a second document of a key is asked first, with
// one question for all keys of a batch, and for those alone that the ledger doesn't know.
func TestNewKeysAreProbedOnceABatch(t *testing.T) {
	r := newRig(t)
	r.erp.traits.RefusesSecond, r.erp.traits.Batch, r.src.pageLen = false, 5, 5
	r.p.Target.Then, r.p.Target.Changed = nil, Skip // nothing else is ever asked of the target
	orders(r, 5)
	r.run("done read=5 delivered=5 created=5")
	if n := r.erp.calls["probe"]; n != 1 {
		t.Errorf("%d questions for one batch of new keys", n)
	}
	r.src.set("6", `"qty":6`)
	r.run("done read=6 unchanged=5 delivered=1 created=1", full)
	if n := r.erp.calls["probe"]; n != 2 {
		t.Errorf("%d questions, want one more for the new key", n)
	}
	r.run("done read=6 unchanged=6", full)
	if n := r.erp.calls["probe"]; n != 2 {
		t.Errorf("%d questions: known keys were asked for", n)
	}
}
