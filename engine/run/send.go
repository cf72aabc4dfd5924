package run

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// flight is a batch that is being sent.
type flight struct {
	jobs   []*job
	number uint64
	up     bool   // its row is in the state
	mark   string // where an append-only target ended before it
	quiet  bool   // nobody answered its last send
	asked  bool   // something was sent
	busy   int    // times in a row that the target said "too many requests"
}

// send takes the documents through their acts. The answers of each act are committed before the
// next one is sent, in the same transaction that notes the next one as on its way.
func (r *runner) send(s *sink, moves []*move, f *flight) error {
	what := "intent"
	for {
		group := next(moves)
		if len(group) == 0 {
			return nil
		}
		if err := r.halted(); err != nil {
			return r.leave(s, moves, err)
		}
		alone := s.alone(group)
		if alone {
			s.first.Lock()
			if err := r.halted(); err != nil { // the first one has shown that none may follow
				s.first.Unlock()
				return r.leave(s, moves, err)
			}
			if s.proven.Load() {
				alone = false
				s.first.Unlock()
			} else {
				group = group[:1]
			}
		}
		done, err := r.act(s, moves, group, f, what)
		if alone {
			s.first.Unlock()
		}
		if err != nil {
			return err
		}
		what = done
	}
}

// alone says that the act has to prove first that the target keeps numbers.
func (s *sink) alone(group []*move) bool {
	return !s.proven.Load() && group[0].acts[0].kind == state.Create
}

// next picks the documents whose next act is sent together: those with the longest way to go come
// first, so that the others meet them at the same act.
func next(moves []*move) []*move {
	longest := 0
	for _, mv := range moves {
		if !mv.over() && len(mv.acts) > longest {
			longest = len(mv.acts)
		}
	}
	if longest == 0 {
		return nil
	}
	var group []*move
	for _, mv := range moves {
		if mv.over() || len(mv.acts) != longest {
			continue
		}
		if len(group) == 0 || sendsLike(group[0].acts[0], mv.acts[0]) {
			group = append(group, mv)
		}
	}
	return group
}

// sendsLike says that two acts go out in one request: creates and updates do.
func sendsLike(a, b act) bool {
	return a.kind == b.kind && a.op == b.op || a.kind != state.Step && b.kind != state.Step
}

// act sends one act of a group and takes in its answers. It answers the name of what is committed
// next.
func (r *runner) act(s *sink, moves, group []*move, f *flight, what string) (string, error) {
	if s.appender != nil && what == "intent" {
		mark, err := s.appender.Mark(context.WithoutCancel(r.ctx), s.to)
		if err != nil {
			return "", r.down(s.name, err)
		}
		f.mark = mark
	}
	outs, group, err := r.exchange(s, moves, group, f, what)
	if len(group) == 0 {
		return "intent", err
	}
	a := group[0].acts[0]
	if errors.Is(err, ErrAbandoned) {
		return "", err
	}
	if err != nil {
		return r.unsent(s, moves, group, f, err)
	}
	f.asked = true
	f.quiet = !slices.ContainsFunc(outs, func(o connector.Outcome) bool { return o.State != connector.Unknown && o.State != connector.Untouched })
	wait := r.take(s, group, outs)
	if err := r.doubts(s, group, f); err != nil {
		return "", r.leave(s, moves, err)
	}
	if wait == nil || slices.ContainsFunc(outs, func(o connector.Outcome) bool { return o.State != connector.Untouched }) {
		f.busy = 0
	}
	if wait != nil {
		if err := r.throttled(s, moves, f, wait); err != nil {
			return "", err
		}
	}
	return past(a), nil
}

// exchange commits that a group is about to be sent, and sends it. Its intent is on disk before it waits
// for its place on the wire, so that the wire never waits for the disk; one that waits long has the time
// of its sending written down anew.
func (r *runner) exchange(s *sink, moves, group []*move, f *flight, what string) ([]connector.Outcome, []*move, error) {
	group, err := r.intend(s, moves, group, f, what)
	if err != nil || len(group) == 0 {
		return nil, nil, err
	}
	s.wire <- struct{}{}
	defer func() { <-s.wire }()
	if err := r.halted(); err != nil { // nothing of it has left us
		undo(group)
		return nil, nil, r.leave(s, moves, err)
	}
	outs, err := r.call(s, group[0].acts[0], group)
	return outs, group, err
}

// undo takes the sends of a group back that surely did nothing.
func undo(group []*move) {
	for _, mv := range group {
		if mv.doc.Pending != nil {
			mv.undo()
		}
	}
}

// past names what an act has done: the point at which its answers are committed.
func past(a act) string {
	switch a.op {
	case connector.Submit:
		return "submitted"
	case connector.Audit:
		return "audited"
	case connector.UnAudit:
		return "un-audited"
	case connector.UnSubmit:
		return "un-submitted"
	case connector.Cancel:
		return "cancelled"
	case connector.Delete:
		return "deleted"
	}
	return "saved"
}

// intend commits that a group is about to be sent. With the first one of a batch, all target keys
// are claimed; who finds another owner there is out.
func (r *runner) intend(s *sink, moves, group []*move, f *flight, what string) ([]*move, error) {
	now, news := r.now(), false
	for _, mv := range group {
		if s.ledger && !mv.rewrites() {
			mv.pend(now, len(group) == 1)
			news = true
		}
	}
	if !news || !keepsIntent && what == "intent" {
		return group, nil
	}
	first := !f.up
	err := r.commit(what, nil, func(tx state.Tx) error {
		if first {
			if err := r.claim(tx, s, moves, f); err != nil {
				return err
			}
		}
		return r.putRows(tx, s, moves)
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(group), (*move).over), nil
}

// claim takes the target keys of a batch for its records, and writes the batch down as on its way.
func (r *runner) claim(tx state.Tx, s *sink, moves []*move, f *flight) error {
	out := state.Flight{Scope: s.scope, Mark: f.mark}
	for _, mv := range moves {
		if mv.over() || len(mv.acts) == 0 || mv.j == nil || mv.rewrites() {
			continue
		}
		row, ok, err := state.GetDocument(tx, mv.ref)
		if err != nil {
			return err
		}
		if ok && row.Owner != (state.Owner{}) && row.Owner != r.owner(mv) && !s.target.Shared && !r.leftBehind(row.Owner) {
			mv.dirty = false
			mv.doc = state.Document{}
			mv.moved = true
			mv.stop(anothersRecord(mv, "another record that is on its way now"))
			continue
		}
		if mv.stale != nil && *mv.stale != mv.ref {
			if err := r.giveUp(tx, mv); err != nil {
				return err
			}
		}
		if mv.doc.Owner == (state.Owner{}) || r.leftBehind(mv.doc.Owner) {
			mv.doc.Owner, mv.dirty = r.owner(mv), true
		}
		if err := r.claimRecord(tx, s, mv); err != nil {
			return err
		}
		out.Records = append(out.Records, state.Flying{Key: mv.j.key, Version: mv.j.ver, Attempts: mv.j.used, Payload: payload(s, mv.j.asRead())})
		out.Docs = append(out.Docs, mv.ref.Key)
	}
	if len(out.Records) == 0 {
		return nil
	}
	f.up = true
	return state.PutFlight(tx, r.pid, f.number, out)
}

// giveUp frees a target key that the record claimed once and never used.
func (r *runner) giveUp(tx state.Tx, mv *move) error {
	row, ok, err := state.GetDocument(tx, *mv.stale)
	if err != nil || !ok || row.Owner != r.owner(mv) || row.Confirmed != nil || row.Pending != nil {
		return err
	}
	return state.DeleteDocument(tx, *mv.stale)
}

// claimRecord notes the document with its record, so that the record is known by it from now on.
func (r *runner) claimRecord(tx state.Tx, s *sink, mv *move) error {
	j := mv.j
	if s.finisher != nil {
		return state.PutRecord(tx, r.pid, j.key, state.Record{
			Standing: state.Sending, Version: j.ver, Text: j.text, Hash: j.content(), Done: j.old.Done, Docs: []state.Ref{mv.ref},
		})
	}
	if j.known && len(j.old.Docs) == 1 && j.old.Docs[0] == mv.ref {
		return nil
	}
	rec := j.old
	rec.Docs = []state.Ref{mv.ref}
	if !j.known {
		rec = state.Record{Standing: state.Sending, Docs: rec.Docs}
	}
	return state.PutRecord(tx, r.pid, j.key, rec)
}

// call makes one request. What is on its way isn't called back when the run ends: its answer is
// worth having.
func (r *runner) call(s *sink, a act, group []*move) ([]connector.Outcome, error) {
	if !r.reach("before " + a.String()) {
		return nil, ErrAbandoned
	}
	ctx := r.leaving(context.WithoutCancel(r.ctx), s, group)
	if err := connector.Leave(ctx); err != nil {
		return nil, err
	}
	var outs []connector.Outcome
	var err error
	if a.kind == state.Step {
		refs := make([]connector.Ref, len(group))
		for i, mv := range group {
			refs[i] = connector.Ref{Key: mv.doc.Confirmed.Number, ID: mv.doc.Confirmed.ID}
		}
		outs, err = s.stager.Stage(ctx, s.to, a.op, refs)
	} else {
		docs := make([]connector.Doc, len(group))
		for i, mv := range group {
			docs[i] = connector.Doc{Key: mv.ref.Key, Content: mv.content}
			if c := mv.doc.Confirmed; c != nil && !s.traits.Appends && !s.traits.Replaces {
				docs[i].ID = c.ID
			}
		}
		outs, err = s.writer.Write(ctx, s.to, docs)
	}
	if !r.reach("after " + a.String()) {
		return nil, ErrAbandoned
	}
	if err != nil {
		return nil, err
	}
	for len(outs) < len(group) { // what was not answered is in doubt
		outs = append(outs, connector.Outcome{})
	}
	return outs[:len(group)], nil
}

// unsent undoes the intent of a request of which no byte left us.
func (r *runner) unsent(s *sink, moves, group []*move, f *flight, cause error) (string, error) {
	p := problem.As(problem.In(cause, problem.Error{Class: problem.Fatal, Pipeline: r.p.Name}))
	if p.Class == problem.Throttled {
		for _, mv := range group {
			mv.unsent = true
		}
		return "intent", r.throttled(s, moves, f, p)
	}
	undo(group)
	return "", r.leave(s, moves, r.down(s.name, p))
}

// throttled waits as the target says. One that goes on and on isn't waited for within one run: the
// batch is left, and what was surely not taken is in no doubt.
func (r *runner) throttled(s *sink, moves []*move, f *flight, p *problem.Error) error {
	var err error = paused(s.name, p)
	if f.busy < patience {
		f.busy++
		err = r.pause(p)
	}
	if err == nil {
		return nil
	}
	for _, mv := range moves {
		if mv.unsent && mv.doc.Pending != nil {
			mv.undo()
		}
		mv.unsent = false
	}
	return r.leave(s, moves, err)
}

// leave ends a batch in the middle. What is known of its documents is committed; the flight stays,
// and the next run takes its records up.
func (r *runner) leave(s *sink, moves []*move, why error) error {
	if errors.Is(why, ErrAbandoned) || !s.ledger || !dirty(moves) {
		return why
	}
	err := r.commit("leave", nil, func(tx state.Tx) error { return r.putRows(tx, s, moves) })
	return firstOf(err, why)
}

// pause waits as a target that throttles us says.
func (r *runner) pause(p *problem.Error) error {
	wait := p.After
	if wait <= 0 {
		wait = time.Second
	}
	r.log.Info("too many requests: waiting", "for", wait, "reason", reason(p))
	if err := r.clock.Sleep(r.ctx, wait); err != nil {
		return firstOf(r.halted(), err)
	}
	return nil
}
