package value

import (
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// With is the record with another value at a path: what `override` does. Objects on the way that
// are missing are made; items of lists have to exist. An absent value takes the member away.
func (r Record) With(path string, v Value) (Record, error) {
	p, err := ParsePath(path)
	if err != nil {
		return Record{}, err
	}
	out, err := with(r.Value(), p.steps, v)
	if err != nil {
		return Record{}, &problem.Error{
			Class: problem.Invalid, ID: "PC202", Field: path,
			Reason: fmt.Sprintf("path %s leads through what is not there: %s", path, err),
			Hint:   "look at the record with `pipectl errors show`, and name a path that it has",
		}
	}
	return ParseText(out.JSON())
}

func with(at Value, steps []*Name, v Value) (Value, error) {
	if len(steps) == 0 {
		return v, nil
	}
	s := steps[0]
	if s.item {
		return withItem(at, s, steps, v)
	}
	if at.kind != Object && at.kind > Null {
		return Value{}, fmt.Errorf("%q is a member, but there is %s", s.name, at.kind)
	}
	x, err := with(at.Get(s.name), steps[1:], v)
	if err != nil {
		return Value{}, err
	}
	return ObjectWith(at, s.name, x), nil
}

func withItem(at Value, s *Name, steps []*Name, v Value) (Value, error) {
	if at.kind != List || s.index >= at.Len() {
		return Value{}, fmt.Errorf("there is no item %d", s.index)
	}
	items := append([]Value(nil), at.List()...)
	x, err := with(items[s.index], steps[1:], v)
	if err != nil {
		return Value{}, err
	}
	items[s.index] = x
	return ListOf(items), nil
}

// Dotted turns a flat row of a vendor's query into nested objects, in the order in which the
// names come: {"FCustId.FNumber": "C1"} becomes {"FCustId": {"FNumber": "C1"}}.
func Dotted(r Record) (Record, error) {
	root := &branch{}
	for name, v := range r.Value().Members() {
		if err := root.put(name, strings.Split(name, "."), v); err != nil {
			return Record{}, err
		}
	}
	return Known(string(root.appendJSON(nil))), nil
}

// branch is an object on its way from dotted names.
type branch struct {
	names []string
	kids  []*branch
	leaf  Value
}

func (b *branch) put(full string, path []string, v Value) error {
	for i, name := range path {
		next := b.kid(name)
		if last := i == len(path)-1; next.leaf.kind != Absent || last && (len(next.kids) > 0 || v.kind == Absent) {
			return &problem.Error{
				Class: problem.Invalid, ID: "PC203", Field: full,
				Reason: fmt.Sprintf("field %s is a value and an object in one row", strings.Join(path[:i+1], ".")),
				Hint:   "ask for the field or for its members, not for both",
			}
		}
		b = next
	}
	b.leaf = v
	return nil
}

func (b *branch) kid(name string) *branch {
	for i, n := range b.names {
		if n == name {
			return b.kids[i]
		}
	}
	k := &branch{}
	b.names, b.kids = append(b.names, name), append(b.kids, k)
	return k
}

func (b *branch) appendJSON(dst []byte) []byte {
	if b.leaf.kind != Absent {
		return AppendJSON(dst, b.leaf)
	}
	dst = append(dst, '{')
	for i, k := range b.kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendText(dst, b.names[i]), ':')
		dst = k.appendJSON(dst)
	}
	return append(dst, '}')
}
