package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// MaxText is the longest expression, in bytes; a longer one is generated, or a mistake.
const MaxText = 64 << 10

// Expr is a compiled expression. It may be used by several goroutines at once, each with a Frame
// of its own.
type Expr struct {
	text    string
	at      problem.Pos
	run     code
	typ     *value.Schema
	want    kinds
	locals  int
	sources []string
	names   []string
	konst   *value.Value
	name    string
}

// Compile checks an expression and makes it ready to run. at is where its text begins in the YAML;
// want are the kinds that it may answer, any when none is given. All mistakes of the expression
// come together.
func (s *Scope) Compile(text string, at problem.Pos, want ...value.Kind) (*Expr, error) {
	if len(text) > MaxText {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC214", At: at, Reason: fmt.Sprintf("expression is longer than %d KiB", MaxText>>10),
			Hint: "name its parts with let, or put its constants into a table",
		}
	}
	tree, err := parse(text)
	if err != nil {
		return nil, syntaxError(text, at, err)
	}
	c := &compiler{scope: s, text: text, at: at, uses: map[string]int{}, slots: map[string]bool{}}
	p := c.compile(tree)
	e := &Expr{text: text, at: at, run: p.run, typ: p.typ, locals: c.locals, want: kindsOf(want), konst: p.konst}
	if len(c.problems) == 0 {
		c.fits(p, e.want)
	}
	if len(c.problems) == 1 {
		return nil, c.problems[0]
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	if id, ok := tree.(*ast.IdentifierNode); ok && s.find(id.Value) != nil {
		e.name = id.Value
	}
	e.sources, e.names = c.used()
	return e, nil
}

func parse(text string) (ast.Node, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the expression is empty")
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, err
	}
	return tree.Node, nil
}

func syntaxError(text string, at problem.Pos, err error) error {
	if e := mistypedCall(text, at); e != nil {
		return e
	}
	e := &problem.Error{
		Class: problem.Fatal, ID: "PC205", At: at, Reason: "expression can't be read: " + err.Error(),
		Hint: "a text stands in quotes, a name without them; see the list of operators and functions",
	}
	if fe, ok := errors.AsType[*file.Error](err); ok {
		e.At = position(at, text, fe.From)
		if strings.Contains(fe.Message, `Operator(":")`) {
			e.Hint = `an object inside a function's condition stands in braces of its own: map(list, { {"name": .field} })`
		}
		e.Reason = "expression can't be read: " + fe.Message
	}
	return e
}

var localPool = sync.Pool{New: func() any { s := make([]value.Value, 0, 16); return &s }}

// Eval runs the expression for one record. Its error is a *problem.Error of class Invalid that
// names the operand.
func (e *Expr) Eval(f *Frame) (value.Value, error) {
	if e.locals > 0 {
		buf := localPool.Get().(*[]value.Value) //nolint:forcetypeassert // the pool holds nothing else
		f.locals = slices.Grow((*buf)[:0], e.locals)[:e.locals]
		defer func() {
			clear(f.locals) // a pooled value would keep its record alive
			*buf = f.locals[:0]
			f.locals = nil
			localPool.Put(buf)
		}()
	}
	v, err := e.run(f)
	if err != nil || e.want == 0 || e.want.has(v.Kind()) {
		return v, err
	}
	return v, e.wrongResult(v)
}

func (e *Expr) wrongResult(v value.Value) error {
	return &problem.Error{
		Class: problem.Invalid, ID: "PC212", At: e.at,
		Reason: fmt.Sprintf("%s is %s, not %s", shorten(e.text), v.Kind(), e.want),
		Hint:   hintFor(v),
	}
}

// Text is the expression as written.
func (e *Expr) Text() string { return e.text }

// At is where the expression stands.
func (e *Expr) At() problem.Pos { return e.at }

// Type is what is known of the answer; its Type is Absent where nothing is.
func (e *Expr) Type() value.Schema {
	if e.typ == nil {
		return value.Schema{}
	}
	return *e.typ
}

// Const is the answer of an expression that is the same for every record, such as 13 or "x".
func (e *Expr) Const() (value.Value, bool) {
	if e.konst == nil {
		return value.Value{}, false
	}
	return *e.konst, true
}

// Name is the bound name that the expression consists of, or "".
func (e *Expr) Name() string { return e.name }

// Sources are the dotted paths of the record that the expression looks at, sorted; "*" when it
// takes the record as a whole. A path means everything below it.
func (e *Expr) Sources() []string { return e.sources }

// Names are the bound names that the expression looks at, sorted. Their own sources come besides.
func (e *Expr) Names() []string { return e.names }

func shorten(text string) string {
	const most = 60
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}
