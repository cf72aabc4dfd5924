package run

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// TestWithdrawnUnderFire throws kills, faults and late work at runs whose orders are cancelled, taken
// back, deleted and made anew, and wants the target to hold, in the end, just what the source has.
func TestWithdrawnUnderFire(t *testing.T) {
	n := *seeds / 2
	kills, faults, gone := 0, 0, 0
	for seed := range n {
		k, f, g := withdrawnUnderFire(t, uint64(seed))
		kills, faults, gone = kills+k, faults+f, gone+g
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if kills < n || faults < n || gone < n {
		t.Errorf("only %d kills, %d faults and %d withdrawals in %d stories: that proves nothing", kills, faults, gone, n)
	}
}

func withdrawnUnderFire(t *testing.T, seed uint64) (kills, faults, gone int) {
	rnd := rand.New(rand.NewPCG(seed, 11))
	r := newRig(t)
	r.p.Target.Withdrawn = DeleteWithdrawn
	if rnd.IntN(2) == 0 {
		r.p.Source.Query.Field = "" // always read whole
	}
	r.src.noFetch = rnd.IntN(2) == 0
	r.src.pageLen = 1 + rnd.IntN(4)
	r.erp.traits.Batch, r.erp.traits.InFlight = 1+rnd.IntN(4), 1+rnd.IntN(3)
	r.erp.traits.RefusesSecond = rnd.IntN(2) == 0
	kinds := []fault{lostReq, lostAns, lateWork, busyDoc, throttle, rollback, refusedConn, accepted}
	r.erp.fault = func(string, connector.Doc) fault {
		if rnd.IntN(6) != 0 {
			return none
		}
		faults++
		return kinds[rnd.IntN(len(kinds))]
	}
	want := map[string]int{}
	r.src.set("0", `"qty":1`) // one that stays: an empty source is not believed
	want["0"] = 1
	for range 12 {
		for range rnd.IntN(4) {
			id := fmt.Sprint(1 + rnd.IntN(6))
			switch rnd.IntN(4) {
			case 0:
				r.remove(id)
				delete(want, id)
				gone++
			case 1:
				r.cancelAtSource(id)
				delete(want, id)
				gone++
			default:
				want[id] = rnd.IntN(100)
				r.src.set(id, `"qty":%d`, want[id])
			}
		}
		if rnd.IntN(3) == 0 {
			r.erp.workLate()
		}
		r.erp.blind = rnd.IntN(5) == 0
		die, passed := 1<<30, make(chan int, 1)
		if rnd.IntN(2) == 0 {
			die = rnd.IntN(60)
		}
		passed <- 0
		_, err := r.try(Options{Full: rnd.IntN(2) == 0, Reached: func(string) bool {
			n := <-passed
			passed <- n + 1
			return n < die
		}})
		switch {
		case errors.Is(err, ErrAbandoned):
			kills++
		case err != nil:
			t.Fatalf("seed %d: %v", seed, err)
		}
		wait := time.Duration(rnd.IntN(12)) * time.Minute
		r.erp.workBefore(r.clock.Now().Add(wait))
		r.clock.advance(wait)
	}
	r.erp.workLate()
	r.erp.fault, r.erp.blind = nil, false
	for range 5 {
		r.clock.advance(11 * time.Minute)
		if _, err := r.try(full); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		r.retryAll()
	}
	var lines []string
	for id, qty := range want {
		lines = append(lines, fmt.Sprintf(`SO-%s {"FBillNo":"SO-%s","FQty":%d} audited`, id, id, qty))
	}
	slices.Sort(lines)
	if got := strings.TrimSpace(r.erpState()); got != strings.Join(lines, "\n") {
		t.Errorf("seed %d: the target holds\n%s\nwant\n%s\n%s", seed, got, strings.Join(lines, "\n"), r.exceptions())
	}
	if got := r.exceptions(); got != "" {
		t.Errorf("seed %d: still open: %s", seed, got)
	}
	r.settled()
	rep, err := r.try(full)
	if err != nil || rep.Unchanged+rep.Filtered != rep.Read {
		t.Errorf("seed %d: a further run is not quiet: %s, %v", seed, shown(rep), err)
	}
	return kills, faults, gone
}
