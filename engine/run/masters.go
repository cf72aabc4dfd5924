package run

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
)

// Masters are documents that a record needs and a look-up didn't find (`missing: create`). They go
// the way of every document, with rows of their own in the ledger; nobody owns them, and what one
// record had created serves all.

// masters creates what the rows need, once each, and fails the rows whose masters aren't there.
func (r *runner) masters(jobs []*job) error {
	type wanted struct {
		sink  *sink
		moves map[string]*move
		order []*move
	}
	places := map[*sink]*wanted{}
	var order []*wanted
	moveOf := map[*job][]*move{}
	for _, j := range jobs {
		if j.row.Out() {
			continue
		}
		for _, m := range j.row.Masters {
			s, err := r.sinkOf(m)
			if err != nil {
				return err
			}
			w := places[s]
			if w == nil {
				w = &wanted{sink: s, moves: map[string]*move{}}
				places[s] = w
				order = append(order, w)
			}
			mv := w.moves[m.Key]
			if mv == nil {
				mv = &move{sink: s, ref: state.Ref{Scope: s.scope, Key: m.Key}, content: m.Document, hash: m.Document.Hash()}
				w.moves[m.Key] = mv
				w.order = append(w.order, mv)
			}
			moveOf[j] = append(moveOf[j], mv)
		}
	}
	for _, w := range order {
		size := w.sink.size()
		for all := w.order; len(all) > 0; {
			n := min(size, len(all))
			if err := r.carry(w.sink, all[:n], nil); err != nil {
				return err
			}
			all = all[n:]
		}
		r.made(w.sink, w.order)
	}
	for j, moves := range moveOf {
		r.withMasters(j, moves)
	}
	return nil
}

// made tells the report which masters are new.
func (r *runner) made(s *sink, moves []*move) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, mv := range moves {
		if mv.created {
			r.report.Masters = append(r.report.Masters, Master{s.name, s.to.Object, mv.ref.Key})
		}
	}
}

// withMasters ends a record whose masters could not be made.
func (r *runner) withMasters(j *job, moves []*move) {
	var problems []*problem.Error
	for i, mv := range moves {
		if mv.why == nil {
			continue
		}
		m := j.row.Masters[i]
		p := &problem.Error{
			Class: problem.Missing, ID: "PC416", Pipeline: r.p.Name, Key: j.key, Code: mv.why.Code, Field: mv.why.Field, Cause: &m.Cause, Err: mv.why,
			Reason: fmt.Sprintf("%s %s %s could not be created: %s", m.Connection, m.Object, m.Key, reason(mv.why)),
			Hint:   "mend what the reason says, or create it there by hand: the record goes on by itself when it is there",
		}
		if mv.why.Class == problem.Transient {
			p.Class, p.Cause = problem.Transient, nil
		}
		problems = append(problems, p)
	}
	if len(problems) > 0 {
		j.fail(problems...)
	}
}

// sinkOf is the place of a master.
func (r *runner) sinkOf(m step.Master) (*sink, error) {
	name := m.Connection + "\x00" + m.Object + "\x00" + m.KeyField
	if s, ok := r.other[name]; ok {
		return s, nil
	}
	if r.p.Masters == nil {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC416", Pipeline: r.p.Name, Reason: "rows can't be created in " + m.Connection,
			Hint: "write `missing: hold` in the look-up",
		}
	}
	t, err := r.p.Masters(m.Connection, m.Object, m.KeyField)
	if err != nil {
		return nil, err
	}
	place := *t
	place.Then = nil
	for _, text := range m.Then {
		op, ok := connector.ParseOp(text)
		if !ok {
			return nil, fmt.Errorf("master %s %s: unknown step %q", m.Connection, m.Object, text)
		}
		place.Then = append(place.Then, op)
	}
	s, err := newSink(&place)
	if err != nil {
		return nil, err
	}
	scope := func(tx state.Tx) (err error) {
		s.scope, err = state.ScopeID(tx, s.conn.Account(), s.to.Object, s.to.Key, !r.o.DryRun)
		return err
	}
	if r.o.DryRun {
		err = r.store.View(scope)
	} else {
		err = r.commit("scope", nil, scope)
	}
	if err != nil {
		return nil, err
	}
	r.other[name] = s
	return s, nil
}
