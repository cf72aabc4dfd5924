package kingdee

import (
	"sync"
	"time"
)

// serverClock is what the server's answers tell of its clock.
type serverClock struct {
	mu    sync.Mutex
	ahead time.Duration // of ours
	known bool
}

// hear notes the server's clock at the newest query. Answers carry whole seconds and take their time,
// so a difference of two seconds is none.
func (c *conn) hear(date time.Time) {
	if date.IsZero() {
		return
	}
	ahead := date.Sub(c.now())
	if ahead.Abs() <= 2*time.Second {
		ahead = 0
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.ahead, c.server.known = ahead, true
}

// Ahead is how far the server's clock is ahead of ours.
func (c *conn) Ahead() (time.Duration, bool) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.ahead, c.server.known
}

// clock is the server's clock, as far as it is known; ours before the first answer.
func (c *conn) clock() time.Time {
	ahead, _ := c.Ahead()
	return c.now().Add(ahead)
}
