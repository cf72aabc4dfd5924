package run

import (
	"github.com/pipectl/pipectl/engine/state"
)

// settle asks the target about every document in doubt: those of a run that died, and those of
// records that stand open. What is found frees its record to go on.
func (r *runner) settle() error {
	if r.main == nil || r.main.prober == nil || !r.p.Ledger || len(r.o.Keys) > 0 {
		return nil
	}
	moves, keys, err := r.inDoubtNow()
	if err != nil {
		return err
	}
	for len(moves) > 0 {
		n := min(chunk, len(moves))
		if err := r.settleSome(moves[:n], keys); err != nil {
			return err
		}
		moves = moves[n:]
	}
	return nil
}

func (r *runner) settleSome(moves []*move, keys map[state.Ref]string) error {
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

// inDoubtNow lists the documents in doubt of this pipeline's target, and the keys of their records.
func (r *runner) inDoubtNow() ([]*move, map[state.Ref]string, error) {
	var moves []*move
	keys := map[state.Ref]string{}
	err := r.store.View(func(tx state.Tx) error {
		refs := r.doubtful
		err := state.EachOpen(tx, r.pid, func(e state.Exception) (bool, error) {
			rec, ok, err := state.GetRecord(tx, r.pid, e.Key)
			if err == nil && ok {
				for _, ref := range rec.Docs {
					keys[ref] = e.Key
					refs = append(refs, ref)
				}
			}
			return true, err
		})
		if err != nil {
			return err
		}
		seen := map[state.Ref]bool{}
		for _, ref := range refs {
			d, ok, err := state.GetDocument(tx, ref)
			if err != nil {
				return err
			}
			if ok && d.Pending != nil && ref.Scope == r.main.scope && !seen[ref] {
				seen[ref] = true
				moves = append(moves, &move{j: &job{key: d.Owner.Key}, sink: r.main, ref: ref, doc: d, had: true, hash: d.Pending.Hash})
			}
		}
		return nil
	})
	return moves, keys, err
}
