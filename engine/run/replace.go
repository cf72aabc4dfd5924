package run

import (
	"context"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// A target that is replaced as a whole takes every document in each run; nothing is final before its
// new content stands.

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
			Reason: r.main.name + " " + r.main.to.Object + " is replaced as a whole, and a part of the source would become all that it holds",
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
	if err == nil {
		err = r.leftOut()
	}
	return err
}

// leftOut forgets what is gone from the source: the new content of the target is without it, and its
// target key is free. There is nothing to take back, so nobody has to look at many first.
func (r *runner) leftOut() error {
	defer r.met.close()
	if !r.met.proves() {
		return nil
	}
	_, err := r.eachLost(func(part []lost) error {
		jobs, err := r.goneJobs(part)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			j.end, j.docs = withdrawn, []state.Ref{}
		}
		return r.commit("gone", jobs, func(tx state.Tx) error {
			for _, j := range jobs {
				for _, ref := range j.old.Docs {
					if err := state.DeleteDocument(tx, ref); err != nil {
						return err
					}
				}
			}
			return r.putAll(tx, jobs)
		})
	})
	return err
}

// confirm makes the outcomes of one flight of a replacement final.
func (r *runner) confirm(tx state.Tx, number uint64) error {
	now := r.now()
	f, _, err := state.GetFlight(tx, r.pid, number)
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
	if r.p.Keep != nil && len(late) > 0 {
		err := r.commit("kept", nil, func(tx state.Tx) error {
			for _, j := range late {
				if err := r.putKept(tx, j); err != nil {
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
	var err error
	if len(now) > 0 {
		err = r.commit("outcome", now, func(tx state.Tx) error {
			if err := r.putRows(tx, r.main, refused); err != nil {
				return err
			}
			return r.putAll(tx, now)
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
