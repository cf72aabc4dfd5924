package document

import (
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// choice compiles case.
func (c *compiler) choice(n *spec.Node, in *step.Scope, at place) node {
	out := &choice{field: at.field, at: n.At}
	for _, m := range n.Members {
		switch m.Name() {
		case "case":
			out.at = m.Key.At
			if m.Value.Kind != spec.List || len(m.Value.Items) == 0 {
				c.report(m.Value.At, "PC104", "case must be a list of when and const", "write - {when: EXPRESSION, const: TEXT} for each case")
				return nil
			}
			for _, x := range m.Value.Items {
				c.when(x, in, at, out)
			}
		case "else":
			out.other = c.otherwise(m.Value, in, at)
		default:
			c.report(m.Key.At, "PC101", `key "`+m.Name()+`" is unknown beside case`, problem.DidYouMean(m.Name(), []string{"case", "else"}))
		}
	}
	if n.Get("case") == nil {
		c.report(n.At, "PC103", "else stands without case", "write case: with - {when: EXPRESSION, const: TEXT} for each case")
		return nil
	}
	return out
}

// otherwise is what no case fits: `reject`, or a value.
func (c *compiler) otherwise(n *spec.Node, in *step.Scope, at place) node {
	if n.Kind == spec.Scalar && n.Text == "reject" {
		return nil
	}
	return c.value(n, in, at)
}

func (c *compiler) when(n *spec.Node, in *step.Scope, at place, out *choice) {
	if n.Kind != spec.Map {
		c.report(n.At, "PC104", "a case must be a mapping, and is "+n.Kind.String(), "write {when: EXPRESSION, const: TEXT}")
		return
	}
	var w when
	for _, m := range n.Members {
		switch m.Name() {
		case "when":
			e := c.expr(spec.ReadExpr(m.Value, &c.problems), in, value.Bool)
			if e != nil {
				w.is, w.at = func(r *step.Row) (bool, error) {
					v, err := e.Eval(r)
					return v.Bool(), err
				}, e.At()
				out.show(e, c.in)
			}
		case "const":
			w.node = c.constant(m.Value, at)
		case "value":
			w.node = c.value(m.Value, in, at)
		default:
			c.report(m.Key.At, "PC101", `key "`+m.Name()+`" is unknown in a case`, problem.DidYouMean(m.Name(), []string{"when", "const", "value"}))
			return
		}
	}
	switch {
	case n.Get("when") == nil:
		c.report(n.At, "PC103", "a case lacks when", "write {when: EXPRESSION, const: TEXT}; what fits no case stands under else")
	case (n.Get("const") == nil) == (n.Get("value") == nil):
		c.report(n.At, "PC103", "a case must have either const or value", "const: TEXT is a text as written, value: EXPRESSION is calculated")
	case w.is != nil && w.node != nil:
		out.whens = append(out.whens, w)
	}
}

// show remembers how to show the value that no case fits: the first name that a case looks at.
func (c *choice) show(e *step.Expr, in *step.Scope) {
	if c.shown != nil {
		return
	}
	c.shown = func(*step.Row) string { return "the record" }
	if names := e.Names(); len(names) == 1 && len(e.Sources()) == 0 {
		if slot, ok := in.Expr.Slot(names[0]); ok {
			c.shown = func(r *step.Row) string { return names[0] + " " + r.Slots[slot].Display() }
		}
		return
	}
	if paths := e.Sources(); len(paths) == 1 {
		if path, err := value.ParsePath(paths[0]); err == nil {
			c.shown = func(r *step.Row) string { return paths[0] + " " + path.Get(r.Source).Display() }
		}
	}
}
