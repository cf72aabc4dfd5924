package run

import (
	"errors"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// What stands open in the state and may go on now: retries that are due, what a person asked for,
// data that another revision may map, records whose causes have appeared.

// chunk is how many records are asked for at once.
const chunk = 50

// again takes up open records, each read again where the source can be asked for it.
func (r *runner) again() error {
	if !r.p.Ledger {
		return nil
	}
	open, err := r.released()
	if err != nil {
		return err
	}
	for len(open) > 0 {
		n := min(chunk, len(open))
		if err := r.takeUp(open[:n]); err != nil {
			return err
		}
		open = open[n:]
	}
	return nil
}

// released lists the open records that may go on now.
func (r *runner) released() ([]state.Exception, error) {
	var due, asking []state.Exception
	now := r.now()
	wanted := map[string]bool{}
	for _, k := range r.o.Keys {
		wanted[k] = true
	}
	err := r.store.View(func(tx state.Tx) error {
		return state.EachOpen(tx, r.pid, func(e state.Exception) (bool, error) {
			switch {
			case len(wanted) > 0:
				// single records are read by their key, whatever stands open of them
			case e.DueAt(now), e.Kind == state.InvalidData && e.Revision != r.p.Revision:
				due = append(due, e)
			case e.Kind == state.OnHold && len(e.Causes) > 0 && (!now.Before(e.Due) || now.Before(e.Last)):
				asking = append(asking, e)
			}
			return true, nil
		})
	})
	if err != nil || len(asking) == 0 {
		return due, err
	}
	there, err := r.appeared(asking)
	return append(due, there...), err
}

// appeared asks for all causes together, and gives the records that wait for none any more.
func (r *runner) appeared(asking []state.Exception) ([]state.Exception, error) {
	if r.p.Ask == nil {
		return asking, nil
	}
	at := map[problem.Cause]int{}
	var causes []problem.Cause
	for _, e := range asking {
		for _, c := range e.Causes {
			if _, ok := at[c]; !ok {
				at[c] = len(causes)
				causes = append(causes, c)
			}
		}
	}
	present, err := asked(r, "causes", func() ([]bool, error) { return r.p.Ask(r.ctx, causes) })
	if errors.Is(err, ErrAbandoned) {
		return nil, err
	}
	if err != nil {
		p := problem.As(err)
		if p.Class == problem.Fatal {
			return nil, err
		}
		r.log.Warn("causes could not be asked for", "reason", p.Reason)
		return nil, nil // they wait for the next run
	}
	var out []state.Exception
	for _, e := range asking {
		all := true
		for _, c := range e.Causes {
			all = all && present[at[c]]
		}
		if all {
			out = append(out, e)
		}
	}
	return out, nil
}

// takeUp judges a few open records anew.
func (r *runner) takeUp(open []state.Exception) error {
	payloads := make([]value.Record, len(open))
	err := r.store.View(func(tx state.Tx) error {
		for i, e := range open {
			text, err := state.Payload(tx, r.pid, e.Key)
			if err != nil {
				return err
			}
			if text != "" {
				payloads[i] = value.Known(text)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	at := r.now()
	fresh, err := r.fetch(open, payloads)
	if err != nil {
		return err
	}
	jobs := make([]*job, 0, len(open))
	for i, e := range open {
		var j *job
		switch {
		case fresh[i] == nil && payloads[i].IsZero():
			continue // nothing to go on with: it is read again by the source's own order
		case fresh[i] == nil:
			j = r.job(connector.Record{Data: payloads[i]}, 0)
			j.ver = e.Version
		case fresh[i].Data.IsZero() && fresh[i].Bad == nil:
			j = r.job(connector.Record{Data: payloads[i], Bad: gone(e.Key)}, 0)
			j.ver = e.Version
		default:
			j = r.job(*fresh[i], r.rising(at))
		}
		j.key, j.again, j.forced = e.Key, true, true
		r.retried[e.Key] = true
		jobs = append(jobs, j)
	}
	return r.judge(jobs, 0)
}

// fetch asks the source for the newest state of open records; nil where it can't be asked.
func (r *runner) fetch(open []state.Exception, payloads []value.Record) ([]*connector.Record, error) {
	out := make([]*connector.Record, len(open))
	fetcher, ok := connector.Can[connector.Fetcher](r.p.Source.Conn)
	if !ok {
		return out, nil
	}
	var refs []map[string]value.Value
	var at []int
	for i, e := range open {
		if ref, ok := r.ref(e.Key, payloads[i]); ok {
			refs, at = append(refs, ref), append(at, i)
		}
	}
	if len(refs) == 0 {
		return out, nil
	}
	recs, err := r.fetched(fetcher, r.p.Source.Query, refs)
	if err != nil {
		return nil, r.down(r.p.Source.Connection, err)
	}
	for n, rec := range recs {
		out[at[n]] = &rec
	}
	return out, nil
}

func (r *runner) ref(key string, payload value.Record) (map[string]value.Value, bool) {
	if r.p.Source.Ref != nil && !payload.IsZero() {
		if ref, ok := r.p.Source.Ref(payload); ok {
			return ref, true
		}
	}
	if r.p.Source.RefOfKey != nil {
		return r.p.Source.RefOfKey(value.SplitKey(key))
	}
	return nil, false
}

func gone(key string) *problem.Error {
	return &problem.Error{
		Class: problem.Held, ID: "PC415", Key: key,
		Reason: "record " + key + " is no longer at its source, and was never delivered in full",
		Hint:   "find out what became of it there, then pipectl errors skip or retry",
	}
}

// next is when the attempt after n failed ones is due, and whether there is one.
func (r *runner) next(n int) (time.Duration, bool) {
	if n > len(r.p.Retry) {
		return 0, false
	}
	return r.p.Retry[n-1], true
}
