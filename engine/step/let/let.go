// Package let names computed values, so that what stands below speaks the customer's own words.
package let

import (
	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
)

// Kind is the step `let`.
var Kind = step.Define("let", "names computed values; each sees those above it", compile)

// Spec is how the step is written in YAML.
type Spec struct {
	Let spec.Named[spec.Expr] `yaml:"let" doc:"names with expressions; each sees those above it" example:"{order_id: amazon_order_id}" required:"true"`
}

type binding struct {
	name string
	slot expr.Slot
	*step.Expr
}

func compile(s Spec, in *step.Scope) (step.Step, error) {
	var problems problem.List
	var names []binding
	for _, e := range s.Let {
		var compiled *step.Expr
		if !e.Value.IsZero() {
			var err error
			compiled, err = in.Compile(e.Value)
			problems.Add(err)
		}
		// A name whose expression is wrong is bound all the same: it isn't unknown below.
		slot, err := in.Bind(e.Name, step.Schema(compiled), e.At, compiled.From())
		problems.Add(err)
		names = append(names, binding{e.Name, slot, compiled})
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return step.Each(func(r *step.Row) error { return assign(r, names) }), nil
}

// assign goes on after a mistake, so that all of a record's are told in one pass.
func assign(r *step.Row, names []binding) error {
	for _, b := range names {
		v, err := b.Eval(r)
		if err == nil {
			r.Slots[b.slot] = v
			continue
		}
		r.Break(b.slot)
		if err := r.Fail(err, problem.Error{Field: b.name, At: b.At()}); err != nil {
			return err
		}
	}
	return nil
}
