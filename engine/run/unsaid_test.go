package run

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
)

// toldElsewhere are sentences of the state that no situation here can bring about: a full or read-only
// disk, a process that was stopped, and what only backup and damage on purpose show. The tests of engine/state/bolt do.
var toldElsewhere = []string{"PC501", "PC503", "PC505", "PC506", "PC512", "PC514", "the keys that were read could not be kept"}

// unsaid fails for every sentence in the source that the text doesn't hold: each Reason of a problem,
// and what is made into one by holding, notAnswered and their like.
func unsaid(t *testing.T, text string) {
	t.Helper()
	n := 0
	for _, dir := range []string{".", "../state", "../state/bolt"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, name, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(node ast.Node) bool {
				for _, s := range sentences(node) {
					n++
					if !s.in(text) {
						t.Errorf("%s: no situation says %s %s", set.Position(node.Pos()), s.code, s.words)
					}
				}
				return true
			})
		}
	}
	if n < 50 {
		t.Errorf("only %d sentences were found: the search is wrong", n)
	}
}

// sentence is what a place in the source says, as an expression.
type sentence struct{ code, words string }

func (s sentence) in(text string) bool {
	for _, x := range toldElsewhere {
		if s.code == x || strings.Contains(s.words, x) {
			return true
		}
	}
	if s.code != "" && !strings.Contains(text, " "+s.code+": ") {
		return false
	}
	return regexp.MustCompile(s.words).MatchString(text)
}

// sentences are the reasons that a piece of source makes.
func sentences(node ast.Node) []sentence {
	switch x := node.(type) {
	case *ast.CompositeLit:
		sel, ok := x.Type.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Error" {
			return nil
		}
		var s sentence
		for _, e := range x.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			switch kv.Key.(*ast.Ident).Name {
			case "ID":
				s.code = constant(kv.Value)
			case "Reason":
				s.words = words(kv.Value)
			}
		}
		if s != (sentence{}) {
			return []sentence{s}
		}
	case *ast.CallExpr:
		switch name, _ := x.Fun.(*ast.Ident); {
		case name == nil:
		case name.Name == "holding":
			return []sentence{{constant(x.Args[1]), words(x.Args[2])}}
		case name.Name == "unlinkable":
			return []sentence{{"PC427", words(x.Args[1])}}
		case name.Name == "cut" && len(x.Args) == 2:
			return []sentence{{"PC502", words(x.Args[1])}}
		}
	case *ast.AssignStmt:
		if sel, ok := x.Lhs[0].(*ast.SelectorExpr); ok && sel.Sel.Name == "Reason" {
			return []sentence{{"", words(x.Rhs[0])}}
		}
	}
	return nil
}

func constant(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		text, _ := strconv.Unquote(lit.Value)
		return text
	}
	return ""
}

var verb = regexp.MustCompile(`%[a-z]`)

// words is a pattern of what an expression may say: its texts, and anything where it puts values.
func words(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		return regexp.QuoteMeta(constant(x))
	case *ast.BinaryExpr:
		return words(x.X) + words(x.Y)
	case *ast.CallExpr:
		if sel, ok := x.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sprintf" {
			return verb.ReplaceAllString(regexp.QuoteMeta(constant(x.Args[0])), ".*")
		}
	}
	return ".*"
}

// What stands in for systems that can do little, or answer oddly.

// deaf is a system that can do nothing.
type deaf struct{}

func (deaf) Account() string { return "nobody" }
func (deaf) Close() error    { return nil }

// silentERP refuses without a word.
type silentERP struct{ *erp }

func (s silentERP) Write(_ context.Context, _ connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	out := make([]connector.Outcome, len(docs))
	for i := range out {
		out[i].State = connector.Refused
	}
	return out, nil
}

// shortERP leaves documents out when it is asked for them.
type shortERP struct{ *erp }

func (shortERP) Probe(context.Context, connector.Target, []string) ([]connector.Probed, error) {
	return nil, nil
}

// replacedERP is a target that is replaced as a whole.
type replacedERP struct{ *erp }

func (replacedERP) Begin(context.Context, connector.Target) error  { return nil }
func (replacedERP) Commit(context.Context, connector.Target) error { return nil }
func (replacedERP) Abort(context.Context, connector.Target) error  { return nil }
