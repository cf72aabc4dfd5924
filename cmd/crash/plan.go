package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// worldPlan is one world: two sandboxes, one project, and what befalls them. It is a pure function of
// the seed and its number.
type worldPlan struct {
	Seed   uint64
	Number int
	Kills  int // so many, then there is peace

	Orders int    // at the beginning
	Batch  int    // documents in a write
	Serial bool   // one request at a time: then every kill is placed exactly
	Auth   string // how pipectl signs in; a signature bears no clock that is days off

	Died []int // of a replay: by step, after how many requests the process died; -1: as planned
}

func planWorld(seed uint64, number, kills int) worldPlan {
	rnd := rand.New(rand.NewPCG(seed, uint64(number)<<20))
	return worldPlan{
		Seed: seed, Number: number, Kills: kills,
		Orders: 5 + rnd.IntN(8), Batch: 1 + rnd.IntN(5), Serial: number%2 == 0,
		Auth: []string{"sign", "password"}[rnd.IntN(2)],
	}
}

// stepPlan is what happens up to and during one run.
type stepPlan struct {
	Happens   []happening
	Faults    []faultPlan
	Move      time.Duration // both clocks
	Drift     time.Duration // pipectl's clock against the vendors'
	Pipelines []string
	Kill      killPlan
	Again     bool // and started again at once, as by a scheduler
}

// step is the plan of one step.
func (w worldPlan) step(n int) stepPlan {
	rnd := rand.New(rand.NewPCG(w.Seed, uint64(w.Number)<<20+uint64(n)+1))
	s := stepPlan{Move: pick(rnd, moves), Pipelines: pick(rnd, orders)}
	for range rnd.IntN(4) {
		s.Happens = append(s.Happens, happen(rnd))
	}
	for range rnd.IntN(4) {
		s.Faults = append(s.Faults, fault(rnd))
	}
	drifts := smallDrifts
	if w.Auth == "password" {
		drifts = largeDrifts
	}
	if n%4 < 2 { // some time of peace between two clocks
		s.Drift = drifts[n/4*7%len(drifts)]
	}
	s.Kill = planKill(rnd)
	switch rnd.IntN(10) {
	case 0:
		s.worst(rnd)
	case 1, 2:
		s.stages(rnd)
	}
	return s
}

// stages is a step in which documents go back and forth through their stages, and the process dies on
// that way.
func (s *stepPlan) stages(rnd *rand.Rand) {
	for _, what := range []string{"change-order", "change-order", "cancel-order"} {
		h := happen(rnd)
		h.What = what
		s.Happens = append(s.Happens, h)
	}
	s.Pipelines = pick(rnd, [][]string{{"bills"}, {"numbered"}, {"bills", "numbered"}})
	var at []string
	for range 4 {
		at = append(at, fmt.Sprintf("%s:%d", pick(rnd, late), 1+rnd.IntN(2)))
	}
	s.Kill = killPlan{At: strings.Join(at, ",")}
}

// worst is the moment that only an intent on disk survives: a new document is sent, the connection
// breaks, the process dies, and the vendor writes the document minutes later.
func (s *stepPlan) worst(rnd *rand.Rand) {
	s.Happens = append(s.Happens, happening{What: "add-order", Kind: "plain"})
	s.Faults = []faultPlan{{"kingdee", "cut-late", map[string]any{
		"kind": "cut-late", "path": "Save", "delay": pick(rnd, []string{"4m", "9m30s"}), "match": "SAL_SaleOrder",
	}}}
	s.Pipelines = pick(rnd, [][]string{{"numbered"}, {"numbered"}, {"bills"}})
	s.Kill, s.Again = killPlan{At: "after save"}, true
}

func pick[T any](rnd *rand.Rand, of []T) T { return of[rnd.IntN(len(of))] }

var moves = []time.Duration{
	0, 0, 2 * time.Second, time.Minute, 3 * time.Minute, 5*time.Minute + time.Second, 5*time.Minute + time.Second,
	11 * time.Minute, 11 * time.Minute, 31 * time.Minute, 6*time.Hour + time.Minute,
}

var (
	smallDrifts = []time.Duration{0, 2 * time.Minute, 0, -2 * time.Minute}
	largeDrifts = []time.Duration{0, -24 * time.Hour, 0, 24 * time.Hour, 20 * time.Minute, -20 * time.Minute}
)

var orders = [][]string{{"bills"}, {"numbered"}, {"bills", "numbered"}, {"bills", "numbered"}, {"numbered", "bills"}}

// happening is something that a buyer, or a person in the source, does.
type happening struct {
	What  string
	Kind  string // of a new order
	Which int    // of the orders that there are
	Qty   int
	Cents int
	Age   time.Duration
}

func happen(rnd *rand.Rand) happening {
	h := happening{Which: rnd.IntN(1 << 30), Qty: 1 + rnd.IntN(9), Cents: 100 + rnd.IntN(90000), Age: time.Duration(1+rnd.IntN(170)) * time.Minute}
	switch n := rnd.IntN(20); {
	case n < 5:
		h.What, h.Kind = "add-order", pick(rnd, []string{"plain", "plain", "plain", "gift", "twin", "unknown-sku", "unknown-shop", "no-lines"})
	case n < 7:
		h.What = "late-order"
	case n < 16:
		h.What = "change-order"
	case n < 18:
		h.What = "cancel-order"
	default:
		h.What = "touch-order"
	}
	return h
}

// killPlan says how a run dies, if it does.
type killPlan struct {
	At      string        // PIPECTL_KILL_AT
	Request int           // at this request, counted over both vendors
	When    string        // before, passed, answered, half, after
	Delay   time.Duration // of after: chance has the last word
}

func planKill(rnd *rand.Rand) killPlan {
	switch n := rnd.IntN(100); {
	case n < 12:
		return killPlan{}
	case n < 27: // at one point, or where the run ends
		return killPlan{At: fmt.Sprintf("%s:%d,after end", pick(rnd, points), 1+rnd.IntN(2))}
	case n < 39: // before anything new is sent
		return killPlan{At: pick(rnd, early) + "," + pick(rnd, early)}
	case n < 62:
		return killPlan{At: fmt.Sprint(1 + rnd.IntN(40))}
	}
	return killPlan{
		Request: 1 + rnd.IntN(24), When: pick(rnd, []string{"before", "passed", "answered", "half", "after", "after"}),
		Delay: time.Duration(rnd.IntN(20000)) * time.Microsecond,
	}
}

// points are the named points of a run that these pipelines can pass (engine/run/doc.go). What only
// append-only and replaced targets pass is killed in engine/run.
var points = slices.Concat(both("read", "steps", "intent", "save", "saved", "probe", "outcome", "end"), early, late)

// Few runs pass these: early ones before anything new is sent, and late ones.
var (
	early = both("recovery", "settlement", "causes", "fetch", "scope", "window", "ping", "answered")
	late  = both("submit", "submitted", "audit", "audited", "un-audit", "un-audited", "cancel", "cancelled", "delete", "deleted", "leave", "outage")
)

// seldom are points that need three unanswered batches in a row, or a run right after such a one: a
// proof may end without them.
var seldom = both("outage", "ping", "answered", "leave")

func both(names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, "before "+n, "after "+n)
	}
	return out
}
