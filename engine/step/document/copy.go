package document

import (
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// copies compiles `copy: all` and `copy: [fields]`.
func (c *compiler) copies(n, except *spec.Node, in *step.Scope, at place, o *object) {
	out := &copied{except: map[string]bool{}}
	c.base(out, in, at)
	switch {
	case n.Kind == spec.List:
		c.copyNames(n, out, o)
	case n.Kind == spec.Scalar && n.Text == "all":
		out.all = true
		defer within(o, out)
	default:
		c.report(n.At, "PC105", "copy must be all, or a list of fields", "write copy: all, or copy: [a, b]")
		return
	}
	if except != nil {
		c.except(except, out)
	}
	o.copies = append(o.copies, out)
}

// within lets what is mapped win over what is copied: of an object that is mapped in part, the
// other fields are copied still.
func within(o *object, all *copied) {
	for _, m := range o.members {
		all.except[m.name] = true
		sub, ok := m.node.(*object)
		if !ok {
			continue
		}
		name := value.NameOf(m.name)
		below := &copied{all: true, except: map[string]bool{}, base: func(r *step.Row) value.Value { return name.Get(all.base(r)) }}
		below.typ, _ = all.typ.Member(m.name)
		if below.typ != nil && below.typ.Type != value.Object {
			continue
		}
		below.origin = func(path string) ([]string, bool) { return all.origin(m.name + "." + path) }
		within(sub, below)
		sub.copies = append(sub.copies, below)
	}
}

// base is what fields are copied from: the innermost item, the document of the map before, or the
// record.
func (c *compiler) base(out *copied, in *step.Scope, at place) {
	switch doc, mapped := in.DocumentSchema(); {
	case at.item != nil:
		it := at.item
		out.typ = it.typ
		out.origin = func(string) ([]string, bool) { return nil, true }
		out.base = func(r *step.Row) value.Value { return r.Slots[it.slot] }
		for _, name := range it.extras {
			out.except[name] = true
		}
	case mapped:
		out.typ, out.origin = doc, in.DocumentFrom()
		out.base = func(r *step.Row) value.Value { return r.Document.Value() }
	default:
		out.typ = in.Expr.Source()
		out.origin = func(path string) ([]string, bool) { return []string{path}, true }
		out.base = func(r *step.Row) value.Value { return r.Source }
		in.Uses("*")
	}
}

func (c *compiler) copyNames(n *spec.Node, out *copied, o *object) {
	for _, x := range n.Items {
		path, err := value.ParsePath(x.Text)
		switch _, known := out.typ.At(x.Text); {
		case err != nil || strings.ContainsAny(x.Text, ".["):
			c.report(x.At, "PC265", `"`+x.Text+`" can't be copied`, "copy names fields of the top; map others by their names")
		case out.typ.Known() && !known:
			c.report(x.At, "PC265", "field "+x.Text+" is unknown, and can't be copied", problem.DidYouMean(x.Text, out.typ.Names))
		case o.member(x.Text) != nil:
			c.report(x.At, "PC255", "target field "+x.Text+" is copied and mapped", "leave one of the two out")
		default:
			out.names, out.paths = append(out.names, x.Text), append(out.paths, path)
		}
	}
}

func (c *compiler) except(n *spec.Node, out *copied) {
	if n.Kind != spec.List || !out.all {
		c.report(n.At, "PC142", "except must be a list of fields beside copy: all", "write except: [a, b]")
		return
	}
	for _, x := range n.Items {
		if _, known := out.typ.Member(x.Text); out.typ.Known() && !known {
			c.report(x.At, "PC265", "field "+x.Text+" is unknown, and can't be left out", problem.DidYouMean(x.Text, out.typ.Names))
		}
		out.except[x.Text] = true
	}
}
