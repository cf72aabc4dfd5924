package document

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

type compiler struct {
	in       *step.Scope
	problems problem.List
}

// place is where in the document the compiler is.
type place struct {
	schema *value.Schema // nil: not known
	field  string        // pattern of the path: FSaleOrderEntry[].FQty
	top    bool          // of the whole document
	item   *item         // the innermost item of an each
}

// item is what an each has in its hand.
type item struct {
	slot   expr.Slot
	name   string
	typ    *value.Schema
	extras []string // members that look-ups put there
}

// object compiles a mapping of fields.
func (c *compiler) object(n *spec.Node, in *step.Scope, at place) *object {
	o := &object{field: at.field, at: n.At}
	c.lets(n.Get("let"), in, o)
	if w := n.Get("where"); w != nil && !at.top {
		o.where = c.condition(w, in)
		o.at = w.At
	}
	c.fields(n, in, at, o)
	if copies := n.Get("copy"); copies != nil {
		c.copies(copies, n.Get("except"), in, at, o)
	} else if e := n.Get("except"); e != nil {
		c.report(e.At, "PC142", `"except" stands without "copy"`, "write copy: all beside it")
	}
	c.required(n, at, o)
	return o
}

func (c *compiler) report(at problem.Pos, id, reason, hint string) {
	c.problems.Add(step.Mistake(at, id, reason, hint))
}

func (c *compiler) fields(n *spec.Node, in *step.Scope, at place, o *object) {
	for _, m := range n.Members {
		switch name := m.Name(); name {
		case "const":
			c.consts(m.Value, at, o)
		case "fields":
			if m.Value.Kind != spec.Map {
				c.report(m.Value.At, "PC104", "fields must be a mapping of target fields", "it holds fields whose names are words of the language")
				continue
			}
			for _, f := range m.Value.Members {
				c.field(f, in, at, o)
			}
		case "copy", "except":
		case "let", "where":
			if at.top {
				c.report(m.Key.At, "PC266", `"`+name+`" stands inside map`, "make it a step of its own: - "+name+": …; a target field of this name stands under fields")
			}
		case "each":
			if at.top {
				c.report(m.Key.At, "PC266", `"each" stands at the top of map, and a record becomes one document`, "put it below the target's list of lines; a target field of this name stands under fields")
			}
		case "case", "else":
			c.report(m.Key.At, "PC266", `"`+name+`" stands beside fields`, "it is the value of one field; a target field of this name stands under fields")
		default:
			c.field(m, in, at, o)
		}
	}
}

func (c *compiler) lets(n *spec.Node, in *step.Scope, o *object) {
	if n == nil {
		return
	}
	var names spec.Named[spec.Expr]
	c.problems.Add(spec.Decode(n, &names))
	for _, e := range names {
		compiled := c.expr(e.Value, in)
		slot, err := in.Bind(e.Name, step.Schema(compiled), e.At, compiled.From())
		c.problems.Add(err)
		if compiled != nil {
			o.lets = append(o.lets, binding{slot, compiled})
		}
	}
}

// expr compiles an expression; nil after a mistake, which is noted.
func (c *compiler) expr(e spec.Expr, in *step.Scope, want ...value.Kind) *step.Expr {
	if e.IsZero() {
		return nil // the mistake was noted when it was read
	}
	compiled, err := in.Compile(e, want...)
	c.problems.Add(err)
	return compiled
}

func (c *compiler) condition(n *spec.Node, in *step.Scope) func(*step.Row) (bool, error) {
	e := c.expr(spec.ReadExpr(n, &c.problems), in, value.Bool)
	if e == nil {
		return nil
	}
	return func(r *step.Row) (bool, error) {
		v, err := e.Eval(r)
		return v.Bool(), err
	}
}

// field compiles one `NAME: VALUE`, where dots in the name lead into nested objects.
func (c *compiler) field(m spec.Member, in *step.Scope, at place, o *object) {
	path := strings.Split(m.Name(), ".")
	schema, ok := c.target(m.Key, path, at)
	if !ok {
		return
	}
	sub := place{schema: schema, field: strings.TrimPrefix(at.field+"."+m.Name(), "."), item: at.item}
	if n := c.value(m.Value, in, sub); n != nil {
		c.put(o, path, n, m.Key.At)
	}
}

// target finds a field in the target's schema; false after a mistake.
func (c *compiler) target(key *spec.Node, path []string, at place) (*value.Schema, bool) {
	schema, col := at.schema, 0
	for i, name := range path {
		pos := key.TextAt
		if pos.Col > 0 {
			pos.Col += col
		}
		col += utf8.RuneCountInString(name) + 1
		full := strings.TrimPrefix(at.field+"."+strings.Join(path[:i+1], "."), ".")
		switch {
		case name == "":
			c.report(pos, "PC250", `target field "`+key.Text+`" has an empty part`, "write names joined by dots: FCustId.FNumber")
			return nil, false
		case schema == nil || !schema.Known():
			return nil, true
		case schema.Type == value.List:
			c.report(pos, "PC253", "target field "+full[:len(full)-len(name)-1]+" is a list of lines", "write it as a mapping with each: {line: LIST}")
			return nil, false
		}
		next, ok := schema.Member(name)
		if !ok {
			if schema.Open || schema.Prefix != "" && strings.HasPrefix(name, schema.Prefix) {
				return nil, true
			}
			c.report(pos, "PC250", "target field "+full+" is unknown", problem.DidYouMean(name, schema.Names)+"; if your account has it, name it: target: {also: ["+strings.ReplaceAll(full, "[]", "")+"]}")
			return nil, false
		}
		if next.ReadOnly {
			c.report(pos, "PC251", "target field "+full+" is computed by the target", "leave it out of the map")
			return nil, false
		}
		schema = next
	}
	return schema, true
}

// put sets a node into the layout, and makes the objects on its way.
func (c *compiler) put(o *object, path []string, n node, at problem.Pos) {
	for i, name := range path {
		full := strings.TrimPrefix(o.field+"."+name, ".")
		m := o.member(name)
		last := i == len(path)-1
		switch {
		case m == nil && last:
			o.members = append(o.members, &member{name: name, key: string(value.AppendText(nil, name)) + ":", node: n, at: at})
			return
		case m == nil:
			m = &member{name: name, key: string(value.AppendText(nil, name)) + ":", at: at, made: true, node: &object{field: full, at: at}}
			o.members = append(o.members, m)
		case last:
			c.merge(m, n, full, at)
			return
		}
		next, ok := m.node.(*object)
		if !ok {
			c.report(at, "PC255", "target field "+full+" is a value already, and can't hold "+strings.Join(path[i+1:], "."), "it stands at line "+itoa(m.at.Line))
			return
		}
		o = next
	}
}

// merge puts a second object of the same name into the first: `FNote` and `FNote.A` differ, but
// `A.B` and `A: {C: …}` are one object.
func (c *compiler) merge(m *member, n node, full string, at problem.Pos) {
	have, ok := m.node.(*object)
	more, also := n.(*object)
	if !ok || !also || !m.made && have.where != nil || more.where != nil || len(more.lets) > 0 {
		c.report(at, "PC255", "target field "+full+" is mapped twice", "it stands at line "+itoa(m.at.Line)+" already; delete one of the two")
		return
	}
	for _, x := range more.members {
		c.put(have, []string{x.name}, x.node, x.at)
	}
	have.copies = append(have.copies, more.copies...)
}

func (o *object) member(name string) *member {
	i := slices.IndexFunc(o.members, func(m *member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return o.members[i]
}

// required warns of fields that the target needs and nothing maps.
func (c *compiler) required(n *spec.Node, at place, o *object) {
	if at.schema == nil || len(o.copies) > 0 || len(c.problems) > 0 {
		return // a field whose expression is a mistake is mapped, and not in the layout
	}
	schema := at.schema
	if schema.Type == value.List {
		schema = schema.Items
	}
	for _, name := range schema.Required {
		if o.member(name) == nil {
			full := strings.TrimPrefix(at.field+"."+name, ".")
			p := step.Mistake(n.At, "PC254", "target field "+full+" is needed, and nothing maps it", "map it, unless the target fills it in by itself")
			c.in.Warn(p)
		}
	}
}
