package lookup

import (
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/document"
	"github.com/pipectl/pipectl/engine/value"
)

func compile(s Spec, in *step.Scope) (step.Step, error) {
	l := &lookup{Spec: s, name: s.Lookup.Text, kept: &cache{rows: map[string]value.Value{}}}
	var problems problem.List
	problems.Add(l.shape())
	src, err := l.open(in)
	problems.Add(err)
	inner := in
	if len(s.Each) > 0 {
		inner = in.Child()
		problems.Add(l.bindItems(in, inner))
	}
	problems.Add(l.conditions(src, inner))
	var row *value.Schema
	if src != nil {
		row, err = l.row(src)
		problems.Add(err)
		problems.Add(l.policies(src, inner))
	}
	problems.Add(l.bind(in, row))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	l.source = src
	if s.Live {
		in.Live()
	}
	return l, nil
}

// shape checks which keys go together.
func (l *lookup) shape() error {
	var problems problem.List
	ways := 0
	for _, t := range []spec.Text{l.Table, l.Connection, l.Pipeline} {
		if !t.IsZero() {
			ways++
		}
	}
	at := l.Lookup.At
	if ways != 1 {
		problems.Add(step.Mistake(at, "PC142", "a look-up must say exactly one of table, connection and pipeline", "name where the row comes from"))
	}
	if l.Connection.IsZero() != l.Object.IsZero() {
		problems.Add(step.Mistake(at, "PC142", "connection and object go together in a look-up", "name both"))
	}
	if (len(l.Match.Fields) == 0) == l.When.IsZero() {
		problems.Add(step.Mistake(at, "PC142", "a look-up must have either match or when", "write match: {FIELD: EXPRESSION}"))
	}
	if !l.When.IsZero() && l.Table.IsZero() {
		problems.Add(step.Mistake(l.When.At, "PC142", "when looks through the rows of a table", "name a table, or use match"))
	}
	switch creates := l.Missing.Policy == "create"; {
	case creates && l.Create == nil:
		problems.Add(step.Mistake(l.Missing.At, "PC142", "missing: create needs create", "write create: {map: {FIELD: EXPRESSION}, then: [submit, audit]}"))
	case !creates && l.Create != nil:
		problems.Add(step.Mistake(at, "PC142", "create needs missing: create", "add it, or leave create out"))
	case creates && l.Connection.IsZero():
		problems.Add(step.Mistake(l.Missing.At, "PC142", "missing: create needs a connection to create in", "hold the record instead: missing: hold"))
	}
	return problems.Err()
}

// open finds the source.
func (l *lookup) open(in *step.Scope) (source, error) {
	switch {
	case !l.Table.IsZero():
		t, err := in.Table(l.Table)
		if err != nil {
			return nil, err
		}
		return newTable(t, l.Table.At), nil
	case !l.Connection.IsZero() && !l.Object.IsZero():
		info, err := in.Object(l.Connection, l.Object)
		if err != nil {
			return nil, err
		}
		return &object{info: info, connection: l.Connection.Text, name: l.Object.Text, ask: in.Find}, nil
	case !l.Pipeline.IsZero():
		p, err := in.KeptBy(l.Pipeline)
		if err != nil {
			return nil, err
		}
		return &keeper{pipeline: p, at: l.Pipeline.At, ask: in.Kept}, nil
	}
	return nil, nil // told by shape
}

// conditions compiles match, or when.
func (l *lookup) conditions(src source, inner *step.Scope) error {
	var fields step.Fields
	if src != nil {
		fields = src.fields()
	}
	if !l.When.IsZero() {
		t, ok := src.(*table)
		if !ok {
			return nil // told by shape, or the table is unknown
		}
		return t.pattern(l.When, inner)
	}
	m, err := inner.Matcher(l.Match, fields)
	l.match = m
	if err != nil || src == nil {
		return err
	}
	inner.Asks(step.Ask{Table: l.Table.Text, Connection: l.Connection.Text, Object: l.Object.Text, Pipeline: l.Pipeline.Text, Match: m.Names, Const: m.Const})
	if t, ok := src.(*table); ok {
		t.index(m)
	}
	return nil
}

// row says what the bound row looks like.
func (l *lookup) row(src source) (*value.Schema, error) {
	out := value.Schema{Type: value.Object}
	var problems problem.List
	for _, f := range l.Fields {
		problems.Add(step.KnownField(f.Value.Text, f.Value.At, src.fields()))
		problems.Add(l.binds(f.Name, f.Value.Text, f.Value.At))
		out = out.With(f.Name, schemaOf(src, f.Value.Text))
	}
	if len(l.Fields) > 0 {
		return &out, problems.Err()
	}
	if o, ok := src.(*object); ok { // what is matched is all that is asked for
		for _, f := range l.Match.Fields {
			problems.Add(l.binds(f.Name, f.Name, f.At))
			out = nested(out, strings.Split(f.Name, "."), schemaOf(o, f.Name))
		}
		return &out, problems.Err()
	}
	for _, name := range src.fields().Names() {
		out = out.With(name, schemaOf(src, name))
	}
	return &out, nil
}

func (l *lookup) binds(name, field string, at problem.Pos) error {
	path, err := value.ParsePath(field)
	l.names, l.paths = append(l.names, name), append(l.paths, path)
	return problem.In(err, problem.Error{At: at})
}

func schemaOf(src source, field string) value.Schema {
	if t, ok := src.fields().Has(field); ok && t != nil {
		return *t
	}
	return value.Schema{}
}

func nested(s value.Schema, path []string, leaf value.Schema) value.Schema {
	if len(path) == 1 {
		return s.With(path[0], leaf)
	}
	below := value.Schema{Type: value.Object}
	if t, ok := s.Member(path[0]); ok {
		below = *t
	}
	return s.With(path[0], nested(below, path[1:], leaf))
}

// policies compiles what happens without a row.
func (l *lookup) policies(src source, inner *step.Scope) error {
	switch l.Missing.Policy {
	case "default":
		return l.defaultRow(src)
	case "create":
		if o, ok := src.(*object); ok && l.Create != nil {
			return l.creation(o, inner)
		}
	}
	return nil
}

func (l *lookup) defaultRow(src source) error {
	var problems problem.List
	var names []string
	var values []value.Value
	known := l.Fields.Names()
	if len(known) == 0 {
		known = src.fields().Names()
	}
	for _, e := range l.Missing.Row {
		if len(known) > 0 && !slices.Contains(known, e.Name) {
			problems.Add(step.Mistake(e.At, "PC125", e.Name+" is no field of the row that "+l.name+" binds", problem.DidYouMean(e.Name, known)))
		}
		names, values = append(names, e.Name), append(values, value.OfText(e.Value.Text))
	}
	for _, name := range known {
		if !slices.Contains(names, name) {
			names, values = append(names, name), append(values, value.NullValue())
		}
	}
	l.absent = value.ObjectOf(names, values)
	return problems.Err()
}

func (l *lookup) creation(o *object, inner *step.Scope) error {
	key := o.info.Key
	if key == "" && len(l.Match.Fields) > 0 {
		key = l.Match.Fields[0].Name
	}
	schema := &o.info.Schema
	if schema.Type == value.Absent {
		schema = nil
	}
	var err error
	if l.create, err = document.Compile(l.Create.Map.Node, inner, schema); err != nil || l.create == nil {
		return err
	}
	if _, ok := l.create.From(key); !ok {
		return step.Mistake(l.Create.Map.At, "PC140", "the map of create leaves out "+key+", by which "+o.name+" is found again", "map it")
	}
	l.keyOf, err = value.ParsePath(key)
	return err
}

// bind gives the row its name: for the record, or as a member of the list's items.
func (l *lookup) bind(in *step.Scope, row *value.Schema) error {
	if len(l.levels) > 0 {
		return l.attach(in, row)
	}
	var from []string
	if l.match != nil {
		from = l.match.From()
	}
	var err error
	l.slot, err = in.Bind(l.name, row, l.Lookup.At, from)
	return err
}

// level is one list that the look-up goes through.
type level struct {
	*step.Expr
	slot expr.Slot
	path *value.Name // from the item above to its list; nil for the first
	name string
}
