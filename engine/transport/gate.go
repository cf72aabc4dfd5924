package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Priority orders the calls that wait for the budget.
type Priority uint8

// Priorities, the first served first.
const (
	Live     Priority = iota // what just happened in the source
	Retry                    // retries that are due
	Stock                    // stock levels
	BackFill                 // old windows
)

type priorityKey struct{}

// WithPriority marks all calls made with the context.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

func priority(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}

// look is how often a paused gate looks at its clock, which a test may move.
const look = 50 * time.Millisecond

// gate is the budget of one connection: one queue, served by priority and then by age. A call
// whose bucket is full or paused lets others pass.
type gate struct {
	now     func() time.Time
	limiter *rate.Limiter // nil: no limit
	most    int           // in flight; 0: no limit
	of      func(string) int

	mu      sync.Mutex
	waiting []*waiter // sorted
	flying  int
	buckets map[string]*bucket // "" holds the pause of the whole connection
	timer   *time.Timer        // wakes the queue when only time stands in its way
}

type bucket struct {
	flying int
	until  time.Time
}

type waiter struct {
	bucket   string
	priority Priority
	turn     chan struct{}
}

func newGate(o Options) *gate {
	g := &gate{now: o.Now, most: o.InFlight, of: o.Buckets, buckets: map[string]*bucket{}}
	if o.PerSecond > 0 {
		g.limiter = rate.NewLimiter(rate.Limit(o.PerSecond), max(1, int(o.PerSecond)))
	}
	return g
}

// enter waits for a turn and returns what gives it back.
func (g *gate) enter(ctx context.Context, name string, p Priority) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{bucket: name, priority: p, turn: make(chan struct{})}
	g.mu.Lock()
	at, _ := slices.BinarySearchFunc(g.waiting, w, func(old, _ *waiter) int {
		if old.priority <= p {
			return -1 // behind all of its own priority
		}
		return 1
	})
	g.waiting = slices.Insert(g.waiting, at, w)
	g.serve()
	g.mu.Unlock()
	leave := sync.OnceFunc(func() { g.leave(name) })
	select {
	case <-w.turn:
		return leave, nil
	case <-ctx.Done():
		if !g.forget(w) { // its turn came at the same moment
			leave()
		}
		return nil, ctx.Err()
	}
}

func (g *gate) forget(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

func (g *gate) leave(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	g.bucket(name).flying--
	g.serve()
}

func (g *gate) pause(name string, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.bucket(name); until.After(b.until) {
		b.until = until
	}
}

func (g *gate) bucket(name string) *bucket {
	b := g.buckets[name]
	if b == nil {
		b = &bucket{}
		g.buckets[name] = b
	}
	return b
}

// serve lets everybody in whose turn it is; it is called with the lock held whenever something
// changes, and by the timer when only time had to pass.
func (g *gate) serve() {
	now := g.now()
	paused := g.bucket("").until.After(now)
	for i := 0; i < len(g.waiting) && !paused; {
		w := g.waiting[i]
		if !g.free(w.bucket, now) {
			i++
			continue
		}
		if g.limiter != nil && !g.limiter.AllowN(now, 1) {
			break
		}
		g.flying++
		g.bucket(w.bucket).flying++
		g.waiting = slices.Delete(g.waiting, i, i+1)
		close(w.turn)
	}
	g.wake(now)
}

func (g *gate) free(name string, now time.Time) bool {
	b := g.bucket(name)
	if g.most > 0 && g.flying >= g.most || b.until.After(now) {
		return false
	}
	if name == "" || g.of == nil {
		return true
	}
	most := g.of(name)
	return most == 0 || b.flying < most
}

// wake sets the timer when somebody waits for time alone: a pause or the rate.
func (g *gate) wake(now time.Time) {
	if len(g.waiting) == 0 {
		return
	}
	var wait time.Duration
	if g.limiter != nil {
		if missing := 1 - g.limiter.TokensAt(now); missing > 0 {
			wait = max(time.Millisecond, time.Duration(missing/float64(g.limiter.Limit())*float64(time.Second)))
		}
	}
	if wait == 0 && !g.anyPaused(now) {
		return // a place in flight is missing: leave serves
	}
	if wait == 0 || wait > look {
		wait = look
	}
	if g.timer == nil {
		g.timer = time.AfterFunc(wait, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.serve()
		})
		return
	}
	g.timer.Reset(wait)
}

func (g *gate) anyPaused(now time.Time) bool {
	for _, b := range g.buckets {
		if b.until.After(now) {
			return true
		}
	}
	return false
}
