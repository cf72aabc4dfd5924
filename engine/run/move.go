package run

import (
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// move is one document on its way: where it stands, where it is to go, and the steps between.
type move struct {
	j       *job // nil: of a master
	sink    *sink
	ref     state.Ref
	content value.Record
	hash    value.Hash
	mark    string // what its content carries in the target's field for marks

	doc        state.Document   // its row; after a commit, as it stands in the state
	had        bool             // there is a row
	prior      *state.Pending   // an earlier send without an answer, while another one is out
	unsent     bool             // the send that the row tells of surely did nothing, and goes out again
	before     *state.Confirmed // as it was before this batch
	stale      *state.Ref       // a key that its record claimed and never used
	moved      bool             // its record has another document already
	lost       bool             // it may have been written after the backup that was put back
	asked      *connector.Probed
	renumbered bool // it was found by its id, under another number
	taken      bool // its only send was refused because the key is in use

	acts      []act
	withdraws bool // the record was cancelled at its source
	tries     int  // sends that surely did nothing, for another's reason
	why       *problem.Error
	refusal   *problem.Error // why the save of a reopened document was refused, while it is restored

	end      ending
	until    time.Time // of waiting
	free     bool      // of waiting: no attempt is counted
	dirty    bool      // its row has to be written
	created  bool
	updated  bool
	progress bool // created, updated or brought further
}

// act is one step of a move: a save, or an operation on a document that exists.
type act struct {
	kind state.Action
	op   connector.Op
}

func (a act) String() string {
	if a.kind == state.Step {
		return a.op.String()
	}
	return "save"
}

// rewrites says that nothing about the document is new: only its target is made anew.
func (mv *move) rewrites() bool { return mv.j != nil && mv.j.rewrite }

func (mv *move) over() bool { return mv.end != notEnded }

// stop ends a move with a problem: an exception, or an attempt that failed.
func (mv *move) stop(p *problem.Error) {
	mv.acts, mv.why = nil, p
	switch p.Class {
	case problem.Invalid:
		mv.end = invalid
	case problem.Missing, problem.Held, problem.Unclassified:
		mv.end = held
	case problem.Transient, problem.Throttled, problem.Fatal:
		mv.end = waiting
	}
}

// later ends a move until a time; no attempt is counted.
func (mv *move) later(until time.Time, p *problem.Error) {
	mv.acts, mv.why, mv.end, mv.until, mv.free = nil, p, waiting, until, true
}

// pend notes in the row that the next act is on its way.
func (mv *move) pend(now time.Time, alone bool) {
	a := mv.acts[0]
	p := state.Pending{Action: a.kind, Op: uint8(a.op), Hash: mv.hash, Sent: now.UnixNano(), Sends: 1, Alone: alone}
	if a.kind != state.Step {
		p.Mark = mv.mark
	}
	was := mv.doc.Pending
	if was != nil {
		p.Crashes = was.Crashes
	}
	if mv.unsent {
		was, mv.unsent = mv.prior, false
	}
	mv.prior = nil
	if was != nil {
		if was.AskAt != state.Absent {
			mv.prior = was
		}
		if was.Action == a.kind && was.AskAt != state.Absent {
			p.Sends += was.Sends
			p.Mixed = was.Mixed || was.Hash != mv.hash
		}
	}
	mv.doc.Pending, mv.dirty = &p, true
}

// undo takes a send back that surely did nothing. An earlier one may still land: the doubt about it
// isn't over.
func (mv *move) undo() {
	prior := mv.prior
	if prior == nil {
		mv.settleAs(nil)
		return
	}
	mv.doc.Pending, mv.dirty, mv.prior = prior, true, nil
}

// then lines up what follows a save, as far as the document hasn't come yet.
func (mv *move) then(s *sink) {
	stage := connector.NoStage
	if c := mv.doc.Confirmed; c != nil {
		stage = connector.Stage(c.Stage)
	}
	for _, op := range s.then {
		if reaches(op) > stage {
			mv.acts = append(mv.acts, act{state.Step, op})
		}
	}
}

// land tells the record how its document ended.
func (mv *move) land() {
	j := mv.j
	j.number = mv.ref.Key
	if mv.end == notEnded {
		mv.end = delivered
	}
	if mv.created {
		j.created++
	}
	if mv.updated {
		j.updated++
	}
	if mv.progress {
		j.touched++
	}
	if mv.doc.Confirmed != nil || mv.doc.Pending != nil {
		j.docs = []state.Ref{mv.ref}
	} else if !mv.moved {
		j.docs = []state.Ref{}
	}
	if j.rewrite && mv.end == delivered {
		mv.end = unchanged
	}
	switch {
	case mv.why == nil:
		j.end = mv.end
	case mv.free:
		j.wait(mv.until, mv.why)
	default:
		j.fail(mv.why)
		j.end, j.due = mv.end, mv.until
	}
}
