package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/statetest"
)

func TestConformance(t *testing.T) {
	statetest.Run(t, statetest.System{Open: func(dir string) (state.Store, error) {
		return Open(filepath.Join(dir, "a", "state.db"))
	}})
}

func wantCode(t *testing.T, err error, code string, words ...string) {
	t.Helper()
	p, ok := errors.AsType[*problem.Error](err)
	if !ok || p.ID != code || p.Class != problem.Fatal {
		t.Fatalf("error is %v, want %s", err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("message lacks %q:\n%s", w, err)
		}
	}
	if _, ok := problem.Page(code); !ok {
		t.Errorf("%s has no page", code)
	}
}

func TestSecondProcessIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC500", path, "process ")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(tx state.Tx) error {
		for i := range 20_000 {
			if err := state.PutRecord(tx, 1, strings.Repeat("k", i%7)+string(rune('a'+i%20))+strings.Repeat("0", i%300), state.Record{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCutFileIsRefused(t *testing.T) {
	path := filled(t)
	if err := os.Truncate(path, 1<<16); err != nil { // the file is longer than what it holds
		t.Fatal(err)
	}
	_, err := Open(path)
	wantCode(t, err, "PC502", "torn", path)

	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC502", "does not begin as a state does")

	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC502", "is empty")
}

func TestNewerFormatIsRefused(t *testing.T) {
	path := filled(t)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	newer, err := json.Marshal(map[string]int{"format": state.Format + 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(func(tx state.Tx) error { return state.PutRaw(tx, state.Meta, []byte("format"), newer) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC501", "newer")
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the newer file was written to (%v)", err)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "state.db"))
	wantCode(t, err, "PC504", file)
}

// TestDamagedPageIsToldNotPanicked writes over the middle of pages, as a broken disk would.
func TestDamagedPageIsToldNotPanicked(t *testing.T) {
	path := filled(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for at := 2 * page; at+page <= len(data); at += page {
		for i := 8; i < 300; i++ {
			data[at+i] = byte(i * 37)
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC502", path, "damaged", "backup")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file was not left alone: %v", err)
	}
}

// TestOurOwnPanicGoesOn holds that a mistake of ours is never taken for a damaged file.
func TestOurOwnPanicGoesOn(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer func() {
		if why := recover(); why != "ours" {
			t.Errorf("recovered %v", why)
		}
	}()
	err = s.View(func(state.Tx) error { panic("ours") })
	t.Errorf("View returned %v", err)
}

// TestHalfMadeFileIsRemoved: what could not be made is not there, so that the next attempt begins
// anew instead of calling it torn.
func TestHalfMadeFileIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.Mkdir(holderPath(path), 0o700); err != nil { // the last thing that opening needs
		t.Fatal(err)
	}
	_, err := Open(path)
	wantCode(t, err, "PC504", path)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file is left: %v", err)
	}
	if err := os.Remove(holderPath(path)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
