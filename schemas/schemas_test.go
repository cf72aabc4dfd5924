package schemas_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pipectl/pipectl/engine/spec"
)

func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read gives a file as the decoder sees it: what YAML would make of a text doesn't count.
func read(t *testing.T, file string) any {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, file, raw)
}

func parse(t *testing.T, file string, text []byte) any {
	t.Helper()
	root, problems := spec.Parse(file, text)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(root.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestShipped: every shipped file fits its schema, and tells the editor where that is.
func TestShipped(t *testing.T) {
	pipeline, project := compiled(t, "pipeline.schema.json"), compiled(t, "project.schema.json")
	seen := 0
	for _, pattern := range []string{"../pipectl.yaml", "../pipelines/*.yaml", "../examples/*/pipectl.yaml", "../examples/*/pipelines/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			seen++
			schema, name := pipeline, "pipeline.schema.json"
			if filepath.Base(file) == "pipectl.yaml" {
				schema, name = project, "project.schema.json"
			}
			if err := schema.Validate(read(t, file)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			checkLine(t, file, name)
		}
	}
	if seen < 8 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// checkLine: the first line names the schema by a path that leads there.
func checkLine(t *testing.T, file, name string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	path, ok := strings.CutPrefix(line, "# yaml-language-server: $schema=")
	if !ok {
		t.Errorf("%s: the first line names no schema", file)
		return
	}
	if got := filepath.Join(filepath.Dir(file), path); filepath.Base(got) != name {
		t.Errorf("%s: %s", file, line)
	} else if _, err := os.Stat(got); err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

// TestRefuses: the schemas say no where the decoder does.
func TestRefuses(t *testing.T) {
	pipeline := compiled(t, "pipeline.schema.json")
	good := "name: a\nsource: {connection: x, object: y}\nkey: k\nkeep: {k: k}\n"
	for name, text := range map[string]string{
		"unknown key":           good + "tagret: {}\n",
		"unknown key of source": strings.Replace(good, "object: y", "object: y, cursr: {}", 1),
		"missing key":           strings.Replace(good, "key: k\n", "", 1),
		"unknown step":          good + "steps: [{filter: a}]\n",
		"unknown key of lookup": good + "steps: [{lookup: a, table: b, match: {c: d}, mising: hold}]\n",
		"word of an enum":       good + "target: {connection: x, object: y, key: k, changed: replace}\n",
		"case without when":     good + "steps: [{map: {a: {case: [{const: x}]}}}]\n",
		"duration":              good + "retry: [five]\n",
		"schedule":              good + "schedule: sometimes\n",
	} {
		if pipeline.Validate(parse(t, name, []byte(text))) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
