package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/state"
)

// RunOptions say how a pipeline is run this time.
type RunOptions struct {
	Keys         []string  // only these records
	Since, Until time.Time // a window of its own: the cursor stays where it is
	Said         string    // how the window was asked for, as flags; "": by its times
	Limit        int       // stop after so many records; 0: all
	Full         bool      // read everything, whatever the cursor says
	Remap        bool      // apply today's mapping to delivered records too
	DryRun       bool      // write nothing, neither target nor state

	Progress func(run.Report)
	Planned  func(run.Change)
	Waits    func(since time.Time) // called when another run of the pipeline goes on, which began then
	Reached  func(point string) bool
}

// Run runs one pipeline once and reports what came of it. A run that stopped or is paused has its
// reason in the report; an error means that it never began.
func (e *Engine) Run(ctx context.Context, name string, o RunOptions) (run.Report, error) {
	p, err := e.pipeline(name)
	if err != nil {
		return run.Report{}, err
	}
	if e.Project.Protected && !o.DryRun {
		return run.Report{}, &problem.Error{
			Class: problem.Fatal, ID: "PC605", Pipeline: name,
			Reason: "environment " + e.Project.Environment + " is protected: it runs only what an approved plan says",
			Hint:   "this release has no plans yet: use --dry-run, or an environment without `protected: true`",
		}
	}
	done, err := e.takeTurn(ctx, name, o.Waits)
	if err != nil {
		return run.Report{}, problem.In(err, problem.Error{Class: problem.Transient, ID: "PC460", Pipeline: name, Reason: "the run was interrupted while it waited for another one"})
	}
	defer done()
	ready, err := p.ready(ctx, e, o)
	if err != nil {
		return run.Report{}, problem.In(err, problem.Error{Pipeline: name})
	}
	before, err := e.lastRun(name)
	if err != nil {
		return run.Report{}, err
	}
	report, err := run.Run(ctx, ready, run.Options{
		Store: e.store, Dir: filepath.Dir(e.file), Clock: e.clock(), Log: e.log.With("pipeline", name),
		Since: o.Since, Until: o.Until, Said: o.Said, Keys: o.Keys, Limit: o.Limit,
		Full: o.Full, Remap: o.Remap, DryRun: o.DryRun,
		Progress: o.Progress, Planned: o.Planned, Requests: e.meter.since(), Reached: o.Reached,
	})
	if err == nil && !o.DryRun {
		if err := e.expire(name, before, e.now()); err != nil {
			e.log.Warn("old reports and closed exceptions could not be removed", "pipeline", name, "reason", err)
		}
		if err := e.backupWhenDue(); err != nil {
			e.log.Warn("the state could not be copied", "reason", err)
			report.Notes = append(report.Notes, notCopied(err))
			if err := e.noteNotCopied(name, report, err); err != nil {
				e.log.Warn("the report could not be stored again", "pipeline", name, "reason", err)
			}
		}
	}
	return report, err
}

// Delivered lists keys of records that are where they belong, at most n.
func (e *Engine) Delivered(pipeline string, n int) ([]string, error) {
	var out []string
	err := e.store.View(func(tx state.Tx) error {
		out = nil
		id, err := state.PipelineID(tx, pipeline, false)
		if err != nil || id == 0 {
			return err
		}
		return state.EachRecord(tx, id, "", func(key string, r state.Record) (bool, error) {
			if r.Standing == state.Delivered && len(r.Docs) > 0 {
				out = append(out, key)
			}
			return len(out) < n, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return out, nil
}
