package run

import (
	"context"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// recover takes up what an earlier run has left on its way: its records become due at once, and
// its documents are settled before anything else.
func (r *runner) recover() error {
	if !r.p.Ledger {
		return nil
	}
	numbers := []uint64{}
	var flights []state.Flight
	err := r.store.View(func(tx state.Tx) error {
		return state.EachFlight(tx, r.pid, func(n uint64, f state.Flight) error {
			numbers, flights = append(numbers, n), append(flights, f)
			r.flights.Store(n) // numbers go on rising
			return nil
		})
	})
	if err != nil || len(flights) == 0 {
		return err
	}
	if err := r.rewind(flights[0]); err != nil {
		return err
	}
	return r.commit("recovery", nil, func(tx state.Tx) error {
		for i, f := range flights {
			if err := r.land(tx, f); err != nil {
				return err
			}
			if err := state.DeleteFlight(tx, r.pid, numbers[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// rewind cuts an append-only target back to where it ended before the oldest batch in flight.
func (r *runner) rewind(f state.Flight) error {
	if r.main == nil || r.main.appender == nil || f.Mark == "" {
		return nil
	}
	if !r.reach("before rewind") {
		return ErrAbandoned
	}
	if err := r.main.appender.Rewind(context.WithoutCancel(r.ctx), r.main.to, f.Mark); err != nil {
		return r.down(r.main.name, err)
	}
	if !r.reach("after rewind") {
		return ErrAbandoned
	}
	return nil
}

// land takes one flight apart.
func (r *runner) land(tx state.Tx, f state.Flight) error {
	for _, key := range f.Docs {
		ref := state.Ref{Scope: f.Scope, Key: key}
		d, ok, err := state.GetDocument(tx, ref)
		if err != nil {
			return err
		}
		if !ok || d.Pending == nil {
			continue
		}
		if r.main != nil && (r.main.appender != nil || r.main.finisher != nil) {
			d.Pending = nil // it was cut off, or never became the content
		} else if d.Pending.Alone {
			d.Pending.Crashes++
		}
		if err := r.putOrFree(tx, ref, d); err != nil {
			return err
		}
		if d.Pending != nil {
			r.doubtful = append(r.doubtful, ref)
		}
	}
	for _, rec := range f.Records {
		if err := r.grounded(tx, rec); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) putOrFree(tx state.Tx, ref state.Ref, d state.Document) error {
	if d.Pending == nil && d.Confirmed == nil {
		return state.DeleteDocument(tx, ref)
	}
	return state.PutDocument(tx, ref, d)
}

// grounded makes a record of a flight due at once.
func (r *runner) grounded(tx state.Tx, rec state.Flying) error {
	if rec.Payload == "" {
		return nil // a whole reading brings it again
	}
	now := r.now()
	e, ok, err := state.GetException(tx, r.pid, rec.Key)
	if err != nil {
		return err
	}
	if !ok {
		e = state.Exception{
			Pipeline: r.p.Name, Key: rec.Key, Kind: state.Later, Class: problem.Transient.String(), ID: "PC460",
			Reason: "the run ended while the record was on its way", Hint: "nothing to do: it goes on by itself",
			First: now, Last: now, Revision: r.p.Revision, Run: r.id,
		}
	}
	e.Attempts, e.Status, e.Version = rec.Attempts, state.Retrying, rec.Version
	return state.PutException(tx, r.pid, e, rec.Payload)
}

// settle asks the target about every document in doubt: those of a run that died, and those of
// records that stand open. What is found frees its record to go on.
func (r *runner) settle() error {
	if r.main == nil || r.main.prober == nil || !r.p.Ledger || len(r.o.Keys) > 0 {
		return nil
	}
	moves, keys, err := r.inDoubtNow()
	if err != nil {
		return err
	}
	for len(moves) > 0 {
		n := min(chunk, len(moves))
		if err := r.settleSome(moves[:n], keys); err != nil {
			return err
		}
		moves = moves[n:]
	}
	return nil
}

func (r *runner) settleSome(moves []*move, keys map[state.Ref]string) error {
	answers, err := r.probeAll(r.main, moves)
	if err != nil {
		return r.down(r.main.name, err)
	}
	settled := 0
	var over []string
	for i, mv := range moves {
		if !r.settled(r.main, mv, answers[i]) {
			continue
		}
		settled++
		if key, ok := keys[mv.ref]; ok {
			over = append(over, key)
		}
	}
	err = r.commit("settlement", nil, func(tx state.Tx) error {
		if err := r.putRows(tx, r.main, moves); err != nil {
			return err
		}
		for _, key := range over {
			e, ok, err := state.GetException(tx, r.pid, key)
			if err != nil {
				return err
			}
			if !ok || e.ID == "PC404" {
				continue
			}
			if e.Kind == state.Later || e.Kind == state.GaveUp {
				e.Status = state.Retrying
				if err := state.PutException(tx, r.pid, e, ""); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		r.inDoubt(settled)
	}
	return err
}

// inDoubtNow lists the documents in doubt of this pipeline's target, and the keys of their records.
func (r *runner) inDoubtNow() ([]*move, map[state.Ref]string, error) {
	var moves []*move
	keys := map[state.Ref]string{}
	err := r.store.View(func(tx state.Tx) error {
		refs := r.doubtful
		err := state.EachOpen(tx, r.pid, func(e state.Exception) (bool, error) {
			rec, ok, err := state.GetRecord(tx, r.pid, e.Key)
			if err == nil && ok {
				for _, ref := range rec.Docs {
					keys[ref] = e.Key
					refs = append(refs, ref)
				}
			}
			return true, err
		})
		if err != nil {
			return err
		}
		seen := map[state.Ref]bool{}
		for _, ref := range refs {
			d, ok, err := state.GetDocument(tx, ref)
			if err != nil {
				return err
			}
			if ok && d.Pending != nil && ref.Scope == r.main.scope && !seen[ref] {
				seen[ref] = true
				moves = append(moves, &move{j: &job{key: d.Owner.Key}, ref: ref, doc: d, had: true, hash: d.Pending.Hash})
			}
		}
		return nil
	})
	return moves, keys, err
}

// replacement is the state of a target that is replaced as a whole.
type replacement struct{ begun, done bool }

func (r *runner) replaces() bool { return r.main != nil && r.main.finisher != nil }

// open begins a replacement. A part of the source must not become the whole content.
func (r *runner) open() error {
	if !r.replaces() {
		return nil
	}
	if r.o.Limit > 0 || len(r.o.Keys) > 0 || !r.o.Since.IsZero() || !r.o.Until.IsZero() {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC462", Pipeline: r.p.Name,
			Reason: r.main.name + " " + r.main.to.Object + " is replaced as a whole: a part of the source would become all that it holds",
			Hint:   "run it without --key, --limit, --since and --until, or with --dry-run",
		}
	}
	if err := r.main.finisher.Begin(r.ctx, r.main.to); err != nil {
		return r.down(r.main.name, err)
	}
	r.replaced.begun = true
	return nil
}

// complete makes what was written the content of the target; only then are the outcomes final.
func (r *runner) complete() error {
	if !r.replaced.begun {
		return nil
	}
	if !r.reach("before replace") {
		return ErrAbandoned
	}
	if err := r.main.finisher.Commit(context.WithoutCancel(r.ctx), r.main.to); err != nil {
		return r.down(r.main.name, err)
	}
	r.replaced.done = true
	if !r.reach("after replace") {
		return ErrAbandoned
	}
	if !r.p.Ledger {
		return nil
	}
	var numbers []uint64
	err := r.store.View(func(tx state.Tx) error {
		return state.EachFlight(tx, r.pid, func(n uint64, _ state.Flight) error {
			numbers = append(numbers, n)
			return nil
		})
	})
	for _, n := range numbers {
		if err == nil {
			err = r.commit("outcome", nil, func(tx state.Tx) error { return r.confirm(tx, n) })
		}
	}
	return err
}

// confirm makes the outcomes of one flight of a replacement final.
func (r *runner) confirm(tx state.Tx, number uint64) error {
	now := r.now()
	var f state.Flight
	err := state.EachFlight(tx, r.pid, func(n uint64, x state.Flight) error {
		if n == number {
			f = x
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, key := range f.Docs {
		ref := state.Ref{Scope: f.Scope, Key: key}
		d, ok, err := state.GetDocument(tx, ref)
		if err != nil {
			return err
		}
		if !ok || d.Pending == nil {
			continue
		}
		d.Confirmed = &state.Confirmed{Hash: d.Pending.Hash, Number: key, Stage: uint8(connector.Saved), At: nanos(now)}
		d.Pending = nil
		if err := state.PutDocument(tx, ref, d); err != nil {
			return err
		}
		rec, _, err := state.GetRecord(tx, r.pid, f.Records[i].Key)
		if err != nil {
			return err
		}
		rec.Standing, rec.Done, rec.Attempts = state.Delivered, rec.Hash, 0
		if err := state.PutRecord(tx, r.pid, f.Records[i].Key, rec); err != nil {
			return err
		}
		if _, err := state.Resolve(tx, r.pid, f.Records[i].Key, "delivered in run "+r.id, now); err != nil {
			return err
		}
	}
	return state.DeleteFlight(tx, r.pid, number)
}

// afterCommit takes a written batch of a replacement down: its exceptions at once, the rest when
// the replacement is complete.
func (r *runner) afterCommit(moves []*move, f *flight) error {
	var now, late []*job
	for _, j := range f.jobs {
		if j.end == delivered || j.end == same || j.end == unchanged {
			late = append(late, j)
		} else {
			now = append(now, j)
		}
	}
	kept, err := r.keep(late)
	if err != nil {
		return err
	}
	if kept != nil {
		err = r.commit("kept", nil, func(tx state.Tx) error {
			for i, j := range late {
				if kept[i].IsZero() {
					continue
				}
				if err := state.PutKept(tx, r.pid, j.key, kept[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.count(late)
	r.track.done(late)
	var refused []*move
	for _, mv := range moves {
		if mv.over() && mv.end != delivered && mv.end != same && mv.end != unchanged {
			refused = append(refused, mv)
		}
	}
	if len(now) > 0 {
		err = r.commit("outcome", now, func(tx state.Tx) error {
			if err := r.putRows(tx, r.main, refused); err != nil {
				return err
			}
			return r.putAll(tx, now, nil)
		})
	}
	r.free(f.jobs)
	r.progress()
	return err
}

// abort leaves a target that was to be replaced as it was.
func (r *runner) abort() {
	if !r.replaced.begun || r.replaced.done || r.dead.Load() {
		return
	}
	if err := r.main.finisher.Abort(context.WithoutCancel(r.ctx), r.main.to); err != nil {
		r.log.Warn("an unfinished replacement could not be thrown away", "reason", err)
	}
}
