package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Hostile data, with the real binary in a process of its own: each broken record is one exception
// with a short and clear reason, the records beside it are delivered, and memory stays bounded.

// mostMemory is what the process may hold at most, whatever comes: a record of 15 MB is held as its
// text, its index, its document, and their copies while a buffer grows. Measured: about 170 MiB.
const mostMemory = 400 << 20

// plainBinary is pipectl as users have it: without the race detector, whose memory proves nothing.
var plainBinary = sync.OnceValues(func() (string, error) {
	name := filepath.Join(left, "pipectl")
	out, err := exec.Command("go", "build", "-trimpath", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

// hostileProject is a project in a folder of its own, with its files.
func hostileProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runPlain runs the binary, and gives what it said, its exit code and the most memory that it held.
// The kernel's own count of a process that ended can't be used: it begins with that of its parent.
func runPlain(t *testing.T, dir string, args ...string) (string, int, int64) {
	t.Helper()
	return runLater(t, 0, dir, args...)
}

// runLater runs it by a clock that is off by so much.
func runLater(t *testing.T, off time.Duration, dir string, args ...string) (string, int, int64) {
	t.Helper()
	name, err := plainBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, append(args, "-C", dir)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if off != 0 {
		cmd.Env = append(os.Environ(), clockVar+"="+off.String())
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	go func() {
		defer close(end)
		_ = cmd.Wait() // the exit code tells
	}()
	most := int64(0)
	for {
		select {
		case <-end:
			return out.String(), cmd.ProcessState.ExitCode(), most
		case <-time.After(5 * time.Millisecond): // it only grows: a late look sees what an earlier one missed
			most = max(most, peak(cmd.Process.Pid))
		}
	}
}

// peak is the most memory of a process so far, in bytes, but for what it maps of files.
func peak(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// hostileCase is one record, and what is to become of it: code "" is delivered.
type hostileCase struct {
	name, text, code, word string
}

func times(n int, s string) string { return strings.Repeat(s, n) }

func hostileLines() []hostileCase {
	return []hostileCase{
		{"a record of 15 MB", `{"id":"big","note":"` + times(15<<20, "x") + `"}`, "", ""},
		{"100,000 lines in one order", `{"id":"long","items":[` + times(99999, `{"sku":"A-1","qty":1},`) + `{"sku":"Z","qty":2}]}`, "", ""},
		{"a number of 400 digits", `{"id":"digits","n":` + times(400, "9") + `}`, "", ""},
		{"1e999", `{"id":"1e999","n":1e999}`, "", ""},
		{"1e-999999999", `{"id":"1e-999999999","n":1e-999999999}`, "", ""},
		{"depth 900", `{"id":"deep","n":` + times(900, "[") + times(900, "]") + `}`, "", ""},
		{"names with dots", `{"id":"dots","a.b":{"":1},"n":1}`, "", ""},
		{"a key for a terminal", `{"id":"\u001b[2J\u0007\u202e/a\\b"}`, "", ""},
		{"a key of 990 bytes", `{"id":"` + times(330, "订") + `"}`, "", ""},

		{"a record of 20 MB", `{"id":"huge","note":"` + times(20<<20, "x") + `"}`, "PC345", "longer than 16 MiB"},
		{"a broken record of 15 MB", `{"id":"big and broken","note":"` + times(15<<20, "x") + `","q":1,"q":2}`, "PC337", `"q" comes twice`},
		{"a key of 20,000 characters twice", `{"id":"loud","` + times(20000, "错") + `":1,"` + times(20000, "错") + `":1}`, "PC337", "comes twice"},
		{"depth 10,000", `{"id":"deeper","n":` + times(10000, "[") + times(10000, "]") + `}`, "PC337", "deeper than 1000"},
		{"depth 10,000 of long names", `{"id":"names","n":` + times(10000, `{"`+times(100, "n")+`":`) + "1" + times(10000, "}") + `}`, "PC337", "deeper than 1000"},
		{"not UTF-8", "{\"id\":\"bytes\",\"note\":\"\xff\xfe\"}", "PC337", "UTF-8"},
		{"a name twice", `{"id":"twice","qty":1,"qty":2}`, "PC337", "comes twice"},
		{"NUL in an escape", `{"id":"nul","note":"\u0000"}`, "PC337", "NUL"},
		{"NUL as it is", "{\"id\":\"raw nul\",\"note\":\"\x00\"}", "PC337", "control character"},
		{"half a surrogate", `{"id":"half","note":"\ud83d"}`, "PC337", "surrogate"},
		{"an exponent of ten digits", `{"id":"exponent","n":1e9999999999}`, "PC337", "beyond any use"},
		{"a mark inside", "{\"id\":\"bom\",\ufeff\"n\":1}", "PC337", "key in quotes"},
		{"cut off", `{"id":"cut","n":`, "PC337", "too early"},
		{"a list", `[{"id":"list"}]`, "PC337", "not an object"},
		{"null", `null`, "PC337", "not an object"},
		{"a text", `"id"`, "PC337", "not an object"},
		{"a page of HTML", `<html><head><title>登录</title></head></html>`, "PC337", "can't begin"},
		{"no key", `{"note":"x"}`, "PC", "id"},
		{"an empty key", `{"id":"  "}`, "PC269", "is \"  \""},
		{"a null key", `{"id":null}`, "PC269", "is null"},
		{"a key of 1,001 bytes", `{"id":"` + times(1001, "k") + `"}`, "PC408", "longer than 1,000"},
		{"a key of 40 KB", `{"id":"` + times(40<<10, "k") + `"}`, "PC408", "longer than 1,000"},
		{"a key that is a list", `{"id":["x"]}`, "PC269", "[\"x\"]"},
	}
}

const hostilePipeline = `
name: p
source: {connection: data, object: %s, params: {encoding: utf-8}}
key: id
steps:
  - map:
      id: id
      n: n ?? absent
      note: note ?? absent
      lines:
        each: {line: "items ?? []"}
        sku: line.sku
        qty: line.qty * 2
target: {connection: data, object: out.jsonl, key: id, params: {mode: append}}
`

func TestHostileFile(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("\ufeff")
	all := hostileLines()
	for i, c := range all {
		fmt.Fprintf(&file, "{\"id\":\"good-%d\",\"n\":%d}\n\n%s\n", i, i, c.text)
	}
	file.WriteString(`{"id":"good-last"}`)
	dir := hostileProject(t, map[string]string{
		"pipectl.yaml":     "connections:\n  data: {type: file, dir: .}\n",
		"pipelines/p.yaml": fmt.Sprintf(hostilePipeline, "in.jsonl"),
		"in.jsonl":         file.String(),
	})
	out, code, most := runPlain(t, dir, "run", "p")
	if code != exitExceptions || len(out) > 200<<10 || strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("exit %d, %d bytes: %.2000q", code, len(out), out)
	}
	within(t, "the run", most)
	wantDelivered(t, dir, all)
	wantExceptions(t, dir, all)

	again, code, most := runPlain(t, dir, "run", "p", "-o", "json")
	var report struct{ Read, Unchanged, Invalid, Delivered int }
	if err := json.Unmarshal([]byte(again), &report); err != nil || code != exitDone || report.Delivered != 0 || report.Read != report.Unchanged+report.Invalid {
		t.Errorf("the second run: exit %d, %+v, %v: %.500s", code, report, err, again)
	}
	within(t, "the second run", most)
	if info, err := os.Stat(filepath.Join(dir, ".pipectl", "default.db")); err == nil && info.Size() > 64<<20 {
		t.Errorf("the state has %d MiB", info.Size()>>20)
	}

	shown, code, most := runPlain(t, dir, "errors", "show", "p", "big and broken")
	if code != 0 || len(shown) > 64<<10 || !strings.Contains(shown, "-o json") {
		t.Errorf("shown for a person: exit %d, %d bytes: %.500s", code, len(shown), shown)
	}
	within(t, "errors show", most)
	whole, code, _ := runPlain(t, dir, "errors", "show", "p", "big and broken", "-o", "json")
	if code != 0 || len(whole) < 15<<20 || !json.Valid([]byte(whole)) {
		t.Errorf("shown for a machine: exit %d, %d bytes", code, len(whole))
	}
}

func within(t *testing.T, what string, most int64) {
	t.Helper()
	t.Logf("%s held %d MiB at most", what, most>>20)
	if most == 0 {
		t.Log("this system doesn't tell a process's memory")
	}
	if most > mostMemory {
		t.Errorf("%s held %d MiB, more than %d", what, most>>20, mostMemory>>20)
	}
}

// wantDelivered compares the target with the cases: each good one once, and nothing else.
func wantDelivered(t *testing.T, dir string, all []hostileCase) {
	t.Helper()
	var want []string
	for i, c := range all {
		want = append(want, fmt.Sprintf("good-%d", i))
		if c.code == "" {
			want = append(want, idOf(t, c.text))
		}
	}
	want = append(want, "good-last")
	data, err := os.ReadFile(filepath.Join(dir, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		got = append(got, idOf(t, line))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("delivered %.2000q\nwant %.2000q", got, want)
	}
}

func idOf(t *testing.T, text string) string {
	t.Helper()
	var x struct{ ID string }
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return x.ID
}

// wantExceptions wants one exception a bad case, each short and clear.
func wantExceptions(t *testing.T, dir string, all []hostileCase) {
	t.Helper()
	out, code, most := runPlain(t, dir, "errors", "-o", "json")
	within(t, "errors", most)
	var list []struct{ Key, Kind, ID, Field, Reason, Hint string }
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v: %.500s", code, err, out)
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b hostileCase) int { // who wants less leaves the others theirs
		return len(b.code+b.word) - len(a.code+a.word)
	})
	if len(out) > 100<<10 {
		t.Errorf("the list has %d bytes", len(out))
	}
	bad := 0
	for _, c := range all {
		if c.code == "" {
			continue
		}
		bad++
		at := slices.IndexFunc(list, func(x struct{ Key, Kind, ID, Field, Reason, Hint string }) bool {
			return strings.HasPrefix(x.ID, c.code) && strings.Contains(x.Reason+x.Field, c.word) && x.Kind == "invalid" && x.Hint != ""
		})
		if at < 0 {
			t.Errorf("%s: no exception %s that says %q", c.name, c.code, c.word)
			continue
		}
		if n := len(list[at].Reason) + len(list[at].Field); n > 1000 {
			t.Errorf("%s: the reason has %d bytes", c.name, n)
		}
		list = slices.Delete(list, at, at+1)
	}
	if len(list) > 0 {
		t.Errorf("%d further exceptions: %.2000v", len(list), list)
	}
	for _, key := range []string{"deeper", "twice", "nul", "raw nul", "half", "bytes", "exponent", "loud", "big and broken"} {
		if !strings.Contains(out, `"key": "`+key+`"`) {
			t.Errorf("the exception of %q doesn't stand under its key", key)
		}
	}
	text, code, _ := runPlain(t, dir, "errors")
	if code != exitDone || len(text) > 50<<10 || strings.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("errors for a person: exit %d, %d bytes: %.2000q", code, len(text), text)
	}
}

func TestHostileCSV(t *testing.T) {
	t.Parallel()
	all := []hostileCase{
		{"a cell of 15 MB", "big,1," + times(15<<20, "x"), "", ""},
		{"quotes and line breaks", "\"q\"\"1\",1,\"a\nb\"", "", ""},
		{"a key for a terminal", "\x1b[2J\x07/x,1,a", "", ""},
		{"a cell of 20 MB", "huge,1," + times(20<<20, "x"), "PC345", "longer than 16 MiB"},
		{"not UTF-8", "bytes,1,\xff\xfe", "PC341", ""},
		{"NUL", "nul,1,\x00", "PC341", ""},
		{"too many cells", "many,1," + times(100000, ","), "PC338", ""},
		{"too few cells", "few", "PC338", ""},
		{"behind a quote", "\"quote\"x,1,a", "PC338", "behind a closing quote"},
		{"an empty key", ",1,a", "PC408", ""},
		{"a key of 40 KB", times(40<<10, "k") + ",1,a", "PC408", "longer than 1,000"},
		{"a quote that nobody closes", "open,1,\"" + times(20, "x"), "PC338", "never closed"},
	}
	var file strings.Builder
	file.WriteString("\ufeffid,n,note\n")
	var jsons []hostileCase
	for i, c := range all {
		fmt.Fprintf(&file, "good-%d,%d,\n", i, i)
		if i < len(all)-1 { // an open quote takes all that follows with it
			file.WriteString(c.text + "\n")
		}
	}
	file.WriteString("good-last,1,\n" + all[len(all)-1].text)
	for _, c := range all {
		if c.code == "" {
			id, _, _ := strings.Cut(c.text, ",")
			id = strings.ReplaceAll(strings.Trim(id, `"`), `""`, `"`)
			quoted, _ := json.Marshal(map[string]string{"id": id})
			c.text = string(quoted)
		}
		jsons = append(jsons, c)
	}
	dir := hostileProject(t, map[string]string{
		"pipectl.yaml":     "connections:\n  data: {type: file, dir: .}\n",
		"pipelines/p.yaml": "name: p\nsource: {connection: data, object: in.csv, params: {encoding: utf-8}}\nkey: id\nsteps:\n  - map: {id: id, note: note}\ntarget: {connection: data, object: out.jsonl, key: id, params: {mode: append}}\n",
		"in.csv":           file.String(),
	})
	out, code, most := runPlain(t, dir, "run", "p")
	if code != exitExceptions || len(out) > 200<<10 || strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("exit %d, %d bytes: %.2000q", code, len(out), out)
	}
	within(t, "the run", most)
	wantDelivered(t, dir, jsons)
	text, _, _ := runPlain(t, dir, "errors", "-o", "json")
	for _, c := range jsons {
		if c.code != "" && (!strings.Contains(text, `"id": "`+c.code+`"`) || !strings.Contains(text, c.word)) {
			t.Errorf("%s: no exception %s %q", c.name, c.code, c.word)
		}
	}
	if n := strings.Count(text, `"kind": "invalid"`); n != 9 || len(text) > 100<<10 {
		t.Errorf("%d exceptions in %d bytes: %.3000s", n, len(text), text)
	}
}

// TestHostileGzip: a file of nothing that unpacks to hundreds of megabytes.
func TestHostileGzip(t *testing.T) {
	t.Parallel()
	packed := func(text []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(text)
		_ = w.Close()
		return b.Bytes()
	}
	bomb := packed([]byte("{\"id\":\"1\"}\n")) // a stream may be made of streams
	bomb = append(bomb, bytes.Repeat(packed(make([]byte, 1<<20)), 300)...)
	bomb = append(bomb, packed([]byte("\n{\"id\":\"2\"}\n"))...)
	dir := hostileProject(t, map[string]string{
		"pipectl.yaml":     "connections:\n  data: {type: file, dir: .}\n",
		"pipelines/p.yaml": fmt.Sprintf(hostilePipeline, "in.jsonl.gz"),
		"in.jsonl.gz":      string(bomb),
	})
	out, code, most := runPlain(t, dir, "run", "p", "-o", "json")
	var report struct{ Read, Delivered, Invalid int }
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitExceptions || report.Delivered != 2 || report.Invalid != 1 {
		t.Errorf("exit %d, %+v, %v: %.500q", code, report, err, out)
	}
	within(t, "the run", most)
}

// TestHostileVendor: a page of a vendor's API with all of it among good rows.
func TestHostileVendor(t *testing.T) {
	t.Parallel()
	all := hostileLines()
	var rows []string
	for i, c := range all {
		rows = append(rows, fmt.Sprintf(`{"name":"good-%d","n":%d}`, i, i))
		switch c.name { // of these nobody can say where they end: no page holds them
		case "cut off", "a page of HTML", "a mark inside":
		default:
			rows = append(rows, strings.Replace(c.text, `"id"`, `"name"`, 1))
		}
	}
	rows = append(rows, `{"name":"good-last"}`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "access-token") {
			_, _ = fmt.Fprint(w, `{"code":"200","msg":"OK","data":{"access_token":"t-0123456789","refresh_token":"r-0123456789","expires_in":7199}}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"code":0,"message":"success","data":[%s],"total":%d}`, strings.Join(rows, ","), len(rows))
	}))
	defer srv.Close()
	dir := hostileProject(t, map[string]string{
		"pipectl.yaml": "connections:\n  data: {type: file, dir: .}\n  erp: {type: lingxing, url: \"" + srv.URL + "\", app_id: ak_pipectl00demo, secret: \"${LX_SECRET}\"}\n",
		".env":         "LX_SECRET=c2VjcmV0LW9mLXRoZS1zdHVi\n",
		"pipelines/p.yaml": "name: p\nsource: {connection: erp, object: shops}\nkey: name\nsteps:\n  - map: {id: name}\n" +
			"target: {connection: data, object: out.jsonl, key: id, params: {mode: append}}\n",
	})
	out, code, most := runPlain(t, dir, "run", "p", "-o", "json")
	var report struct{ Read, Delivered, Invalid int }
	bad, good := 0, len(all)+1
	for _, c := range all {
		switch {
		case c.code == "" || c.name == "a record of 20 MB":
			good++
		case c.name != "cut off" && c.name != "a page of HTML" && c.name != "a mark inside":
			bad++
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitExceptions || report.Delivered != good || report.Invalid != bad {
		t.Errorf("exit %d, %+v, want %d good and %d bad; %v: %.1000q", code, report, good, bad, err, out)
	}
	within(t, "the run", most)
	text, _, _ := runPlain(t, dir, "errors")
	if len(text) > 50<<10 || strings.ContainsAny(text, "\x1b\x07\u202e") {
		t.Errorf("%d bytes: %.2000q", len(text), text)
	}
}
