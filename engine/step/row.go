package step

import (
	"errors"
	"slices"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// A row that can't be delivered still goes through the steps behind, so that all its causes are
// told in one pass. What hangs on a name without a value is left out there: it would only be the
// echo of a problem that is told already.

// errBlocked says that an expression hangs on such a name.
var errBlocked = errors.New("a name without a value was told of already")

// Break says that a bound name has no value, and that this was told.
func (r *Row) Break(slots ...expr.Slot) {
	if r.broken == nil {
		r.broken = make([]bool, len(r.Slots))
	}
	for _, s := range slots {
		r.broken[s] = true
	}
}

// Broken says that a bound name has no value, or not a whole one.
func (r *Row) Broken(slot expr.Slot) bool { return r.broken != nil && r.broken[slot] }

// NoteKey remembers the value of the target's key, so that nobody has to look into the document for
// it.
func (r *Row) NoteKey(v value.Value) { r.key = v }

// NoDocument says that a map failed.
func (r *Row) NoDocument() { r.noDoc = true }

// Mapped says that the row has a document to look at, or that no map came yet.
func (r *Row) Mapped() bool { return !r.noDoc }

// Blocked says that err only repeats what was told already.
func Blocked(err error) bool { return errors.Is(err, errBlocked) }

// Fail notes the row's own problems, each with the empty places filled from where. What concerns
// all rows comes back.
func (r *Row) Fail(err error, where problem.Error) error {
	if err == nil || Blocked(err) {
		return nil
	}
	var list problem.List
	list.Add(problem.In(err, where))
	for _, p := range list {
		switch p.Class {
		case problem.Invalid, problem.Missing, problem.Held:
			r.note(p)
		case problem.Unclassified: // unforeseen: never blamed on a record
			p.Class = problem.Fatal
			return p
		case problem.Transient, problem.Throttled, problem.Fatal:
			return p
		}
	}
	return nil
}

// note adds a problem once: ten lines with one unknown SKU wait for one cause.
func (r *Row) note(p *problem.Error) {
	if p.Cause != nil && slices.ContainsFunc(r.Problems, func(x *problem.Error) bool { return x.Cause != nil && *x.Cause == *p.Cause }) {
		return
	}
	r.Problems = append(r.Problems, p)
}

// Drop leaves the row out: what was wrong with it doesn't matter any more.
func (r *Row) Drop() {
	r.Dropped, r.Problems, r.Masters = true, nil, nil
}

// Reset makes the row ready for a record.
func (r *Row) Reset(rec value.Record) {
	clear(r.Slots)
	*r = Row{Frame: expr.Frame{Slots: r.Slots, Time: r.Time, Budget: expr.DefaultBudget, Source: rec.Value()}, Record: rec}
}
