// Package where keeps a record when an expression is true.
package where

import (
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
)

// Kind is the step `where`.
var Kind = step.Define("where", "keeps the record when the expression is true; the rest is counted as filtered", compile)

// Spec is how the step is written in YAML.
type Spec struct {
	Where spec.Expr `yaml:"where" doc:"an expression that answers true or false" example:"total_amount > 0" required:"true"`
}

func compile(s Spec, in *step.Scope) (step.Step, error) {
	if s.Where.IsZero() {
		return nil, nil // told when it was read
	}
	keep, err := in.Bool(s.Where)
	if err != nil {
		return nil, err // says file, line and the nearest name already
	}
	return step.Each(func(r *step.Row) error {
		ok, err := keep(r)
		if err == nil && !ok {
			r.Drop()
		}
		return problem.In(err, problem.Error{At: s.Where.At})
	}), nil
}
