package bolt

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

var sizeRecords = flag.Int("size", 20_000, "delivered records of TestSize; make bench takes a million")

// TestSize fills a state with delivered records, each with its document, and opens it in a process
// of its own: what it weighs on the disk, how long it takes to open, and how much memory it holds
// that isn't the file's (anonymous), after a thousand records were looked up and delivered anew.
func TestSize(t *testing.T) {
	if path := os.Getenv("PIPECTL_SIZE_FILE"); path != "" {
		openedSize(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "state.db")
	fillSize(t, path, *sizeRecords)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	out := new(bytes.Buffer)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSize$", "-test.v", "-size", strconv.Itoa(*sizeRecords)) //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), "PIPECTL_SIZE_FILE="+path)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var open, anon int
	for line := range strings.Lines(out.String()) {
		if i := strings.Index(line, "opened "); i >= 0 {
			if _, err := fmt.Sscanf(line[i:], "opened %d %d", &open, &anon); err != nil {
				t.Fatal(err)
			}
		}
	}
	fmt.Printf("state: records=%d bytes=%d open_ms=%d rss_anon_mib=%d\n", *sizeRecords, info.Size(), open, anon) //nolint:forbidigo // the line that make bench shows
	if *sizeRecords >= 1_000_000 && (info.Size() >= 1<<30 || open >= 1000) || anon == 0 || anon >= 64 {
		t.Errorf("the state is too heavy, or was not measured: %s", out)
	}
}

func fillSize(t *testing.T, path string, n int) {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	scope := state.ID(0)
	if err := s.Update(func(tx state.Tx) (err error) {
		scope, err = state.ScopeID(tx, "300001/demo", "SAL_SaleOrder", "FBillNo", true)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < n; {
		end := min(at+1000, n)
		err := s.Update(func(tx state.Tx) error {
			for ; at < end; at++ {
				if err := deliveredSize(tx, scope, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// deliveredSize is one order as a run leaves it: keys as long as an Amazon order has them.
func deliveredSize(tx state.Tx, scope state.ID, i int) error {
	key := fmt.Sprintf("113/112-%07d-%07d", i/100, i%100*99_991)
	ref := state.Ref{Scope: scope, Key: "SO-" + strings.ReplaceAll(key, "/", "-")}
	hash := value.HashOf(value.OfText(key))
	err := state.PutRecord(tx, 1, key, state.Record{
		Standing: state.Delivered, Version: state.Version{Changed: int64(i) * 1e9, Asked: int64(i) * 1e9}, Text: uint64(i), Hash: hash, Done: hash, Docs: []state.Ref{ref},
	})
	if err != nil {
		return err
	}
	return state.PutDocument(tx, ref, state.Document{
		Owner:     state.Owner{Pipeline: 1, Key: key},
		Confirmed: &state.Confirmed{Hash: hash, ID: strconv.Itoa(100_000 + i), Number: ref.Key, Stage: 3, At: int64(i) * 1e9},
	})
}

func openedSize(t *testing.T, path string) {
	t.Helper()
	began := time.Now()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	defer s.Close()
	err = s.Update(func(tx state.Tx) error {
		scope, err := state.ScopeID(tx, "300001/demo", "SAL_SaleOrder", "FBillNo", false)
		for i := 0; err == nil && i < *sizeRecords; i += max(1, *sizeRecords/1000) {
			err = deliveredSize(tx, scope, i)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("memory can't be measured here: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("opened %d %d", took.Milliseconds(), n>>10)
		}
	}
}
