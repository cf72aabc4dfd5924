package expr

import (
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
