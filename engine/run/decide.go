package run

import (
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// decide lines up the acts that bring a document from where it stands to where it is to go. It
// writes nothing; what it can't decide is held.
func (r *runner) decide(s *sink, mv *move, now time.Time) {
	if mv.over() {
		return
	}
	if x := mv.doc.Pending; x != nil && x.Crashes >= fatalCrashes && mv.j != nil {
		x.Crashes, mv.dirty = 0, true // whoever retries it by hand gets three more
		mv.stop(crashes(mv))
		return
	}
	switch {
	case s.finisher != nil: // what isn't written now is gone with the old content
		mv.acts = []act{{kind: state.Create}}
	case mv.withdraws:
		r.decideBack(s, mv, now)
	case mv.doc.Pending != nil && s.resends(mv):
		r.sendAgain(s, mv)
	case mv.doc.Pending != nil && !(s.prober == nil && r.blindly(s, mv, now)):
		if !mv.over() {
			mv.later(later(s.asks(mv.doc.Pending, now), now), stillInDoubt(mv))
		}
	case mv.doc.Confirmed == nil:
		r.fresh(s, mv, now)
	default:
		r.existing(s, mv, now)
	}
}

// later is until, or a little after now when that is over: asked again at once it would say the same.
func later(until, now time.Time) time.Time {
	if until.Before(now.Add(time.Second)) {
		return now.Add(time.Second)
	}
	return until
}

// resends says that what is in doubt may go out again without waiting: a create where the target
// itself sees to it that no second document comes of it, and a step forward with the same content.
func (s *sink) resends(mv *move) bool {
	x, c := mv.doc.Pending, mv.doc.Confirmed
	switch {
	case mv.withdraws: // nothing is made for a record that is cancelled
		return false
	case x.AskAt == state.Absent:
		return true
	case x.AskAt != 0:
		return false
	case c == nil: // it refuses nothing while it may number by itself; a mark finds what it has made
		return x.Action == state.Create && s.traits.RefusesSecond && (x.Mark == "" || s.proven.Load())
	}
	op := connector.Op(x.Op)
	return x.Action == state.Step && (op == connector.Submit || op == connector.Audit) && !c.Unsure && c.Hash == mv.hash && mv.asked != nil
}

func (r *runner) sendAgain(s *sink, mv *move) {
	if mv.doc.Confirmed == nil {
		r.create(s, mv)
		return
	}
	mv.goOn(s, max(mv.asked.Stage, connector.Saved))
}

// fatalCrashes is how often a document may be alone on its way when the process ends.
const fatalCrashes = 3

// fresh decides about a document that the ledger does not know to be there.
func (r *runner) fresh(s *sink, mv *move, now time.Time) {
	if p := mv.asked; p != nil && p.Found {
		switch {
		case p.Many:
			mv.stop(several(mv))
			return
		case r.whose(s, mv, p) != connector.MadeByUs && s.target.Found != AdoptFound:
			mv.stop(foreign(mv))
			return
		}
		mv.doc.Confirmed = s.found(mv, p, mv.mark == "" || p.Mark != mv.mark)
		mv.dirty = true
		r.existing(s, mv, now)
		return
	}
	r.create(s, mv)
}

func (r *runner) create(s *sink, mv *move) {
	mv.acts = []act{{kind: state.Create}}
	mv.then(s)
}

// existing decides about a document that is there.
func (r *runner) existing(s *sink, mv *move, now time.Time) {
	c := mv.doc.Confirmed
	p := mv.asked
	switch {
	case p != nil && p.Cancelled, p == nil && c.Cancelled:
		mv.dirty = mv.dirty || !c.Cancelled
		c.Cancelled = true // so that it is known again when a person has taken that back, or deleted it
		mv.stop(cancelled(mv))
		return
	case p != nil && !p.Found && (c.Cancelled || mv.j != nil && mv.j.old.Standing == state.Withdrawn):
		mv.doc.Confirmed = nil // the withdrawn document was removed there: its number is free
		r.create(s, mv)
		return
	case p != nil && s.astray(mv, *p) != nil:
		mv.stop(s.astray(mv, *p))
		return
	case p != nil && c.Cancelled: // somebody has taken the cancellation back, as we asked
		c.Cancelled, c.Stage, mv.dirty = false, uint8(max(p.Stage, connector.Saved)), true
		s.asOf(c, p)
	}
	identical := !c.Unsure && c.Hash == mv.hash
	stage, goal := connector.Stage(c.Stage), s.goal()
	if p != nil {
		stage = max(p.Stage, connector.Saved)
	}
	switch {
	case mv.j == nil || identical && stage < goal: // go on from the stage reached
		mv.goOn(s, stage)
	case identical:
		mv.goOn(s, stage)
		if !mv.progress {
			mv.end = same
		}
	case c.Unsure && now.Before(r.settling(s)):
		mv.later(r.settling(s), stillInDoubt(mv))
	default:
		r.changed(s, mv, stage, goal)
	}
}

// goOn lines up the steps that are missing. One that a person has taken meanwhile is taken.
func (mv *move) goOn(s *sink, stage connector.Stage) {
	if was := connector.Stage(mv.doc.Confirmed.Stage); stage != was {
		mv.doc.Confirmed.Stage, mv.dirty = uint8(stage), true
		mv.progress = stage > was
	}
	mv.then(s)
}

// tell names what a move would do, for a dry run.
func (mv *move) tell() string {
	switch a := mv.acts[0]; {
	case a.kind == state.Create:
		return "create"
	case a.kind == state.Update:
		return "update"
	case slices.Contains(mv.acts, act{kind: state.Update}):
		return "reopen"
	case mv.withdraws:
		return mv.acts[len(mv.acts)-1].op.String()
	default:
		return a.op.String()
	}
}

// needsAsking says that the target has to be asked before anything is decided.
func (s *sink) needsAsking(mv *move) bool {
	if s.prober == nil || mv.over() {
		return false
	}
	c := mv.doc.Confirmed
	switch {
	case mv.doc.Pending != nil:
		return true
	case c == nil:
		return !mv.had && !s.traits.RefusesSecond && !mv.withdraws
	case mv.withdraws:
		return s.target.Withdrawn != IgnoreWithdrawn
	case c.Cancelled, mv.j != nil && mv.j.returns():
		return true
	}
	return mv.j != nil && (c.Unsure || c.Hash != mv.hash) || connector.Stage(c.Stage) < s.goal()
}

func (s *sink) found(mv *move, p *connector.Probed, unsure bool) *state.Confirmed {
	c := &state.Confirmed{Unsure: unsure, ID: p.ID, Number: p.Number, Stage: uint8(max(p.Stage, connector.Saved)), Cancelled: p.Cancelled}
	if c.Number == "" {
		c.Number = mv.ref.Key
	}
	if !unsure {
		c.Hash = mv.hash
	}
	s.asOf(c, p)
	return c
}

// asOf takes over when the document was changed last, where the target tells it.
func (s *sink) asOf(c *state.Confirmed, p *connector.Probed) {
	if !p.Modified.IsZero() {
		c.At = nanos(p.Modified.Add(-s.ahead))
	}
}

func (r *runner) owner(mv *move) state.Owner {
	return state.Owner{Pipeline: r.pid, Key: mv.j.key}
}

func (r *runner) ownerName(o state.Owner) string {
	name := r.p.Name
	if o.Pipeline != r.pid {
		_ = r.store.View(func(tx state.Tx) (err error) { // only a name for a message
			name, err = state.PipelineName(tx, o.Pipeline)
			return err
		})
	}
	return "record " + o.Key + " of pipeline " + name
}

// The problems that a decision ends in.

func holding(mv *move, id, reason, hint string) *problem.Error {
	p := &problem.Error{Class: problem.Held, ID: id, Reason: reason, Hint: hint}
	if mv.j != nil {
		p.Key = mv.j.key
	}
	return p
}
