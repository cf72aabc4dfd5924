package validate

import (
	"context"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// Exists names a row that must be there.
type Exists struct {
	Connection spec.Text  `yaml:"connection" doc:"a connection of pipectl.yaml" required:"true"`
	Object     spec.Text  `yaml:"object" doc:"what is asked there" required:"true"`
	Match      step.Match `yaml:"match" doc:"fields with expressions, and const with texts" example:"{FNumber: customer}" required:"true"`
}

type exists struct {
	Exists
	match *step.Matcher
	find  func(context.Context, connector.Find) ([]value.Record, error)
}

func compileExists(e *Exists, in *step.Scope) (check, error) {
	info, err := in.Object(e.Connection, e.Object)
	if err != nil {
		return nil, err
	}
	m, err := in.Matcher(e.Match, step.FieldsOf(info))
	if err != nil {
		return nil, err
	}
	in.Asks(step.Ask{Connection: e.Connection.Text, Object: e.Object.Text, Match: m.Names, Const: m.Const})
	return &exists{*e, m, func(ctx context.Context, f connector.Find) ([]value.Record, error) {
		return in.Find(ctx, e.Connection.Text, f)
	}}, nil
}

// look asks once for all rows of the batch.
func (x *exists) look(ctx context.Context, rows []*step.Row, tell func(*step.Row, *problem.Error)) error {
	wanted := map[string][]value.Value{}
	keys := make([]string, len(rows))
	var find connector.Find
	for i, r := range rows {
		values, err := x.match.Values(r)
		if err != nil {
			if !step.Blocked(err) {
				tell(r, problem.As(err))
			}
			continue
		}
		keys[i] = step.KeyOf(values)
		if keys[i] != "" && wanted[keys[i]] == nil {
			wanted[keys[i]] = values
			find.Values = append(find.Values, values)
		}
		if keys[i] == "" {
			tell(r, x.match.Empty(values, x.match.Text()))
		}
	}
	if len(find.Values) == 0 {
		return nil
	}
	find.Object, find.Match, find.Const = x.Object.Text, x.match.Names, x.match.Const
	found, err := x.find(ctx, find)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, row := range found {
		there[x.match.KeyOfRow(row)] = true
	}
	for i, r := range rows {
		if keys[i] != "" && !there[keys[i]] {
			tell(r, x.absent(keys[i]))
		}
	}
	return nil
}

func (x *exists) absent(key string) *problem.Error {
	return &problem.Error{
		Class: problem.Missing, ID: "PC263", Field: x.match.Text(), At: x.Object.At,
		Reason: key + " does not exist in " + x.Connection.Text + " " + x.Object.Text,
		Hint:   "create it there; the record goes on by itself then",
		Cause:  &problem.Cause{Connection: x.Connection.Text, Object: x.Object.Text, Key: key},
	}
}
