package run

import (
	"fmt"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// Windows are read beside the cursor and leave it where it is: the older one that is looked at again
// (补漏), and the one that somebody asks for (补历史数据). Each stands in the state until all that it
// brought has an outcome, and a run that is killed in it goes on where it was.

// backfill reads the window that the options ask for.
func (r *runner) backfill(q connector.Query) error {
	w := r.wanted()
	if r.o.DryRun || r.o.Limit > 0 {
		q.Window = &connector.Window{From: w.From, To: w.To}
		return r.read(q, unmarked, nil)
	}
	switch old := r.known.Backfill; {
	case old == nil:
	case old.Said == w.Said && old.Cursor != "":
		r.note("the back-fill %s goes on at %s, where run %s was left", w.Said, old.Cursor, old.Run)
		w.From, w.Cursor, w.Started, w.Run = old.From, old.Cursor, old.Started, old.Run
	case old.Said != w.Said:
		r.note("another back-fill, %s, was not finished: it is given up for this one", old.Said)
	}
	if err := r.window(q, backfill, &w, func(p *state.Pipeline) { p.Backfill = &w }); err != nil {
		return err
	}
	r.filled = true
	return nil
}

// wanted is the window that the options ask for. Without an end it goes up to now, also when it goes
// on later.
func (r *runner) wanted() state.Window {
	w := state.Window{Said: r.o.Said, From: r.o.Since, To: r.o.Until, Started: r.started, Run: r.id}
	if w.From.IsZero() {
		w.From = r.p.Source.Query.Start
	}
	if w.To.IsZero() {
		w.To = r.sourceNow()
	}
	if w.Said == "" {
		w.Said = said("--since", r.o.Since) + said(" --until", r.o.Until)
	}
	return w
}

func said(flag string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return flag + " " + t.Format(time.RFC3339)
}

// reread looks again at an older window, at its own pace and after live work.
func (r *runner) reread() error {
	every := r.p.Source.Reread.Every
	plain := len(r.o.Keys) == 0 && r.o.Since.IsZero() && r.o.Until.IsZero() && r.o.Limit == 0 && !r.o.Full
	if every == 0 || !plain || r.p.Source.Query.Field == "" {
		return nil
	}
	w := r.known.Rereading
	if w == nil {
		if since := r.started.Sub(r.known.Reread); since >= 0 && since < every {
			return nil
		}
		if r.known.Cursor == "" { // the first run has just read everything
			r.known.Reread = r.started
			return nil
		}
		w = &state.Window{From: r.rereadFrom(), To: r.sourceNow(), Started: r.started, Run: r.id}
	}
	if err := r.window(r.p.Source.Query, rereads, w, func(p *state.Pipeline) { p.Rereading = w }); err != nil {
		return err
	}
	r.known.Reread, r.known.Rereading = w.Started, nil
	return nil
}

// rereadFrom is where the older window begins. What may still appear late was looked at last by the
// reread before: after a standstill the window reaches back to there.
func (r *runner) rereadFrom() time.Time {
	last := r.sourceNow()
	if was := r.known.Reread; !was.IsZero() && was.Before(last) {
		last = was
	}
	return last.Add(-r.p.Source.Reread.Window)
}

// window reads a window from where it was left.
func (r *runner) window(q connector.Query, l lane, w *state.Window, keep func(*state.Pipeline)) error {
	err := r.commit("window", nil, func(tx state.Tx) error { return r.change(tx, keep) })
	if err != nil {
		return err
	}
	q.Window, q.Cursor = &connector.Window{From: w.From, To: w.To}, w.Cursor
	r.track.goOn(l, place{cursor: w.Cursor})
	return r.read(q, l, nil)
}

// windowsDone notes, at the end of a run, which windows were read to their end.
func (r *runner) windowsDone(p *state.Pipeline) {
	p.Reread = r.known.Reread
	p.Rereading = r.known.Rereading
	if r.p.Source.Reread.Every == 0 {
		p.Rereading = nil
	}
	if r.filled {
		p.Backfill = nil
	}
}

// note tells a person what the numbers of the report don't.
func (r *runner) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}
