package workload_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/internal/workload"
	"github.com/pipectl/pipectl/engine/internal/workload/typed"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/lookup"
	"github.com/pipectl/pipectl/engine/step/mapping"
	"github.com/pipectl/pipectl/engine/step/validate"
	"github.com/pipectl/pipectl/engine/value"
)

// programs loads the project and compiles its pipelines, as the engine does.
func programs(tb testing.TB, dir string) map[string]*step.Program {
	tb.Helper()
	project, problems := spec.Load(dir, spec.Options{Connectors: []connector.Definition{file.Definition}})
	out := map[string]*step.Program{}
	if project != nil {
		for _, p := range project.Pipelines {
			compiled, more := step.Compile(p, []step.Kind{lookup.Kind, mapping.Kind, validate.Kind}, step.World{Project: project})
			problems = append(problems, more...)
			out[p.Name.Text] = compiled
		}
	}
	if err := problems.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestMapping: both pipelines of the project write what the program written by hand writes, and
// refuse what it refuses, by the same rule.
func TestMapping(t *testing.T) {
	dir := t.TempDir()
	const n = 3000
	if err := workload.Write(dir, 1, n); err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Run(filepath.Join(dir, "data", "orders.jsonl"), filepath.Join(dir, "pipelines", "tables", "customers.csv"), filepath.Join(dir, "typed.jsonl"), filepath.Join(dir, "dead.jsonl")); err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(slurp(t, filepath.Join(dir, "typed.jsonl"))), "\n")
	for name, p := range programs(t, dir) {
		at := 0
		for i := range n {
			row := oneRow(t, p, workload.AppendOrder(nil, 1, i))
			if bad := len(row.Problems) > 0; bad != workload.Bad(1, i) {
				t.Fatalf("%s, order %d: problems %v", name, i, row.Problems)
			}
			if row.Out() {
				continue
			}
			if got := row.Document.JSON(); !equal(t, got, want[at]) {
				t.Fatalf("%s, order %d:\n got %s\nwant %s", name, i, got, want[at])
			}
			at++
		}
		if at != len(want) {
			t.Errorf("%s: %d bills, want %d", name, at, len(want))
		}
	}
}

func oneRow(tb testing.TB, p *step.Program, line []byte) *step.Row {
	tb.Helper()
	rec, err := value.Parse(line)
	if err != nil {
		tb.Fatal(err)
	}
	row := p.Row(rec, time.Time{})
	if err := p.Run(tb.Context(), []*step.Row{row}); err != nil {
		tb.Fatal(err)
	}
	return row
}

// equal compares as JSON, numbers by their value.
func equal(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	for text, v := range map[string]*any{a: &x, b: &y} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	return a == b || reflect.DeepEqual(x, y) || fmt.Sprint(x) == fmt.Sprint(y)
}

// BenchmarkSteps is what W1 costs without reading, writing and the ledger.
func BenchmarkSteps(b *testing.B) {
	dir := b.TempDir()
	if err := workload.Write(dir, 1, 1); err != nil {
		b.Fatal(err)
	}
	p := programs(b, dir)["w1"]
	const batch = 500
	lines := make([]string, batch)
	for i := range lines {
		lines[i] = string(workload.AppendOrder(nil, 1, i))
	}
	b.ReportAllocs()
	for b.Loop() {
		rows := make([]*step.Row, batch)
		for i, l := range lines {
			rec, err := value.ParseText(l)
			if err != nil {
				b.Fatal(err)
			}
			rows[i] = p.Row(rec, time.Time{})
		}
		if err := p.Run(b.Context(), rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/record")
}
