package run

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// deliver brings a batch of records to its end: their documents through all their acts, and their
// outcomes into the state.
func (r *runner) deliver(s *sink, jobs []*job) error {
	var moves []*move
	numbers := map[string]string{}
	for _, j := range jobs {
		mv, ok := r.move(s, j)
		if !ok {
			continue
		}
		moves = append(moves, mv)
		if other, twice := numbers[mv.ref.Key]; twice {
			mv.stop(sameNumber(mv, other))
			mv.moved = true
			continue
		}
		numbers[mv.ref.Key] = j.key
	}
	return r.carry(s, moves, jobs)
}

// move makes the way of a record's document.
func (r *runner) move(s *sink, j *job) (*move, bool) {
	key, err := s.target.Key(j.row)
	if err == nil && (key == "" || len(key) > keyLimit) {
		err = &problem.Error{Class: problem.Invalid, Reason: s.to.Key + ", the number of the document, is empty or longer than 1,000 bytes"}
	}
	if err != nil {
		p := problem.As(problem.In(err, problem.Error{
			Class: problem.Invalid, ID: "PC418", Pipeline: r.p.Name, Key: j.key, Field: s.to.Key, At: s.target.At.Key,
			Hint: "every document needs a number of its own (单据编号): mend the rule for it in the pipeline, and the next run takes the record up",
		}))
		j.fail(p)
		return nil, false
	}
	mv := &move{j: j, sink: s, ref: state.Ref{Scope: s.scope, Key: key}, content: j.row.Document}
	if s.ledger {
		mv.hash = mv.content.Hash()
	}
	if mv.content, err = r.marked(s, mv); err != nil {
		j.fail(problem.As(problem.In(err, problem.Error{Class: problem.Invalid, Pipeline: r.p.Name, Key: j.key, Field: s.to.Mark})))
		return nil, false
	}
	return mv, true
}

// carry brings documents to their end. jobs are the records whose outcomes are committed with it;
// none for masters.
func (r *runner) carry(s *sink, moves []*move, jobs []*job) error {
	if err := r.look(s, moves); err != nil {
		return err
	}
	if err := r.ask(s, moves); err != nil {
		return err
	}
	now := r.now()
	for _, mv := range moves {
		if !s.ledger || mv.rewrites() {
			mv.acts = []act{{kind: state.Create}}
			continue
		}
		r.decide(s, mv, now)
	}
	f := &flight{jobs: jobs, number: r.flights.Add(1)}
	if r.o.DryRun {
		r.plan(moves)
	} else if err := r.send(s, moves, f); err != nil {
		return err
	}
	return r.landed(s, moves, f)
}

// look reads the rows of the documents.
func (r *runner) look(s *sink, moves []*move) error {
	if !s.ledger {
		return nil
	}
	var others []*move
	err := r.store.View(func(tx state.Tx) (err error) {
		for _, mv := range moves {
			if mv.over() { // its number is another record's
				continue
			}
			if mv.doc, mv.had, err = state.GetDocument(tx, mv.ref); err != nil {
				return err
			}
			mv.before = mv.doc.Confirmed
			if err = r.looksElsewhere(tx, mv); err != nil {
				return err
			}
			switch {
			case mv.rewrites(): // its target is made anew, whatever its key was
			case mv.moved:
				mv.stop(otherNumber(mv))
			case mv.j != nil && mv.had && mv.doc.Owner != (state.Owner{}) && mv.doc.Owner != r.owner(mv) && !s.target.Shared && !r.leftBehind(mv.doc.Owner):
				others = append(others, mv) // nothing of it is ours to ask about, or to change
			default:
				if err = r.lostTime(tx, s, mv); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, mv := range others {
		p := anothersRecord(mv, r.ownerName(mv.doc.Owner))
		mv.doc = state.Document{}
		mv.stop(p)
	}
	return err
}

// looksElsewhere looks at the document that a record had when it was built under another key.
func (r *runner) looksElsewhere(tx state.Tx, mv *move) error {
	if mv.j == nil || !mv.j.known || len(mv.j.old.Docs) == 0 || mv.j.old.Docs[0] == mv.ref {
		return nil
	}
	other, ok, err := state.GetDocument(tx, mv.j.old.Docs[0])
	if ok && other.Confirmed == nil && other.Pending == nil {
		mv.stale = &mv.j.old.Docs[0] // it was claimed, and never sent
		return err
	}
	mv.moved = mv.moved || ok
	return err
}

// plan tells what would be done, and takes it as done.
func (r *runner) plan(moves []*move) {
	for _, mv := range moves {
		if mv.over() || len(mv.acts) == 0 {
			continue
		}
		what := mv.tell()
		if r.o.Planned != nil {
			c := Change{TargetKey: mv.ref.Key, What: what, Document: mv.content}
			if mv.j != nil {
				c.Key = mv.j.key
			}
			r.planned(c)
		}
		mv.created = what == "create"
		mv.updated = what == "update" || what == "reopen"
		mv.progress = true
		mv.doc.Confirmed = &state.Confirmed{}
		if mv.withdraws {
			mv.end = withdrawn
		}
	}
}

// planned tells one change of a dry run.
func (r *runner) planned(c Change) {
	r.shown.Lock()
	defer r.shown.Unlock()
	r.o.Planned(c)
}

// tellProblems tells what a dry run found that would be an exception, all problems of a record.
func (r *runner) tellProblems(jobs []*job) {
	if r.o.Planned == nil {
		return
	}
	for _, j := range jobs {
		for _, p := range j.problems {
			told := problem.As(problem.In(p, problem.Error{Pipeline: r.p.Name, Key: j.key}))
			r.planned(Change{Key: j.key, What: string(kindOf(j.end)), Problem: told})
		}
	}
}

// landed commits the outcomes of a batch.
func (r *runner) landed(s *sink, moves []*move, f *flight) error {
	for _, mv := range moves {
		if mv.j != nil {
			mv.land()
			if r.p.Ledger {
				_ = mv.j.content() // made here, and not where everybody waits for the committer
			}
			for _, p := range mv.j.problems {
				p.Pipeline, p.Key = r.p.Name, mv.j.key
			}
		}
	}
	stop := r.unanswered(s, f)
	if s.finisher != nil && !r.o.DryRun {
		if err := r.afterCommit(moves, f); err != nil || stop != nil {
			return firstOf(err, stop)
		}
		return nil
	}
	var err error
	if len(f.jobs) > 0 || dirty(moves) {
		err = r.commit("outcome", f.jobs, func(tx state.Tx) error {
			if err := r.putRows(tx, s, moves); err != nil {
				return err
			}
			if f.up {
				if err := state.DeleteFlight(tx, r.pid, f.number); err != nil {
					return err
				}
			}
			return r.putAll(tx, f.jobs)
		})
	}
	if err != nil {
		return err
	}
	r.measure(s, moves)
	r.free(f.jobs)
	return stop
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func dirty(moves []*move) bool {
	for _, mv := range moves {
		if mv.dirty {
			return true
		}
	}
	return false
}

// putRows writes the rows of documents that have changed.
func (r *runner) putRows(tx state.Tx, s *sink, moves []*move) error {
	if !s.ledger {
		return nil
	}
	for _, mv := range moves {
		if !mv.dirty {
			continue
		}
		mv.dirty = false
		if mv.doc == (state.Document{}) {
			if err := state.DeleteDocument(tx, mv.ref); err != nil {
				return err
			}
			continue
		}
		if err := state.PutDocument(tx, mv.ref, mv.doc); err != nil {
			return err
		}
	}
	return nil
}

// proving: the first document of an object goes alone until one number came back as it was sent; a
// target that numbers by itself would else get a whole batch of documents that nobody finds again.
type proving struct {
	proven atomic.Bool
	first  sync.Mutex
	clocks atomic.Bool // the target's clock was measured in this run
}

// measure learns, once a run, how far the target's clock is ahead: by what it says of documents
// whose last answer has just come. Without it, a person's change could not be told from ours.
func (r *runner) measure(s *sink, moves []*move) {
	if s.prober == nil || s != r.main || r.o.DryRun || s.target.Changed == Skip || s.target.Changed == HoldChange {
		return
	}
	var keys []string
	var at []int64
	for _, mv := range moves {
		if mv.end == delivered && mv.progress && mv.doc.Confirmed != nil && len(keys) < chunk {
			keys, at = append(keys, mv.ref.Key), append(at, mv.doc.Confirmed.At)
		}
	}
	if len(keys) == 0 || r.halted() != nil || !s.clocks.CompareAndSwap(false, true) {
		return
	}
	answers, err := r.probeKeys(s, keys)
	if err != nil || len(answers) != len(keys) {
		return // it is only a measurement; the old one stands
	}
	ahead, known := time.Duration(0), false
	for i, p := range answers {
		if p.Found && !p.Modified.IsZero() {
			if d := p.Modified.Sub(instant(at[i])); !known || d > ahead {
				ahead, known = d, true
			}
		}
	}
	if known {
		r.mu.Lock()
		r.known.Ahead, r.measured = int64(ahead), true
		r.mu.Unlock()
	}
}

// payload is what a flight has to hold of a record.
func payload(s *sink, v value.Record) string {
	if s.finisher != nil {
		return "" // a replacement reads everything anew
	}
	return v.JSON()
}
