package connectortest

import (
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

func cursors(r Read) []Case {
	return []Case{
		{
			Name: "resumed after any page", Why: "a run may be killed after each commit: what lies beyond the stored cursor must be read by the next",
			body: func(c *T) { c.resumed(r, c.query(r)) },
		},
		{
			Name: "a cursor at the end", Why: "without one every run would read everything again",
			body: func(c *T) {
				got := c.read(r, c.query(r))
				if len(got.keys) > 0 && got.safe == "" {
					c.Errorf("all %d records were read and no page has a Safe cursor", len(got.keys))
				}
				c.clean("a cursor", got.safe)
			},
		},
		{
			Name: "changes after the cursor", Why: "what changes while or after a run reads belongs to the next run",
			body: func(c *T) { c.changed(r, 0) },
		},
		{
			Name: "changes after the cursor, with lookback", Why: "lookback re-reads before the cursor and must never skip beyond it",
			body: func(c *T) { c.changed(r, time.Hour) },
		},
		{
			Name: "changes while it is read", Why: "a record that changes moves to another page, and those behind it slide over the borders: none may be lost",
			body: func(c *T) { c.moving(r) },
		},
		{
			Name: "change times", Why: "the version of a record is its change time: without it an old state overwrites a new one",
			body: func(c *T) {
				for _, rec := range c.read(r, c.query(r)).records {
					if rec.Changed.IsZero() {
						c.Errorf("no Changed: %.120q", rec.Data.JSON())
						return
					}
				}
			},
		},
	}
}

// allTime is a window that holds every record.
func (c *T) allTime(r Read) *connector.Window {
	c.Helper()
	w := &connector.Window{}
	for _, rec := range c.read(r, c.query(r)).records {
		if w.From.IsZero() || rec.Changed.Before(w.From) {
			w.From = rec.Changed
		}
		if !rec.Changed.Before(w.To) {
			w.To = rec.Changed.Add(tick)
		}
	}
	return w
}

// resumed stops after each of the first pages that has a cursor and goes on in a new connection.
func (c *T) resumed(r Read, from connector.Query) {
	c.Helper()
	whole := c.read(r, from)
	want := whole.keys
	if from.Window == nil {
		want = r.Keys(c, c.Box)
	}
	for stop, p := range whole.pages[:min(len(whole.pages), 6)] {
		if p.Safe == "" {
			continue
		}
		var got []string
		conn := c.Box.Open(c, nil)
		n := 0
		q := from
		for p, err := range ability[connector.Reader](c, conn).Read(c.ctx(), q) {
			if err != nil {
				c.Fatalf("page %d: %v", n, c.classified(err))
			}
			for _, rec := range p.Records {
				got = append(got, c.key(rec.Data, r.Key))
			}
			if n++; n > stop {
				q.Cursor = p.Safe
				break
			}
		}
		if q.Cursor == "" {
			c.Errorf("page %d has a cursor at the first reading and none at the second", stop)
			continue
		}
		rest := c.read(r, q)
		if rest.complete {
			c.Errorf("a reading from the cursor %q on says Complete: everything before it would count as gone", q.Cursor)
		}
		got = append(got, rest.keys...)
		c.same("before and after the cursor "+q.Cursor, got, want)
	}
	if from.Window == nil || whole.safe == "" || !spread(whole.records) {
		return
	}
	from.Cursor = whole.safe
	if rest := c.read(r, from).keys; len(rest) >= len(want) {
		c.Errorf("a window was read from its beginning, not from its cursor %q on: %d records of %d", from.Cursor, len(rest), len(want))
	}
}

// spread says that not all records changed at about the same time.
func spread(records []connector.Record) bool {
	return slices.ContainsFunc(records, func(x connector.Record) bool {
		return x.Changed.Sub(records[0].Changed).Abs() > 5*time.Minute
	})
}

// changed reads everything, lets the source change, and reads on from the cursor.
func (c *T) changed(r Read, lookback time.Duration) {
	c.Helper()
	if r.Change == nil {
		c.Logf("nothing to change: Read.Change is nil")
		return
	}
	q := c.query(r)
	q.Lookback = max(q.Lookback, lookback)
	for range 2 { // after the first change the cursor is as near to the second as it gets
		if safe := c.read(r, q).safe; safe != "" {
			q.Cursor = safe
		}
		c.Box.Kit.Clock.Advance(10 * time.Minute)
		want := r.Change(c, c.Box)
		c.Box.Kit.Clock.Advance(10 * time.Minute) // beyond any margin that the connector keeps
		if lost := minus(want, c.read(r, q).keys); len(lost) > 0 {
			c.Errorf("changed after the cursor %q and not read from it: %v", q.Cursor, first(lost))
		}
	}
}

// moving lets the source change between the first pages, and reads on from the cursor afterwards.
func (c *T) moving(r Read) {
	c.Helper()
	if r.Change == nil {
		c.Logf("nothing to change: Read.Change is nil")
		return
	}
	q := c.query(r)
	var got []string
	changed := map[string]int{} // how much was read before it changed
	changes := 0
	for p, err := range ability[connector.Reader](c, c.Box.Open(c, nil)).Read(c.ctx(), q) {
		if err != nil {
			c.Fatalf("%v", c.classified(err))
		}
		for _, rec := range p.Records {
			if rec.Bad == nil {
				got = append(got, c.key(rec.Data, r.Key))
			}
		}
		if p.Safe != "" {
			q.Cursor = p.Safe
		}
		if changes++; changes <= 2 {
			c.Box.Kit.Clock.Advance(tick)
			for _, key := range r.Change(c, c.Box) {
				changed[key] = len(got)
			}
		}
	}
	c.Box.Kit.Clock.Advance(10 * time.Minute) // beyond any margin that the connector keeps
	second := c.read(r, q).keys
	for key, before := range changed {
		if !slices.Contains(got[before:], key) && !slices.Contains(second, key) {
			c.Errorf("%s changed while the source was read, and was not read after it, nor from the cursor %q on", key, q.Cursor)
		}
	}
	if lost := minus(r.Keys(c, c.Box), append(got, second...)); len(lost) > 0 {
		c.Errorf("neither read while the source changed, nor from the cursor %q on: %v", q.Cursor, first(lost))
	}
}

func windows(r Read) []Case {
	return []Case{
		{
			Name: "windows", Why: "back-fills and re-reads come by window: two that meet must leave no gap",
			body: func(c *T) { c.windows(r) },
		},
		{
			Name: "a window resumed after any page", Why: "a back-fill of a year that begins anew after each restart never ends",
			body: func(c *T) {
				q := c.query(r)
				q.Window = c.allTime(r)
				c.resumed(r, q)
			},
		},
	}
}

// windows cuts the time at a record's own change time, the hardest place, and reads both sides.
func (c *T) windows(r Read) {
	c.Helper()
	q := c.query(r)
	all := c.read(r, q)
	if len(all.records) == 0 {
		c.Fatalf("the object is empty")
	}
	times := make([]time.Time, len(all.records))
	for i, rec := range all.records {
		times[i] = rec.Changed
	}
	slices.SortFunc(times, time.Time.Compare)
	from, cut, to := times[0], times[len(times)/2], times[len(times)-1].Add(tick)
	var got []string
	for _, w := range []connector.Window{{From: from, To: cut}, {From: cut, To: to}} {
		q.Window = &w
		if !w.From.Before(w.To) {
			continue
		}
		half := c.read(r, q)
		if half.err != nil {
			c.Fatalf("window %v: %v", w, half.err)
		}
		if half.complete {
			c.Errorf("a window says Complete: everything outside it would count as gone")
		}
		if outside := half.outside(w); len(outside) > len(all.records)/4 && len(all.records) > 8 {
			c.Errorf("window %v to %v: %d records from outside it", w.From, w.To, len(outside))
		}
		got = append(got, half.keys...)
	}
	c.same("both windows", got, all.keys)
}

// outside lists change times that the window doesn't hold.
func (o *readout) outside(w connector.Window) []time.Time {
	var out []time.Time
	for _, rec := range o.records {
		if rec.Changed.Before(w.From) || !rec.Changed.Before(w.To) {
			out = append(out, rec.Changed)
		}
	}
	return out
}
