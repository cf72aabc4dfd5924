package run

import (
	"cmp"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// What stands open in the state and may go on now: retries that are due, what a person asked for,
// data that another revision may map, records whose causes have appeared.

const (
	chunk = 50   // how many records are asked for at once
	span  = 1000 // how many open records are looked at together: there may be more than memory holds
)

// open is a record that may go on now, and why.
type open struct {
	key     string
	because string // ", retried by anna"; "": its time has come
	answers string // the code of the hold that a person has answered by retrying it
}

// again takes up open records, in the order of their keys, each read again where the source can be
// asked for it. Single records (Options.Keys) are read by their key, whatever stands open of them.
func (r *runner) again() error {
	if !r.p.Ledger || len(r.o.Keys) > 0 {
		return nil
	}
	asks := questions{run: r, there: map[problem.Cause]bool{}}
	for from := ""; ; {
		due, asking, next, err := r.openFrom(from)
		if err != nil {
			return err
		}
		there, err := asks.released(asking)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(append(due, there...), chunk) {
			if err := r.takeUp(part); err != nil {
				return err
			}
		}
		if next == "" {
			return r.overridden()
		}
		from = next
	}
}

// openFrom looks through open records from a key on: those that may go on now, those whose causes
// have to be asked for, and the key to go on with, "" at the end.
func (r *runner) openFrom(from string) (due []open, asking []state.Exception, next string, err error) {
	now := r.now()
	err = r.store.View(func(tx state.Tx) error {
		return state.EachOpenFrom(tx, r.pid, from, func(e state.Exception) (bool, error) {
			if len(due)+len(asking) == span {
				next = e.Key
				return false, nil
			}
			switch {
			case e.Withdrawn == state.Gone:
				// it is taken up when this run's reading has had its chance to meet it: gone.go
			case e.DueAt(now):
				due = append(due, open{e.Key, retriedBy(e), answered(e)})
			case e.Kind == state.InvalidData && e.Revision != r.p.Revision:
				due = append(due, open{key: e.Key, because: ", after the pipeline was edited"})
			case e.Kind == state.OnHold && len(e.Causes) > 0 && (!now.Before(e.Due) || now.Before(e.Last)):
				asking = append(asking, e)
			}
			return true, nil
		})
	})
	return due, asking, next, err
}

func retriedBy(e state.Exception) string {
	if e.Status == state.Retrying && e.RetryBy != "" {
		return ", retried by " + e.RetryBy
	}
	return ""
}

// answered is the code of a hold that a person asks to look at again: he has done what it said.
func answered(e state.Exception) string {
	if e.Kind == state.OnHold && e.Status == state.Retrying {
		return e.ID
	}
	return ""
}

// takeUp judges a few open records anew.
func (r *runner) takeUp(part []open) error {
	kept := make([]connector.Record, len(part))
	versions := make([]state.Version, len(part))
	err := r.store.View(func(tx state.Tx) (err error) {
		for i, o := range part {
			if kept[i], versions[i], err = stored(tx, r.pid, o.key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	at := r.now()
	fresh, err := r.fetch(part, kept)
	if err != nil {
		return err
	}
	jobs := make([]*job, 0, len(part))
	for i, o := range part {
		var j *job
		switch {
		case fresh[i] == nil && kept[i].Data.IsZero():
			continue // nothing to go on with: it is read again by the source's own order
		case fresh[i] == nil:
			j = r.job(kept[i], 0)
			j.ver = versions[i]
		case fresh[i].Data.IsZero() && fresh[i].Bad == nil:
			kept[i].Bad = gone(o.key)
			j = r.job(kept[i], 0)
			j.ver, j.gone, j.text = versions[i], true, 0 // whatever is read of it again is new
		default:
			j = r.job(*fresh[i], r.rising(at, r.begun))
		}
		if j.key != o.key { // it has none of its own, or is gone
			j.key = o.key
			r.override(j)
		}
		j.again, j.forced, j.because, j.answers = true, true, cmp.Or(j.because, o.because), o.answers
		r.retried.add(o.key)
		jobs = append(jobs, j)
	}
	slices.SortStableFunc(jobs, func(a, b *job) int { // a backlog goes out in the order in which it came
		switch {
		case a.ver.Before(b.ver):
			return -1
		case b.ver.Before(a.ver):
			return 1
		}
		return 0
	})
	return r.judge(jobs)
}

// fetch asks the source for the newest state of open records; nil where it can't be asked.
func (r *runner) fetch(part []open, kept []connector.Record) ([]*connector.Record, error) {
	out := make([]*connector.Record, len(part))
	fetcher, ok := connector.Can[connector.Fetcher](r.p.Source.Conn)
	if !ok {
		return out, nil
	}
	var refs []map[string]value.Value
	var at []int
	for i, o := range part {
		if ref, ok := r.ref(o.key, kept[i].Data); ok {
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

// broken says of a record that was read in part what was said then, for a source that can't be asked.
func broken(e state.Exception) *problem.Error {
	if !e.Partial {
		return nil
	}
	p := &problem.Error{Class: problem.Invalid, ID: e.ID, Key: e.Key, Field: e.Field, Reason: e.Reason, Hint: e.Hint, Code: e.Code}
	if e.Kind == state.Later || e.Kind == state.GaveUp {
		p.Class = problem.Transient
	}
	return p
}

func gone(key string) *problem.Error {
	return &problem.Error{
		Class: problem.Held, ID: "PC415", Key: key,
		Reason: "record " + key + " is no longer at its source, and was never delivered in full",
		Hint:   "find out there what became of it. It is not wanted any more: " + skipHint + "; it is there again: pipectl errors retry {records}",
	}
}

// next is when the attempt after n failed ones is due, and whether there is one.
func (r *runner) next(n int) (time.Duration, bool) {
	if n > len(r.p.Retry) {
		return 0, false
	}
	return r.p.Retry[n-1], true
}
