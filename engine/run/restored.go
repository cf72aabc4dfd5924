package run

import (
	"fmt"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// After a backup was put back, the ledger lacks what was written since it was made: the lost time.
// A document that may have been written then is in doubt, not another's: it gets a Pending as if
// its answer had not come, and goes the way of all doubts. That ends with the first pass over
// everything that changed in the lost time.

// lostTime gives a document that may have been written in the lost time a send of which nobody knows
// what became. The row itself isn't written for that alone: while the mark stands, it is found out
// again. What can't be asked for is a person's to tell.
func (r *runner) lostTime(tx state.Tx, s *sink, mv *move) error {
	span, c := r.known.Restored, mv.doc.Confirmed
	switch {
	case span == nil, mv.over(), mv.doc.Pending != nil, s.finisher != nil, mv.rewrites():
		return nil
	case mv.j == nil && c != nil: // a master that is there; nobody changes it
		return nil
	case mv.j != nil && mv.j.ver.Changed != 0 && instant(mv.j.ver.Changed).After(span.At.Add(longBefore)):
		return nil // nobody can have sent it then
	case c != nil && s.prober == nil:
		c.Unsure = true
		return nil
	case s.prober == nil && !s.traits.RefusesSecond:
		return r.askPerson(tx, mv)
	}
	x := &state.Pending{Action: state.Create, Hash: mv.hash, Sent: nanos(span.Backup), Sends: 1, Mixed: true}
	switch {
	case c != nil:
		x.Action = state.Update // settling waits for what may still land
	case !s.traits.RefusesSecond:
		x.AskAt = nanos(span.At.Add(s.traits.Longest))
	}
	mv.doc.Pending, mv.lost = x, true
	return nil
}

// mayBeOfLostTime says that a document may have been written to in the lost time.
func (r *runner) mayBeOfLostTime(s *sink, p connector.Probed) bool {
	span := r.known.Restored
	return span != nil && (p.Modified.IsZero() || !p.Modified.Add(longBefore).Before(s.earliest(span.Backup)))
}

// askPerson holds a document that may have been written in the lost time to a target that nobody
// can ask; unless a person has looked, and retries it.
func (r *runner) askPerson(tx state.Tx, mv *move) error {
	if mv.j == nil {
		return nil
	}
	e, ok, err := state.GetException(tx, r.pid, mv.j.key)
	if err != nil {
		return err
	}
	if ok && e.ID == "PC509" && e.Status == state.Retrying {
		return nil
	}
	mv.stop(maybeWritten(mv, *r.known.Restored))
	return nil
}

func maybeWritten(mv *move, span state.Restored) *problem.Error {
	return holding(mv, "PC509",
		fmt.Sprintf("document %s may have been written to %s between the backup of %s and %s, when it was put back, and nobody can be asked", mv.ref.Key, mv.sink, shortTime(span.Backup), shortTime(span.At)),
		"look for it there. It is there: "+skipHint+"; it is not: pipectl errors retry {records}")
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// unproven holds a document of the lost time that can't be written over: nobody can tell whether it
// has the newest content.
func unproven(mv *move) *problem.Error {
	return holding(mv, "PC509",
		fmt.Sprintf("document %s was written to %s after the backup that was put back, and nobody knows whether with the record's newest content", mv.ref.Key, mv.sink),
		"compare both. The document is right: "+skipHint+"; it is not: un-audit it there (反审核), "+retryHint)
}

// settling says until when something that was sent in the lost time may still land.
func (r *runner) settling(s *sink) time.Time {
	if r.known.Restored == nil {
		return time.Time{}
	}
	return r.known.Restored.At.Add(s.traits.Longest)
}

// inLostTime says that a version came up in the lost time. Clocks differ a little.
func inLostTime(span *state.Restored, v state.Version) bool {
	if v.Changed == 0 {
		return true
	}
	at := instant(v.Changed)
	return !at.After(span.At.Add(longBefore)) && !at.Before(span.Backup.Add(-longBefore))
}

// judgedAnew says that a record is judged although its content is known: in the lost time it may
// have been sent with other content, and changed back since.
func (r *runner) judgedAnew(v state.Version, s state.Standing) bool {
	span := r.known.Restored
	return span != nil && s == state.Delivered && r.main != nil && inLostTime(span, v)
}

// passed ends the doubt about the lost time: all that changed since the backup was read again, at a
// time when nothing that was sent before could land any more, and nothing of it stands open.
func (r *runner) passed(tx state.Tx, p *state.Pipeline) error {
	span := p.Restored
	if span == nil {
		return nil
	}
	whole := r.o.Limit == 0 && len(r.o.Keys) == 0 && r.o.Since.IsZero() && r.o.Until.IsZero()
	read := r.p.Source.Reread.Every == 0 || r.o.Full || !r.known.Reread.Before(span.At)
	if !whole || !read || r.main != nil && r.started.Before(span.At.Add(r.main.traits.Longest)) {
		return nil
	}
	open := false
	err := state.EachOpen(tx, r.pid, func(e state.Exception) (bool, error) {
		open = e.ID != "PC509" && (e.Version.Changed == 0 && e.Kind == state.Later || e.Version.Changed != 0 && inLostTime(span, e.Version))
		return !open, nil
	})
	if err == nil && !open {
		p.Restored = nil
	}
	return err
}
