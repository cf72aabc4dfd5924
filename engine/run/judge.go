package run

import (
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// page judges the records of a page against the ledger: what is known and unchanged ends here,
// the rest goes through the steps.
func (r *runner) page(pg connector.Page, line *page, only map[string]bool) error {
	jobs := make([]*job, 0, len(pg.Records))
	asked := r.rising(pg.Asked, r.turned)
	r.turned = asked
	for _, rec := range pg.Records {
		j := r.job(rec, asked)
		j.page = line
		r.met.note(j)
		if only != nil {
			if _, wanted := only[j.key]; !wanted {
				continue
			}
			only[j.key], j.forced = true, true
		}
		if len(r.o.Keys) > 0 {
			j.forced = true
		}
		jobs = append(jobs, j)
	}
	jobs, err := r.twice(jobs)
	if err != nil {
		return err
	}
	return r.judge(jobs)
}

// judge holds jobs against the ledger and sends on what is to be delivered.
func (r *runner) judge(jobs []*job) error {
	if r.busy.any(jobs) { // an earlier version of one of them is on its way
		if err := r.drain(); err != nil {
			return err
		}
	}
	if err := r.inherit(jobs); err != nil {
		return err
	}
	var rest, old []*job
	err := r.store.View(func(tx state.Tx) error {
		for _, j := range jobs {
			verdict, err := r.verdict(tx, j)
			if err != nil {
				return err
			}
			switch verdict {
			case goesOn:
				rest = append(rest, j)
			case isOld:
				old = append(old, j)
			case isDone:
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.settleNow(jobs)
	if r.sparse || 2*len(rest) < len(jobs) { // the few that wait for a batch keep no page alive
		for _, j := range rest {
			j.data, j.read, j.key = j.data.Clone(), j.read.Clone(), strings.Clone(j.key)
		}
	}
	for _, j := range old {
		fetched, err := r.fetchOne(j)
		if err != nil {
			return err
		}
		if !fetched {
			j.bad = outdated(j)
		}
		rest = append(rest, j)
	}
	return r.prepare(rest)
}

func outdated(j *job) *problem.Error {
	return &problem.Error{
		Class: problem.Held, ID: "PC410", Key: j.key,
		Reason: "record " + j.key + " was read in an older version than the one that pipectl knows, with other content",
		Hint:   "the source can't be asked which is right: look there. This older one: pipectl errors retry {records}; the one that is known: " + skipHint,
	}
}

type verdict uint8

const (
	goesOn verdict = iota
	isDone
	isOld
)

// verdict looks a job up in the ledger.
func (r *runner) verdict(tx state.Tx, j *job) (verdict, error) {
	if !r.p.Ledger {
		return goesOn, nil
	}
	look, scratch, ok, err := state.LookAt(tx, r.pid, j.key, r.scratch)
	r.scratch = scratch
	if err != nil || !ok {
		return goesOn, err
	}
	if look.Text == j.text && !j.forced && !r.p.Live && !r.remapped(look.Standing) && !r.judgedAnew(j.ver, look.Standing) && r.stands(j, look.Standing) {
		return isDone, nil
	}
	j.old, j.known, err = state.GetRecord(tx, r.pid, j.key)
	if err != nil {
		return goesOn, err
	}
	if j.forced {
		j.countAttempts()
		return goesOn, nil
	}
	if r.p.Live { // its look-ups belong to its content
		return goesOn, nil
	}
	if j.content() == j.old.Hash && j.bad == nil {
		if !r.remapped(j.old.Standing) && !r.judgedAnew(j.ver, j.old.Standing) && r.stands(j, j.old.Standing) {
			return isDone, nil
		}
		j.countAttempts()
		return goesOn, nil
	}
	return r.differs(j), nil
}

// remapped says that a record is mapped anew although it is known: what was delivered, when the run
// is told to; what stands open waits for its own time.
func (r *runner) remapped(s state.Standing) bool { return r.o.Remap && s == state.Delivered }

// differs judges content that is not the newest that the ledger knows.
func (r *runner) differs(j *job) verdict {
	if j.ver.Before(j.old.Version) {
		return isOld
	}
	// Without a change time the second of two rows would undo the first, in every run again.
	if j.ver.Changed == 0 && j.old.Version.Changed == 0 {
		if j.old.Version.Asked >= r.begun && j.old.Standing != state.Sending {
			j.bad = ambiguous(j.key)
		} else if j.old.Standing == state.Invalid && !j.old.Done.IsZero() && j.content() == j.old.Done {
			j.end = unchanged
			return isDone
		}
	}
	return goesOn
}

// stands says that a record with content that is known needs nothing now, and counts it where it
// stands.
func (r *runner) stands(j *job, s state.Standing) bool {
	if r.retried.has(j.key) {
		j.end = silent
		return true
	}
	switch s {
	case state.Delivered:
		if r.replaces() {
			j.rewrite = true
			return false
		}
		j.end = unchanged
		r.oldMapping()
	case state.Withdrawn, state.Skipped:
		if s == state.Withdrawn && r.replaces() {
			return false
		}
		j.end = unchanged
	case state.Waiting:
		j.end = waiting
	case state.Invalid:
		j.end = invalid
	case state.Held:
		j.end = held
	case state.Failed:
		j.end = failed
	case state.Unseen, state.Sending:
		return false
	}
	return true
}

// settleNow counts jobs that ended without anything to remember.
func (r *runner) settleNow(jobs []*job) {
	var ended []*job
	for _, j := range jobs {
		if j.end != notEnded {
			ended = append(ended, j)
		}
	}
	r.count(ended)
	r.track.done(ended)
}
