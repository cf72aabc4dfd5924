package sandbox

import (
	"errors"
	"strconv"
	"strings"
)

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
	if name, ok := errors.AsType[unknownField](err); ok {
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
	for key := range strings.SplitSeq(list, ",") {
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
	for part := range strings.SplitSeq(list, ",") {
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
