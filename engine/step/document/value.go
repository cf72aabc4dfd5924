package document

import (
	"regexp"
	"strings"

	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// value compiles what stands behind a field's name; nil after a mistake.
func (c *compiler) value(n *spec.Node, in *step.Scope, at place) node {
	switch {
	case n.Kind == spec.List:
		return c.array(n, in, at)
	case n.Kind == spec.Scalar:
		return c.leaf(n, in, at)
	case n.Get("case") != nil || n.Get("else") != nil:
		return c.choice(n, in, at)
	case isConst(n):
		return c.constant(n.Get("const"), at)
	case n.Get("each") != nil:
		return c.list(n, in, at)
	}
	if at.schema != nil && at.schema.Type == value.List {
		c.report(n.At, "PC253", "target field "+at.field+" is a list of lines, and one object stands there", "add each: {line: LIST}, or put - before the object")
		return nil
	}
	if at.schema != nil && at.schema.Type != value.Object && at.schema.Type != value.Absent {
		c.report(n.At, "PC253", "target field "+at.field+" is "+at.schema.Type.String()+", and an object stands there", "write one expression")
		return nil
	}
	return c.object(n, in.Child(), at)
}

func (c *compiler) leaf(n *spec.Node, in *step.Scope, at place) node {
	before := len(c.problems)
	e := c.expr(spec.ReadExpr(n, &c.problems), in)
	if e == nil {
		c.literal(n, before)
		return nil
	}
	c.fits(e, at)
	return &leaf{Expr: e, field: at.field}
}

var oneWord = regexp.MustCompile(`^[\pL\pN_.-]+$`)

// literal adds to the complaint of an unknown name that a text was probably meant.
func (c *compiler) literal(n *spec.Node, before int) {
	if len(c.problems) != before+1 || n.Style != spec.Plain || !oneWord.MatchString(n.Text) {
		return
	}
	p := *c.problems[before]
	if p.ID == "PC206" && strings.Contains(p.Reason, n.Text) {
		p.Hint = "for the text " + n.Text + " put it under const; " + p.Hint
		c.problems[before] = &p
	}
}

// fits compares what an expression answers with what the target wants.
func (c *compiler) fits(e *step.Expr, at place) {
	if at.schema == nil || at.schema.Type == value.Absent {
		return
	}
	have, want := e.Type(), *at.schema
	_, literal := e.Const()
	switch {
	case have.Type <= value.Null || have.Type == want.Type:
	case want.Type == value.Text && have.Type == value.Number && literal:
		c.report(e.At(), "PC252", "target field "+at.field+" wants a text, and "+e.Text()+" is a number", "put it under const: everything there is text")
	case want.Type == value.Instant && have.Type == value.Text, want.Type == value.Text && have.Type == value.Instant:
	case want.Type == value.Object && want.Known():
		c.report(e.At(), "PC253", "target field "+at.field+" is an object, and "+e.Text()+" is "+have.Type.String(), "map its fields: "+at.field+"."+want.Names[0])
	case want.Type == value.List:
		c.report(e.At(), "PC253", "target field "+at.field+" is a list, and "+e.Text()+" is "+have.Type.String(), "write a mapping with each, or a list")
	default:
		c.report(e.At(), "PC253", "target field "+at.field+" wants "+want.Type.String()+", and "+e.Text()+" is "+have.Type.String(), convert(want.Type))
	}
}

func convert(want value.Kind) string {
	switch want {
	case value.Text:
		return "make a text of it: text(x)"
	case value.Number:
		return "make a number of it: number(x)"
	case value.Bool:
		return `compare it: x == "1"`
	case value.Absent, value.Null, value.Instant, value.List, value.Object:
	}
	return "map another field"
}
