package engine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/pipectl/pipectl/"

// layers says who may import what of ours: the first line whose pattern fits a package counts. A
// package that no line fits fails the test, so that a new one has to find its place in the house.
var layers = []struct {
	pattern string // path.Match; a trailing /... stands for everything below too
	may     []string
}{
	{"cmd/...", []string{"engine", "engine/...", "connectors", "connectors/...", "examples", "."}},
	{"connectors", []string{"connectors/...", "engine/connector", "engine/sandbox"}},
	{"connectors/*/sandbox", []string{"engine/sandbox"}}, // importing its connector, a wrong signer would agree with itself
	{"connectors/*", []string{"engine/connector", "engine/problem", "engine/transport", "engine/value"}},

	{"engine", []string{"engine/..."}},
	{"engine/problem", nil},
	{"engine/value", []string{"engine/problem"}},
	{"engine/expr", []string{"engine/problem", "engine/value"}},
	{"engine/transport", []string{"engine/connector", "engine/problem"}},
	{"engine/sandbox", nil},
	{"engine/sandbox/sandboxtest", []string{"engine/sandbox"}},
	{"engine/connector", []string{"engine/problem", "engine/value"}},
	{"engine/connector/connectortest", []string{"engine/connector", "engine/problem", "engine/sandbox", "engine/value"}},
	{"engine/spec", []string{"engine/connector", "engine/problem", "engine/value"}},
	{"engine/step", []string{"engine/connector", "engine/expr", "engine/problem", "engine/spec", "engine/value"}},
	{"engine/step/document", []string{"engine/expr", "engine/problem", "engine/spec", "engine/step", "engine/value"}},                                      // what map and a look-up's create share
	{"engine/step/*", []string{"engine/connector", "engine/expr", "engine/problem", "engine/spec", "engine/step", "engine/step/document", "engine/value"}}, // no kind imports another
	{"engine/state", []string{"engine/problem", "engine/value"}},
	{"engine/state/*", []string{"engine/problem", "engine/state", "engine/value"}},
	{"engine/run", []string{"engine/connector", "engine/problem", "engine/state", "engine/step", "engine/value"}},
	{"engine/internal/workload", nil},
	{"engine/internal/workload/api", []string{"engine/connector", "engine/internal/workload/shop", "engine/problem", "engine/transport", "engine/value"}}, // a connector like those below connectors/
	{"engine/internal/workload/cmd/*", []string{"engine", "engine/connector", "engine/state", "engine/state/bolt", "engine/value", "engine/internal/workload/..."}},
	{"engine/internal/workload/...", []string{"engine/internal/workload/..."}},
	{".", nil},
}

func TestLayers(t *testing.T) {
	root := ".."
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		seen++
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		check(t, filepath.ToSlash(rel), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d files were looked at: the walk is wrong", seen)
	}
}

func check(t *testing.T, pkg, file string) {
	t.Helper()
	may, known := allowed(pkg)
	if !known {
		t.Errorf("%s: package %s has no line in the table of layers", file, pkg)
		return
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, imp := range f.Imports {
		name := strings.Trim(imp.Path.Value, `"`)
		if name == "testing" && !strings.HasSuffix(pkg, "test") {
			t.Errorf("%s imports testing: it would be part of every user's program", file)
		}
		ours, ok := strings.CutPrefix(name+"/", module)
		if !ok {
			continue
		}
		ours = strings.TrimSuffix(ours, "/")
		if ours == "" {
			ours = "."
		}
		if !any(may, ours) {
			t.Errorf("%s: %s may not import %s", file, pkg, ours)
		}
	}
}

func allowed(pkg string) (may []string, known bool) {
	for _, l := range layers {
		if fits(l.pattern, pkg) {
			return l.may, true
		}
	}
	return nil, false
}

func any(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if fits(p, pkg) {
			return true
		}
	}
	return false
}

func fits(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == below || strings.HasPrefix(pkg, below+"/")
	}
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}
