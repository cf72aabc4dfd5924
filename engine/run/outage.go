package run

import (
	"errors"
	"sync"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// outage counts batches in a row that nobody answered: a connection that is down is not a thousand
// failed records.
type outage struct {
	mu   sync.Mutex
	row  int
	jobs []*job
}

// silence is how many unanswered batches in a row are an outage.
const silence = 3

// unanswered notes how a batch was answered. When it makes an outage, no attempt of the batches
// that nobody answered counts, and the run is to pause.
func (r *runner) unanswered(s *sink, f *flight) error {
	if !f.asked {
		return nil
	}
	o := &r.outage
	o.mu.Lock()
	defer o.mu.Unlock()
	if !f.quiet {
		o.row, o.jobs = 0, nil
		return nil
	}
	o.row++
	if o.row < silence {
		o.jobs = append(o.jobs, f.jobs...)
		return nil
	}
	var last *problem.Error
	for _, j := range f.jobs {
		if j.end == waiting && j.attempt {
			j.attempt = false
			last = j.problems[0]
		}
	}
	if last == nil {
		last = &problem.Error{Class: problem.Transient, Reason: "nobody answers"}
	}
	if err := r.uncount(o.jobs); err != nil {
		return err
	}
	o.jobs = nil
	if c, ok := errors.AsType[*problem.Error](last.Err); ok {
		last = c // what the connection said, not what it means for a document
	}
	r.fell(s.name, last)
	return problem.In(paused(s.name, last), problem.Error{Pipeline: r.p.Name})
}

// uncount takes back attempts that were counted before it was known that the connection is down.
func (r *runner) uncount(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	return r.commit("outage", nil, func(tx state.Tx) error {
		for _, j := range jobs {
			if j.end != waiting || !j.attempt {
				continue
			}
			e, ok, err := state.GetException(tx, r.pid, j.key)
			if err != nil {
				return err
			}
			rec, known, err := state.GetRecord(tx, r.pid, j.key)
			if err != nil {
				return err
			}
			if !ok || !known || e.Kind != state.Later || e.Run != r.id || e.Attempts == 0 {
				continue
			}
			e.Attempts, e.Due = e.Attempts-1, r.now()
			rec.Attempts = e.Attempts
			if err := state.PutException(tx, r.pid, e, ""); err != nil {
				return err
			}
			if err := state.PutRecord(tx, r.pid, j.key, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

func stageName(s uint8) string { return connector.Stage(s).String() }
