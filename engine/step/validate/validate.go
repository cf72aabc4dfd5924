// Package validate checks what must hold before a document is sent: rules, rows that must exist in
// a system, a JSON Schema.
package validate

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
)

// Kind is the step `validate`.
var Kind = step.Define("validate", "checks rules, rows that must exist, a JSON Schema; all that fail are told", compile)

// Spec is how the step is written in YAML.
type Spec struct {
	Validate []Check `yaml:"validate" doc:"what must hold (校验)" required:"true"`
}

// Check is one of them: a rule, exists or a schema.
type Check struct {
	Rule     spec.Expr `yaml:"rule" doc:"an expression that must be true" example:"len(FSaleOrderEntry) > 0"`
	Exists   *Exists   `yaml:"exists" doc:"a row that must be there"`
	Schema   spec.Text `yaml:"schema" doc:"a JSON Schema file that the document must fit; before map, the record"`
	Message  spec.Text `yaml:"message" doc:"what to tell when it does not hold"`
	Severity spec.Text `yaml:"severity" doc:"error (the default) makes the record an exception; warn only notes it" enum:"error,warn"`
	at       problem.Pos
}

// UnmarshalNode remembers where the check stands.
func (c *Check) UnmarshalNode(d *spec.Decoder, n *spec.Node) {
	type plain Check
	d.Decode(n, (*plain)(c))
	c.at = n.At
}

// check is a compiled Check: it looks at a batch.
type check interface {
	look(ctx context.Context, rows []*step.Row, tell func(*step.Row, *problem.Error)) error
}

type validation struct {
	check
	Check
}

type checks []validation

func compile(s Spec, in *step.Scope) (step.Step, error) {
	var problems problem.List
	var out checks
	for _, c := range s.Validate {
		x, err := compileCheck(c, in)
		problems.Add(err)
		out = append(out, validation{x, c})
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func compileCheck(c Check, in *step.Scope) (check, error) {
	ways := 0
	for _, set := range []bool{!c.Rule.IsZero(), c.Exists != nil, !c.Schema.IsZero()} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, step.Mistake(c.at, "PC142", "a check must be exactly one of rule, exists and schema", "begin another one with - for each")
	case c.Exists != nil:
		return compileExists(c.Exists, in)
	case !c.Schema.IsZero():
		return compileSchema(c.Schema, in)
	}
	return compileRule(c, in)
}

// Run looks at every row, those with problems too: a record's problems are told together.
func (cs checks) Run(ctx context.Context, rows []*step.Row) error {
	var live []*step.Row
	for _, r := range rows {
		if !r.Dropped && r.Mapped() {
			live = append(live, r)
		}
	}
	for _, c := range cs {
		var all error
		err := c.look(ctx, live, func(r *step.Row, p *problem.Error) {
			if err := c.tell(r, p); err != nil {
				all = err
			}
		})
		if err != nil {
			return err
		}
		if all != nil {
			return all
		}
	}
	return nil
}

// tell puts what failed on the row: an exception, or a warning.
func (c validation) tell(r *step.Row, p *problem.Error) error {
	if p == nil {
		return nil
	}
	out := *p
	if !c.Message.IsZero() && (out.ID == "PC261" || out.ID == "PC262" || out.ID == "PC263") {
		out.Reason = c.Message.Text
	}
	if c.Severity.Text == "warn" {
		r.Warnings = append(r.Warnings, &out)
		return nil
	}
	return r.Fail(&out, problem.Error{At: c.at})
}
