package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Link is what a person says of the document of one record that stands open.
type Link struct {
	Key      string // of the record
	Document string // its number or id in the target; "": the record has no document there
	Note     string // who said so, and why; it is kept with the exception
}

// Linked is what came of it.
type Linked struct {
	Pipeline string `json:"pipeline"`
	Key      string `json:"key"`
	Number   string `json:"number,omitempty"` // of the document in the target
	ID       string `json:"id,omitempty"`
	Stage    string `json:"stage,omitempty"`
	Asked    bool   `json:"asked"` // the target was asked whether it is so
}

// SetLink makes a document the record's own, or says that the record has none, whatever the ledger
// holds; the next run takes the record up. The target is asked first, where it can be: the document
// must be there, alone under its number and not cancelled; "none" is not believed while it is there
// or something may still land. The record's content goes out to a linked document as a change.
func SetLink(ctx context.Context, p *Pipeline, o Options, l Link) (Linked, error) {
	r, err := begin(ctx, p, o)
	if err != nil {
		return Linked{}, err
	}
	out, err := r.setLink(l)
	return out, problem.In(err, problem.Error{Pipeline: p.Name, Key: l.Key})
}

func (r *runner) setLink(l Link) (Linked, error) {
	p := r.p
	defer r.cancel()
	if r.main == nil || r.main.appender != nil || r.main.finisher != nil || !p.Ledger {
		return Linked{}, unlinkable(l, "documents of "+p.Name+" can't be told apart where it writes them", "correct them there by hand")
	}
	mv, err := r.linking(l)
	if err != nil {
		return Linked{}, err
	}
	out := Linked{Pipeline: p.Name, Key: l.Key, Asked: r.main.prober != nil}
	if l.Document == "" {
		err = r.linkNone(mv, l)
	} else {
		err = r.linkTo(mv, l)
	}
	if err != nil {
		return Linked{}, err
	}
	if c := mv.doc.Confirmed; c != nil {
		out.Number, out.ID, out.Stage = c.Number, c.ID, stageName(c.Stage)
	}
	return out, r.store.Update(func(tx state.Tx) error { return r.putLink(tx, mv, l) })
}

// linking finds the record's document as the ledger knows it.
func (r *runner) linking(l Link) (*move, error) {
	var mv *move
	err := r.store.View(func(tx state.Tx) error {
		e, ok, err := state.GetException(tx, r.pid, l.Key)
		if err != nil {
			return err
		}
		if !ok {
			return unlinkable(l, "record "+l.Key+" has nothing open", "pipectl errors lists what is open; a key is written with its parts joined by /")
		}
		rec, _, err := state.GetRecord(tx, r.pid, l.Key)
		if err != nil {
			return err
		}
		ref := state.Ref{Scope: r.main.scope, Key: e.TargetKey}
		if len(rec.Docs) > 0 {
			ref = rec.Docs[0]
		}
		if ref.Key == "" {
			return unlinkable(l, "record "+l.Key+" has not come as far as a number of its own", "mend first what its exception says: pipectl errors show {record}")
		}
		mv = &move{j: &job{key: l.Key, old: rec}, sink: r.main, ref: ref}
		mv.doc, mv.had, err = state.GetDocument(tx, ref)
		if err == nil && mv.had && mv.doc.Owner != (state.Owner{}) && mv.doc.Owner != r.owner(mv) {
			return anothersRecord(mv, "another record")
		}
		return err
	})
	return mv, err
}

// linkNone says that the record has no document.
func (r *runner) linkNone(mv *move, l Link) error {
	s := r.main
	if x := mv.doc.Pending; x != nil && x.AskAt != state.Absent && r.now().Before(s.lands(x)) {
		return unlinkable(l, fmt.Sprintf("document %s was sent to %s, and may still appear there until %s", mv.ref.Key, s, stamp(s.lands(x))), "do this again then")
	}
	if s.prober != nil {
		p, err := r.probeOne(mv, mv.ref.Key)
		if err != nil {
			return err
		}
		if p.Found {
			return unlinkable(l, fmt.Sprintf("document %s is in %s, id %s, %s", mv.ref.Key, s, p.ID, shownStage(p)), "delete it there first; or say that it is the record's: pipectl errors link {record} "+problem.Arg(p.ID)+" --reason TEXT")
		}
	}
	mv.doc = state.Document{}
	return nil
}

// linkTo makes a document the record's own.
func (r *runner) linkTo(mv *move, l Link) error {
	s := r.main
	if s.prober == nil { // a person's word is all there is: what we sent is there
		c := &state.Confirmed{ID: l.Document, Number: mv.ref.Key, Unsure: true, Stage: uint8(connector.Saved), At: nanos(r.now())}
		if x := mv.doc.Pending; x != nil && x.Action == state.Create && !x.Mixed {
			c.Hash, c.Unsure = x.Hash, false
		}
		mv.settleAs(c)
		return nil
	}
	p, err := r.probeOne(mv, l.Document)
	switch {
	case err != nil:
		return err
	case !p.Found:
		return unlinkable(l, fmt.Sprintf("%s has no document with the number or id %s", s, l.Document), "give its number (单据编号) or its internal id (内码)")
	case p.Many:
		return several(&move{sink: s, ref: state.Ref{Key: l.Document}})
	case p.Cancelled:
		return unlinkable(l, fmt.Sprintf("document %s is cancelled in %s (作废)", l.Document, s), "take the cancellation back there first (反作废), or choose another document")
	}
	if err := r.linkable(mv, l, p); err != nil {
		return err
	}
	c := s.found(mv, &p, true)
	if p.Number == "" {
		c.Number = l.Document
	}
	mv.settleAs(c)
	return nil
}

// linkable refuses a document that is another record's, and any while another one may still come
// under the record's own number.
func (r *runner) linkable(mv *move, l Link, p connector.Probed) error {
	for _, key := range []string{l.Document, p.Number} {
		ref := state.Ref{Scope: r.main.scope, Key: key}
		var other state.Document
		err := r.store.View(func(tx state.Tx) (err error) {
			other, _, err = state.GetDocument(tx, ref)
			return err
		})
		if err != nil {
			return err
		}
		if other.Owner != (state.Owner{}) && other.Owner != r.owner(mv) {
			return unlinkable(l, fmt.Sprintf("document %s belongs to %s", l.Document, r.ownerName(other.Owner)), "one document can't be two records': pipectl errors show {record} tells what this one waits for")
		}
	}
	if x := mv.doc.Pending; x != nil && x.Action == state.Create && p.Number != mv.ref.Key && r.now().Before(r.main.lands(x)) {
		return unlinkable(l, fmt.Sprintf("document %s was sent to %s, and may still appear there until %s", mv.ref.Key, r.main, stamp(r.main.lands(x))), "do this again then")
	}
	return nil
}

// probeOne asks for one document by its key, and by its id where that finds nothing.
func (r *runner) probeOne(mv *move, name string) (connector.Probed, error) {
	s := r.main
	found, err := s.prober.Probe(r.ctx, s.to, []string{name})
	if err != nil {
		return connector.Probed{}, r.down(s.name, err)
	}
	if len(found) == 1 && found[0].Found {
		return found[0], nil
	}
	byID, ok := connector.Can[connector.IDProber](s.conn)
	id := name
	if c := mv.doc.Confirmed; c != nil && name == mv.ref.Key {
		id = c.ID // whatever number it has now
	}
	if !ok || id == "" || id == mv.ref.Key {
		return connector.Probed{}, nil
	}
	found, err = byID.ProbeIDs(r.ctx, s.to, []string{id})
	switch p := problem.As(err); {
	case err == nil && len(found) == 1:
		return found[0], nil
	case err != nil && p.Class != problem.Invalid: // what can't be an id is none
		return connector.Probed{}, r.down(s.name, err)
	}
	return connector.Probed{}, nil
}

// putLink stores it, and has the record taken up.
func (r *runner) putLink(tx state.Tx, mv *move, l Link) error {
	rec := mv.j.old
	if mv.doc.Confirmed == nil {
		rec.Docs, rec.Done = nil, [16]byte{}
		if err := state.DeleteDocument(tx, mv.ref); err != nil {
			return err
		}
	} else {
		rec.Docs = []state.Ref{mv.ref}
		mv.doc.Owner = r.owner(mv)
		if err := state.PutDocument(tx, mv.ref, mv.doc); err != nil {
			return err
		}
	}
	if rec.Standing == state.Unseen {
		rec.Standing = state.Held
	}
	if err := state.PutRecord(tx, r.pid, l.Key, rec); err != nil {
		return err
	}
	e, ok, err := state.GetException(tx, r.pid, l.Key)
	if err != nil || !ok {
		return err
	}
	e.Status = state.Retrying
	e.Note = strings.TrimSpace(e.Note + "\n" + l.Note)
	return state.PutException(tx, r.pid, e, "")
}

func shownStage(p connector.Probed) string {
	if p.Cancelled {
		return "cancelled"
	}
	return max(p.Stage, connector.Saved).String()
}

func unlinkable(l Link, reason, hint string) *problem.Error {
	return &problem.Error{Class: problem.Held, ID: "PC427", Key: l.Key, Reason: reason, Hint: hint}
}
