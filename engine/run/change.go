package run

import (
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// changed decides about a document whose record has other content now.
func (r *runner) changed(s *sink, mv *move, stage, goal connector.Stage) {
	c, p := mv.doc.Confirmed, mv.asked
	complete := mv.j.known && !mv.j.old.Done.IsZero() && !c.Unsure && c.Restore == 0 && connector.Stage(c.Stage) >= goal
	if complete {
		switch s.target.Changed {
		case Skip:
			mv.end = same
			return
		case HoldChange:
			mv.stop(changeHeld(mv))
			return
		case Update, Reopen:
		}
	}
	if mv.lost {
		switch {
		case s.target.Changed == Skip && stage >= goal:
			mv.end = same
			return
		case s.target.Changed == HoldChange, s.target.Changed == Update && stage > connector.Saved:
			mv.stop(unproven(mv))
			return
		}
	}
	if p != nil && touchedByPerson(s, c, p) {
		if !mv.asTold(stage) {
			mv.stop(edited(mv, p))
			return
		}
		s.asOf(c, p)
		mv.dirty = true
	}
	if p != nil && p.Stage != connector.NoStage && uint8(p.Stage) != c.Stage {
		c.Stage, mv.dirty = uint8(p.Stage), true
	}
	if stage > connector.Saved {
		if s.target.Changed != Reopen {
			mv.stop(notEditable(mv, stage))
			return
		}
		op, ok := s.takesOut(stage)
		if !ok {
			mv.stop(noStep(mv, op))
			return
		}
		mv.acts = append(mv.acts, act{state.Step, op})
	}
	mv.acts = append(mv.acts, act{kind: state.Update})
	for _, op := range s.then {
		mv.acts = append(mv.acts, act{state.Step, op})
	}
}

// takesOut is the step after which a document in a stage beyond saved can be changed again, and
// whether the target has it.
func (s *sink) takesOut(stage connector.Stage) (connector.Op, bool) {
	op := connector.UnAudit
	if stage == connector.Submitted {
		op = connector.UnSubmit
	}
	return op, slices.Contains(s.traits.Ops, op)
}

// takesBack says that an operation undoes a stage.
func takesBack(op connector.Op) bool { return op == connector.UnAudit || op == connector.UnSubmit }

// touchedByPerson says that the document is not as we left it.
func touchedByPerson(s *sink, c *state.Confirmed, p *connector.Probed) bool {
	if c.Unsure { // nobody knows how we left it
		return false
	}
	if !p.Modified.IsZero() && p.Modified.After(instant(c.At).Add(s.ahead).Add(clockSlack)) {
		return true
	}
	return remarked(c, p) || p.Stage != connector.NoStage && uint8(max(p.Stage, connector.Saved)) != c.Stage
}

// asTold says that a person has done to the document what its hold asked for, and has retried it then:
// that is no change to be kept.
func (mv *move) asTold(stage connector.Stage) bool {
	switch mv.j.answers {
	case "PC407": // un-audit it there
		return stage <= connector.Saved
	case "PC426": // set its number back
		return true
	}
	return false
}

// clockSlack is how much later than our own last answer a change may be stamped and still be ours:
// clocks differ, and answers take their time.
const clockSlack = time.Second
