package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// look is how often a paused gate looks at its clock, which a test may move.
const look = 50 * time.Millisecond

// gate is the budget of one connection: one queue, served by priority and then by age. A call
// whose bucket is full or paused lets others pass.
type gate struct {
	now  func() time.Time // pauses, and shares that grow back
	tick func() time.Time // the pace: a network knows nothing of a clock that is set, or that a test moves
	most int              // in flight; 0: no limit
	of   func(string) int

	mu      sync.Mutex
	pace    *pace     // nil: no limit
	waiting []*waiter // sorted
	flying  int
	arrived int
	seen    time.Time          // our clock, when it was looked at last
	buckets map[string]*bucket // "" is the whole connection
	timer   *time.Timer        // wakes the queue when only time stands in its way
}

type waiter struct {
	bucket   string
	priority connector.Priority
	number   int // in the order of arrival
	since    time.Time
	passed   int // times that somebody who came later went first
	turn     chan struct{}
	answered func(time.Time) // of the pace; nil: there is none
}

// patience is how often a call is overtaken by more urgent ones that came later. Then it goes next, so
// that a back-fill comes to its end beside a stream of orders: it gets one turn in ten.
const patience = 9

func newGate(o Options) *gate {
	g := &gate{now: o.Now, tick: time.Now, most: o.InFlight, of: o.Buckets, buckets: map[string]*bucket{}}
	if o.PerSecond > 0 {
		g.pace = newPace(o.PerSecond)
	}
	return g
}

// enter waits for a turn and returns what gives it back.
func (g *gate) enter(ctx context.Context, name string, p connector.Priority) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{bucket: name, priority: p, turn: make(chan struct{})}
	g.mu.Lock()
	g.arrived++
	w.number, w.since = g.arrived, g.tick()
	at, _ := slices.BinarySearchFunc(g.waiting, w, func(old, _ *waiter) int {
		if old.priority <= p {
			return -1 // behind all of its own priority
		}
		return 1
	})
	g.waiting = slices.Insert(g.waiting, at, w)
	g.serve()
	g.mu.Unlock()
	leave := sync.OnceFunc(func() { g.leave(w) })
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

func (g *gate) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	g.bucket(w.bucket).flying--
	if w.answered != nil {
		w.answered(g.tick())
	}
	g.serve()
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
	now, tick := g.clock(), g.tick() // one look: what is not due now is waited for from now
	whole := g.bucket("")
	for !whole.until.After(now) {
		if g.pace != nil && g.pace.ready(whole.shareAt(now)).After(tick) {
			break
		}
		i := g.pick(now)
		if i < 0 {
			break
		}
		w := g.waiting[i]
		if g.pace != nil {
			w.answered = g.pace.take(tick, w.since, whole.shareAt(now))
		}
		g.waiting = slices.Delete(g.waiting, i, i+1)
		g.overtake(w, now)
		g.flying++
		g.bucket(w.bucket).flying++
		close(w.turn)
	}
	g.wake(now, tick)
}

// pick finds the one whose turn it is: the first that can go, or one that was overtaken too often.
func (g *gate) pick(now time.Time) int {
	first := -1
	for i, w := range g.waiting {
		if !g.free(w.bucket, now) {
			continue
		}
		if w.passed >= patience {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

// overtake counts w's going first against those who waited longer and could have gone. After one
// that had been overtaken too often all begin anew.
func (g *gate) overtake(w *waiter, now time.Time) {
	for _, x := range g.waiting {
		switch {
		case w.passed >= patience:
			x.passed = 0
		case x.number < w.number && g.free(x.bucket, now):
			x.passed++
		}
	}
}

func (g *gate) free(name string, now time.Time) bool {
	b := g.bucket(name)
	if most := g.bucket("").of(g.most, now); most > 0 && g.flying >= most || b.until.After(now) {
		return false
	}
	if name == "" || g.of == nil {
		return true
	}
	most := b.of(g.of(name), now)
	return most == 0 || b.flying < most
}

// wake sets the timer when somebody waits for time alone: a pause, the rate, or a share that grows.
func (g *gate) wake(now, tick time.Time) {
	if len(g.waiting) == 0 {
		return
	}
	var wait time.Duration
	if g.pace != nil {
		wait = g.pace.ready(g.bucket("").shareAt(now)).Sub(tick)
	}
	if wait <= 0 && !g.waitsForTime(now) {
		return // a place in flight is missing: leave serves
	}
	if wait <= 0 || wait > look {
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

func (g *gate) waitsForTime(now time.Time) bool {
	for _, b := range g.buckets {
		if b.until.After(now) || b.shareAt(now) < 1 {
			return true
		}
	}
	return false
}
