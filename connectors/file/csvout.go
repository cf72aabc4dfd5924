package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// jsonLine appends a document as one line; line breaks between its members are taken out.
func (f *form) jsonLine(text string) error {
	if strings.ContainsAny(text, "\n\r") {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(text)); err != nil {
			return &problem.Error{Class: problem.Invalid, ID: "PC337", Err: err, Reason: "the document is no JSON: " + err.Error(), Hint: "this is a fault of pipectl, please report it"}
		}
		text = b.String()
	}
	if f.utf8() {
		f.buf.WriteString(text)
		f.buf.WriteByte('\n')
		return nil
	}
	return f.line(text + "\n")
}

// columnsOf takes the columns from the mapping, and from the first document what the mapping doesn't
// tell: a field that is absent there may come later.
func (f *form) columnsOf(docs []connector.Doc) error {
	for _, d := range docs {
		var names []string
		if p := flat(d.Content.Value(), "", func(name string, _ value.Value) { names = append(names, name) }); p != nil {
			continue // it is refused; the next tells
		}
		all := slices.Clone(f.fields)
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
		if _, why := newHeader(all); why == "" {
			f.columns = all
			return nil
		}
		if _, why := newHeader(names); why != "" {
			return &problem.Error{
				Class: problem.Fatal, ID: "PC342", Reason: "the first document can't give the CSV columns: " + why,
				Hint: "name them under params: `columns: [...]`",
			}
		}
		f.columns = names
		return nil
	}
	return nil
}

// flat walks the single values of an object; nested ones get dotted names.
func flat(v value.Value, prefix string, each func(string, value.Value)) *problem.Error {
	for name, x := range v.Members() {
		full := prefix + name
		switch x.Kind() {
		case value.Object:
			if p := flat(x, full+".", each); p != nil {
				return p
			}
		case value.List:
			return &problem.Error{
				Class: problem.Invalid, ID: "PC342", Field: full, Reason: fmt.Sprintf("field %s is a list, which a CSV cell can't hold", full),
				Hint: "join it in the mapping (`join(…)`, `toJSON(…)`), or write to a .jsonl file",
			}
		default:
			each(full, x)
		}
	}
	return nil
}

// cells puts a document's values under their columns.
func (f *form) cells(doc value.Record) ([]string, *problem.Error) {
	cells := make([]string, len(f.columns))
	var extra *problem.Error
	p := flat(doc.Value(), "", func(name string, v value.Value) {
		i := slices.Index(f.columns, name)
		if i < 0 {
			if !v.IsNone() && extra == nil {
				extra = &problem.Error{
					Class: problem.Invalid, ID: "PC342", Field: name, Reason: fmt.Sprintf("field %s has no column in the CSV file", name),
					Hint: "the columns come from the header, else from the first document; name all of them under params: `columns: [...]`",
				}
			}
			return
		}
		cells[i] = cell(v)
	})
	if p == nil {
		p = extra
	}
	return cells, p
}

// cell is a value as CSV writes it. Null and an empty text look alike there.
func cell(v value.Value) string {
	switch v.Kind() {
	case value.Text:
		return v.Text()
	case value.Absent, value.Null:
		return ""
	default:
		return strings.Trim(v.JSON(), `"`)
	}
}

// row joins cells to a line; quotes stand where the text would be read otherwise without.
func (f *form) row(cells []string) string {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(f.sep)
		}
		if needsQuotes(c, f.sep, len(cells)) {
			b.WriteByte('"')
			b.WriteString(strings.ReplaceAll(c, `"`, `""`))
			b.WriteByte('"')
		} else {
			b.WriteString(c)
		}
	}
	b.WriteByte('\n')
	return b.String()
}

func needsQuotes(c string, sep byte, width int) bool {
	if c == "" {
		return width == 1 // a line of nothing is no row
	}
	return c[0] == ' ' || c[len(c)-1] == ' ' || strings.IndexByte(c, sep) >= 0 || strings.ContainsAny(c, "\"\r\n")
}
