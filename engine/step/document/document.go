// Package document builds target documents: it compiles what stands under `map` into a layout, and
// appends each document as JSON through it, without maps in between.
package document

import (
	"strings"
	"sync"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// Builder builds documents of one layout. It may be used by several goroutines at once.
type Builder struct {
	root *object
	typ  *value.Schema
}

// Compile reads a mapping. schema says what the target knows, nil where nobody said; fields that
// the target needs and nothing maps are told as warnings.
func Compile(n *spec.Node, in *step.Scope, schema *value.Schema) (*Builder, error) {
	if n == nil {
		return nil, nil // the missing key was told when the step was read
	}
	c := &compiler{in: in}
	if n.Kind != spec.Map {
		return nil, step.Mistake(n.At, "PC104", "map must be a mapping of target fields, and is "+n.Kind.String(), "write FIELD: EXPRESSION, indented below")
	}
	root := c.object(n, in, place{schema: schema, top: true})
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	b := &Builder{root: root}
	b.typ = root.schema()
	return b, nil
}

// Schema says what the documents look like; nil where that depends on the record.
func (b *Builder) Schema() *value.Schema { return b.typ }

// From lists the paths of the record that a field is made of; false when nothing maps the field.
func (b *Builder) From(path string) ([]string, bool) { return b.root.from(strings.Split(path, ".")) }

// Key says which field is the target's key: its value is noted on the row.
func (b *Builder) Key(path string) {
	names := strings.Split(path, ".")
	last := len(names) - 1
	o := b.root
	for _, name := range names[:last] {
		m := o.member(name)
		if m == nil {
			return
		}
		below, ok := m.node.(*object)
		if !ok {
			return // it is looked up in the document
		}
		o = below
	}
	if m := o.member(names[last]); m != nil {
		if l, ok := m.node.(*leaf); ok {
			l.key = true
		}
	}
}

// build is one document on its way.
type build struct {
	row    *step.Row
	out    []byte
	index  []int // positions in the lists around, outermost first
	failed bool
	fatal  error
}

var builds = sync.Pool{New: func() any { return &build{out: make([]byte, 0, 4096)} }}

// Build builds the document of a row. false: it can't be built, and the row says why; an error
// concerns all rows.
func (b *Builder) Build(r *step.Row) (value.Record, bool, error) {
	w := builds.Get().(*build) //nolint:forcetypeassert // the pool holds nothing else
	w.row, w.out, w.index, w.failed, w.fatal = r, w.out[:0], w.index[:0], false, nil
	wrote := b.root.write(w)
	doc := "{}"
	if wrote {
		doc = string(w.out)
	}
	failed, fatal := w.failed, w.fatal
	w.row = nil
	builds.Put(w)
	if fatal != nil || failed {
		return value.Record{}, false, fatal
	}
	return value.Known(doc), true, nil
}

// fail notes why a field has no value. It answers false: nothing was written.
func (w *build) fail(err error, field string, at problem.Pos) bool {
	w.failed = true
	if step.Blocked(err) {
		return false
	}
	e := *problem.As(err)
	e.Field = w.path(field)
	if e.At == (problem.Pos{}) {
		e.At = at
	}
	if err := w.row.Fail(&e, problem.Error{}); err != nil && w.fatal == nil {
		w.fatal = err
	}
	return false
}

// path fills the positions into a field's pattern: FSaleOrderEntry[].FQty.
func (w *build) path(pattern string) string {
	var b strings.Builder
	for i, part := range strings.Split(pattern, "[]") {
		if i > 0 && i <= len(w.index) {
			b.WriteString("[" + itoa(w.index[i-1]) + "]")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Mapping is the YAML of a document's layout.
type Mapping struct{ spec.Tree }
