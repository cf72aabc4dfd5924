package run

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
)

// ErrAbandoned is what Run answers when Options.Reached said that the process is dead.
var ErrAbandoned = errors.New("the run was abandoned")

// runner is one run of one pipeline.
type runner struct {
	p     *Pipeline
	o     Options
	clock Clock
	log   *slog.Logger
	store state.Store

	id      string
	started time.Time
	pid     state.ID
	known   state.Pipeline // as it was when the run began; Cursor and Asked move on with it
	behind  time.Duration  // how far our clock is behind the latest instant of the ledger
	begun   int64          // when the run began, as the ledger counts it
	turned  int64          // when the page read last was asked for, as the ledger counts it
	remaps  bool           // another revision than that of the run before

	main  *sink            // nil: the pipeline only keeps rows
	other map[string]*sink // of masters, by connection, object and key field
	probe *step.Row        // for keys: used for one record after the other

	ctx    context.Context // ends when the run is told to stop, or stops itself
	cancel context.CancelFunc
	why    atomic.Pointer[problem.Error] // what stopped it
	dead   atomic.Bool                   // abandoned

	rows     []*step.Row    // of the batch in the steps, used again
	seen     map[string]int // keys of the page at hand, used again
	scratch  []byte         // for keys of the ledger, used again
	sparse   bool           // of the last page, most records went no further than the steps
	doubtful []doubtful     // documents that an earlier run left in doubt
	fullSafe place          // what a full reading proves
	filled   bool           // the back-fill was read to its end
	replaced replacement
	met      *meeting // what a reading of everything has met; nil: this run's can't prove what is gone

	overrides map[string]state.Override // what people have set in records, by key; nil: nothing
	measured  bool                      // known.Ahead is of this run

	ready   []*job // prepared, on their way to a batch
	busy    busy
	flights atomic.Uint64
	slots   chan struct{} // batches that may be in flight
	asides  chan struct{} // groups of records that end before that, and are being committed
	batches sync.WaitGroup
	outage  outage
	fall    atomic.Pointer[fall] // a connection that turned out to be down
	unasked []string             // connections that are noted as down, and show only in the run whether they are
	retried keySet               // keys that had an outcome before the source was read

	commits chan *entry
	wrote   chan struct{} // closed when the committer has ended
	track   tracker

	mu     sync.Mutex
	report Report
	shown  sync.Mutex // Progress is never called twice at once
}

// Run runs a pipeline once. What stopped or paused it stands in the report; an error means that it
// never began, or was abandoned.
func Run(ctx context.Context, p *Pipeline, o Options) (Report, error) {
	r, err := begin(ctx, p, o)
	if err != nil {
		return Report{}, err
	}
	defer r.cancel()
	r.commits = make(chan *entry)
	r.wrote = make(chan struct{})
	go r.committer()
	err = r.way()
	if err != nil {
		r.stop(err)
	}
	r.batches.Wait()
	if r.halted() == nil {
		if err := r.finish(); err != nil {
			r.stop(err)
		}
	}
	r.abort()
	close(r.commits)
	<-r.wrote
	return r.close()
}

// way is everything that a run does, in order. Batches may still be in flight when it ends.
func (r *runner) way() error {
	for _, x := range r.stretches() {
		r.turnTo(x.urgent)
		if err := x.do(); err != nil {
			return err
		}
		if err := r.drain(); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the run for a reason; the first one counts.
func (r *runner) stop(err error) {
	if errors.Is(err, ErrAbandoned) {
		r.dead.Store(true)
	} else if !errors.Is(err, context.Canceled) {
		p := problem.As(err)
		r.why.CompareAndSwap(nil, p)
	}
	r.cancel()
}

// endedEarly says that something stopped the run.
func (r *runner) endedEarly() bool { return r.why.Load() != nil }

// halted says that nothing new may be sent.
func (r *runner) halted() error {
	if r.dead.Load() {
		return ErrAbandoned
	}
	if p := r.why.Load(); p != nil {
		return p
	}
	return r.ctx.Err()
}

// reach passes a named point of the way. False: the run is dead.
func (r *runner) reach(point string) bool {
	if r.dead.Load() {
		return false
	}
	if r.o.Reached != nil && !r.o.Reached(point) {
		r.dead.Store(true)
		r.cancel()
		return false
	}
	return true
}

// now is our clock, as versions and due times see it.
func (r *runner) now() time.Time { return r.clock.Now() }

// rising is an instant as the ledger counts it. It comes after an instant that is known to lie before
// it: when our clock runs back, later is still later.
func (r *runner) rising(t time.Time, after int64) int64 {
	n := nanos(t.Add(r.behind))
	if late := after - n; late > 0 && !t.IsZero() {
		r.behind += time.Duration(late)
		n = after
	}
	r.track.note(n)
	return n
}

// newID names a run: its time, and enough chance that two never share one.
func newID(at time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return at.UTC().Format("20060102T150405.000Z") + "-" + hex.EncodeToString(b[:])
}

// busy is the set of keys that are on their way: a key has one job at a time.
type busy struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

func (b *busy) add(jobs []*job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range jobs {
		b.keys[j.key] = struct{}{}
	}
}

func (b *busy) remove(jobs []*job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range jobs {
		delete(b.keys, j.key)
	}
}

func (b *busy) any(jobs []*job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.keys) == 0 {
		return false
	}
	for _, j := range jobs {
		if _, ok := b.keys[j.key]; ok {
			return true
		}
	}
	return false
}
