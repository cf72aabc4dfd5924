package run

import (
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// Report says what one run did. Its JSON names are a contract: they stand in the output of
// `pipectl run -o json`, in the state, the API and the console.
type Report struct {
	Pipeline    string `json:"pipeline"`
	Environment string `json:"environment"`
	Run         string `json:"run"`
	Revision    string `json:"revision"`
	Status      Status `json:"status"`

	// Records, each counted once: Read is the sum of the others.
	Read      int `json:"read"`
	Filtered  int `json:"filtered"`
	Unchanged int `json:"unchanged"`
	Delivered int `json:"delivered"`
	Created   int `json:"created"` // documents
	Updated   int `json:"updated"` // documents
	Withdrawn int `json:"withdrawn"`
	Waiting   int `json:"waiting"`
	Invalid   int `json:"invalid"`
	Held      int `json:"held"`
	Failed    int `json:"failed"`
	InDoubt   int `json:"in_doubt"`  // documents settled by asking
	Documents int `json:"documents"` // created, updated or brought further

	Overridden int `json:"overridden"` // records in which people have set values

	Requests map[string]int `json:"requests"`
	Started  time.Time      `json:"started"`
	Finished time.Time      `json:"finished"`
	Cursor   CursorMove     `json:"cursor"`
	Error    *RunError      `json:"error"`
	Notes    []string       `json:"notes,omitempty"` // for a person: what the numbers don't tell

	New int `json:"-"` // exceptions that this run opened: they decide the exit code
	Old int `json:"-"` // delivered records that keep the mapping of an older revision
	// Masters are the documents of other objects that were created because records needed them.
	Masters []Master `json:"-"`
	Hold    struct {
		Person int // held records that a person must decide
		Cause  int // held records that wait for something to appear
	} `json:"-"`
}

// Master is a document that a look-up with `missing: create` made.
type Master struct{ Connection, Object, Key string }

// CursorMove is how far the source was read before and after.
type CursorMove struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// RunError is what stopped a run.
type RunError struct {
	ID     string `json:"id,omitempty"`
	Class  string `json:"class"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`

	err *problem.Error
}

// Unwrap gives the problem itself, for a report that was not read back from the state.
func (e *RunError) Unwrap() error { return e.err }

func (e *RunError) Error() string { return e.Reason }

// Status is how a run ended.
type Status string

// The ends of a run.
const (
	Done       Status = "done"       // also with records that wait for a retry
	Exceptions Status = "exceptions" // some records became exceptions in this run
	Paused     Status = "paused"     // a connection is down: nothing was counted against the records
	Failed     Status = "failed"     // the run stopped; nothing was skipped
)

// Sum is what Read has to be.
func (r Report) Sum() int {
	return r.Filtered + r.Unchanged + r.Delivered + r.Withdrawn + r.Waiting + r.Invalid + r.Held + r.Failed
}

// count adds how jobs ended.
func (r *runner) count(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &r.report
	for _, j := range jobs {
		if j.end == notEnded || j.end == silent {
			continue
		}
		n.Read++
		n.Created += j.created
		n.Updated += j.updated
		n.Documents += j.touched
		if j.opened {
			n.New++
		}
		if j.over != nil && len(j.over.sets) > 0 {
			n.Overridden++
		}
		switch j.end {
		case filtered:
			n.Filtered++
		case unchanged, same:
			n.Unchanged++
		case delivered:
			n.Delivered++
		case withdrawn:
			n.Withdrawn++
		case waiting:
			n.Waiting++
		case invalid:
			n.Invalid++
		case held:
			n.Held++
			if len(j.causes()) > 0 {
				n.Hold.Cause++
			} else {
				n.Hold.Person++
			}
		case failed:
			n.Failed++
		case notEnded, silent:
		}
	}
}

// oldMapping counts a delivered record that keeps what an older revision made of it.
func (r *runner) oldMapping() {
	if !r.remaps {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Old++
}

// inDoubt counts documents that were settled by asking.
func (r *runner) inDoubt(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.InDoubt += n
}

// progress shows the report as it stands.
func (r *runner) progress() {
	if r.o.Progress == nil {
		return
	}
	r.mu.Lock()
	now := r.report
	r.mu.Unlock()
	r.shown.Lock()
	defer r.shown.Unlock()
	r.o.Progress(now)
}
