package run

import (
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// One goroutine writes to the state. What several batches want to write at the same moment shares
// a transaction, and a batch goes on when its part is on disk.

// entry is one batch's part of a transaction.
type entry struct {
	apply  func(state.Tx) error
	jobs   []*job // whose outcome it holds
	answer chan error
}

// sharing bounds how many parts one transaction takes.
const sharing = 64

// commit writes to the state and comes back when it is durable. what names the point of the way.
func (r *runner) commit(what string, jobs []*job, apply func(state.Tx) error) error {
	if r.o.DryRun {
		r.tellProblems(jobs)
		r.count(jobs)
		r.track.done(jobs)
		return nil
	}
	if !r.reach("before " + what) {
		return ErrAbandoned
	}
	e := &entry{apply, jobs, make(chan error, 1)}
	r.commits <- e
	if err := <-e.answer; err != nil {
		return err
	}
	if !r.reach("after " + what) {
		return ErrAbandoned
	}
	return nil
}

func (r *runner) committer() {
	defer close(r.wrote)
	for first := range r.commits {
		group := append(make([]*entry, 0, sharing), first)
	more:
		for len(group) < sharing {
			select {
			case e, open := <-r.commits:
				if !open {
					break more
				}
				group = append(group, e)
			default:
				break more
			}
		}
		err := r.together(group)
		for _, e := range group {
			if err == nil {
				r.count(e.jobs)
			}
			e.answer <- err
		}
		if err == nil {
			r.progress()
		}
	}
}

// together writes a group of parts, and how far the source is read with them, in one transaction.
func (r *runner) together(group []*entry) error {
	if r.dead.Load() {
		return ErrAbandoned
	}
	err := r.store.Update(func(tx state.Tx) error {
		for _, e := range group {
			if err := e.apply(tx); err != nil {
				return err
			}
			r.track.done(e.jobs)
		}
		return r.saveCursor(tx)
	})
	if err != nil {
		r.track.freeze()
		return problem.In(err, problem.Error{
			Class: problem.Fatal, ID: "PC505", Pipeline: r.p.Name, Reason: "the state could not be written",
			Hint: "nothing is lost: what was sent without being recorded is settled by the next run",
		})
	}
	return nil
}

// saveCursor stores how far the lanes have come, when a finished prefix has grown.
func (r *runner) saveCursor(tx state.Tx) error {
	moved := r.track.take()
	if moved == nil {
		return nil
	}
	return r.change(tx, func(p *state.Pipeline) {
		for l, to := range moved {
			l.store(p, to)
		}
	})
}

// change rewrites what is known of the pipeline as a whole. Only the committer calls it.
func (r *runner) change(tx state.Tx, edit func(*state.Pipeline)) error {
	p, _, err := state.GetPipeline(tx, r.pid)
	if err != nil {
		return err
	}
	edit(&p)
	p.Asked = max(p.Asked, r.track.asked())
	return state.PutPipeline(tx, r.pid, p)
}
