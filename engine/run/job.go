package run

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// job is one record on its way. It belongs to one goroutine at a time.
type job struct {
	key  string
	data value.Record // what it says, with what people have set in it
	read value.Record // as the source sent it, where that is something else
	over *overlay     // what was set in it; nil: nothing ever was
	ver  state.Version
	text uint64     // fingerprint of the content as written
	hash value.Hash // of the canonical content; zero until somebody needs it
	bad  *problem.Error
	// partial: data is what could be read of the record, and never goes through the steps.
	partial bool

	old        state.Record     // the ledger's row before
	known      bool             // there is one
	again      bool             // it comes from the state: a retry or a release
	because    string           // of again: what let it go on, as it is said when it is closed
	answers    string           // of again: the code of the hold that a person has answered
	forced     bool             // judged although its content is not new
	rewrite    bool             // unchanged, but its target is replaced as a whole
	used       int              // durable attempts used up for this content
	page       *page            // that waits for its outcome; nil outside the live lane
	withdrawal state.Withdrawal // why its document is taken back; "" when it is not
	gone       bool             // it is no longer at its source: it has no content

	row  *step.Row
	kept value.Record // what other pipelines may look up once it is delivered

	// How it ended.
	end      ending
	problems []*problem.Error
	attempt  bool      // of Waiting: the attempt counts
	due      time.Time // of Waiting; zero: as the ladder says
	docs     []state.Ref
	number   string // the target key of its document, also where that isn't its own
	opened   bool   // a new exception came of it
	created  int
	updated  int
	touched  int // documents created, updated or brought further
}

// ending is what a record is counted as.
type ending uint8

const (
	notEnded  ending = iota
	silent           // was counted before: a retried record that is read again unchanged
	filtered         // a where left it out
	unchanged        // nothing to write, nothing to remember
	same             // nothing to write; its new version is remembered
	delivered
	withdrawn
	waiting
	invalid
	held
	failed
)

// fingerprint is a short hash of a text: the quick look at whether it is the one seen last.
func fingerprint(text string) uint64 {
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(text), len(text)))
	return binary.BigEndian.Uint64(sum[:])
}

// content is the hash of what the record says, whatever its spelling; of a pipeline with live
// look-ups also of what those said. What the source sends beneath a set value belongs to it, too:
// it is what the record says when the value is taken away.
func (j *job) content() value.Hash {
	if j.gone {
		return value.Hash{}
	}
	if !j.hash.IsZero() {
		return j.hash
	}
	found := j.row != nil && len(j.row.Content) > 0
	if !found && j.read.IsZero() {
		j.hash = j.data.Hash()
		return j.hash
	}
	parts := []value.Value{j.data.Value()}
	if !j.read.IsZero() {
		parts = append(parts, j.read.Value())
	}
	if found {
		parts = append(parts, j.row.Content...)
	}
	j.hash = value.HashOf(parts...)
	return j.hash
}

// newest says that the attempts used up so far were for this very content.
func (j *job) countAttempts() {
	if j.known && j.old.Hash == j.content() {
		j.used = j.old.Attempts
	}
}

// asRead is the record as its source sent it: what is kept as evidence, and for the next attempt.
func (j *job) asRead() value.Record {
	if j.read.IsZero() {
		return j.data
	}
	return j.read
}

// nanos counts a time as versions do. One that lies centuries away, as broken sources tell, is the
// first or the last that can be counted: it must not turn into another one.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1678:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

func instant(n int64) time.Time { return time.Unix(0, n).UTC() }

// fail ends the job as an exception, or as one that waits, by the worst of its problems: data that
// is wrong can't be helped by anything appearing elsewhere.
func (j *job) fail(list ...*problem.Error) {
	j.problems = list
	j.end = waiting
	j.attempt = true
	for _, p := range list {
		switch p.Class {
		case problem.Invalid:
			j.end = invalid
		case problem.Missing, problem.Held, problem.Unclassified:
			if j.end != invalid {
				j.end = held
			}
		case problem.Transient, problem.Throttled, problem.Fatal:
		}
	}
	if j.end == invalid && list[0].Class != problem.Invalid {
		for i, p := range list {
			if p.Class == problem.Invalid {
				list[0], list[i] = list[i], list[0]
				break
			}
		}
	}
}

// wait ends the job until a time; the attempt isn't counted.
func (j *job) wait(until time.Time, p *problem.Error) {
	j.end, j.problems, j.due, j.attempt = waiting, []*problem.Error{p}, until, false
}

// causes are all things the job waits for, each once.
func (j *job) causes() []problem.Cause {
	var out []problem.Cause
	seen := map[problem.Cause]bool{}
	for _, p := range j.problems {
		if p.Cause != nil && !seen[*p.Cause] {
			seen[*p.Cause] = true
			out = append(out, *p.Cause)
		}
	}
	return out
}
