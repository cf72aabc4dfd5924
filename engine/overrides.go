package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// Setting is a value that somebody wants in a place of a record, as it was written: qty and 5.
type Setting struct{ Path, Text string }

// Overridden is what people have set in one record.
type Overridden struct {
	Pipeline string      `json:"pipeline"`
	Key      string      `json:"key"`
	Sets     []state.Set `json:"sets"` // in force
	Ended    []state.Set `json:"ended,omitempty"`
}

const (
	mostOverrides = 10_000 // records of a pipeline in which something is set: a run keeps them in memory
	mostEnded     = 50     // sets of one record that are over, and remembered
)

// Override sets values in a record before the steps, until a time (zero: until somebody takes them
// away). The next run takes the record up with them. by says who, reason why; both are kept.
func (e *Engine) Override(pipeline, key string, values []Setting, by, reason string, until time.Time) (Overridden, error) {
	p, err := e.pipeline(pipeline)
	if err != nil {
		return Overridden{}, err
	}
	now := e.now()
	if !until.IsZero() && !until.After(now) {
		return Overridden{}, refusal("PC624", pipeline, key, "until "+until.Format("2006-01-02 15:04")+" is over already: the value would never hold",
			"name a time to come, or leave --until out")
	}
	return e.changeOverride(pipeline, key, by, func(id state.ID, tx state.Tx, o *state.Override) error {
		if len(o.Sets) == 0 {
			if err := e.fewEnough(tx, id, pipeline, key); err != nil {
				return err
			}
		}
		rec, err := sourceRecord(tx, id, key)
		if err != nil {
			return err
		}
		for _, s := range values {
			set, err := p.setting(key, rec, s)
			if err != nil {
				return problem.In(err, problem.Error{Pipeline: pipeline, Key: key})
			}
			set.By, set.Reason, set.At, set.Until = by, reason, now, until
			o.End(now, "another value by "+by, func(old state.Set) bool { return old.Path == set.Path })
			o.Sets = append(o.Sets, set)
		}
		return problem.In(p.fits(key, rec, o.InForce(now)), problem.Error{Pipeline: pipeline, Key: key})
	})
}

// RemoveOverride takes away what was set at some paths of a record, or at all for none named.
func (e *Engine) RemoveOverride(pipeline, key string, paths []string, by, reason string) (Overridden, error) {
	if err := e.named(Filter{Pipeline: pipeline}); err != nil {
		return Overridden{}, err
	}
	return e.changeOverride(pipeline, key, by, func(_ state.ID, _ state.Tx, o *state.Override) error {
		now := e.now()
		var known []string
		for _, s := range o.InForce(now) {
			known = append(known, s.Path)
		}
		if len(paths) == 0 && len(known) > 0 {
			paths = known
		}
		if len(paths) == 0 {
			return refusal("PC626", pipeline, key, "nothing is set in record "+key, "pipectl errors overrides lists what is set")
		}
		for _, path := range paths {
			if o.End(now, by+": "+reason, func(s state.Set) bool { return s.Path == path }) == 0 {
				return refusal("PC626", pipeline, key, "nothing is set at "+path+" of record "+key, problem.DidYouMean(path, known))
			}
		}
		return nil
	})
}

// changeOverride edits what is set in a record, and lets its exception go on in the next run.
func (e *Engine) changeOverride(pipeline, key, by string, edit func(state.ID, state.Tx, *state.Override) error) (Overridden, error) {
	var out Overridden
	err := e.store.Update(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, pipeline, false)
		if err != nil {
			return err
		}
		x, open, err := state.GetException(tx, id, key)
		if err != nil {
			return err
		}
		if _, known, err := state.GetRecord(tx, id, key); err != nil || id == 0 || !known && !open {
			return cmp.Or(err, refusal("PC620", pipeline, key, "record "+key+" is not known in pipeline "+pipeline,
				"a key is written with its parts joined by /, in the order of `key:`; pipectl errors lists those of exceptions"))
		}
		o, _, err := state.GetOverride(tx, id, key)
		if err != nil {
			return err
		}
		o.Key = key
		o.Expire(e.now())
		if err := edit(id, tx, &o); err != nil {
			return err
		}
		o.Forget(mostEnded)
		if open {
			x.Status, x.RetryBy = state.Retrying, by
			if err := state.PutException(tx, id, x, ""); err != nil {
				return err
			}
		}
		out = overridden(pipeline, o, e.now())
		return state.PutOverride(tx, id, o, "")
	})
	return out, err
}

// Overrides lists what is set in records, of one pipeline or of all for "", in the order of their
// keys; with ended also what no longer holds.
func (e *Engine) Overrides(pipeline string, ended bool) ([]Overridden, error) {
	if err := e.named(Filter{Pipeline: pipeline}); err != nil {
		return nil, err
	}
	var out []Overridden
	now := e.now()
	err := e.store.View(func(tx state.Tx) error {
		out = nil
		return state.EachPipeline(tx, func(id state.ID, p state.Pipeline) (bool, error) {
			if pipeline != "" && pipeline != p.Name {
				return true, nil
			}
			return true, state.EachOverride(tx, id, func(o state.Override) (bool, error) {
				o.Expire(now)
				if x := overridden(p.Name, o, now); len(x.Sets) > 0 || ended {
					if !ended {
						x.Ended = nil
					}
					out = append(out, x)
				}
				return true, nil
			})
		})
	})
	return out, err
}

func overridden(pipeline string, o state.Override, now time.Time) Overridden {
	out := Overridden{Pipeline: pipeline, Key: o.Key, Sets: o.InForce(now)}
	for _, s := range o.Sets {
		if !s.Ended.IsZero() {
			out.Ended = append(out.Ended, s)
		}
	}
	return out
}

// sourceRecord is a record as its source sent it last, or the nearest to it that is kept; zero when
// nothing is. It is looked at, never delivered.
func sourceRecord(tx state.Tx, id state.ID, key string) (value.Record, error) {
	text, err := state.OverriddenRecord(tx, id, key)
	if err == nil && text == "" {
		text, err = state.Payload(tx, id, key)
	}
	if err != nil || text == "" {
		return value.Record{}, err
	}
	return value.Known(text), nil
}

func (e *Engine) fewEnough(tx state.Tx, id state.ID, pipeline, key string) error {
	n, now := 0, e.now()
	err := state.EachOverride(tx, id, func(o state.Override) (bool, error) {
		if len(o.InForce(now)) > 0 {
			n++
		}
		return n < mostOverrides, nil
	})
	if err == nil && n >= mostOverrides {
		err = refusal("PC625", pipeline, key, fmt.Sprintf("values are set in %d records of pipeline %s already", n, pipeline),
			"what so many records need belongs into the mapping or into a table; take away what is no longer needed: pipectl errors overrides "+pipeline)
	}
	return err
}

// setting makes of what somebody wrote the value that stands in the record from then on.
func (p *program) setting(key string, rec value.Record, s Setting) (state.Set, error) {
	path, err := value.ParsePath(strings.TrimPrefix(s.Path, "source."))
	if err != nil {
		return state.Set{}, err
	}
	if err := p.mayBeSet(path, rec); err != nil {
		return state.Set{}, err
	}
	schema, _ := p.spec.Source.Known().AtPath(path)
	v, err := written(s.Text, schema, path.Get(rec.Value()))
	if err != nil {
		return state.Set{}, refusal("PC623", "", key, fmt.Sprintf("%s can't be %s: %s", path, s.Text, err),
			`write the value as the source would send it; a text in quotes ('"5"') is a text in any case, null is null`)
	}
	return state.Set{Path: path.String(), Value: []byte(v.JSON())}, nil
}

// mayBeSet refuses parts of the key and places that nobody knows.
func (p *program) mayBeSet(path value.Path, rec value.Record) error {
	plain := path.Plain()
	for _, part := range p.steps.Key {
		for _, from := range part.From() {
			if from == plain || strings.HasPrefix(from, plain+".") || strings.HasPrefix(plain, from+".") {
				return refusal("PC621", "", "", path.String()+" is part of the key, by which the record is known",
					"correct it at the source: under another key it is another record")
			}
		}
	}
	known := p.spec.Source.Known().Paths()
	if p.spec.Source.Known().Known() {
		if _, ok := p.spec.Source.Known().AtPath(path); ok {
			return nil
		}
	} else {
		known = slices.Concat(known, p.steps.Fields, value.PathsOf(rec.Value()))
		if p.heardOf(plain, path, rec, known) {
			return nil
		}
	}
	return refusal("PC622", "", "", "field "+path.String()+" is not known in the records of "+p.spec.Source.Object.Text, meant(plain, known))
}

// meant proposes what may have been meant: one of the fields that stand beside the mistyped one, and where
// nothing does, any.
func meant(plain string, known []string) string {
	var beside []string
	around := plain[:strings.LastIndexByte(plain, '.')+1]
	for _, k := range known {
		if rest, ok := strings.CutPrefix(k, around); ok && !strings.Contains(rest, ".") {
			beside = append(beside, rest)
		}
	}
	if around == "" || len(beside) == 0 {
		beside, around = slices.Clone(known), ""
	}
	slices.Sort(beside)
	return problem.DidYouMean(plain[len(around):], slices.Compact(beside))
}

// heardOf says, where no schema is known, that the record has the place, that the pipeline reads it,
// or that it reads what stands around it and no known name is near enough to be the one meant.
func (p *program) heardOf(plain string, path value.Path, rec value.Record, known []string) bool {
	if path.Get(rec.Value()).Kind() != value.Absent {
		return true
	}
	around := p.steps.Fields == nil
	for _, f := range p.steps.Fields {
		if f == plain || strings.HasPrefix(f, plain+".") {
			return true
		}
		around = around || strings.HasPrefix(plain, f+".")
	}
	return around && problem.Nearest(plain, known) == ""
}

// fits tries what is set on the record as it was read last.
func (p *program) fits(key string, rec value.Record, sets []state.Set) error {
	if rec.IsZero() {
		return nil
	}
	for _, s := range sets {
		var err error
		if rec, err = s.In(rec); err != nil {
			return err
		}
	}
	row := p.steps.Row(rec, time.Time{})
	if now, err := p.steps.KeyOf(row); err != nil || now != key {
		return cmp.Or(err, refusal("PC621", "", "", "the record would have the key "+now, "correct it at the source: under another key it is another record"))
	}
	return nil
}

func refusal(id, pipeline, key, reason, hint string) error {
	return &problem.Error{Class: problem.Fatal, ID: id, Pipeline: pipeline, Key: key, Reason: reason, Hint: hint}
}
