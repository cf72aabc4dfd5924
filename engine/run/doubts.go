package run

import (
	"slices"

	"github.com/pipectl/pipectl/engine/state"
)

// settle asks the target about every document in doubt: those of a run that died, and those of
// records that stand open. What is found frees its record to go on.
func (r *runner) settle() error {
	if r.main == nil || r.main.prober == nil || !r.p.Ledger || len(r.o.Keys) > 0 {
		return nil
	}
	flown := map[state.Ref]bool{} // of records that were on their way
	for _, x := range r.doubtful {
		flown[x.ref] = true
	}
	doubts := r.doubtful
	for from, more := "", true; more; {
		var open []doubtful
		var err error
		open, from, more, err = r.inDoubtFrom(from, flown)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(append(doubts, open...), chunk) {
			if err := r.settleSome(part); err != nil {
				return err
			}
		}
		doubts = nil
	}
	return nil
}

// doubtful is a document that may be in doubt, and its record.
type doubtful struct {
	ref state.Ref
	key string
}

func (r *runner) settleSome(doubts []doubtful) error {
	moves, keys, err := r.pending(doubts)
	if err != nil || len(moves) == 0 {
		return err
	}
	answers, err := r.probeAll(r.main, moves)
	if err != nil {
		return r.down(r.main.name, err)
	}
	settled := 0
	var over []string
	for i, mv := range moves {
		if !r.settled(r.main, mv, answers[i]) {
			continue
		}
		settled++
		if key, ok := keys[mv.ref]; ok {
			over = append(over, key)
		}
	}
	err = r.commit("settlement", nil, func(tx state.Tx) error {
		if err := r.putRows(tx, r.main, moves); err != nil {
			return err
		}
		for _, key := range over {
			e, ok, err := state.GetException(tx, r.pid, key)
			if err != nil {
				return err
			}
			if !ok || e.ID == "PC404" {
				continue
			}
			if e.Kind == state.Later || e.Kind == state.GaveUp {
				e.Status = state.Retrying
				if err := state.PutException(tx, r.pid, e, ""); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		r.inDoubt(settled)
	}
	return err
}

// inDoubtFrom looks through open records from a key on, and lists documents of theirs that are in
// doubt and not known, some at a time: there may be more than memory holds.
func (r *runner) inDoubtFrom(from string, known map[state.Ref]bool) (found []doubtful, next string, more bool, err error) {
	err = r.store.View(func(tx state.Tx) error {
		return state.EachOpenFrom(tx, r.pid, from, func(e state.Exception) (bool, error) {
			if more = len(found) >= span; more {
				next = e.Key
				return false, nil
			}
			rec, _, err := state.GetRecord(tx, r.pid, e.Key)
			for _, ref := range rec.Docs {
				d, ok, failed := state.GetDocument(tx, ref)
				if ok && d.Pending != nil && !known[ref] {
					found = append(found, doubtful{ref, e.Key})
				}
				err = firstOf(err, failed)
			}
			return true, err
		})
	})
	return found, next, more, err
}

// pending makes moves of what is in doubt still, each document once, and says whose they are.
func (r *runner) pending(doubts []doubtful) (moves []*move, keys map[state.Ref]string, err error) {
	keys = map[state.Ref]string{}
	seen := map[state.Ref]bool{}
	err = r.store.View(func(tx state.Tx) error {
		for _, x := range doubts {
			keys[x.ref] = x.key
			d, ok, err := state.GetDocument(tx, x.ref)
			if err != nil {
				return err
			}
			if ok && d.Pending != nil && x.ref.Scope == r.main.scope && !seen[x.ref] {
				seen[x.ref] = true
				moves = append(moves, &move{j: &job{key: d.Owner.Key}, sink: r.main, ref: x.ref, doc: d, had: true, hash: d.Pending.Hash})
			}
		}
		return nil
	})
	return moves, keys, err
}
