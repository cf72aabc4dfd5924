package step

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
)

// Kind is one kind of step: how it is written, and how it becomes a Step.
type Kind struct {
	Name string // the key that tells it from the others
	Doc  string
	Spec any // the zero value of its struct: the reference and the schema are read from it

	compile func(s spec.Step, in *Scope) (Step, error)
}

// Define makes a kind of a struct that says how the step is written. Compile reports its mistakes
// as an error, one or a list; the names that it binds it binds even then, so that what stands
// below is not called unknown for it.
func Define[S any](name, doc string, compile func(S, *Scope) (Step, error)) Kind {
	var zero S
	return Kind{Name: name, Doc: doc, Spec: zero, compile: func(s spec.Step, in *Scope) (Step, error) {
		var into S
		mistakes := s.Decode(name, &into)
		out, err := compile(into, in)
		if len(mistakes) > 0 {
			mistakes.Add(err)
			return nil, mistakes
		}
		return out, err
	}}
}

// Each makes a Step of what is done to each row by itself. An error is the row's own unless its
// class says that it holds for all.
func Each(f func(*Row) error) Step { return each(f) }

type each func(*Row) error

func (f each) Run(_ context.Context, rows []*Row) error {
	for _, r := range rows {
		if r.Dropped {
			continue
		}
		if err := r.Fail(f(r), problem.Error{}); err != nil {
			return err
		}
	}
	return nil
}
