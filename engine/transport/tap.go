package transport

import "time"

// bucket is a part of the budget that is counted, paused and shrunk by itself: a path, an object, or
// with the name "" the whole connection.
type bucket struct {
	flying int
	until  time.Time // paused
	share  float64   // of its limit, at the moment shrunk
	shrunk time.Time // zero: it has all of it
}

// "Too many requests" halves the share, and time gives it back: whoever else takes from the same limit
// is left room at once, and our own part is found by trying, slowly.
const (
	leastShare = 1.0 / 16
	recovery   = 10 * time.Minute // from nothing to all of it
)

func (b *bucket) shareAt(now time.Time) float64 {
	if b.shrunk.IsZero() {
		return 1
	}
	s := b.share + float64(now.Sub(b.shrunk))/float64(recovery)
	if s >= 1 {
		b.shrunk = time.Time{}
		return 1
	}
	return max(s, leastShare)
}

// of is that share of a limit, at least one; 0 is no limit.
func (b *bucket) of(limit int, now time.Time) int {
	if limit == 0 {
		return 0
	}
	return max(1, int(float64(limit)*b.shareAt(now)))
}

// throttled closes the tap until a time, and shrinks the share: once for all answers to requests that
// were on their way together.
func (g *gate) throttled(name string, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	b := g.bucket(name)
	if !b.until.After(now) {
		b.share, b.shrunk = max(b.shareAt(now)/2, leastShare), now
	}
	b.until = later(b.until, until)
}

func (g *gate) pause(name string, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clock()
	b := g.bucket(name)
	b.until = later(b.until, until)
}

// clock is the time, and makes a clock that ran back no reason to wait for it: what was a minute from
// now still is.
func (g *gate) clock() time.Time {
	now := g.now()
	if back := now.Sub(g.seen); back < -time.Second {
		for _, b := range g.buckets {
			b.until = b.until.Add(back)
			if !b.shrunk.IsZero() {
				b.shrunk = b.shrunk.Add(back)
			}
		}
	}
	g.seen = now
	return now
}
