package run

import (
	"encoding/json"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// finish stores what only a run that came to its end may store.
func (r *runner) finish() error {
	if err := r.complete(); err != nil {
		return err
	}
	r.clocks()
	if r.filled {
		r.note("the back-fill %s is done", r.wanted().Said)
	}
	now := r.now()
	return r.commit("end", nil, func(tx state.Tx) error {
		if err := r.noLongerThere(tx, now); err != nil {
			return err
		}
		var failed error
		err := r.change(tx, func(p *state.Pipeline) {
			if r.fullSafe.cursor != "" {
				live.store(p, r.fullSafe)
			}
			r.windowsDone(p)
			p.Source = r.known.Source
			p.Seen(r.p.Revision, now)
			if r.measured {
				p.Ahead = r.known.Ahead
			}
			if r.main != nil {
				p.Identity.Proven = p.Identity.Proven || r.main.proven.Load()
				if p.Identity.Proven {
					p.Renumbered = ""
				}
			}
			failed = r.passed(tx, p)
		})
		return firstOf(failed, err)
	})
}

// noLongerThere closes, in a pipeline without a ledger, the exceptions that a whole reading did not
// bring up again.
func (r *runner) noLongerThere(tx state.Tx, now time.Time) error {
	if r.p.Ledger || r.o.Limit > 0 || len(r.o.Keys) > 0 {
		return nil
	}
	var over []string
	err := state.EachOpen(tx, r.pid, func(e state.Exception) (bool, error) {
		if e.Run != r.id {
			over = append(over, e.Key)
		}
		return true, nil
	})
	for _, key := range over {
		if err == nil {
			_, err = state.Resolve(tx, r.pid, key, "not met again in run "+r.id, now)
		}
	}
	return err
}

// close makes the final report and stores it.
func (r *runner) close() (Report, error) {
	n := &r.report
	if r.dead.Load() {
		return *n, ErrAbandoned
	}
	n.Finished = r.now()
	if r.o.Requests != nil {
		n.Requests = r.o.Requests()
	}
	n.Status = Done
	if n.New > 0 {
		n.Status = Exceptions
	}
	why := r.why.Load()
	if why == nil && r.ctx.Err() != nil {
		why = interrupted(r.p.Name)
	}
	if why != nil {
		n.Status = Failed
		switch why.ID {
		case "PC412", "PC440", "PC441", "PC460":
			n.Status = Paused
		}
		n.Error = &RunError{ID: why.ID, Class: why.Class.String(), Reason: reason(why), Hint: why.Next(), err: why}
	}
	if r.o.DryRun {
		return *n, nil
	}
	err := r.store.Update(func(tx state.Tx) error {
		if err := r.saveCursor(tx); err != nil {
			return err
		}
		if err := r.noteFall(tx); err != nil {
			return err
		}
		p, _, err := state.GetPipeline(tx, r.pid)
		if err != nil {
			return err
		}
		n.Cursor.To = p.Cursor
		if why != nil && why.ID == "PC413" {
			p.Renumbered = reason(why)
			if err := state.PutPipeline(tx, r.pid, p); err != nil {
				return err
			}
		}
		text, err := json.Marshal(n)
		if err != nil {
			return err
		}
		return state.PutRun(tx, state.Run{ID: r.id, Pipeline: r.p.Name, Started: r.started, Report: text})
	})
	if err != nil && n.Error == nil {
		p := problem.As(err)
		n.Status = Failed
		n.Error = &RunError{ID: p.ID, Class: p.Class.String(), Reason: reason(p), Hint: p.Next(), err: p}
	}
	return *n, nil
}

func interrupted(pipeline string) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: "PC460", Pipeline: pipeline, Reason: "the run was interrupted",
		Hint: "what was on its way is settled by the next run, which goes on from here",
	}
}
