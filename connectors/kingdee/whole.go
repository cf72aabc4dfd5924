package kingdee

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// mostIDs is how many ids go into one `in (…)`.
const mostIDs = 100

// tornTries is how often a bill that changes between its head and its rows is read again.
const tornTries = 3

// whole makes records of heads: each with all rows of its entries, of one and the same moment.
// A bill that was saved while it was read is read again.
func (c *conn) whole(ctx context.Context, p *plan, heads []row) ([]connector.Record, error) {
	heads = distinct(heads)
	out := make([]connector.Record, len(heads))
	at := map[string]int{}
	for i, h := range heads {
		at[cellText(h[0])] = i
	}
	for try := 0; len(heads) > 0; try++ {
		rows, torn, err := c.entries(ctx, p, heads)
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			id := cellText(h[0])
			out[at[id]] = c.record(p, h, rows[id])
			if torn[id] {
				out[at[id]].Bad = tornBill(cellText(h[1]))
			}
		}
		if len(torn) == 0 || try == tornTries {
			break
		}
		if heads, err = c.headsOf(ctx, p, torn); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// distinct drops rows that repeat a bill: a filter on an entry's field brings it once for each row.
func distinct(heads []row) []row {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(heads), func(h row) bool {
		id := cellText(h[0])
		old := seen[id]
		seen[id] = true
		return old
	})
}

func tornBill(number string) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: idOtherUser,
		Reason: "bill " + number + " changed while it was read, several times in a row",
		Hint:   "it is read again by itself",
	}
}

func (c *conn) headsOf(ctx context.Context, p *plan, ids map[string]bool) ([]row, error) {
	var literals []string
	for id := range ids {
		l, err := p.form.idLiteral(id)
		if err != nil {
			return nil, err
		}
		literals = append(literals, l)
	}
	slices.Sort(literals)
	var out []row
	for part := range slices.Chunk(literals, mostIDs) {
		s := selection{form: p.form, keys: p.head.keys, filter: in(p.form.ID, part), limit: c.cfg.Page}
		err := c.pages(ctx, s, p.form.ID, p.form.idLiteral, func(rows []row) error {
			out = append(out, rows...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return distinct(out), nil
}

// entries reads the rows of all entries of these bills: by bill, each entry's rows as a JSON list
// in the order of the plan. torn are the bills that changed since their heads were read.
func (c *conn) entries(ctx context.Context, p *plan, heads []row) (byBill map[string][][]byte, torn map[string]bool, err error) {
	byBill, torn = map[string][][]byte{}, map[string]bool{}
	changed := indexOf(p.head.keys, "FModifyDate")
	when := map[string]string{}
	for _, h := range heads {
		if changed >= 0 {
			when[cellText(h[0])] = cellText(h[changed])
		}
		byBill[cellText(h[0])] = make([][]byte, len(p.entries))
	}
	for i, e := range p.entries {
		for part := range slices.Chunk(heads, mostIDs) {
			err := c.entryRows(ctx, p, e, part, changed >= 0, func(id, modified string, cells row) {
				lists, ours := byBill[id]
				if !ours {
					return
				}
				if changed >= 0 && modified != when[id] {
					torn[id] = true
				}
				lists[i] = append(append(lists[i], ','), e.object(cells)...)
			})
			if err != nil {
				return nil, nil, err
			}
		}
	}
	return byBill, torn, nil
}

// entryRows asks for the rows of one entry of up to 100 bills.
func (c *conn) entryRows(ctx context.Context, p *plan, e entryPlan, heads []row, dated bool, each func(id, modified string, cells row)) error {
	literals := make([]string, len(heads))
	for i, h := range heads {
		var err error
		if literals[i], err = p.form.idLiteral(cellText(h[0])); err != nil {
			return err
		}
	}
	keys := slices.Concat(e.keys, []string{p.form.ID})
	if dated {
		keys = append(keys, "FModifyDate")
	}
	s := selection{form: p.form, keys: keys, filter: in(p.form.ID, literals), limit: c.cfg.Page}
	n := len(e.keys)
	return c.pages(ctx, s, e.id, rowID, func(rows []row) error {
		for _, x := range rows {
			if id := cellText(x[0]); id == "" || id == "0" {
				continue // a bill without rows: the join leaves one empty one
			}
			modified := ""
			if dated {
				modified = cellText(x[n+1])
			}
			each(cellText(x[n]), modified, x[:n])
		}
		return nil
	})
}

// rowID is an entry's internal id as a literal: always a number.
func rowID(id string) (string, error) {
	if !isDigits(id) {
		return "0", nil
	}
	return id, nil
}

// record puts head and entries together.
func (c *conn) record(p *plan, head row, lists [][]byte) connector.Record {
	var extra []member
	for i, e := range p.entries {
		list := []byte("[]")
		if i < len(lists) && len(lists[i]) > 0 {
			list = append(lists[i], ']')
			list[0] = '['
		}
		extra = append(extra, member{e.name, json.RawMessage(list)})
	}
	data, bad := parsed(p.head.object(head, extra...))
	return connector.Record{Data: data, Changed: p.changed(head), Bad: bad}
}

// changed is the instant of a row's last change; zero where it has none.
func (p *plan) changed(head row) time.Time {
	for _, name := range slices.Concat([]string{"FModifyDate"}, p.form.Cursors) {
		if i := indexOf(p.head.keys, name); i >= 0 {
			if t, ok := moment(cellText(head[i])); ok {
				return t
			}
		}
	}
	return time.Time{}
}

func joined(literals []string) string { return strings.Join(literals, ",") }
