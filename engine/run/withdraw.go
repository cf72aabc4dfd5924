package run

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// withdraw answers records that were delivered, at least in part, and are cancelled at their source.
func (r *runner) withdraw(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	switch r.main.target.Withdrawn {
	case HoldWithdrawn:
		for _, j := range jobs {
			j.fail(r.withdrawnHeld(j))
		}
		return r.outcomes("outcome", jobs)
	case IgnoreWithdrawn:
		for _, j := range jobs {
			j.end = withdrawn
		}
		return r.outcomes("outcome", jobs)
	case CancelWithdrawn, DeleteWithdrawn:
	}
	r.busy.add(jobs)
	size := r.main.size()
	for len(jobs) > 0 {
		n := min(size, len(jobs))
		batch := jobs[:n:n]
		moves := make([]*move, n)
		for i, j := range batch {
			moves[i] = &move{j: j, ref: j.old.Docs[0], withdraws: true, hash: j.content()}
		}
		if err := r.carry(r.main, moves, batch); err != nil {
			return err
		}
		r.busy.remove(batch)
		jobs = jobs[n:]
	}
	return nil
}

func (r *runner) withdrawnHeld(j *job) *problem.Error {
	doc, stage := "", ""
	if len(j.old.Docs) > 0 {
		doc = j.old.Docs[0].Key
		_ = r.store.View(func(tx state.Tx) error { // only for the message
			d, ok, err := state.GetDocument(tx, j.old.Docs[0])
			if ok && d.Confirmed != nil {
				stage = ", " + stageName(d.Confirmed.Stage)
			} else if ok && d.Pending != nil {
				stage = ", in doubt"
			}
			return err
		})
	}
	return &problem.Error{
		Class: problem.Held, ID: "PC405", Pipeline: r.p.Name, Key: j.key,
		Reason: fmt.Sprintf("record %s is withdrawn at its source, and its document %s is in the target%s", j.key, doc, stage),
		Hint:   "cancel or delete the document there, then pipectl errors skip; or set `withdrawn:` in the target",
	}
}
