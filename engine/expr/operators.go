package expr

import (
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
	}
	l, r := c.compile(n.Left), c.compile(n.Right)
	var p part
	switch n.Operator {
	case "+":
		p = c.plus(n, l, r)
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
	"+": value.Add, "-": value.Sub, "*": value.Mul, "/": value.Quo, "%": value.Rem, "**": value.Pow, "^": value.Pow,
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

// plus adds numbers, and joins texts.
func (c *compiler) plus(n *ast.BinaryNode, l, r part) part {
	c.fits(l, kNumber|kText)
	c.fits(r, kNumber|kText)
	a, b := l.kind(), r.kind()
	if a == value.Number && b == value.Number {
		return c.arithmetic(n, l, r)
	}
	if a == value.Text && b == value.Number || a == value.Number && b == value.Text {
		return c.mistake(c.pos(n), "PC209", "+ adds numbers or joins texts; "+l.label+" is "+a.String()+" and "+r.label+" is "+b.String(),
			"text("+l.label+", "+r.label+") joins them, number(…) makes a number of a text")
	}
	self := part{label: shorten(n.String()), at: c.pos(n)}
	if a == value.Text || b == value.Text {
		self.typ = tText
	} else if a == value.Number || b == value.Number {
		self.typ = tNumber
	}
	self.run = func(f *Frame) (value.Value, error) {
		a, b, err := both(f, &l, &r)
		switch {
		case err != nil:
			return a, err
		case a.Kind() == value.Number && b.Kind() == value.Number:
			return self.calculated(value.Add(a, b))
		case a.Kind() == value.Text && b.Kind() == value.Text:
			return self.join(f, a, b)
		case a.Kind() != value.Number && a.Kind() != value.Text:
			return a, l.unfit(a, "+", kNumber|kText)
		case b.Kind() != value.Number && b.Kind() != value.Text:
			return b, r.unfit(b, "+", kNumber|kText)
		}
		return a, l.unfit(a, "+ with "+r.label+", which is "+b.Kind().String()+",", kindsOf([]value.Kind{b.Kind()}))
	}
	return self
}

func (p *part) join(f *Frame, a, b value.Value) (value.Value, error) {
	v := value.Concat(a, b)
	if v.Size() > maxText {
		return value.Value{}, p.tooLarge("a text of more than 16 MiB")
	}
	if n := v.Size(); n >= 1<<10 {
		return v, f.spend(p, n>>10)
	}
	return v, nil
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
