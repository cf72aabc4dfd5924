package kingdee

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// The vendor's dates carry no zone: they are the server's, which stands in China.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

const sqlTime = "2006-01-02 15:04:05"

// selection is one ExecuteBillQuery.
type selection struct {
	form   *form
	keys   []string
	filter string
	order  string
	start  int // rows to leave out; 0 but for the check
	limit  int
}

// row is one row of a query, its cells in the order of the keys.
type row []json.RawMessage

// query asks for rows. It always names an order and no TopRowCount: without an order pages repeat
// and miss rows, and TopRowCount is a cap that is counted from the first page on.
func (c *conn) query(ctx context.Context, s selection) ([]row, error) {
	body, err := json.Marshal(map[string]any{"data": map[string]any{
		"FormId": s.form.Name, "FieldKeys": strings.Join(s.keys, ","), "FilterString": s.filter,
		"OrderString": s.order, "TopRowCount": 0, "StartRow": s.start, "Limit": s.limit, "SubSystemId": "",
	}})
	if err != nil {
		return nil, err
	}
	const service = formService + "ExecuteBillQuery"
	r, err := connector.Patiently(ctx, func() (reply, error) { return c.ask(ctx, service, body, s.form.Name) })
	if p := problem.As(err); err != nil && p.ID == idException {
		r, err = c.ask(ctx, service, body, s.form.Name) // a deadlock has passed by the time one asks again
	}
	if err != nil {
		return nil, err
	}
	rows, ok := rowsOf(r.raw)
	if !ok {
		return nil, c.unreadable(service, r.raw)
	}
	for _, x := range rows {
		if len(x) != len(s.keys) {
			return nil, &problem.Error{
				Class: problem.Fatal, ID: idUnreadable,
				Reason: fmt.Sprintf("%s: a row of %s has %d columns where %d were asked for", c.name, s.form.Name, len(x), len(s.keys)),
				Hint:   "a field that is asked for may not exist in this version; ask for fewer fields",
			}
		}
	}
	c.hear(r.date)
	c.noteRows(len(rows))
	return rows, nil
}

// rowsOf takes rows apart into their cells, which are read one by one.
func rowsOf(raw json.RawMessage) ([]row, bool) {
	lists, ok := value.Items(raw)
	rows := make([]row, len(lists))
	for i, list := range lists {
		if rows[i], ok = value.Items(list); !ok {
			return nil, false
		}
	}
	return rows, ok
}

// ask makes a query; what it answers has rows.
func (c *conn) ask(ctx context.Context, service string, body []byte, object string) (reply, error) {
	r, f := c.call(ctx, service, body, true)
	if f != nil {
		return reply{}, f.err
	}
	if !r.rows {
		return reply{}, c.queryRefused(r.result.Status, object)
	}
	return r, nil
}

func (c *conn) noteRows(n int) {
	for most := c.mostRows.Load(); int64(n) > most; most = c.mostRows.Load() {
		if c.mostRows.CompareAndSwap(most, int64(n)) {
			return
		}
	}
}

// short says that a page of n rows is surely the last. The server cuts pages at a limit of its
// own without a word, so a page is short only when this server has shown a longer one.
func (c *conn) short(n int) bool { return n == 0 || int64(n) < c.mostRows.Load() }

// queryRefused is what the server says of a query as a whole. What would be a record's trouble in
// a write is the query's here: it holds for every record.
func (c *conn) queryRefused(s *status, object string) *problem.Error {
	if s == nil {
		return c.unreadable("ExecuteBillQuery", nil)
	}
	var list problem.List
	for _, f := range s.Errors {
		list = append(list, c.judge(int(s.Code), string(f.Message), ""))
	}
	e := together(list)
	if e == nil {
		e = c.judge(int(s.Code), "", "")
	}
	out := *e
	switch out.Class {
	case problem.Transient, problem.Throttled, problem.Fatal:
		if out.ID == idException && contains(out.Reason, "过滤", "语法", "filter") {
			out.Class, out.ID, out.Hint = problem.Fatal, idParams, "check `filter` and `where` under the source's params"
		}
	default:
		out.Class = problem.Fatal
	}
	_ = c.tap(&out)
	out.Reason = strings.Replace(out.Reason, c.name+": ", c.name+" "+object+": ", 1)
	return &out
}

// pages asks for all rows that the filter selects, one page at a time, going on behind the last
// row by its key instead of by a count: rows that come and go meanwhile shift no page.
func (c *conn) pages(ctx context.Context, s selection, by string, literal func(string) (string, error), each func([]row) error) error {
	at := indexOf(s.keys, by)
	own, met := s.filter, map[string]bool{} // the last keys of the pages so far
	s.order = by + " ASC"
	for {
		rows, err := c.query(ctx, s)
		if err != nil || len(rows) == 0 {
			return err
		}
		end := cellText(rows[len(rows)-1][at])
		if end == "" || met[end] {
			return c.standstill(s, len(rows))
		}
		met[end] = true
		last, err := literal(end)
		if err != nil {
			return err
		}
		if err := each(rows); err != nil {
			return err
		}
		if c.short(len(rows)) && len(rows) < s.limit {
			return nil
		}
		s.filter = all(bracket(own), by+">"+last)
	}
}

// standstill: the server gave the same page again, though it was asked for what follows. A page
// that wasn't full was all there is; behind a full one there may be more that can't be reached.
func (c *conn) standstill(s selection, rows int) error {
	if rows < s.limit {
		return nil
	}
	return &problem.Error{
		Class: problem.Fatal, ID: idUnreadable,
		Reason: fmt.Sprintf("%s: the query of %s gives the same page again and again", c.name, s.form.Name),
		Hint:   "the server does not heed the filter; something in front of it may cache answers",
	}
}

// bracket keeps an "or" inside a condition to itself.
func bracket(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func indexOf(keys []string, key string) int {
	for i, k := range keys {
		if strings.EqualFold(k, key) {
			return i
		}
	}
	return -1
}

// cellText is a cell as text: numbers keep their digits.
func cellText(cell json.RawMessage) string {
	var t flexText
	if json.Unmarshal(cell, &t) != nil {
		return ""
	}
	return strings.TrimSpace(string(t))
}

// moment reads a time as the vendor writes it in all its versions.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05", sqlTime, time.DateOnly, "2006/1/2 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, shanghai); err == nil {
			return t, true
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(shanghai), true
	}
	if ms, ok := strings.CutPrefix(text, "/Date("); ok {
		ms, _, _ = strings.Cut(strings.TrimSuffix(ms, ")/"), "+")
		var n int64
		if _, err := fmt.Sscan(ms, &n); err == nil {
			return time.UnixMilli(n).In(shanghai), true
		}
	}
	return time.Time{}, false
}
