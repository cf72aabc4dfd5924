package run

import (
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// Three clocks meet in a run: ours, the source's and the target's. None of them is trusted to go
// straight; what a person should set right is told.

// apart is how far two clocks may differ before a person is told.
const apart = 2 * time.Minute

// sourceNow is the source's clock when the run began, as far as its answers have told it.
func (r *runner) sourceNow() time.Time {
	ahead, _ := aheadOf(r.p.Source.Conn)
	return r.started.Add(ahead)
}

func aheadOf(c connector.Conn) (time.Duration, bool) {
	clocked, ok := connector.Can[connector.Clocked](c)
	if !ok {
		return 0, false
	}
	return clocked.Ahead()
}

// earliest is what the target's clock may have shown at a moment of ours: it may have jumped since it
// was measured, so the lower of that and of what it tells now counts.
func (s *sink) earliest(at time.Time) time.Time {
	ahead := s.ahead
	if now, ok := aheadOf(s.conn); ok {
		ahead = min(ahead, now)
	}
	return at.Add(ahead)
}

// clocks tells which of them are wrong.
func (r *runner) clocks() {
	told := map[string]bool{}
	tell := func(name string, c connector.Conn) {
		if ahead, ok := aheadOf(c); ok && ahead.Abs() > apart && !told[name] {
			told[name] = true
			r.clockOff(name, ahead)
		}
	}
	tell(r.p.Source.Connection, r.p.Source.Conn)
	if r.main != nil {
		tell(r.main.name, r.main.conn)
	}
	if r.behind > apart {
		r.note("this computer's clock is %s behind the latest reading that the state knows: it was set back; nothing is lost by it, but due times are not what they seem", r.behind.Round(time.Second))
		r.log.Warn("this computer's clock was set back", "by", r.behind.Round(time.Second))
	}
}

func (r *runner) clockOff(name string, ahead time.Duration) {
	way, by := "ahead of", ahead.Abs().Round(time.Second)
	if ahead < 0 {
		way = "behind"
	}
	r.note("the clock of %s is %s %s this computer's: set the wrong one right (NTP); what is read and when it is tried again goes by them", name, by, way)
	r.log.Warn("clocks differ", "connection", name, "by", by, "its clock is", way+" ours")
}
