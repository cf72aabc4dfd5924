package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// The three fields of a form that are indexed: nothing that asks for them looks at all documents.
type indexed uint8

const (
	notIndexed indexed = iota
	onKey
	onNumber
	onModified
)

// index says which index a column has.
func (f *form) index(c *column) indexed {
	if c == nil || c.ent.parent != nil || len(c.rest) > 0 {
		return notIndexed
	}
	switch key := c.field.key; {
	case key == f.pk:
		return onKey
	case key == f.number && c.field.system != nil:
		return onNumber
	case key == "FModifyDate", f.textKey && key == "FUpdateTime":
		return onModified
	}
	return notIndexed
}

func (t *table) ordered(i indexed) *ordered {
	switch i {
	case onNumber:
		return &t.numbers
	case onModified:
		return &t.times
	}
	return &t.keys
}

// bound is what a condition says about an indexed column, whatever else it says.
type bound struct {
	exact []any // values that it may have; nil: any
	low   any   // no smaller value passes; nil: none is said
	high  any
}

// bounds collects what must hold of each index, from the terms that are joined by "and".
func (f *form) bounds(c condition, out map[indexed]*bound) {
	at := func(o operand) *bound {
		i := f.index(o.col)
		if i == notIndexed {
			return nil
		}
		if out[i] == nil {
			out[i] = &bound{}
		}
		return out[i]
	}
	switch c := c.(type) {
	case both:
		f.bounds(c.a, out)
		f.bounds(c.b, out)
	case membership:
		if b := at(c.a); b != nil && b.exact == nil {
			b.exact = c.list
		}
	case comparison:
		if c.b.col != nil || c.b.lit == nil {
			return
		}
		b := at(c.a)
		if b == nil {
			return
		}
		switch {
		case c.op == "=" && b.exact == nil:
			b.exact = []any{c.b.lit}
		case strings.HasPrefix(c.op, ">") && (b.low == nil || order(c.b.lit, b.low) > 0):
			b.low = c.b.lit
		case c.op[0] == '<' && c.op != "<>" && (b.high == nil || order(c.b.lit, b.high) < 0):
			b.high = c.b.lit
		}
	}
}

// scan hands on all rows that pass, in no order that anybody may rely on.
func (b *Box) scan(q *query, visit func(*rowSet)) {
	t, said := b.table(q.form.id), map[indexed]*bound{}
	q.form.bounds(q.where, said)
	each := func(d *doc) bool { q.match(d, visit); return true }
	for _, i := range []indexed{onKey, onNumber} {
		if x := said[i]; x != nil && x.exact != nil {
			for _, d := range t.exactly(i, x.exact) {
				each(d)
			}
			return
		}
	}
	for _, i := range []indexed{onKey, onModified, onNumber} {
		if x := said[i]; x != nil && (x.low != nil || x.high != nil) {
			t.between(i, x, each)
			return
		}
	}
	t.between(onKey, &bound{}, each)
}

// exactly looks documents up by key or number, each once.
func (t *table) exactly(i indexed, values []any) []*doc {
	var out []*doc
	seen := map[*doc]bool{}
	take := func(d *doc) {
		if d != nil && !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	for _, v := range values {
		switch {
		case i == onNumber:
			for _, d := range t.byNumber[canonical(v)] {
				take(d)
			}
		case t.form.textKey:
			take(t.byGUID[canonical(v)])
		default:
			if n, ok := v.(*apd.Decimal); ok {
				id, err := n.Int64()
				if err == nil {
					take(t.byID[id])
				}
			}
		}
	}
	return out
}

// between visits the documents whose value lies within a bound, in the order of the index.
func (t *table) between(i indexed, x *bound, visit func(*doc) bool) {
	reached := func(d *doc) bool { return x.low == nil || order(t.value(i, d), x.low) >= 0 }
	t.ordered(i).walk(reached, func(d *doc) bool {
		if x.high != nil && order(t.value(i, d), x.high) > 0 {
			return false
		}
		return visit(d)
	})
}

// value is what an index sorts by.
func (t *table) value(i indexed, d *doc) any {
	switch {
	case i == onNumber:
		return d.number
	case i == onModified:
		return d.modified
	case t.form.textKey:
		return d.guid
	}
	return whole(d.id)
}

// inIndexOrder answers a query whose order begins with an indexed column by going through the
// index until enough rows are there, instead of sorting everything.
func (b *Box) inIndexOrder(q *query, end int) ([]*rowSet, bool) {
	if len(q.order) == 0 {
		return nil, false
	}
	i, t, said := q.form.index(q.order[0].col), b.table(q.form.id), map[indexed]*bound{}
	if i == notIndexed {
		return nil, false
	}
	q.form.bounds(q.where, said)
	for _, x := range said {
		if x.exact != nil {
			return nil, false // few documents: looked up, then sorted
		}
	}
	run := &indexRun{box: b, q: q, end: end}
	visit := func(d *doc) bool { return run.take(d, t.value(i, d)) }
	x := said[i]
	if x == nil {
		x = &bound{}
	}
	if q.order[0].desc {
		t.ordered(i).walkBack(visit)
	} else {
		t.between(i, x, visit)
	}
	run.flush()
	return run.rows[:min(end, len(run.rows))], true
}

// indexRun collects rows group by group: documents with one value of the index are sorted by the
// rest of the order.
type indexRun struct {
	box   *Box
	q     *query
	end   int
	value any
	group []*rowSet
	rows  []*rowSet
}

func (r *indexRun) take(d *doc, value any) bool {
	if r.value != nil && order(r.value, value) != 0 {
		r.flush()
		if len(r.rows) >= r.end {
			return false
		}
	}
	r.value = value
	r.q.match(d, func(rs *rowSet) { r.group = append(r.group, rs) })
	return true
}

func (r *indexRun) flush() {
	if len(r.group) > 1 {
		r.box.kit.Rand.Shuffle(len(r.group), func(i, j int) { r.group[i], r.group[j] = r.group[j], r.group[i] })
		slices.SortStableFunc(r.group, r.q.compare)
	}
	r.rows = append(r.rows, r.group...)
	r.group = r.group[:0]
}

// within is how long ago something may have happened to count as just now.
func within(now time.Time, then int64, window time.Duration) bool {
	return now.Sub(time.Unix(then, 0)) <= window
}
