package run

import (
	"context"
	"errors"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// ask asks the target about documents before anything is decided: those in doubt, those that are to
// be changed, and new ones where the target would take a second one without a word.
func (r *runner) ask(s *sink, moves []*move) error {
	var open []*move
	for _, mv := range moves {
		if s.ledger && s.needsAsking(mv) {
			open = append(open, mv)
		}
	}
	if len(open) == 0 {
		return nil
	}
	answers, err := r.probeAll(s, open)
	if err != nil {
		return r.down(s.name, err)
	}
	settled := 0
	for i, mv := range open {
		p := answers[i]
		mv.asked = &p
		if mv.lost && mv.doc.Confirmed != nil && p.Found && !r.mayBeOfLostTime(s, p) {
			mv.doc.Pending = nil // it is as the ledger knows it
		}
		if mv.doc.Pending != nil && r.settled(s, mv, p) {
			settled++
			if c := mv.doc.Confirmed; c != nil && r.mayBeOfLostTime(s, p) {
				c.Unsure = true
			}
		}
	}
	r.inDoubt(settled)
	return nil
}

func (r *runner) probeAll(s *sink, moves []*move) ([]connector.Probed, error) {
	keys := make([]string, len(moves))
	for i, mv := range moves {
		keys[i], mv.renumbered = mv.ref.Key, false
	}
	answers, err := r.probeKeys(s, keys)
	if err == nil && len(answers) != len(keys) {
		err = &problem.Error{Class: problem.Transient, Reason: "it answered about fewer documents than it was asked for"}
	}
	if err == nil {
		err = r.byID(s, moves, answers)
	}
	if err == nil {
		err = r.byMark(s, moves, answers)
	}
	return answers, err
}

func (r *runner) probeKeys(s *sink, keys []string) ([]connector.Probed, error) {
	if !asksTarget {
		return make([]connector.Probed, len(keys)), nil
	}
	return asked(r, "probe", func() ([]connector.Probed, error) {
		return patiently(r, func() ([]connector.Probed, error) { return s.prober.Probe(context.WithoutCancel(r.ctx), s.to, keys) })
	})
}

// doubts settles what an act has left in doubt, at once where the target can be asked.
func (r *runner) doubts(s *sink, group []*move, f *flight) error {
	var open []*move
	for _, mv := range group {
		if mv.why != nil && !mv.over() {
			open = append(open, mv)
		}
	}
	if len(open) == 0 {
		return nil
	}
	switch {
	case s.appender != nil:
		return r.cut(s, group, f)
	case !s.ledger, s.finisher != nil:
		return r.down(s.name, open[0].why)
	case s.prober == nil:
		for _, mv := range open {
			r.unaskable(s, mv)
		}
		return nil
	}
	answers, err := r.probeAll(s, open)
	if errors.Is(err, ErrAbandoned) {
		return err
	}
	if err != nil && f.quiet && r.deaf(s) {
		return r.down(s.name, err)
	}
	settled := 0
	for i, mv := range open {
		why := mv.why
		mv.why = nil
		if err == nil {
			mv.asked = &answers[i]
		}
		if err == nil && r.settled(s, mv, answers[i]) {
			settled++
			if mv.over() || mv.resumes(s) {
				f.quiet = false
				continue
			}
		}
		if mv.over() {
			continue
		}
		if mv.doc.Pending == nil && mv.doc.Confirmed != nil && mv.acts[0].kind == state.Create {
			why = foundAgain(mv, why)
		}
		mv.stop(why)
		if mv.doc.Pending != nil && !s.resends(mv) {
			mv.until = s.lands(mv.doc.Pending)
		}
	}
	r.inDoubt(settled)
	return nil
}

// resumes goes on after a doubt was settled within a batch: true when the act was done after all.
func (mv *move) resumes(s *sink) bool {
	c := mv.doc.Confirmed
	if mv.withdraws && (c == nil || c.Cancelled) { // it is cancelled, or deleted
		mv.end = withdrawn
		return true
	}
	a := mv.acts[0]
	switch {
	case c == nil || c.Unsure:
		return false
	case a.kind == state.Create:
		mv.created, mv.progress = true, true
	case a.kind == state.Update: // its mark proves it
		mv.updated, mv.progress = true, true
	case a.kind == state.Step && mv.stageReached(a.op):
		mv.progress = true
	default:
		return false
	}
	mv.acts = mv.acts[1:]
	s.proven.Store(true)
	mv.skipReached()
	return true
}

func (mv *move) stageReached(op connector.Op) bool {
	stage := connector.Stage(mv.doc.Confirmed.Stage)
	if takesBack(op) {
		return stage <= connector.Saved
	}
	return reaches(op) != connector.NoStage && stage >= reaches(op)
}

// unaskable is a document that an act has left in doubt, of a target that nobody can ask.
func (r *runner) unaskable(s *sink, mv *move) {
	why := mv.why
	mv.why = nil
	if r.blindly(s, mv, r.now()) || !mv.over() {
		mv.stop(why)
		mv.until = s.lands(mv.doc.Pending)
	}
}

// blindly judges a document in doubt of a target that nobody can ask. A change by id is absolute:
// it goes out once more when the first can't land any more. True: the doubt is over.
func (r *runner) blindly(s *sink, mv *move, now time.Time) bool {
	x, c := mv.doc.Pending, mv.doc.Confirmed
	switch {
	case c == nil:
		mv.stop(cantAsk(mv))
	case !s.traits.Repeatable:
		mv.stop(cantRepeat(mv))
	case !now.Before(s.lands(x)):
		is := *c
		is.Unsure = is.Unsure || x.Action == state.Update
		mv.settleAs(&is)
		return true
	}
	return false
}

// cut takes back a batch of an append-only target of which nobody knows how much was written.
func (r *runner) cut(s *sink, group []*move, f *flight) error {
	if err := s.appender.Rewind(context.WithoutCancel(r.ctx), s.to, f.mark); err != nil {
		return r.down(s.name, err)
	}
	for _, mv := range group {
		why := mv.why
		if why == nil {
			why = notAnswered(mv, nil)
		}
		mv.why, mv.created, mv.updated, mv.progress = nil, false, false, false
		mv.doc.Confirmed = mv.before
		mv.settleAs(nil)
		mv.stop(why)
	}
	return nil
}

// settled judges what the target says of a document in doubt, and answers whether the doubt is
// over. See the package's documentation for the rules.
func (r *runner) settled(s *sink, mv *move, p connector.Probed) bool {
	x := mv.doc.Pending
	now := r.now()
	if late := x.Sent - nanos(now); late > 0 { // our clock ran back, so nobody knows how long ago it was sent
		x.Sent, mv.dirty = nanos(now), true
		if x.AskAt > 0 {
			x.AskAt -= late
		}
	}
	landed := !now.Before(s.lands(x))
	if mv.doc.Confirmed != nil {
		return r.settleChange(s, mv, p, landed)
	}
	if p.Many {
		mv.stop(several(mv))
		return false
	}
	return r.settleCreate(s, mv, p, landed)
}

// lands is when a send can't take effect any more.
func (s *sink) lands(x *state.Pending) time.Time {
	until := instant(x.Sent).Add(s.traits.Longest)
	if at := instant(x.AskAt); x.AskAt > 0 && at.After(until) {
		return at
	}
	return until
}

// asks is when asking about a send may first be of use again.
func (s *sink) asks(x *state.Pending, now time.Time) time.Time {
	if at := instant(x.AskAt); x.AskAt > 0 && at.After(now) {
		return at
	}
	return s.lands(x)
}

func (r *runner) settleCreate(s *sink, mv *move, p connector.Probed, landed bool) bool {
	x := mv.doc.Pending
	if !p.Found {
		mv.taken = false
		if !landed {
			return false // it may still come
		}
		if crashes := x.Crashes; crashes > 0 && !mv.withdraws {
			mv.doc.Pending, mv.dirty = &state.Pending{Action: state.Create, Hash: x.Hash, Sent: x.Sent, AskAt: state.Absent, Crashes: crashes, Mark: x.Mark}, true
			return true
		}
		mv.settleAs(nil)
		return true
	}
	older := !p.Modified.IsZero() && p.Modified.Add(longBefore).Before(s.earliest(instant(x.Sent)))
	ours := r.whose(s, mv, &p)
	theirs := ours == connector.MadeByAnother || ours == connector.CantTell && (older || mv.taken && x.Sends == 1)
	if theirs && s.target.Found != AdoptFound {
		mv.settleAs(nil)
		mv.stop(foreign(mv))
		return true
	}
	c := s.found(mv, &p, !carries(x, &p) && (theirs || x.Mixed || mv.taken && x.Sends == 1))
	c.Echo = x.Sends > 1
	if !c.Unsure {
		c.Hash = x.Hash
	}
	mv.settleAs(c)
	if mv.renumbered {
		r.otherwise(s, mv, p)
	}
	return true
}

// longBefore is how much older than our send a document must be to be another's for that alone.
const longBefore = 10 * time.Minute

// settleChange: found says nothing of a change. A save is sent again, when the first one can't land
// any more and overwrite it; a step is told by the stage.
func (r *runner) settleChange(s *sink, mv *move, p connector.Probed, landed bool) bool {
	x := mv.doc.Pending
	c := *mv.doc.Confirmed
	op := connector.Op(x.Op)
	if !p.Found {
		if x.Action == state.Step && op == connector.Delete {
			mv.doc.Confirmed = nil
		}
		mv.settleAs(nil) // nothing can come of a change any more; what it means that it is gone is decided apart
		return true
	}
	if lost := s.astray(mv, p); lost != nil {
		if landed { // whatever was sent can't do anything any more
			mv.settleAs(nil)
		}
		mv.stop(lost)
		return landed
	}
	forward := x.Action == state.Step && (op == connector.Submit || op == connector.Audit)
	reached := x.Action == state.Step && (forward && p.Stage >= reaches(op) || takesBack(op) && p.Stage <= connector.Saved || op == connector.Cancel && p.Cancelled)
	proven := changeProven(x, &c, &p)
	reached = reached || proven
	if !reached && !landed {
		return false
	}
	if x.Action == state.Step && takesBack(op) && reached && c.Restore == 0 {
		c.Restore = c.Stage
	}
	if p.Stage != connector.NoStage {
		c.Stage = uint8(p.Stage)
	}
	switch {
	case proven:
		c.Hash, c.Restore = x.Hash, 0
	case x.Action == state.Update:
		if !s.traits.Repeatable {
			mv.stop(cantRepeat(mv))
			return false
		}
		c.Unsure = true
	}
	c.Cancelled = p.Cancelled
	c.At = nanos(r.now())
	s.asOf(&c, &p)
	mv.settleAs(&c)
	return true
}
