package run

import (
	"context"
	"log/slog"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// Options say how a pipeline is run this time.
type Options struct {
	Store state.Store
	Clock Clock        // nil: the computer's
	Log   *slog.Logger // nil: nothing is logged
	Dir   string       // for files that don't outlive the run: where the state lies; "": the system's own

	Since, Until time.Time // a window of its own; the cursor stays where it is
	Said         string    // how the window was asked for, as flags: the same ones go on with a window that was not read to its end
	Keys         []string  // only these records
	Limit        int       // stop reading after so many records; 0: all
	Full         bool      // read everything, whatever the cursor says
	Remap        bool      // apply today's mapping to delivered records too
	DryRun       bool      // write nothing, neither to the target nor to the state

	Progress func(Report)          // called after each commit, never twice at once
	Planned  func(Change)          // of a dry run: what would be done, document by document, and what would not
	Requests func() map[string]int // requests made so far, by connection; for the report
	// Reached is called at each named point of the way (see the package's documentation). When it
	// answers false the run is abandoned on the spot, as if the process had been killed there:
	// nothing more is written, to the target or to the state. Several goroutines call it at once.
	Reached func(point string) bool
}

// Change is what a dry run would do with one document, or why it would do nothing.
type Change struct {
	Key       string // of the record
	TargetKey string
	What      string // create, update, reopen, submit, audit, cancel, delete; with a Problem: the kind of exception
	Document  value.Record
	Problem   *problem.Error // nil: a document
}

// Clock is time as a run sees it.
type Clock interface {
	Now() time.Time
	// Sleep waits, or gives up when the context ends.
	Sleep(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
