package validate

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

type rule struct {
	*step.Expr
	field string
}

func compileRule(c Check, in *step.Scope) (check, error) {
	e, err := in.Compile(c.Rule, value.Bool)
	if err != nil {
		return nil, err
	}
	return &rule{Expr: e, field: fieldOf(e, in)}, nil
}

// fieldOf is the first field of the document that a rule speaks of, or the first name or field of
// the record.
func fieldOf(e *step.Expr, in *step.Scope) string {
	if doc, mapped := in.DocumentSchema(); mapped {
		for _, word := range step.Words(e.Text()) {
			if _, ok := doc.At(word); ok {
				return word
			}
		}
	}
	for _, list := range [][]string{e.Names(), e.Sources()} {
		if len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

func (x *rule) look(_ context.Context, rows []*step.Row, tell func(*step.Row, *problem.Error)) error {
	for _, r := range rows {
		v, err := x.Eval(r)
		switch {
		case step.Blocked(err):
		case err != nil:
			p := *problem.As(problem.In(err, problem.Error{At: x.At(), Field: x.field}))
			tell(r, &p)
		case !v.Bool():
			tell(r, &problem.Error{
				Class: problem.Invalid, ID: "PC261", Field: x.field, At: x.At(),
				Reason: "rule does not hold: " + x.Text(), Hint: "correct the record at its source, or the rule",
			})
		}
	}
	return nil
}
