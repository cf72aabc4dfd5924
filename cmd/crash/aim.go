package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Aimed steps take turns through all points of a run (engine/run/doc.go), before and after each: which
// one is a function of world and step, and not of chance. Each point has the situation in which a run
// passes it.

// situation leads a run past points: the last scene is the run that passes them.
type situation struct {
	points string // apart by commas
	scenes func(batch int) []scene
}

// situations are in the order of doc.go. What only append-only and replaced targets pass, and what
// only comes after `state rekey`, is killed in engine/run.
var situations = []situation{
	{"read, steps, intent, save, saved, submit, submitted, audit, outcome, end", func(int) []scene {
		return []scene{calm("bills", newOrder)}
	}},
	{"ping, answered", func(int) []scene { // nobody is there; a run later somebody is
		return []scene{calm("numbered", newOrder).under(always("cut-before", "")), calm("numbered")}
	}},
	{"recovery, settlement, fetch, probe", func(int) []scene { // an earlier run has died on its way
		return []scene{calm("numbered", newOrder).killed("after save"), calm("numbered")}
	}},
	{"causes", func(int) []scene { // a record waits for a material
		return []scene{calm("bills", happening{What: "add-order", Kind: "unknown-sku"}), calm("bills")}
	}},
	{"window", func(int) []scene {
		return []scene{calm("bills", newOrder).flags("--since", "2020-01-01")}
	}},
	{"probe by id", func(int) []scene { // it was deleted, and the answer got lost
		return []scene{calm("numbered", newOrder), calm("numbered", cancelled).under(once("cut-after", ".Delete"))}
	}},
	{"probe by mark", func(int) []scene { // nobody knows whether it was created
		lost := once("cut-before", "Save")
		lost.Fault["match"] = "SAL_SaleOrder" // and not its customer
		return []scene{calm("bills", newOrder).under(lost)}
	}},
	{"un-audit, un-audited", func(int) []scene {
		return []scene{calm("bills", newOrder), calm("bills", changed)}
	}},
	{"un-submit, un-submitted", func(int) []scene {
		return []scene{calm("goods", product("")), calm("goods", product(" II"))}
	}},
	{"cancel", func(int) []scene {
		return []scene{calm("bills", newOrder), calm("bills", cancelled)}
	}},
	{"delete", func(int) []scene {
		return []scene{calm("numbered", newOrder), calm("numbered", cancelled)}
	}},
	// The answers to a last act are stored with the outcome, unless a part of the batch is sent again.
	{"audited", func(int) []scene {
		return []scene{calm("bills", newOrder).under(once("throttled", ".Audit"))}
	}},
	{"cancelled", func(int) []scene {
		return []scene{calm("bills", newOrder), calm("bills", cancelled).under(once("throttled", "ExecuteOperation"))}
	}},
	{"deleted", func(int) []scene {
		return []scene{calm("numbered", newOrder), calm("numbered", cancelled).under(once("throttled", ".Delete"))}
	}},
	{"leave", func(int) []scene { // "too many requests", for ever
		return []scene{calm("bills", newOrder).under(always("throttled", "Save"))}
	}},
	{"outage", func(batch int) []scene { // three batches in a row that nobody answers
		return []scene{calm("numbered", slices.Repeat([]happening{newOrder}, 2*batch+1)...).under(always("cut-before", "Save"))}
	}},
	{"gone", func(int) []scene {
		return []scene{calm("goods", product("")), calm("goods", happening{What: "delete-product", Which: aimedProduct})}
	}},
	{"scope", nil}, // once in the life of a state: in the first step of each world
}

// first is the first run of a world: customers are created for the first time.
func first() []scene { return []scene{calm("bills", newOrder)} }

// aimed is a step that kills where its turn is; turn counts the aimed steps of the world.
func (w worldPlan) aimed(rnd *rand.Rand, turn int) []scene {
	all := aims()
	next := all[(w.Number*turns+turn-1)%len(all)]
	scenes := next.scenes(w.Batch)
	for i := range scenes { // the same step twice is not the same content
		for j := range scenes[i].Happens {
			h := &scenes[i].Happens[j]
			h.Cents, h.Qty = 100+rnd.IntN(90000), 1+rnd.IntN(9)
			h.Name = fmt.Sprint("Aim ", turn, h.Name)
		}
		scenes[i].Faults = append(scenes[i].Faults, passing(rnd, "lingxing", turn), passing(rnd, "kingdee", turn))
	}
	return at(scenes, next.point)
}

func at(scenes []scene, point string) []scene {
	scenes[len(scenes)-1].Kill = killPlan{At: point}
	return scenes
}

// aim is a point to kill at, and how to get there.
type aim struct {
	point  string
	scenes func(batch int) []scene
}

// turns is how many points a world takes before the next world goes on.
const turns = 7

// aims are all points in turn.
func aims() []aim {
	var out []aim
	for _, s := range situations {
		for name := range strings.SplitSeq(s.points, ", ") {
			for _, side := range sides {
				if s.scenes != nil {
					out = append(out, aim{side + " " + name, s.scenes})
				}
			}
		}
	}
	return out
}

// points are all points at which a whole proof has to have killed.
func points() []string {
	var out []string
	for _, s := range situations {
		for name := range strings.SplitSeq(s.points, ", ") {
			out = append(out, "before "+name, "after "+name)
		}
	}
	return out
}

// What scenes are made of.

// aimedProduct is the product of aimed steps.
const aimedProduct = 1 << 20

var (
	newOrder  = happening{What: "add-order", Kind: "sure", Which: newest}
	changed   = happening{What: "change-order", Which: newest}
	cancelled = happening{What: "cancel-order", Which: newest}
)

func product(name string) happening {
	return happening{What: "add-product", Which: aimedProduct, Name: name}
}

// calm is a run without any fault, when all that waits is due.
func calm(pipeline string, happens ...happening) scene {
	return scene{Calm: true, Happens: slices.Clone(happens), Move: 31 * time.Minute, Run: []string{pipeline}}
}

func (s scene) under(f ...faultPlan) scene { s.Faults = f; return s }

func (s scene) killed(at string) scene { s.Kill.At = at; return s }

func (s scene) flags(f ...string) scene { s.Run = append(s.Run, f...); return s }

func once(kind, path string) faultPlan {
	return faultPlan{"kingdee", map[string]any{"kind": kind, "path": path}}
}

func always(kind, path string) faultPlan {
	return faultPlan{"kingdee", map[string]any{"kind": kind, "path": path, "count": -1}}
}
