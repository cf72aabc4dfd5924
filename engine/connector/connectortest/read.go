package connectortest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// tooManyPages ends a Read that would go on for ever.
const tooManyPages = 5000

// readCases lists the cases for one object.
func readCases(sys System, r Read, conn connector.Conn) []Case {
	var out []Case
	if _, ok := connector.Can[connector.Reader](conn); ok {
		out = append(out, reading(r)...)
		if r.Cursor != "" {
			out = append(out, cursors(r)...)
			out = append(out, windows(r)...)
		}
		if sys.Sandbox != nil {
			out = append(out, readFaults(r)...)
		}
	}
	if f, ok := connector.Can[connector.Fetcher](conn); ok && len(f.FetchFields(r.Object)) > 0 {
		out = append(out, fetching(r)...)
	}
	if _, ok := connector.Can[connector.Finder](conn); ok && len(r.Find) > 0 {
		out = append(out, finding(r)...)
	}
	return out
}

func reading(r Read) []Case {
	return []Case{
		{
			Name: "everything once", Why: "a record that is not read is never delivered; one that is read twice costs a look at the ledger",
			body: func(c *T) {
				got := c.read(r, c.query(r))
				c.same("read", got.keys, r.Keys(c, c.Box))
				for _, rec := range got.records {
					if rec.Bad != nil {
						c.Errorf("a sound record is marked bad: %v", rec.Bad)
					}
				}
			},
		},
		{
			Name: "every page says when it was asked for", Why: "two changes within one second are told apart by it",
			body: func(c *T) {
				for i, p := range c.read(r, c.query(r)).pages {
					if p.Asked.IsZero() {
						c.Errorf("page %d has no Asked", i)
					}
				}
			},
		},
		{
			Name: "limit", Why: "`run --limit 1` must not read the world, nor say that it did",
			body: func(c *T) {
				q := c.query(r)
				q.Limit = 1
				got := c.read(r, q)
				all := len(r.Keys(c, c.Box))
				if len(got.keys) == 0 && all > 0 {
					c.Errorf("nothing was read of %d records", all)
				}
				if len(got.keys) < all && got.complete {
					c.Errorf("%d of %d records were read, and the page says Complete: the rest would count as gone", len(got.keys), all)
				}
			},
		},
		{
			Name: "gone", Why: "what a complete reading doesn't bring is withdrawn: a reading that is not sure must not say Complete, and one that is must lack what is gone",
			body: func(c *T) { c.gone(r) },
		},
		{
			Name: "the caller stops early", Why: "a run that ends in the middle must leave a connection that works",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				reader := ability[connector.Reader](c, conn)
				for range reader.Read(c.ctx(), c.query(r)) { //nolint:errcheck // whatever it says: the caller goes away
					break
				}
				c.same("read after an early stop", c.readWith(conn, r, c.query(r)).keys, r.Keys(c, c.Box))
			},
		},
		{
			Name: "cancelled", Why: "Ctrl-C and shutdown must end a run at once",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				ctx := cancelled(c)
				ended := 0
				for _, err := range ability[connector.Reader](c, conn).Read(ctx, c.query(r)) {
					if err != nil {
						_ = c.classified(err)
						ended++
					}
				}
				if ended != 1 {
					c.Errorf("%d errors after the context was cancelled, want 1: an empty end would look like an empty source", ended)
				}
			},
		},
		{
			Name: "unknown object", Why: "a misspelt object that reads as empty looks like a source where everything vanished",
			body: func(c *T) {
				q := c.query(r)
				q.Object = "no_such_object"
				got := c.read(r, q)
				c.is(got.err, problem.Fatal)
			},
		},
		{
			Name: "schema", Why: "expressions are checked against the schema: a field that it lacks can't be mapped",
			body: func(c *T) { c.schema(r) },
		},
	}
}

// gone reads everything, makes a record go, and reads everything again.
func (c *T) gone(r Read) {
	c.Helper()
	all := c.read(r, c.query(r))
	if !all.complete || r.Gone == nil {
		c.Logf("nothing is tried: a reading of everything says Complete: %v, Read.Gone: %v", all.complete, r.Gone != nil)
		return
	}
	key := r.Gone(c, c.Box)
	got := c.read(r, c.query(r))
	if !got.complete || slices.Contains(got.keys, key) {
		c.Errorf("record %s is gone: complete %v, still read %v", key, got.complete, slices.Contains(got.keys, key))
	}
	c.same("read after one has gone", got.keys, slices.DeleteFunc(all.keys, func(k string) bool { return k == key }))
}

// query is the plain query for an object.
func (c *T) query(r Read) connector.Query {
	c.Helper()
	q := connector.Query{Object: r.Object, Field: r.Cursor, Lookback: r.Lookback, Params: map[string]json.RawMessage{}}
	for k, v := range r.Params {
		b, err := json.Marshal(v)
		if err != nil {
			c.Fatalf("params %s: %v", k, err)
		}
		q.Params[k] = b
	}
	return q
}

// readout is what a Read gave.
type readout struct {
	pages    []connector.Page
	records  []connector.Record
	keys     []string
	safe     string // the last cursor that was told
	complete bool
	err      error
}

func (c *T) read(r Read, q connector.Query) readout {
	c.Helper()
	return c.readWith(c.Box.Open(c, nil), r, q)
}

// readWith reads to the end and checks what holds for every Read.
func (c *T) readWith(conn connector.Conn, r Read, q connector.Query) readout {
	c.Helper()
	var out readout
	for p, err := range ability[connector.Reader](c, conn).Read(c.ctx(), q) {
		if out.err != nil {
			c.Fatalf("Read went on after an error")
		}
		if err != nil {
			_ = c.classified(err)
			out.err = err
			continue
		}
		if out.complete {
			c.Errorf("a page came after the one that said Complete")
		}
		out.take(c, r, p)
		if len(out.pages) > tooManyPages {
			c.Fatalf("Read does not end: %d pages", len(out.pages))
		}
	}
	return out
}

func (o *readout) take(c *T, r Read, p connector.Page) {
	o.pages = append(o.pages, p)
	o.records = append(o.records, p.Records...)
	for _, rec := range p.Records {
		if rec.Bad != nil {
			_ = c.classified(rec.Bad)
			continue // what there is of it may lack its key
		}
		o.keys = append(o.keys, c.key(rec.Data, r.Key))
	}
	if p.Safe != "" {
		o.safe = p.Safe
	}
	o.complete = p.Complete
}

func cancelled(tb testing.TB) context.Context {
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	return ctx
}
