package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/connector"
)

// setClock stands still until it is moved.
type setClock struct{ at time.Time }

func (c *setClock) Now() time.Time { return c.at }

func (c *setClock) Sleep(_ context.Context, d time.Duration) error {
	c.at = c.at.Add(d)
	return nil
}

// TestWhatIsSettledExpires: reports of runs go after 30 days, closed exceptions after 90, and what
// is open never does.
func TestWhatIsSettledExpires(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pipectl.yaml": "connections:\n  data: {type: file, dir: .}\n",
		"in.jsonl":     `{"no":"1","qty":0}` + "\n" + `{"no":"2","qty":0}` + "\n",
		"pipelines/p.yaml": "name: p\nsource: {connection: data, object: in.jsonl}\nkey: no\nsteps:\n  - map: {no: no, qty: qty}\n" +
			"  - validate: [{rule: qty > 0, message: no quantity}]\ntarget: {connection: data, object: out.jsonl, key: no, params: {mode: append}}\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	clock := &setClock{time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	e, err := engine.Open(engine.Options{Path: dir, Connectors: []connector.Definition{file.Definition}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	after := func(d time.Duration) (runs int) {
		t.Helper()
		clock.at = clock.at.Add(d)
		if _, err := e.Run(t.Context(), "p", engine.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		all, err := e.Runs("p", 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	after(0)
	if _, err := e.Skip(engine.Filter{Pipeline: "p", Key: "1"}, "test", "not wanted"); err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	if n := after(29 * day); n != 2 {
		t.Errorf("after 29 days there are %d reports, not 2", n)
	}
	if n := after(2 * day); n != 2 {
		t.Errorf("after 31 days there are %d reports, not 2: the first is older than 30 days", n)
	}
	if _, err := e.Exception("p", "1"); err != nil {
		t.Errorf("after 31 days the closed exception is gone: %v", err)
	}
	after(60 * day)
	if _, err := e.Exception("p", "1"); err == nil {
		t.Error("after 91 days the closed exception is still there")
	}
	if _, err := e.Exception("p", "2"); err != nil {
		t.Errorf("what is open expired: %v", err)
	}
}
