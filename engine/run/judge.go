package run

import (
	"encoding/hex"
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// page judges the records of a page against the ledger: what is known and unchanged ends here,
// the rest goes through the steps. begun is the instant at which this reading began.
func (r *runner) page(pg connector.Page, line *page, begun int64, only map[string]bool) error {
	jobs := make([]*job, 0, len(pg.Records))
	asked := r.rising(pg.Asked)
	for _, rec := range pg.Records {
		j := r.job(rec, asked)
		j.page = line
		if only != nil {
			if _, wanted := only[j.key]; !wanted {
				continue
			}
			only[j.key], j.forced = true, true
		}
		if len(r.o.Keys) > 0 {
			j.forced = true
		}
		jobs = append(jobs, j)
	}
	jobs, err := r.twice(jobs)
	if err != nil {
		return err
	}
	return r.judge(jobs, begun)
}

// job makes a job of a record as read.
func (r *runner) job(rec connector.Record, asked int64) *job {
	j := &job{data: rec.Data, bad: rec.Bad, ver: state.Version{Changed: nanos(rec.Changed), Asked: asked}}
	if r.p.Ledger {
		j.text = fingerprint(rec.Data.JSON())
	}
	if !rec.Data.IsZero() {
		r.probe.Reset(rec.Data)
		key, err := r.p.Key(r.probe)
		if err == nil && len(key) <= keyLimit {
			j.key = key
			return j
		}
		if j.bad == nil {
			j.bad = r.noKey(err)
		}
	}
	// It has to stand somewhere: under what it says.
	j.key = "?" + hex.EncodeToString(fingerprintBytes(rec))
	return j
}

// keyLimit keeps keys far below what any store takes.
const keyLimit = 1000

func (r *runner) noKey(err error) *problem.Error {
	where := problem.Error{Class: problem.Invalid, ID: "PC408", Pipeline: r.p.Name, Hint: "a record without its key can't be told from others: correct it at the source, or the key in the pipeline"}
	if err == nil {
		where.Reason = "the key is longer than 1,000 bytes"
		return &where
	}
	p := problem.As(problem.In(err, where))
	p.Class = problem.Invalid
	return p
}

func fingerprintBytes(rec connector.Record) []byte {
	text := rec.Data.JSON()
	if rec.Bad != nil {
		text += rec.Bad.Reason
	}
	n := fingerprint(text)
	return []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

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
		Reason: "the key does not tell two records apart: they have the key " + key + ", the same time and different content",
		Hint:   "add a field to `key:` that tells them apart",
	}
}

// judge holds jobs against the ledger and sends on what is to be delivered.
func (r *runner) judge(jobs []*job, begun int64) error {
	if r.busy.any(jobs) { // an earlier version of one of them is on its way
		if err := r.drain(); err != nil {
			return err
		}
	}
	var rest, old []*job
	err := r.store.View(func(tx state.Tx) error {
		for _, j := range jobs {
			verdict, err := r.verdict(tx, j, begun)
			if err != nil {
				return err
			}
			switch verdict {
			case goesOn:
				rest = append(rest, j)
			case isOld:
				old = append(old, j)
			case isDone:
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.settleNow(jobs)
	for _, j := range old {
		fetched, err := r.fetchOne(j)
		if err != nil {
			return err
		}
		if !fetched {
			j.bad = outdated(j)
		}
		rest = append(rest, j)
	}
	return r.prepare(rest)
}

func outdated(j *job) *problem.Error {
	return &problem.Error{
		Class: problem.Held, ID: "PC410", Key: j.key,
		Reason: "record " + j.key + " was read in an older version than the one that is known, with other content",
		Hint:   "the source can't be asked for it by key: compare both, then pipectl errors retry or skip",
	}
}

type verdict uint8

const (
	goesOn verdict = iota
	isDone
	isOld
)

// verdict looks a job up in the ledger.
func (r *runner) verdict(tx state.Tx, j *job, begun int64) (verdict, error) {
	if !r.p.Ledger {
		return goesOn, nil
	}
	look, scratch, ok, err := state.LookAt(tx, r.pid, j.key, r.scratch)
	r.scratch = scratch
	if err != nil || !ok {
		return goesOn, err
	}
	if look.Text == j.text && !j.forced && !r.p.Live && !r.o.Remap && r.stands(j, look.Standing) {
		return isDone, nil
	}
	j.old, j.known, err = state.GetRecord(tx, r.pid, j.key)
	if err != nil {
		return goesOn, err
	}
	if j.forced {
		j.countAttempts()
		return goesOn, nil
	}
	if r.p.Live { // its look-ups belong to its content
		return goesOn, nil
	}
	if j.content() == j.old.Hash && j.bad == nil {
		if !r.o.Remap && r.stands(j, j.old.Standing) {
			return isDone, nil
		}
		j.countAttempts()
		return goesOn, nil
	}
	return r.differs(j, begun), nil
}

// differs judges content that is not the newest that the ledger knows.
func (r *runner) differs(j *job, begun int64) verdict {
	if j.ver.Before(j.old.Version) {
		return isOld
	}
	// Without a change time the second of two rows would undo the first, in every run again.
	if j.ver.Changed == 0 && j.old.Version.Changed == 0 {
		if j.old.Version.Asked >= begun && j.old.Standing != state.Sending {
			j.bad = ambiguous(j.key)
		} else if j.old.Standing == state.Invalid && !j.old.Done.IsZero() && j.content() == j.old.Done {
			j.end = unchanged
			return isDone
		}
	}
	return goesOn
}

// stands says that a record with content that is known needs nothing now, and counts it where it
// stands.
func (r *runner) stands(j *job, s state.Standing) bool {
	if r.retried[j.key] {
		j.end = silent
		return true
	}
	switch s {
	case state.Delivered:
		if r.replaces() {
			j.rewrite = true
			return false
		}
		j.end = unchanged
		r.oldMapping()
	case state.Withdrawn, state.Skipped:
		if s == state.Withdrawn && r.replaces() {
			return false
		}
		j.end = unchanged
	case state.Waiting:
		j.end = waiting
	case state.Invalid:
		j.end = invalid
	case state.Held:
		j.end = held
	case state.Failed:
		j.end = failed
	case state.Unseen, state.Sending:
		return false
	}
	return true
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
	asked := r.now()
	recs, err := fetcher.Fetch(r.ctx, r.p.Source.Query, []map[string]value.Value{ref})
	if err != nil {
		return false, r.down(r.p.Source.Connection, err)
	}
	if len(recs) != 1 || recs[0].Data.IsZero() {
		return false, nil
	}
	fresh := r.job(recs[0], r.rising(asked))
	if fresh.key != j.key {
		return false, nil
	}
	j.data, j.ver, j.text, j.hash, j.bad = fresh.data, fresh.ver, fresh.text, value.Hash{}, fresh.bad
	return true, nil
}

// settleNow counts jobs that ended without anything to remember.
func (r *runner) settleNow(jobs []*job) {
	var ended []*job
	for _, j := range jobs {
		if j.end != notEnded {
			ended = append(ended, j)
		}
	}
	r.count(ended)
	r.track.done(ended)
}
