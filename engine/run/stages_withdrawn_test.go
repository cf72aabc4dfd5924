package run

import (
	"fmt"
	"slices"
	"testing"
)

// leavings are the ways in which an order stops to be one.
var leavings = map[string]func(*rig){
	"cancelled": func(r *rig) { r.cancelAtSource("1") },
	"gone":      func(r *rig) { r.remove("1") },
}

// returnings are the ways in which it is one again.
var returnings = map[string]func(*rig, row){
	"unchanged": func(r *rig, was row) {
		if !slices.ContainsFunc(r.src.rows, func(x row) bool { return x.id == "1" }) {
			r.src.put("1", was.changed, `"qty":1`) // the very same row
			return
		}
		r.src.set("1", `"qty":1`)
	},
	"changed": func(r *rig, _ row) { r.src.set("1", `"qty":2`) },
}

var withdrawals = map[string]Withdrawn{"hold": HoldWithdrawn, "cancel": CancelWithdrawn, "delete": DeleteWithdrawn, "ignore": IgnoreWithdrawn}

func (s standing) withdrawing(t *testing.T, policy Withdrawn) *rig {
	return s.stand(t, func(to *Target) { to.Withdrawn = policy })
}

// withdrawnCells: what each policy makes of a document whose record is withdrawn, and what comes of it
// when the record returns, unchanged and changed (`changed: reopen`).
var withdrawnCells = []struct{ stage, policy, withdrawn, unchanged, changed string }{
	{"draft", "hold", "→ draft 1, PC405", "→ draft 1", "update → draft 2"},
	{"draft", "cancel", "cancel → draft 1 cancelled", "→ draft 1 cancelled, PC421", "→ draft 1 cancelled, PC421"},
	{"draft", "delete", "delete →", "create → draft 1", "create → draft 2"},
	{"draft", "ignore", "→ draft 1", "→ draft 1", "update → draft 2"},
	{"saved", "hold", "→ saved 1, PC405", "→ saved 1", "update → saved 2"},
	{"saved", "cancel", "cancel → saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"saved", "delete", "delete →", "create → saved 1", "create → saved 2"},
	{"saved", "ignore", "→ saved 1", "→ saved 1", "update → saved 2"},
	{"submitted", "hold", "→ submitted 1, PC405", "→ submitted 1", "un-submit update submit → submitted 2"},
	{"submitted", "cancel", "un-submit cancel → saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"submitted", "delete", "un-submit delete →", "create submit → submitted 1", "create submit → submitted 2"},
	{"submitted", "ignore", "→ submitted 1", "→ submitted 1", "un-submit update submit → submitted 2"},
	{"audited", "hold", "→ audited 1, PC405", "→ audited 1", "un-audit update submit audit → audited 2"},
	{"audited", "cancel", "un-audit cancel → saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"audited", "delete", "un-audit delete →", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"audited", "ignore", "→ audited 1", "→ audited 1", "un-audit update submit audit → audited 2"},
	{"saved, to be audited", "hold", "→ saved 1, PC405", "submit audit → audited 1", "update submit audit → audited 2"},
	{"saved, to be audited", "cancel", "cancel → saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"saved, to be audited", "delete", "delete →", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"saved, to be audited", "ignore", "→ saved 1", "submit audit → audited 1", "update submit audit → audited 2"},
	{"submitted, to be audited", "hold", "→ submitted 1, PC405", "audit → audited 1", "un-submit update submit audit → audited 2"},
	{"submitted, to be audited", "cancel", "un-submit cancel → saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"submitted, to be audited", "delete", "un-submit delete →", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"submitted, to be audited", "ignore", "→ submitted 1", "audit → audited 1", "un-submit update submit audit → audited 2"},
	{"audited by a person", "hold", "→ audited 1, PC405", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person", "cancel", "→ audited 1, PC406", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person", "delete", "→ audited 1, PC406", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person", "ignore", "→ audited 1", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person, to be audited", "hold", "→ audited 1, PC405", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person, to be audited", "cancel", "→ audited 1, PC406", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person, to be audited", "delete", "→ audited 1, PC406", "→ audited 1", "→ audited 1, PC406"},
	{"audited by a person, to be audited", "ignore", "→ audited 1", "→ audited 1", "→ audited 1, PC406"},
	{"un-audited by a person", "hold", "→ saved 1, PC405", "submit audit → audited 1", "→ saved 1, PC406"},
	{"un-audited by a person", "cancel", "→ saved 1, PC406", "submit audit → audited 1", "→ saved 1, PC406"},
	{"un-audited by a person", "delete", "→ saved 1, PC406", "submit audit → audited 1", "→ saved 1, PC406"},
	{"un-audited by a person", "ignore", "→ saved 1", "submit audit → audited 1", "→ saved 1, PC406"},
	{"cancelled by a person", "hold", "→ saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"cancelled by a person", "cancel", "→ saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"cancelled by a person", "delete", "→ saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"cancelled by a person", "ignore", "→ saved 1 cancelled", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
	{"deleted by a person", "hold", "→", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"deleted by a person", "cancel", "→", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"deleted by a person", "delete", "→", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"deleted by a person", "ignore", "→", "create submit audit → audited 1", "create submit audit → audited 2"},
	{"changed by a person", "hold", "→ audited 7, PC405", "→ audited 7", "→ audited 7, PC406"},
	{"changed by a person", "cancel", "→ audited 7, PC406", "→ audited 7", "→ audited 7, PC406"},
	{"changed by a person", "delete", "→ audited 7, PC406", "→ audited 7", "→ audited 7, PC406"},
	{"changed by a person", "ignore", "→ audited 7", "→ audited 7", "→ audited 7, PC406"},
	{"numbered by a person", "hold", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426"},
	{"numbered by a person", "cancel", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426"},
	{"numbered by a person", "delete", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426"},
	{"numbered by a person", "ignore", "→ audited 1 XX-9", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426"},
	{"made anew by a person", "hold", "→ saved 8, PC452", "→ saved 8, PC452", "→ saved 8, PC452"},
	{"made anew by a person", "cancel", "→ saved 8, PC452", "→ saved 8, PC452", "→ saved 8, PC452"},
	{"made anew by a person", "delete", "→ saved 8, PC452", "→ saved 8, PC452", "→ saved 8, PC452"},
	{"made anew by a person", "ignore", "→ saved 8", "→ saved 8, PC452", "→ saved 8, PC452"},
}

// TestWithdrawnByStage tells each cell for records that are cancelled and for those that are gone.
func TestWithdrawnByStage(t *testing.T) {
	all := standings()
	if len(withdrawnCells) != len(all)*len(withdrawals) {
		t.Errorf("%d cells, want %d", len(withdrawnCells), len(all)*len(withdrawals))
	}
	for _, c := range withdrawnCells {
		s := all[slices.IndexFunc(all, func(s standing) bool { return s.name == c.stage })]
		for leaving, leave := range leavings {
			for returning, back := range returnings {
				t.Run(fmt.Sprintf("%s, withdrawn: %s, %s, returns %s", c.stage, c.policy, leaving, returning), func(t *testing.T) {
					r := s.withdrawing(t, withdrawals[c.policy])
					was := r.src.rows[0]
					leave(r)
					r.step(c.withdrawn)
					if returning == "changed" { // once is enough
						r.quietAgain()
					}
					r.erp.acts = nil
					back(r, was)
					r.step(map[string]string{"unchanged": c.unchanged, "changed": c.changed}[returning])
					r.quietAgain()
				})
			}
		}
	}
}

// step runs once, and wants a cell to come of it.
func (r *rig) step(want string) {
	r.t.Helper()
	if _, err := r.try(full); err != nil {
		r.t.Fatal(err)
	}
	if got := r.cell(); got != want {
		r.t.Errorf("%s\nwant %s\n%s", got, want, r.exceptions())
	}
	r.settled()
}
