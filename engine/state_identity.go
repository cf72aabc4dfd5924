package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// Carried tells what became of a ledger whose pipeline has another identity now.
type Carried struct {
	Pipeline   string   `json:"pipeline"`
	What       string   `json:"what"`
	Records    int      `json:"records"`
	Exceptions int      `json:"exceptions"`
	Also       []string `json:"also,omitempty"` // pipelines that moved with it
	DryRun     bool     `json:"dry_run,omitempty"`
}

// Move gives the ledger of a pipeline that was renamed to its new name.
func (e *Engine) Move(from, to string, d Decision) (Carried, error) {
	out := Carried{Pipeline: to, What: "the ledger of " + from + " belongs to " + to, DryRun: d.DryRun}
	if _, err := e.pipeline(to); err != nil {
		return out, err
	}
	if _, still := e.programs[from]; still {
		return out, notCarried(from, "pipeline "+from+" is still in the project", "a ledger is moved when its pipeline was renamed: a copy of a pipeline begins with a ledger of its own")
	}
	return out, e.carry(&out, from, d, func(tx state.Tx) error {
		if id, err := state.PipelineID(tx, to, false); err != nil {
			return err
		} else if _, has, err := state.GetPipeline(tx, id); err != nil || has {
			if err == nil {
				err = notCarried(to, "pipeline "+to+" has a ledger of its own already", "give the pipeline another name")
			}
			return err
		}
		return state.Rename(tx, from, to)
	})
}

// MoveAccount carries the ledger over to the account that the target's connection points to now:
// the same documents are there. All pipelines that write to the old one move with it.
func (e *Engine) MoveAccount(ctx context.Context, pipeline string, d Decision) (Carried, error) {
	out := Carried{Pipeline: pipeline, DryRun: d.DryRun}
	is, err := e.identity(ctx, pipeline)
	if err != nil {
		return out, err
	}
	return out, e.carry(&out, pipeline, d, func(tx state.Tx) error {
		_, known, err := e.known(tx, pipeline)
		if err != nil {
			return err
		}
		was := known.Identity
		out.What = fmt.Sprintf("the documents of account %q are those of %q", was.Account, is.Account)
		if was.Account == is.Account {
			return notCarried(pipeline, "target account is "+was.Account+", as the ledger knows it", "nothing has to be moved")
		}
		if any, err := state.AnyDocument(tx, is.Account); err != nil || any {
			if err == nil {
				err = notCarried(pipeline, "the ledger knows documents of account "+is.Account+" already", "two accounts can't become one: undo the change, or pipectl state fresh "+pipeline)
			}
			return err
		}
		out.Also, err = state.MoveAccount(tx, was.Account, is.Account)
		return err
	})
}

// Rekey carries the ledger over to the key and the target key that the pipeline has now. Records go
// over when they are met, with the documents that they have; exceptions go over at once.
func (e *Engine) Rekey(ctx context.Context, pipeline string, d Decision) (Carried, error) {
	out := Carried{Pipeline: pipeline, DryRun: d.DryRun}
	is, err := e.identity(ctx, pipeline)
	if err != nil {
		return out, err
	}
	p := e.programs[pipeline]
	return out, e.carry(&out, pipeline, d, func(tx state.Tx) error {
		_, known, err := e.known(tx, pipeline)
		if err != nil {
			return err
		}
		was := known.Identity
		out.What = fmt.Sprintf("key %q is carried over to %q", strings.Join(was.Key, ", "), strings.Join(is.Key, ", "))
		switch {
		case was.Account != is.Account || was.Object != is.Object:
			return notCarried(pipeline, "target is another account or object now", "first say what became of the documents: "+run.WayOn(pipeline, was, is))
		case strings.Join(was.Key, "\x00") == strings.Join(is.Key, "\x00"):
			if was.TargetKey == is.TargetKey {
				return notCarried(pipeline, "key and target key are those of the ledger", "nothing has to be carried over")
			}
			out.What = fmt.Sprintf("target key %q gives way to %q: documents keep what they have", was.TargetKey, is.TargetKey)
			known.Identity.TargetKey, known.Identity.Proven = is.TargetKey, false
			return state.PutPipeline(tx, idOf(tx, pipeline), known)
		}
		if _, err := e.formerKey(p.spec, was.Key); err != nil {
			return err
		}
		from, to, err := state.Succeed(tx, pipeline, is, true, e.now())
		if err != nil {
			return err
		}
		return e.rekeyOpen(tx, p, from, to)
	})
}

func idOf(tx state.Tx, pipeline string) state.ID {
	id, _ := state.PipelineID(tx, pipeline, false) // it was found just before
	return id
}

// rekeyOpen carries exceptions over, by the records as they were read. What can't be carried would
// wait for ever: then nothing is.
func (e *Engine) rekeyOpen(tx state.Tx, p *program, from, to state.ID) error {
	var keys []string
	if err := state.EachOpen(tx, from, func(x state.Exception) (bool, error) { keys = append(keys, x.Key); return true, nil }); err != nil {
		return err
	}
	for _, old := range keys {
		text, err := state.Payload(tx, from, old)
		if err != nil {
			return err
		}
		key, err := e.keyOfText(p, text, "exception "+old)
		if err != nil {
			return err
		}
		if _, err := state.TakeOver(tx, from, old, to, key); err != nil {
			return err
		}
	}
	return e.rekeyOverrides(tx, p, from, to)
}

// rekeyOverrides carries over what was set by hand: without it, records would have other content.
func (e *Engine) rekeyOverrides(tx state.Tx, p *program, from, to state.ID) error {
	var all []state.Override
	if err := state.EachOverride(tx, from, func(o state.Override) (bool, error) { all = append(all, o); return true, nil }); err != nil {
		return err
	}
	for _, o := range all {
		text, err := state.OverriddenRecord(tx, from, o.Key)
		if err != nil {
			return err
		}
		if text == "" && len(o.InForce(e.now())) == 0 {
			continue // long over
		}
		if o.Key, err = e.keyOfText(p, text, "override of "+o.Key); err != nil {
			return err
		}
		if err := state.PutOverride(tx, to, o, text); err != nil {
			return err
		}
	}
	return nil
}

// keyOfText is the key that a record has today, by the record as it was read.
func (e *Engine) keyOfText(p *program, text, what string) (string, error) {
	if text != "" {
		if key, err := p.steps.KeyOf(p.steps.Row(value.Known(text), e.now())); err == nil {
			return key, nil
		}
	}
	return "", notCarried(p.spec.Name.Text, what+" has no new key: its record is not kept, or lacks a part of the key",
		"undo the change of the key, settle that record (pipectl errors show, retry, skip), then do this again")
}

// Fresh begins with an empty ledger. Documents that the old one knows stay known as ours: a record
// that builds the number of one takes it over.
func (e *Engine) Fresh(ctx context.Context, pipeline string, d Decision) (Carried, error) {
	out := Carried{Pipeline: pipeline, What: "the ledger begins anew", DryRun: d.DryRun}
	is, err := e.identity(ctx, pipeline)
	if err != nil {
		return out, err
	}
	return out, e.carry(&out, pipeline, d, func(tx state.Tx) error {
		_, _, err := state.Succeed(tx, pipeline, is, false, e.now())
		return err
	})
}

// carry changes a ledger's identity in one transaction, with a note; or only tells what it would
// change, and changes nothing.
func (e *Engine) carry(out *Carried, pipeline string, d Decision, change func(state.Tx) error) error {
	err := e.store.Update(func(tx state.Tx) error {
		id, _, err := e.known(tx, pipeline)
		if err != nil {
			return err
		}
		if err := settledFlights(tx, id, pipeline); err != nil {
			return err
		}
		if err := state.EachRecord(tx, id, "", func(string, state.Record) (bool, error) { out.Records++; return true, nil }); err != nil {
			return err
		}
		if err := state.EachOpen(tx, id, func(state.Exception) (bool, error) { out.Exceptions++; return true, nil }); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		if d.DryRun {
			return errOnlyLooked
		}
		return e.note(tx, out.Pipeline, out.What, d)
	})
	if err == errOnlyLooked { //nolint:errorlint // our own, never wrapped
		return nil
	}
	return err
}

// errOnlyLooked undoes what a dry run has done to see whether it can be done.
var errOnlyLooked = fmt.Errorf("dry run")

func settledFlights(tx state.Tx, id state.ID, pipeline string) error {
	n := 0
	err := state.EachFlight(tx, id, func(_ uint64, f state.Flight) error { n += len(f.Records); return nil })
	if err == nil && n > 0 {
		err = notCarried(pipeline, fmt.Sprintf("%d records were on their way when the last run ended", n), "undo the change, let one run settle them, then do this again")
	}
	return err
}

func notCarried(pipeline, reason, hint string) error {
	return &problem.Error{Class: problem.Fatal, ID: "PC513", Pipeline: pipeline, Reason: reason, Hint: hint}
}

// identity is what the pipeline's ledger would be written under now.
func (e *Engine) identity(ctx context.Context, pipeline string) (state.Identity, error) {
	p, err := e.pipeline(pipeline)
	if err != nil {
		return state.Identity{}, err
	}
	ready, err := p.ready(ctx, e, RunOptions{})
	if err != nil {
		return state.Identity{}, problem.In(err, problem.Error{Pipeline: pipeline})
	}
	return ready.Identity(), nil
}

// former compiles the keys under which a pipeline's ledger stood before.
func (e *Engine) former(p *spec.Pipeline) ([]run.Former, error) {
	if e.store == nil {
		return nil, nil
	}
	var known state.Pipeline
	err := e.store.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, p.Name.Text, false)
		if err == nil && id != 0 {
			known, _, err = state.GetPipeline(tx, id)
		}
		return err
	})
	var out []run.Former
	for _, f := range known.Former {
		x := run.Former{ID: f.ID}
		if f.Key != nil && err == nil {
			x.Key, err = e.formerKey(p, f.Key)
		}
		out = append(out, x)
	}
	return out, err
}

func (e *Engine) formerKey(p *spec.Pipeline, key []string) (func(value.Record) (string, error), error) {
	old := *p
	old.Key = nil
	for _, text := range key {
		old.Key = append(old.Key, spec.Expr{Text: text, At: p.Name.At})
	}
	steps, problems := step.Compile(&old, kinds, step.World{Project: e.Project, Find: e.find, Kept: e.kept})
	if err := problems.Err(); err != nil {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC513", Pipeline: p.Name.Text, Err: err,
			Reason: fmt.Sprintf("former key %q can't be read any more: %v", strings.Join(key, ", "), err),
			Hint:   "keep the names that it is made of; or begin anew: pipectl state fresh " + p.Name.Text + " --reason …",
		}
	}
	return func(r value.Record) (string, error) { return steps.KeyOf(steps.Row(r, e.now())) }, nil
}
