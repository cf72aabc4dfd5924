package run

import (
	"fmt"
	"slices"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// After `state rekey`, the ledger of a record that is met for the first time under its new key
// stands under the key that it had before. It goes over, with its documents, before it is judged:
// so no document of it is written a second time.

// inherit brings over what is known of records under their former keys.
func (r *runner) inherit(jobs []*job) error {
	if !r.p.Ledger || !slices.ContainsFunc(r.p.Former, func(f Former) bool { return f.Key != nil }) {
		return nil
	}
	type heir struct {
		from     state.ID
		old, key string
	}
	var heirs []heir
	err := r.store.View(func(tx state.Tx) error {
		for _, j := range jobs {
			if _, known, err := state.GetRecord(tx, r.pid, j.key); err != nil || known || j.data.IsZero() || j.bad != nil {
				if err != nil {
					return err
				}
				continue
			}
			for _, f := range slices.Backward(r.p.Former) {
				if f.Key == nil {
					continue
				}
				old, err := f.Key(j.data)
				if err != nil {
					j.bad = noFormerKey(j, err)
					break
				}
				_, had, err := state.GetRecord(tx, f.ID, old)
				if err != nil {
					return err
				}
				if had {
					heirs = append(heirs, heir{f.ID, old, j.key})
					break
				}
			}
		}
		return nil
	})
	if err != nil || len(heirs) == 0 || r.o.DryRun {
		return err
	}
	return r.commit("inheritance", nil, func(tx state.Tx) error {
		for _, h := range heirs {
			if _, err := state.TakeOver(tx, h.from, h.old, r.pid, h.key); err != nil {
				return err
			}
		}
		return nil
	})
}

func noFormerKey(j *job, err error) *problem.Error {
	return &problem.Error{
		Class: problem.Held, ID: "PC453", Key: j.key, Err: err,
		Reason: fmt.Sprintf("record %s has no key as it was written before `state rekey`: %s", j.key, reason(problem.As(err))),
		Hint:   "nobody can tell whether it was delivered under that key: look for its document. It was: " + skipHint + "; it was not: correct the record at its source, " + retryHint,
	}
}

// leftBehind says that a document's owner was left behind by `state fresh`: it is free for whoever
// builds its number.
func (r *runner) leftBehind(o state.Owner) bool {
	return slices.ContainsFunc(r.p.Former, func(f Former) bool { return f.Key == nil && f.ID == o.Pipeline })
}
