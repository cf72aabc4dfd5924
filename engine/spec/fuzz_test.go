package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzDuration: a duration that is read can be written down, and reads back the same.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"5m", "1h30m", "2d", "0s", "500ms", "0.5ms", "1.5h", "1w", "36500d", "9999999999999h", "-1s", "1", "m", "1m1m", "0.000000001s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := ParseDuration(s)
		if !ok {
			return
		}
		if d < 0 || d > 100*366*24*time.Hour {
			t.Fatalf("%q is read as %v", s, d)
		}
		text := FormatDuration(d)
		again, ok := ParseDuration(text)
		if !ok || again != d {
			t.Fatalf("%q is %v, written as %q, read as %v", s, d, text, again)
		}
	})
}

// FuzzDotEnv: every line of a .env is a name with a value, a comment, or a problem at its line.
func FuzzDotEnv(f *testing.F) {
	for _, s := range []string{"A=1\n# x\nexport B=\"2\"\n", "\ufeffA='x'", "A", "=1", "A==\n\nA=2", "A=\x00", "A=\"", strings.Repeat("x", 100)} {
		f.Add(s)
	}
	file := filepath.Join(f.TempDir(), ".env")
	f.Fuzz(func(t *testing.T, s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		values, problems := readDotEnv(file)
		lines := strings.Count(s, "\n") + 1
		if len(values)+len(problems) > lines {
			t.Fatalf("%d values and %d problems in %d lines", len(values), len(problems), lines)
		}
		for _, p := range problems {
			if p.ID == "" || p.At.Line < 1 || p.At.Line > lines {
				t.Fatalf("a problem without code or place: %v", p)
			}
		}
		for name, v := range values {
			if !nameForm.MatchString(name) || !strings.Contains(s, v) {
				t.Fatalf("%q has the value %q, which stands nowhere", name, v)
			}
		}
	})
}
