package file_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

func gbk(s string) string {
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func utf16(s string) string {
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// TestRead: what becomes of a file's text. A bad line is shown as "!code line".
func TestRead(t *testing.T) {
	tests := []struct {
		name, file, text string
		params           map[string]json.RawMessage
		want             []string
		complete         bool
	}{
		{"plain", "a.csv", "no,qty\nA-1,2\nA-2,3\n", nil, []string{`{"no":"A-1","qty":"2"}`, `{"no":"A-2","qty":"3"}`}, true},
		{"windows ends, no last end", "a.csv", "no,qty\r\nA-1,2\r\nA-2,3", nil, []string{`{"no":"A-1","qty":"2"}`, `{"no":"A-2","qty":"3"}`}, true},
		{"byte-order mark", "a.csv", "\xef\xbb\xbfno\nA-1\n", nil, []string{`{"no":"A-1"}`}, true},
		{"quotes", "a.csv", "no,note\nA-1,\"say \"\"hi\"\", you\"\nA-2,5\" pipe\n", nil, []string{`{"no":"A-1","note":"say \"hi\", you"}`, `{"no":"A-2","note":"5\" pipe"}`}, true},
		{"line break in a cell", "a.csv", "no,note\nA-1,\"one\r\ntwo\"\nA-2,x\n", nil, []string{`{"no":"A-1","note":"one\r\ntwo"}`, `{"no":"A-2","note":"x"}`}, true},
		{"blank lines", "a.csv", "\n\nno\n\nA-1\n  \nA-2\n\n", nil, []string{`{"no":"A-1"}`, `{"no":"A-2"}`}, true},
		{"empty cells", "a.csv", "no,note\nA-1,\n,\n", nil, []string{`{"no":"A-1","note":""}`, `{"no":"","note":""}`}, true},
		{"names are trimmed, cells are not", "a.csv", " no , 订单号\n 7 ,x\n", nil, []string{`{"no":" 7 ","订单号":"x"}`}, true},
		{"dotted names nest", "a.csv", "a.b,c,a.d,No.\n1,2,3,4\n", nil, []string{`{"a":{"b":"1","d":"3"},"c":"2","No.":"4"}`}, true},
		{"column without a name", "a.csv", "no,\nA-1,\nA-2,x\n", nil, []string{`{"no":"A-1"}`, "!PC338 3"}, false},
		{"separator", "a.csv", "no;qty\nA-1;2,5\n", raw("separator", `";"`), []string{`{"no":"A-1","qty":"2,5"}`}, true},
		{"tabs", "a.tsv", "no\tqty\nA-1\t2\n", nil, []string{`{"no":"A-1","qty":"2"}`}, true},
		{"too few, too many", "a.csv", "no,qty\nA-1\nA-2,1,2\nA-3,1\n", nil, []string{"!PC338 2", "!PC338 3", `{"no":"A-3","qty":"1"}`}, false},
		{"text behind a quote", "a.csv", "no\n\"A\"B\nC\n", nil, []string{"!PC338 2", `{"no":"C"}`}, false},
		{"a quote never closed", "a.csv", "no\n\"A\nB\nC\n", nil, []string{"!PC338 2", `{"no":"B"}`, `{"no":"C"}`}, false},
		{"lines are counted through cells", "a.csv", "no,x\n\"1\n2\n3\",\n4\n", nil, []string{`{"no":"1\n2\n3","x":""}`, "!PC338 5"}, false},
		{"a NUL", "a.csv", "no\nA\x00\nB\n", nil, []string{"!PC341 2", `{"no":"B"}`}, false},
		{"GBK", "a.csv", gbk("单号,买家\nA-1,王“小”明\n"), nil, []string{`{"单号":"A-1","买家":"王“小”明"}`}, true},
		{
			"GBK after much ASCII", "a.csv", "no,buyer\n" + strings.Repeat("A-1,x\n", 60000) + gbk("A-2,联通\nA-3,李雷\nA-4,韩梅梅\n"), nil,
			append(slices.Repeat([]string{`{"no":"A-1","buyer":"x"}`}, 60000), `{"no":"A-2","buyer":"联通"}`, `{"no":"A-3","buyer":"李雷"}`, `{"no":"A-4","buyer":"韩梅梅"}`), true,
		},
		{"GBK said", "a.jsonl", gbk(`{"买家":"李雷|\\"}`), raw("encoding", `"gbk"`), []string{`{"买家":"李雷|\\"}`}, true},
		{"GBK found", "a.jsonl", gbk("{\"买家\":\"李雷\"}\n{\"买家\":\"韩梅梅\"}\n"), nil, []string{`{"买家":"李雷"}`, `{"买家":"韩梅梅"}`}, true},
		{"UTF-16", "a.csv", utf16("no,买家\nA-1,李雷\n"), nil, []string{`{"no":"A-1","买家":"李雷"}`}, true},
		{"one rotten line in UTF-8", "a.csv", "no\n李雷\n\xff\xfe\n韩梅梅\n", nil, []string{`{"no":"李雷"}`, "!PC341 3", `{"no":"韩梅梅"}`}, false},
		{"JSON lines", "a.jsonl", "{\"a\":1.50}\r\n\n{\"a\":null}\n", nil, []string{`{"a":1.50}`, `{"a":null}`}, true},
		{"no JSON, no object", "a.ndjson", "{\"a\":1}\n{\"a\":}\n[1]\n{\"a\":2} x\n{\"a\":3}\n", nil, []string{`{"a":1}`, "!PC337 2", "!PC337 3", "!PC337 4", `{"a":3}`}, false},
		{"a last line half written", "a.jsonl", "{\"a\":1}\n{\"a\":", nil, []string{`{"a":1}`, "!PC337 2"}, false},
		{"a last line without its end", "a.jsonl", "{\"a\":1}\n{\"a\":2}", nil, []string{`{"a":1}`, `{"a":2}`}, true},
		{"rotten bytes", "a.jsonl", "{\"a\":\"李雷\"}\n{\"a\":\"\xff\"}\n", nil, []string{`{"a":"李雷"}`, "!PC337 2"}, false},
		{"an empty file", "a.jsonl", "", nil, nil, true},
		{"no header", "a.csv", "", nil, nil, false},
		{"a header only", "a.csv", "no\n", nil, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, tt.file, []byte(tt.text))
			put(t, dir, tt.file+".gz", gzipped(t, []byte(tt.text)))
			for _, object := range []string{tt.file, tt.file + ".gz"} {
				recs, complete, err := readAll(t, folder(t, dir), connector.Query{Object: object, Params: tt.params})
				if err != nil {
					t.Fatal(err)
				}
				got := make([]string, len(recs))
				for i, r := range recs {
					if got[i] = r.Data.JSON(); r.Bad != nil {
						got[i] = "!" + r.Bad.ID + " " + r.Bad.Key[strings.LastIndexByte(r.Bad.Key, ':')+1:]
					}
				}
				if !slices.Equal(got, tt.want) || complete != tt.complete {
					t.Errorf("%s: complete %v\n got %q\nwant %q", object, complete, got[:min(len(got), 9)], tt.want[:min(len(tt.want), 9)])
				}
			}
		})
	}
}

// TestLongLine: a line beyond the limit is one bad record, and what follows is read.
func TestLongLine(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("x", 17<<20)
	put(t, dir, "a.jsonl", []byte("{\"a\":1}\n{\"a\":\""+long+"\"}\n{\"a\":2}\n"))
	put(t, dir, "a.csv", []byte("a\n1\n"+long+"\n2\n"))
	for _, object := range []string{"a.jsonl", "a.csv"} {
		recs, complete, err := readAll(t, folder(t, dir), connector.Query{Object: object})
		if err != nil || len(recs) != 3 || complete {
			t.Fatalf("%s: %d records, complete %v, %v", object, len(recs), complete, err)
		}
		if recs[0].Bad != nil || recs[1].Bad == nil || recs[1].Bad.ID != "PC345" || recs[2].Bad != nil {
			t.Errorf("%s: %v, %v, %v", object, recs[0].Bad, recs[1].Bad, recs[2].Bad)
		}
	}
}

// TestRefused: what a file can't be or can't do, with the words of the message.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "orders.csv", []byte("a\n1\n"))
	put(t, dir, "twice.csv", []byte("a,a\n1,2\n"))
	put(t, dir, "both.csv", []byte("a,a.b\n1,2\n"))
	put(t, dir, "nameless.csv", []byte(",\n1,2\n"))
	put(t, dir, "open.csv", []byte("\"a\n1\n"))
	put(t, dir, "no.jsonl.gz", []byte("no gzip, but long enough"))
	put(t, dir, "cut.jsonl.gz", gzipped(t, []byte(strings.Repeat("{\"a\":1}\n", 9)))[:30])
	put(t, dir, "sub.csv/x", nil)
	put(t, dir, "../secret.csv", []byte("a\n1\n"))
	if err := os.Symlink(filepath.Join(dir, "secret.csv"), filepath.Join(dir, "data", "link.csv")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		q     connector.Query
		id    string
		class problem.Class
		says  string
	}{
		{connector.Query{Object: "order.csv"}, "PC330", problem.Fatal, "file order.csv does not exist in folder data"},
		{connector.Query{Object: "../secret.csv"}, "PC331", problem.Fatal, "no file inside folder data"},
		{connector.Query{Object: "/etc/passwd.csv"}, "PC331", problem.Fatal, "no file inside folder data"},
		{connector.Query{Object: "link.csv"}, "PC331", problem.Fatal, "no file inside folder data"},
		{connector.Query{Object: "sub.csv"}, "PC331", problem.Fatal, "a folder"},
		{connector.Query{Object: "orders.xlsx"}, "PC334", problem.Fatal, "no extension"},
		{connector.Query{Object: "orders.csv", Params: raw("encodng", `"gbk"`)}, "PC335", problem.Fatal, `no parameter "encodng"`},
		{connector.Query{Object: "orders.csv", Params: raw("encoding", `"klingon"`)}, "PC335", problem.Fatal, `encoding "klingon"`},
		{connector.Query{Object: "orders.csv", Params: raw("separator", `"ab"`)}, "PC335", problem.Fatal, `separator "ab"`},
		{connector.Query{Object: "orders.csv", Params: raw("separator", `7`)}, "PC335", problem.Fatal, "can't be read"},
		{connector.Query{Object: "no.jsonl.gz", Params: raw("separator", `";"`)}, "PC335", problem.Fatal, "JSON Lines"},
		{connector.Query{Object: "orders.csv", Field: "updated"}, "PC336", problem.Fatal, "has no cursor"},
		{connector.Query{Object: "orders.csv", Window: &connector.Window{}}, "PC336", problem.Fatal, "window"},
		{connector.Query{Object: "twice.csv"}, "PC339", problem.Fatal, `column "a" is there twice`},
		{connector.Query{Object: "both.csv"}, "PC339", problem.Fatal, `"a.b"`},
		{connector.Query{Object: "nameless.csv"}, "PC339", problem.Fatal, "no column has a name"},
		{connector.Query{Object: "open.csv"}, "PC339", problem.Fatal, "never closed"},
		{connector.Query{Object: "no.jsonl.gz"}, "PC340", problem.Fatal, "file no.jsonl.gz: the file is no sound gzip"},
		{connector.Query{Object: "cut.jsonl.gz"}, "PC340", problem.Transient, "file cut.jsonl.gz: the gzip stream ends"},
	}
	for _, tt := range tests {
		_, _, err := readAll(t, folder(t, dir), tt.q)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.ID != tt.id || p.Class != tt.class || !strings.Contains(p.Reason, tt.says) || p.Hint == "" {
			t.Errorf("%s: %v\nwant %s %v with %q", tt.q.Object, err, tt.id, tt.class, tt.says)
		}
		if _, ok := problem.Page(tt.id); !ok {
			t.Errorf("%s has no page", tt.id)
		}
	}
}

// TestFolder: a folder that is missing stops with its name, and doctor says so.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	conn := folder(t, dir)
	_, _, err := readAll(t, conn, connector.Query{Object: "a.csv"})
	if p := problem.As(err); p.ID != "PC332" || !strings.Contains(p.Reason, "folder data does not exist") {
		t.Error(err)
	}
	check, ok := connector.Can[connector.Checker](conn)
	if !ok {
		t.Fatal("no Checker")
	}
	if f := check.Check(t.Context()); len(f) != 1 || f[0].Err == nil {
		t.Errorf("a missing folder: %+v", f)
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if f := check.Check(t.Context()); len(f) != 1 || f[0].Err != nil || !strings.Contains(f[0].Detail, "empty") {
		t.Errorf("an empty folder: %+v", f)
	}
	put(t, dir, "a.csv", nil)
	if f := check.Check(t.Context()); len(f) != 1 || f[0].Err != nil {
		t.Errorf("a folder: %+v", f)
	}
	if _, err := file.Definition.Open(t.Context(), &file.Config{}, connector.Env{Name: "data"}); problem.As(err).ID != "PC332" {
		t.Errorf("no dir: %v", err)
	}
}
