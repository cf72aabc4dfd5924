package expr

import (
	"fmt"
	"sort"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

func listFunctions() []function {
	return []function{
		{
			Function: doc("list", "len(x) → number", "The number of characters of a text, items of a list, members of an object.", `len("订单")`, "2"),
			params:   []kinds{kText | kList | kObject}, least: 1, most: 1, result: answers(tNumber), one: lenOf,
		},
		{
			Function: doc("list", "first(list) → item", "The first item; null where there is none.", "first([3, 4])", "3"),
			params:   []kinds{kList}, least: 1, most: 1, result: itemOfFirst, one: func(_ *Frame, _ *callee, l value.Value) (value.Value, error) {
				return orNull(l.At(0)), nil
			},
		},
		{
			Function: doc("list", "last(list) → item", "The last item; null where there is none.", "last([3, 4])", "4"),
			params:   []kinds{kList}, least: 1, most: 1, result: itemOfFirst, one: func(_ *Frame, _ *callee, l value.Value) (value.Value, error) {
				return orNull(l.At(l.Len() - 1)), nil
			},
		},
		{
			Function: doc("list", "take(list, n) → list", "The first n items, or all where there are fewer.", "take([1, 2, 3], 2)", "[1,2]"),
			params:   []kinds{kList, kNumber}, least: 2, most: 2, result: likeFirst, two: takeOf,
		},
		{
			Function: doc("list", "reverse(list) → list", "The items from last to first.", "reverse([1, 2])", "[2,1]"),
			params:   []kinds{kList}, least: 1, most: 1, result: likeFirst, one: reverseOf,
		},
		{
			Function: doc("list", "uniq(list) → list", "The items, each value once; 1 and 1.0 are one value.", "uniq([1, 2, 1.0])", "[1,2]"),
			params:   []kinds{kList}, least: 1, most: 1, result: likeFirst, one: uniqOf,
		},
		{
			Function: doc("list", "concat(list, …) → list", "The items of all lists.", "concat([1], [2])", "[1,2]"),
			params:   []kinds{kList}, least: 1, result: commonOf, many: concatOf,
		},
		{
			Function: doc("list", "flatten(list) → list", "Lists inside the list become their items, all levels down.", "flatten([1, [2, [3]]])", "[1,2,3]"),
			params:   []kinds{kList}, least: 1, most: 1, result: answers(listOf(nil)), one: flattenOf,
		},
		{
			Function: doc("list", `sort(list, order?) → list`, `Numbers, texts or instants in order, "asc" (by code points) or "desc".`, `sort([2, 1], "desc")`, "[2,1]"),
			params:   []kinds{kList, kText}, least: 1, most: 2, result: likeFirst, two: sortOf,
		},
	}
}

func orNull(v value.Value) value.Value {
	if v.Kind() == value.Absent {
		return value.NullValue()
	}
	return v
}

func lenOf(f *Frame, c *callee, v value.Value) (value.Value, error) {
	if v.Kind() == value.Text {
		return value.OfInt(int64(utf8.RuneCountInString(v.Text()))), f.spend(&c.part, v.Size()>>10)
	}
	return value.OfInt(int64(v.Len())), nil
}

func takeOf(f *Frame, c *callee, l, n value.Value) (value.Value, error) {
	k, err := c.whole(1, n)
	if err == nil && k < 0 {
		err = c.args[1].fail("PC222", c.args[1].label+" is "+n.Display()+", and take needs a number from 0 on", "")
	}
	if err != nil {
		return n, err
	}
	items := l.List()
	return c.newList(f, items[:min(k, int64(len(items)))])
}

func reverseOf(f *Frame, c *callee, l value.Value) (value.Value, error) {
	items := append([]value.Value(nil), l.List()...)
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return c.newList(f, items)
}

func uniqOf(f *Frame, c *callee, l value.Value) (value.Value, error) {
	if err := f.spend(&c.part, l.Weight()); err != nil {
		return l, err
	}
	seen := make(map[value.Hash]bool, l.Len())
	var out []value.Value
	for x := range l.Items() {
		if h := value.HashOf(x); !seen[h] {
			seen[h] = true
			out = append(out, x)
		}
	}
	return c.newList(f, out)
}

func commonOf(args []part) *value.Schema {
	t := args[0].typ
	for _, a := range args[1:] {
		t = common(t, a.typ)
	}
	if t == nil {
		return listOf(nil)
	}
	return t
}

func concatOf(f *Frame, c *callee, args []value.Value) (value.Value, error) {
	var out []value.Value
	for _, a := range args {
		if len(out)+a.Len() > maxList {
			return a, c.tooLarge("a list of more than a million items")
		}
		out = append(out, a.List()...)
	}
	return c.newList(f, out)
}

func flattenOf(f *Frame, c *callee, l value.Value) (value.Value, error) {
	var out []value.Value
	if err := c.flatten(f, l, &out); err != nil {
		return l, err
	}
	return c.newList(f, out)
}

func (c *callee) flatten(f *Frame, l value.Value, out *[]value.Value) error {
	for x := range l.Items() {
		if err := f.spend(&c.part, 1); err != nil {
			return err
		}
		if x.Kind() == value.List {
			if err := c.flatten(f, x, out); err != nil {
				return err
			}
			continue
		}
		if *out = append(*out, x); len(*out) > maxList {
			return c.tooLarge("a list of more than a million items")
		}
	}
	return nil
}

func sortOf(f *Frame, c *callee, l, order value.Value) (value.Value, error) {
	desc, err := c.descending(order)
	if err != nil {
		return order, err
	}
	items := append([]value.Value(nil), l.List()...)
	if err := c.sorted(f, items, items, desc); err != nil {
		return l, err
	}
	return c.newList(f, items)
}

func (c *callee) descending(order value.Value) (bool, error) {
	switch o := order.Text(); {
	case order.Kind() == value.Absent || o == "asc":
		return false, nil
	case o == "desc":
		return true, nil
	}
	return false, c.fail("PC222", "order "+order.Display()+` is neither "asc" nor "desc"`, "")
}

// sorted puts items into the order of their keys; what is equal keeps its order.
func (c *callee) sorted(f *Frame, items, keys []value.Value, desc bool) error {
	if err := f.spend(&c.part, 4*len(items)); err != nil {
		return err
	}
	for i, k := range keys {
		item := part{label: fmt.Sprintf("item %d of %s", i, c.args[0].label), path: c.args[0].path, at: c.at}
		if !kOrdered.has(k.Kind()) {
			return item.unfit(k, "an order", kOrdered)
		}
		if k.Kind() != keys[0].Kind() {
			return item.mixed(k, keys[0], part{label: "item 0"})
		}
	}
	pairs := make([][2]value.Value, len(items))
	for i := range items {
		pairs[i] = [2]value.Value{items[i], keys[i]}
	}
	sort.SliceStable(pairs, func(i, j int) bool {
		order, _ := value.Compare(pairs[i][1], pairs[j][1]) // of one kind: just checked
		if desc {
			return order > 0
		}
		return order < 0
	})
	for i := range pairs {
		items[i] = pairs[i][0]
	}
	return nil
}

// slice is x[from:to] of a text, in characters, or of a list.
func (c *compiler) slice(n *ast.SliceNode) part {
	base := c.compile(n.Node)
	c.fits(base, kText|kList)
	ends := [2]*part{}
	for i, e := range []ast.Node{n.From, n.To} {
		if e != nil {
			p := c.compile(e)
			c.fits(p, kNumber)
			ends[i] = &p
		}
	}
	self := part{label: shorten(n.String()), at: c.pos(n), typ: base.typ}
	if base.kind() == value.Text {
		self.typ = tText
	}
	self.run = func(f *Frame) (value.Value, error) {
		v, err := base.run(f)
		if err != nil {
			return v, err
		}
		from, err := end(f, ends[0], 0)
		if err != nil {
			return v, err
		}
		to, err := end(f, ends[1], 1<<30)
		switch {
		case err != nil:
			return v, err
		case v.Kind() == value.Text:
			return self.newText(f, sliceText(v.Text(), from, to))
		case v.Kind() == value.List:
			items := v.List()
			from, to = bounds(len(items), from, to)
			return self.newList(f, items[from:to])
		}
		return v, base.unfit(v, "[…:…]", kText|kList)
	}
	return self
}

func end(f *Frame, p *part, otherwise int) (int, error) {
	if p == nil {
		return otherwise, nil
	}
	v, err := p.run(f)
	if err != nil {
		return 0, err
	}
	n, ok := v.Int64()
	if !ok {
		return 0, p.unfit(v, "[…:…] counts from 0 and", kNumber)
	}
	const most = 1 << 30 // beyond every text and list
	return int(min(max(n, -most), most)), nil
}

// span is from..to, both included.
func (c *compiler) span(n *ast.BinaryNode, l, r part) part {
	c.fits(l, kNumber)
	c.fits(r, kNumber)
	self := part{label: shorten(n.String()), at: c.pos(n), typ: tNumbers}
	self.run = func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		if err != nil {
			return a, err
		}
		from, ok := a.Int64()
		if !ok {
			return a, l.unfit(a, ".. counts and", kNumber)
		}
		to, ok := b.Int64()
		if !ok {
			return b, r.unfit(b, ".. counts and", kNumber)
		}
		if to < from {
			return value.ListOf(nil), nil
		}
		if size := to - from; size < 0 || size >= maxList { // negative when it wraps
			return a, self.tooLarge("a list of more than a million items")
		}
		items := make([]value.Value, 0, to-from+1)
		for i := range cap(items) {
			items = append(items, value.OfInt(from+int64(i)))
		}
		return self.newList(f, items)
	}
	return self
}
