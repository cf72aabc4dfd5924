package expr

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/value"
)

// items runs the list, and takes its walk from the budget.
func (w *walk) items(f *Frame) (value.Value, error) {
	l, err := w.list.run(f)
	if err != nil {
		return l, err
	}
	if l.Kind() != value.List {
		return l, w.list.unfit(l, w.name, kList)
	}
	return l, nil
}

// look runs the expression for one item.
func (w *walk) look(f *Frame, i int, x value.Value) (value.Value, error) {
	if f.Budget--; f.Budget < 0 {
		return x, f.spend(&w.part, 0)
	}
	if w.do == nil {
		return x, nil
	}
	f.locals[w.item] = x
	f.locals[w.index] = value.OfInt(int64(i))
	return w.do.run(f)
}

// holds runs a predicate for one item.
func (w *walk) holds(f *Frame, i int, x value.Value) (bool, error) {
	v, err := w.look(f, i, x)
	if err != nil {
		return false, err
	}
	if v.Kind() != value.Bool {
		p := w.do
		if p == nil {
			p = &part{label: fmt.Sprintf("item %d of %s", i, w.list.label), path: w.list.path, at: w.at}
		}
		return false, p.unfit(v, w.name, kBool)
	}
	return v.Bool(), nil
}

func (w *walk) quantifier() code {
	stop := w.name != "all" // the answer of an item that decides
	return func(f *Frame) (value.Value, error) {
		l, err := w.items(f)
		if err != nil {
			return l, err
		}
		i, hits := 0, 0
		it := l.Walk()
		for x, ok := it.Next(); ok; x, ok = it.Next() {
			yes, err := w.holds(f, i, x)
			if err != nil {
				return x, err
			}
			if yes == stop {
				if hits++; w.name != "one" || hits > 1 {
					return value.OfBool(w.name == "any"), nil
				}
			}
			i++
		}
		return value.OfBool(w.name == "all" || w.name == "none" || w.name == "one" && hits == 1), nil
	}
}

func (w *walk) count(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	i, hits := 0, int64(0)
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		yes, err := w.holds(f, i, x)
		if err != nil {
			return x, err
		}
		if yes {
			hits++
		}
		i++
	}
	return value.OfInt(hits), nil
}

func (w *walk) filter(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	out := make([]value.Value, 0, l.Len())
	i := 0
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		yes, err := w.holds(f, i, x)
		if err != nil {
			return x, err
		}
		if yes {
			out = append(out, x)
		}
		i++
	}
	return w.newList(f, out)
}

func (w *walk) mapped(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	out := make([]value.Value, 0, l.Len())
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		v, err := w.look(f, len(out), x)
		if err != nil {
			return x, err
		}
		out = append(out, v)
	}
	return w.newList(f, out)
}

// find serves find, findIndex and their counterparts from the end.
func (w *walk) find(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	items := l.List()
	fromEnd := w.name == "findLast" || w.name == "findLastIndex"
	index := w.name == "findIndex" || w.name == "findLastIndex"
	for k := range items {
		i := k
		if fromEnd {
			i = len(items) - 1 - k
		}
		yes, err := w.holds(f, i, items[i])
		switch {
		case err != nil:
			return items[i], err
		case yes && index:
			return value.OfInt(int64(i)), nil
		case yes:
			return items[i], nil
		}
	}
	return value.NullValue(), nil
}

func (w *walk) sum(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	total, i := value.OfInt(0), 0
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		v, err := w.look(f, i, x)
		if err != nil {
			return x, err
		}
		if v.Kind() != value.Number {
			p := part{label: fmt.Sprintf("item %d of %s", i, w.list.label), path: w.list.path, at: w.at}
			if w.do != nil {
				p.label, p.path = fmt.Sprintf("%s of item %d", w.do.label, i), w.do.path
			}
			return v, p.unfit(v, "sum", kNumber)
		}
		if total, err = value.Add(total, v); err != nil {
			return w.calculated(total, err)
		}
		i++
	}
	return total, nil
}

func (w *walk) groupBy(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	var names []string
	places, groups, i := map[string]int{}, [][]value.Value(nil), 0
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		v, err := w.look(f, i, x)
		if err != nil {
			return x, err
		}
		name, ok := value.KeyText(v)
		if !ok {
			return v, w.do.unfit(v, "the name of a group", kText|kNumber|kBool)
		}
		at, known := places[name]
		if !known {
			at = len(names)
			places[name] = at
			names, groups = append(names, name), append(groups, nil)
		}
		groups[at] = append(groups[at], x)
		i++
	}
	values := make([]value.Value, len(groups))
	for i, g := range groups {
		values[i] = value.ListOf(g)
	}
	return w.newObject(f, names, values)
}

func (w *walk) sortBy(f *Frame) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	var order value.Value
	if len(w.args) > 1 {
		if order, err = w.args[1].run(f); err != nil {
			return order, err
		}
	}
	desc, err := w.descending(order)
	if err != nil {
		return order, err
	}
	items := append([]value.Value(nil), l.List()...)
	keys := make([]value.Value, len(items))
	for i, x := range items {
		if keys[i], err = w.look(f, i, x); err != nil {
			return x, err
		}
	}
	if err := w.sorted(f, items, keys, desc); err != nil {
		return l, err
	}
	return w.newList(f, items)
}

func (w *walk) collect(f *Frame, acc int, start *part) (value.Value, error) {
	l, err := w.items(f)
	if err != nil {
		return l, err
	}
	var v value.Value
	if start != nil {
		if v, err = start.run(f); err != nil {
			return v, err
		}
	}
	i := 0
	it := l.Walk()
	for x, ok := it.Next(); ok; x, ok = it.Next() {
		if i == 0 && start == nil {
			v = x
		} else {
			f.locals[acc] = v
			if v, err = w.look(f, i, x); err != nil {
				return v, err
			}
		}
		i++
	}
	if i == 0 && start == nil {
		return v, w.list.fail("PC225", w.list.label+" is empty, and reduce has nothing to start from", "give a start: reduce(list, expression, 0)")
	}
	return v, nil
}
