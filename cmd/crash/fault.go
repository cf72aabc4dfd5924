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
