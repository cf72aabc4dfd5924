package engine

import (
	"fmt"
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// TestGroups: what differs in keys and document numbers alone is one cause, and short keys don't
// punch holes into words.
func TestGroups(t *testing.T) {
	var all []state.Exception
	for i := range 40 {
		key, doc := fmt.Sprintf("113/A-%04d", i), fmt.Sprintf("113-A-%04d", i)
		all = append(all, state.Exception{
			Pipeline: "orders", Key: key, TargetKey: "N" + doc, Kind: "held",
			Reason: fmt.Sprintf("target key is now N%s; record %s stays", doc, key),
		})
	}
	all = append(all,
		state.Exception{Pipeline: "orders", Key: "1", Kind: "invalid", Field: "FQty", Reason: "FQty is 11"},
		state.Exception{Pipeline: "orders", Key: "2", Kind: "held", Reason: "no matter", Causes: []problem.Cause{{Table: "shops", Key: "199"}}},
	)
	for i, amount := range []string{"0.10", "0.20", "12345678901234567890.03"} { // exactly, and one that isn't told
		all[i].Amount = amount
	}
	g := gathering{members: 3, at: map[[3]string]*Group{}}
	for _, x := range all {
		g.add(x)
	}
	got := g.sorted()
	if got[0].Amount != "12345678901234567890.33" || got[0].Unknown != 37 || got[1].Amount != "" || got[1].Unknown != 0 {
		t.Errorf("their money: %+v", got)
	}
	want := []struct {
		count int
		cause string
	}{{40, "target key is now …; record … stays"}, {1, "FQty is 11"}, {1, "table shops: 199"}}
	if len(got) != len(want) {
		t.Fatalf("%d groups: %+v", len(got), got)
	}
	for i, w := range want {
		if got[i].Count != w.count || got[i].Cause != w.cause {
			t.Errorf("group %d: %d of %q, want %d of %q", i, got[i].Count, got[i].Cause, w.count, w.cause)
		}
	}
}
