package lookup

import (
	"context"
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// object asks a connection.
type object struct {
	info             connector.ObjectInfo
	connection, name string
	ask              func(ctx context.Context, connection string, f connector.Find) ([]value.Record, error)
}

func (o *object) fields() step.Fields { return step.FieldsOf(o.info) }
func (o *object) where() string       { return o.connection + " " + o.name }

func (o *object) cause(key string) problem.Cause {
	return problem.Cause{Connection: o.connection, Object: o.name, Key: key}
}

func (o *object) find(ctx context.Context, l *lookup, wanted [][]value.Value) ([][]value.Value, error) {
	f := connector.Find{Object: o.name, Match: l.match.Names, Const: l.match.Const, Values: wanted}
	for _, x := range l.Fields {
		if !slices.Contains(f.Fields, x.Value.Text) && !slices.Contains(f.Match, x.Value.Text) {
			f.Fields = append(f.Fields, x.Value.Text)
		}
	}
	rows, err := o.ask(ctx, o.connection, f)
	if err != nil {
		return nil, err
	}
	return sorted(rows, l.match, wanted), nil
}

// keeper asks what another pipeline kept.
type keeper struct {
	pipeline *spec.Pipeline
	at       problem.Pos
	ask      func(ctx context.Context, pipeline string, match []string, values [][]value.Value) ([]value.Record, bool, error)
}

func (k *keeper) fields() step.Fields { return kept{k.pipeline} }
func (k *keeper) where() string       { return "what pipeline " + k.pipeline.Name.Text + " kept" }

func (k *keeper) cause(key string) problem.Cause {
	return problem.Cause{Connection: "pipeline", Object: k.pipeline.Name.Text, Key: key}
}

func (k *keeper) find(ctx context.Context, l *lookup, wanted [][]value.Value) ([][]value.Value, error) {
	rows, none, err := k.ask(ctx, k.pipeline.Name.Text, l.match.Names, wanted)
	if err != nil {
		return nil, err
	}
	if none {
		return nil, empty(k.where(), "run pipeline "+k.pipeline.Name.Text+" first")
	}
	return sorted(slices.DeleteFunc(rows, func(r value.Record) bool { return !holds(r.Value(), l.match.Const) }), l.match, wanted), nil
}

// sorted puts the rows that came in any order to the combinations that wanted them.
func sorted(rows []value.Record, m *step.Matcher, wanted [][]value.Value) [][]value.Value {
	byKey := map[string][]value.Value{}
	for _, row := range rows {
		key := m.KeyOfRow(row)
		byKey[key] = append(byKey[key], row.Value())
	}
	out := make([][]value.Value, len(wanted))
	for i, values := range wanted {
		out[i] = byKey[step.KeyOf(values)]
	}
	return out
}

type kept struct{ *spec.Pipeline }

func (k kept) Has(name string) (*value.Schema, bool) { return nil, k.Keep.Get(name) != nil }
func (k kept) Names() []string                       { return k.Keep.Names() }
func (k kept) What() string                          { return "pipeline " + k.Name.Text }
