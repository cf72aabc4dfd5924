package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

var errKilled = errors.New("killed")

// dying is a store whose process dies in a transaction: nothing of it is there afterwards.
type dying struct {
	state.Store
	left int // transactions until then
}

func (d *dying) Update(fn func(state.Tx) error) error {
	if d.left--; d.left >= 0 {
		return d.Store.Update(fn)
	}
	return d.Store.Update(func(tx state.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errKilled
	})
}

// troubled is an engine whose state has so many exceptions; of every tenth record a document is in doubt.
func troubled(t *testing.T, n int) (*Engine, *dying, state.ID) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var id state.ID
	err = s.Update(func(tx state.Tx) error {
		var err error
		if id, err = state.PipelineID(tx, "orders", true); err != nil {
			return err
		}
		if err := state.PutPipeline(tx, id, state.Pipeline{Name: "orders"}); err != nil {
			return err
		}
		for i := range n {
			key := fmt.Sprintf("A-%05d", i)
			ref := state.Ref{Scope: id, Key: key}
			doc := state.Document{Owner: state.Owner{Pipeline: id, Key: key}}
			if i%10 == 0 {
				doc.Pending = &state.Pending{Action: state.Create, Sent: 1}
			}
			if err := errors.Join(
				state.PutDocument(tx, ref, doc),
				state.PutRecord(tx, id, key, state.Record{Docs: []state.Ref{ref}}),
				state.PutException(tx, id, state.Exception{Pipeline: "orders", Key: key, Status: state.IsOpen}, `{"no":1}`),
			); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &dying{s, 1 << 30}
	return &Engine{store: d, Project: &spec.Project{}}, d, id
}

// open counts the exceptions by what they are.
func open(t *testing.T, e *Engine, id state.ID) map[state.Status]int {
	t.Helper()
	n := map[state.Status]int{}
	err := e.store.View(func(tx state.Tx) error {
		return state.EachOpenFrom(tx, id, "", func(x state.Exception) (bool, error) {
			n[x.Status]++
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// More exceptions than one transaction takes, and the process dies in the third of them: what the first
// ones did stands, what the third did doesn't, and the same command does the rest.
func TestBulkActionsThatAreKilled(t *testing.T) {
	const all = 2*atOnce + 500
	e, store, id := troubled(t, all)
	store.left = 2
	if n, err := e.Retry(Filter{}, "anna"); !errors.Is(err, errKilled) || n.Records != 2*atOnce {
		t.Fatalf("%+v, %v", n, err)
	}
	if got := open(t, e, id); got[state.Retrying] != 2*atOnce || got[state.IsOpen] != 500 {
		t.Errorf("after it was killed: %v", got)
	}
	store.left = 1 << 30
	if n, err := e.Retry(Filter{}, "anna"); err != nil || n.Records != all {
		t.Errorf("%+v, %v", n, err)
	}
	if got := open(t, e, id); got[state.Retrying] != all {
		t.Errorf("in the end: %v", got)
	}
}

// A skip of many leaves what is in doubt, counts it, and goes on; killed and given again, it skips
// exactly the others.
func TestBulkSkipLeavesWhatIsInDoubt(t *testing.T) {
	const all = 2*atOnce + 500
	e, store, id := troubled(t, all)
	store.left = 1
	if n, err := e.Skip(Filter{}, "anna", "old"); !errors.Is(err, errKilled) || n.Records != 900 || n.Left != 100 {
		t.Fatalf("%+v, %v", n, err)
	}
	store.left = 1 << 30
	if n, err := e.Skip(Filter{}, "anna", "old"); err != nil || n.Records != all*9/10-900 || n.Left != all/10 {
		t.Errorf("%+v, %v", n, err)
	}
	if got := open(t, e, id); got[state.IsOpen] != all/10 || len(got) != 1 {
		t.Errorf("still open: %v", got)
	}
	skipped := 0
	err := e.store.View(func(tx state.Tx) error {
		for i := range all {
			rec, _, err := state.GetRecord(tx, id, fmt.Sprintf("A-%05d", i))
			if err != nil {
				return err
			}
			if (rec.Standing == state.Skipped) == (i%10 == 0) {
				t.Errorf("record %d: %v", i, rec.Standing)
			}
			if rec.Standing == state.Skipped {
				skipped++
			}
		}
		return nil
	})
	if err != nil || skipped != all*9/10 {
		t.Errorf("%d skipped, %v", skipped, err)
	}
	if _, err := e.Skip(Filter{Pipeline: "orders", Key: "A-00010"}, "anna", "old"); !errors.Is(err, errInDoubt) {
		t.Errorf("one that is named and in doubt: %v", err)
	}
}
