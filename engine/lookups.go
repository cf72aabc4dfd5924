package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// patience is how often in a row a look-up may be answered "too many requests" before it fails.
const patience = 5

// find asks a connection for rows by field values: what look-ups are made of.
func (e *Engine) find(ctx context.Context, connection string, f connector.Find) ([]value.Record, error) {
	c, err := e.Connect(ctx, connection)
	if err != nil {
		return nil, err
	}
	finder, ok := connector.Can[connector.Finder](c)
	if !ok {
		return nil, cannot(spec.Text{Text: connection}, "be asked for rows")
	}
	for refused := 0; ; refused++ {
		rows, err := finder.Find(ctx, f)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Class != problem.Throttled || refused == patience {
			if err != nil {
				err = problem.In(err, problem.Error{Class: problem.Fatal, Connection: connection})
			}
			return rows, err
		}
		e.log.Info("too many requests: waiting", "connection", connection, "for", p.After)
		if err := e.sleep(ctx, max(p.After, time.Second)); err != nil {
			return nil, err
		}
	}
}

// kept gives the rows that a pipeline keeps and that equal one of the wanted combinations; empty
// says that it keeps none at all.
func (e *Engine) kept(_ context.Context, pipeline string, match []string, values [][]value.Value) (rows []value.Record, empty bool, err error) {
	err = e.store.View(func(tx state.Tx) error {
		rows = nil
		id, err := state.PipelineID(tx, pipeline, false)
		if err != nil || id == 0 {
			empty = true
			return err
		}
		known, _, err := state.GetPipeline(tx, id)
		if err != nil {
			return err
		}
		ids := []state.ID{id}
		for _, f := range known.Former { // what has not gone over to a new key yet
			if f.Key != nil {
				ids = append(ids, f.ID)
			}
		}
		empty = true
		for _, id := range ids {
			some, err := state.AnyKept(tx, id)
			if err != nil {
				return err
			}
			empty = empty && !some
			for _, wanted := range values {
				found, err := state.FindKept(tx, id, match, wanted, 0)
				if err != nil {
					return err
				}
				rows = append(rows, found...)
			}
		}
		return nil
	})
	return rows, empty, err
}

// asker tells which causes are there by now. One that no look-up of the pipeline asks for (the
// target named it) is worth an attempt: only the target knows.
func (e *Engine) asker(asks []step.Ask) func(context.Context, []problem.Cause) ([]bool, error) {
	return func(ctx context.Context, causes []problem.Cause) ([]bool, error) {
		out := make([]bool, len(causes))
		type question struct {
			ask    step.Ask
			causes []int
		}
		var questions []question
		for i, c := range causes {
			ask, ok := askOf(asks, c, len(value.SplitKey(c.Key)))
			switch {
			case !ok:
				out[i] = true
			case ask.Table != "":
				out[i] = e.inTable(ask, value.SplitKey(c.Key))
			default:
				j := slices.IndexFunc(questions, func(q question) bool { return same(q.ask, ask) })
				if j < 0 {
					j = len(questions)
					questions = append(questions, question{ask: ask})
				}
				questions[j].causes = append(questions[j].causes, i)
			}
		}
		for _, q := range questions {
			if err := e.there(ctx, q.ask, causes, q.causes, out); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

func same(a, b step.Ask) bool {
	return a.Table == b.Table && a.Connection == b.Connection && a.Object == b.Object && a.Pipeline == b.Pipeline && slices.Equal(a.Match, b.Match)
}

func (e *Engine) inTable(a step.Ask, values []string) bool {
	t := e.Project.Tables[a.Table]
	if t == nil {
		return false
	}
	return slices.ContainsFunc(t.Rows, func(row []string) bool {
		for i, name := range a.Match {
			if at := t.Column(name); at < 0 || row[at] != values[i] {
				return false
			}
		}
		return true
	})
}

// there asks one object, or what one pipeline keeps, for all causes at once.
func (e *Engine) there(ctx context.Context, a step.Ask, causes []problem.Cause, at []int, out []bool) error {
	values := make([][]value.Value, len(at))
	for i, n := range at {
		for _, part := range value.SplitKey(causes[n].Key) {
			values[i] = append(values[i], value.OfText(part))
		}
	}
	var rows []value.Record
	var err error
	if a.Pipeline != "" {
		rows, _, err = e.kept(ctx, a.Pipeline, a.Match, values)
	} else {
		rows, err = e.find(ctx, a.Connection, connector.Find{Object: a.Object, Match: a.Match, Values: values, Const: a.Const})
	}
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, r := range rows {
		found[keyOf(r, a.Match)] = true
	}
	for _, n := range at {
		out[n] = found[causes[n].Key]
	}
	return nil
}

func keyOf(r value.Record, match []string) string {
	parts := make([]string, len(match))
	for i, m := range match {
		path, err := value.ParsePath(m)
		if err != nil {
			return ""
		}
		parts[i], _ = value.KeyText(path.Get(r.Value()))
	}
	return value.JoinKey(parts...)
}
