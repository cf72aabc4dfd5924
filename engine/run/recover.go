package run

import (
	"context"

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
			r.doubtful = append(r.doubtful, doubtful{ref, d.Owner.Key})
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
