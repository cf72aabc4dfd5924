package run

import (
	"cmp"
	"errors"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// prepare takes jobs through the steps, ends those that go no further, and lines up the rest.
func (r *runner) prepare(jobs []*job) error {
	var rows []*job
	var ended []*job
	for _, j := range jobs {
		if j.bad != nil {
			j.fail(problem.As(problem.In(j.bad, problem.Error{Class: problem.Invalid, Pipeline: r.p.Name, Key: j.key})))
			ended = append(ended, j)
			continue
		}
		j.row = r.p.NewRow()
		j.row.Reset(j.data)
		j.row.Key = j.key
		rows = append(rows, j)
	}
	if err := r.steps(rows); err != nil {
		return err
	}
	if err := r.masters(rows); err != nil {
		return err
	}
	var ready, gone []*job
	for _, j := range rows {
		switch {
		case j.end != notEnded:
			ended = append(ended, j)
		case j.row.Dropped:
			gone = append(gone, j)
		case len(j.row.Problems) > 0:
			for i, p := range j.row.Problems {
				j.row.Problems[i] = problem.As(problem.In(p, problem.Error{Pipeline: r.p.Name, Key: j.key}))
			}
			j.fail(j.row.Problems...)
			ended = append(ended, j)
		case r.p.Live && r.sameAsBefore(j):
			ended = append(ended, j)
		default:
			r.warn(j)
			if err := r.keep(j); err != nil {
				j.fail(problem.As(err))
				ended = append(ended, j)
				continue
			}
			ready = append(ready, j)
		}
	}
	r.sparse = 2*len(ready) < len(rows)
	if err := r.aside(ended); err != nil {
		return err
	}
	if err := r.dropped(gone); err != nil {
		return err
	}
	return r.line(ready)
}

// warn logs what a validate step only warns of.
func (r *runner) warn(j *job) {
	for _, w := range j.row.Warnings {
		r.log.Warn("a check does not hold", "key", j.key, "field", w.Field, "reason", w.Reason, "at", w.At.String())
	}
}

// sameAsBefore is the look at the ledger of a pipeline whose live look-ups are part of the content.
func (r *runner) sameAsBefore(j *job) bool {
	j.hash = value.Hash{}
	if j.forced {
		j.countAttempts()
	}
	return r.p.Ledger && j.known && !j.forced && !r.remapped(j.old.Standing) && j.content() == j.old.Hash && r.stands(j, j.old.Standing)
}

// steps runs the steps over the rows. What concerns all rows comes back: a look-up source that is
// down pauses the run, and nothing is counted against the records.
func (r *runner) steps(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	rows := r.rows[:0]
	for _, j := range jobs {
		rows = append(rows, j.row)
	}
	r.rows = rows
	if !r.reach("before steps") {
		return ErrAbandoned
	}
	for _, s := range r.p.Prepare {
		for {
			err := s.Run(r.ctx, rows)
			if err == nil {
				break
			}
			p := problem.As(problem.In(err, problem.Error{Pipeline: r.p.Name}))
			if p.Class != problem.Throttled {
				return r.down("the system of a look-up", p)
			}
			if err := r.pause(p); err != nil {
				return err
			}
		}
	}
	if !r.reach("after steps") {
		return ErrAbandoned
	}
	return nil
}

// line puts prepared jobs in line, and sends full batches off.
func (r *runner) line(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	if r.main == nil {
		for _, j := range jobs {
			j.end = delivered
		}
		return r.outcomes("outcome", jobs)
	}
	r.busy.add(jobs)
	size := r.main.size()
	for len(jobs) > 0 {
		n := min(size-len(r.ready), len(jobs))
		r.ready = append(r.ready, jobs[:n]...)
		jobs = jobs[n:]
		if len(r.ready) == size {
			batch := r.ready
			r.ready = nil // a batch that has left holds its records no longer than it needs them
			if err := r.depart(batch, r.deliver); err != nil {
				return err
			}
		}
	}
	return nil
}

// depart sends a batch on its way, there or back, as soon as one may be in flight.
func (r *runner) depart(batch []*job, carry func(*sink, []*job) error) error {
	return r.meanwhile(r.slots, batch, func() error { return carry(r.main, batch) })
}

// aside commits how jobs ended that go no further. The run goes on, and doesn't wait for the disk.
func (r *runner) aside(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	if r.o.DryRun { // there is nothing to wait for, and what is told keeps its order
		return r.outcomes("outcome", jobs)
	}
	r.busy.add(jobs)
	return r.meanwhile(r.asides, jobs, func() error { return r.outcomes("outcome", jobs) })
}

// meanwhile does something with busy jobs as soon as there is a place for it, while the run goes on.
func (r *runner) meanwhile(places chan struct{}, jobs []*job, do func() error) error {
	select {
	case places <- struct{}{}:
	case <-r.ctx.Done():
		return r.halted()
	}
	if err := r.halted(); err != nil {
		<-places
		return err
	}
	r.batches.Go(func() {
		defer func() { <-places }()
		if err := do(); err != nil {
			r.stop(err)
			return
		}
		r.busy.remove(jobs)
	})
	return nil
}

// drain sends off what is in line, and waits until everything has landed.
func (r *runner) drain() error {
	if len(r.ready) > 0 {
		batch := r.ready
		r.ready = nil
		if err := r.depart(batch, r.deliver); err != nil {
			return err
		}
	}
	r.batches.Wait()
	return r.halted()
}

// down turns an error that isn't one record's into the end of the run: a pause where waiting may
// help, and a stop else.
func (r *runner) down(what string, err error) error {
	if r.ctx.Err() != nil && !errors.Is(err, ErrAbandoned) {
		return r.halted()
	}
	p := problem.As(problem.In(err, problem.Error{Class: problem.Fatal, Pipeline: r.p.Name}))
	name := cmp.Or(p.Connection, what)
	if noAnswer(p) {
		r.fell(name, p)
	}
	if p.Class == problem.Transient || p.Class == problem.Throttled {
		return paused(name, p)
	}
	return p
}

func paused(what string, p *problem.Error) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: "PC412", Pipeline: p.Pipeline, Code: p.Code, Err: p,
		Reason: what + " is down: " + strings.TrimPrefix(reason(p), what+": "),
		Hint:   "nothing is counted against the records, and the next run goes on where this one paused; pipectl doctor asks every connection",
	}
}

func reason(p *problem.Error) string {
	if p.Reason == "" && p.Err != nil {
		return kept(p.Err.Error())
	}
	return kept(p.Reason)
}
