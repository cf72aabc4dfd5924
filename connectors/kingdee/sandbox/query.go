package sandbox

import (
	"errors"
	"slices"
	"strconv"
	"strings"
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

func (b *Box) readQuery(c *call) (*query, any) {
	data, err := c.data(1)
	if err != nil {
		return nil, responseError("请求参数不是有效的JSON: " + err.Error())
	}
	get := func(key string) string { v, _ := data.fold(key); return asText(v) }
	q := &query{form: b.form(get("FormId")), hidden: b.options.HiddenOrgs}
	if q.form == nil {
		return nil, c.noForm(get("FormId"))
	}
	if err := q.read(get, data, b.options.QueryCap); err != nil {
		return nil, c.queryFailure(err)
	}
	return q, nil
}

func (c *call) queryFailure(err error) any {
	var name unknownField
	if errors.As(err, &name) {
		return c.fail(codeNoValue, "", "元数据中标识为%s的字段不存在", "the field with the key %s does not exist in the metadata", string(name))
	}
	return c.fail(codeException, "", "过滤条件解析失败：%s", "the filter cannot be parsed: %s", err.Error())
}

func (q *query) read(get func(string) string, data object, most int) error {
	if err := q.readKeys(get("FieldKeys")); err != nil {
		return err
	}
	if v, _ := data.fold("FilterString"); !isText(v) {
		if list, ok := v.([]any); !ok || len(list) > 0 {
			return errors.New("FilterString: only the text form is understood")
		}
	}
	var err error
	if q.where, err = parseFilter(q.form, get("FilterString")); err != nil {
		return err
	}
	if err = q.readOrder(get("OrderString")); err != nil {
		return err
	}
	q.readPage(get, most)
	q.join()
	return nil
}

func isText(v any) bool {
	switch v.(type) {
	case nil, string:
		return true
	}
	return false
}

func (q *query) readKeys(list string) error {
	for _, key := range strings.Split(list, ",") {
		key = strings.TrimSpace(key)
		if strings.EqualFold(strings.ReplaceAll(key, " ", ""), "count(1)") {
			q.count = true
			continue
		}
		if key == "" {
			if list == "" {
				return errors.New("FieldKeys is empty")
			}
			continue
		}
		col, err := q.form.column(key)
		if err != nil {
			return err
		}
		q.keys, q.cols = append(q.keys, key), append(q.cols, col)
	}
	return nil
}

func (q *query) readOrder(list string) error {
	for _, part := range strings.Split(list, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		col, err := q.form.column(words[0])
		if err != nil {
			return err
		}
		desc := len(words) == 2 && strings.EqualFold(words[1], "desc")
		if len(words) > 2 || len(words) == 2 && !desc && !strings.EqualFold(words[1], "asc") {
			return errors.New("OrderString: " + strings.TrimSpace(part))
		}
		q.order = append(q.order, sortKey{col, desc})
	}
	return nil
}

// readPage takes the paging fields, which may be numbers or texts. What is more than the server
// gives is cut without a word.
func (q *query) readPage(get func(string) string, most int) {
	number := func(key string) int { n, _ := strconv.Atoi(strings.TrimSpace(get(key))); return max(n, 0) }
	q.total, q.start, q.limit = number("TopRowCount"), number("StartRow"), number("Limit")
	if q.limit == 0 || q.limit > most {
		q.limit = most
	}
}

// join finds the entry collections whose rows make the rows of the answer: those that are asked
// for, or that the order names.
func (q *query) join() {
	asked, filtered := map[int]bool{}, map[int]bool{}
	for _, c := range q.cols {
		operand{col: c}.entities(asked)
	}
	for _, k := range q.order {
		operand{col: k.col}.entities(asked)
	}
	if q.where != nil {
		q.where.entities(filtered)
	}
	withParents := func(seen map[int]bool) {
		for i := range seen {
			if p := q.form.ents[i].parent; p.parent != nil {
				seen[p.index] = true
			}
		}
	}
	withParents(asked)
	withParents(filtered)
	for _, e := range q.form.ents[1:] {
		switch {
		case asked[e.index]:
			q.joins = append(q.joins, e)
		case filtered[e.index]:
			q.filters = append(q.filters, e)
		}
	}
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
