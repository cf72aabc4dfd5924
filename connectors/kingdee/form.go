package kingdee

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed objects/*.json
var objectFiles embed.FS

// form is what this package must know of a business object to read and write it. The files in
// objects/ say it, beside what value.Schema takes from them; their order of fields is the order
// in which a document has to be sent.
type form struct {
	field
	Name    string
	ID      string   // the internal id: FID, FMATERIALID
	Number  string   // the number: FBillNo, FNumber
	Cursors []string // fields that tell a change time
	Known   bool     // there is a file for it
}

// field is one field of a form, by the words of its schema.
type field struct {
	Title     string   `json:"title"`
	Type      anyOf    `json:"type"`
	Format    string   `json:"format"`
	Object    string   `json:"x-object"` // the form that the field refers to
	Flex      bool     `json:"x-flex"`   // flex values: no bare key, members only
	Form      string   `json:"x-form"`
	XID       string   `json:"x-id"`
	XCursors  []string `json:"x-cursors"`
	ReadOnly  bool     `json:"readOnly"`
	WriteOnly bool     `json:"writeOnly"` // not reachable by a query
	Key       bool     `json:"x-key"`
	Props     props    `json:"properties"`
	Items     *field   `json:"items"`
}

// anyOf is the schema's type: one name, or several.
type anyOf []string

func (t *anyOf) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(t))
	}
	*t = anyOf{""}
	return json.Unmarshal(b, &(*t)[0])
}

func (t anyOf) has(name string) bool { return slices.Contains(t, name) }

// props are the fields of an object in the order of the file.
type props struct {
	names []string
	by    map[string]*field
}

func (p *props) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	p.by = map[string]*field{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		f := new(field)
		if err := d.Decode(f); err != nil {
			return fmt.Errorf("%v: %w", t, err)
		}
		name := fmt.Sprint(t)
		p.names, p.by[name] = append(p.names, name), f
	}
	return nil
}

// isEntry: rows below the head (单据体). isGroup: fields of the head that stand in an object of
// their own when written (子单据头), and flat when queried. isRef: base data.
func (f *field) isEntry() bool { return f.Items != nil }

func (f *field) isGroup() bool {
	return f.Items == nil && f.Type.has("object") && f.Object == "" && !f.Flex
}
func (f *field) isRef() bool { return f.Object != "" }

// get is the field of that name; a mistake in capitals is forgiven where the vendor does.
func (f *field) get(name string) *field {
	if p := f.Props.by[name]; p != nil {
		return p
	}
	for n, p := range f.Props.by {
		if strings.EqualFold(n, name) {
			return p
		}
	}
	return nil
}

// spelling is the name as the form spells it.
func (f *field) spelling(name string) string {
	if f.Props.by[name] != nil {
		return name
	}
	for _, n := range f.Props.names {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return name
}

// forms are the known forms by name. They are read once and never change.
var forms = sync.OnceValue(func() map[string]*form {
	out := map[string]*form{}
	files, err := objectFiles.ReadDir("objects")
	if err != nil {
		panic(err) // embedded: cannot fail in a program that was built
	}
	for _, file := range files {
		text, err := objectFiles.ReadFile("objects/" + file.Name())
		f := &form{Known: true}
		if err == nil {
			err = json.Unmarshal(text, &f.field)
		}
		if err != nil {
			panic("objects/" + file.Name() + ": " + err.Error())
		}
		f.Name, f.ID, f.Cursors = f.Form, f.XID, f.XCursors
		f.Number = f.numberField()
		out[f.Name] = f
	}
	return out
})

func (f *form) numberField() string {
	for _, n := range f.Props.names {
		if f.Props.by[n].Key {
			return n
		}
	}
	return f.ID // stock has no number
}

// formOf is the form of an object. One that we have no file for is taken for a bill, or by its
// name for base data; whoever uses it says which fields it has.
func formOf(object string) *form {
	if f := forms()[object]; f != nil {
		return f
	}
	f := &form{Name: object, ID: "FID", Number: "FBillNo", Cursors: []string{"FModifyDate", "FApproveDate", "FCreateDate"}}
	if strings.HasPrefix(object, "BD_") || strings.HasPrefix(object, "ORG_") || strings.HasPrefix(object, "BAS_") {
		f.Number = "FNumber"
	}
	return f
}

// isBaseData: master data, of which an organisation uses what another created.
func (f *form) isBaseData() bool { return f.Number == "FNumber" }

// has says whether the form has a field, as far as is known.
func (f *form) has(name string) bool { return f.Known && f.Props.by[name] != nil }

// hasStatus: the form goes through saved, submitted, audited.
func (f *form) hasStatus() bool { return !f.Known || f.has("FDocumentStatus") }

// essential: a record is nothing without it.
func (f *form) essential(name string) bool {
	return strings.EqualFold(name, f.ID) || strings.EqualFold(name, f.Number)
}

// queryKey is a field's name in a query: groups of the head and entries fall away, as fields of
// all levels share one set of names.
func (f *form) queryKey(path string) string {
	head, rest, ok := strings.Cut(path, ".")
	if p := f.get(head); ok && p != nil && (p.isEntry() || p.isGroup()) {
		if p.isEntry() && (rest == "FEntryID" || rest == "FSeq") {
			return f.spelling(head) + "_" + rest
		}
		return rest
	}
	return path
}

// at is the field at a path of the schema or of a query, nil when it isn't known.
func (f *form) at(path string) *field {
	head, rest, more := strings.Cut(path, ".")
	p := f.get(head)
	if p == nil {
		p = f.flat(head)
	}
	for p != nil && more {
		if p.isEntry() {
			p = p.Items
		}
		head, rest, more = strings.Cut(rest, ".")
		p = p.get(head)
	}
	return p
}

// flat finds a field that stands in a group or an entry by its bare name.
func (f *form) flat(name string) *field {
	for _, n := range f.Props.names {
		p := f.Props.by[n]
		if p.isEntry() {
			p = p.Items
		} else if !p.isGroup() {
			continue
		}
		if x := p.get(name); x != nil {
			return x
		}
	}
	return nil
}
