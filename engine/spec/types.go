package spec

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// Expr is an expression as written, and where.
type Expr struct {
	Text string
	At   problem.Pos
}

// IsZero says that no expression was written.
func (e Expr) IsZero() bool { return e.Text == "" }

var (
	bareName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)
	bareDate = regexp.MustCompile(`^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*)?$`)
)

// UnmarshalNode takes the text as it stands. Where YAML and the expression language would read it
// differently from what a person sees, both readings are shown.
func (e *Expr) UnmarshalNode(d *Decoder, n *Node) {
	*e = d.Expr(n)
}

// Expr reads a node as an expression.
func (d *Decoder) Expr(n *Node) Expr {
	text := strings.TrimSpace(n.Text)
	switch {
	case n.Kind == List:
		d.Report(n.At, "PC104", "a list stands where one expression is expected",
			`for an expression that makes a list, put quotes around the whole: "[a, b]"`)
	case n.Kind == Map && n.Get("case") != nil:
		d.Report(n.At, "PC104", "case stands where one expression is expected", "case is for fields under map; here write if CONDITION { A } else { B }")
	case n.Kind == Map:
		d.Report(n.At, "PC104", "a mapping stands where one expression is expected",
			`for an expression that makes an object, put quotes around the whole: '{"a": b}'`)
	case text == "":
		d.Report(n.At, "PC143", d.where()+" has no expression", `write one; for an empty text write '""'`)
	case n.Style == Quoted && (bareName.MatchString(text) || IsNumber(text)):
		d.Report(n.At, "PC118", `"`+text+`" in quotes can be read in two ways`,
			"for the value of the expression write "+text+` without quotes; for the text write '"`+text+`"', or put it under const`)
	case bareDate.MatchString(text):
		d.Report(n.At, "PC119", text+" can be read in two ways: a date, or a calculation",
			`for the date write '"`+text+`"', or put it under const; a calculation needs spaces around its signs`)
	default:
		return Expr{Text: trim(n), At: n.TextAt}
	}
	return Expr{}
}

// trim leaves out the white space around an expression, as long as that moves no place: not in front
// of a text whose columns are told, and never a line break in front.
func trim(n *Node) string {
	text := strings.TrimRight(n.source, " \n\t")
	if n.TextAt.Col == 0 {
		text = strings.TrimLeft(text, " ")
	}
	return text
}

// Exprs is one expression or a list of them.
type Exprs []Expr

// UnmarshalNode reads both forms.
func (e *Exprs) UnmarshalNode(d *Decoder, n *Node) {
	if n.Kind != List {
		*e = Exprs{d.Expr(n)}
		return
	}
	for _, x := range n.Items {
		*e = append(*e, d.Expr(x))
	}
	if len(n.Items) == 0 {
		d.Report(n.At, "PC143", d.where()+" is an empty list", "write at least one expression")
	}
}

// Text is a text and where it stands.
type Text struct {
	Text string
	At   problem.Pos
}

func (t Text) String() string { return t.Text }

// IsZero says that nothing was written.
func (t Text) IsZero() bool { return t.Text == "" }

// UnmarshalNode takes the text as it stands.
func (t *Text) UnmarshalNode(d *Decoder, n *Node) {
	t.Text, _ = d.scalar(n, "a text")
	t.At = n.At
}

// Entry is one member of a mapping whose keys are the integrator's own names.
type Entry[T any] struct {
	Name  string
	At    problem.Pos
	Value T
}

// Named is a mapping whose keys are the integrator's own names, in the order written.
type Named[T any] []Entry[T]

// UnmarshalNode reads the members in order.
func (m *Named[T]) UnmarshalNode(d *Decoder, n *Node) {
	if n.Kind != Map {
		d.WrongKind(n, Map)
		return
	}
	*m = make(Named[T], len(n.Members))
	for i, member := range n.Members {
		e := &(*m)[i]
		e.Name, e.At = member.Name(), member.Key.At
		d.In(member.Name(), func() { d.Decode(member.Value, &e.Value) })
	}
}

// Get finds a member by name; nil when there is none.
func (m Named[T]) Get(name string) *T {
	for i := range m {
		if m[i].Name == name {
			return &m[i].Value
		}
	}
	return nil
}

// Names lists the members' names.
func (m Named[T]) Names() []string {
	out := make([]string, len(m))
	for i, e := range m {
		out[i] = e.Name
	}
	return out
}

// Params are a connector's own words, passed on as compact JSON.
type Params map[string]Param

// Param is one of them.
type Param struct {
	JSON json.RawMessage
	At   problem.Pos // of its name
}

// UnmarshalNode keeps each value as written.
func (p *Params) UnmarshalNode(d *Decoder, n *Node) {
	if n.Kind != Map {
		d.WrongKind(n, Map)
		return
	}
	*p = Params{}
	for _, m := range n.Members {
		(*p)[m.Name()] = Param{JSON: m.Value.JSON(), At: m.Key.At}
	}
}

// Raw gives the values by name, as a connector takes them.
func (p Params) Raw() map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(p))
	for name, v := range p {
		out[name] = v.JSON
	}
	return out
}

// Tree is YAML that its owner reads by itself, because it has a grammar of its own.
type Tree struct{ *Node }

// UnmarshalNode keeps the node.
func (t *Tree) UnmarshalNode(_ *Decoder, n *Node) { t.Node = n }

// ReadExpr reads a node as an expression; mistakes go into the list.
func ReadExpr(n *Node, problems *problem.List) Expr {
	d := &Decoder{}
	e := d.Expr(n)
	problems.Add(d.problems)
	return e
}
