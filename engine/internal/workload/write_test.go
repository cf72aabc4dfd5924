package workload_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/internal/workload"
	"github.com/pipectl/pipectl/engine/internal/workload/typed"
)

// TestTyped: the program to compare with does what the workload says, line by line.
func TestTyped(t *testing.T) {
	dir := t.TempDir()
	const n = 2000
	if err := workload.Write(dir, 1, n); err != nil {
		t.Fatal(err)
	}
	in := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	got, err := typed.Run(in("data", "orders.jsonl"), in("pipelines", "tables", "customers.csv"), in("out", "typed.jsonl"), in("out", "dead.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i := range n {
		if workload.Bad(1, i) {
			bad++
		}
	}
	if want := (typed.Counts{Read: n, Written: n - bad, Bad: bad}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	lines := strings.Split(slurp(t, in("out", "typed.jsonl")), "\n")
	if len(lines) != n-bad+1 {
		t.Errorf("%d lines", len(lines))
	}
	if dead := strings.Count(slurp(t, in("out", "dead.jsonl")), `{"rule":`); dead != bad {
		t.Errorf("%d in the dead-letter file, want %d", dead, bad)
	}
	var b struct {
		FBillNo, FDate  string
		FSaleOrderEntry []struct{ FAllAmount float64 }
	}
	if err := json.Unmarshal([]byte(lines[5]), &b); err != nil {
		t.Fatal(err)
	}
	if b.FBillNo != "EC-SO2026000000005" || b.FDate != "2026-01-01" || len(b.FSaleOrderEntry) != 4 || b.FSaleOrderEntry[0].FAllAmount != 694.89 {
		t.Errorf("bill 5: %s", lines[5])
	}
}

func slurp(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
