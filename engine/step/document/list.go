package document

import (
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// array compiles a YAML list.
func (c *compiler) array(n *spec.Node, in *step.Scope, at place) node {
	sub := at
	sub.field += "[]"
	if s := at.schema; s != nil {
		if s.Type != value.List && s.Type != value.Absent {
			c.report(n.At, "PC253", "target field "+at.field+" is "+s.Type.String()+", and a list stands there", "write one value")
			return nil
		}
		sub.schema = s.Items
	}
	a := &array{}
	for _, x := range n.Items {
		if x.Kind == spec.Map && x.Get("each") != nil {
			if l := c.list(x, in, at); l != nil {
				a.items = append(a.items, l)
			}
			continue
		}
		if item := c.value(x, in, sub); item != nil {
			a.items = append(a.items, item)
		}
	}
	return a
}

// list compiles a mapping with each.
func (c *compiler) list(n *spec.Node, in *step.Scope, at place) node {
	if s := at.schema; s != nil && s.Type != value.List && s.Type != value.Absent {
		c.report(n.At, "PC253", "target field "+at.field+" is "+s.Type.String()+", and each makes a list", "leave each out")
		return nil
	}
	var each spec.Named[spec.Expr]
	c.problems.Add(spec.Decode(n.Get("each"), &each))
	if len(each) == 0 || len(each) > 2 {
		c.report(n.Get("each").At, "PC264", "each must name one list, or two where the second lies in the first", "write each: {line: lines}, or {line: lines, part: line.parts}")
		return nil
	}
	l := &list{field: at.field}
	in = in.Child()
	sub := place{field: at.field + "[]"}
	if at.schema != nil {
		sub.schema = at.schema.Items
	}
	for _, e := range each {
		lv, it := c.level(e, in)
		if lv == nil {
			return nil
		}
		l.levels = append(l.levels, *lv)
		sub.item = it
	}
	l.each = c.object(n, in, sub)
	return l
}

func (c *compiler) level(e spec.Entry[spec.Expr], in *step.Scope) (*level, *item) {
	compiled := c.expr(e.Value, in, value.List)
	var items *value.Schema
	if t := step.Schema(compiled); t != nil {
		items = t.Items
	}
	slot, err := in.Bind(e.Name, items, e.At, compiled.From())
	c.problems.Add(err)
	if compiled == nil {
		return nil, nil
	}
	return &level{Expr: compiled, slot: slot, name: e.Name},
		&item{slot: slot, name: e.Name, typ: items, extras: in.Extras(compiled.Text())}
}
