package document

import (
	"strings"

	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

// isConst says that a mapping is nothing but {const: TEXT}.
func isConst(n *spec.Node) bool {
	return len(n.Members) == 1 && n.Members[0].Name() == "const" && n.Members[0].Value.Kind == spec.Scalar
}

// consts reads the block of texts that are the same for every document.
func (c *compiler) consts(n *spec.Node, at place, o *object) {
	if n.Kind != spec.Map {
		c.report(n.At, "PC104", "const must be a mapping of target fields, and is "+n.Kind.String(), "write const: {FIELD: TEXT}")
		return
	}
	for _, m := range n.Members {
		path := strings.Split(m.Name(), ".")
		schema, ok := c.target(m.Key, path, at)
		if !ok {
			continue
		}
		sub := place{schema: schema, field: strings.TrimPrefix(at.field+"."+m.Name(), ".")}
		if x := c.constant(m.Value, sub); x != nil {
			c.put(o, path, x, m.Key.At)
		}
	}
}

// constant makes the node of a literal: everything under const is text, as written.
func (c *compiler) constant(n *spec.Node, at place) node {
	switch {
	case n.Kind == spec.Map:
		o := &object{field: at.field, at: n.At}
		c.consts(n, at, o)
		return o
	case n.Kind == spec.List:
		a := &array{}
		for _, x := range n.Items {
			a.items = append(a.items, c.constant(x, place{field: at.field + "[]"}))
		}
		return a
	case n.Empty():
		c.report(n.At, "PC143", "target field "+at.field+" has no value under const", `write one; for an empty text write ""`)
		return nil
	}
	if s := at.schema; s != nil && s.Type != value.Text && s.Type != value.Absent && s.Type != value.Instant {
		hint := "write it outside of const, where it is an expression: " + n.Text
		if s.Type == value.Object && s.Known() {
			hint = "name one of its fields: " + at.field + "." + s.Names[0]
		}
		c.report(n.At, "PC253", "target field "+at.field+" wants "+s.Type.String()+", and const makes a text", hint)
		return nil
	}
	return &text{json: string(value.AppendText(nil, n.Text)), typ: &value.Schema{Type: value.Text}}
}
