package sandbox

import (
	"slices"
)

// query is a request of ExecuteBillQuery or BillQuery, understood.
type query struct {
	form    *form
	keys    []string // as requested
	cols    []*column
	count   bool
	where   condition
	order   []sortKey
	total   int // TopRowCount: rows that exist at all, counted from row 0
	start   int
	limit   int
	joins   []*entity // entry collections that the rows are joined with
	filters []*entity // those that only the condition looks at
	hidden  map[string]bool
}

type sortKey struct {
	col  *column
	desc bool
}

// executeBillQuery answers rows as lists.
func (b *Box) executeBillQuery(c *call) any {
	q, problem := b.readQuery(c)
	if problem != nil {
		return problem
	}
	if q.count {
		n := 0
		b.scan(q, func(*rowSet) { n++ })
		return [][]any{{n}}
	}
	rows := b.rows(q)
	out := make([][]any, len(rows))
	for i, rs := range rows {
		out[i] = make([]any, len(q.cols))
		for j, col := range q.cols {
			out[i][j] = col.shown(rs, c.lcid)
		}
	}
	return out
}

// billQuery answers rows as objects, keyed as requested.
func (b *Box) billQuery(c *call) any {
	q, problem := b.readQuery(c)
	if problem != nil {
		return problem
	}
	if q.count {
		return c.fail(codeNoValue, "", "%s", "%[1]s", unknownField("COUNT(1)").Error())
	}
	rows := b.rows(q)
	out := make([]object, len(rows))
	for i, rs := range rows {
		out[i] = make(object, len(q.cols))
		for j, col := range q.cols {
			out[i][j] = member{q.keys[j], col.shown(rs, c.lcid)}
		}
	}
	return out
}

// rows are the rows of one answer.
func (b *Box) rows(q *query) []*rowSet {
	end := q.start + q.limit
	if q.total > 0 {
		end = min(end, q.total)
	}
	if q.start >= end {
		return nil
	}
	if rows, ok := b.inIndexOrder(q, end); ok {
		return rows[min(q.start, len(rows)):]
	}
	var rows []*rowSet
	b.scan(q, func(rs *rowSet) { rows = append(rows, rs) })
	// Without an order there is none, and an order that does not tell two rows apart leaves
	// theirs open: the next page may see them another way round.
	b.kit.Rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	if len(q.order) > 0 {
		slices.SortStableFunc(rows, q.compare)
	}
	return rows[min(q.start, len(rows)):min(end, len(rows))]
}

func (q *query) compare(a, b *rowSet) int {
	for _, k := range q.order {
		c := compareValues(k.col.comparable(a), k.col.comparable(b))
		if c != 0 && k.desc {
			return -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// compareValues puts what is nothing first, as the database does.
func compareValues(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return order(a, b)
}

// match hands on the rows of a document that the condition lets through.
func (q *query) match(d *doc, visit func(*rowSet)) {
	if org := d.organisation(); org != nil && q.hidden[org.number] {
		return
	}
	q.expand(d, q.joins, make([]*row, len(q.form.ents)), func(rows []*row) {
		if q.passes(d, rows) {
			visit(&rowSet{d, slices.Clone(rows)})
		}
	})
}

// passes looks for a row of the collections that only the condition names.
func (q *query) passes(d *doc, rows []*row) bool {
	if q.where == nil {
		return true
	}
	found := false
	q.expand(d, q.filters, rows, func(all []*row) {
		found = found || q.where.holds(&rowSet{d, all}) == yes
	})
	return found
}

// expand goes through all combinations of rows; a document without rows in a collection still
// makes one.
func (q *query) expand(d *doc, ents []*entity, rows []*row, visit func([]*row)) {
	if len(ents) == 0 {
		visit(rows)
		return
	}
	e, above := ents[0], d.head
	if e.parent.parent != nil {
		above = rows[e.parent.index]
	}
	var list []*row
	if above != nil {
		list = above.subs[e.index]
	}
	if len(list) == 0 {
		list = []*row{nil}
	}
	for _, r := range list {
		rows[e.index] = r
		q.expand(d, ents[1:], rows, visit)
	}
	rows[e.index] = nil
}
