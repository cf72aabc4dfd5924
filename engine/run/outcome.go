package run

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// outcomes commits how jobs ended. What ended without anything to remember is only counted.
func (r *runner) outcomes(what string, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	write := false
	for _, j := range jobs {
		write = write || r.remembers(j)
	}
	if !write {
		r.settleNow(jobs)
		r.free(jobs)
		return nil
	}
	err := r.commit(what, jobs, func(tx state.Tx) error { return r.putAll(tx, jobs) })
	if err == nil {
		r.free(jobs)
	}
	return err
}

func (r *runner) putAll(tx state.Tx, jobs []*job) error {
	for _, j := range jobs {
		if err := r.put(tx, j); err != nil {
			return err
		}
		if err := r.putKept(tx, j); err != nil {
			return err
		}
		if err := r.putOverride(tx, j); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) putKept(tx state.Tx, j *job) error {
	if j.kept.IsZero() || j.end != delivered && j.end != same {
		return nil
	}
	return state.PutKept(tx, r.pid, j.key, j.kept)
}

// remembers says that the state has to know how a job ended.
func (r *runner) remembers(j *job) bool {
	switch j.end {
	case notEnded, silent, unchanged:
		return false
	case filtered:
		return j.known || j.again
	case same, delivered, withdrawn:
		return r.p.Ledger || j.again
	case waiting, invalid, held, failed:
		return true
	}
	return true
}

// keep makes the row that others may look up. What can't be made of a record is known before
// anything of it is sent.
func (r *runner) keep(j *job) error {
	if r.p.Keep == nil {
		return nil
	}
	row, err := r.p.Keep(j.row)
	if err != nil {
		return problem.In(err, problem.Error{Class: problem.Invalid, Pipeline: r.p.Name, Key: j.key})
	}
	j.kept = row
	return nil
}

// put writes how one job ended.
func (r *runner) put(tx state.Tx, j *job) error {
	now := r.now()
	rec := state.Record{Version: j.ver, Text: j.text, Done: j.old.Done, Docs: j.old.Docs}
	if r.p.Ledger {
		rec.Hash = j.content()
	}
	if j.docs != nil {
		rec.Docs = j.docs
	}
	closes := "" // what an exception of it is closed by
	switch j.end {
	case filtered:
		return r.forget(tx, j, "left out by the pipeline's where", now)
	case delivered, same:
		rec.Standing, rec.Done = state.Delivered, rec.Hash
		closes = "delivered"
	case withdrawn:
		closes = "withdrawn"
		if j.gone {
			closes = "gone from its source, withdrawn"
		}
		if j.gone && len(rec.Docs) == 0 {
			return r.forget(tx, j, closes, now)
		}
		rec.Standing = state.Withdrawn
		if r.main == nil || r.main.target.Withdrawn != IgnoreWithdrawn { // nothing of it is delivered any more
			rec.Done = value.Hash{}
			if err := r.dropKept(tx, j); err != nil {
				return err
			}
		}
	case waiting:
		rec.Standing = state.Waiting
	case invalid:
		rec.Standing = state.Invalid
	case held:
		rec.Standing = state.Held
	case failed:
		rec.Standing = state.Failed
	case notEnded, silent, unchanged:
		return nil
	}
	if closes != "" {
		if j.again || j.known && j.old.Standing != state.Delivered || !r.p.Ledger {
			if _, err := state.Resolve(tx, r.pid, j.key, r.closedBy(closes, j), now); err != nil {
				return err
			}
		}
	} else if err := r.putException(tx, j, &rec, now); err != nil {
		return err
	}
	if !r.p.Ledger {
		return nil
	}
	return state.PutRecord(tx, r.pid, j.key, rec)
}

// forget ends a record of which nothing is in the target.
func (r *runner) forget(tx state.Tx, j *job, closes string, now time.Time) error {
	if _, err := state.Resolve(tx, r.pid, j.key, r.closedBy(closes, j), now); err != nil || !r.p.Ledger {
		return err
	}
	if err := r.dropKept(tx, j); err != nil {
		return err
	}
	return state.DeleteRecord(tx, r.pid, j.key)
}

// dropKept takes away what others could look up of a record: they must not find a document that is
// taken back.
func (r *runner) dropKept(tx state.Tx, j *job) error {
	if r.p.Keep == nil {
		return nil
	}
	return state.DeleteKept(tx, r.pid, j.key)
}

// putException writes what is open of a record, going on from what stood there before.
func (r *runner) putException(tx state.Tx, j *job, rec *state.Record, now time.Time) error {
	was, had, err := state.GetException(tx, r.pid, j.key)
	if err != nil {
		return err
	}
	e := r.exception(j, now)
	before := was.Kind // as what it counted before this attempt
	if before == state.Later {
		before = was.Was
	}
	if had {
		e.First, e.Owner, e.Note, e.Deadline = was.First, was.Owner, was.Note, was.Deadline
		e.Amount = cmp.Or(e.Amount, was.Amount)
	}
	if j.end == waiting {
		r.retryLater(j, &e, rec, now)
	} else {
		rec.Attempts = j.used
	}
	e.Attempts = rec.Attempts
	r.askLater(&e, was, had && j.again, now)
	if e.Kind == state.Later {
		e.Was = before
	}
	j.opened = e.Kind != state.Later && before != e.Kind
	if j.opened && e.Kind == state.GaveUp {
		if err := state.Raise(tx, gaveUp(e, now)); err != nil {
			return err
		}
	}
	return state.PutException(tx, r.pid, e, j.asRead().JSON())
}

// closedBy says what closed an exception, and what let its record go on.
func (r *runner) closedBy(what string, j *job) string {
	by := what + " in run " + r.id
	if j.because == "" && !j.again && j.known {
		return by + ", after a change at its source"
	}
	return by + j.because
}

// gaveUp is the alert of a record whose retries are used up: one a day for all records of a pipeline
// that failed alike.
func gaveUp(e state.Exception, now time.Time) state.Alert {
	return state.Alert{
		Time: now, Kind: state.AlertFailed, Pipeline: e.Pipeline, Once: "failed/" + e.Pipeline + "/" + e.ID + "/" + now.Format(time.DateOnly),
		Text: e.Pipeline + ": the retries of record " + e.Key + " are used up: " + e.Reason,
	}
}

// kindOf is how an exception of a record is called that ended so.
func kindOf(end ending) state.Kind {
	switch end {
	case waiting:
		return state.Later
	case invalid:
		return state.InvalidData
	case held:
		return state.OnHold
	case failed:
		return state.GaveUp
	case notEnded, silent, filtered, unchanged, same, delivered, withdrawn:
	}
	return ""
}

// mostMore is how many further problems of one record are kept: an order of 100,000 lines may have
// one a line.
const mostMore = 20

// kept is what a vendor or the data said, as it is kept and shown.
func kept(text string) string { return problem.Printable(problem.Cut(text, problem.MostReason)) }

func (r *runner) exception(j *job, now time.Time) state.Exception {
	p := &problem.Error{}
	if len(j.problems) > 0 {
		p = j.problems[0]
	}
	e := state.Exception{
		Pipeline: r.p.Name, Key: j.key, Status: state.IsOpen,
		Kind:  kindOf(j.end),
		Class: p.Class.String(), ID: p.ID, Field: kept(p.Field), At: p.At.String(), Reason: reason(p), Hint: p.Hint, Code: kept(p.Code),
		Causes: j.causes(), First: now, Last: now, Revision: r.p.Revision, Run: r.id, Version: j.ver, Withdrawn: j.withdrawal, Partial: j.partial,
		Overridden: j.over.paths(),
	}
	if e.Hint == "" {
		e.Hint = wayOut(e.Kind)
	}
	for i, more := range j.problems[min(1, len(j.problems)):] {
		if i == mostMore {
			e.More = append(e.More, fmt.Sprintf("… and %d more", len(j.problems)-1-i))
			break
		}
		text := reason(more)
		if more.Field != "" {
			text = kept(more.Field) + ": " + text
		}
		e.More = append(e.More, text)
	}
	switch {
	case len(j.docs) > 0:
		e.TargetKey = j.docs[0].Key
	case j.number != "":
		e.TargetKey = j.number
	}
	if r.p.Amount != nil && j.row != nil {
		e.Amount = r.p.Amount(j.row)
	}
	return e
}

// wayOut is what a person does about a problem whose maker names no way.
func wayOut(k state.Kind) string {
	switch k {
	case state.InvalidData:
		return "correct the record at its source, or the mapping: the next run takes it up; for this record only: pipectl errors override {record} FIELD=VALUE --reason TEXT"
	case state.OnHold, state.GaveUp:
		return "mend what the reason says, " + retryHint
	case state.Later:
	}
	return "nothing to do: it is tried again by itself"
}

// retryLater finds the time of the next attempt, or that there is none any more.
func (r *runner) retryLater(j *job, e *state.Exception, rec *state.Record, now time.Time) {
	rec.Attempts = j.used
	if j.attempt {
		rec.Attempts++
		after, more := r.next(rec.Attempts)
		if !more {
			j.end = failed
			e.Kind, rec.Standing = state.GaveUp, state.Failed
			rec.Attempts = j.used
			e.Hint = "its retries are used up: mend what the reason says, " + retryHint
			return
		}
		e.Due = now.Add(after)
	} else {
		e.Due = now
	}
	if j.due.After(e.Due) {
		e.Due = j.due
	}
}

// askLater lets more and more time pass between attempts of a record whose causes are said to be
// there while the target goes on refusing it.
func (r *runner) askLater(e *state.Exception, was state.Exception, released bool, now time.Time) {
	if e.Kind != state.OnHold || len(e.Causes) == 0 || !released || was.Kind != state.OnHold {
		return
	}
	e.Asked = was.Asked + 1
	e.Due = now.Add(min(time.Minute<<min(e.Asked, 10), 6*time.Hour))
}

// free gives rows back that nobody looks at any more.
func (r *runner) free(jobs []*job) {
	for _, j := range jobs {
		if j.row != nil && r.p.Free != nil {
			r.p.Free(j.row)
			j.row = nil
		}
	}
}
