package file_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// send writes documents, in a replacement of their own where the target is replaced.
func send(tb testing.TB, conn connector.Conn, t connector.Target, docs ...string) ([]connector.Outcome, error) {
	tb.Helper()
	w, _ := connector.Can[connector.Writer](conn)
	f, _ := connector.Can[connector.Finisher](conn)
	if w.Traits(t).Replaces {
		if err := f.Begin(tb.Context(), t); err != nil {
			return nil, err
		}
	}
	var ds []connector.Doc
	for _, d := range docs {
		ds = append(ds, connector.Doc{Key: d, Content: value.Known(d)})
	}
	outs, err := w.Write(tb.Context(), t, ds)
	if err != nil {
		return nil, errors.Join(err, f.Abort(tb.Context(), t))
	}
	if w.Traits(t).Replaces {
		err = f.Commit(tb.Context(), t)
	}
	return outs, err
}

// TestWrite: what stands in the file, and which documents were refused.
func TestWrite(t *testing.T) {
	appends := raw("mode", `"append"`)
	tests := []struct {
		name, file, before string
		params             map[string]json.RawMessage
		docs               []string
		want               string
		refused            string // of the last document
	}{
		{"lines", "o.jsonl", "old\n", nil, []string{`{"a":1.50}`, "{\"b\":\n\"x\\n\"}"}, "{\"a\":1.50}\n{\"b\":\"x\\n\"}\n", ""},
		{"columns of the first", "o.csv", "", nil, []string{`{"a":1.50,"b":{"c":"x,\"y\""}}`, `{"b":{"c":null},"a":" s"}`}, "a,b.c\n1.50,\"x,\"\"y\"\"\"\n\" s\",\n", ""},
		{"columns said", "o.csv", "", raw("columns", `["b","a"]`), []string{`{"a":true}`}, "b,a\n,true\n", ""},
		{"columns said, no documents", "o.csv", "old\n", raw("columns", `["b","a"]`), nil, "b,a\n", ""},
		{"for Excel", "o.csv", "", raw("encoding", `"utf-8-bom"`), []string{`{"名":"李"}`}, "\xef\xbb\xbf名\n李\n", ""},
		{"GBK", "o.csv", "", raw("encoding", `"gbk"`), []string{`{"名":"李"}`}, gbk("名\n李\n"), ""},
		{"not in GBK", "o.csv", "", raw("encoding", `"big5"`), []string{`{"a":"x"}`, `{"a":"😀"}`}, "a\nx\n", "PC341"},
		{"a field without a column", "o.csv", "", nil, []string{`{"a":"x"}`, `{"a":"y","b":"z"}`}, "a\nx\n", "PC342"},
		{"a list in a cell", "o.csv", "", nil, []string{`{"a":"x"}`, `{"a":[1]}`}, "a\nx\n", "PC342"},
		{"a list first", "o.csv", "", nil, []string{`{"b":"x"}`, `{"b":[1]}`}, "b\nx\n", "PC342"},
		{"one empty cell", "o.csv", "", nil, []string{`{"a":""}`}, "a\n\"\"\n", ""},
		{"append", "o.jsonl", "old\n", appends, []string{`{"a":1}`}, "old\n{\"a\":1}\n", ""},
		{"append behind half a line", "o.jsonl", "old", appends, []string{`{"a":1}`}, "old\n{\"a\":1}\n", ""},
		{"append to a header", "o.csv", "b, a\n1,2\n", appends, []string{`{"a":"x"}`}, "b, a\n1,2\n,x\n", ""},
		{"append to a file of its own", "o.csv", "", appends, []string{`{"a":"x"}`}, "a\nx\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, tt.file, []byte(tt.before))
			outs, err := send(t, folder(t, dir), connector.Target{Object: tt.file, Params: tt.params}, tt.docs...)
			if err != nil {
				t.Fatal(err)
			}
			if got := slurp(t, dir, tt.file); got != tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
			for i, o := range outs {
				refused := ""
				if o.State != connector.Written {
					refused = o.Err.ID
				}
				if want := tt.refused; i == len(outs)-1 && refused != want || i < len(outs)-1 && refused != "" {
					t.Errorf("document %d: %v, want refused by %q", i, o.Err, want)
				}
			}
			if left, err := filepath.Glob(filepath.Join(dir, "data", ".*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestCantWrite: what can't be a target, with the words of the message; the old file stays.
func TestCantWrite(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "o.csv", []byte("old\n"))
	put(t, dir, "sub.csv/x", nil)
	if err := os.Symlink("o.csv", filepath.Join(dir, "data", "link.csv")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		t        connector.Target
		id, says string
	}{
		{connector.Target{Object: "../o.csv"}, "PC331", "no file inside"},
		{connector.Target{Object: "sub.csv"}, "PC331", "a folder"},
		{connector.Target{Object: "link.csv"}, "PC331", "a link"},
		{connector.Target{Object: "o.txt"}, "PC334", "no extension"},
		{connector.Target{Object: "o.csv", Params: raw("mode", `"add"`)}, "PC335", `mode "add"`},
		{connector.Target{Object: "o.csv", Params: raw("encoding", `"utf-16le"`)}, "PC335", "UTF-16"},
		{connector.Target{Object: "o.jsonl", Params: raw("columns", `["a"]`)}, "PC335", "neither columns"},
		{connector.Target{Object: "o.csv", Params: raw("columns", `["a","a"]`)}, "PC335", "twice"},
	}
	for _, tt := range tests {
		_, err := send(t, folder(t, dir), tt.t, `{"a":1}`)
		if p := problem.As(err); p.ID != tt.id || !strings.Contains(p.Reason, tt.says) {
			t.Errorf("%+v: %v\nwant %s with %q", tt.t, err, tt.id, tt.says)
		}
	}
	if got := slurp(t, dir, "o.csv"); got != "old\n" {
		t.Errorf("the old file holds %q", got)
	}
}

// TestTwoWriters: a file that grows behind our back is not written; two replacements are refused.
func TestTwoWriters(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "x", nil)
	conn := folder(t, dir)
	target := connector.Target{Object: "o.jsonl", Params: raw("mode", `"append"`)}
	if _, err := send(t, conn, target, `{"a":1}`); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "o.jsonl", []byte("another's\n"))
	if _, err := send(t, conn, target, `{"a":2}`); problem.As(err).ID != "PC344" {
		t.Errorf("written by another: %v", err)
	}
	a, _ := connector.Can[connector.Appender](conn)
	if _, err := a.Mark(t.Context(), target); err != nil { // the engine looks again
		t.Fatal(err)
	}
	if _, err := send(t, conn, target, `{"a":2}`); err != nil {
		t.Error(err)
	}
	f, _ := connector.Can[connector.Finisher](conn)
	whole := connector.Target{Object: "w.jsonl"}
	if err := f.Begin(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if err := f.Begin(t.Context(), whole); problem.As(err).ID != "PC344" {
		t.Errorf("begun twice: %v", err)
	}
	if err := f.Abort(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(t.Context(), whole); problem.As(err).ID != "PC344" {
		t.Errorf("committed after abort: %v", err)
	}
}

// TestRewound: a mark proves what stands before it.
func TestRewound(t *testing.T) {
	dir := t.TempDir()
	target := connector.Target{Object: "o.jsonl", Params: raw("mode", `"append"`)}
	put(t, dir, "o.jsonl", []byte("one\ntwo\n"))
	a, _ := connector.Can[connector.Appender](folder(t, dir))
	mark, err := a.Mark(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[string]string{
		"one\ntwo\nthree\n": "one\ntwo\n",
		"one\ntwo\nth":      "one\ntwo\n",
		"one\ntwo\n":        "one\ntwo\n",
		"one\n":             "PC343",
		"one\nTWO\nthree\n": "PC343",
	} {
		put(t, dir, "o.jsonl", []byte(now))
		err := a.Rewind(t.Context(), target, mark)
		got := slurp(t, dir, "o.jsonl")
		if err != nil {
			if got != now {
				t.Errorf("%q was cut to %q in spite of %v", now, got, err)
			}
			got = problem.As(err).ID
		}
		if got != want {
			t.Errorf("%q rewound: %q, want %q", now, got, want)
		}
	}
	for _, bad := range []string{"", "x", "-1:00", "5"} {
		if err := a.Rewind(t.Context(), target, bad); problem.As(err).Class != problem.Held {
			t.Errorf("mark %q: %v", bad, err)
		}
	}
}

// TestDiskFull: what does not fit is taken back, and nothing is in doubt.
func TestDiskFull(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	dir := t.TempDir()
	target := connector.Target{Object: "o.jsonl", Params: raw("mode", `"append"`)}
	put(t, dir, "o.jsonl", []byte("old\n"))
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	outs, err := send(t, folder(t, dir), target, `{"a":"`+strings.Repeat("x", 2<<20)+`"}`)
	_, whole := send(t, folder(t, dir), connector.Target{Object: "o.jsonl"}, `{"a":"`+strings.Repeat("x", 2<<20)+`"}`)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err != nil || len(outs) != 1 || outs[0].State != connector.Untouched || outs[0].Err.ID != "PC333" {
		t.Errorf("append: %+v, %v", outs, err)
	}
	if p := problem.As(whole); p.ID != "PC333" || p.Class != problem.Transient {
		t.Errorf("replace: %v", whole)
	}
	if got := slurp(t, dir, "o.jsonl"); got != "old\n" {
		t.Errorf("the file holds %q", got)
	}
}
