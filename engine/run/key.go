package run

import (
	"encoding/hex"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// job makes a job of a record as read.
func (r *runner) job(rec connector.Record, asked int64) *job {
	j := &job{data: rec.Data, bad: rec.Bad, partial: rec.Bad != nil, ver: state.Version{Changed: nanos(rec.Changed), Asked: asked}}
	r.name(j, rec)
	r.override(j)
	if r.p.Ledger {
		j.text = fingerprint(j.data.JSON() + j.read.JSON())
	}
	return j
}

// name gives a job its record's key.
func (r *runner) name(j *job, rec connector.Record) {
	if !rec.Data.IsZero() {
		r.probe.Reset(rec.Data)
		key, err := r.p.Key(r.probe)
		if err == nil && len(key) <= keyLimit {
			j.key = key
			return
		}
		if j.bad == nil {
			j.bad = r.noKey(err)
		}
	}
	// It has to stand somewhere: under what it says.
	j.key = "?" + hex.EncodeToString(fingerprintBytes(rec))
}

// keyLimit keeps keys far below what any store takes.
const keyLimit = 1000

func (r *runner) noKey(err error) *problem.Error {
	where := problem.Error{Class: problem.Invalid, ID: "PC408", Pipeline: r.p.Name, Hint: "a record without its key can't be told from others: correct it at the source, or `key:` in the pipeline"}
	if err == nil {
		where.Reason = "key of the record is longer than 1,000 bytes"
		return &where
	}
	p := problem.As(problem.In(err, where))
	p.Class = problem.Invalid
	return p
}

// fingerprintBytes tell a record without a key from others. What is wrong with it counts only where
// nothing of it is there: a place in a file moves.
func fingerprintBytes(rec connector.Record) []byte {
	text := rec.Data.JSON()
	if came := rec.Data.Get(value.Unreadable); came.Kind() == value.Object {
		text = came.JSON()
	}
	if rec.Bad != nil && text == "" {
		text = rec.Bad.Reason
	}
	n := fingerprint(text)
	return []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}
