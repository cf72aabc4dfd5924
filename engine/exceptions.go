package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// Filter chooses exceptions; empty places fit everything.
type Filter struct {
	Pipeline string
	Key      string
	Kind     string    // waiting, invalid, held, failed
	Cause    string    // part of a cause as it is shown: "SKU-77", "table shops"
	Field    string    // part of a field's path
	Before   time.Time // only what came up before; zero: whenever
	All      bool      // waiting records too, which are no exceptions yet
}

func (f Filter) fits(x state.Exception) bool {
	if f.Kind == "" && !f.All && x.Kind == state.Later && x.Was == "" && x.Status != state.Retrying {
		return false
	}
	return (f.Pipeline == "" || f.Pipeline == x.Pipeline) &&
		(f.Key == "" || f.Key == x.Key) &&
		(f.Kind == "" || f.Kind == string(x.Kind)) &&
		(f.Before.IsZero() || x.First.Before(f.Before)) &&
		(f.Field == "" || strings.Contains(x.Field, f.Field)) &&
		(f.Cause == "" || strings.Contains(Cause(x), f.Cause) || strings.Contains(x.Reason, f.Cause))
}

// Cause is what an exception waits for, in one line: what is missing, or else the rule or field.
// What only this record has, its key and its document's, is left open, so that a thousand records
// with one cause are one group.
func Cause(x state.Exception) string {
	if len(x.Causes) == 0 {
		reason := x.Reason
		for _, own := range []string{x.TargetKey, x.Key} {
			if len(own) >= 4 { // a shorter one may stand in any word
				reason = strings.ReplaceAll(reason, own, "…")
			}
		}
		return strings.Join(strings.Fields(x.Field+" "+reason), " ")
	}
	parts := make([]string, len(x.Causes))
	for i, c := range x.Causes {
		parts[i] = c.String()
	}
	return strings.Join(parts, "; ")
}

// Exceptions lists what could not be delivered, the oldest first.
func (e *Engine) Exceptions(f Filter) ([]state.Exception, error) {
	if err := e.named(f); err != nil {
		return nil, err
	}
	var out []state.Exception
	err := e.store.View(func(tx state.Tx) error {
		return e.each(tx, f, func(_ state.ID, x state.Exception) error {
			out = append(out, x)
			return nil
		})
	})
	slices.SortStableFunc(out, func(a, b state.Exception) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.Key, b.Key))
	})
	return out, err
}

// named refuses a pipeline that neither the project nor the state has: a mistyped name would look
// like a pipeline without exceptions.
func (e *Engine) named(f Filter) error {
	_, err := e.pipeline(f.Pipeline)
	if f.Pipeline == "" || err == nil {
		return nil
	}
	return e.store.View(func(tx state.Tx) error {
		if id, failed := state.PipelineID(tx, f.Pipeline, false); failed != nil || id != 0 {
			return failed
		}
		return err
	})
}

func (e *Engine) each(tx state.Tx, f Filter, fn func(state.ID, state.Exception) error) error {
	return state.EachPipeline(tx, func(id state.ID, p state.Pipeline) (bool, error) {
		if f.Pipeline != "" && f.Pipeline != p.Name {
			return true, nil
		}
		return true, state.EachOpen(tx, id, func(x state.Exception) (bool, error) {
			if !f.fits(x) {
				return true, nil
			}
			return true, fn(id, x)
		})
	})
}

// Detail is one exception with the record as it was read.
type Detail struct {
	state.Exception
	Set     []state.Set `json:"set,omitempty"` // values that people have set in the record, and that hold
	Payload string      `json:"payload,omitempty"`
}

// Exception finds the exception of one record: the open one, or else the one that was closed last.
func (e *Engine) Exception(pipeline, key string) (Detail, error) {
	var out Detail
	if err := e.named(Filter{Pipeline: pipeline}); err != nil {
		return out, err
	}
	err := e.store.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, pipeline, false)
		if err != nil || id == 0 {
			return cmp.Or(err, none(pipeline, key))
		}
		x, ok, err := state.GetException(tx, id, key)
		if err == nil && !ok {
			x, ok, err = state.GetResolved(tx, id, key)
		}
		if err != nil || !ok {
			return cmp.Or(err, none(pipeline, key))
		}
		out.Exception = x
		o, _, err := state.GetOverride(tx, id, key)
		if err != nil {
			return err
		}
		out.Set = o.InForce(e.now())
		out.Payload, err = state.Payload(tx, id, key)
		return err
	})
	return out, err
}

func none(pipeline, key string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC603", Pipeline: pipeline, Key: key, Reason: "record " + key + " has no exception in pipeline " + pipeline,
		Hint: "pipectl errors lists them; a key is written with its parts joined by /",
	}
}

// Retry asks for the exceptions to be taken up by the next run, whatever their due time. by says who
// decided. It answers how many there are.
func (e *Engine) Retry(f Filter, by string) (int, error) {
	return e.eachChosen(f, func(tx state.Tx, id state.ID, x state.Exception) error {
		x.Status, x.RetryBy = state.Retrying, by
		return state.PutException(tx, id, x, "")
	})
}

// Note says who takes care of the exceptions, what is to be known, and until when they are to be
// settled; what is nil stays as it is.
func (e *Engine) Note(f Filter, owner, note *string, deadline *time.Time) (int, error) {
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
// changes. by says who decided. A record in doubt can't be skipped: it may be in the target.
func (e *Engine) Skip(f Filter, by, reason string) (int, error) {
	return e.eachChosen(f, func(tx state.Tx, id state.ID, x state.Exception) error {
		return skip(tx, id, x, by+": "+reason, e.now())
	})
}

// eachChosen acts on all exceptions that fit, waiting records too, in one transaction. They are
// collected first: what is walked over must not be written to.
func (e *Engine) eachChosen(f Filter, act func(state.Tx, state.ID, state.Exception) error) (int, error) {
	f.All = true
	n := 0
	if err := e.named(f); err != nil {
		return 0, err
	}
	err := e.store.Update(func(tx state.Tx) error {
		var found []state.Exception
		var ids []state.ID
		err := e.each(tx, f, func(id state.ID, x state.Exception) error {
			found, ids = append(found, x), append(ids, id)
			return nil
		})
		if n = len(found); err == nil && n == 0 && f.Key != "" {
			return none(f.Pipeline, f.Key)
		}
		for i, x := range found {
			if err == nil {
				err = act(tx, ids[i], x)
			}
		}
		return err
	})
	return n, err
}

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
				Class: problem.Held, ID: "PC604", Pipeline: x.Pipeline, Key: x.Key,
				Reason: "record " + x.Key + " is in doubt: document " + ref.Key + " was sent, and nobody knows yet whether it was written",
				Hint:   "run the pipeline first: it asks the target",
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

// Group is the exceptions of one pipeline that have one cause.
type Group struct {
	Pipeline string    `json:"pipeline"`
	Kind     string    `json:"kind"`
	Cause    string    `json:"cause"`
	Hint     string    `json:"hint,omitempty"`
	Count    int       `json:"count"`
	Oldest   time.Time `json:"oldest"`
	Example  string    `json:"example"`           // key of one of them
	Amount   string    `json:"amount,omitempty"`  // their money together, to the last digit; "" where none is known
	Unknown  int       `json:"unknown,omitempty"` // how many of them tell no amount, where others do
}

// add adds one exception's money. The pipeline's first of amounts: is what it is counted in.
func (g *Group) add(amount string) {
	one, err := value.ParseValue(amount)
	if err != nil || one.Kind() != value.Number {
		g.Unknown++
		return
	}
	if g.Amount != "" {
		sum, err := value.ParseValue(g.Amount)
		if err == nil {
			one, err = value.Add(sum, one)
		}
		if err != nil {
			g.Unknown++
			return
		}
	}
	g.Amount = one.JSON()
}

// Groups gathers exceptions by cause, the most numerous first.
func Groups(all []state.Exception) []Group {
	var out []Group
	at := map[[3]string]int{}
	for _, x := range all {
		id := [3]string{x.Pipeline, string(x.Kind), Cause(x)}
		i, ok := at[id]
		if !ok {
			i = len(out)
			at[id] = i
			out = append(out, Group{Pipeline: x.Pipeline, Kind: string(x.Kind), Cause: id[2], Hint: x.Hint, Oldest: x.First, Example: x.Key})
		}
		out[i].Count++
		out[i].add(x.Amount)
		if x.First.Before(out[i].Oldest) {
			out[i].Oldest = x.First
		}
	}
	for i := range out {
		if out[i].Amount == "" {
			out[i].Unknown = 0
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int { return b.Count - a.Count })
	return out
}
