package lookup

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

func (l *lookup) several(key string, n int, wants []*want) error {
	class := problem.Held
	if l.Many.Text == "reject" {
		class = problem.Invalid
	}
	for _, w := range wants {
		w.out = true
		w.row.Break(l.slot)
		err := w.row.Fail(&problem.Error{
			Class: class, ID: "PC257", Field: l.field(w), At: l.Lookup.At,
			Reason: l.name + " " + key + " is found " + strconv.Itoa(n) + " times in " + l.source.where() + ", with different fields",
			Hint:   "make it unique there, match by more fields, or take the first with many: first",
		}, problem.Error{})
		if err != nil {
			return err
		}
	}
	return nil
}

// field names the value that a row was looked for by: sid, or lines[1].sku.
func (l *lookup) field(w *want) string {
	if l.match == nil {
		return cmp.Or(w.field, l.name)
	}
	text := l.match.Text()
	if n := len(l.levels); n > 0 {
		if member, ok := strings.CutPrefix(text, l.Each[n-1].Name+"."); ok && dotted.MatchString(member) {
			return w.field + "." + member
		}
		return w.field
	}
	if dotted.MatchString(text) {
		return text
	}
	return l.name
}

var dotted = regexp.MustCompile(`^[\pL_][\pL\pN_.]*$`)

// without does what was said for a row that isn't there.
func (l *lookup) without(w *want) error {
	if w.out {
		return nil
	}
	switch l.Missing.Policy {
	case "null":
		w.found, w.set = value.NullValue(), true
		return nil
	case "default":
		w.found, w.set = l.absent, true
		return nil
	case "create":
		return l.make(w)
	}
	w.out = true
	w.row.Break(l.slot)
	p := &problem.Error{
		Class: problem.Missing, ID: "PC256", Field: l.field(w), At: l.Lookup.At,
		Reason: l.name + " " + w.key + " does not exist in " + l.source.where(),
		Hint:   "add it there: the record goes on by itself then",
	}
	if l.match == nil {
		p.Reason = "no row of " + l.source.where() + " fits " + l.When.Text
	}
	cause := l.source.cause(w.key)
	p.Cause = &cause
	if l.Missing.Policy == "reject" {
		p.Class, p.Cause, p.Hint = problem.Invalid, nil, "correct it at the source, or add it there and retry"
	}
	return w.row.Fail(p, problem.Error{})
}

// make builds the document of a row that is to be created before the record is delivered.
func (l *lookup) make(w *want) error {
	for i, item := range w.items {
		w.row.Slots[l.levels[i].slot] = item
	}
	doc, ok, err := l.create.Build(w.row)
	if err != nil {
		return err
	}
	if !ok {
		w.out = true
		w.row.Break(l.slot)
		return nil
	}
	key, ok := value.KeyText(l.keyOf.Get(doc.Value()))
	if !ok {
		w.out = true
		w.row.Break(l.slot)
		return w.row.Fail(&problem.Error{
			Class: problem.Invalid, ID: "PC269", Field: l.keyOf.String(), At: l.Create.Map.At,
			Reason: l.keyOf.String() + " of the " + l.name + " to create is empty", Hint: "correct it at the source, or hold the record: missing: hold",
		}, problem.Error{})
	}
	m := step.Master{Connection: l.Connection.Text, Object: l.Object.Text, KeyField: l.keyOf.String(), Key: key, Document: doc, Cause: l.source.cause(w.key)}
	for _, t := range l.Create.Then {
		m.Then = append(m.Then, t.Text)
	}
	w.row.Masters = append(w.row.Masters, m)
	w.found, w.set = l.pick(doc.Value()), true
	return nil
}
