package expr

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

func (c *compiler) unary(n *ast.UnaryNode) part {
	x := c.compile(n.Node)
	switch n.Operator {
	case "!", "not":
		c.fits(x, kBool)
		return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
			v, err := x.bool(f, n.Operator)
			return value.OfBool(!v), err
		}}
	case "+":
		c.fits(x, kNumber)
		return part{typ: tNumber, konst: x.konst, run: func(f *Frame) (value.Value, error) {
			v, err := x.run(f)
			if err == nil && v.Kind() != value.Number {
				err = x.unfit(v, "+", kNumber)
			}
			return v, err
		}}
	}
	c.fits(x, kNumber)
	if x.konst != nil && x.kind() == value.Number {
		if v, ok := value.OfNumber("-" + x.konst.JSON()); ok && x.konst.Sign() > 0 {
			return konst(v, tNumber) // -12.50 keeps its digits, too
		}
	}
	self := part{label: shorten(n.String()), at: c.pos(n), typ: tNumber}
	self.run = func(f *Frame) (value.Value, error) {
		v, err := x.run(f)
		if err != nil {
			return v, err
		}
		if v.Kind() != value.Number {
			return v, x.unfit(v, "-", kNumber)
		}
		return self.calculated(value.Neg(v))
	}
	return self
}

// bool runs a part whose answer has to be true or false.
func (p *part) bool(f *Frame, who string) (bool, error) {
	v, err := p.run(f)
	if err != nil {
		return false, err
	}
	if v.Kind() != value.Bool {
		return false, p.unfit(v, who, kBool)
	}
	return v.Bool(), nil
}

func (c *compiler) binary(n *ast.BinaryNode) part {
	switch n.Operator {
	case "==", "!=":
		return c.equality(n)
	case "??":
		return c.coalesce(n)
	case "+":
		return c.plus(n)
	}
	l, r := c.compile(n.Left), c.compile(n.Right)
	var p part
	switch n.Operator {
	case "-", "*", "/", "%", "**", "^":
		p = c.arithmetic(n, l, r)
	case "<", "<=", ">", ">=":
		p = c.ordering(n, l, r)
	case "&&", "and", "||", "or":
		p = c.logic(n, l, r)
	case "in":
		p = c.in(n, l, r)
	case "contains", "startsWith", "endsWith":
		p = c.textTest(n, l, r)
	case "matches":
		p = c.matches(n, l, r)
	case "..":
		p = c.span(n, l, r)
	default:
		return c.mistake(c.pos(n), "PC205", "operator "+n.Operator+" is not known", "")
	}
	return p
}

// both runs two operands.
func both(f *Frame, l, r *part) (a, b value.Value, err error) {
	if a, err = l.run(f); err == nil {
		b, err = r.run(f)
	}
	return a, b, err
}

var arithmetics = map[string]func(a, b value.Value) (value.Value, error){
	"-": value.Sub, "*": value.Mul, "/": value.Quo, "%": value.Rem, "**": value.Pow, "^": value.Pow,
}

func (c *compiler) arithmetic(n *ast.BinaryNode, l, r part) part {
	c.fits(l, kNumber)
	c.fits(r, kNumber)
	calc, op := arithmetics[n.Operator], n.Operator
	self := part{label: shorten(n.String()), at: c.pos(n), typ: tNumber}
	self.run = func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case a.Kind() != value.Number:
			return a, l.unfit(a, op, kNumber)
		case b.Kind() != value.Number:
			return b, r.unfit(b, op, kNumber)
		}
		v, err := calc(a, b)
		if err != nil {
			return self.calculated(v, err)
		}
		return v, nil
	}
	if op == "**" || op == "^" { // the one operator whose work isn't bounded by its operands' size
		once := self.run
		self.run = func(f *Frame) (value.Value, error) {
			if err := f.spend(&self, 100); err != nil {
				return value.Value{}, err
			}
			return once(f)
		}
	}
	return self
}

// plus adds numbers, and joins texts. A row of them is one operation: a + b + c makes one text.
func (c *compiler) plus(n *ast.BinaryNode) part {
	var nodes []*ast.BinaryNode
	first := ast.Node(n)
	for {
		b, ok := first.(*ast.BinaryNode)
		if !ok || b.Operator != "+" {
			break
		}
		nodes, first = append(nodes, b), b.Left
	}
	parts := []part{c.compile(first)}
	c.fits(parts[0], kNumber|kText)
	typ := parts[0].typ
	for _, node := range slices.Backward(nodes) {
		r := c.compile(node.Right)
		c.fits(r, kNumber|kText)
		typ = c.sumType(node, parts, typ, r)
		parts = append(parts, r)
	}
	self := part{label: shorten(n.String()), at: c.pos(n), typ: typ}
	if len(parts) == 2 {
		l, r := parts[0], parts[1]
		self.run = func(f *Frame) (value.Value, error) {
			a, b, err := both(f, &l, &r)
			if err != nil {
				return a, err
			}
			return self.sum(f, a, b, &l, &r)
		}
		return self
	}
	self.run = func(f *Frame) (value.Value, error) { return self.row(f, parts) }
	return self
}

// sumType is what comes of what stands before, and one more operand.
func (c *compiler) sumType(n *ast.BinaryNode, before []part, t *value.Schema, r part) *value.Schema {
	a, b := typeOf(t), r.kind()
	l := before[len(before)-1]
	if len(before) > 1 {
		l.label = shorten(n.Left.String())
	}
	if a == value.Text && b == value.Number || a == value.Number && b == value.Text {
		return c.mistake(c.pos(n), "PC209", "+ adds numbers or joins texts; "+l.label+" is "+a.String()+" and "+r.label+" is "+b.String(),
			"text("+l.label+", "+r.label+") joins them, number(…) makes a number of a text").typ
	}
	switch {
	case a == value.Text || b == value.Text:
		return tText
	case a == value.Number || b == value.Number:
		return tNumber
	}
	return nil
}

// sum is one +.
func (p *part) sum(f *Frame, a, b value.Value, l, r *part) (value.Value, error) {
	switch {
	case a.Kind() == value.Number && b.Kind() == value.Number:
		return p.calculated(value.Add(a, b))
	case a.Kind() == value.Text && b.Kind() == value.Text:
		return p.join(f, a, b)
	case a.Kind() != value.Number && a.Kind() != value.Text:
		return a, l.unfit(a, "+", kNumber|kText)
	case b.Kind() != value.Number && b.Kind() != value.Text:
		return b, r.unfit(b, "+", kNumber|kText)
	}
	return a, l.fail("PC222", fmt.Sprintf("+ adds numbers or joins texts; %s is %s, %s, and %s is %s, %s",
		l.label, a.Kind(), a.Display(), r.label, b.Kind(), b.Display()),
		"text("+l.label+", "+r.label+") joins them, number(…) makes a number of a text")
}

// row is several + in a row, from left to right.
func (p *part) row(f *Frame, parts []part) (value.Value, error) {
	var few [8]value.Value
	values, texts := few[:0], true
	for i := range parts {
		v, err := parts[i].run(f)
		if err != nil {
			return v, err
		}
		values, texts = append(values, v), texts && v.Kind() == value.Text
	}
	if texts {
		return p.join(f, values...)
	}
	sum, l := values[0], &parts[0]
	for i, v := range values[1:] {
		var err error
		if sum, err = p.sum(f, sum, v, l, &parts[i+1]); err != nil {
			return sum, err
		}
		l = p
	}
	return sum, nil
}

func (p *part) join(f *Frame, texts ...value.Value) (value.Value, error) {
	size := 0
	for _, t := range texts {
		size += t.Size()
	}
	if size > maxText {
		return value.Value{}, p.tooLarge("a text of more than 16 MiB")
	}
	if size >= 1<<10 {
		if err := f.spend(p, size>>10); err != nil {
			return value.Value{}, err
		}
	}
	return value.Concat(texts...), nil
}

func (c *compiler) logic(n *ast.BinaryNode, l, r part) part {
	c.fits(l, kBool)
	c.fits(r, kBool)
	op, stop := n.Operator, n.Operator == "||" || n.Operator == "or"
	return part{typ: tBool, run: func(f *Frame) (value.Value, error) {
		a, err := l.bool(f, op)
		if err != nil || a == stop {
			return value.OfBool(a), err
		}
		b, err := r.bool(f, op)
		return value.OfBool(b), err
	}}
}

func (c *compiler) coalesce(n *ast.BinaryNode) part {
	l, r := c.guarded(n.Left), c.compile(n.Right)
	return part{typ: common(l.typ, r.typ), run: func(f *Frame) (value.Value, error) {
		v, err := l.run(f)
		if err != nil || !v.IsNone() {
			return v, err
		}
		return r.run(f)
	}}
}

func (c *compiler) conditional(n *ast.ConditionalNode, guarded bool) part {
	cond, a, b := c.compile(n.Cond), c.node(n.Exp1, guarded), c.node(n.Exp2, guarded)
	c.fits(cond, kBool)
	return part{typ: common(a.typ, b.typ), at: cond.at, run: func(f *Frame) (value.Value, error) {
		yes, err := cond.bool(f, "a condition")
		switch {
		case err != nil:
			return value.Value{}, err
		case yes:
			return a.run(f)
		}
		return b.run(f)
	}}
}
