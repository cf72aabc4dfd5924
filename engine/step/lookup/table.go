package lookup

import (
	"context"
	"slices"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// table looks into a cross-reference table. Its cells are texts; an empty one is null, so that it
// never reaches a document as a blank.
type table struct {
	*spec.Table
	at    problem.Pos
	rows  []value.Value
	byKey map[string][]value.Value
	fits  *step.Expr // of when
	slot  expr.Slot  // of `row` in it
}

func newTable(t *spec.Table, at problem.Pos) *table {
	out := &table{Table: t, at: at, rows: make([]value.Value, len(t.Rows))}
	for i, row := range t.Rows {
		values := make([]value.Value, len(row))
		for j, cell := range row {
			values[j] = value.OfText(cell)
			if cell == "" {
				values[j] = value.NullValue()
			}
		}
		out.rows[i] = value.ObjectOf(t.Columns, values)
	}
	return out
}

func (t *table) fields() step.Fields { return columns{t.Table} }
func (t *table) where() string       { return "table " + t.Name }

func (t *table) cause(key string) problem.Cause { return problem.Cause{Table: t.Name, Key: key} }

// index prepares the rows by the columns that are matched.
func (t *table) index(m *step.Matcher) {
	t.byKey = map[string][]value.Value{}
	for _, row := range t.rows {
		if !holds(row, m.Const) {
			continue
		}
		values := make([]value.Value, len(m.Names))
		for i, name := range m.Names {
			values[i] = row.Get(name)
		}
		if key := step.KeyOf(values); key != "" {
			t.byKey[key] = append(t.byKey[key], row)
		}
	}
}

func holds(row value.Value, conditions map[string]string) bool {
	for name, text := range conditions {
		if row.Get(name).Text() != text {
			return false
		}
	}
	return true
}

func (t *table) find(_ context.Context, _ *lookup, wanted [][]value.Value) ([][]value.Value, error) {
	if len(t.rows) == 0 {
		return nil, empty(t.where(), "add its rows, or take the look-up out")
	}
	out := make([][]value.Value, len(wanted))
	for i, values := range wanted {
		out[i] = slices.Clone(t.byKey[step.KeyOf(values)])
	}
	return out, nil
}

// empty stops the run: a source without a single row would make every record an exception.
func empty(where, hint string) error {
	return &problem.Error{Class: problem.Fatal, ID: "PC258", Reason: where + " is empty as a whole", Hint: hint}
}

// pattern compiles `when`, which sees the table's row as `row`.
func (t *table) pattern(when spec.Expr, inner *step.Scope) error {
	in := inner.Child()
	typ := value.Schema{Type: value.Object}
	for _, name := range t.Columns {
		typ = typ.With(name, value.Schema{Type: value.Text})
	}
	var err error
	if t.slot, err = in.Bind("row", &typ, t.at, nil); err != nil {
		return err
	}
	if when.IsZero() {
		return nil
	}
	t.fits, err = in.Compile(when, value.Bool)
	return err
}

// first is the first row of the table that fits.
func (t *table) first(r *step.Row) (value.Value, bool, error) {
	if len(t.rows) == 0 {
		return value.Value{}, false, empty(t.where(), "add its rows, or take the look-up out")
	}
	for _, row := range t.rows {
		r.Slots[t.slot] = row
		v, err := t.fits.Eval(r)
		if err != nil || v.Bool() {
			return row, err == nil, err
		}
	}
	return value.Value{}, false, nil
}

type columns struct{ *spec.Table }

func (c columns) Has(name string) (*value.Schema, bool) {
	return &value.Schema{Type: value.Text}, c.Column(name) >= 0 || len(c.Columns) == 0 // then it was told why
}
func (c columns) Names() []string { return c.Columns }
func (c columns) What() string    { return "table " + c.Name }
