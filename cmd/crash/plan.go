package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

	Died []killPlan // of a replay: how each run died, in order
}

func planWorld(seed uint64, number, kills int) worldPlan {
	rnd := rand.New(rand.NewPCG(seed, uint64(number)<<20))
	return worldPlan{
		Seed: seed, Number: number, Kills: kills,
		Orders: 5 + rnd.IntN(8), Batch: 1 + rnd.IntN(5), Serial: number%2 == 0,
		Auth: []string{"sign", "password"}[rnd.IntN(2)],
	}
}

// stepPlan is a few runs that belong together, most often one.
type stepPlan struct {
	Drift  time.Duration // pipectl's clock against the vendors'
	Scenes []scene
}

// scene is one run, and what happens before and during it.
type scene struct {
	Calm    bool // faults that still wait are forgotten first
	Newest  bool // only the order that came last
	Happens []happening
	Faults  []faultPlan
	Move    time.Duration // both clocks
	Run     []string      // pipelines and flags; none: time passes
	Kill    killPlan
}

// step is the plan of one step: every third one is aimed at a point of the run, the others are left
// to chance.
func (w worldPlan) step(n int) stepPlan {
	rnd := rand.New(rand.NewPCG(w.Seed, uint64(w.Number)<<20+uint64(n)+1))
	drifts := smallDrifts
	if w.Auth == "password" {
		drifts = largeDrifts
	}
	s := stepPlan{}
	if n%4 < 2 { // some time of peace between two clocks
		s.Drift = drifts[n/4*7%len(drifts)]
	}
	switch {
	case n == 0: // the first run, and then at once what a promise is kept for
		s.Scenes = slices.Concat(at(first(), sides[w.Number%2]+" scope"), worst(rnd, "numbered"))
	case n%12 == 10:
		s.Scenes = worst(rnd, pick(rnd, []string{"numbered", "numbered", "bills", "goods"}))
	case n%3 == 0:
		s.Scenes = w.aimed(rnd, n/3)
	case n%6 == 4:
		s.Scenes = []scene{stages(rnd)}
	default:
		s.Scenes = []scene{chance(rnd)}
	}
	return s
}

// chance is a run in which anything happens.
func chance(rnd *rand.Rand) scene {
	s := scene{Move: pick(rnd, moves), Run: pick(rnd, runs)}
	for range rnd.IntN(4) {
		s.Happens = append(s.Happens, happen(rnd))
	}
	for range rnd.IntN(6) {
		s.Faults = append(s.Faults, fault(rnd))
	}
	s.Kill = planKill(rnd)
	return s
}

// stages is a run in which documents go back and forth through their stages under faults, and the
// process dies on that way.
func stages(rnd *rand.Rand) scene {
	s := chance(rnd)
	for _, what := range []string{"change-order", "change-order", "cancel-order", "revive-order", "add-product"} {
		h := happen(rnd)
		h.What = what
		s.Happens = append(s.Happens, h)
	}
	s.Kill = killPlan{}
	for i := range 4 {
		if i > 0 {
			s.Kill.At += ","
		}
		s.Kill.At += fmt.Sprintf("%s %s:%d", pick(rnd, sides), pick(rnd, late), 1+rnd.IntN(2))
	}
	return s
}

// worst is the moment that only an intent on disk survives: a new document is sent, the connection
// breaks, the process dies, and the vendor writes the document minutes later. Who has not written down
// what he was about to send sends it again at once; who does not ask what is there sends it again when
// ten minutes are over.
func worst(rnd *rand.Rand, pipeline string) []scene {
	send := scene{
		Happens: []happening{happen(rnd)}, Newest: pipeline != "goods", // nothing else is sent, and meets the fault
		Faults: []faultPlan{{"kingdee", map[string]any{"kind": "cut-late", "path": "Save", "delay": pick(rnd, []string{"4m", "9m30s"})}}},
		Move:   pick(rnd, moves), Run: []string{pipeline}, Kill: killPlan{At: "after save"},
	}
	h := &send.Happens[0]
	h.What, h.Kind = "add-order", "sure"
	if pipeline == "goods" {
		h.What = "add-product"
	}
	return []scene{send, {Run: []string{pipeline}}, {Calm: true, Move: 11 * time.Minute, Run: []string{pipeline}}}
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

var runs = [][]string{{"bills"}, {"numbered"}, {"goods"}, {"bills", "numbered"}, {"bills", "numbered", "goods"}, {"goods", "numbered", "bills"}}

// happening is something that a buyer, or a person in the source, does.
type happening struct {
	What  string
	Kind  string // of a new order
	Which int    // of what there is; newest: the order that came last
	Name  string // of a product
	Qty   int
	Cents int
	Age   time.Duration
}

// newest is the order that came last.
const newest = -1

func happen(rnd *rand.Rand) happening {
	h := happening{Which: rnd.IntN(1 << 30), Qty: 1 + rnd.IntN(9), Cents: 100 + rnd.IntN(90000), Age: time.Duration(1+rnd.IntN(170)) * time.Minute}
	h.Name = fmt.Sprint("Product ", h.Cents)
	switch n := rnd.IntN(26); {
	case n < 5:
		h.What, h.Kind = "add-order", pick(rnd, []string{"plain", "plain", "plain", "gift", "twin", "unknown-sku", "unknown-shop", "no-lines"})
	case n < 7:
		h.What = "late-order"
	case n < 15:
		h.What = "change-order"
	case n < 17:
		h.What = "cancel-order"
	case n < 19:
		h.What = "revive-order" // the buyer takes the cancelling back
	case n < 21:
		h.What = "touch-order"
	case n < 24:
		h.What = "add-product" // or give it another name, or have it back
	default:
		h.What = "delete-product"
	}
	return h
}

// killPlan says how a run dies, if it does.
type killPlan struct {
	At      string        // PIPECTL_KILL_AT
	Request int           // at this request, counted over both vendors
	When    string        // before, passed, answered, half, after; or waiting: when a vendor has told it to wait
	Delay   time.Duration // of after: chance has the last word
}

func planKill(rnd *rand.Rand) killPlan {
	switch n := rnd.IntN(100); {
	case n < 10:
		return killPlan{}
	case n < 16:
		return killPlan{When: "waiting"}
	case n < 40: // before anything new is sent
		return killPlan{At: fmt.Sprintf("%s %s,%s %s", pick(rnd, sides), pick(rnd, early), pick(rnd, sides), pick(rnd, early))}
	case n < 65:
		return killPlan{At: fmt.Sprint(1 + rnd.IntN(24))}
	}
	return killPlan{
		Request: 1 + rnd.IntN(14), When: pick(rnd, []string{"before", "passed", "answered", "half", "after", "after"}),
		Delay: time.Duration(rnd.IntN(20000)) * time.Microsecond,
	}
}

var sides = []string{"before", "after"}

// Points that chance is sent to: early ones before anything new is sent, and late ones.
var (
	early = []string{"recovery", "settlement", "causes", "fetch", "window", "gone", "ping", "answered"}
	late  = []string{
		"submit", "submitted", "audit", "audited", "un-audit", "un-audited", "un-submit", "un-submitted",
		"cancel", "cancelled", "delete", "deleted", "leave", "outage", "probe by id",
	}
)
