package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	stock "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// TestAgainstExprLang runs generated expressions here and in expr-lang. Where the answers differ,
// a line of Differences has to name an operator or function of the expression, and the reason has
// to show in the answers themselves.
func TestAgainstExprLang(t *testing.T) {
	const runs = 5000
	g := &generator{Rand: rand.New(rand.NewSource(20260301))}
	agreed, excused := 0, map[string]int{}
	for range runs {
		env := g.environment()
		text := g.expression(kinds1[g.Intn(len(kinds1))], 1+g.Intn(4))
		ours, theirs := runHere(t, text, env), runThere(text, env)
		if ours.same(theirs) {
			agreed++
			continue
		}
		topic := excuse(text, ours, theirs)
		if topic == "" {
			data, _ := json.Marshal(env)
			t.Errorf("%s\nover %s\n here %s\nthere %s", text, data, ours, theirs)
		}
		excused[topic]++
	}
	t.Logf("%d of %d agree; excused: %v", agreed, runs, excused)
	if agreed < runs*80/100 {
		t.Errorf("only %d of %d agree without excuse", agreed, runs)
	}
}

// outcome is an answer in expr-lang's Go types, or an error.
type outcome struct {
	value any
	err   error
}

func (o outcome) String() string {
	if o.err != nil {
		return "error: " + strings.ReplaceAll(o.err.Error(), "\n", " ")
	}
	return fmt.Sprintf("%v (%T)", o.value, o.value)
}

func (o outcome) same(p outcome) bool {
	if o.err != nil || p.err != nil {
		return o.err != nil && p.err != nil
	}
	return sameAnswer(o.value, p.value, 0)
}

// sameAnswer compares answers; numbers may be off by a part, which is 0 for the strict comparison.
func sameAnswer(a, b any, off float64) bool {
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && (x == y || math.Abs(x-y) <= off*math.Max(1, math.Max(math.Abs(x), math.Abs(y))))
	}
	switch a := a.(type) {
	case []any:
		b, ok := asList(b)
		return ok && slices.EqualFunc(a, b, func(x, y any) bool { return sameAnswer(x, y, off) })
	case map[string]any:
		b, ok := asMap(b)
		if !ok || len(a) != len(b) {
			return false
		}
		for n, x := range a {
			if y, ok := b[n]; !ok || !sameAnswer(x, y, off) {
				return false
			}
		}
		return true
	}
	return a == b
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []int:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = x
		}
		return out, true
	case []string:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = x
		}
		return out, true
	}
	return nil, false
}

func asMap(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case map[any][]any:
		out := map[string]any{}
		for n, x := range v {
			out[fmt.Sprint(n)] = x
		}
		return out, true
	}
	return nil, false
}

// runHere runs an expression twice, with and without the schema of its record: what is known
// must not change what is answered.
func runHere(t *testing.T, text string, env map[string]any) outcome {
	t.Helper()
	data, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := value.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := value.ReadSchema([]byte(environmentSchema))
	if err != nil {
		t.Fatal(err)
	}
	loose, known := evalHere(NewScope(nil), text, rec), evalHere(NewScope(&schema), text, rec)
	if !loose.same(known) {
		t.Errorf("%s over %s\ngives %s, and with a schema %s", text, data, loose, known)
	}
	return loose
}

func evalHere(s *Scope, text string, rec value.Record) outcome {
	e, err := s.Compile(text, problem.Pos{})
	if err != nil {
		return outcome{err: err}
	}
	v, err := e.Eval(&Frame{Source: rec.Value(), Budget: DefaultBudget})
	if err != nil {
		return outcome{err: err}
	}
	d := json.NewDecoder(strings.NewReader(v.JSON()))
	d.UseNumber()
	var out outcome
	out.err = d.Decode(&out.value)
	return out
}

func runThere(text string, env map[string]any) outcome {
	env["null"] = nil
	defer delete(env, "null")
	p, err := stock.Compile(text, stock.Env(env))
	if err != nil {
		return outcome{err: err}
	}
	v, err := stock.Run(p, env)
	return outcome{v, err}
}

// excuse is the topic of the difference that explains two answers, or "".
func excuse(text string, ours, theirs outcome) string {
	nodes := nodesOf(text)
	for _, d := range Differences() {
		concerned := slices.ContainsFunc(d.Nodes, func(n string) bool { return nodes[n] })
		if concerned && explains(d.Topic, text, ours, theirs) {
			return d.Topic
		}
	}
	return ""
}

// explains says that a difference of this topic would look like these two answers.
func explains(topic, text string, ours, theirs outcome) bool {
	failed := ""
	if ours.err != nil {
		failed = problem.As(ours.err).ID
	}
	switch topic {
	case "numbers":
		// The same but for the last digits, or a comparison or a rounding that the last digits tip over.
		return ours.err == nil && theirs.err == nil && (nodesOf(text)["x"] || nodesOf(text)["y"] || strings.ContainsAny(text, "./")) &&
			(sameAnswer(ours.value, theirs.value, 1e-9) || isBool(ours.value) || tipped(ours.value, theirs.value))
	case "division by zero", "powers":
		return failed == "PC224"
	case "null":
		return failed == "PC221" || failed == "PC209" || theirs.err != nil && ours.err == nil
	case "absent":
		return failed == "PC220" || failed == "PC221"
	case "mixed comparison":
		return failed == "PC223" || failed == "PC209"
	case "text by characters":
		return ours.err == nil && hasWide(ours, text)
	case "empty lists":
		return ours.value == nil || theirs.value == nil
	case "findLast":
		return true // what is left behind may turn up anywhere
	case "whole indexes":
		return failed == "PC222" || theirs.err != nil && ours.err == nil
	}
	return false
}

func isBool(v any) bool { _, ok := v.(bool); return ok }

// tipped says that two numbers differ by one unit: a rounding went the other way.
func tipped(a, b any) bool {
	x, ok1 := asFloat(a)
	y, ok2 := asFloat(b)
	return ok1 && ok2 && math.Abs(x-y) <= 1.000001
}

// hasWide says that the texts of the environment may have characters of several bytes.
func hasWide(o outcome, text string) bool {
	return strings.Contains(text, "w") || strings.ContainsFunc(fmt.Sprint(o.value), func(r rune) bool { return r > 127 })
}

// nodesOf are the operators and functions of an expression.
func nodesOf(text string) map[string]bool {
	tree, err := parser.Parse(text)
	if err != nil {
		return nil
	}
	v := nodeNames{}
	ast.Walk(&tree.Node, v)
	return v
}

type nodeNames map[string]bool

func (v nodeNames) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.BinaryNode:
		v[n.Operator] = true
	case *ast.UnaryNode:
		v[n.Operator] = true
	case *ast.BuiltinNode:
		v[n.Name] = true
	case *ast.SliceNode:
		v["[:]"] = true
	case *ast.MemberNode:
		if _, ok := n.Property.(*ast.StringNode); ok {
			v["."] = true
		} else {
			v["[]"] = true
		}
	case *ast.MapNode:
		v["{}"] = true
	case *ast.IdentifierNode:
		v[n.Value] = true
	}
}

const environmentSchema = `{"type":"object","properties":{"i":{"type":"integer"},"j":{"type":"integer"},"x":{"type":"number"},"y":{"type":"number"},
	"s":{"type":"string"},"r":{"type":"string"},"w":{"type":"string"},"b":{"type":"boolean"},"nul":{"type":"null"},
	"li":{"type":"array","items":{"type":"integer"}},"ls":{"type":"array","items":{"type":"string"}},
	"o":{"type":"object","properties":{"n":{"type":"integer"},"t":{"type":"string"}}},
	"lo":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"},"t":{"type":"string"},"p":{"type":"number"}}}}}}`

type kind1 string

// What the generator makes.
const (
	gInt   kind1 = "int"
	gFloat kind1 = "float"
	gText  kind1 = "text"
	gBool  kind1 = "bool"
	gInts  kind1 = "ints"
	gTexts kind1 = "texts"
	gRows  kind1 = "rows"
)

var kinds1 = []kind1{gInt, gFloat, gText, gBool, gInts, gTexts, gRows}

type generator struct{ *rand.Rand }

func (g *generator) pick(of ...string) string { return of[g.Intn(len(of))] }

func (g *generator) environment() map[string]any {
	rows, ints, texts := []any{}, []any{}, []any{}
	for range g.Intn(4) {
		rows = append(rows, map[string]any{"n": g.Intn(9), "t": g.pick("a", "b", "abc", ""), "p": float64(g.Intn(1000)) / 100})
		ints = append(ints, g.Intn(20)-5)
		texts = append(texts, g.pick("a", "B", "ab", "x-1", ""))
	}
	return map[string]any{
		"i": g.Intn(100), "j": g.Intn(7) - 3, "x": float64(g.Intn(10000)) / 100, "y": float64(g.Intn(100))/8 - 4,
		"s": g.pick("abc", "a-b-c", "", " trim ", "SKU-1"), "r": g.pick("b", "-", "abc", ""), "w": g.pick("订单号", "é-ü", "abc"),
		"b": g.Intn(2) == 0, "nul": nil, "li": ints, "ls": texts, "lo": rows, "o": map[string]any{"n": g.Intn(9), "t": g.pick("a", "abc")},
	}
}

// expression makes an expression of a kind. A form is a text in which {kind} stands for a part.
func (g *generator) expression(k kind1, depth int) string {
	forms := leaves[k]
	if depth > 0 {
		forms = inner[k]
	}
	form := forms[g.Intn(len(forms))]
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(form, "{{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		part, after, _ := strings.Cut(rest, "}}")
		out.WriteString(g.expression(kind1(part), depth-1))
		form = after
	}
}

var leaves = map[kind1][]string{
	gInt: {"i", "j", "3", "0", "-2", "17", "o.n", "1"}, gFloat: {"x", "y", "0.5", "1.25", "x", "19.99"}, gText: {"s", "r", "w", `"b"`, `"-"`, `"SKU"`, "o.t", `""`},
	gBool: {"b", "true", "false"}, gInts: {"li", "[1, 2, 3]", "[]", "1..3"}, gTexts: {"ls", `["a", "B"]`}, gRows: {"lo"},
}

var inner = map[kind1][]string{
	gInt: {
		"({{int}} + {{int}})", "({{int}} - {{int}})", "({{int}} * {{int}})", "({{int}} % {{int}})", "-({{int}})", "abs({{int}})", "len({{text}})", "len({{ints}})", "len({{rows}})", "sum({{ints}})", "count({{ints}}, # > {{int}})", "count({{rows}}, .n > {{int}})",
		"max({{int}}, {{int}})", "min({{int}}, {{int}})", "({{bool}} ? {{int}} : {{int}})", "if {{bool}} { {{int}} } else { {{int}} }", "(nul ?? {{int}})", "sum({{rows}}, .n)", "reduce({{ints}}, #acc + #, {{int}})", "int({{float}})", "indexOf({{text}}, {{text}})",
		"findIndex({{ints}}, # > {{int}})", "{{ints}}[0]", "({{ints}}[{{int}}])", "bitand({{int}}, {{int}})", "bitor({{int}}, {{int}})", "bitxor({{int}}, {{int}})", "first({{ints}})", "last({{ints}})", "(let q = {{int}}; q * q)", "find({{rows}}, .n > {{int}})?.n", "get(o, \"n\")", "lastIndexOf({{text}}, {{text}})", "(find({{ints}}, # > {{int}}) ?? {{int}})",
		"({{ints}} | len())", "{{ints}} | map(# + {{int}}) | sum()", "int(string({{int}}))", "findLast({{ints}}, # < {{int}})", "findLastIndex({{rows}}, .n < {{int}})",
	},
	gFloat: {
		"({{float}} + {{float}})", "({{float}} * {{int}})", "({{int}} / {{int}})", "({{float}} - {{int}})", "round({{float}})", "floor({{float}})", "ceil({{float}})", "abs({{float}})", "sum({{rows}}, .p * .n)", "mean({{ints}})", "max({{float}}, {{int}})", "median({{ints}})", "({{bool}} ? {{float}} : {{float}})", "float({{int}})", "({{int}} ** 2)", "({{float}} / {{float}})", "sum({{rows}}, .p)", "-({{float}})", "min({{float}}, {{float}})",
	},
	gText: {
		"({{text}} + {{text}})", "upper({{text}})", "lower({{text}})", "trim({{text}})", "{{text}}[{{int}}:{{int}}]", "{{text}}[:2]", "{{text}}[-1:]", "replace({{text}}, {{text}}, {{text}})", "join({{texts}}, {{text}})", "({{bool}} ? {{text}} : {{text}})", "trimPrefix({{text}}, {{text}})", "trimSuffix({{text}}, {{text}})", "repeat({{text}}, 2)", "string({{int}})", "(nul ?? {{text}})", "{{texts}}[0]", "string({{bool}})",
		"if {{bool}} { {{text}} } else { {{text}} }", "first({{texts}})", "toBase64({{text}})", "fromBase64(toBase64({{text}}))", "join(map({{rows}}, .t), \",\")", "(find({{rows}}, .n > {{int}})?.t ?? {{text}})", "string(y)", "toJSON({{int}})", "join(split({{text}}, \"-\"), {{text}})",
	},
	gBool: {
		"({{int}} == {{int}})", "({{int}} < {{int}})", "({{float}} >= {{float}})", "({{text}} == {{text}})", "({{text}} < {{text}})", "({{bool}} and {{bool}})", "({{bool}} || {{bool}})", "not {{bool}}", "!({{bool}})", "({{int}} in {{ints}})", "({{text}} in {{texts}})", "({{text}} contains {{text}})", "({{text}} startsWith {{text}})", "({{text}} endsWith {{text}})", "any({{ints}}, # > {{int}})", "all({{rows}}, .n >= {{int}})", "none({{texts}}, # == {{text}})", "one({{ints}}, # == {{int}})",
		"(nul == null)", "(null != {{int}})", "({{ints}} == {{ints}})", "({{text}} != {{text}})", "({{int}} <= {{float}})", "hasPrefix({{text}}, {{text}})", "hasSuffix({{text}}, {{text}})", "({{int}} not in {{ints}})", "(\"n\" in o)", "(1 < {{int}} <= 9)", "({{text}} matches \"^[a-c]+$\")", "({{texts}} == {{texts}})", "(nul ?? {{bool}})", "all({{ints}}, {let q = #; q > {{int}}})",
	},
	gInts: {
		"filter({{ints}}, # > {{int}})", "map({{ints}}, # * {{int}})", "map({{rows}}, .n)", "sort({{ints}})", "reverse({{ints}})", "{{ints}}[1:]", "{{ints}}[:{{int}}]", "concat({{ints}}, {{ints}})", "uniq({{ints}})", "take({{ints}}, 2)", "[{{int}}, {{int}}]", "flatten([{{ints}}, {{ints}}])", "map({{ints}}, #index)", "({{bool}} ? {{ints}} : {{ints}})", "sort({{ints}}, \"desc\")", "map({{texts}}, len(#))", "sortBy({{ints}}, -#)", "{{int}}..4", "map({{ints}}, {{int}})",
		"fromJSON(toJSON({{ints}}))", "values({a: {{int}}})", "groupBy({{ints}}, # > 2 ? \"a\" : \"b\").a ?? []", "({{ints}} | filter(# != {{int}}) | map(# + 1))",
	},
	gTexts: {
		"map({{texts}}, upper(#))", "filter({{texts}}, len(#) > {{int}})", "sort({{texts}})", "split({{text}}, \"-\")", "map({{rows}}, .t)", "uniq({{texts}})", "concat({{texts}}, {{texts}})", "[{{text}}, {{text}}]", "splitAfter({{text}}, \"-\")", "reverse({{texts}})", "map({{ints}}, string(#))", "sort(keys(o))", "map({{ints}}, {{text}})", "keys({a: {{int}}})", "split({{text}}, \"-\", 2)",
	},
	gRows: {
		"filter({{rows}}, .n > {{int}})", "sortBy({{rows}}, .n)", "reverse({{rows}})", "{{rows}}[1:]", "({{bool}} ? {{rows}} : {{rows}})", "filter({{rows}}, .t in {{texts}})", "map({{ints}}, {n: #, t: {{text}}, p: 0.5})", "concat({{rows}}, {{rows}})", "take({{rows}}, 1)", "filter({{rows}}, .t == {{text}})", "sortBy({{rows}}, .t, \"desc\")",
	},
}

// TestDifferences shows each line of the list at work: an expression that both sides answer, and
// answer differently as the list says.
func TestDifferences(t *testing.T) {
	env := map[string]any{"i": 1, "nul": nil, "s": "订单", "o": map[string]any{"b": 1, "a": 2}, "f": 1e6}
	data, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := value.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ topic, text, here, there string }{
		{"numbers", "0.1 + 0.2", "0.3", "0.30000000000000004"},
		{"numbers", "9223372036854775807 + i", "9223372036854775808", "-9223372036854775808"},
		{"written numbers", "string(f)", "1000000", "1e+06"},
		{"division by zero", "i / 0", "PC224", "+Inf"},
		{"powers", "2 ** 0.5", "PC224", "1.4142135623730951"},
		{"whole indexes", "[1, 2][1.5]", "PC222", "2"},
		{"null", "string(nul)", "PC221", "<nil>"},
		{"absent", "o.missing", "PC220", "<nil>"},
		{"mixed comparison", "o.b == s", "PC223", "false"},
		{"text by characters", "s[:1]", "订", "\xe8"},
		{"order of members", "keys(o)", "[a b]", ""},
		{"names of members", "groupBy([1], #)", "map[1:[1]]", "map[1:[1]]"},
		{"empty lists", "max([])", "<nil>", "<nil>"},
		{"spaced JSON", "toJSON([1])", "[1]", "[\n  1\n]"},
		{"time", "now()", "PC208", ""},
		{"findLast", "[7, findLast([1, 2], # < 2)]", "[7 1]", "[true 1]"},
		{"kinds", "type(s)", "text", "string"},
	} {
		t.Run(c.text, func(t *testing.T) {
			if !slices.ContainsFunc(Differences(), func(d Difference) bool { return d.Topic == c.topic }) {
				t.Errorf("the list has no %q", c.topic)
			}
			here, there := evalHere(NewScope(nil), c.text, rec), runThere(c.text, env)
			if !shows(here, c.here) || !shows(there, c.there) {
				t.Errorf("here %s, not %s\nthere %s, not %s", here, c.here, there, c.there)
			}
		})
	}
}

func shows(o outcome, want string) bool {
	if o.err != nil {
		return strings.Contains(o.err.Error(), want)
	}
	return want == "" || fmt.Sprint(o.value) == want
}
