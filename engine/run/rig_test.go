package run

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// The rig: a source, a target that fails on demand, a clock, and a real state file between them.

type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond) // two instants are never the same
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	c.advance(d)
	return ctx.Err()
}

// source holds orders in the order of their change times.
type source struct {
	throttleAt []int // pages of a reading before which it answers "too many requests"; each counts once
	clock      *testClock
	ahead      time.Duration // of its own clock
	margin     time.Duration // by which its cursors stay behind its clock
	backwards  bool          // its pages prove nothing
	onPage     func(nth int) // before a page is given
	pageLen    int
	rows       []row
	noFetch    bool
	noTimes    bool
	stale      map[string]row // what a page shows instead of the newest
	err        error
	fetched    int
	reads      int
	partial    bool            // it never says that it has read everything
	hidden     map[string]bool // orders that no page shows, and that can be asked for by key
	breaks     int             // pages after which a reading ends in an error; 0: it doesn't
}

type row struct {
	id      string
	text    string
	changed time.Time
}

func (s *source) Account() string { return "source" }
func (s *source) Close() error    { return nil }

// set puts an order, or changes it.
func (s *source) set(id, format string, args ...any) {
	s.put(id, s.clock.Now().Add(s.ahead), format, args...)
}

// put puts an order that says that it was changed at a time.
func (s *source) put(id string, at time.Time, format string, args ...any) {
	text := fmt.Sprintf(`{"id":%q,%s}`, id, fmt.Sprintf(format, args...))
	s.rows = slices.DeleteFunc(s.rows, func(r row) bool { return r.id == id })
	i, _ := slices.BinarySearchFunc(s.rows, at, func(r row, at time.Time) int {
		if r.changed.After(at) {
			return 1
		}
		return -1
	})
	s.rows = slices.Insert(s.rows, i, row{id, text, at})
}

func (s *source) record(r row) connector.Record {
	rec, err := value.ParseText(r.text)
	if err != nil {
		return connector.Record{Data: value.Salvage(r.text), Bad: problem.As(err), Changed: r.changed}
	}
	out := connector.Record{Data: rec, Changed: r.changed}
	if s.noTimes {
		out.Changed = time.Time{}
	}
	return out
}

// Ahead is how far the source's clock is ahead of ours.
func (s *source) Ahead() (time.Duration, bool) { return s.ahead, true }

// rigMargin is how far its cursors stay behind its clock.
const rigMargin = time.Minute

func (s *source) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	s.reads++
	rows := slices.Clone(s.rows)
	return func(yield func(connector.Page, error) bool) {
		if s.err != nil {
			yield(connector.Page{}, s.err)
			return
		}
		rows = slices.DeleteFunc(rows, func(r row) bool { return s.hidden[r.id] || !s.wants(q, r) })
		whole := q.Window == nil && q.Cursor == "" && !s.partial
		n := max(1, s.pageLen)
		for served := 0; served == 0 || len(rows) > 0; served++ {
			_, err := connector.Patiently(ctx, func() (int, error) { return 0, s.throttled(served) })
			if err != nil {
				yield(connector.Page{}, err)
				return
			}
			if s.onPage != nil {
				s.onPage(served)
			}
			if served > 0 && served == s.breaks {
				yield(connector.Page{}, &problem.Error{Class: problem.Transient, Reason: "connection reset"})
				return
			}
			part := rows[:min(n, len(rows))]
			rows = rows[len(part):]
			if len(part) == 0 {
				yield(connector.Page{Asked: s.clock.Now(), Complete: whole}, nil)
				return
			}
			pg := s.page(q, part)
			pg.Complete = whole && len(rows) == 0
			if !yield(pg, nil) {
				return
			}
		}
	}
}

// wants says that a reading brings a row.
func (s *source) wants(q connector.Query, r row) bool {
	var from time.Time
	if q.Cursor != "" {
		from, _ = time.Parse(time.RFC3339Nano, q.Cursor)
	}
	switch w := q.Window; {
	case w != nil:
		return !r.changed.Before(w.From) && r.changed.Before(w.To) && !r.changed.Before(from)
	case q.Field == "" || q.Cursor == "":
		return true
	}
	now := s.clock.Now()
	return !r.changed.Before(q.From(from, now, now.Add(s.ahead), rigMargin).Add(-q.Lookback))
}

func (s *source) throttled(at int) error {
	if len(s.throttleAt) == 0 || s.throttleAt[0] != at {
		return nil
	}
	s.throttleAt = s.throttleAt[1:]
	return faultErr(throttle)
}

func (s *source) page(q connector.Query, part []row) connector.Page {
	pg := connector.Page{Asked: s.clock.Now()}
	for _, r := range part {
		if old, ok := s.stale[r.id]; ok {
			r = old
		}
		pg.Records = append(pg.Records, s.record(r))
	}
	if q.Field != "" && !s.backwards {
		safe := part[len(part)-1].changed
		if latest := s.clock.Now().Add(s.ahead - s.margin); latest.Before(safe) {
			safe = latest
		}
		pg.Safe = safe.Format(time.RFC3339Nano)
	}
	return pg
}

func (s *source) FetchFields(string) []string { return []string{"id"} }

func (s *source) Fetch(_ context.Context, _ connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	if s.err != nil {
		return nil, s.err
	}
	out := make([]connector.Record, len(refs))
	for i, ref := range refs {
		s.fetched++
		for _, r := range s.rows {
			if r.id == ref["id"].Text() {
				out[i] = s.record(r)
			}
		}
	}
	return out, nil
}

// erp is the target. What it stores survives everything; how it answers is what tests decide.
type erp struct {
	mu       sync.Mutex
	clock    *testClock
	traits   connector.Traits
	docs     []*erpDoc
	nextID   int
	writes   int              // documents that arrived in a save
	calls    map[string]int   // requests by kind
	acts     []string         // what arrived, a word a document: "create", "update", "submit", …
	mute     bool             // probes can't tell whose a document is
	timeless bool             // probes can't tell when a document was changed
	blind    bool             // probes fail
	own      bool             // it numbers documents itself
	drafts   bool             // what is saved is a draft
	tells    bool             // its answers tell the time
	ours     func() time.Time // the clock of who asks
	moved    string           // its account has another name
	short    int              // rows that the next answer to a save leaves out
	askIn    time.Duration    // of accepted: when to ask; 0: a minute

	// fault decides about one document of one request before anything is done.
	fault func(op string, d connector.Doc) fault
	late  []lateWorkAt // what is done later
}

type erpDoc struct {
	id, key, content string
	stage            connector.Stage
	cancelled        bool
	modified         time.Time
	by               connector.Ours
	saves            int
}

// mark is what a document holds in the field for marks.
func (d *erpDoc) mark(t connector.Target) string {
	rec, err := value.ParseText(d.content)
	if t.Mark == "" || err != nil {
		return ""
	}
	return rec.Get(t.Mark).Text()
}

type fault int

const (
	none     fault = iota
	lostReq        // the request is lost on its way: nothing is done, nobody answers
	lostAns        // it is done, nobody answers
	lateWork       // nobody answers, and it is done later
	refuse         // the document's own fault
	busyDoc        // locked: transient
	throttle
	rollback // untouched, for another's reason
	refusedConn
	wrongPassword
	missingRef
	accepted
	acceptedLost // it said that it would, and never does
	nameless     // done, and the answer says neither id nor number
	hollow       // not done, and the answer says success without id or number
)

// Ahead is how far the target's clock is ahead of ours, where it tells the time.
func (e *erp) Ahead() (time.Duration, bool) {
	if !e.tells {
		return 0, false
	}
	return e.clock.Now().Sub(e.ours()), true
}

func (e *erp) Account() string                          { return "300001/demo" + e.moved }
func (e *erp) Close() error                             { return nil }
func (e *erp) Traits(connector.Target) connector.Traits { return e.traits }

func (e *erp) find(key, id string) *erpDoc {
	for _, d := range e.docs {
		if id != "" && d.id == id || id == "" && d.key == key {
			return d
		}
	}
	return nil
}

func (e *erp) Write(_ context.Context, _ connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls["save"]++
	out := make([]connector.Outcome, len(docs))
	faults, err := e.faults("save", docs)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		e.writes++
		e.acts = append(e.acts, map[bool]string{true: "create", false: "update"}[d.ID == ""])
		out[i] = e.answer(faults[i], func() connector.Outcome { return e.save(d) })
	}
	said := max(0, len(out)-e.short)
	e.short = 0
	return out[:said], nil
}

// faults decides about each document before anything is done: a request that isn't sent does
// nothing for any of them.
func (e *erp) faults(op string, docs []connector.Doc) ([]fault, error) {
	out := make([]fault, len(docs))
	var err error
	for i, d := range docs {
		if e.fault != nil {
			out[i] = e.fault(op, d)
		}
		if out[i] == refusedConn || out[i] == wrongPassword {
			err = faultErr(out[i])
		}
	}
	return out, err
}

func faultErr(f fault) *problem.Error {
	switch f {
	case refusedConn:
		return &problem.Error{Class: problem.Transient, Reason: "connection refused"}
	case wrongPassword:
		return &problem.Error{Class: problem.Fatal, Reason: "password is wrong"}
	case refuse:
		return &problem.Error{Class: problem.Invalid, Reason: "quantity is not allowed", Field: "FQty"}
	case busyDoc:
		return &problem.Error{Class: problem.Transient, Reason: "document is locked by another user"}
	case throttle:
		return &problem.Error{Class: problem.Throttled, Reason: "too many requests", After: 7 * time.Second}
	case rollback:
		return &problem.Error{Class: problem.Transient, Reason: "session lost"}
	case missingRef:
		return &problem.Error{Class: problem.Missing, Reason: "material A-17 does not exist", Cause: &problem.Cause{Connection: "erp", Object: "BD_MATERIAL", Key: "A-17"}}
	}
	return &problem.Error{Class: problem.Transient, Reason: "time-out"}
}

func (e *erp) answer(f fault, do func() connector.Outcome) connector.Outcome {
	switch f {
	case lostReq:
		return connector.Outcome{State: connector.Unknown, Err: faultErr(f)}
	case lostAns:
		do()
		return connector.Outcome{State: connector.Unknown, Err: faultErr(f)}
	case lateWork:
		e.late = append(e.late, lateWorkAt{e.clock.Now(), func() { do() }})
		return connector.Outcome{State: connector.Unknown, Err: faultErr(f)}
	case accepted, acceptedLost:
		if f == accepted {
			e.late = append(e.late, lateWorkAt{e.clock.Now(), func() { do() }})
		}
		return connector.Outcome{State: connector.Accepted, AskAt: e.clock.Now().Add(max(e.askIn, time.Minute))}
	case nameless:
		do()
		return connector.Outcome{State: connector.Written, Stage: connector.Saved}
	case hollow:
		return connector.Outcome{State: connector.Written, Stage: connector.Saved}
	case refuse, busyDoc, missingRef:
		return connector.Outcome{State: connector.Refused, Err: faultErr(f)}
	case throttle, rollback:
		return connector.Outcome{State: connector.Untouched, Err: faultErr(f)}
	}
	return do()
}

func (e *erp) save(d connector.Doc) connector.Outcome {
	if d.ID == "" {
		if e.traits.RefusesSecond && e.find(d.Key, "") != nil {
			return connector.Outcome{State: connector.Unknown, Taken: true, Err: &problem.Error{Class: problem.Held, Reason: "number is in use"}}
		}
		e.nextID++
		n := &erpDoc{id: fmt.Sprint(100000 + e.nextID), key: d.Key, by: connector.MadeByUs}
		if e.own {
			n.key = fmt.Sprint("AUTO", e.nextID)
		}
		e.docs = append(e.docs, n)
		d.ID = n.id
	}
	x := e.find("", d.ID)
	if x == nil {
		return connector.Outcome{State: connector.Refused, Err: &problem.Error{Class: problem.Held, Reason: "document is gone"}}
	}
	if x.stage > connector.Saved {
		return connector.Outcome{State: connector.Refused, Err: &problem.Error{Class: problem.Held, Reason: "document is " + x.stage.String()}}
	}
	x.content, x.stage, x.modified = d.Content.JSON(), connector.Saved, e.clock.Now()
	x.saves++
	if e.drafts {
		x.stage = connector.Draft
	}
	return e.done(x)
}

func (e *erp) Stage(_ context.Context, _ connector.Target, op connector.Op, refs []connector.Ref) ([]connector.Outcome, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls[op.String()]++
	out := make([]connector.Outcome, len(refs))
	docs := make([]connector.Doc, len(refs))
	for i, ref := range refs {
		docs[i] = connector.Doc{Key: ref.Key, ID: ref.ID}
	}
	faults, err := e.faults(op.String(), docs)
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		e.acts = append(e.acts, op.String())
		out[i] = e.answer(faults[i], func() connector.Outcome { return e.operate(op, ref) })
	}
	return out, nil
}

func (e *erp) operate(op connector.Op, ref connector.Ref) connector.Outcome {
	x := e.find("", ref.ID)
	bad := func(why string) connector.Outcome {
		return connector.Outcome{State: connector.Refused, Err: &problem.Error{Class: problem.Held, Reason: why}}
	}
	if x == nil {
		return bad("document is gone")
	}
	from := map[connector.Op]connector.Stage{connector.Submit: connector.Saved, connector.Audit: connector.Submitted, connector.UnAudit: connector.Audited, connector.UnSubmit: connector.Submitted}
	if !takesBack(op) && x.stage >= reaches(op) && reaches(op) != connector.NoStage { // as an ERP that was asked twice
		return e.done(x)
	}
	if want, ok := from[op]; ok && x.stage != want {
		return bad("document is " + x.stage.String())
	}
	if (op == connector.Cancel || op == connector.Delete) && x.stage > connector.Saved {
		return bad("document is " + x.stage.String())
	}
	switch op {
	case connector.Submit:
		x.stage = connector.Submitted
	case connector.Audit:
		x.stage = connector.Audited
	case connector.UnAudit, connector.UnSubmit:
		x.stage = connector.Saved
	case connector.Cancel:
		x.cancelled = true
	case connector.Delete:
		e.docs = slices.DeleteFunc(e.docs, func(d *erpDoc) bool { return d == x })
	}
	x.modified = e.clock.Now()
	return e.done(x)
}

func (e *erp) done(x *erpDoc) connector.Outcome {
	o := connector.Outcome{State: connector.Written, ID: x.id, Number: x.key, Stage: x.stage}
	if e.tells {
		o.At = e.clock.Now()
	}
	return o
}

func (e *erp) Probe(_ context.Context, t connector.Target, keys []string) ([]connector.Probed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls["probe"]++
	if e.blind {
		return nil, &problem.Error{Class: problem.Transient, Reason: "time-out"}
	}
	out := make([]connector.Probed, len(keys))
	for i, key := range keys {
		n := 0
		for _, d := range e.docs {
			if d.key != key && (t.Mark == "" || t.Key != t.Mark || d.mark(t) != key) {
				continue
			}
			n++
			out[i] = connector.Probed{Found: true, Many: n > 1, ID: d.id, Number: d.key, Stage: d.stage, Cancelled: d.cancelled, Modified: d.modified, Ours: d.by, Mark: d.mark(t)}
			if e.timeless {
				out[i].Modified = time.Time{}
			}
			if e.mute {
				out[i].Ours = connector.CantTell
			}
		}
	}
	return out, nil
}

func (e *erp) ProbeIDs(_ context.Context, _ connector.Target, ids []string) ([]connector.Probed, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls["probe by id"]++
	out := make([]connector.Probed, len(ids))
	for i, id := range ids {
		if d := e.find("", id); d != nil {
			out[i] = connector.Probed{Found: true, ID: d.id, Number: d.key, Stage: d.stage, Cancelled: d.cancelled, Modified: d.modified, Ours: d.by}
		}
	}
	return out, nil
}

// workLate does what was put off.
func (e *erp) workLate() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.late {
		l.do()
	}
	e.late = nil
}

// workBefore does what has to be done before an instant: nothing takes longer than Traits.Longest.
func (e *erp) workBefore(t time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.late = slices.DeleteFunc(e.late, func(l lateWorkAt) bool {
		due := l.at.Add(e.traits.Longest - time.Minute).Before(t)
		if due {
			l.do()
		}
		return due
	})
}

type lateWorkAt struct {
	at time.Time
	do func()
}

// blindERP can't be asked.
type blindERP struct{ e *erp }

func (b blindERP) Account() string                            { return b.e.Account() }
func (b blindERP) Close() error                               { return nil }
func (b blindERP) Traits(t connector.Target) connector.Traits { return b.e.Traits(t) }
func (b blindERP) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	return b.e.Write(ctx, t, docs)
}

// build is the one step of the rig's pipeline: cancelled orders are left out, an order without a
// quantity is refused, the rest becomes a document.
type build struct{ rig *rig }

func (b build) Run(_ context.Context, rows []*step.Row) error {
	b.rig.mapped += len(rows)
	if b.rig.stepErr != nil {
		return b.rig.stepErr
	}
	for _, r := range rows {
		if b.rig.drops || r.Record.Get("status").Text() == "cancelled" {
			r.Dropped = true
			continue
		}
		qty := r.Record.Get("qty")
		if qty.Kind() != value.Number {
			r.Problems = append(r.Problems, &problem.Error{Class: problem.Invalid, ID: "PC200", Field: "FQty", Reason: "qty is not a number"})
			continue
		}
		if sku := r.Record.Get("sku").Text(); sku != "" && !b.rig.skus[sku] {
			cause := problem.Cause{Connection: "erp", Object: "BD_MATERIAL", Key: sku}
			if b.rig.creates {
				r.Masters = append(r.Masters, step.Master{
					Connection: "erp", Object: "BD_MATERIAL", KeyField: "FNumber", Key: sku,
					Document: value.Known(fmt.Sprintf(`{"FNumber":%q}`, sku)), Then: []string{"submit", "audit"}, Cause: cause,
				})
			} else {
				r.Problems = append(r.Problems, &problem.Error{Class: problem.Missing, ID: "PC256", Reason: "material " + sku + " does not exist", Cause: &cause})
				continue
			}
		}
		r.Document = value.Known(fmt.Sprintf(`{"FBillNo":%q,"FQty":%s%s}`, b.rig.prefix+r.Record.Get("id").Text(), qty.JSON(), b.rig.note))
	}
	return nil
}

type rig struct {
	t       testing.TB
	dir     string
	clock   *testClock
	src     *source
	erp     *erp
	p       *Pipeline
	prefix  string
	note    string // further fields of every document
	drops   bool   // the where leaves everything out
	skus    map[string]bool
	creates bool
	mapped  int
	stepErr error
	// reconnect, when not nil, opens the target anew after a kill.
	reconnect  func()
	said       []string // what a person has read
	firstOnly  bool     // of what stands open, he looks at the first
	unopenable bool     // its state can't be opened any more
	meet       bool     // batches wait for each other at their points: Reached must not be called one at a time
	last       Report
}

func newRig(t testing.TB) *rig {
	clock := &testClock{now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	r := &rig{
		t: t, dir: t.TempDir(), clock: clock, prefix: "SO-", skus: map[string]bool{},
		src: &source{clock: clock, pageLen: 3},
		erp: &erp{clock: clock, ours: clock.Now, calls: map[string]int{}, traits: connector.Traits{
			RefusesSecond: true, Longest: 10 * time.Minute, Batch: 4, InFlight: 1, Repeatable: true,
			Ops: []connector.Op{connector.Submit, connector.Audit, connector.UnAudit, connector.UnSubmit, connector.Cancel, connector.Delete},
		}},
	}
	r.p = &Pipeline{
		Name: "order-sync", Environment: "test", Revision: "r1", Siblings: []string{"order-sync"}, KeyText: []string{"id"}, Ledger: true,
		Source: Source{
			Connection: "shop", Conn: r.src, Query: connector.Query{Object: "orders", Field: "changed"},
			Ref: func(rec value.Record) (map[string]value.Value, bool) {
				return map[string]value.Value{"id": rec.Get("id")}, !r.src.noFetch
			},
			RefOfKey: func(parts []string) (map[string]value.Value, bool) {
				return map[string]value.Value{"id": value.OfText(parts[0])}, !r.src.noFetch
			},
		},
		Prepare: []step.Step{build{r}},
		Key: func(x *step.Row) (string, error) {
			key, ok := value.KeyText(x.Record.Get("id"))
			if !ok {
				return "", &problem.Error{Class: problem.Invalid, Field: "id", Reason: "id is empty"}
			}
			return key, nil
		},
		NewRow: func() *step.Row { return &step.Row{Frame: expr.Frame{}} },
		Retry:  []time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute},
		Target: &Target{
			Connection: "erp", Conn: r.erp, To: connector.Target{Object: "SAL_SaleOrder", Key: "FBillNo"},
			Key:  func(x *step.Row) (string, error) { return x.Document.Get("FBillNo").Text(), nil },
			Then: []connector.Op{connector.Submit, connector.Audit}, Changed: Reopen,
		},
		Uses: []Use{
			{Name: "shop", Open: func(context.Context) (connector.Conn, error) { return r.p.Source.Conn, nil }},
			{Name: "erp", Open: func(context.Context) (connector.Conn, error) { return r.p.Target.Conn, nil }},
		},
		Masters: func(name, object, key string) (*Target, error) {
			return &Target{Connection: name, Conn: r.erp, To: connector.Target{Object: object, Key: key}}, nil
		},
	}
	return r
}

func (r *rig) open() *bolt.Store {
	r.t.Helper()
	s, err := bolt.Open(filepath.Join(r.dir, "state.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// try runs the pipeline once, over the state as it lies on disk.
func (r *rig) try(o Options) (Report, error) {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	o.Store, o.Clock, o.Dir = s, r.clock, r.dir
	if !r.meet {
		o.Reached = oneAtATime(o.Reached)
	}
	rep, err := Run(context.Background(), r.p, o)
	if errors.Is(err, ErrAbandoned) && r.reconnect != nil {
		r.reconnect()
	}
	if err == nil && rep.Read != rep.Sum() {
		r.t.Fatalf("read %d is not the sum of what came of it, %d: %+v", rep.Read, rep.Sum(), rep)
	}
	r.last = rep
	return rep, err
}

// oneAtATime lets a test count points without caring that several goroutines pass them.
func oneAtATime(reached func(string) bool) func(string) bool {
	if reached == nil {
		return nil
	}
	var one sync.Mutex
	return func(point string) bool {
		one.Lock()
		defer one.Unlock()
		return reached(point)
	}
}

// run runs it, wants it to come to an end, and compares the report: "read=3 delivered=2 …".
func (r *rig) run(want string, o ...Options) Report {
	r.t.Helper()
	rep, err := r.try(append(o, Options{})[0])
	if err != nil {
		r.t.Fatal(err)
	}
	if got := shown(rep); got != want {
		r.t.Fatalf("report is\n  %s, want\n  %s\n%s%s", got, want, r.exceptions(), r.erpState())
	}
	return rep
}

func shown(rep Report) string {
	out := []string{string(rep.Status)}
	for _, x := range []struct {
		name string
		n    int
	}{
		{"read", rep.Read},
		{"filtered", rep.Filtered},
		{"unchanged", rep.Unchanged},
		{"delivered", rep.Delivered},
		{"withdrawn", rep.Withdrawn},
		{"waiting", rep.Waiting},
		{"invalid", rep.Invalid},
		{"held", rep.Held},
		{"failed", rep.Failed},
		{"created", rep.Created},
		{"updated", rep.Updated},
		{"in_doubt", rep.InDoubt},
	} {
		if x.n != 0 {
			out = append(out, fmt.Sprintf("%s=%d", x.name, x.n))
		}
	}
	if rep.Error != nil {
		out = append(out, rep.Error.ID)
	}
	return strings.Join(out, " ")
}

// exceptions shows what stands open: "2 held PC401 target key …".
func (r *rig) exceptions() string {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var b strings.Builder
	err := s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		return state.EachOpen(tx, id, func(e state.Exception) (bool, error) {
			fmt.Fprintf(&b, "%s %s %s attempts=%d %s\n", e.Key, e.Kind, e.ID, e.Attempts, e.Reason)
			return true, nil
		})
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

// erpState shows what the target holds: "SO-1 {…} audited".
func (r *rig) erpState() string {
	r.erp.mu.Lock()
	defer r.erp.mu.Unlock()
	var out []string
	for _, d := range r.erp.docs {
		line := fmt.Sprintf("%s %s %s", d.key, d.content, d.stage)
		if d.cancelled {
			line += " cancelled"
		}
		out = append(out, line)
	}
	sort.Strings(out)
	return strings.Join(out, "\n") + "\n"
}

func (r *rig) wantERP(lines ...string) {
	r.t.Helper()
	want := strings.Join(lines, "\n") + "\n"
	if got := r.erpState(); got != want {
		r.t.Fatalf("the target holds\n%swant\n%s%s", got, want, r.exceptions())
	}
}

func (r *rig) wantException(words ...string) {
	r.t.Helper()
	got := r.exceptions()
	for _, w := range words {
		if !strings.Contains(got, w) {
			r.t.Fatalf("exceptions lack %q:\n%s", w, got)
		}
	}
}

// once gives a fault for the first request of a kind that holds a key ("": any), and none later.
func once(op, key string, f fault) func(string, connector.Doc) fault { return times(1, op, key, f) }

func times(n int, op, key string, f fault) func(string, connector.Doc) fault {
	return func(o string, d connector.Doc) fault {
		if n > 0 && o == op && (key == "" || d.Key == key) {
			n--
			return f
		}
		return none
	}
}

// settled wants the state to hold no flight and no document in doubt.
func (r *rig) settled() {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	err := s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		err = state.EachFlight(tx, id, func(n uint64, f state.Flight) error {
			return fmt.Errorf("flight %d is still in the state: %v", n, f.Docs)
		})
		scope, err2 := state.ScopeID(tx, r.erp.Account(), "SAL_SaleOrder", "FBillNo", false)
		return errors.Join(err, err2, state.EachDocument(tx, scope, "", func(key string, d state.Document) (bool, error) {
			if d.Pending != nil {
				return false, fmt.Errorf("document %s is still in doubt: %+v", key, *d.Pending)
			}
			return true, nil
		}))
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
