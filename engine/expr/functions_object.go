package expr

import (
	"encoding/base64"
	"fmt"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func objectFunctions() []function {
	return []function{
		{
			Function: doc("object", "keys(object) → list", "The names of the members, in their order.", "keys({a: 1})", `["a"]`),
			params:   []kinds{kObject}, least: 1, most: 1, result: answers(tTexts), one: keysOf,
		},
		{
			Function: doc("object", "values(object) → list", "The values of the members, in their order.", "values({a: 1})", "[1]"),
			params:   []kinds{kObject}, least: 1, most: 1, result: answers(listOf(nil)), one: valuesOf,
		},
		{
			Function: doc("object", "toPairs(object) → list", "The members as pairs [name, value].", "toPairs({a: 1})", `[["a",1]]`),
			params:   []kinds{kObject}, least: 1, most: 1, result: answers(listOf(listOf(nil))), one: pairsOf,
		},
		{
			Function: doc("object", "fromPairs(list) → object", "The object of pairs [name, value].", `fromPairs([["a", 1]])`, `{"a":1}`),
			params:   []kinds{kList}, least: 1, most: 1, result: answers(tObject), one: objectOfPairs,
		},
		{
			Function: doc("object", "get(x, name) → value", "A member, or an item by its number; null where there is none.", `get({a: 1}, "b")`, "null"),
			params:   []kinds{kObject | kList | kNone, kText | kNumber}, least: 2, most: 2, result: answers(tAnything), two: getOf,
		},
		{
			Function: doc("object", "columns(object, names) → list", "Columns as items {name, value}; those that are null or absent are left out.", `columns({fee_a: 1, fee_b: null}, ["fee_a", "fee_b"])`, `[{"name":"fee_a","value":1}]`),
			params:   []kinds{kObject, kList}, least: 2, most: 2, check: knownColumns, result: columnItems, two: columnsOf,
		},
	}
}

func keysOf(f *Frame, c *callee, o value.Value) (value.Value, error) {
	items := make([]value.Value, 0, o.Len())
	for n := range o.Members() {
		items = append(items, value.OfText(n))
	}
	return c.newList(f, items)
}

func valuesOf(f *Frame, c *callee, o value.Value) (value.Value, error) {
	items := make([]value.Value, 0, o.Len())
	for n, x := range o.Members() {
		v, err := c.args[0].shapedAs(c.args[0].typ, n, x)
		if err != nil {
			return o, err
		}
		items = append(items, v)
	}
	return c.newList(f, items)
}

func pairsOf(f *Frame, c *callee, o value.Value) (value.Value, error) {
	items := make([]value.Value, 0, o.Len())
	for n, x := range o.Members() {
		v, err := c.args[0].shapedAs(c.args[0].typ, n, x)
		if err != nil {
			return o, err
		}
		items = append(items, value.ListOf([]value.Value{value.OfText(n), v}))
	}
	return c.newList(f, items)
}

func objectOfPairs(f *Frame, c *callee, l value.Value) (value.Value, error) {
	names, values := make([]string, 0, l.Len()), make([]value.Value, 0, l.Len())
	seen := make(map[string]bool, l.Len())
	for pair := range l.Items() {
		name, ok := value.KeyText(pair.At(0))
		if pair.Len() != 2 || pair.Kind() != value.List || !ok {
			return pair, c.fail("PC222", fmt.Sprintf("item %d of %s is %s, not a pair [name, value]", len(names), c.args[0].label, pair.Display()), "")
		}
		if t := pair.At(0); t.Kind() == value.Text {
			name = t.Text()
		}
		if seen[name] {
			return pair, c.fail("PC222", fmt.Sprintf("%s: name %q comes twice", c.label, name), "two values would share one name")
		}
		seen[name] = true
		names, values = append(names, name), append(values, pair.At(1))
	}
	return c.newObject(f, names, values)
}

func getOf(_ *Frame, c *callee, x, name value.Value) (value.Value, error) {
	switch {
	case x.IsNone():
		return value.NullValue(), nil
	case x.Kind() == value.List:
		i, err := c.whole(1, name)
		if err != nil {
			return name, err
		}
		if n := int64(x.Len()); i < -n || i >= n {
			return value.NullValue(), nil
		} else if i < 0 {
			i += n
		}
		return x.At(int(i)), nil
	case name.Kind() != value.Text:
		return name, c.args[1].unfit(name, "get of an object", kText)
	}
	v, err := c.args[0].shapedAs(c.args[0].typ, name.Text(), x.Get(name.Text()))
	return orNull(v), err
}

func knownColumns(c *compiler, call *callee) {
	t, names := call.args[0].typ, call.args[1].konst
	if names == nil {
		return
	}
	for n := range names.Items() {
		if n.Kind() != value.Text {
			c.mistake(call.args[1].at, "PC209", "columns needs a list of names, and one is "+n.Display(), "")
		} else if _, ok := t.Member(n.Text()); !ok && t.Known() && (!t.Open || call.args[0].path != "") {
			c.mistake(call.args[1].at, "PC207", call.args[0].label+" has no field "+n.Text(), problem.DidYouMean(n.Text(), t.Names))
		}
	}
}

func columnItems(args []part) *value.Schema {
	v := &value.Schema{}
	if args[1].konst != nil {
		for i, n := range args[1].konst.List() {
			m, ok := args[0].typ.Member(n.Text())
			switch {
			case !ok:
				m = nil
			case m.Decimal:
				m = tNumber
			}
			if i == 0 {
				v = m
			} else {
				v = common(v, m)
			}
		}
	}
	item := value.Schema{Type: value.Object}.With("name", *tText)
	if v == nil {
		v = &value.Schema{}
	}
	item = item.With("value", *v)
	return listOf(&item)
}

func columnsOf(f *Frame, c *callee, o, names value.Value) (value.Value, error) {
	var items []value.Value
	keys := []string{"name", "value"}
	for n := range names.Items() {
		if n.Kind() != value.Text {
			return n, c.args[1].unfit(n, "columns", kText)
		}
		v := o.Get(n.Text())
		if v.Kind() == value.Absent && !c.args[0].typ.Known() {
			return v, c.args[0].fail("PC220", c.args[0].label+" has no field "+n.Text(), "take it out of the list if it may be missing")
		}
		v, err := c.args[0].shapedAs(c.args[0].typ, n.Text(), v)
		if err != nil {
			return v, err
		}
		if !v.IsNone() {
			items = append(items, value.ObjectOf(keys, []value.Value{n, v}))
		}
	}
	return c.newList(f, items)
}

func otherFunctions() []function {
	return []function{
		{
			Function: doc("other", "type(x) → text", `What x is: "null", "absent", "bool", "number", "text", "instant", "list" or "object".`, "type(1.5)", `"number"`),
			params:   []kinds{kAny}, least: 1, most: 1, result: answers(tText), lenient: true, one: func(_ *Frame, _ *callee, v value.Value) (value.Value, error) {
				return value.OfText([...]string{"absent", "null", "bool", "number", "text", "instant", "list", "object"}[v.Kind()]), nil
			},
		},
		{
			Function: doc("other", "toJSON(x) → text", "x as JSON text, its numbers exact.", "toJSON([1.50])", `"[1.50]"`),
			params:   []kinds{kSome | kindsOf([]value.Kind{value.Null})}, least: 1, most: 1, result: answers(tText), one: func(f *Frame, c *callee, v value.Value) (value.Value, error) {
				return c.newText(f, v.JSON())
			},
		},
		{
			Function: doc("other", "fromJSON(text) → value", "The value that a JSON text holds.", `fromJSON("[1.50]")`, "[1.50]"),
			params:   []kinds{kText}, least: 1, most: 1, result: answers(tAnything), one: fromJSON,
		},
		{
			Function: doc("other", "toBase64(text) → text", "The bytes of a text in base 64.", `toBase64("ab")`, `"YWI="`),
			params:   []kinds{kText}, least: 1, most: 1, result: answers(tText), one: func(f *Frame, c *callee, v value.Value) (value.Value, error) {
				return c.newText(f, base64.StdEncoding.EncodeToString([]byte(v.Text())))
			},
		},
		{
			Function: doc("other", "fromBase64(text) → text", "The text whose bytes stand there in base 64.", `fromBase64("YWI=")`, `"ab"`),
			params:   []kinds{kText}, least: 1, most: 1, result: answers(tText), one: fromBase64,
		},
	}
}

func fromJSON(f *Frame, c *callee, v value.Value) (value.Value, error) {
	if err := f.spend(&c.part, v.Size()>>6+1); err != nil {
		return v, err
	}
	x, err := value.ParseValue(v.Text())
	if err != nil {
		return v, c.args[0].fail("PC222", c.args[0].label+" is no JSON: "+problem.As(err).Reason, "")
	}
	return x, nil
}

func fromBase64(f *Frame, c *callee, v value.Value) (value.Value, error) {
	b, err := base64.StdEncoding.DecodeString(v.Text())
	if err != nil || !value.Valid(string(b)) {
		return v, c.args[0].fail("PC222", c.args[0].label+" is "+v.Display()+", which is no text in base 64", "")
	}
	return c.newText(f, string(b))
}
