package run

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// live reads the source from the cursor on, or what the options say instead.
func (r *runner) live() error {
	q := r.p.Source.Query
	q.Limit = r.o.Limit
	track := false
	switch {
	case len(r.o.Keys) > 0:
		return r.byKey(q)
	case !r.o.Since.IsZero() || !r.o.Until.IsZero():
		until := r.o.Until
		if until.IsZero() {
			until = r.now()
		}
		q.Window = &connector.Window{From: r.o.Since, To: until}
	case r.o.Full, r.replaces():
	default:
		q.Cursor = r.known.Cursor
		track = true
	}
	return r.read(q, track, nil)
}

// reread looks again at an older window, at its own pace and after live work.
func (r *runner) reread() error {
	every := r.p.Source.Reread.Every
	plain := len(r.o.Keys) == 0 && r.o.Since.IsZero() && r.o.Until.IsZero() && r.o.Limit == 0 && !r.o.Full
	if every == 0 || !plain || r.p.Source.Query.Field == "" {
		return nil
	}
	if since := r.started.Sub(r.known.Reread); since >= 0 && since < every {
		return nil
	}
	if r.known.Cursor == "" { // the first run has just read everything
		r.known.Reread = r.started
		return nil
	}
	q := r.p.Source.Query
	q.Window = &connector.Window{From: r.started.Add(-r.p.Source.Reread.Window), To: r.started}
	if err := r.read(q, false, nil); err != nil {
		return err
	}
	r.known.Reread = r.started
	return nil
}

// read takes pages as they come, one read ahead, and gives each to the judge.
func (r *runner) read(q connector.Query, track bool, only map[string]bool) error {
	reader, ok := connector.Can[connector.Reader](r.p.Source.Conn)
	if !ok {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC422", Pipeline: r.p.Name, Reason: "connection " + r.p.Source.Connection + " can't be read from",
			Hint: "choose another source; pipectl connectors tells what each system can do",
		}
	}
	t := &turn{q: q, track: track, only: only, left: r.o.Limit}
	for refused := 0; ; refused++ {
		before := t.pages
		err := r.pages(reader, t)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Class != problem.Throttled {
			return err
		}
		if t.pages > before {
			refused = 0
		}
		if refused == patience {
			return paused(r.p.Source.Connection, p)
		}
		if err := r.pause(p); err != nil {
			return err
		}
	}
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

// turn is one reading of the source, over the pauses that a throttled source asks for.
type turn struct {
	q     connector.Query // goes on behind what was read
	track bool
	only  map[string]bool
	left  int // of Options.Limit
	pages int
}

// pages gives pages to the judge until there are no more. A throttled answer ends it; it may be
// called again then, and goes on from the last cursor that is safe.
func (r *runner) pages(reader connector.Reader, t *turn) error {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	begun := r.started
	if !r.reach("before read") {
		return ErrAbandoned
	}
	for got := range ahead(ctx, reader.Read(ctx, t.q)) {
		if err := r.halted(); err != nil {
			return err
		}
		if !r.reach("after read") {
			return ErrAbandoned
		}
		if p, ok := errors.AsType[*problem.Error](got.err); ok && p.Class == problem.Throttled {
			return p
		}
		if got.err != nil {
			return r.down(r.p.Source.Connection, got.err)
		}
		pg := got.page
		all := len(pg.Records)
		if r.o.Limit > 0 && all > t.left {
			pg.Records = pg.Records[:t.left]
		}
		t.left -= len(pg.Records)
		var line *page
		if t.track {
			line = r.track.begin(all, pg.Safe)
		}
		if err := r.page(pg, line, r.rising(begun), t.only); err != nil {
			return err
		}
		r.progress()
		if line != nil && len(pg.Records) == all {
			r.track.close(line)
		}
		if r.o.Full && pg.Safe != "" && len(pg.Records) == all {
			r.fullSafe = pg.Safe
		}
		t.pages++
		if pg.Safe != "" && t.q.Window == nil {
			t.q.Cursor, t.q.Lookback = pg.Safe, 0
		}
		if r.o.Limit > 0 && t.left == 0 {
			break
		}
	}
	return nil
}

type read struct {
	page connector.Page
	err  error
}

// ahead runs a reader in a goroutine of its own: while a page is written, the next one is read.
// A slow target slows it down: it never is more than two pages in front.
func ahead(ctx context.Context, pages iter.Seq2[connector.Page, error]) iter.Seq[read] {
	return func(yield func(read) bool) {
		ch, end := make(chan read, 1), make(chan struct{})
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			defer close(end)
			defer close(ch)
			for pg, err := range pages {
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
	err = r.page(connector.Page{Records: found, Asked: at}, nil, r.rising(at), nil)
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
	if err := r.read(q, false, only); err != nil {
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
		Hint:   "write the parts of the key joined by /, in the order of `key:`",
	}
}
