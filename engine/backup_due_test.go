package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// shop is a project of files: two orders, one of which has no quantity.
func shop(t *testing.T, settings string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"pipectl.yaml": "connections:\n  data: {type: file, dir: .}\n" + settings,
		"in.jsonl":     `{"no":"1","qty":1}` + "\n" + `{"no":"2","qty":0}` + "\n",
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
	return dir
}

func opened(t *testing.T, dir string, clock run.Clock) *engine.Engine {
	t.Helper()
	e, err := engine.Open(engine.Options{Path: dir, Connectors: []connector.Definition{file.Definition}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// TestScheduledBackup: one copy a day, the newest three are kept, and what else lies in the folder
// stays; what cannot be copied is told, and the run is as good as without.
func TestScheduledBackup(t *testing.T) {
	dir := shop(t, "backup: {every: 24h, keep: 3, dir: copies}\n")
	clock := &setClock{time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	e := opened(t, dir, clock)
	copies := filepath.Join(dir, "copies")
	after := func(d time.Duration) (names []string, report run.Report) {
		t.Helper()
		clock.at = clock.at.Add(d)
		report, err := e.Run(t.Context(), "p", engine.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all, err := filepath.Glob(filepath.Join(copies, "*.db"))
		if err != nil {
			t.Fatal(err)
		}
		return all, report
	}
	if all, _ := after(0); len(all) != 1 {
		t.Fatalf("the first run leaves %v", all)
	}
	if err := os.WriteFile(filepath.Join(copies, "mine.db"), []byte("not ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, _ := after(23 * time.Hour); len(all) != 2 {
		t.Errorf("a copy too early: %v", all)
	}
	for range 5 {
		after(25 * time.Hour)
	}
	all, report := after(0)
	if len(all) != 4 || len(report.Notes) > 0 { // three, and mine
		t.Errorf("kept: %v, notes %v", all, report.Notes)
	}
	for _, path := range all {
		if filepath.Base(path) != "mine.db" {
			if err := bolt.Verify(path); err != nil {
				t.Error(err)
			}
		}
	}
	if all, _ := after(-48 * time.Hour); len(all) != 4 { // our clock ran back: better one copy more than none
		t.Errorf("kept after the clock ran back: %v", all)
	}
	if err := os.RemoveAll(copies); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copies, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	_, report = after(25 * time.Hour)
	if report.Error != nil || !strings.Contains(strings.Join(report.Notes, "\n"), "backup of the state could not be made") {
		t.Errorf("a backup that fails: %v, notes %q", report.Error, report.Notes)
	}
	stored, err := e.Runs("p", 0)
	if err != nil || !slices.ContainsFunc(stored, func(r run.Report) bool { return r.Run == report.Run && slices.Equal(r.Notes, report.Notes) }) {
		t.Errorf("the stored report does not tell it: %+v, %v", stored, err)
	}
	status, err := e.Status()
	if err != nil || len(status) != 1 || status[0].Backup == nil || !strings.HasPrefix(status[0].Backup.File, copies) {
		t.Errorf("status tells no last backup: %+v, %v", status, err)
	}
	if len(status[0].Alerts) != 1 || !strings.Contains(status[0].Alerts[0].Text, "backup of the state could not be made: ") {
		t.Errorf("alerts: %+v", status[0].Alerts)
	}
}

// TestPayloadsExpireAndHashesStay: of what is settled the record as it was read goes; what is open
// keeps it, and the ledger keeps keys, hashes and target keys for ever.
func TestPayloadsExpireAndHashesStay(t *testing.T) {
	dir := shop(t, "")
	clock := &setClock{time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	e := opened(t, dir, clock)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "in.jsonl"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	next := func(d time.Duration) {
		t.Helper()
		clock.at = clock.at.Add(d)
		if _, err := e.Run(t.Context(), "p", engine.RunOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"no":"1","qty":0}` + "\n" + `{"no":"2","qty":0}` + "\n")
	next(0)
	write(`{"no":"1","qty":1}` + "\n" + `{"no":"2","qty":0}` + "\n")
	next(time.Hour) // 1 is resolved, 2 stays open
	if x, err := e.Exception("p", "1"); err != nil || x.Payload == "" {
		t.Fatalf("the closed exception has no payload while it is kept: %v", err)
	}
	next(89 * 24 * time.Hour)
	if _, err := e.Exception("p", "1"); err != nil {
		t.Errorf("gone too early: %v", err)
	}
	next(48 * time.Hour)
	if _, err := e.Exception("p", "1"); err == nil {
		t.Error("a closed exception is kept for ever")
	}
	if x, err := e.Exception("p", "2"); err != nil || x.Payload == "" {
		t.Errorf("what is open has lost its payload: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.OpenReadOnly(e.StateFile())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, "p", false)
		if err != nil {
			return err
		}
		if text, err := state.Payload(tx, id, "1"); err != nil || text != "" {
			t.Errorf("payload of what is settled: %q, %v", text, err)
		}
		rec, ok, err := state.GetRecord(tx, id, "1")
		if err != nil || !ok || rec.Hash.IsZero() || rec.Done != rec.Hash || len(rec.Docs) != 1 || rec.Docs[0].Key != "1" {
			t.Errorf("the ledger's row: %+v, %v, %v", rec, ok, err)
			return err
		}
		d, ok, err := state.GetDocument(tx, rec.Docs[0])
		if err != nil || !ok || d.Confirmed == nil || d.Confirmed.Hash.IsZero() {
			t.Errorf("the document's row: %+v, %v, %v", d, ok, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
