package run

import "github.com/pipectl/pipectl/engine/connector"

// stretch of a run's way: what is done, and how urgent its calls are beside those of other pipelines
// that use the same connections.
type stretch struct {
	do     func() error
	urgent connector.Priority
}

// stretches are everything that a run does, in order.
func (r *runner) stretches() []stretch {
	if r.o.DryRun {
		return []stretch{{r.reachable, connector.Live}, {r.again, connector.Retry}, {r.live, r.urgency()}, {r.vanished, r.urgency()}}
	}
	return []stretch{
		{r.reachable, connector.Live},
		{r.recover, connector.Retry},
		{r.settle, connector.Retry},
		{r.open, r.urgency()},
		{r.again, connector.Retry},
		{r.live, r.urgency()},
		{r.vanished, r.urgency()},
		{r.reread, connector.BackFill},
	}
}

// urgency is that of what is read from the source: old windows and whole readings give way. A record
// that a person names is as urgent as what just happened.
func (r *runner) urgency() connector.Priority {
	old := !r.o.Since.IsZero() || !r.o.Until.IsZero() || r.o.Full
	if old && len(r.o.Keys) == 0 {
		return connector.BackFill
	}
	return connector.Live
}

// turnTo makes the calls from here on as urgent as that, or as the pipeline says when that is less. No
// batch may be in flight.
func (r *runner) turnTo(p connector.Priority) {
	r.ctx = connector.WithPriority(r.ctx, max(p, r.p.Priority))
}
