package run

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

var seeds = flag.Int("seeds", 60, "stories that TestUnderFire tells")

// fire is a story of twelve runs between which orders change, and which are killed anywhere while the
// target fails in every way; then comes peace, and source, ledger and target have to agree.
type fire struct {
	*rig
	rnd  *rand.Rand
	want map[string]int // the quantity of each order that the target has to hold in the end
	full bool           // runs read everything now and then, and in the end: only so it shows what is gone
	tally
}

// tally counts what happened in stories: those in which nothing did prove nothing.
type tally struct{ kills, faults, gone int }

// TestUnderFire tells stories of orders that come and change.
func TestUnderFire(t *testing.T) {
	got := stories(t, *seeds, func(*fire) {}, func(f *fire) {
		for range f.rnd.IntN(3) {
			f.set(1 + f.rnd.IntN(8))
		}
	})
	if got.kills < *seeds || got.faults < *seeds {
		t.Errorf("only %+v in %d stories: that proves nothing", got, *seeds)
	}
}

// TestWithdrawnUnderFire tells stories of orders that are cancelled, too, or vanish, and come back.
func TestWithdrawnUnderFire(t *testing.T) {
	n := *seeds / 2
	got := stories(t, n, func(f *fire) {
		f.p.Target.Withdrawn, f.full = DeleteWithdrawn, true
		if f.rnd.IntN(2) == 0 {
			f.p.Source.Query.Field = "" // always read whole
		}
		f.src.noFetch = f.rnd.IntN(2) == 0
		f.set(0) // one that stays: an empty source is not believed
	}, func(f *fire) {
		for range f.rnd.IntN(4) {
			switch id := 1 + f.rnd.IntN(6); f.rnd.IntN(4) {
			case 0:
				f.remove(f.leaves(id))
			case 1:
				f.cancelAtSource(f.leaves(id))
			default:
				f.set(id)
			}
		}
	})
	if got.kills < n || got.faults < n || got.gone < n {
		t.Errorf("only %+v in %d stories: that proves nothing", got, n)
	}
}

// stories tells n of them, and adds up what happened.
func stories(t *testing.T, n int, begin, change func(*fire)) (sum tally) {
	for seed := range n {
		f := &fire{rig: newRig(t), rnd: rand.New(rand.NewPCG(uint64(seed), 7)), want: map[string]int{}}
		f.shape()
		begin(f)
		for range 12 {
			change(f)
			f.round()
		}
		f.mended()
		f.agree()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		sum.kills, sum.faults, sum.gone = sum.kills+f.kills, sum.faults+f.faults, sum.gone+f.gone
	}
	return sum
}

// shape draws how big pages and batches are, and what the target does to its callers.
func (f *fire) shape() {
	f.src.pageLen = 1 + f.rnd.IntN(4)
	f.erp.traits.Batch, f.erp.traits.InFlight = 1+f.rnd.IntN(4), 1+f.rnd.IntN(3)
	f.erp.traits.RefusesSecond = f.rnd.IntN(2) == 0
	kinds := []fault{lostReq, lostAns, lateWork, busyDoc, throttle, rollback, refusedConn, accepted}
	f.erp.fault = func(string, connector.Doc) fault {
		if f.rnd.IntN(6) != 0 {
			return none
		}
		f.faults++
		return kinds[f.rnd.IntN(len(kinds))]
	}
}

// set makes an order, or changes it.
func (f *fire) set(id int) {
	name := strconv.Itoa(id)
	f.want[name] = f.rnd.IntN(100)
	f.src.set(name, `"qty":%d`, f.want[name])
}

// leaves notes that an order goes.
func (f *fire) leaves(id int) string {
	name := strconv.Itoa(id)
	delete(f.want, name)
	f.gone++
	return name
}

// round is one run, killed or not, and some time after it.
func (f *fire) round() {
	if f.rnd.IntN(3) == 0 {
		f.erp.workLate()
	}
	f.erp.blind = f.rnd.IntN(5) == 0
	die := 1 << 30
	if f.rnd.IntN(2) == 0 {
		die = f.rnd.IntN(60)
	}
	var passed atomic.Int64
	_, err := f.try(Options{
		Full:    f.full && f.rnd.IntN(2) == 0,
		Reached: func(string) bool { return passed.Add(1) <= int64(die) },
	})
	switch {
	case errors.Is(err, ErrAbandoned):
		f.kills++
	case err != nil:
		f.t.Fatal(err)
	}
	wait := time.Duration(f.rnd.IntN(12)) * time.Minute
	f.erp.workBefore(f.clock.Now().Add(wait))
	f.clock.advance(wait)
}

// mended: whatever was put off is done, nothing fails any more, and what people have to do about
// exceptions is done.
func (f *fire) mended() {
	f.erp.workLate()
	f.erp.fault, f.erp.blind = nil, false
	for range 5 {
		f.clock.advance(11 * time.Minute)
		if _, err := f.try(Options{Full: f.full}); err != nil {
			f.t.Fatal(err)
		}
		f.retryAll()
	}
}

// agree wants source, ledger and target to say the same, and a further run to do nothing.
func (f *fire) agree() {
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(f.want)) {
		lines = append(lines, fmt.Sprintf(`SO-%s {"FBillNo":"SO-%s","FQty":%d} audited`, id, id, f.want[id]))
	}
	if got := strings.TrimSpace(f.erpState()); got != strings.Join(lines, "\n") {
		f.t.Errorf("the target holds\n%s\nwant\n%s\n%s", got, strings.Join(lines, "\n"), f.exceptions())
	}
	f.nothingOpen()
	f.settled()
	if rep, err := f.try(full); err != nil || rep.Unchanged+rep.Filtered != rep.Read {
		f.t.Errorf("a further run is not quiet: %s, %v", shown(rep), err)
	}
}
