package sandbox

import "time"

// abortHold is how long a request whose client went away may still count: the vendor's time-out.
const abortHold = 2 * time.Minute

// flight is what a limit is kept for.
type flight struct{ app, path string }

// bucket counts the requests of one app to one path that are on their way. The vendor's limit is
// on these, not on requests a second: a place is free again the moment its request ends.
type bucket struct {
	flying int
	held   []time.Time // until when clients that went away keep their places
}

// enter takes a place if there is one.
func (b *Box) enter(f flight, capacity int) bool {
	k := b.flights[f]
	if k == nil {
		k = &bucket{}
		b.flights[f] = k
	}
	now := b.kit.Clock.Now()
	waiting := k.held[:0]
	for _, until := range k.held {
		if now.Before(until) {
			waiting = append(waiting, until)
		}
	}
	k.held = waiting
	if k.flying+len(k.held) >= capacity {
		return false
	}
	k.flying++
	return true
}

// leave gives the place back, at once or, when the client went away and the switch says so, later.
func (b *Box) leave(f flight, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.flights[f]
	k.flying--
	if !answered && b.switches.HoldOnAbort {
		k.held = append(k.held, b.kit.Clock.Now().Add(abortHold))
	}
}
