package lingxing

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// window is a half-open interval of change times, in whole seconds.
type window struct{ from, to time.Time }

// errSlipped ends a window whose first answer told another time than its bounds were made for.
var errSlipped = errors.New("the vendor's clock is another")

// windows reads what changed, in windows small enough for one page each. Paging over a set that
// moves loses rows; one page is one look. Only a burst within one second (or one day, where the
// vendor knows only days) is read in several pages, backwards.
func (r *reading) windows(ctx context.Context) error {
	err := r.span()
	if err != nil {
		return err
	}
	from, span := r.from, r.cur.span
	for from.Before(r.to) {
		w := window{from, earlier(from.Add(span), r.to)}
		used, rows, err := r.window(ctx, w)
		if errors.Is(err, errSlipped) {
			from = r.from
			continue
		}
		if err != nil {
			return err
		}
		from, span = used.to, used.to.Sub(used.from)
		if rows < r.c.cfg.Page/4 {
			span = min(max(span, r.cur.unit)*4, r.cur.span)
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// span finds the whole time to read. It ends with the vendor's present second: what was changed just
// now is read at once, and once more by the next run, as the cursor stays behind (see safe).
func (r *reading) span() error {
	clock := r.c.vendorTime()
	r.from, r.to = beginning, clock.Truncate(time.Second).Add(time.Second)
	var cursor time.Time
	if r.q.Cursor != "" {
		var err error
		if cursor, err = time.Parse(time.RFC3339, r.q.Cursor); err != nil {
			return r.c.misuse("cursor "+r.q.Cursor+" is no time", "read from a time on with `pipectl run --since 2026-01-31`, or everything with --full")
		}
	}
	switch w := r.q.Window; {
	case w != nil:
		r.from, r.to = later(later(w.From, beginning), cursor), w.To
		if whole := r.to.Truncate(time.Second); !whole.Equal(r.to) {
			r.to = whole.Add(time.Second)
		}
	case r.q.Cursor != "":
		r.from = r.q.From(cursor, r.c.now(), clock, margin)
		r.floor = earlier(r.from, cursor)
		r.from = r.from.Add(-r.q.Lookback)
	case !r.q.Start.IsZero():
		r.from = r.q.Start
	}
	r.from = r.from.Truncate(time.Second)
	return nil
}

// slipped looks, at the first answer, whether the span was made for the vendor's clock; else it is
// made anew.
func (r *reading) slipped() bool {
	if r.heard || r.q.Window != nil {
		return false
	}
	r.heard = true
	from, to := r.from, r.to
	return r.span() == nil && (!r.from.Equal(from) || r.to.Sub(to).Abs() > margin)
}

// window reads one window, or as much of its beginning as fits one page, and answers what it was.
func (r *reading) window(ctx context.Context, w window) (window, int, error) {
	for whole := w; ; {
		if r.liar {
			return r.untilEmpty(ctx, w)
		}
		s := &sweep{c: r.c, o: r.o, params: r.bounds(w)}
		p, err := s.first(ctx)
		if w != whole && untruePaging(err) {
			r.liar, w = true, whole
			continue
		}
		if err != nil {
			return w, 0, err
		}
		if r.slipped() {
			return w, 0, errSlipped
		}
		if s.all(p) {
			return w, len(p.rows), r.seen(ctx, w, p, true)
		}
		if p.total > 0 {
			if smaller, ok := r.smaller(w, p, s.length); ok {
				w = smaller
				continue
			}
			return w, p.total, s.backwards(ctx, func(p page, last bool) error { return r.seen(ctx, w, p, last) })
		}
		return r.forwards(ctx, s, w, p.time)
	}
}

// untilEmpty reads a window whose total is known to count rows that no page has: a page in the
// middle of the list still has rows, so the first without any is the end.
func (r *reading) untilEmpty(ctx context.Context, w window) (window, int, error) {
	s := &sweep{c: r.c, o: r.o, params: r.bounds(w), liar: true}
	return r.forwards(ctx, s, w, time.Time{})
}

func (r *reading) forwards(ctx context.Context, s *sweep, w window, told time.Time) (window, int, error) {
	n := 0
	err := s.forwards(ctx, func(rows []json.RawMessage, asked time.Time, end bool) error {
		n += len(rows)
		return r.seen(ctx, w, page{rows: rows, total: -1, asked: asked, time: told}, end)
	})
	return w, n, err
}

func untruePaging(err error) bool {
	e, ok := errors.AsType[*problem.Error](err)
	return ok && e.ID == idPaging
}

// bounds are the parameters that ask for a window.
func (r *reading) bounds(w window) map[string]any {
	params := maps.Clone(r.params)
	maps.Copy(params, r.cur.params)
	params[r.cur.from], params[r.cur.to] = r.cur.bound(w.from, w.to)
	return params
}

// smaller is the beginning of a window that should fit one page, by what its first page said. A
// server that lists rows from outside the window won't do better with a smaller one.
func (r *reading) smaller(w window, p page, length int) (window, bool) {
	span := w.to.Sub(w.from)
	if span <= r.cur.unit || !r.cur.exact && r.outside(w, p.rows) {
		return w, false
	}
	part := time.Duration(float64(span) * float64(length) / float64(p.total) * 0.8)
	part = max(min(part, span/2).Truncate(time.Second), r.cur.unit)
	return window{w.from, w.from.Add(part)}, part < span
}

func (r *reading) outside(w window, rows []json.RawMessage) bool {
	for _, raw := range rows {
		t := instant(r.c.record(r.o, raw).Data.Get(r.cur.field), r.cur.field)
		if !t.IsZero() && !w.holds(t) {
			return true
		}
	}
	return false
}

func (w window) holds(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

// seen hands on one page of a window; last: the window is done with it.
func (r *reading) seen(ctx context.Context, w window, p page, last bool) error {
	out := connector.Page{Asked: p.asked}
	if last {
		out.Safe = r.safe(w, p)
	}
	records := r.records(p.rows)
	if r.cur.exact {
		records = r.within(w, records)
	}
	if !r.o.detail {
		return r.emit(out, records)
	}
	return r.detailed(ctx, out, records)
}

// within leaves out what belongs to the windows beside this one; a row without a time stays.
func (r *reading) within(w window, records []connector.Record) []connector.Record {
	out := records[:0]
	for _, rec := range records {
		if rec.Changed.IsZero() || w.holds(rec.Changed) {
			out = append(out, rec)
		}
	}
	return out
}

// safe is the cursor after a window: its end as it was asked, and never past the vendor's own
// clock less the margin, whatever ours says. What lies before the cursor was looked at once more, and
// proves nothing new.
func (r *reading) safe(w window, p page) string {
	clock := p.time
	if clock.IsZero() {
		clock = r.c.vendorTime()
	}
	end := earlier(w.to, clock.Add(-margin).Truncate(time.Second))
	if end.Before(w.from) || end.Before(r.floor) {
		return ""
	}
	return end.In(beijing).Format(time.RFC3339)
}
