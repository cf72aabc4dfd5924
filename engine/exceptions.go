package engine

import (
	"cmp"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Filter chooses exceptions; empty places fit everything.
type Filter struct {
	Pipeline string
	Key      string
	Kind     string    // waiting, invalid, held, failed
	Cause    string    // part of a cause as it is shown: "SKU-77", "table shops", "PC406"
	Field    string    // part of a field's path
	Run      string    // what this run has met
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
		(f.Run == "" || f.Run == x.Run) &&
		(f.Before.IsZero() || x.First.Before(f.Before)) &&
		(f.Field == "" || strings.Contains(x.Field, f.Field)) &&
		(f.Cause == "" || strings.Contains(Cause(x), f.Cause) || strings.Contains(x.Reason, f.Cause))
}

// EachException gives the exceptions that fit, in the order of pipelines and keys. There may be more
// of them than memory holds. fn must not write to the state.
func (e *Engine) EachException(f Filter, fn func(state.Exception) error) error {
	if err := e.named(f); err != nil {
		return err
	}
	return e.store.View(func(tx state.Tx) error {
		return state.EachPipeline(tx, func(id state.ID, p state.Pipeline) (bool, error) {
			if f.Pipeline != "" && f.Pipeline != p.Name {
				return true, nil
			}
			return true, eachFrom(tx, id, f, "", func(x state.Exception) (bool, error) { return true, fn(x) })
		})
	})
}

// eachFrom walks over the exceptions of one pipeline that fit, from a key on.
func eachFrom(tx state.Tx, id state.ID, f Filter, from string, fn func(state.Exception) (bool, error)) error {
	if f.Key != "" {
		x, ok, err := state.GetException(tx, id, f.Key)
		if err == nil && ok && f.fits(x) {
			_, err = fn(x)
		}
		return err
	}
	return state.EachOpenFrom(tx, id, from, func(x state.Exception) (bool, error) {
		if !f.fits(x) {
			return true, nil
		}
		return fn(x)
	})
}

// Next is what a person does next about an exception, with its names in the commands.
func Next(x state.Exception) string {
	return problem.Subject{Pipeline: x.Pipeline, Key: x.Key, Number: x.TargetKey}.Fill(x.Hint)
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
	out.Hint = Next(out.Exception)
	return out, err
}

func none(pipeline, key string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC603", Pipeline: pipeline, Key: key, Reason: "record " + key + " has no exception in pipeline " + pipeline,
		Hint: "pipectl errors lists them; a key is written with its parts joined by /",
	}
}
