package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kinds of faults that the kit produces itself, whatever the vendor. A simulator adds kinds of
// its own (a lost session, a partial batch) and asks for them with Faults.Take.
const (
	Slow        = "slow"         // waits Delay, then processes
	SlowAnswer  = "slow-answer"  // processes, waits Delay, then answers
	CutBefore   = "cut-before"   // closes the connection; nothing was processed
	CutAfter    = "cut-after"    // processes, then closes the connection without an answer
	CutLate     = "cut-late"     // closes the connection at once, processes when the simulator's clock is Delay further
	HalfAnswer  = "half-answer"  // processes, sends half of the answer, closes
	Status      = "status"       // answers HTTP status Status with Body (or HTML); nothing was processed
	StatusAfter = "status-after" // processes, then answers HTTP status Status with Body (or HTML)
	Garbage     = "garbage"      // processes, then answers 200 with text that is no JSON
)

// Fault is one thing that will go wrong.
type Fault struct {
	Kind   string        `json:"kind"`
	Path   string        `json:"path,omitempty"`   // part of the URL path, any case; empty: every path
	Match  string        `json:"match,omitempty"`  // part of the request's body; empty: every body
	Skip   int           `json:"skip,omitempty"`   // let so many matching requests pass first
	Count  int           `json:"count,omitempty"`  // how often; 0 means once, -1 for ever
	Delay  time.Duration `json:"delay,omitempty"`  // for the slow and late kinds
	Status int           `json:"status,omitempty"` // for Status and StatusAfter; 0 means 503
	Body   string        `json:"body,omitempty"`
	Arg    string        `json:"arg,omitempty"` // for a vendor's kinds
}

// kinds are the kinds that the kit produces.
var kinds = []string{Slow, SlowAnswer, CutBefore, CutAfter, CutLate, HalfAnswer, Status, StatusAfter, Garbage}

// UnmarshalJSON reads Delay as a Delay does.
func (x *Fault) UnmarshalJSON(b []byte) error {
	type plain Fault // without this method
	in := struct {
		*plain
		Delay Delay `json:"delay"`
	}{plain: (*plain)(x)}
	if err := strict(b, &in); err != nil {
		return err
	}
	x.Delay = time.Duration(in.Delay)
	return nil
}

// MarshalJSON writes Delay as a Delay does.
func (x Fault) MarshalJSON() ([]byte, error) {
	type plain Fault
	return json.Marshal(struct {
		plain
		Delay Delay `json:"delay,omitempty"`
	}{plain(x), Delay(x.Delay)})
}

// Faults are the faults that wait to happen, in the order in which they were added.
type Faults struct {
	mu    sync.Mutex
	list  []*Fault
	taken map[string]int
}

// Add makes a fault wait for its request.
func (f *Faults) Add(x Fault) {
	if x.Count == 0 {
		x.Count = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &x)
}

// Clear forgets all faults that have not happened.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

// Take uses up one fault of one of these kinds that fits the request, if there is one.
func (f *Faults) Take(path string, body []byte, kinds ...string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.list {
		if !x.fits(path, body, kinds) {
			continue
		}
		if x.Skip > 0 {
			x.Skip--
			continue
		}
		if x.Count > 0 {
			if x.Count--; x.Count == 0 {
				f.list = append(f.list[:i:i], f.list[i+1:]...)
			}
		}
		if f.taken == nil {
			f.taken = map[string]int{}
		}
		f.taken[x.Kind]++
		return *x, true
	}
	return Fault{}, false
}

// Waiting are the faults that have not happened yet, in order.
func (f *Faults) Waiting() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, 0, len(f.list))
	for _, x := range f.list {
		out = append(out, *x)
	}
	return out
}

// Happened counts the faults that happened, by kind.
func (f *Faults) Happened() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[string]int, len(f.taken))
	maps.Copy(out, f.taken)
	return out
}

func (x *Fault) fits(path string, body []byte, kinds []string) bool {
	return slices.Contains(kinds, x.Kind) &&
		strings.Contains(strings.ToLower(path), strings.ToLower(x.Path)) &&
		(x.Match == "" || strings.Contains(string(body), x.Match))
}
