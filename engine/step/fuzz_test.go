package step_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// FuzzPipeline: whatever stands in a pipeline, it is compiled or refused with a place; what is
// compiled runs, and the document that comes of it is JSON.
func FuzzPipeline(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/good/*.good.yaml")
	for _, file := range seeds {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, steps := range []string{
		"  - map: {no: order_id}", "  - where: sid > 1\n  - map: {copy: all, no: order_id}",
		"  - lookup: s\n    table: shops\n    match: {sid: sid}\n  - map:\n      no: s.org\n      l: [sid, {each: {line: items}, a: line.qty}]",
	} {
		f.Add([]byte(files("shop", steps)["pipelines/p.yaml"]))
	}
	box := &erp{rows: []string{`{"FNumber":"K1"}`}, kept: []string{`{"sku":"K1","code":"C"}`}}
	dir := write(f, files("shop", "  - map: {no: order_id}"))
	file := filepath.Join(dir, "pipelines", "p.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		_, programs, problems := load(t, dir, box.world())
		for _, p := range problems {
			if p.ID == "" || p.At.File == "" || p.Reason == "" {
				t.Fatalf("a problem without code, place or reason: %v", p)
			}
		}
		if len(problems) > 0 || len(programs) != 2 {
			return
		}
		run(t, programs[1], order)
	})
}

func run(t *testing.T, p *step.Program, record string) {
	t.Helper()
	rows := rowsOf(p, record)
	if _, err := p.KeyOf(rows[0]); err != nil {
		return
	}
	if err := p.Run(t.Context(), rows); err != nil {
		return
	}
	if d := rows[0].Document; !d.IsZero() {
		if _, err := value.ParseText(d.JSON()); err != nil {
			t.Fatalf("the document is no JSON: %v\n%s", err, d.JSON())
		}
	}
}
