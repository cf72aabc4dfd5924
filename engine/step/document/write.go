package document

import (
	"strconv"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

func itoa(i int) string { return strconv.Itoa(i) }

// node is a part of the layout. write appends its JSON and says whether there was anything to
// write: an absent value, an object without fields leave nothing.
type node interface {
	write(w *build) bool
	// schema says what the part looks like; nil when that is not known.
	schema() *value.Schema
	// from lists the paths of the record that what stands at path is made of.
	from(path []string) ([]string, bool)
}

// leaf is an expression.
type leaf struct {
	*step.Expr
	field string
	key   bool // of the target
}

func (l *leaf) write(w *build) bool {
	v, err := l.Eval(w.row)
	if err != nil {
		return w.fail(err, l.field, l.At())
	}
	if v.Kind() == value.Absent {
		return false
	}
	if l.key && (v.Kind() == value.Text || v.Kind() == value.Number) {
		w.row.NoteKey(v)
	}
	w.out = value.AppendJSON(w.out, v)
	return true
}

// text is what stands under const: the same for every document.
type text struct {
	json string
	typ  *value.Schema
}

func (t *text) write(w *build) bool {
	w.out = append(w.out, t.json...)
	return true
}

// member is a field of an object.
type member struct {
	name string
	key  string // "name":
	node node
	at   problem.Pos
	// explicit fields stand in the mapping; the others were made for a dotted name.
	made bool
}

// object is an object, in the order in which its fields were written.
type object struct {
	members []*member
	copies  []*copied // in front of the member at their index
	lets    []binding
	where   func(*step.Row) (bool, error)
	field   string
	at      problem.Pos
}

type binding struct {
	slot expr.Slot
	*step.Expr
}

// begin evaluates the let names and says whether the object is wanted.
func (o *object) begin(w *build) bool {
	for _, b := range o.lets {
		v, err := b.Eval(w.row)
		if err != nil {
			return w.fail(err, o.field, b.At())
		}
		w.row.Slots[b.slot] = v
	}
	if o.where == nil {
		return true
	}
	ok, err := o.where(w.row)
	if err != nil {
		return w.fail(err, o.field, o.at)
	}
	return ok
}

func (o *object) write(w *build) bool { return o.begin(w) && o.fields(w) }

func (o *object) fields(w *build) bool {
	start := len(w.out)
	w.out = append(w.out, '{')
	first := len(w.out)
	for _, c := range o.copies {
		c.write(w, first)
	}
	for _, m := range o.members {
		mark := len(w.out)
		if mark > first {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, m.key...)
		if !m.node.write(w) {
			w.out = w.out[:mark]
		}
	}
	if len(w.out) == first {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, '}')
	return true
}

// copied takes fields over as they are.
type copied struct {
	base   func(r *step.Row) value.Value
	all    bool
	except map[string]bool
	names  []string
	paths  []value.Path
	typ    *value.Schema                      // of the base
	origin func(path string) ([]string, bool) // paths of the record that a field of the base is made of
}

func (c *copied) write(w *build, first int) {
	base := c.base(w.row)
	if !c.all {
		for i, name := range c.names {
			w.member(name, c.paths[i].Get(base), first)
		}
		return
	}
	for name, v := range base.Members() {
		if !c.except[name] {
			w.member(name, v, first)
		}
	}
}

func (w *build) member(name string, v value.Value, first int) {
	if v.Kind() == value.Absent {
		return
	}
	if len(w.out) > first {
		w.out = append(w.out, ',')
	}
	w.out = append(value.AppendText(w.out, name), ':')
	w.out = value.AppendJSON(w.out, v)
}

// array is a YAML list: values, objects and lists that are spliced in.
type array struct{ items []node }

func (a *array) write(w *build) bool {
	w.out = append(w.out, '[')
	first := len(w.out)
	w.index = append(w.index, 0)
	a.into(w, first)
	w.index = w.index[:len(w.index)-1]
	w.out = append(w.out, ']')
	return true
}

func (a *array) into(w *build, first int) {
	for _, item := range a.items {
		if l, ok := item.(*list); ok {
			l.level(w, 0, first)
			continue
		}
		w.item(item, first)
	}
}

// item appends one item of a list.
func (w *build) item(n node, first int) {
	mark := len(w.out)
	if mark > first {
		w.out = append(w.out, ',')
	}
	if !n.write(w) {
		w.out = w.out[:mark]
		return
	}
	w.index[len(w.index)-1]++
}

// list is an object for each item of a list, or of the lists in its items.
type list struct {
	levels []level
	each   *object
	field  string
}

type level struct {
	*step.Expr
	slot expr.Slot
	name string
}

func (l *list) write(w *build) bool {
	w.out = append(w.out, '[')
	first := len(w.out)
	w.index = append(w.index, 0)
	l.level(w, 0, first)
	w.index = w.index[:len(w.index)-1]
	w.out = append(w.out, ']')
	return true
}

func (l *list) level(w *build, n, first int) {
	if n == len(l.levels) {
		w.item(l.each, first)
		return
	}
	at := l.levels[n]
	v, err := at.Eval(w.row)
	if err != nil {
		w.fail(err, l.field, at.At())
		return
	}
	for item := range v.Items() {
		w.row.Slots[at.slot] = item
		l.level(w, n+1, first)
	}
}

// choice is `case`: the first that fits.
type choice struct {
	whens []when
	other node // nil: reject
	field string
	at    problem.Pos
	shown func(*step.Row) string // the value that no case fits
}

type when struct {
	is   func(*step.Row) (bool, error)
	node node
	at   problem.Pos
}

func (c *choice) write(w *build) bool {
	for _, x := range c.whens {
		ok, err := x.is(w.row)
		if err != nil {
			return w.fail(err, c.field, x.at)
		}
		if ok {
			return x.node.write(w)
		}
	}
	if c.other != nil {
		return c.other.write(w)
	}
	return w.fail(&problem.Error{
		Class: problem.Invalid, ID: "PC260", At: c.at, Reason: c.shown(w.row) + " fits no case of " + w.path(c.field),
		Hint: "correct the source, or add a case for it",
	}, c.field, c.at)
}
