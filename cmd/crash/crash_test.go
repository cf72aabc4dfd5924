package main

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"
)

// proof lives through a few kills and gives the summary and what was printed.
func proof(t *testing.T, o options) (summary, string) {
	t.Helper()
	o.parallel = 8
	o.world = -1
	var out bytes.Buffer
	sum, err := crash(t.Context(), o, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return sum, out.String()
}

// TestProof: source, ledger and target agree, whatever happens.
func TestProof(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds pipectl and kills it 25 times")
	}
	sum, out := proof(t, options{kills: 25, seed: 1})
	if !sum.clean() {
		t.Error(out)
	}
	if sum.killed < 25 || sum.failed < 25 || sum.orders < 10 || sum.documents < sum.orders {
		t.Errorf("that proves little:\n%s", out)
	}
	if want := "lost=0 duplicated=0 older=0 stuck=0"; !strings.HasSuffix(strings.TrimSpace(out), want) {
		t.Errorf("the closing line does not end with %s:\n%s", want, out)
	}
}

// TestTwins: without the record of what is about to be sent, or without the question what is there,
// the same proof finds documents twice. It can fail, so that it says something when it does not.
func TestTwins(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds pipectl twice more")
	}
	for _, twin := range []string{"intent", "probe"} {
		t.Run(twin, func(t *testing.T) {
			sum, out := proof(t, options{kills: 25, seed: 1, twin: twin})
			if sum.duplicated == 0 {
				t.Errorf("nothing twice without the %s:\n%s", twin, out)
			}
		})
	}
	if _, _, err := binary(context.Background(), options{twin: "luck"}); err == nil {
		t.Error("there is no twin without luck")
	}
}

// TestPlansRepeat: a plan is a function of seed and number, and no two are alike.
func TestPlansRepeat(t *testing.T) {
	a, b := planWorld(7, 3, 20), planWorld(7, 3, 20)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	for n := range 50 {
		if !reflect.DeepEqual(a.step(n), b.step(n)) {
			t.Fatalf("step %d differs", n)
		}
	}
	if other := planWorld(8, 3, 20); reflect.DeepEqual(a.step(1), other.step(1)) && reflect.DeepEqual(a.step(2), other.step(2)) {
		t.Error("another seed tells the same story")
	}
}

// TestJournal: what is written down of a world that failed is the same world again.
func TestJournal(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := newResult(planWorld(7, 3, 20), false)
	r.died = []killPlan{{}, {At: "beyond before read:1", Request: 12, When: "before"}}
	file, err := writeJournal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := readJournal(file)
	if err != nil || !reflect.DeepEqual(again.Died, r.died) {
		t.Fatalf("%+v, %v", again, err)
	}
	again.Died = nil
	if !reflect.DeepEqual(again, r.plan) {
		t.Errorf("%+v\n%+v", again, r.plan)
	}
}

// TestExpectedContent: the judge's own arithmetic, by hand.
func TestExpectedContent(t *testing.T) {
	o := order{Shop: 113, ID: "A-1", Status: "Shipped", Buyer: "Ann ", Bought: "2026-03-01 17:30:00", Items: []item{
		{"MUG", 3, "10"}, {"GIFT", 1, "0.00"}, {"GONE", 0, "7"},
	}}
	want := `113-A-1 date=2026-03-02 org=100 currency=PRE007 buyer="Ann" customer=CRASH-113 [MUG x3 at 3.333333 free=false] [GIFT x1 at 0.000000 free=true]`
	if got := billForm.content(firstShops(), o); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
	mugs := []material{{"MUG", "C", "100"}}
	if o.deliverable(firstShops(), mugs) {
		t.Error("deliverable without its gift")
	}
	if !o.deliverable(firstShops(), append(mugs, material{"GIFT", "C", "100"})) {
		t.Error("not deliverable")
	}
}
