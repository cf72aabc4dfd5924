package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
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
	if sum.killed < 25 || sum.failed < 25 || len(sum.faults) < 15 || sum.orders < 10 || sum.documents < sum.orders {
		t.Errorf("that proves little:\n%s", out)
	}
	if want := "lost=0 duplicated=0 older=0 stuck=0"; !strings.HasSuffix(strings.TrimSpace(out), want) {
		t.Errorf("the closing line does not end with %s:\n%s", want, out)
	}
}

// TestTwins: without the record of what is about to be sent, or without the question what is there,
// the same proof finds documents twice, whatever the seed. It can fail, so that it says something when it
// does not.
func TestTwins(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds pipectl twice more")
	}
	for _, twin := range []string{"intent", "probe"} {
		t.Run(twin, func(t *testing.T) {
			bin, clean, err := binary(t.Context(), options{twin: twin})
			if err != nil {
				t.Fatal(err)
			}
			defer clean()
			for seed := range uint64(2) {
				sum, out := proof(t, options{kills: 2, seed: 1 + seed, bin: bin})
				if sum.duplicated == 0 {
					t.Errorf("nothing twice without the %s:\n%s", twin, out)
				}
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

// TestReplayEnds: a story that is told again ends with its last run, also when a death did not come about.
func TestReplayEnds(t *testing.T) {
	w := world{plan: worldPlan{Kills: 2, Died: []killPlan{{At: "1"}, {}, {At: "1"}}}, r: newResult(worldPlan{}, false)}
	for w.r.runs = range 3 {
		if !w.goesOn() {
			t.Errorf("it ends after %d runs", w.r.runs)
		}
	}
	if w.r.runs++; w.goesOn() {
		t.Error("it goes on after its last run")
	}
	if w.plan.Died = nil; !w.goesOn() {
		t.Error("a new world ends before its kills")
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

// elsewhere are points that no run between these two vendors passes: of targets that are appended to or
// replaced as a whole, and of `state rekey`. Tests of engine/run kill there.
var elsewhere = []string{"rewind", "replace", "kept", "inheritance"}

// TestEveryPointHasATurn: what engine/run calls a point is aimed at, and its documentation names it.
func TestEveryPointHasATurn(t *testing.T) {
	files, err := filepath.Glob("../../engine/run/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	named := regexp.MustCompile(`(?:commit\("|asked\([a-z.]+, "|reach\("before |outcomes\(")([a-z -]+)"`)
	found := []string{ // acts, and what they have done
		"save", "submit", "audit", "un-audit", "un-submit", "cancel", "delete",
		"saved", "submitted", "audited", "un-audited", "un-submitted", "cancelled", "deleted",
	}
	doc := ""
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case filepath.Base(f) == "doc.go":
			doc = string(raw)
		case !strings.HasSuffix(f, "_test.go"):
			for _, m := range named.FindAllSubmatch(raw, -1) {
				found = append(found, string(m[1]))
			}
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) < 30 {
		t.Fatalf("only %d points in engine/run: %q", len(found), found)
	}
	aimed := points()
	for _, p := range found {
		if !slices.Contains(elsewhere, p) && (!slices.Contains(aimed, "before "+p) || !slices.Contains(aimed, "after "+p)) {
			t.Errorf("nobody aims at %q", p)
		}
		if !regexp.MustCompile(`//.*\b` + p + `\b`).MatchString(doc) {
			t.Errorf("engine/run/doc.go does not name %q", p)
		}
	}
	for _, p := range aimed {
		if name := strings.TrimPrefix(strings.TrimPrefix(p, "before "), "after "); !slices.Contains(found, name) {
			t.Errorf("%q is no point of engine/run", p)
		}
	}
}

// TestTurns: a proof of a thousand kills aims at every point several times, whatever the seed.
func TestTurns(t *testing.T) {
	for _, seed := range []uint64{1, 99} {
		times := map[string]int{}
		for number := range whole / perWorld {
			w := planWorld(seed, number, perWorld)
			for n := range 3 * (turns + 1) {
				for _, scene := range w.step(n).Scenes {
					times[scene.Kill.At]++
				}
			}
		}
		for _, p := range points() {
			if times[p] < 4 {
				t.Errorf("seed %d aims %d times at %q", seed, times[p], p)
			}
		}
	}
}

// TestAgain: how a death is told again.
func TestAgain(t *testing.T) {
	passed := []string{"before read", "after read", "before save"}
	for _, c := range []struct {
		name string
		plan killPlan
		how  ended
		want killPlan
	}{
		{"it lived", killPlan{At: "before gone"}, ended{points: passed}, killPlan{}},
		{"placed at a request", killPlan{Request: 3, When: "half"}, ended{killed: "a request, half", points: passed}, killPlan{Request: 3, When: "half"}},
		{
			"by chance, after a request",
			killPlan{Request: 3, When: "after", Delay: 7},
			ended{killed: "a request, after", points: passed},
			killPlan{At: "beyond after read:1,before read:1,before save:1", Request: 6, When: "before"},
		},
		{
			"while it waited",
			killPlan{When: "waiting"},
			ended{killed: waiting, points: passed},
			killPlan{At: "beyond after read:1,before read:1,before save:1", Request: 6, When: "before"},
		},
		{"at a point", killPlan{At: "3"}, ended{killed: "before save", points: passed}, killPlan{At: "beyond after read:1,before read:1"}},
		{"at the first point", killPlan{At: "1"}, ended{killed: "before read", points: passed[:1]}, killPlan{At: "before read"}},
		{"before any point", killPlan{Request: 1, When: "after"}, ended{killed: "a request, after"}, killPlan{At: "1", Request: 6, When: "before"}},
	} {
		if got := again(c.plan, c.how, 5); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
