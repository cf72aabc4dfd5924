package step

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

// Program is a pipeline made ready to run: its steps, and the expressions around them. It may be
// used by several goroutines at once.
type Program struct {
	Steps    []Step
	Key      []*Expr
	Keep     []Named
	Amounts  []*Expr
	Fields   []string // paths of the record that anything looks at; nil: all of it
	Live     bool     // look-ups belong to the record's content
	Asks     []Ask
	Warnings problem.List

	layout  *value.Schema // of the document
	target  *value.Path   // target.key
	pipe    *spec.Pipeline
	slots   int
	restart []interface{ Begin() }
}

// Named is an expression with a name.
type Named struct {
	Name string
	*Expr
}

// Compile makes a pipeline ready to run. All its mistakes come in one list.
func Compile(p *spec.Pipeline, kinds []Kind, w World) (*Program, problem.List) {
	in := newScope(p, w)
	out := &Program{pipe: p}
	var problems problem.List
	out.Key = in.all(p.Key, &problems)
	for _, s := range p.Steps {
		compiled, err := compileStep(s, kinds, in)
		problems.Add(err)
		if b, ok := compiled.(interface{ Begin() }); ok {
			out.restart = append(out.restart, b)
		}
		out.Steps = append(out.Steps, compiled)
	}
	for _, k := range p.Keep {
		if e, err := in.Compile(k.Value); err == nil {
			out.Keep = append(out.Keep, Named{k.Name, e})
		} else if !k.Value.IsZero() {
			problems.Add(err)
		}
	}
	out.Amounts = in.amounts(p.Amounts, &problems)
	if len(problems) == 0 {
		problems.Add(out.checkTarget(in))
	}
	out.settle(in)
	return out, problems
}

func (s *Scope) all(list []spec.Expr, problems *problem.List) []*Expr {
	var out []*Expr
	for _, e := range list {
		if e.IsZero() {
			continue // its mistake was told when it was read
		}
		compiled, err := s.Compile(e)
		problems.Add(err)
		out = append(out, compiled)
	}
	return out
}

// amounts may name fields of the record as they are, although a map stands above.
func (s *Scope) amounts(list []spec.Expr, problems *problem.List) []*Expr {
	record := *s
	record.Expr = expr.NewScope(s.Pipeline.Source.Known())
	var out []*Expr
	for _, e := range list {
		if e.IsZero() {
			continue
		}
		compiled, err := s.Compile(e)
		if err != nil {
			if field, also := record.Compile(e); also == nil {
				compiled, err = field, nil
			}
		}
		problems.Add(err)
		out = append(out, compiled)
	}
	return out
}

// settle writes down what the compiled parts said of themselves.
func (p *Program) settle(in *Scope) {
	p.layout = in.shared.docSchema
	p.slots, p.Live, p.Asks, p.Warnings = in.Expr.Size(), in.shared.live, in.shared.asks, in.shared.warnings
	for path := range in.shared.used {
		p.Fields = append(p.Fields, path)
	}
	if c := p.pipe.Source.Cursor; c != nil {
		p.Fields = append(p.Fields, c.Field.Text)
	}
	slices.Sort(p.Fields)
	if p.Fields = slices.Compact(p.Fields); slices.Contains(p.Fields, "*") {
		p.Fields = nil
	}
}

// compileStep finds the kind of a step by its keys.
func compileStep(s spec.Step, kinds []Kind, in *Scope) (Step, error) {
	var found []Kind
	known := make([]string, len(kinds))
	keys := s.Keys()
	for i, k := range kinds {
		known[i] = k.Name
		if slices.Contains(keys, k.Name) {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 1:
		return found[0].compile(s, in)
	case len(keys) == 0:
		return nil, nil // told when it was read
	case len(found) == 0:
		bindAnyway(s, keys[0], problem.Nearest(keys[0], known), kinds, in)
		return nil, Mistake(s.KeyAt(keys[0]), "PC266", `"`+keys[0]+`" is no kind of step`, problem.DidYouMean(keys[0], known))
	}
	names := make([]string, len(found))
	for i, k := range found {
		names[i] = k.Name
		_, _ = k.compile(s, in) // binds its names: they aren't unknown below
	}
	return nil, Mistake(s.KeyAt(names[1]), "PC266", "a step is "+strings.Join(names, " and ")+" at once", "begin a step of its own with - before "+names[1]+":")
}

// bindAnyway binds the names of a step whose kind was mistyped, so that they aren't unknown below.
func bindAnyway(s spec.Step, key, meant string, kinds []Kind, in *Scope) {
	for _, k := range kinds {
		if k.Name == meant {
			_, _ = k.compile(s.As(key, meant), in)
		}
	}
}

// DocumentFields lists the single fields that documents may have, as dotted paths in the order of
// the mapping; nil where that can't be told.
func (p *Program) DocumentFields() []string {
	if p.layout == nil || p.layout.Open {
		return nil
	}
	return fieldsBelow("", *p.layout)
}

func fieldsBelow(prefix string, s value.Schema) []string {
	var out []string
	for _, name := range s.Names {
		switch x := s.Properties[name]; {
		case x.Type == value.Object && len(x.Names) > 0:
			out = append(out, fieldsBelow(prefix+name+".", x)...)
		case x.Type != value.List:
			out = append(out, prefix+name)
		}
	}
	return out
}

// Begin is called before each run: what steps remembered of the last one is forgotten.
func (p *Program) Begin() {
	for _, s := range p.restart {
		s.Begin()
	}
}

// Run takes a batch of rows through the steps. An error concerns all rows.
func (p *Program) Run(ctx context.Context, rows []*Row) error {
	for _, s := range p.Steps {
		if err := s.Run(ctx, rows); err != nil {
			return err
		}
	}
	return nil
}

// NewRow makes an empty row with room for all bound names.
func (p *Program) NewRow() *Row { return &Row{Frame: newFrame(p.slots)} }

// Row makes a row for a record; at is the time of the run.
func (p *Program) Row(rec value.Record, at time.Time) *Row {
	r := p.NewRow()
	r.Time = at
	r.Reset(rec)
	return r
}

// KeyOf gives the record's key, parts joined by "/". A part that is null, absent or empty can't
// tell records apart: the record is invalid.
func (p *Program) KeyOf(r *Row) (string, error) {
	if len(p.Key) == 1 {
		return keyPart(p.Key[0], r)
	}
	parts := make([]string, len(p.Key))
	for i, e := range p.Key {
		var err error
		if parts[i], err = keyPart(e, r); err != nil {
			return "", err
		}
	}
	return value.JoinKey(parts...), nil
}

func keyPart(e *Expr, r *Row) (string, error) {
	v, err := e.Eval(r)
	if err != nil {
		return "", problem.In(err, problem.Error{Field: e.Text(), At: e.At()})
	}
	text, ok := value.KeyText(v)
	if !ok {
		return "", &problem.Error{
			Class: problem.Invalid, ID: "PC269", Field: e.Text(), At: e.At(),
			Reason: "key part " + e.Text() + " is " + v.Display() + ", which can't tell records apart",
			Hint:   "every record needs a value there: correct the source, choose another key, or say what stands for it: filled(" + e.Text() + `) ?? "-"`,
		}
	}
	return text, nil
}

// Kept gives the row that other pipelines may look up; the zero record when nothing is kept.
func (p *Program) Kept(r *Row) (value.Record, error) {
	if len(p.Keep) == 0 {
		return value.Record{}, nil
	}
	names, values := make([]string, len(p.Keep)), make([]value.Value, len(p.Keep))
	for i, k := range p.Keep {
		v, err := k.Eval(r)
		if err != nil {
			return value.Record{}, problem.In(err, problem.Error{Field: "keep." + k.Name, At: k.At()})
		}
		names[i], values[i] = k.Name, v
	}
	return value.RecordOf(value.ObjectOf(names, values)), nil
}

// TargetKey gives the target key of the row's document.
func (p *Program) TargetKey(r *Row) (string, error) {
	t := p.pipe.Target
	v := r.key
	if v.Kind() == value.Absent {
		v = p.target.Get(r.Document.Value())
	}
	text, ok := value.KeyText(v)
	if !ok {
		return "", &problem.Error{
			Class: problem.Invalid, ID: "PC269", Field: t.Key.Text, At: t.Key.At,
			Reason: "target key " + t.Key.Text + " is " + v.Display() + ", which can't tell documents apart",
			Hint:   "every document needs a value there",
		}
	}
	return text, nil
}
