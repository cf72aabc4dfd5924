package sandbox

import (
	"slices"
	"sync"
	"time"
)

// Clock is the simulator's own clock. It runs like the one it is based on, from wherever a test
// has moved it.
type Clock struct {
	base func() time.Time

	mu     sync.Mutex
	off    time.Duration
	alarms []alarm // in order of their time
	timer  *time.Timer

	ringing sync.Mutex // what is due is done one after the other
}

// alarm is something that happens when the clock has come so far.
type alarm struct {
	at time.Time
	do func()
}

// Now is the simulator's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return c.base().Add(c.off) }

// Advance moves the clock by d, which may be negative. What is due then is done when it returns.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	c.off += d
	c.mu.Unlock()
	c.ring()
}

// Set moves the clock to t. What is due then is done when it returns.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	c.off = t.Sub(c.base())
	c.mu.Unlock()
	c.ring()
}

// After does something when the clock has moved on by d, by itself or because a test moved it.
func (c *Clock) After(d time.Duration, do func()) {
	c.mu.Lock()
	at := c.now().Add(d)
	i := len(c.alarms)
	for i > 0 && c.alarms[i-1].at.After(at) {
		i--
	}
	c.alarms = slices.Insert(c.alarms, i, alarm{at, do})
	c.mu.Unlock()
	c.arm()
}

// ring does what is due, in order of its time.
func (c *Clock) ring() {
	c.ringing.Lock()
	defer c.ringing.Unlock()
	for {
		c.mu.Lock()
		if len(c.alarms) == 0 || c.alarms[0].at.After(c.now()) {
			c.mu.Unlock()
			c.arm()
			return
		}
		do := c.alarms[0].do
		c.alarms = c.alarms[1:]
		c.mu.Unlock()
		do()
	}
}

// arm sets the timer to the next alarm.
func (c *Clock) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) == 0 {
		return
	}
	wait := max(c.alarms[0].at.Sub(c.now()), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.ring)
		return
	}
	c.timer.Reset(wait)
}
