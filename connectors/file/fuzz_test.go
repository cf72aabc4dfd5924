package file

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// drain reads all rows of a text; it must end, and each row is a record or says why not.
func drain(t *testing.T, f format, text string) []row {
	t.Helper()
	b, err := newBlocks(strings.NewReader(text), f)
	if err != nil {
		return nil
	}
	var r rows = &jsonRows{blocks: b, line: 1}
	if f.csv {
		r = &csvRows{blocks: b, object: "x", sep: f.sep, line: 1}
	}
	var out []row
	for {
		got, err := r.next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return nil // a header that can't be used
		}
		for _, x := range got {
			if x.bad == nil && !json.Valid([]byte(x.data.JSON())) {
				t.Fatalf("line %d became %q", x.line, x.data.JSON())
			}
			if x.bad == nil && x.data.Value().Kind() != value.Object {
				t.Fatalf("line %d is no record: %q", x.line, x.data.JSON())
			}
		}
		out = append(out, got...)
	}
}

// FuzzLines: any bytes are taken apart without a panic, and lines are counted right.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"", "{\"a\":1}\n{\"b\":2}", "\xef\xbb\xbf{}\r\n\n{", "\xff\xfe{\x00}\x00\n\x00", "a,b\n1,\"x\ny\"\n\"", "a.b,a.c,d\n1,2,3\n", "\xb5\xa5\n\xc0\xee\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		drain(t, format{}, s)
		drain(t, format{csv: true, sep: ','}, s)
		for _, x := range drain(t, format{params: params{Encoding: "utf-8"}}, s) {
			if n := strings.Count(s, "\n") + 1; x.line < 1 || x.line > n {
				t.Fatalf("line %d of %d", x.line, n)
			}
		}
	})
}

// FuzzCells: what is written as CSV reads back the same.
func FuzzCells(f *testing.F) {
	f.Add("a", "b,\"c\"", "\n")
	f.Add(" x ", "\r", "")
	f.Add("\"", "=1+1", "\t")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, s := range []string{a, b, c} {
			if !value.Valid(s) {
				return
			}
		}
		fm := format{csv: true, sep: ',', params: params{Encoding: "utf-8"}}
		doc := value.RecordOf(value.ObjectOf([]string{"a", "b", "c"}, []value.Value{value.OfText(a), value.OfText(b), value.OfText(c)}))
		_, data, err := newForm(fm, nil, false).docs([]connector.Doc{{Content: doc}})
		if err != nil {
			t.Fatal(err)
		}
		got := drain(t, fm, string(data))
		if len(got) != 1 || got[0].bad != nil {
			t.Fatalf("%q reads as %d rows: %+v", data, len(got), got)
		}
		for name, want := range map[string]string{"a": a, "b": b, "c": c} {
			if s := got[0].data.Get(name).Text(); s != want {
				t.Fatalf("%s: wrote %q, read %q", name, want, s)
			}
		}
	})
}
