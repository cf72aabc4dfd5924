package step

import (
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

// Match says which row is meant: fields with expressions, and const with texts that hold for all.
type Match struct {
	Fields spec.Named[spec.Expr]
	Const  spec.Named[spec.Text]
}

// UnmarshalNode reads {FNumber: line.sku, const: {FDocumentStatus: C}}.
func (m *Match) UnmarshalNode(d *spec.Decoder, n *spec.Node) {
	if n.Kind != spec.Map {
		d.WrongKind(n, spec.Map)
		return
	}
	rest := &spec.Node{Kind: spec.Map, At: n.At}
	for _, x := range n.Members {
		if x.Name() == "const" {
			d.In("const", func() { d.Decode(x.Value, &m.Const) })
			continue
		}
		rest.Members = append(rest.Members, x)
	}
	d.Decode(rest, &m.Fields)
	if len(m.Fields) == 0 {
		d.Report(n.At, "PC143", "match has no field with an expression", "write FIELD: EXPRESSION for what tells the row from others")
	}
}

// Fields are the names that a look-up may ask for; nil when they are not known.
type Fields interface {
	// Has says whether there is such a field, and what its values look like.
	Has(name string) (*value.Schema, bool)
	// Names lists the fields; empty when they are not known.
	Names() []string
	// What names the owner: "table shops".
	What() string
}

type objectFields struct{ info connector.ObjectInfo }

// FieldsOf gives the fields of a system's object.
func FieldsOf(info connector.ObjectInfo) Fields { return objectFields{info} }

func (o objectFields) Has(name string) (*value.Schema, bool) {
	if !o.info.Schema.Known() {
		return nil, true
	}
	if t, ok := o.info.Schema.At(name); ok {
		return t, true
	}
	first, _, _ := strings.Cut(name, ".")
	prefix := o.info.Schema.Prefix
	return nil, prefix != "" && strings.HasPrefix(first, prefix)
}

func (o objectFields) Names() []string { return o.info.Schema.Paths() }
func (o objectFields) What() string    { return o.info.Name }

// Matcher gives the values of a match for a row.
type Matcher struct {
	Names []string
	Const map[string]string
	exprs []*Expr
	paths []value.Path
	at    problem.Pos
}

// Matcher compiles a match; the expressions are compiled in s.
func (s *Scope) Matcher(m Match, fields Fields) (*Matcher, error) {
	out := &Matcher{Const: map[string]string{}}
	var problems problem.List
	for _, f := range m.Fields {
		problems.Add(known(f.Name, f.At, fields))
		path, err := value.ParsePath(f.Name)
		problems.Add(problem.In(err, problem.Error{At: f.At}))
		out.Names, out.paths = append(out.Names, f.Name), append(out.paths, path)
		if !f.Value.IsZero() {
			e, err := s.Compile(f.Value)
			problems.Add(err)
			out.exprs = append(out.exprs, e)
		}
		if out.at.Line == 0 {
			out.at = f.Value.At
		}
	}
	for _, c := range m.Const {
		problems.Add(known(c.Name, c.At, fields))
		out.Const[c.Name] = c.Value.Text
	}
	return out, problems.Err()
}

// known says when a field is not there; as an error value, nil when it is.
func known(name string, at problem.Pos, fields Fields) error {
	if fields == nil {
		return nil
	}
	if _, ok := fields.Has(name); ok {
		return nil
	}
	return Mistake(at, "PC125", name+" is no field of "+fields.What(), problem.DidYouMean(name, fields.Names()))
}

// KnownField says when a look-up asks for a field that isn't there.
func KnownField(name string, at problem.Pos, fields Fields) error { return known(name, at, fields) }

// Text is the expression that the first field is compared with.
func (m *Matcher) Text() string {
	if len(m.exprs) == 0 {
		return ""
	}
	return m.exprs[0].Text()
}

// From lists the paths of the record that the values are made of.
func (m *Matcher) From() []string {
	var out []string
	for _, e := range m.exprs {
		out = append(out, e.From()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Values evaluates the match for a row.
func (m *Matcher) Values(r *Row) ([]value.Value, error) {
	out := make([]value.Value, len(m.exprs))
	for i, e := range m.exprs {
		v, err := e.Eval(r)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// KeyOf joins values to one text; "" when one of them is empty, null or absent, so that no row can
// be meant.
func KeyOf(values []value.Value) string {
	if len(values) == 1 {
		text, _ := value.KeyText(values[0])
		return value.JoinKey(text)
	}
	parts := make([]string, len(values))
	for i, v := range values {
		text, ok := value.KeyText(v)
		if !ok {
			return ""
		}
		parts[i] = text
	}
	return value.JoinKey(parts...)
}

// KeyOfRow is the same text for a row that was found.
func (m *Matcher) KeyOfRow(row value.Record) string {
	values := make([]value.Value, len(m.paths))
	for i, p := range m.paths {
		values[i] = p.Get(row.Value())
	}
	return KeyOf(values)
}

// Empty is the problem of a row whose values can't mean any row.
func (m *Matcher) Empty(values []value.Value, field string) *problem.Error {
	for i, v := range values {
		if _, ok := value.KeyText(v); !ok {
			return &problem.Error{
				Class: problem.Invalid, ID: "PC259", Field: field, At: m.exprs[i].At(),
				Reason: m.exprs[i].Text() + " is " + v.Display() + ", so there is nothing to look up by " + m.Names[i],
				Hint:   "correct it at the source, or say what to do without: missing: null or a default row",
			}
		}
	}
	return nil
}

// JSONSchema says what may stand under match.
func (Match) JSONSchema(d *spec.Describer) map[string]any {
	return map[string]any{
		"type": "object", "additionalProperties": spec.Expr{}.JSONSchema(d),
		"properties": map[string]any{"const": map[string]any{"type": "object", "description": "texts that hold for every row", "additionalProperties": spec.Text{}.JSONSchema(d)}},
	}
}
