package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Withdrawal is the way back: a record that has something in the target, and is cancelled or gone at
// its source. It ends the delivery; what returns is delivered anew.

// dropped ends records that a where left out. One that has a document is withdrawn when it has
// changed itself: what happens to its document is the pipeline's to say.
func (r *runner) dropped(jobs []*job) error {
	var ended, back []*job
	for _, j := range jobs {
		if !r.hasDocument(j) {
			j.end = filtered
			ended = append(ended, j)
			continue
		}
		own, err := r.changedItself(j)
		switch {
		case err != nil:
			return err
		case !own:
			r.leftAlone(j)
			ended = append(ended, j)
		case r.replaces(): // the new content of the target is without it
			j.end = withdrawn
			ended = append(ended, j)
		default:
			j.withdrawal = state.Cancelled
			back = append(back, j)
		}
	}
	if err := r.outcomes("outcome", ended); err != nil {
		return err
	}
	return r.withdraw(back)
}

// changedItself says that it is the record that has changed since its document was written, and not
// the where that leaves it out now.
func (r *runner) changedItself(j *job) (bool, error) {
	same := j.content() == j.old.Hash || r.p.Live && j.text == j.old.Text
	switch {
	case j.content() == j.old.Done:
		return false, nil
	case !same:
		return true, nil
	}
	switch j.old.Standing { // its newest content was judged before: was it withdrawn then?
	case state.Delivered, state.Withdrawn, state.Skipped:
		return false, nil
	case state.Unseen, state.Sending, state.Waiting, state.Invalid, state.Held, state.Failed:
	}
	var e state.Exception
	err := r.store.View(func(tx state.Tx) (err error) {
		e, _, err = state.GetException(tx, r.pid, j.key)
		return err
	})
	return e.Withdrawn != "", err
}

// leftAlone ends a record that only a new where leaves out.
func (r *runner) leftAlone(j *job) {
	switch j.old.Standing {
	case state.Delivered:
		j.end = unchanged
		r.oldMapping()
	case state.Withdrawn, state.Skipped:
		j.end = unchanged
	case state.Unseen, state.Sending, state.Waiting, state.Invalid, state.Held, state.Failed:
		if j.content() == j.old.Done && !j.gone {
			j.end = same // it has come back to what was delivered
			return
		}
		j.fail(&problem.Error{
			Class: problem.Held, ID: "PC431", Pipeline: r.p.Name, Key: j.key,
			Reason: fmt.Sprintf("record %s is left out by the pipeline's where now, and its document %s is not finished in %s", j.key, j.old.Docs[0].Key, r.main),
			Hint:   "a new where takes nothing back: finish or delete the document there, then " + skipHint + "; or change the where back, " + retryHint,
		})
	}
}

// hasDocument says that something of the record may be in the target.
func (r *runner) hasDocument(j *job) bool {
	if !j.known || r.main == nil || len(j.old.Docs) == 0 {
		return false
	}
	found := false
	err := r.store.View(func(tx state.Tx) error {
		for _, ref := range j.old.Docs {
			d, ok, err := state.GetDocument(tx, ref)
			if err != nil {
				return err
			}
			found = found || ok && (d.Confirmed != nil || d.Pending != nil)
		}
		return nil
	})
	return found || err != nil // what can't be read is not taken for nothing; the next commit fails on it
}

// withdraw answers records that have a document, at least a part of one or one in doubt, and are
// cancelled or gone at their source.
func (r *runner) withdraw(jobs []*job) error {
	var ended, back []*job
	for _, j := range jobs {
		if r.main == nil || len(j.old.Docs) == 0 { // a row for others, or an exception: there is nothing to take back
			j.end = withdrawn
			ended = append(ended, j)
			continue
		}
		back = append(back, j)
	}
	if err := r.outcomes("outcome", ended); err != nil || len(back) == 0 {
		return err
	}
	r.busy.add(back)
	for batch := range slices.Chunk(back, r.main.size()) {
		if err := r.depart(batch, r.recall); err != nil {
			return err
		}
	}
	return nil
}

// recall takes the documents of a batch of records back.
func (r *runner) recall(s *sink, jobs []*job) error {
	moves := make([]*move, len(jobs))
	for i, j := range jobs {
		moves[i] = &move{j: j, sink: s, ref: j.old.Docs[0], withdraws: true, hash: j.content()}
	}
	return r.carry(s, moves, jobs)
}

// decideBack decides about the document of a withdrawn record. What may still land is waited for,
// whatever the pipeline says: a document that comes later would be nobody's.
func (r *runner) decideBack(s *sink, mv *move, now time.Time) {
	if x := mv.doc.Pending; x != nil && x.AskAt == state.Absent {
		mv.settleAs(nil)
	} else if x != nil && !(s.prober == nil && r.blindly(s, mv, now)) {
		if !mv.over() {
			mv.later(later(s.asks(x, now), now), stillInDoubt(mv))
		}
		return
	}
	c, p := mv.doc.Confirmed, mv.asked
	switch {
	case c == nil: // it never got there
		mv.end = withdrawn
	case p != nil && !p.Found: // somebody removed it there
		mv.doc.Confirmed = nil
		mv.settleAs(nil)
		mv.end = withdrawn
	case s.target.Withdrawn == IgnoreWithdrawn:
		mv.end = withdrawn
	case p != nil && s.astray(mv, *p) != nil:
		mv.stop(s.astray(mv, *p))
	case p != nil && p.Cancelled, p == nil && c.Cancelled:
		mv.dirty = mv.dirty || !c.Cancelled
		c.Cancelled = true
		mv.end = withdrawn
	case s.target.Withdrawn == HoldWithdrawn:
		mv.stop(withdrawnHeld(mv, p))
	case p != nil && touchedByPerson(s, c, p):
		mv.stop(edited(mv, p))
	case c.Echo && s.target.Withdrawn == DeleteWithdrawn && now.Before(instant(c.At).Add(s.traits.Longest)):
		mv.later(instant(c.At).Add(s.traits.Longest), echoes(mv))
	default:
		r.takeBack(s, mv)
	}
}

// takeBack lines up what withdraws a document.
func (r *runner) takeBack(s *sink, mv *move) {
	c := mv.doc.Confirmed
	if p := mv.asked; p != nil {
		c.Stage = uint8(max(p.Stage, connector.Saved))
	}
	op := connector.Cancel
	if s.target.Withdrawn == DeleteWithdrawn {
		op = connector.Delete
	}
	if !slices.Contains(s.traits.Ops, op) || s.stager == nil {
		mv.stop(noStep(mv, op))
		return
	}
	if stage := connector.Stage(c.Stage); stage > connector.Saved {
		if back, ok := s.takesOut(stage); ok {
			mv.acts = append(mv.acts, act{state.Step, back})
		}
	}
	mv.acts = append(mv.acts, act{state.Step, op})
}

// echoes is a document whose number must not be given free yet: an earlier send of it would land there.
func echoes(mv *move) *problem.Error {
	p := holding(mv, "PC423", fmt.Sprintf("document %s was sent to %s more than once when nobody answered, and one of the sends may still arrive: it is deleted when none can", mv.ref.Key, mv.sink),
		"nothing to do: it goes on by itself")
	p.Class = problem.Transient
	return p
}

func withdrawnHeld(mv *move, p *connector.Probed) *problem.Error {
	stage := connector.Stage(mv.doc.Confirmed.Stage)
	if p != nil && p.Stage != connector.NoStage {
		stage = p.Stage
	}
	where := "is cancelled at its source"
	if mv.j.gone {
		where = "is gone from its source"
	}
	out := holding(mv, "PC405", fmt.Sprintf("record %s %s, and its document %s in %s is %s", mv.j.key, where, mv.ref.Key, mv.sink, stage),
		"cancel (作废) or delete the document there, "+retryHint+", which looks at it; to leave it as it is: "+skipHint+"; `withdrawn: cancel` or `delete` in the target has pipectl do it")
	out.At = mv.sink.target.At.Withdrawn
	return out
}

// returns says that a record was withdrawn, is held, or a person closed it: somebody may have worked
// on its document since.
func (j *job) returns() bool {
	if !j.known {
		return false
	}
	switch j.old.Standing {
	case state.Withdrawn, state.Held, state.Skipped:
		return true
	case state.Unseen, state.Sending, state.Delivered, state.Waiting, state.Invalid, state.Failed:
	}
	return j.old.Hash.IsZero()
}
