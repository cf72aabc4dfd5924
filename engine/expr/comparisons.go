package expr

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

// isNone says that a node is written null, nil or absent.
func isNone(n ast.Node) (word string, ok bool) {
	switch n := n.(type) {
	case *ast.NilNode:
		return "null", true
	case *ast.IdentifierNode:
		return n.Value, n.Value == "null" || n.Value == "absent"
	}
	return "", false
}

// equality is == and !=. Compared with the word null, null and absent are alike: there is no
// value. Compared with the word absent, only absent is.
func (c *compiler) equality(n *ast.BinaryNode) part {
	not := n.Operator == "!="
	left, right := n.Left, n.Right
	if _, ok := isNone(left); ok {
		left, right = right, left
	}
	if word, ok := isNone(right); ok {
		return c.noneTest(left, word, not)
	}
	l, r := c.compile(left), c.compile(right)
	c.meets(l, right)
	c.meets(r, left)
	if a, b := l.kind(), r.kind(); a > value.Null && b > value.Null && a != b {
		return c.incomparable(n, l, r)
	}
	if r.konst != nil && r.kind() == value.Text {
		return l.equalsText(&r, not)
	}
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case a.Kind() == value.Absent:
			return a, l.unfit(a, n.Operator, kAny)
		case b.Kind() == value.Absent:
			return b, r.unfit(b, n.Operator, kAny)
		}
		same, err := value.Equal(a, b)
		if err != nil {
			return a, l.mixed(a, b, r)
		}
		return value.OfBool(same != not), f.spend(&l, weight(a))
	}}
}

// weight is about how long it takes to walk over a value.
func weight(v value.Value) int {
	if w := v.Weight(); w > 16 {
		return w / 16
	}
	return 0
}

func (c *compiler) noneTest(n ast.Node, word string, not bool) part {
	x := c.guarded(n)
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		v, err := x.run(f)
		none := v.Kind() == value.Absent || word != "absent" && v.Kind() == value.Null
		return value.OfBool(none != not), err
	}}
}

// equalsText is the comparison that mappings make most: with a text that is written out.
func (p part) equalsText(r *part, not bool) part {
	want, other := *r.konst, *r
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		v, err := p.run(f)
		switch {
		case err != nil:
			return v, err
		case v.Kind() == value.Text:
			return value.OfBool(value.SameText(v, want) != not), nil
		case v.Kind() == value.Null:
			return value.OfBool(not), nil
		case v.Kind() == value.Absent:
			return v, p.unfit(v, "==", kAny)
		}
		return v, p.mixed(v, want, other)
	}}
}

func (c *compiler) incomparable(n *ast.BinaryNode, l, r part) part {
	return c.mistake(c.pos(n), "PC209", fmt.Sprintf("%s is %s and can't be compared with %s, which is %s", l.label, l.kind(), r.label, r.kind()),
		mixedHint(l.kind(), r.kind()))
}

const kOrdered = kNumber | kText | kInstant

func (c *compiler) ordering(n *ast.BinaryNode, l, r part) part {
	c.fits(l, kOrdered)
	c.fits(r, kOrdered)
	if a, b := l.kind(), r.kind(); kOrdered.has(a) && kOrdered.has(b) && a != b {
		return c.incomparable(n, l, r)
	}
	op := n.Operator
	less, equal, greater := op[0] == '<', len(op) == 2, op[0] == '>'
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case !kOrdered.has(a.Kind()):
			return a, l.unfit(a, op, kOrdered)
		case !kOrdered.has(b.Kind()):
			return b, r.unfit(b, op, kOrdered)
		}
		order, err := value.Compare(a, b)
		if err != nil {
			return a, l.mixed(a, b, r)
		}
		return value.OfBool(order < 0 && less || order == 0 && equal || order > 0 && greater), nil
	}}
}

// in is true when a list has an item that equals x, or an object a member called x.
func (c *compiler) in(n *ast.BinaryNode, l, r part) part {
	c.fits(r, kList|kObject)
	c.meets(l, n.Right)
	if a, b := l.kind(), typeOf(itemsOf(r.typ)); a > value.Null && b > value.Null && a != b {
		return c.incomparable(n, l, part{label: "the items of " + r.label, typ: itemsOf(r.typ)})
	}
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case b.Kind() == value.Object && a.Kind() == value.Text:
			return value.OfBool(b.Get(a.Text()).Kind() != value.Absent), nil
		case b.Kind() == value.Object && !a.IsNone():
			return a, l.unfit(a, "in with an object", kText)
		case b.Kind() == value.Object:
			return value.OfBool(false), nil
		case b.Kind() != value.List:
			return b, r.unfit(b, "in", kList|kObject)
		}
		return l.inList(f, a, b, r)
	}}
}

func (p *part) inList(f *Frame, x, list value.Value, r part) (value.Value, error) {
	if err := f.spend(p, list.Len()/4); err != nil {
		return x, err
	}
	if x.Kind() == value.Absent {
		return value.OfBool(false), nil
	}
	alike := false // an item of x's kind
	var other value.Value
	it := list.Walk()
	for y, ok := it.Next(); ok; y, ok = it.Next() {
		same, err := value.Equal(x, y)
		if same {
			return value.OfBool(true), nil
		}
		if err == nil {
			alike = alike || y.Kind() == x.Kind()
		} else {
			other = y
		}
	}
	if !alike && other.Kind() != value.Absent {
		return x, p.mixed(x, other, part{label: "an item of " + r.label})
	}
	return value.OfBool(false), nil
}

var textTests = map[string]func(s, part string) bool{
	"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
}

func (c *compiler) textTest(n *ast.BinaryNode, l, r part) part {
	return c.texts(n.Operator, l, r, textTests[n.Operator])
}

func (c *compiler) texts(op string, l, r part, test func(a, b string) bool) part {
	c.fits(l, kText)
	c.fits(r, kText)
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case a.Kind() != value.Text:
			return a, l.unfit(a, op, kText)
		case b.Kind() != value.Text:
			return b, r.unfit(b, op, kText)
		}
		return value.OfBool(test(a.Text(), b.Text())), f.spend(&l, a.Size()>>10)
	}}
}

func (c *compiler) matches(_ *ast.BinaryNode, l, r part) part {
	if r.konst != nil && r.kind() == value.Text {
		re, err := regexp.Compile(r.konst.Text())
		if err != nil {
			return c.mistake(r.at, "PC213", "pattern can't be read: "+err.Error(), "patterns are those of RE2: https://github.com/google/re2/wiki/Syntax")
		}
		return c.texts("matches", l, r, func(s, _ string) bool { return re.MatchString(s) })
	}
	p := c.texts("matches", l, r, nil)
	p.run = func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case a.Kind() != value.Text:
			return a, l.unfit(a, "matches", kText)
		case b.Kind() != value.Text:
			return b, r.unfit(b, "matches", kText)
		}
		if err := f.spend(&r, 100+b.Size()+a.Size()>>10); err != nil {
			return a, err
		}
		re, err := regexp.Compile(b.Text())
		if err != nil {
			return b, r.fail("PC222", r.label+" is no pattern: "+b.Display(), "patterns are those of RE2")
		}
		return value.OfBool(re.MatchString(a.Text())), nil
	}
	return p
}
