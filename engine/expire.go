package engine

import (
	"time"

	"github.com/pipectl/pipectl/engine/state"
)

// How long is kept what nobody waits for any more: closed exceptions with the record as it was
// read, reports of runs and alerts. What is open never expires, nor do keys, hashes and target ids.
const (
	keepClosed = 90 * 24 * time.Hour
	keepRuns   = 30 * 24 * time.Hour
)

// expire removes what is older, at the first run of a day: looking through it costs time.
func (e *Engine) expire(pipeline string, before, now time.Time) error {
	if before.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return nil
	}
	return e.store.Update(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, pipeline, false)
		if err != nil || id == 0 {
			return err
		}
		if _, err := state.Expire(tx, id, now.Add(-keepClosed)); err != nil {
			return err
		}
		if err := state.ExpireOverrides(tx, id, now.Add(-keepClosed)); err != nil {
			return err
		}
		if err := state.ExpireAlerts(tx, now.Add(-keepRuns)); err != nil {
			return err
		}
		return state.ExpireRuns(tx, now.Add(-keepRuns))
	})
}

// lastRun is when the pipeline was started last; zero when it never was.
func (e *Engine) lastRun(pipeline string) (time.Time, error) {
	var at time.Time
	err := e.store.View(func(tx state.Tx) error {
		return state.EachRun(tx, pipeline, func(r state.Run) (bool, error) {
			at = r.Started
			return false, nil
		})
	})
	return at, err
}
