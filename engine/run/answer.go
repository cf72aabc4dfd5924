package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// tries bounds how often a document is sent again that surely was not touched, for reasons that
// aren't its own.
const tries = 3

// take takes in the answers of one act. When the target throttles, it answers what it said.
func (r *runner) take(s *sink, group []*move, outs []connector.Outcome) (wait *problem.Error) {
	now := r.now()
	for i, mv := range group {
		o := outs[i]
		switch o.State {
		case connector.Written:
			if s.unnamed(mv, o) {
				mv.why = notAnswered(mv, unnamed())
				continue
			}
			r.written(s, mv, o, now)
		case connector.Refused:
			r.refused(s, mv, o.Err)
		case connector.Untouched:
			if o.Err != nil && o.Err.Class == problem.Throttled {
				wait, mv.unsent = o.Err, true
				continue
			}
			if o.Err != nil && o.Err.Class == problem.Fatal {
				r.refused(s, mv, o.Err)
				continue
			}
			mv.unsent = true
			if mv.tries++; mv.tries >= tries {
				mv.undo()
				mv.stop(untouched(mv, o.Err))
			}
		case connector.Accepted:
			if mv.doc.Pending != nil {
				mv.doc.Pending.AskAt, mv.dirty = nanos(o.AskAt), true
			}
			mv.later(o.AskAt, stillInDoubt(mv))
		case connector.Unknown:
			mv.taken = o.Taken
			mv.why = notAnswered(mv, o.Err)
		}
	}
	return wait
}

// unnamed: a success that names no document proves nothing, where the target can be asked.
func (s *sink) unnamed(mv *move, o connector.Outcome) bool {
	return mv.acts[0].kind == state.Create && o.ID == "" && o.Number == "" && s.ledger && s.prober != nil
}

func unnamed() *problem.Error {
	return &problem.Error{Class: problem.Transient, Reason: "it said that it is done, and named no document"}
}

func untouched(mv *move, cause *problem.Error) *problem.Error {
	p := notAnswered(mv, cause)
	p.Reason = fmt.Sprintf("document %s was not taken by %s", mv.ref.Key, mv.sink)
	if cause != nil {
		p.Reason += ": " + reason(cause)
	}
	return p
}

// settleAs ends the doubt about a document: c is what the target holds, nil for nothing new.
func (mv *move) settleAs(c *state.Confirmed) {
	mv.doc.Pending, mv.prior, mv.dirty, mv.taken = nil, nil, true, false
	if c != nil {
		mv.doc.Confirmed = c
	}
	if mv.doc.Confirmed == nil { // the target key is free again
		mv.doc.Owner = state.Owner{}
	}
}

// written takes in that an act was done.
func (r *runner) written(s *sink, mv *move, o connector.Outcome, now time.Time) {
	a := mv.acts[0]
	mv.acts = mv.acts[1:]
	mv.progress = !mv.rewrites()
	c := state.Confirmed{Number: mv.ref.Key}
	if was := mv.doc.Confirmed; was != nil {
		c = *was
	}
	c.At = nanos(now)
	if !o.At.IsZero() {
		c.At = nanos(o.At)
	}
	if a.kind == state.Step {
		r.stepped(mv, &c, a.op, o.Stage)
		return
	}
	if o.ID != "" {
		c.ID = o.ID
	}
	if o.Number != "" {
		c.Number = o.Number
	}
	c.Hash, c.Unsure, c.Restore = mv.hash, false, 0
	if x := mv.doc.Pending; x != nil && a.kind == state.Create {
		c.Echo = x.Sends > 1
	}
	c.Stage = uint8(max(o.Stage, connector.Saved))
	mv.created = mv.progress && mv.doc.Confirmed == nil
	mv.updated = mv.progress && mv.doc.Confirmed != nil
	mv.settleAs(&c)
	if o.Number != "" && o.Number != mv.ref.Key && mv.created {
		r.numberedItself(mv, o.Number)
		return
	}
	s.proven.Store(true)
	mv.skipReached()
}

// numberedItself ends the run: the target has given a document another number than the one sent.
func (r *runner) numberedItself(mv *move, number string) {
	p := numbersItself(mv, number)
	r.stop(problem.In(p, problem.Error{Pipeline: r.p.Name}))
	held := *p
	held.Class = problem.Held
	mv.stop(&held)
}

// stepped takes in that an operation was done.
func (r *runner) stepped(mv *move, c *state.Confirmed, op connector.Op, stage connector.Stage) {
	switch op {
	case connector.Cancel:
		c.Cancelled = true
		mv.end = withdrawn
	case connector.Delete:
		mv.doc.Confirmed = nil
		mv.settleAs(nil)
		mv.end = withdrawn
		return
	case connector.UnAudit, connector.UnSubmit:
		c.Restore = max(c.Restore, c.Stage)
		c.Stage = uint8(connector.Saved)
	case connector.Submit, connector.Audit:
		c.Stage = uint8(max(stage, reaches(op)))
		if c.Restore != 0 && c.Stage >= c.Restore {
			c.Restore = 0
		}
	}
	mv.settleAs(c)
	if mv.refusal != nil && len(mv.acts) == 0 {
		mv.stop(mv.refusal)
		return
	}
	if !takesBack(op) {
		mv.skipReached()
	}
}

// skipReached leaves out steps whose stage the document has already.
func (mv *move) skipReached() {
	for len(mv.acts) > 0 && mv.acts[0].kind == state.Step {
		op := mv.acts[0].op
		if op != connector.Submit && op != connector.Audit || reaches(op) > connector.Stage(mv.doc.Confirmed.Stage) {
			return
		}
		mv.acts = mv.acts[1:]
	}
}

// refused takes in that an act was surely not done, for the document's own reason.
func (r *runner) refused(s *sink, mv *move, cause *problem.Error) {
	if cause == nil {
		cause = &problem.Error{Class: problem.Held, Reason: "document " + mv.ref.Key + " was refused by " + s.String() + " without a reason", Hint: "look into its log, " + retryHint}
	}
	a := mv.acts[0]
	p := *cause
	mv.undo()
	if p.Class == problem.Fatal {
		if p.Login {
			r.fell(s.name, &p)
		}
		r.stop(problem.In(&p, problem.Error{Pipeline: r.p.Name}))
		p.Class = problem.Transient // the record's own attempt is as good as not made
		mv.stop(&p)
		mv.free, mv.until = true, r.now()
		return
	}
	if c := mv.doc.Confirmed; c != nil && c.Restore != 0 && a.kind == state.Update {
		if p.Class == problem.Transient { // it will be tried again; whoever sees it waiting is to know
			p.Reason = notSavedYet(mv, &p)
			mv.stop(&p)
			return
		}
		mv.refusal = refusedReopened(mv, &p)
		mv.acts = nil
		mv.then(s) // the old content goes back to where it was, and no further
		mv.acts = slices.DeleteFunc(mv.acts, func(a act) bool { return reaches(a.op) > connector.Stage(c.Restore) })
		if len(mv.acts) > 0 {
			return
		}
		mv.stop(mv.refusal)
		return
	}
	mv.stop(&p)
}
