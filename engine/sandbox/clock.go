package sandbox

import (
	"sync"
	"time"
)

// Clock is the simulator's own clock. It runs like the one it is based on, from wherever a test
// has moved it.
type Clock struct {
	base func() time.Time
	mu   sync.Mutex
	off  time.Duration
}

// Now is the simulator's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.off)
}

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = t.Sub(c.base())
}
