package document

import (
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

func (l *leaf) schema() *value.Schema { return step.Schema(l.Expr) }

func (l *leaf) from([]string) ([]string, bool) { return l.From(), true }

func (t *text) schema() *value.Schema { return t.typ }

func (t *text) from([]string) ([]string, bool) { return nil, true }

// schema is that of the object; open where fields of an unknown record are copied into it.
func (o *object) schema() *value.Schema {
	s := value.Schema{Type: value.Object}
	for _, c := range o.copies {
		if c.all && !c.typ.Known() {
			return nil
		}
		c.addTo(&s)
	}
	for _, m := range o.members {
		var known value.Schema
		if t := m.node.schema(); t != nil {
			known = *t
		}
		s = s.With(m.name, known)
	}
	return &s
}

func (c *copied) addTo(s *value.Schema) {
	if c.all {
		for _, name := range c.typ.Names {
			if !c.except[name] {
				*s = s.With(name, c.typ.Properties[name])
			}
		}
		return
	}
	for _, name := range c.names {
		var known value.Schema
		if t, ok := c.typ.At(name); ok {
			known = *t
		}
		*s = s.With(name, known)
	}
}

func (o *object) from(path []string) ([]string, bool) {
	if len(path) == 0 {
		var all []string
		for _, m := range o.members {
			more, _ := m.node.from(nil)
			all = append(all, more...)
		}
		return all, true
	}
	for _, m := range o.members {
		if m.name == path[0] {
			return m.node.from(path[1:])
		}
	}
	for _, c := range o.copies {
		if c.all && !c.except[path[0]] || slices.Contains(c.names, path[0]) {
			if _, ok := c.typ.Member(path[0]); !ok && c.typ.Known() {
				continue
			}
			return c.origin(strings.Join(path, "."))
		}
	}
	return nil, false
}

func (a *array) schema() *value.Schema { return &value.Schema{Type: value.List} }

func (a *array) from([]string) ([]string, bool) {
	var all []string
	for _, item := range a.items {
		more, _ := item.from(nil)
		all = append(all, more...)
	}
	return all, true
}

func (l *list) schema() *value.Schema {
	return &value.Schema{Type: value.List, Items: l.each.schema()}
}

func (l *list) from([]string) ([]string, bool) { return l.each.from(nil) }

// schema of a choice is what all its ways have in common.
func (c *choice) schema() *value.Schema {
	var typ value.Kind
	for i, x := range c.ways() {
		t := x.schema()
		if t == nil || i > 0 && t.Type != typ || t.Type >= value.List {
			return nil
		}
		typ = t.Type
	}
	return &value.Schema{Type: typ}
}

func (c *choice) ways() []node {
	var out []node
	for _, w := range c.whens {
		out = append(out, w.node)
	}
	if c.other != nil {
		out = append(out, c.other)
	}
	return out
}

// from of a choice is what every one of its ways is made of.
func (c *choice) from(path []string) ([]string, bool) {
	var common []string
	for i, x := range c.ways() {
		paths, _ := x.from(path)
		if i == 0 {
			common = slices.Clone(paths)
			continue
		}
		common = slices.DeleteFunc(common, func(p string) bool { return !slices.Contains(paths, p) })
	}
	return common, true
}
