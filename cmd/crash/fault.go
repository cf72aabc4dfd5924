package main

import (
	"maps"
	"math/rand/v2"
)

// kindOf is one way in which a vendor fails; Args is what the sandbox is told beside the kind.
type kindOf struct {
	vendor, kind string
	args         map[string]any
}

// kinds are the faults, the ones that put a write in doubt several times. What takes longer than the
// client waits (1.5 s) is answered to nobody.
var kinds = []kindOf{
	{"kingdee", "cut-before", nil},
	{"kingdee", "cut-after", nil},
	{"kingdee", "cut-after", nil},
	{"kingdee", "cut-late", map[string]any{"delay": "90s"}},
	{"kingdee", "cut-late", map[string]any{"delay": "4m"}},
	{"kingdee", "cut-late", map[string]any{"delay": "9m30s"}},
	{"kingdee", "cut-late", map[string]any{"delay": "3s"}},
	{"kingdee", "half-answer", nil},
	{"kingdee", "half-answer", nil},
	{"kingdee", "status", map[string]any{"status": 502}},
	{"kingdee", "status-after", map[string]any{"status": 504}},
	{"kingdee", "garbage", nil},
	{"kingdee", "slow", map[string]any{"delay": "1800ms"}},
	{"kingdee", "slow-answer", map[string]any{"delay": "1800ms"}},
	{"kingdee", "throttled", nil},
	{"kingdee", "net-control", nil},
	{"kingdee", "database", map[string]any{"arg": "after"}},
	{"kingdee", "exception", map[string]any{"arg": "after"}},
	{"kingdee", "response-error", map[string]any{"arg": "after"}},
	{"kingdee", "lost-session", map[string]any{"arg": "twice"}},
	{"kingdee", "lost-session", map[string]any{"arg": "once"}},
	{"kingdee", "partial-batch", map[string]any{"arg": "0"}},
	{"kingdee", "partial-batch", map[string]any{"arg": "1 dropped"}},
	{"kingdee", "string-envelope", nil},

	{"lingxing", "cut-before", nil},
	{"lingxing", "cut-after", nil},
	{"lingxing", "half-answer", nil},
	{"lingxing", "status", map[string]any{"status": 502}},
	{"lingxing", "garbage", nil},
	{"lingxing", "slow", map[string]any{"delay": "700ms"}}, // longer, and the client would keep off for two minutes, as it should
	{"lingxing", "throttled", nil},
	{"lingxing", "too-many", nil},
	{"lingxing", "busy", nil},
	{"lingxing", "expired-token", nil},
	{"lingxing", "lost-token", nil},
	{"lingxing", "error-500", nil},
	{"lingxing", "moving-page", nil},
}

// writes are the calls of Kingdee that change something: faults of theirs are what hurts.
var writes = []string{".Save", ".BatchSave", ".Submit", ".Audit", ".UnAudit", ".CancelAssign", ".Delete", "ExecuteOperation", ""}

// fault draws one.
func fault(rnd *rand.Rand) faultPlan {
	k := pick(rnd, kinds)
	f := map[string]any{"kind": k.kind}
	maps.Copy(f, k.args)
	switch {
	case k.kind == "partial-batch":
		f["path"] = "BatchSave"
	case k.vendor == "kingdee":
		if p := pick(rnd, writes); p != "" {
			f["path"] = p
		} else {
			f["skip"] = rnd.IntN(8)
		}
	default:
		f["skip"] = rnd.IntN(8)
	}
	return faultPlan{k.vendor, f}
}

// passings are faults that a run gets over by itself: they befall whoever only asks. A step that is
// aimed at a point has them, too, and passes it all the same.
var passings = map[string][]kindOf{
	"lingxing": {
		{kind: "expired-token"},
		{kind: "cut-before"},
		{kind: "lost-token"},
		{kind: "half-answer"},
		{kind: "status", args: map[string]any{"status": 502}},
		{kind: "cut-after"},
	},
	"kingdee": {
		{kind: "lost-session", args: map[string]any{"arg": "twice"}},
		{kind: "half-answer"},
		{kind: "string-envelope"},
		{kind: "cut-after"},
		{kind: "status", args: map[string]any{"status": 503}},
		{kind: "lost-session", args: map[string]any{"arg": "once"}},
		{kind: "cut-before"},
		{kind: "status-after", args: map[string]any{"status": 504}},
		{kind: "slow", args: map[string]any{"delay": "50ms"}},
	},
}

// passing draws one of a vendor, each in turn.
func passing(rnd *rand.Rand, vendor string, turn int) faultPlan {
	all := passings[vendor]
	k := all[(turn+rnd.IntN(2))%len(all)]
	f := map[string]any{"kind": k.kind}
	maps.Copy(f, k.args)
	if vendor == "kingdee" {
		f["path"] = "Query"
	}
	return faultPlan{vendor, f}
}
