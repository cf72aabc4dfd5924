package kingdee

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// errStopped ends a read that the caller doesn't want to go on.
var errStopped = errors.New("stopped")

// reader is one read on its way.
type reader struct {
	c      *conn
	form   *form
	plan   *plan
	filter string
	by     string    // the change time that the read goes along; "" for a read of everything
	floor  time.Time // the cursor that it began at
	window *connector.Window
	whole  bool // its end proves that what it didn't bring isn't there
	limit  int  // records wanted; 0 for all
	given  int
	yield  func(connector.Page, error) bool
}

// Read reads an object: along a change time from the cursor on, or everything by its internal id.
func (c *conn) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	return func(yield func(connector.Page, error) bool) {
		err := c.learning(q, func() error { return c.read(ctx, q, yield) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(connector.Page{}, err)
		}
	}
}

func (c *conn) read(ctx context.Context, q connector.Query, yield func(connector.Page, error) bool) error {
	r, err := c.newReader(q)
	if err != nil {
		return err
	}
	r.yield = yield
	return r.run(ctx, q)
}

// noField is how the server names a field that it hasn't.
var noField = regexp.MustCompile(`标识为\s*([\pL\pN_]+)[\pL\pN_.]*\s*的字段不存在`)

// learning repeats a read as long as the server names one more field that this account lacks. That
// matters where everything was asked for, of the bill or of an entry, which means everything there
// is; a field that somebody asked for by name is a mistake. It shows before the first page is given, so the read can begin
// anew.
func (c *conn) learning(q connector.Query, read func() error) error {
	f := formOf(q.Object)
	wanted := namesIn(f, q)
	seen := map[string]bool{}
	for {
		err := read()
		e, ok := errors.AsType[*problem.Error](err)
		if !ok || e.ID != idNames {
			return err
		}
		m := noField.FindStringSubmatch(e.Reason)
		if m == nil || seen[m[1]] || wanted[strings.ToLower(m[1])] || f.essential(m[1]) {
			return err
		}
		seen[m[1]] = true
		c.lacking.Store(q.Object+" "+strings.ToLower(m[1]), true)
	}
}

// lacks tells which fields the account hasn't, but for those that are asked for by name.
func (c *conn) lacks(f *form, q connector.Query) func(string) bool {
	wanted := namesIn(f, q)
	return func(key string) bool {
		key = strings.ToLower(key)
		_, yes := c.lacking.Load(f.Name + " " + key)
		return yes && !wanted[key]
	}
}

// namesIn are the fields that a query names, in small letters. An entry or a group by itself names
// none: each over a list means whatever its rows have.
func namesIn(f *form, q connector.Query) map[string]bool {
	out := map[string]bool{}
	p, _ := readQueryParams(q.Params)
	for _, path := range slices.Concat(q.Fields, p.Fields) {
		name, rest, _ := strings.Cut(path, ".")
		if at := f.get(name); at != nil && (at.isEntry() || at.isGroup()) {
			name, _, _ = strings.Cut(rest, ".")
		}
		out[strings.ToLower(name)] = true
	}
	return out
}

func (c *conn) newReader(q connector.Query) (*reader, error) {
	p, err := readQueryParams(q.Params)
	if err != nil {
		return nil, err
	}
	f := p.form(q.Object)
	r := &reader{c: c, form: f, by: q.Field, window: q.Window, limit: q.Limit}
	if q.Window != nil && r.by == "" && len(f.Cursors) > 0 {
		r.by = f.Cursors[0]
	}
	if r.by != "" && !slices.Contains(f.Cursors, r.by) || q.Window != nil && r.by == "" {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: idParams, Field: "cursor.field",
			Reason: fmt.Sprintf("%s cannot be read along %q", q.Object, r.by),
			Hint:   fmt.Sprintf("fields that tell when a row changed: %v", f.Cursors),
		}
	}
	if r.filter, err = p.filter(f); err != nil {
		return nil, err
	}
	r.whole = r.filter == "" && r.limit == 0 && q.Window == nil && q.Cursor == "" && (r.by == "" || r.by == modified)
	paths := q.Fields
	if paths != nil || !f.Known && len(p.Fields) > 0 {
		paths = slices.Concat(paths, p.Fields)
	} else if len(p.Fields) > 0 {
		paths = slices.Concat(f.Props.names, p.Fields)
	}
	if r.plan, err = planFor(f, paths, c.lacks(f, q)); err != nil {
		return nil, err
	}
	if r.by != "" {
		r.plan.head.add(r.by, r.by, f.at(r.by))
	}
	return r, nil
}

func (r *reader) run(ctx context.Context, q connector.Query) error {
	if r.by == "" {
		return r.everything(ctx)
	}
	from, to, err := r.bounds(q)
	if err != nil {
		return err
	}
	return r.changes(ctx, q, from, to)
}

// margin is how far the cursor stays behind the server's clock: a large save takes its time between
// the change time that it writes and the moment from which others see it.
const margin = 2 * time.Minute

// bounds are the first second that is read and the first that isn't (zero: no end). The cursor's
// own second is read again: more may have happened in it.
func (r *reader) bounds(q connector.Query) (from, to time.Time, err error) {
	var cursor time.Time
	if q.Cursor != "" {
		if cursor, err = time.Parse(time.RFC3339, q.Cursor); err != nil {
			return from, to, &problem.Error{
				Class: problem.Fatal, ID: idParams, Field: "cursor", Reason: fmt.Sprintf("cursor %q is not one of this connector's", q.Cursor),
				Hint: "read from a time on with `pipectl run --since 2026-01-31`, or everything with --full",
			}
		}
	}
	switch {
	case q.Window != nil:
		from, to = q.Window.From, q.Window.To.Add(time.Second-time.Nanosecond).Truncate(time.Second)
		if cursor.After(from) {
			from = cursor
		}
	case q.Cursor == "":
		from = q.Start
	default:
		from = q.From(cursor, r.c.now(), r.c.clock(), margin)
		r.floor = from
		from = from.Add(-q.Lookback)
	}
	return from.Truncate(time.Second), to, nil
}

// modified is the change time that every row has, always: a bill loses its approval date when it is
// un-audited, and is not gone by that.
const modified = "FModifyDate"

// everything reads by internal id. Its last page proves that what it didn't bring isn't there,
// unless a filter or a limit kept something out. So does a reading along the change time from the
// beginning: what changes while it is read moves to where it has not come yet.
func (r *reader) everything(ctx context.Context) error {
	held := connector.Page{Asked: r.c.now()}
	asked := r.c.now()
	first := true
	err := r.c.pages(ctx, r.heads(r.filter), r.form.ID, r.form.idLiteral, func(rows []row) error {
		if !first {
			if err := r.give(held); err != nil {
				return err
			}
		}
		first = false
		page, err := r.page(ctx, rows, asked)
		held, asked = page, r.c.now()
		return err
	})
	if err != nil {
		return err
	}
	held.Complete = r.whole
	return r.give(held)
}

// mostExcluded is how many rows of one second are kept out of a query by their ids.
const mostExcluded = 100

// changes reads along a change time, second by second: the time has fractions that a filter can't
// name, so each page goes on at the last one's second, without the rows of it that were seen.
func (r *reader) changes(ctx context.Context, q connector.Query, from, to time.Time) error {
	var seen []string // ids read of the second `from`
	for page := 0; ; page++ {
		asked := r.c.now()
		s := r.heads(all(r.filterBetween(from, to), r.without(seen)))
		s.order = r.by + " ASC, " + r.form.ID + " ASC"
		rows, err := r.c.query(ctx, s)
		if err != nil {
			return err
		}
		if earlier, ok := r.slipped(q, from); ok && page == 0 {
			from = earlier
			continue
		}
		if len(rows) == 0 {
			return r.end(asked)
		}
		last, err := r.second(rows[len(rows)-1])
		if err != nil {
			return err
		}
		fresh := r.fresh(rows, from, seen)
		if len(fresh) == 0 {
			if err := r.c.standstill(s, len(rows)); err != nil {
				return err
			}
			return r.end(asked)
		}
		if err := r.along(ctx, fresh, asked, last); err != nil {
			return err
		}
		if r.c.short(len(rows)) && len(rows) < s.limit {
			return r.end(asked)
		}
		if !last.Equal(from) {
			from, seen = last, nil
		}
		seen = append(seen, r.idsOf(fresh, last)...)
		if len(seen) > mostExcluded {
			if err := r.drain(ctx, from, seen); err != nil {
				return err
			}
			from, seen = from.Add(time.Second), nil
		}
	}
}

// slipped looks, at the first answer, whether the server's clock stands where the reading took it to
// be: with a clock that was set back, it has to begin earlier.
func (r *reader) slipped(q connector.Query, from time.Time) (time.Time, bool) {
	earlier, _, err := r.bounds(q)
	return earlier, err == nil && earlier.Before(from)
}

// end tells, with a page without records, that everything up to the server's clock was read: the
// cursor leaves the last row behind, and a second in which very much happened isn't read for ever.
func (r *reader) end(asked time.Time) error {
	if r.window != nil {
		return nil
	}
	return r.give(connector.Page{Asked: asked, Safe: r.safe(r.c.clock()), Complete: r.whole})
}

// safe is the cursor after everything up to a second was read: never past the server's own clock less
// the margin. What lies before the cursor was looked at once more, and proves nothing new.
func (r *reader) safe(upTo time.Time) string {
	if latest := r.c.clock().Add(-margin).Truncate(time.Second); latest.Before(upTo) {
		upTo = latest
	}
	if upTo.Before(r.floor) {
		return ""
	}
	return upTo.In(shanghai).Format(time.RFC3339)
}

// fresh are the rows that were not given yet, should the server not have left them out.
func (r *reader) fresh(rows []row, from time.Time, seen []string) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(x row) bool {
		t, err := r.second(x)
		return err == nil && t.Before(from) || slices.Contains(seen, cellText(x[0]))
	})
}

// idsOf are the ids of the rows of one second.
func (r *reader) idsOf(rows []row, second time.Time) []string {
	var out []string
	for _, x := range rows {
		if t, err := r.second(x); err == nil && t.Equal(second) {
			out = append(out, cellText(x[0]))
		}
	}
	return out
}

// drain reads what is left of one second in which very much happened: a mass update.
func (r *reader) drain(ctx context.Context, second time.Time, seen []string) error {
	s := r.heads(r.filterBetween(second, second.Add(time.Second)))
	asked := r.c.now()
	return r.c.pages(ctx, s, r.form.ID, r.form.idLiteral, func(rows []row) error {
		rows = slices.DeleteFunc(slices.Clone(rows), func(x row) bool { return slices.Contains(seen, cellText(x[0])) })
		err := r.along(ctx, rows, asked, second)
		asked = r.c.now()
		return err
	})
}

func (r *reader) heads(filter string) selection {
	return selection{form: r.form, keys: r.plan.head.keys, filter: filter, limit: r.c.cfg.Page}
}

func (r *reader) filterBetween(from, to time.Time) string {
	low := "1900-01-01 00:00:00"
	if !from.IsZero() {
		low = from.In(shanghai).Format(sqlTime)
	}
	out := all(bracket(r.filter), r.by+">='"+low+"'")
	if !to.IsZero() {
		out = all(out, r.by+"<'"+to.In(shanghai).Format(sqlTime)+"'")
	}
	return out
}

func (r *reader) without(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	literals := make([]string, len(ids))
	for i, id := range ids {
		literals[i], _ = r.form.idLiteral(id) // it came from the server: no control characters
	}
	if len(literals) == 1 {
		return r.form.ID + "<>" + literals[0]
	}
	return r.form.ID + " not in (" + joined(literals) + ")"
}

// second is the second of a row's change time.
func (r *reader) second(x row) (time.Time, error) {
	text := cellText(x[indexOf(r.plan.head.keys, r.by)])
	t, ok := moment(text)
	if !ok {
		return t, &problem.Error{
			Class: problem.Fatal, ID: idUnreadable, Field: r.by,
			Reason: fmt.Sprintf("%s: %s of a row of %s is %q, not a time", r.c.name, r.by, r.form.Name, text),
			Hint:   "read along another field (`cursor.field`)",
		}
	}
	return t.Truncate(time.Second), nil
}

// along gives a page whose rows go up to a second.
func (r *reader) along(ctx context.Context, rows []row, asked, last time.Time) error {
	page, err := r.page(ctx, slices.DeleteFunc(slices.Clone(rows), r.outside), asked)
	if err != nil {
		return err
	}
	page.Safe = r.safe(last)
	return r.give(page)
}

// outside says that a row's change time lies in a second that the window only touches.
func (r *reader) outside(x row) bool {
	if r.window == nil {
		return false
	}
	t, ok := moment(cellText(x[indexOf(r.plan.head.keys, r.by)]))
	return ok && (t.Before(r.window.From) || !t.Before(r.window.To))
}

func (r *reader) page(ctx context.Context, rows []row, asked time.Time) (connector.Page, error) {
	if left := r.limit - r.given; r.limit > 0 && len(rows) > left {
		rows = rows[:max(left, 0)]
	}
	records, err := r.c.whole(ctx, r.plan, rows)
	return connector.Page{Records: records, Asked: asked}, err
}

// give hands a page over. A page that a limit cut short proves nothing about the cursor: rows of
// its last second may be among those left out.
func (r *reader) give(p connector.Page) error {
	r.given += len(p.Records)
	enough := r.limit > 0 && r.given >= r.limit
	if enough {
		p.Safe = ""
	}
	if !r.yield(p, nil) || enough {
		return errStopped
	}
	return nil
}
