package engine

import (
	"errors"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Acted is what became of exceptions that somebody acts on.
type Acted struct {
	Records int `json:"records"`
	Left    int `json:"left,omitempty"` // fit too, and are in doubt: the next run asks the target first
}

// Retry asks for the exceptions to be taken up by the next run, whatever their due time. by says who
// decided.
func (e *Engine) Retry(f Filter, by string) (Acted, error) {
	return e.eachChosen(f, func(tx state.Tx, id state.ID, x state.Exception) error {
		x.Status, x.RetryBy = state.Retrying, by
		return state.PutException(tx, id, x, "")
	})
}

// Note says who takes care of the exceptions, what is to be known, and until when they are to be
// settled; what is nil stays as it is.
func (e *Engine) Note(f Filter, owner, note *string, deadline *time.Time) (Acted, error) {
	return e.eachChosen(f, func(tx state.Tx, id state.ID, x state.Exception) error {
		if owner != nil {
			x.Owner = *owner
		}
		if note != nil {
			x.Note = *note
		}
		if deadline != nil {
			x.Deadline = *deadline
		}
		return state.PutException(tx, id, x, "")
	})
}

// Skip closes the exceptions for a reason: the records are left alone until their source content
// changes. by says who decided. A record in doubt can't be skipped, as it may be in the target: one
// that is named is an error, of many it is left.
func (e *Engine) Skip(f Filter, by, reason string) (Acted, error) {
	return e.eachChosen(f, func(tx state.Tx, id state.ID, x state.Exception) error {
		return skip(tx, id, x, by+": "+reason, e.now())
	})
}

// atOnce is how many exceptions one transaction acts on: a cause may have more than memory holds.
const atOnce = 1000

// eachChosen acts on all exceptions that fit, waiting records too.
func (e *Engine) eachChosen(f Filter, act func(state.Tx, state.ID, state.Exception) error) (Acted, error) {
	f.All = true
	var n Acted
	if err := e.named(f); err != nil {
		return n, err
	}
	var ids []state.ID
	err := e.store.View(func(tx state.Tx) error {
		return state.EachPipeline(tx, func(id state.ID, p state.Pipeline) (bool, error) {
			if f.Pipeline == "" || f.Pipeline == p.Name {
				ids = append(ids, id)
			}
			return true, nil
		})
	})
	for _, id := range ids {
		for from, more := "", true; more && err == nil; {
			from, more, err = e.someChosen(id, f, from, &n, act)
		}
	}
	if err == nil && f.Key != "" && n == (Acted{}) {
		err = none(f.Pipeline, f.Key)
	}
	return n, err
}

// someChosen acts on the next few in one transaction, and answers with which key to go on. They are
// collected first: what is walked over must not be written to.
func (e *Engine) someChosen(id state.ID, f Filter, from string, n *Acted, act func(state.Tx, state.ID, state.Exception) error) (next string, more bool, err error) {
	done := *n
	err = e.store.Update(func(tx state.Tx) error {
		var found []state.Exception
		err := eachFrom(tx, id, f, from, func(x state.Exception) (bool, error) {
			if more = len(found) == atOnce; more {
				next = x.Key
				return false, nil
			}
			found = append(found, x)
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, x := range found {
			switch err := act(tx, id, x); {
			case err == nil:
				done.Records++
			case f.Key == "" && errors.Is(err, errInDoubt):
				done.Left++
			default:
				return err
			}
		}
		return nil
	})
	if err == nil {
		*n = done
	}
	return next, more, err
}

// errInDoubt is below the problem of a record that can't be skipped.
var errInDoubt = errors.New("in doubt")

func skip(tx state.Tx, id state.ID, x state.Exception, by string, now time.Time) error {
	rec, _, err := state.GetRecord(tx, id, x.Key)
	if err != nil {
		return err
	}
	for _, ref := range rec.Docs {
		doc, ok, err := state.GetDocument(tx, ref)
		if err != nil {
			return err
		}
		if ok && doc.Pending != nil {
			return &problem.Error{
				Class: problem.Held, ID: "PC604", Pipeline: x.Pipeline, Key: x.Key, Err: errInDoubt,
				Reason: "record " + x.Key + " is in doubt: document " + ref.Key + " was sent, and nobody knows yet whether it was written",
				Hint:   "run the pipeline first, which asks the target: pipectl run " + problem.Arg(x.Pipeline),
			}
		}
	}
	rec.Standing = state.Skipped
	if x.Withdrawn != "" { // its document was taken back by hand, or stays: the delivery is over
		rec.Standing = state.Withdrawn
	}
	if err := state.PutRecord(tx, id, x.Key, rec); err != nil {
		return err
	}
	_, err = state.Resolve(tx, id, x.Key, by, now)
	return err
}
