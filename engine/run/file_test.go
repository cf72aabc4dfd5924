package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/step"
)

// fileRig is a rig that writes into a real file.
func fileRig(t *testing.T, mode string) (*rig, func() string) {
	r := newRig(t)
	dir := t.TempDir()
	r.reconnect = func() { // as a new process would
		if c := r.p.Target.Conn; c != connector.Conn(r.erp) {
			_ = c.Close()
		}
		conn, err := file.Definition.Open(t.Context(), &file.Config{Dir: dir}, connector.Env{Name: "files", Log: slog.New(slog.DiscardHandler), Now: r.clock.Now, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		r.p.Target.Conn = conn
	}
	r.reconnect()
	r.p.Target.Then = nil
	r.p.Target.Batch = 2
	r.p.Target.To = connector.Target{Object: "out.jsonl", Key: "FBillNo", Params: map[string]json.RawMessage{"mode": json.RawMessage(fmt.Sprintf("%q", mode))}}
	return r, func() string {
		text, err := os.ReadFile(filepath.Join(dir, "out.jsonl"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return string(text)
	}
}

func lines(ids ...int) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, `{"FBillNo":"SO-%d","FQty":%d}`+"\n", id, id)
	}
	return b.String()
}

func TestAppend(t *testing.T) {
	r, content := fileRig(t, "append")
	orders(r, 5)
	r.run("done read=5 delivered=5 created=5")
	if got := content(); got != lines(1, 2, 3, 4, 5) {
		t.Fatalf("the file holds\n%s", got)
	}
	r.run("done read=5 unchanged=5", Options{Full: true})
	r.src.set("2", `"qty":20`)
	r.run("done read=2 unchanged=1 delivered=1 updated=1")
	if got := content(); got != lines(1, 2, 3, 4, 5)+`{"FBillNo":"SO-2","FQty":20}`+"\n" {
		t.Fatalf("the file holds\n%s", got)
	}
}

// TestAppendKilledAtEveryPoint: each line stands once, wherever the process dies.
func TestAppendKilledAtEveryPoint(t *testing.T) {
	for n := 0; ; n++ {
		r, content := fileRig(t, "append")
		orders(r, 5)
		point, passed := "", 0
		_, err := r.try(Options{Reached: func(p string) bool { passed++; point = p; return passed <= n }})
		if !errors.Is(err, ErrAbandoned) {
			if err != nil || n < 10 {
				t.Fatalf("after %d points: %v", n, err)
			}
			return
		}
		second := 0 // and the recovery dies, too
		_, err = r.try(Options{Reached: func(string) bool { second++; return second <= n%7 }})
		if err != nil && !errors.Is(err, ErrAbandoned) {
			t.Fatalf("killed at %s: %v", point, err)
		}
		r.quiet(point)
		got := strings.SplitAfter(content(), "\n")
		sort.Strings(got)
		if text := strings.Join(got, ""); text != lines(1, 2, 3, 4, 5) {
			t.Fatalf("killed at point %d, %s: the file holds\n%s", n, point, text)
		}
		r.settled()
	}
}

func TestReplace(t *testing.T) {
	r, content := fileRig(t, "replace")
	orders(r, 5)
	r.src.set("6", `"qty":"many"`)
	r.run("exceptions read=6 delivered=5 invalid=1 created=5")
	if got := content(); got != lines(1, 2, 3, 4, 5) {
		t.Fatalf("the file holds\n%s", got)
	}
	r.settled()
	r.run("done read=6 unchanged=5 invalid=1") // and they stand in the new content all the same
	if got := content(); got != lines(1, 2, 3, 4, 5) {
		t.Fatalf("after an unchanged run the file holds\n%s", got)
	}
	r.src.set("1", `"qty":1,"status":"cancelled"`)
	r.src.set("2", `"qty":20`)
	rep, err := r.try(Options{})
	if err != nil || rep.Withdrawn != 1 || rep.Unchanged != 3 || rep.Delivered != 1 {
		t.Fatalf("%s, %v\n%s", shown(rep), err, r.exceptions())
	}
	if got := content(); got != lines(3, 4, 5)+`{"FBillNo":"SO-2","FQty":20}`+"\n" {
		t.Fatalf("the file holds\n%s", got)
	}
	r.remove("3", "6")
	r.run("done read=6 unchanged=4 withdrawn=2", Options{Full: true}) // 1 is cancelled still; 6 never was there
	if got := content(); got != lines(4, 5)+`{"FBillNo":"SO-2","FQty":20}`+"\n" {
		t.Fatalf("the file holds\n%s", got)
	}
	r.nothingOpen()
	r.src.set("7", `"qty":7`)
	r.p.Target.Key = func(x *step.Row) (string, error) { // its number is free again
		return strings.Replace(x.Document.Get("FBillNo").Text(), "SO-7", "SO-3", 1), nil
	}
	r.run("done read=5 unchanged=4 delivered=1 created=1")
	r.settled()
	r.run("failed PC462", Options{Limit: 1})
	if got := content(); got == "" {
		t.Fatal("a refused run has emptied the file")
	}
}

func TestReplaceKilledAtEveryPoint(t *testing.T) {
	for _, ledger := range []bool{true, false} {
		for n := 0; ; n++ {
			r, content := fileRig(t, "replace")
			r.p.Ledger = ledger
			orders(r, 2)
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			orders(r, 5)
			point, passed := "", 0
			_, err := r.try(Options{Reached: func(p string) bool { passed++; point = p; return passed <= n }})
			if !errors.Is(err, ErrAbandoned) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if got := content(); got != lines(1, 2) && got != lines(1, 2, 3, 4, 5) {
				t.Fatalf("killed at %s: half a file is visible:\n%s", point, got)
			}
			r.quiet(point)
			if got := content(); got != lines(1, 2, 3, 4, 5) {
				t.Fatalf("killed at point %d, %s: the file holds\n%s", n, point, got)
			}
			r.settled()
		}
	}
}

func TestWithoutLedger(t *testing.T) {
	r, content := fileRig(t, "replace")
	r.p.Ledger = false
	orders(r, 3)
	r.src.set("4", `"qty":"many"`)
	r.run("exceptions read=4 delivered=3 invalid=1 created=3")
	r.wantException("4 invalid")
	r.run("done read=4 delivered=3 invalid=1 created=3")
	if got := content(); got != lines(1, 2, 3) {
		t.Fatalf("the file holds\n%s", got)
	}
	r.src.set("4", `"qty":4`)
	r.run("done read=4 delivered=4 created=4")
	if got := r.exceptions(); got != "" {
		t.Errorf("still open: %s", got)
	}
}
