package run

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// twice leaves one job a key: of different times the newest, and the others count as unchanged;
// of one time, equal ones are one, and what differs is asked for by key, or refused.
func (r *runner) twice(jobs []*job) ([]*job, error) {
	clear(r.seen)
	double := false
	for i, j := range jobs {
		if _, again := r.seen[j.key]; again {
			double = true
		}
		r.seen[j.key] = i
	}
	if !double {
		return jobs, nil
	}
	groups := map[string][]*job{}
	var order []string
	for _, j := range jobs {
		if groups[j.key] == nil {
			order = append(order, j.key)
		}
		groups[j.key] = append(groups[j.key], j)
	}
	out := make([]*job, 0, len(order))
	for _, key := range order {
		kept, err := r.one(groups[key])
		if err != nil {
			return nil, err
		}
		out = append(out, kept...)
	}
	return out, nil
}

// one picks the newest of several jobs of one key.
func (r *runner) one(group []*job) ([]*job, error) {
	slices.SortStableFunc(group, func(a, b *job) int {
		switch {
		case a.ver.Before(b.ver):
			return 1
		case b.ver.Before(a.ver):
			return -1
		}
		return 0
	})
	newest, rest := group[0], group[1:]
	clash := false
	for _, j := range rest {
		clash = clash || j.ver == newest.ver && (j.text != newest.text || !r.p.Ledger) && j.content() != newest.content()
	}
	if clash {
		fetched, err := r.fetchOne(newest)
		if err != nil {
			return nil, err
		}
		if !fetched {
			for _, j := range group {
				j.bad = ambiguous(j.key)
			}
			return group, nil
		}
	}
	for _, j := range rest {
		j.end = unchanged
	}
	r.settleNow(rest)
	return []*job{newest}, nil
}

func ambiguous(key string) *problem.Error {
	return &problem.Error{
		Class: problem.Invalid, ID: "PC409", Key: key,
		Reason: "record " + key + " came twice with one time and different content: the key does not tell them apart",
		Hint:   "add a field to `key:` that tells them apart, then pipectl state rekey {pipeline} --reason TEXT",
	}
}

// fetchOne asks the source for the newest state of a job's record. False: it can't be asked.
func (r *runner) fetchOne(j *job) (bool, error) {
	fetcher, ok := connector.Can[connector.Fetcher](r.p.Source.Conn)
	if !ok || r.p.Source.Ref == nil {
		return false, nil
	}
	ref, ok := r.p.Source.Ref(j.data)
	if !ok {
		return false, nil
	}
	at := r.now()
	recs, err := patiently(r, func() ([]connector.Record, error) {
		return fetcher.Fetch(r.ctx, r.p.Source.Query, []map[string]value.Value{ref})
	})
	if err != nil {
		return false, r.down(r.p.Source.Connection, err)
	}
	if len(recs) != 1 || recs[0].Data.IsZero() {
		return false, nil
	}
	fresh := r.job(recs[0], r.rising(at, j.ver.Asked))
	if fresh.key != j.key {
		return false, nil
	}
	j.data, j.read, j.over = fresh.data, fresh.read, fresh.over
	j.ver, j.text, j.hash, j.bad = fresh.ver, fresh.text, value.Hash{}, fresh.bad
	return true, nil
}
