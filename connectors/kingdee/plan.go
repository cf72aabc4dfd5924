package kingdee

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// plan says which columns to ask for, and where each goes in a record. A query is flat: it knows
// neither groups nor entries, and one entry multiplies the rows of its bill. So the head is asked
// for by itself, and each entry by itself.
type plan struct {
	form    *form
	head    columns
	entries []entryPlan
	lacks   func(key string) bool // nil: everything that is wanted is asked for
}

// skips says that the account hasn't this field, and that nobody asked for it by name.
func (p *plan) skips(key string) bool {
	head, _, _ := strings.Cut(key, ".")
	return p.lacks != nil && p.lacks(head)
}

type entryPlan struct {
	name string
	id   string // FSaleOrderEntry_FEntryID
	columns
}

// columns are the keys of one query, and the shape of the object that its cells make.
type columns struct {
	keys []string
	of   []*field
	root node
}

// node is a place in the object: a cell, or an object with members.
type node struct {
	name string
	cell int // index of the column; -1 for an object
	kids []*node
}

// add puts a column's cell at a path, and answers the column.
func (c *columns) add(path, key string, of *field) int {
	i := indexOf(c.keys, key)
	if i < 0 {
		i = len(c.keys)
		c.keys, c.of = append(c.keys, key), append(c.of, of)
	}
	at := &c.root
	names := strings.Split(path, ".")
	for n, name := range names {
		k := slices.IndexFunc(at.kids, func(x *node) bool { return x.name == name })
		if k < 0 {
			k = len(at.kids)
			at.kids = append(at.kids, &node{name: name, cell: -1})
		}
		at = at.kids[k]
		if n == len(names)-1 && len(at.kids) == 0 {
			at.cell = i
		}
	}
	return i
}

// planFor makes the plan for these paths; nil means every field that is known and can be asked
// for. What lacks names is left out.
func planFor(f *form, paths []string, lacks func(key string) bool) (*plan, error) {
	p := &plan{form: f, lacks: lacks}
	p.head.add(f.ID, f.ID, f.at(f.ID))
	if f.Number != f.ID {
		p.head.add(f.Number, f.Number, f.at(f.Number))
	}
	if f.has("FModifyDate") {
		p.head.add("FModifyDate", "FModifyDate", f.at("FModifyDate"))
	}
	if paths == nil {
		if !f.Known {
			return nil, badParam("fields", "is needed: object "+f.Name+" is not one that pipectl has a description of")
		}
		paths = f.Props.names
	}
	for _, path := range paths {
		if !fieldName.MatchString(path) {
			return nil, badParam("fields", "names "+path+", which is no field")
		}
		p.want(path)
	}
	return p, nil
}

// want adds what a path names: a field, or all fields of a group or an entry.
func (p *plan) want(path string) {
	f := p.form
	head, rest, deeper := strings.Cut(path, ".")
	at := f.get(head)
	switch {
	case at == nil:
		of := f.flat(head)
		for _, x := range leaves(of, path, deeper) {
			p.head.add(x, x, of)
		}
	case at.isEntry():
		p.wantEntry(f.spelling(head), at.Items, rest)
	case at.isGroup() && at.WriteOnly:
	case at.isGroup():
		for _, x := range members(at, rest) {
			if !p.skips(x) {
				p.head.add(head+"."+x, x, at.at(x))
			}
		}
	case at.WriteOnly:
	default:
		for _, x := range leaves(at, path, deeper) {
			if !p.skips(x) {
				p.head.add(x, x, f.at(x))
			}
		}
	}
}

func (p *plan) wantEntry(name string, items *field, rest string) {
	if at := p.form.get(name); at.WriteOnly {
		return
	}
	i := slices.IndexFunc(p.entries, func(e entryPlan) bool { return e.name == name })
	if i < 0 {
		i = len(p.entries)
		e := entryPlan{name: name, id: name + "_FEntryID"}
		e.add("FEntryID", e.id, &field{Type: anyOf{"integer"}})
		p.entries = append(p.entries, e)
	}
	e := &p.entries[i]
	for _, x := range members(items, rest) {
		switch {
		case x == "FEntryID", p.skips(x):
		case x == "FSeq":
			e.add(x, name+"_FSeq", items.at(x))
		default:
			e.add(x, x, items.at(x))
		}
	}
}

// members are the askable paths below a group or an entry: the one named, or all.
func members(f *field, rest string) []string {
	if rest != "" {
		head, _, deeper := strings.Cut(rest, ".")
		return leaves(f.get(head), rest, deeper)
	}
	var out []string
	for _, n := range f.Props.names {
		out = append(out, leaves(f.Props.by[n], n, false)...)
	}
	return out
}

// leaves are what to ask for in place of a path: base data by its number, as its bare name is an
// internal id; flex values and rows below rows not at all.
func leaves(f *field, path string, deeper bool) []string {
	switch {
	case f == nil:
		return []string{path}
	case f.WriteOnly, f.isEntry():
		return nil
	case deeper:
		return []string{path}
	case f.Flex:
		return nil
	case f.isRef():
		return []string{path + "." + f.shown()}
	}
	return []string{path}
}

// shown is the member that stands for base data: its number, where it has one.
func (f *field) shown() string {
	if f.Props.by["FNumber"] != nil || len(f.Props.names) == 0 {
		return "FNumber"
	}
	return f.Props.names[0]
}

// at is the field at a dotted path below f, nil when it isn't known.
func (f *field) at(path string) *field {
	for name := range strings.SplitSeq(path, ".") {
		if f == nil {
			return nil
		}
		f = f.get(name)
	}
	return f
}

// object writes the cells of a row as one JSON object; extra are further members, as written.
func (c *columns) object(r row, extra ...member) []byte {
	var b bytes.Buffer
	c.write(&b, &c.root, r, extra)
	return b.Bytes()
}

// member is one member of a JSON object, in its place.
type member struct {
	name string
	raw  json.RawMessage
}

func (c *columns) write(b *bytes.Buffer, n *node, r row, extra []member) {
	b.WriteByte('{')
	for i, k := range n.kids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(value.AppendText(nil, k.name))
		b.WriteByte(':')
		if k.cell < 0 {
			c.write(b, k, r, nil)
		} else {
			b.Write(cell(c.of[k.cell], r[k.cell]))
		}
	}
	for i, m := range extra {
		if i+len(n.kids) > 0 {
			b.WriteByte(',')
		}
		b.Write(value.AppendText(nil, m.name))
		b.WriteByte(':')
		b.Write(m.raw)
	}
	b.WriteByte('}')
}

// cell is a cell as it stands in a record: dates in one spelling whatever the version, and no
// blank where a text is empty. Everything else stays as it was sent.
func cell(f *field, raw json.RawMessage) json.RawMessage {
	if len(raw) < 2 || raw[0] != '"' {
		return raw
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw
	}
	if strings.TrimSpace(text) == "" {
		return json.RawMessage(`""`)
	}
	if f == nil || f.Format != "date" && f.Format != "instant" {
		return raw
	}
	t, ok := moment(text)
	switch {
	case !ok:
		return raw
	case t.Year() <= 1:
		return json.RawMessage("null")
	case f.Format == "date":
		return value.AppendText(nil, t.Format("2006-01-02"))
	}
	return value.AppendText(nil, t.Format("2006-01-02T15:04:05.999999999"))
}

// parsed makes a record of JSON text that was put together here from a server's cells.
func parsed(text []byte) (value.Record, *problem.Error) {
	r, err := value.Parse(text)
	if err != nil {
		return value.Salvage(string(text)), problem.As(err)
	}
	return r, nil
}
