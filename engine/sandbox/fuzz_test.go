package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzJournal: a journal that a crash or a person has changed is read to its last whole line, or
// refused with a line's number; reading never changes it.
func FuzzJournal(f *testing.F) {
	for _, s := range []string{"", "{\"kind\":\"seed\",\"at\":\"2026-01-01T00:00:00Z\"}\n{\"ki", "x\n", "{}\n{}\n", "\n\n", "null\n", "\x00\n"} {
		f.Add([]byte(s))
	}
	file := filepath.Join(f.TempDir(), "journal")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		entries, size, err := readJournal(file)
		if err != nil {
			return
		}
		if size > int64(len(data)) || size > 0 && data[size-1] != '\n' || bytes.IndexByte(data[size:], '\n') >= 0 {
			t.Fatalf("%d of %d bytes are said to be whole lines", size, len(data))
		}
		if n := bytes.Count(data, []byte("\n")); len(entries) > n {
			t.Fatalf("%d entries of %d lines", len(entries), n)
		}
	})
}
