package run

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// live reads the source from the cursor on, or what the options say instead.
func (r *runner) live() error {
	q := r.p.Source.Query
	q.Limit = r.o.Limit
	switch {
	case len(r.o.Keys) > 0:
		return r.byKey(q)
	case !r.o.Since.IsZero() || !r.o.Until.IsZero():
		return r.backfill(q)
	case r.o.Full, r.replaces():
		return r.read(q, unmarked, nil)
	}
	q.Cursor, q.CursorAt = r.known.Cursor, r.known.CursorAt
	return r.read(q, live, nil)
}

// read takes pages as they come, one read ahead, and gives each to the judge. A source that says
// "too many requests" is waited for by its reader, which then asks for the same page again.
func (r *runner) read(q connector.Query, l lane, only map[string]bool) error {
	reader, ok := connector.Can[connector.Reader](r.p.Source.Conn)
	if !ok {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC422", Pipeline: r.p.Name, Reason: "connection " + r.p.Source.Connection + " can't be read from",
			Hint: "choose another source: pipectl connectors tells what each system can do",
		}
	}
	refused := &atomic.Int32{}
	ctx, cancel := context.WithCancel(connector.WithPatience(r.ctx, func(_ context.Context, p *problem.Error) error {
		if refused.Add(1) > patience {
			return p
		}
		return r.pause(p)
	}))
	defer cancel()
	if !r.reach("before read") {
		return ErrAbandoned
	}
	r.meet(q, only)
	left := r.o.Limit
	for got := range ahead(ctx, reader.Read(ctx, q), refused) {
		if err := r.halted(); err != nil {
			return err
		}
		if !r.reach("after read") {
			return ErrAbandoned
		}
		if got.err != nil {
			return r.down(r.p.Source.Connection, got.err)
		}
		pg := got.page
		if r.o.Limit > 0 && len(pg.Records) > left { // what is left out has no outcome: the page proves nothing
			pg.Records, pg.Safe = pg.Records[:left], ""
		}
		left -= len(pg.Records)
		if err := r.accept(pg, l, only); err != nil {
			return err
		}
		if r.o.Limit > 0 && left == 0 {
			break
		}
	}
	return nil
}

// accept gives a page to the judge, and to the tracker of its lane.
func (r *runner) accept(pg connector.Page, l lane, only map[string]bool) error {
	safe := place{pg.Safe, pg.Asked}
	var line *page
	if l != unmarked {
		line = r.track.begin(l, len(pg.Records), safe)
	}
	if err := r.page(pg, line, only); err != nil {
		return err
	}
	if r.met != nil {
		r.met.whole = pg.Complete
	}
	r.progress()
	if line != nil {
		r.track.close(line)
	}
	if r.o.Full && pg.Safe != "" {
		r.fullSafe = safe
	}
	return nil
}

// asked is a question to another system, with its points of the way.
func asked[T any](r *runner, what string, ask func() (T, error)) (T, error) {
	var none T
	if !r.reach("before " + what) {
		return none, ErrAbandoned
	}
	out, err := ask()
	if !r.reach("after " + what) {
		return none, ErrAbandoned
	}
	return out, err
}

// fetched asks the source for single records.
func (r *runner) fetched(f connector.Fetcher, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	return asked(r, "fetch", func() ([]connector.Record, error) {
		return patiently(r, func() ([]connector.Record, error) { return f.Fetch(r.ctx, q, refs) })
	})
}

// patience is how often in a row a source may say "too many requests" before the run ends.
const patience = 5

// patiently asks again after the wait that a throttled answer asks for.
func patiently[T any](r *runner, ask func() (T, error)) (T, error) {
	for refused := 0; ; refused++ {
		out, err := ask()
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Class != problem.Throttled || refused == patience {
			return out, err
		}
		if err := r.pause(p); err != nil {
			return out, err
		}
	}
}

type read struct {
	page connector.Page
	err  error
}

// ahead runs a reader in a goroutine of its own: while a page is written, the next one is read.
// A slow target slows it down: it never is more than two pages in front.
func ahead(ctx context.Context, pages iter.Seq2[connector.Page, error], refused *atomic.Int32) iter.Seq[read] {
	return func(yield func(read) bool) {
		ch, end := make(chan read, 1), make(chan struct{})
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			defer close(end)
			defer close(ch)
			for pg, err := range pages {
				refused.Store(0)
				select {
				case ch <- read{pg, err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}()
		defer func() { cancel(); <-end }()
		for got := range ch {
			if !yield(got) {
				return
			}
		}
	}
}

// byKey reads single records: by asking for them where the source can be asked, else by reading
// until they are found. The cursor stays where it is.
func (r *runner) byKey(q connector.Query) error {
	fetcher, ok := connector.Can[connector.Fetcher](r.p.Source.Conn)
	if !ok || r.p.Source.RefOfKey == nil {
		return r.readFor(q)
	}
	refs := make([]map[string]value.Value, 0, len(r.o.Keys))
	for _, key := range r.o.Keys {
		ref, ok := r.p.Source.RefOfKey(value.SplitKey(key))
		if !ok {
			return r.readFor(q)
		}
		refs = append(refs, ref)
	}
	at := r.now()
	recs, err := r.fetched(fetcher, q, refs)
	if err != nil {
		return r.down(r.p.Source.Connection, err)
	}
	var found []connector.Record
	var missing []string
	for i, rec := range recs {
		if rec.Data.IsZero() && rec.Bad == nil {
			missing = append(missing, r.o.Keys[i])
			continue
		}
		found = append(found, rec)
	}
	err = r.page(connector.Page{Records: found, Asked: at}, nil, nil)
	if err == nil && len(missing) > 0 {
		err = r.noSuchKey(missing)
	}
	return err
}

func (r *runner) readFor(q connector.Query) error {
	only := map[string]bool{}
	for _, key := range r.o.Keys {
		only[key] = false
	}
	q.Cursor, q.Limit = "", 0
	if err := r.read(q, unmarked, only); err != nil {
		return err
	}
	var missing []string
	for key, seen := range only {
		if !seen {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return r.noSuchKey(missing)
	}
	return nil
}

func (r *runner) noSuchKey(keys []string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC461", Pipeline: r.p.Name,
		Reason: fmt.Sprintf("%s %s has no record with the key %s", r.p.Source.Connection, r.p.Source.Query.Object, strings.Join(keys, ", ")),
		Hint:   "a key is written with its parts joined by /, in the order of `key:` in the pipeline",
	}
}
