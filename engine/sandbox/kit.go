// Package sandbox is the kit that simulators of vendor systems are made of: a server on
// loopback, a seed, a clock that can be moved, faults on demand and a page that shows what is
// stored.
//
// It knows no vendor. A simulator implements System; the kit serves it, puts faults in front of
// it and answers the control endpoint below /_sandbox/.
package sandbox

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// System is one simulated vendor system. ServeHTTP speaks the vendor's protocol and nothing
// else; it is called from many goroutines.
type System interface {
	http.Handler

	// Name is the connector's name: "kingdee".
	Name() string

	// BasePath is what follows host and port in the connection's url: "/k3cloud/", or "".
	BasePath() string

	// Credentials are the settings of a connection to this simulator other than its url, under
	// the names that the connector's configuration uses.
	Credentials() map[string]string

	// Actions are what a tester can make happen, in the order in which they are documented.
	Actions() []Action

	// Dump is everything stored, by collection: "orders" → rows, the newest last. It is what
	// /_sandbox/dump answers and what the page lists.
	Dump() map[string]any
}

// FaultKinds is implemented by a System that has fault kinds of its own: what each does, by kind.
// With it the control endpoint refuses a kind that nobody would ever take.
type FaultKinds interface {
	FaultKinds() map[string]string
}

// Action is something that a tester makes happen in the simulated system: an order changes, a
// person audits a document, a token expires.
type Action struct {
	Name    string // "change-order"
	Doc     string // one sentence
	Example string // a JSON object with the arguments, for the documentation
	Do      func(args json.RawMessage) (any, error)
}

// Options say how a simulator starts.
type Options struct {
	Seed   int64            // the same seed gives the same data, to the byte
	Orders int              // how many orders are there at the start; 0 means the simulator's default
	Now    func() time.Time // where the clock starts from; nil means time.Now
	Log    *slog.Logger     // nil discards
}

// Kit is what a simulator is built on.
type Kit struct {
	Options
	Clock   *Clock
	Faults  *Faults
	Latency *Latency
	Rand    *rand.Rand // not safe for concurrent use: draw while seeding, or under the simulator's lock

	// PausesInside is set by a simulator that calls Pause itself, see there.
	PausesInside bool

	journal journal
}

// New returns a kit for one simulator.
func New(o Options) *Kit {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Kit{
		Options: o,
		Clock:   &Clock{base: o.Now},
		Faults:  &Faults{},
		Latency: &Latency{},
		Rand:    rand.New(rand.NewPCG(uint64(o.Seed), 0x9e3779b97f4a7c15)),
	}
}
