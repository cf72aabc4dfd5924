package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFingerprint: the order of lines and members and the spelling of numbers don't matter;
// everything else does.
func TestFingerprint(t *testing.T) {
	of := func(text string) print {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := fingerprint(path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	base := of(`{"a":1.50,"b":[true,null,"x"]}` + "\n" + `{"c":{"d":0.1}}` + "\n")
	for _, same := range []string{
		`{"c":{"d":1e-1}}` + "\n" + `{"b":[true,null,"x"],"a":1.5}` + "\n",
		`{"c":{"d":0.10000000000000001}}` + "\n" + `{"a":1.5,"b":[true,null,"\u0078"]}` + "\n",
	} {
		if got := of(same); got != base {
			t.Errorf("%v, want %v: %s", got, base, same)
		}
	}
	for _, other := range []string{
		`{"a":1.51,"b":[true,null,"x"]}` + "\n" + `{"c":{"d":0.1}}` + "\n",
		`{"a":"1.5","b":[true,null,"x"]}` + "\n" + `{"c":{"d":0.1}}` + "\n",
		`{"a":1.5,"b":[true,"x"]}` + "\n" + `{"c":{"d":0.1}}` + "\n",
		`{"a":1.5,"b":[true,null,"x"]}` + "\n" + `{"c":{},"d":0.1}` + "\n",
		`{"a":1.5,"b":[true,null,"x"]}` + "\n",
	} {
		if got := of(other); got == base {
			t.Errorf("looks the same: %s", other)
		}
	}
}

// TestMeasure: what a process costs is counted, its failure shown, and exit code 3 is a run with
// exceptions.
func TestMeasure(t *testing.T) {
	u, err := measure(t.TempDir(), "/bin/sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; exit 3")
	if err != nil || string(u.stdout) != "done\n" {
		t.Fatalf("%q, %v", u.stdout, err)
	}
	if u.cpu <= 0 || u.anon <= 0 {
		t.Errorf("%.3f s, %.3f MiB", u.cpu, u.anon)
	}
	if _, err := measure(t.TempDir(), "/bin/sh", "-c", "echo why >&2; exit 1"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a failed run: %v", err)
	}
}
