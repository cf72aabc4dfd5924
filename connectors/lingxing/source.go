package lingxing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// margin is how far the cursor stays behind the vendor's clock: what was changed just now may not
// all be listed yet.
const margin = time.Minute

// beginning is before anything that this vendor holds: reading without a start begins there.
var beginning = time.Date(2017, 1, 1, 0, 0, 0, 0, beijing)

// errEnough ends a reading whose caller wants no more.
var errEnough = errors.New("the caller stopped")

// reading is one Read on its way.
type reading struct {
	c      *conn
	o      *object
	cur    *cursor // nil: no window
	q      connector.Query
	params map[string]any // the pipeline's, and the object's own
	yield  func(connector.Page, error) bool
	sent   int

	from, to time.Time // of the whole reading along a change time
	floor    time.Time // the cursor that it began at
	heard    bool      // the vendor has told its clock since

	whole bool // nothing moved while it was read
	liar  bool // totals were found to count rows that no page has
}

// Read yields pages, oldest windows first.
func (c *conn) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	return func(yield func(connector.Page, error) bool) {
		r, err := c.begin(q)
		if err == nil {
			r.yield = yield
			err = r.run(ctx)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(connector.Page{}, err)
		}
	}
}

func (c *conn) begin(q connector.Query) (*reading, error) {
	o := find(q.Object)
	if o == nil {
		return nil, c.misuse("object "+q.Object+" does not exist", "see `pipectl connectors lingxing` for what there is")
	}
	r := &reading{c: c, o: o, q: q, whole: true}
	var err error
	if r.params, err = c.params(o, q.Params); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(o.cursor, func(x cursor) bool { return x.field == q.Field })
	switch {
	case i >= 0:
		r.cur = &o.cursor[i]
	case q.Field != "":
		return nil, c.misuse("object "+o.name+" has no cursor "+q.Field, "use one of: "+strings.Join(o.fields(), ", "))
	case len(o.cursor) > 0 && (o.windowed || q.Window != nil):
		r.cur = &o.cursor[0]
	case q.Window != nil:
		return nil, c.misuse("object "+o.name+" cannot be read by time", "leave --since, --until and reread out: it is read whole each time")
	}
	return r, nil
}

func (o *object) fields() []string {
	var out []string
	for _, c := range o.cursor {
		out = append(out, c.field)
	}
	return out
}

// params takes over what the pipeline says, in the vendor's own words.
func (c *conn) params(o *object, given map[string]json.RawMessage) (map[string]any, error) {
	out := map[string]any{}
	for name, raw := range given {
		if !slices.Contains(o.params, name) {
			return nil, c.misuse("object "+o.name+" has no parameter "+name, "it has: "+strings.Join(o.params, ", "))
		}
		var v any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return nil, c.misuse("parameter "+name+" is no JSON", "check source.params")
		}
		out[name] = v
	}
	maps.Copy(out, o.fixed)
	return out, nil
}

func (r *reading) run(ctx context.Context) error {
	if r.cur != nil {
		return r.windows(ctx)
	}
	for name, all := range r.o.each {
		if _, chosen := r.params[name]; chosen {
			break
		}
		return r.variants(ctx, name, all)
	}
	return r.everything(ctx, r.params, true)
}

// variants reads an object that shows only a part of itself at a time.
func (r *reading) variants(ctx context.Context, name string, all []any) error {
	for i, v := range all {
		params := maps.Clone(r.params)
		params[name] = v
		if err := r.everything(ctx, params, i == len(all)-1); err != nil {
			return err
		}
	}
	return nil
}

// everything reads all pages of a list without a window. It is complete when nothing was left out
// by choice and no total changed on the way.
func (r *reading) everything(ctx context.Context, params map[string]any, last bool) error {
	s := &sweep{c: r.c, o: r.o, params: params}
	err := s.forwards(ctx, func(rows []json.RawMessage, asked time.Time, end bool) error {
		records := r.records(rows)
		r.whole = r.whole && s.steady && !slices.ContainsFunc(records, broken)
		page := connector.Page{Asked: asked, Complete: end && last && r.whole && r.unchosen()}
		return r.emit(page, records)
	})
	return err
}

// broken says of a record that its key may not be known: it isn't gone.
func broken(r connector.Record) bool { return r.Bad != nil }

// unchosen says that the pipeline narrowed nothing.
func (r *reading) unchosen() bool { return len(r.q.Params) == 0 && r.q.Limit == 0 }

func (r *reading) records(rows []json.RawMessage) []connector.Record {
	out := make([]connector.Record, 0, len(rows))
	for _, raw := range rows {
		out = append(out, r.c.record(r.o, raw))
	}
	return out
}

// record is one row as it was sent.
func (c *conn) record(o *object, raw []byte) connector.Record {
	data, err := value.Parse(raw)
	rec := connector.Record{Data: data}
	if err != nil {
		rec.Data = value.Salvage(string(raw))
		rec.Bad = &problem.Error{
			Class: problem.Invalid, ID: idRow, Field: problem.As(err).Field, Err: err,
			Reason: c.name + ": a row of " + o.name + " cannot be read: " + problem.As(err).Reason,
			Hint:   "the row is damaged at the source; look it up there",
		}
	}
	if len(o.cursor) > 0 {
		rec.Changed = instant(rec.Data.Get(o.cursor[0].field), o.cursor[0].field)
	}
	return rec
}

func (r *reading) emit(p connector.Page, records []connector.Record) error {
	p.Records = records
	r.sent += len(records)
	if !r.yield(p, nil) || r.q.Limit > 0 && r.sent >= r.q.Limit {
		return errEnough
	}
	return nil
}
