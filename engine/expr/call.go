package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Function is a function as the reference shows it.
type Function struct {
	Name      string
	Signature string // text(part, …) → text
	Doc       string // one line
	Example   string // an expression that stands for itself
	Answer    string // what the example gives, as JSON
	Group     string // text, number, list, object, time, other
}

// function is a Function with what the compiler needs: one, two or many calculates, except for
// the forms that walk over a list with an expression of their own.
type function struct {
	Function
	params []kinds // of the arguments; the last one repeats when most is 0
	least  int     // number of arguments
	most   int     // 0: any number
	result func(args []part) *value.Schema
	one    func(f *Frame, c *callee, a value.Value) (value.Value, error)
	two    func(f *Frame, c *callee, a, b value.Value) (value.Value, error)
	many   func(f *Frame, c *callee, args []value.Value) (value.Value, error)
	form   bool                            // compiled by compiler.closure
	check  func(c *compiler, call *callee) // of constant arguments, when the file is loaded

	lenient bool // its arguments may be missing fields
}

// callee is a call as its function sees it: itself, for messages, and its arguments.
type callee struct {
	part
	args []part
	loc  *time.Location // of a zone that is written out
}

func (fn *function) param(i int) kinds {
	if i < len(fn.params) {
		return fn.params[i]
	}
	return fn.params[len(fn.params)-1]
}

// callNode is a call of what expr-lang does not know.
func (c *compiler) callNode(n *ast.CallNode) part {
	if id, ok := n.Callee.(*ast.IdentifierNode); ok {
		return c.call(n, id.Value, n.Arguments)
	}
	return c.mistake(c.pos(n), "PC208", shorten(n.Callee.String())+" is not a function",
		"values have no methods: write upper(x), or x | upper()")
}

func (c *compiler) call(n ast.Node, name string, args []ast.Node) part {
	fn := functions[name]
	if fn == nil {
		hint := instead[strings.ToLower(name)]
		if hint == "" {
			hint = "known are " + strings.Join(functionNames(), ", ")
			if near := problem.Nearest(name, functionNames()); near != "" {
				hint = "did you mean " + functions[near].Signature + "?"
			}
		}
		return c.mistake(c.pos(n), "PC208", "function "+name+" is not known", hint)
	}
	if len(args) < fn.least || fn.most > 0 && len(args) > fn.most {
		return c.mistake(c.pos(n), "PC208", fmt.Sprintf("function %s has %s, not %d", name, fn.arity(), len(args)), fn.Signature)
	}
	if fn.form {
		return c.form(n, fn, args)
	}
	return c.plainCall(n, fn, args)
}

// instead says what to write instead of functions that expr-lang has and mappings do not.
var instead = map[string]string{
	"now":       "there is no now(), as a mapping gives the same answer whenever it runs; run.time is the time of the run",
	"date":      "instant(text, zone) reads a time",
	"timezone":  `zones are texts: day(t, "Asia/Shanghai")`,
	"duration":  "addDays(t, days, zone) moves a time; unix(t) makes seconds of it",
	"nvl":       "x ?? y is x, or y where x is null or absent",
	"concat_ws": "join(list, separator) joins texts",
	"substr":    "x[from:to] is a part of a text",
	"substring": "x[from:to] is a part of a text",
	"unique":    "uniq(list) leaves every value once",
	"iif":       "if a { b } else { c } chooses",

	// What SQL calls so, for whoever brings mappings written in it.
	"ifnull":          "x ?? y is x, or y where x is null or absent; filled(x) ?? y also where x is an empty text",
	"coalesce":        "x ?? y ?? z is the first that is neither null nor absent",
	"isnull":          "write x == null, or x == absent for a field that is not there",
	"nullif":          "if x == y { null } else { x }",
	"left":            "x[0:n] is the first n characters of a text",
	"right":           "x[len(x)-n:] is the last n characters of a text",
	"substring_index": "split(text, separator)[0] is the part in front of the first separator",
	"locate":          `text contains "part", or indexOf(text, part), which counts from 0`,
	"instr":           `text contains "part", or indexOf(text, part), which counts from 0`,
	"length":          "len(x) counts characters, items or members",
	"char_length":     "len(x) counts characters, items or members",
	"greatest":        "max(a, b, …) is the greatest",
	"least":           "min(a, b, …) is the least",
	"cast":            "number(x) makes a number of a text, text(x) a text of a number",
	"convert":         "number(x) makes a number of a text, text(x) a text of a number",
	"ceiling":         "ceil(x) is the next whole number above",
	"truncate":        "int(x) leaves the fraction out; floor(x * 100) / 100 keeps two digits",
	"from_unixtime":   `instant(x) reads seconds or milliseconds since 1970; day(instant(x), "Asia/Shanghai") is the date there`,
	"unix_timestamp":  "unix(t) makes seconds since 1970 of an instant",
	"str_to_date":     `instant(text, "Asia/Shanghai") reads a time of that zone`,
	"date_format":     `format(t, "yyyy-MM-dd HH:mm:ss", "Asia/Shanghai") writes an instant`,
	"last_day":        `lastDay(t, "Asia/Shanghai") is the last day of an instant's month`,
	"date_add":        "addDays(t, days, zone) and addMonths(t, months, zone) move a time",
	"date_sub":        "addDays(t, -days, zone) and addMonths(t, -months, zone) move a time",
	"year":            `number(format(t, "yyyy", "Asia/Shanghai")) is the year of an instant there`,
	"curdate":         `day(run.time, "Asia/Shanghai") is the day of the run`,
	"group_concat":    "join(list, separator) joins texts",
}

func (fn *function) arity() string {
	switch {
	case fn.most == 0:
		return fmt.Sprintf("at least %s", arguments(fn.least))
	case fn.least == fn.most:
		return arguments(fn.least)
	}
	return fmt.Sprintf("%d to %s", fn.least, arguments(fn.most))
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func (c *compiler) plainCall(n ast.Node, fn *function, args []ast.Node) part {
	call := &callee{part: part{label: shorten(n.String()), at: c.pos(n)}, args: make([]part, len(args))}
	for i, a := range args {
		call.args[i] = c.node(a, fn.lenient)
		if call.args[i].kind() == value.Null && !fn.param(i).has(value.Null) {
			c.mistake(call.args[i].at, "PC209", fn.Name+" needs "+fn.param(i).String()+", not null", fn.Signature)
			continue
		}
		c.fits(call.args[i], fn.param(i))
	}
	if fn.check != nil {
		fn.check(c, call)
	}
	if fn.result != nil {
		call.typ = fn.result(call.args)
	}
	switch {
	case fn.one != nil:
		call.run = fn.runOne(call)
	case fn.two != nil:
		call.run = fn.runTwo(call)
	default:
		call.run = fn.runMany(call)
	}
	return call.part
}

func (c *callee) arg(f *Frame, i int, fn *function) (value.Value, error) {
	v, err := c.args[i].run(f)
	if err == nil && !fn.param(i).has(v.Kind()) {
		return v, c.args[i].unfit(v, fn.Name, fn.param(i))
	}
	return v, err
}

func (fn *function) runOne(call *callee) code {
	return func(f *Frame) (value.Value, error) {
		a, err := call.arg(f, 0, fn)
		if err != nil {
			return a, err
		}
		return fn.one(f, call, a)
	}
}

func (fn *function) runTwo(call *callee) code {
	return func(f *Frame) (value.Value, error) {
		a, err := call.arg(f, 0, fn)
		if err != nil {
			return a, err
		}
		var b value.Value
		if len(call.args) > 1 {
			if b, err = call.arg(f, 1, fn); err != nil {
				return b, err
			}
		}
		return fn.two(f, call, a, b)
	}
}

func (fn *function) runMany(call *callee) code {
	return func(f *Frame) (value.Value, error) {
		var few [4]value.Value
		args := few[:0]
		for i := range call.args {
			v, err := call.arg(f, i, fn)
			if err != nil {
				return v, err
			}
			args = append(args, v)
		}
		return fn.many(f, call, args)
	}
}

// constant is the text of an argument that is written out.
func (p part) constant() (string, bool) {
	if p.konst == nil || p.kind() != value.Text {
		return "", false
	}
	return p.konst.Text(), true
}

func answers(t *value.Schema) func([]part) *value.Schema {
	return func([]part) *value.Schema { return t }
}

func likeFirst(args []part) *value.Schema { return args[0].typ }

func itemOfFirst(args []part) *value.Schema { return itemsOf(args[0].typ) }

// functions are all functions by name; Functions lists them in order.
var functions = func() map[string]*function {
	all := map[string]*function{}
	for _, group := range groups() {
		for i := range group {
			all[group[i].Name] = &group[i]
		}
	}
	return all
}()

func groups() [][]function {
	return [][]function{textFunctions(), numberFunctions(), timeFunctions(), listFunctions(), closureFunctions(), objectFunctions(), otherFunctions()}
}

func functionNames() []string {
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return names
}

// Functions lists all functions, by group, for the reference and for completion.
func Functions() []Function {
	var out []Function
	for _, group := range groups() {
		for _, fn := range group {
			out = append(out, fn.Function)
		}
	}
	return out
}

// doc describes a function: its name comes from the signature.
func doc(group, signature, line, example, answer string) Function {
	name, _, _ := strings.Cut(signature, "(")
	return Function{Name: name, Signature: signature, Doc: line, Example: example, Answer: answer, Group: group}
}
