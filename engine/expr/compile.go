package expr

import (
	"sort"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// code is a compiled part of an expression.
type code func(f *Frame) (value.Value, error)

// part is what the compiler knows of a part: how to run it, and what may come of it.
type part struct {
	run   code
	typ   *value.Schema // nil where nothing is known
	path  string        // dotted path in the record, of what is taken from it as it is
	label string        // how messages call it
	at    problem.Pos
	konst *value.Value // of what is the same for every record
}

func (p part) kind() value.Kind { return typeOf(p.typ) }

type compiler struct {
	scope    *Scope
	text     string
	at       problem.Pos
	problems problem.List
	uses     map[string]int  // record paths
	slots    map[string]bool // bound names
	locals   int             // places for items of closures and let names
	lets     []local
	closures []closure
}

// local is a let name inside the expression.
type local struct {
	name  string
	place int
	typ   *value.Schema
}

// closure is where the items of a running filter, map, … are found.
type closure struct {
	item, index, acc int // places in Frame.locals; -1: none
	typ, accType     *value.Schema
	path             string
}

func (c *compiler) place() int {
	c.locals++
	return c.locals - 1
}

func (c *compiler) pos(n ast.Node) problem.Pos {
	return position(c.at, c.text, n.Location().From)
}

// mistake notes a problem and answers a part that stands for anything, so that the rest is
// checked as well.
func (c *compiler) mistake(at problem.Pos, id, reason, hint string) part {
	c.problems = append(c.problems, &problem.Error{Class: problem.Fatal, ID: id, At: at, Reason: reason, Hint: hint})
	return part{run: func(*Frame) (value.Value, error) { return value.Value{}, nil }, at: at}
}

func (c *compiler) used() (sources, names []string) {
	for p, n := range c.uses {
		if n > 0 {
			sources = append(sources, p)
		}
	}
	for n := range c.slots {
		names = append(names, n)
	}
	sort.Strings(sources)
	sort.Strings(names)
	return sources, names
}

// compile compiles a part that has to be there.
func (c *compiler) compile(n ast.Node) part { return c.node(n, false) }

// guarded compiles a part that may be missing, because what stands around it says what then: the
// left of ??, the left of ?., a comparison with null.
func (c *compiler) guarded(n ast.Node) part { return c.node(n, true) }

func (c *compiler) node(n ast.Node, guarded bool) part {
	var p part
	switch n := n.(type) {
	case *ast.NilNode:
		p = konst(value.NullValue(), tNull)
	case *ast.BoolNode:
		p = konst(value.OfBool(n.Value), tBool)
	case *ast.StringNode:
		p = c.textLiteral(n)
	case *ast.IntegerNode, *ast.FloatNode:
		p = c.numberLiteral(n)
	case *ast.IdentifierNode:
		p = c.identifier(n, guarded)
	case *ast.PointerNode:
		p = c.pointer(n)
	case *ast.MemberNode:
		p = c.member(n, guarded)
	case *ast.ChainNode:
		p = c.chain(n)
	case *ast.SliceNode:
		p = c.slice(n)
	case *ast.UnaryNode:
		p = c.unary(n)
	case *ast.BinaryNode:
		p = c.binary(n)
	case *ast.ConditionalNode:
		p = c.conditional(n, guarded)
	case *ast.VariableDeclaratorNode:
		p = c.let(n)
	case *ast.ArrayNode:
		p = c.list(n)
	case *ast.MapNode:
		p = c.object(n)
	case *ast.BuiltinNode:
		p = c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		p = c.callNode(n)
	default: // several expressions in a row, byte literals
		p = c.mistake(c.pos(n), "PC205", "expression has a part that has no meaning in a mapping: "+shorten(n.String()), "write one expression; name parts with `let x = …;` in front")
	}
	if p.at == (problem.Pos{}) {
		p.at = c.pos(n)
	}
	if p.label == "" {
		p.label = shorten(n.String())
	}
	return p
}

func konst(v value.Value, t *value.Schema) part {
	return part{run: func(*Frame) (value.Value, error) { return v, nil }, typ: t, konst: &v}
}

// fits checks that a part may answer one of the wanted kinds.
func (c *compiler) fits(p part, want kinds) {
	k := p.kind()
	if want == 0 || k == value.Absent || want.has(k) {
		return
	}
	c.mistake(p.at, "PC209", p.label+" is "+k.String()+", not "+want.String(), castHint(k, want))
}

func castHint(k value.Kind, want kinds) string {
	switch {
	case k == value.Number && want.has(value.Text):
		return "text(…) writes a number into a text; what is always the same stands under const"
	case k == value.Text && want.has(value.Number):
		return "number(…) reads the number in a text"
	case k == value.Text && want.has(value.Instant):
		return "instant(text, zone) reads the time in a text"
	case k == value.Instant && want.has(value.Text):
		return `day(t, zone) is its date, format(t, "yyyy-MM-dd HH:mm:ss", zone) any other form`
	case k == value.List:
		return "map, find, first, any or len make something else of a list"
	}
	return ""
}
