package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Latency is how much longer than its work every request takes, by path. Without it a loopback
// answer comes so fast that limits on requests in flight never bite.
type Latency struct {
	mu   sync.Mutex
	list []PathDelay
}

// PathDelay is the delay of the requests whose path contains Path, any case; empty: every path.
type PathDelay struct {
	Path  string `json:"path"`
	Delay Delay  `json:"delay"`
}

// Set gives a path a delay, in place of the one that it had; zero takes it away.
func (l *Latency) Set(path string, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := make([]PathDelay, 0, len(l.list)+1)
	for _, x := range l.list {
		if !strings.EqualFold(x.Path, path) {
			kept = append(kept, x)
		}
	}
	if d > 0 {
		kept = append(kept, PathDelay{Path: path, Delay: Delay(d)})
	}
	l.list = kept
}

// Clear takes all delays away.
func (l *Latency) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// List is the delays in force.
func (l *Latency) List() []PathDelay {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]PathDelay{}, l.list...)
}

// of is the delay of one request: the sum of all that fit its path.
func (l *Latency) of(path string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum time.Duration
	for _, x := range l.list {
		if strings.Contains(strings.ToLower(path), strings.ToLower(x.Path)) {
			sum += time.Duration(x.Delay)
		}
	}
	return sum
}

// Pause waits for as long as latency and a Slow fault ask of this request. A simulator whose limits
// count requests in flight sets Kit.PausesInside and calls Pause once the request counts; for
// all others the kit waits in front of them. The wait does not end when the client goes away: a
// vendor's server goes on working, too.
func Pause(r *http.Request) {
	if l, ok := r.Context().Value(lifeKey{}).(*life); ok && l.pause > 0 {
		d := l.pause
		l.pause = 0
		time.Sleep(d) //nolint:forbidigo // a slow server is what was asked for
	}
}

// AtEnd calls f when the request is over: right before its answer leaves, after all that delays
// it. The argument says whether the client was still there and is answered; it is false after a
// cut. Limits on requests in flight give their places back here. AtEnd answers false, and will not
// call f, for a request that did not come through a Server.
func AtEnd(r *http.Request, f func(answered bool)) bool {
	l, ok := r.Context().Value(lifeKey{}).(*life)
	if ok {
		l.atEnd = append(l.atEnd, f)
	}
	return ok
}

type lifeKey struct{}

// life is one request's way through the kit; only the goroutine that serves it touches it.
type life struct {
	arrived time.Time
	pause   time.Duration
	atEnd   []func(answered bool)
}

// Arrived is when a request came, by the simulator's clock: who its sender is, is asked then. Work that is
// done late is done for somebody who may have left meanwhile. It is zero for a request that did not come
// through a Server.
func Arrived(r *http.Request) time.Time {
	if l, ok := r.Context().Value(lifeKey{}).(*life); ok {
		return l.arrived
	}
	return time.Time{}
}

func (l *life) end(answered bool) {
	for _, f := range l.atEnd {
		f(answered)
	}
	l.atEnd = nil
}
