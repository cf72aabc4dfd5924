package expr

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

func closureFunctions() []function {
	form := func(least, most int, signature, line, example, answer string) function {
		return function{Function: doc("list", signature, line, example, answer), least: least, most: most, form: true}
	}
	return []function{
		form(2, 2, "all(list, predicate) → truth", "Whether the predicate holds for every item.", "all([1, 2], # > 0)", "true"),
		form(2, 2, "any(list, predicate) → truth", "Whether it holds for some item.", "any([1, 2], # > 1)", "true"),
		form(2, 2, "none(list, predicate) → truth", "Whether it holds for no item.", "none([1, 2], # > 2)", "true"),
		form(2, 2, "one(list, predicate) → truth", "Whether it holds for exactly one item.", "one([1, 2], # > 1)", "true"),
		form(1, 2, "count(list, predicate?) → number", "For how many items it holds; without one, how many are true.", "count([1, 2], # > 1)", "1"),
		form(2, 2, "filter(list, predicate) → list", "The items for which it holds.", "filter([1, 2], # > 1)", "[2]"),
		form(2, 2, "map(list, expression) → list", "What the expression gives for every item; .x is a field of the item, # the item, #index its number.", "map([1, 2], # * 2)", "[2,4]"),
		form(2, 2, "find(list, predicate) → item", "The first item for which it holds; null where there is none.", "find([1, 2], # > 1)", "2"),
		form(2, 2, "findIndex(list, predicate) → number", "Its number, from 0; null where there is none.", "findIndex([1, 2], # > 1)", "1"),
		form(2, 2, "findLast(list, predicate) → item", "The last item for which it holds; null where there is none.", "findLast([1, 2], # > 0)", "2"),
		form(2, 2, "findLastIndex(list, predicate) → number", "Its number, from 0; null where there is none.", "findLastIndex([1, 2], # > 0)", "1"),
		form(1, 2, "sum(list, expression?) → number", "The exact sum of the items, or of what the expression gives for them.", "sum([0.1, 0.2])", "0.3"),
		form(2, 2, "groupBy(list, expression) → object", "Lists of the items by what the expression gives.", `groupBy([1, 2, 3], # > 1 ? "b" : "a")`, `{"a":[1],"b":[2,3]}`),
		form(2, 3, "sortBy(list, expression, order?) → list", `The items in the order of what the expression gives, "asc" or "desc".`, "sortBy([1, 2], -#)", "[2,1]"),
		form(2, 3, "reduce(list, expression, start?) → value", "Collects the items: #acc is what came of those before; without a start, the first item.", "reduce([1, 2, 3], #acc + #, 0)", "6"),
	}
}

// walk is a call that looks at every item of a list with an expression of its own.
type walk struct {
	callee
	name        string
	list        part
	do          *part // nil where there is no expression
	item, index int
}

func (c *compiler) form(n ast.Node, fn *function, args []ast.Node) part {
	list := c.compile(args[0])
	c.fits(list, kList)
	w := &walk{name: fn.Name, list: list, item: c.place(), index: c.place()}
	w.callee = callee{part: part{label: shorten(n.String()), at: c.pos(n)}, args: []part{list}}
	if fn.Name == "reduce" {
		return c.reduce(w, args)
	}
	if len(args) > 1 {
		do := c.closure(w, args[1], -1, nil)
		w.do = &do
	}
	return c.formOf(w, args)
}

// closure compiles the expression of a walk, with the item in its scope.
func (c *compiler) closure(w *walk, n ast.Node, acc int, accType *value.Schema) part {
	if p, ok := n.(*ast.PredicateNode); ok {
		n = p.Node
	}
	c.closures = append(c.closures, closure{item: w.item, index: w.index, acc: acc, typ: itemsOf(w.list.typ), accType: accType, path: w.list.path})
	defer func() { c.closures = c.closures[:len(c.closures)-1] }()
	return c.compile(n)
}

func (c *compiler) formOf(w *walk, args []ast.Node) part {
	p, t := w.part, itemsOf(w.list.typ)
	switch w.name {
	case "all", "any", "none", "one", "count", "filter", "find", "findIndex", "findLast", "findLastIndex":
		if w.do != nil {
			c.fits(*w.do, kBool)
		}
	case "sum":
		if w.do != nil {
			c.fits(*w.do, kNumber)
		} else if t != nil {
			c.fits(part{typ: t, label: "an item of " + w.list.label, at: w.list.at}, kNumber)
		}
	}
	switch w.name {
	case "all", "any", "none", "one":
		p.typ, p.run = tBool, w.quantifier()
	case "count":
		p.typ, p.run = tNumber, w.count
	case "filter":
		p.typ, p.run = w.list.typ, w.filter
	case "map":
		p.typ, p.run = listOf(w.do.typ), w.mapped
	case "find", "findLast":
		p.typ, p.run = t, w.find
	case "findIndex", "findLastIndex":
		p.typ, p.run = tNumber, w.find
	case "sum":
		p.typ, p.run = tNumber, w.sum
	case "groupBy":
		p.typ, p.run = tObject, w.groupBy
	case "sortBy":
		p.typ, p.run = w.list.typ, w.sortBy
		if len(args) > 2 {
			order := c.compile(args[2])
			c.fits(order, kText)
			w.args = append(w.args, order)
		}
	}
	return p
}

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

func (c *compiler) reduce(w *walk, args []ast.Node) part {
	acc, accType := c.place(), itemsOf(w.list.typ)
	var start *part
	if len(args) > 2 {
		p := c.compile(args[2])
		start, accType = &p, p.typ
	}
	if k := typeOf(accType); k == value.Object || k == value.List {
		accType = nil // what is collected may grow members that the first one does not have
	}
	do := c.closure(w, args[1], acc, accType)
	w.do = &do
	p := w.part
	p.typ = common(do.typ, accType)
	p.run = func(f *Frame) (value.Value, error) { return w.collect(f, acc, start) }
	return p
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
