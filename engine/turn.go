package engine

import (
	"context"
	"time"
)

// turn is the right to run a pipeline: one run of it goes at a time, so that a record is on one way
// only.
type turn struct {
	free  chan struct{} // holds one thing while nobody runs it
	since time.Time     // when the run that goes on began
}

// takeTurn waits until no other run of the pipeline goes on, and tells waits, which may be nil, for
// whom. What it answers gives the turn back.
func (e *Engine) takeTurn(ctx context.Context, pipeline string, waits func(since time.Time)) (done func(), err error) {
	e.mu.Lock()
	t := e.turns[pipeline]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		e.turns[pipeline] = t
	}
	since := t.since
	e.mu.Unlock()
	select {
	case <-t.free:
	default:
		e.log.Info("waits for another run of the pipeline", "pipeline", pipeline, "since", since)
		if waits != nil {
			waits(since)
		}
		select {
		case <-t.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	e.mu.Lock()
	t.since = e.now()
	e.mu.Unlock()
	return func() { t.free <- struct{}{} }, nil
}
