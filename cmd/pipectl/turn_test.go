package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
)

// TestTwoPeopleRetryAtOnce: two retries and two runs of one pipeline at the same moment give one
// write: the second run waits for the first, and is told for whom.
func TestTwoPeopleRetryAtOnce(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"pipectl.yaml":          "connections:\n  data: {type: file, dir: .}\n",
		"in.jsonl":              `{"no":"A-1","qty":"many"}` + "\n",
		"pipelines/orders.yaml": "name: orders\nsource: {connection: data, object: in.jsonl}\nkey: no\nsteps:\n  - map:\n      number: no\n      total: number(qty)\ntarget: {connection: data, object: out.jsonl, key: number}\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := engine.Open(engine.Options{Path: dir, Connectors: definitions(), Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if rep, err := e.Run(t.Context(), "orders", engine.RunOptions{}); err != nil || rep.Invalid != 1 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(`{"no":"A-1","qty":5}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var retries sync.WaitGroup
	for _, who := range []string{"anna", "bob"} {
		retries.Go(func() {
			if n, err := e.Retry(engine.Filter{Pipeline: "orders", Key: "A-1"}, who); n.Records != 1 || err != nil {
				t.Errorf("%s retries %d records: %v", who, n, err)
			}
		})
	}
	retries.Wait()

	// The first run stands still in the middle until the second one has begun to wait for it.
	inside, waits := make(chan struct{}), make(chan time.Time, 1)
	var runs sync.WaitGroup
	var first, second run.Report
	var once sync.Once
	runs.Go(func() {
		var err error
		first, err = e.Run(context.Background(), "orders", engine.RunOptions{Reached: func(string) bool {
			once.Do(func() { close(inside); waits <- <-waits })
			return true
		}})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	runs.Go(func() {
		var err error
		second, err = e.Run(context.Background(), "orders", engine.RunOptions{
			Waits:   func(since time.Time) { waits <- since },
			Reached: func(string) bool { return true },
		})
		if err != nil {
			t.Error(err)
		}
	})
	runs.Wait()
	if since := <-waits; since.IsZero() || since.After(first.Started.Add(time.Second)) {
		t.Errorf("it waits for a run that began at %s; that one began at %s", since, first.Started)
	}
	if first.Created != 1 || second.Created != 0 || second.Unchanged != 1 || second.Started.Before(first.Finished) {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	if out, err := os.ReadFile(filepath.Join(dir, "out.jsonl")); err != nil || string(out) != `{"number":"A-1","total":5}`+"\n" {
		t.Errorf("written: %s, %v", out, err)
	}
}
