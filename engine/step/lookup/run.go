package lookup

import (
	"context"
	"slices"
	"strconv"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// want is one look-up of one row: for the record, or for one item.
type want struct {
	row   *step.Row
	items []value.Value // with each: the items around, outermost first
	field string        // lines[1]
	key   string
	found value.Value
	set   bool
	out   bool // there is no row, and the record says why
}

// Run collects what the batch wants, asks once for what is not known yet, and puts the rows in
// their places.
func (l *lookup) Run(ctx context.Context, rows []*step.Row) error {
	var wants []*want
	for _, r := range rows {
		if r.Dropped {
			continue
		}
		more, err := l.collect(r)
		if err != nil {
			if err := l.broken(r, err, l.name); err != nil {
				return err
			}
			continue
		}
		wants = append(wants, more...)
	}
	if err := l.fill(ctx, wants); err != nil {
		return err
	}
	for _, w := range wants {
		if !w.set {
			if err := l.without(w); err != nil {
				return err
			}
		}
	}
	l.place(rows, wants)
	return nil
}

// broken notes that a row's look-up could not even be asked.
func (l *lookup) broken(r *step.Row, err error, field string) error {
	r.Break(l.slot)
	return r.Fail(err, problem.Error{At: l.Lookup.At, Field: field})
}

// collect lists what a row wants.
func (l *lookup) collect(r *step.Row) ([]*want, error) {
	if len(l.levels) == 0 {
		w := &want{row: r}
		return []*want{w}, l.key(w)
	}
	c := collector{lookup: l, row: r, echo: r.Broken(l.slot)}
	err := c.walk(0, want{row: r})
	if err != nil && c.echo {
		return c.wants, nil
	}
	return c.wants, err
}

// collector walks over the items of a row's list. Where another look-up found no row for an item,
// the list is looked through all the same, so that all causes are told; what goes wrong then is an
// echo.
type collector struct {
	*lookup
	row   *step.Row
	echo  bool
	wants []*want
}

func (c *collector) walk(n int, w want) error {
	if n == len(c.levels) {
		leaf := w
		if err := c.key(&leaf); err != nil {
			leaf.out = true
			if !c.echo {
				if err := c.broken(c.row, err, leaf.field); err != nil {
					return err
				}
			}
		}
		c.wants = append(c.wants, &leaf)
		return nil
	}
	level := c.levels[n]
	list, err := level.EvalAnyway(c.row)
	if err != nil {
		return err
	}
	i := 0
	for item := range list.Items() {
		c.row.Slots[level.slot] = item
		next := want{row: c.row, items: append(slices.Clip(w.items), item)}
		next.field = w.field + dot(w.field) + level.name + "[" + strconv.Itoa(i) + "]"
		if err := c.walk(n+1, next); err != nil {
			return err
		}
		i++
	}
	return nil
}

func dot(before string) string {
	if before == "" {
		return ""
	}
	return "."
}

// key evaluates what a want is looked up by. A pattern is matched at once.
func (l *lookup) key(w *want) error {
	if l.match == nil {
		t := l.source.(*table) //nolint:forcetypeassert // only a table has patterns
		found, ok, err := t.first(w.row)
		w.found, w.set = found, ok
		w.key = l.When.Text
		return err
	}
	values, err := l.match.Values(w.row)
	if err != nil {
		return err
	}
	w.key = step.KeyOf(values)
	if w.key != "" {
		return nil
	}
	switch l.Missing.Policy {
	case "null", "default":
		return nil // it can't be there, and it was said what to do then
	}
	p := l.match.Empty(values, l.field(w))
	w.out = true
	w.row.Break(l.slot)
	return w.row.Fail(p, problem.Error{})
}

// fill finds the rows: from the cache, then with one question for the distinct keys of the batch.
func (l *lookup) fill(ctx context.Context, wants []*want) error {
	asked := map[string][]*want{}
	var order []string
	for _, w := range wants {
		switch {
		case w.set || w.out || w.key == "":
		default:
			if v, ok := l.kept.get(w.key); ok {
				w.found, w.set = v, true
				continue
			}
			if asked[w.key] == nil {
				order = append(order, w.key)
			}
			asked[w.key] = append(asked[w.key], w)
		}
	}
	if len(order) == 0 || l.match == nil {
		return nil
	}
	wanted := make([][]value.Value, len(order))
	for i, key := range order {
		wanted[i] = l.values(asked[key][0])
	}
	found, err := l.source.find(ctx, l, wanted)
	if err != nil {
		return problem.In(err, problem.Error{At: l.Lookup.At})
	}
	for i, key := range order {
		if err := l.choose(key, found[i], asked[key]); err != nil {
			return err
		}
	}
	return nil
}

// values are those that a want's key was made of.
func (l *lookup) values(w *want) []value.Value {
	for i, item := range w.items {
		w.row.Slots[l.levels[i].slot] = item
	}
	values, _ := l.match.Values(w.row) // it went well before
	return values
}

// choose takes the row that is meant; several that agree in all fields are one.
func (l *lookup) choose(key string, rows []value.Value, wants []*want) error {
	if len(rows) == 0 {
		return nil
	}
	for i, row := range rows {
		rows[i] = l.pick(row)
	}
	for _, other := range rows[1:] {
		if same, err := value.Equal(rows[0], other); l.Many.Text != "first" && (err != nil || !same) {
			return l.several(key, len(rows), wants)
		}
	}
	l.kept.put(key, rows[0])
	for _, w := range wants {
		w.found, w.set = rows[0], true
	}
	return nil
}

// pick takes what the look-up binds out of a row.
func (l *lookup) pick(row value.Value) value.Value {
	if len(l.Fields) == 0 && l.Connection.IsZero() {
		return row // a table or a pipeline gives all its fields
	}
	values := make([]value.Value, len(l.paths))
	for i, p := range l.paths {
		values[i] = p.Get(row)
	}
	if len(l.Fields) > 0 {
		return value.ObjectOf(l.names, values)
	}
	nested, err := value.Dotted(value.RecordOf(value.ObjectOf(l.names, values)))
	if err != nil {
		return row // names that clash were matched one by one: there is nothing to nest
	}
	return nested.Value()
}
