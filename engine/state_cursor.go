package engine

import (
	"fmt"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// CursorMoved tells how a cursor was moved by hand.
type CursorMoved struct {
	Pipeline string `json:"pipeline"`
	From     string `json:"from"`
	To       string `json:"to"`
	DryRun   bool   `json:"dry_run,omitempty"`
}

// Decision is who changes the state by hand, and why. DryRun: only tell what would be done.
type Decision struct {
	By, Reason string
	DryRun     bool
}

// SetCursor moves a pipeline's cursor by hand: back, to read again what is known (which costs
// little), or forth, which leaves out what lies between. at is the time that to says; zero when to
// is no time. A cursor that is a time stays one.
func (e *Engine) SetCursor(pipeline, to string, at time.Time, d Decision) (CursorMoved, error) {
	out := CursorMoved{Pipeline: pipeline, To: to, DryRun: d.DryRun}
	p, err := e.pipeline(pipeline)
	if err != nil {
		return out, err
	}
	if p.spec.Source.Cursor == nil {
		return out, &problem.Error{
			Class: problem.Fatal, ID: "PC510", Pipeline: pipeline, Reason: "pipeline " + pipeline + " has no cursor: every run reads its source whole",
			Hint: "nothing has to be moved; source.cursor in its YAML would give it one",
		}
	}
	change := func(tx state.Tx) error {
		id, known, err := e.known(tx, pipeline)
		if err != nil {
			return err
		}
		out.From = known.Cursor
		if out.To, err = cursorLike(known.Cursor, to, at); err == nil {
			err = e.past(out.To)
		}
		if err != nil {
			return problem.In(err, problem.Error{Pipeline: pipeline})
		}
		if d.DryRun {
			return nil
		}
		known.Cursor, known.CursorAt = out.To, e.now()
		if err := state.PutPipeline(tx, id, known); err != nil {
			return err
		}
		return e.note(tx, pipeline, fmt.Sprintf("cursor moved from %q to %q", out.From, out.To), d)
	}
	if d.DryRun {
		return out, e.store.View(change)
	}
	return out, e.store.Update(change)
}

// cursorLike writes a time as the cursor writes it. What a connector means by another text only it
// knows, so that a time is never replaced by one.
func cursorLike(was, to string, at time.Time) (string, error) {
	old, err := time.Parse(time.RFC3339Nano, was)
	isTime := err == nil || was == ""
	switch {
	case isTime && at.IsZero():
		return "", &problem.Error{
			Class: problem.Fatal, ID: "PC510", Reason: fmt.Sprintf("cursor is a time (%s), and %q is none", was, to),
			Hint: "write it as 2026-01-31, as 2026-01-31T08:00:00+08:00, or as 2d for two days ago",
		}
	case err == nil:
		return at.In(old.Location()).Format(time.RFC3339), nil
	case isTime:
		return at.Format(time.RFC3339), nil
	}
	return to, nil
}

// past refuses a cursor that would leave out what is still to come.
func (e *Engine) past(cursor string) error {
	at, err := time.Parse(time.RFC3339Nano, cursor)
	if err != nil || !at.After(e.now()) {
		return nil //nolint:nilerr // what is no time, the connector understands
	}
	return &problem.Error{
		Class: problem.Fatal, ID: "PC510", Reason: fmt.Sprintf("cursor %s lies in the future: whatever changes until then would never be read", cursor),
		Hint: "to leave out what is old, name a time up to now",
	}
}

// known finds what the state knows of a pipeline, or says that it never ran.
func (e *Engine) known(tx state.Tx, pipeline string) (state.ID, state.Pipeline, error) {
	id, err := state.PipelineID(tx, pipeline, false)
	if err != nil {
		return 0, state.Pipeline{}, err
	}
	p, ok, err := state.GetPipeline(tx, id)
	if err == nil && (id == 0 || !ok) {
		err = e.neverRan(tx, pipeline)
	}
	return id, p, err
}

func (e *Engine) neverRan(tx state.Tx, pipeline string) error {
	var names []string
	err := state.EachPipeline(tx, func(id state.ID, _ state.Pipeline) (bool, error) {
		name, err := state.PipelineName(tx, id)
		names = append(names, name)
		return true, err
	})
	if err != nil {
		return err
	}
	hint := "no pipeline has; -e names the environment, and `source.cursor.start` says from where a first run reads"
	if len(names) > 0 {
		hint = problem.DidYouMean(pipeline, names) + "; `source.cursor.start` says from where a first run reads"
	}
	return &problem.Error{
		Class: problem.Fatal, ID: "PC511", Pipeline: pipeline, Reason: "pipeline " + pipeline + " has never run in environment " + e.Project.Environment,
		Hint: hint,
	}
}

// note writes down what a person did to the state.
func (e *Engine) note(tx state.Tx, pipeline, what string, d Decision) error {
	return state.PutNote(tx, state.Note{At: e.now(), By: d.By, Pipeline: pipeline, What: what, Reason: d.Reason})
}
