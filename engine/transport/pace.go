package transport

import "time"

// pace spaces requests so that no window in which a vendor may count ever holds more than its limit:
// evenly, and never more than the limit between any two moments that are one window apart. What a
// pause of ours made us miss is caught up with, as far as the window allows.
type pace struct {
	count  int           // requests in a window
	window time.Duration // in which a vendor counts, and a little more
	ring   []mark        // the last count requests
	at     int           // the oldest of them
	least  time.Duration // how soon an answer comes when nothing is late
	next   time.Time     // when the next one is due
}

// mark is one request: when it went, and how much later than usual the server may have counted it. That
// is known from the answer, which can't come before. Until then the worst is assumed.
type mark struct {
	sent time.Time
	late time.Duration
}

// latest bounds how late a request is taken to be. A server that is slow by itself would else cost us
// the use of the limit.
const latest = 100 * time.Millisecond

// slack is how much longer than the vendor's our window is, for what two clocks make of a second.
const slack = 1.005

// catchUp is how much of what was missed while somebody waited may go out at once. What nobody asked
// for is not saved up.
const catchUp = 250 * time.Millisecond

// newPace is for so many requests a second, also for less than one.
func newPace(perSecond float64) *pace {
	count := max(1, int(perSecond))
	return &pace{
		count: count, window: time.Duration(float64(count) / perSecond * slack * float64(time.Second)),
		ring: make([]mark, count), least: latest,
	}
}

// ready is when the next request may go, with a share of the rate.
func (p *pace) ready(share float64) time.Time {
	oldest := p.ring[p.at]
	if oldest.sent.IsZero() {
		return p.next
	}
	return later(p.next, oldest.sent.Add(oldest.late+stretch(p.window, share)))
}

// take notes that a request goes now that has waited since a moment. What it returns is called when its
// answer is here.
func (p *pace) take(now, since time.Time, share float64) (answered func(time.Time)) {
	step := stretch(p.window, share) / time.Duration(p.count)
	p.next = later(later(p.next, since), now.Add(-catchUp)).Add(step)
	m := &p.ring[p.at]
	*m = mark{now, latest}
	p.at = (p.at + 1) % p.count
	return func(at time.Time) {
		took := at.Sub(now)
		if took < p.least {
			p.least = took
		} else {
			p.least += (took - p.least) / 64 // what is usual may change
		}
		if m.sent.Equal(now) {
			m.late = min(took-p.least, latest)
		}
	}
}

func stretch(d time.Duration, share float64) time.Duration { return time.Duration(float64(d) / share) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
