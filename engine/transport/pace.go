package transport

import "time"

// pace spaces requests so that no window in which a vendor may count ever holds more than its limit:
// evenly, and never more than the limit between any two moments that are one window apart. What a
// pause of ours made us miss is caught up with, as far as the window allows.
type pace struct {
	count  int           // requests in a window
	window time.Duration // in which a vendor counts, and a little more
	sent   []time.Time   // the last count requests, a ring
	at     int           // the oldest of them
	next   time.Time     // when the next one is due
}

// slack is how much longer than the vendor's our window is: a request may be a few milliseconds longer
// on its way than one that was sent a second later. It costs 1.2 % of the limit.
const slack = 1.012

// catchUp is how much of what was missed while somebody waited may go out at once. What nobody asked
// for is not saved up.
const catchUp = 250 * time.Millisecond

// newPace is for so many requests a second, also for less than one.
func newPace(perSecond float64) *pace {
	count := max(1, int(perSecond))
	return &pace{
		count: count, window: time.Duration(float64(count) / perSecond * slack * float64(time.Second)),
		sent: make([]time.Time, count),
	}
}

// ready is when the next request may go, with a share of the rate.
func (p *pace) ready(share float64) time.Time {
	oldest := p.sent[p.at]
	if oldest.IsZero() {
		return p.next
	}
	return later(p.next, oldest.Add(stretch(p.window, share)))
}

// take notes that a request goes now that has waited since a moment.
func (p *pace) take(now, since time.Time, share float64) {
	step := stretch(p.window, share) / time.Duration(p.count)
	p.next = later(later(p.next, since), now.Add(-catchUp)).Add(step)
	p.sent[p.at] = now
	p.at = (p.at + 1) % p.count
}

func stretch(d time.Duration, share float64) time.Duration { return time.Duration(float64(d) / share) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
