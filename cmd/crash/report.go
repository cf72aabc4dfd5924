package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/run"
)

// result is what came of one world.
type result struct {
	plan    worldPlan
	kills   []string // where, in order
	runs    int
	faults  map[string]int
	points  map[string]bool // that were passed
	died    []killPlan
	verbose bool
	story   bytes.Buffer
	last    []run.Report

	orders, documents              int
	lost, duplicated, older, stuck int
	failures                       []string
}

func newResult(p worldPlan, verbose bool) result {
	return result{plan: p, faults: map[string]int{}, points: map[string]bool{}, verbose: verbose}
}

func (r *result) clean() bool { return r.lost+r.duplicated+r.older+r.stuck == 0 }

func (r *result) tell(format string, args ...any) {
	if r.verbose {
		fmt.Fprintf(&r.story, format+"\n", args...)
	}
}

func (r *result) fail(kind *int, format string, args ...any) {
	*kind++
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// ran notes one run.
func (r *result) ran(n int, s scene, kill killPlan, e ended, requests int) {
	r.runs++
	if e.killed != "" {
		r.kills = append(r.kills, e.killed)
	}
	for _, p := range e.points {
		r.points[p] = true
	}
	r.died = append(r.died, again(kill, e, requests))
	r.tell("%d: %+v, %d faults, %s later: %v %+v: %s", n, s.Happens, len(s.Faults), s.Move, s.Run, kill, cmp.Or(e.killed, fmt.Sprint("ended with ", e.code)))
	if reports, err := results[run.Report](e.out); err == nil {
		for _, x := range reports {
			if x.Error != nil {
				r.tell("   %s %s %s", x.Pipeline, x.Error.ID, x.Error.Reason)
			}
		}
	}
}

// again is how a run dies that is to die as this one did: where it killed itself, at that point, however
// the ways of several batches cross before it; where it was killed from outside at the whim of chance,
// at the next point or request after the last ones.
func again(kill killPlan, e ended, requests int) killPlan {
	placed := kill.Request > 0 && kill.When != "after"
	switch {
	case e.killed == "":
		return killPlan{}
	case strings.HasPrefix(e.killed, "a request, ") && placed:
		return kill
	case strings.HasPrefix(e.killed, "a request, "), e.killed == waiting:
		return killPlan{At: beyond(e.points), Request: requests + 1, When: "before"}
	case len(e.points) < 2:
		return killPlan{At: e.killed}
	}
	return killPlan{At: beyond(e.points[:len(e.points)-1])}
}

// beyond is the point after all of these.
func beyond(points []string) string {
	if len(points) == 0 {
		return "1"
	}
	times := map[string]int{}
	for _, p := range points {
		times[p]++
	}
	var list []string
	for _, p := range slices.Sorted(maps.Keys(times)) {
		list = append(list, fmt.Sprintf("%s:%d", p, times[p]))
	}
	return "beyond " + strings.Join(list, ",")
}

// summary is what came of all worlds.
type summary struct {
	o                              options
	kills                          map[string]int
	points                         map[string]bool
	faults                         map[string]int
	worlds, runs                   int
	killed, failed                 int
	orders, documents              int
	lost, duplicated, older, stuck int
	bad                            []result
}

func newSummary(o options) summary {
	return summary{o: o, kills: map[string]int{}, points: map[string]bool{}, faults: map[string]int{}}
}

func (s *summary) clean() bool {
	return s.lost+s.duplicated+s.older+s.stuck == 0 && len(s.missed()) == 0
}

// whole is from how many kills on every point has to be among them.
const whole = 1000

// missed are the points at which a whole proof has killed nobody: of those that it is aimed at, and of
// all that a run has passed.
func (s *summary) missed() []string {
	if s.killed < whole {
		return nil
	}
	all := slices.Sorted(maps.Keys(s.points))
	for _, p := range points() {
		if !s.points[p] {
			all = append(all, p)
		}
	}
	return slices.DeleteFunc(all, func(p string) bool { return s.kills[p] > 0 })
}

func (s *summary) add(r result) {
	s.worlds++
	s.runs += r.runs
	for _, where := range r.kills {
		s.kills[where]++
		s.killed++
	}
	maps.Copy(s.points, r.points)
	for kind, n := range r.faults {
		s.faults[kind] += n
		s.failed += n
	}
	s.orders += r.orders
	s.documents += r.documents
	s.lost += r.lost
	s.duplicated += r.duplicated
	s.older += r.older
	s.stuck += r.stuck
	if !r.clean() {
		s.bad = append(s.bad, r)
	}
}

func (s *summary) progress(out io.Writer, worlds int, r result) {
	if r.verbose {
		_, _ = out.Write(r.story.Bytes())
	}
	verdict := "agrees"
	if !r.clean() {
		verdict = "DISAGREES"
	}
	_, _ = fmt.Fprintf(out, "world %d (%d of %d): %d kills in %d runs, %d orders, %d documents: %s\n",
		r.plan.Number, s.worlds, worlds, len(r.kills), r.runs, r.orders, r.documents, verdict)
}

// print tells the tables, what disagrees, and the closing line.
func (s *summary) print(out io.Writer) error {
	table(out, "kills, by the point or moment", s.kills)
	table(out, "faults, by vendor and kind", s.faults)
	_, _ = fmt.Fprintf(out, "\n%d runs of pipectl in %d worlds\n", s.runs, s.worlds)
	slices.SortFunc(s.bad, func(a, b result) int { return a.plan.Number - b.plan.Number })
	for _, r := range s.bad {
		_, _ = fmt.Fprintf(out, "\nworld %d of seed %d disagrees:\n", r.plan.Number, r.plan.Seed)
		for _, f := range r.failures {
			_, _ = fmt.Fprintf(out, "  %s\n", f)
		}
		file, err := writeJournal(r)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "  again:      go run ./cmd/crash -n %d -seed %d -world %d -v\n", s.o.kills, r.plan.Seed, r.plan.Number)
		_, _ = fmt.Fprintf(out, "  as it was:  make crash REPLAY=%s\n", file)
	}
	if missed := s.missed(); len(missed) > 0 {
		_, _ = fmt.Fprintf(out, "\nnobody was killed at: %s\n", strings.Join(missed, ", "))
	}
	_, err := fmt.Fprintf(out, "\ncrash: seed=%d kills=%d faults=%d orders=%d documents=%d lost=%d duplicated=%d older=%d stuck=%d\n",
		s.o.seed, s.killed, s.failed, s.orders, s.documents, s.lost, s.duplicated, s.older, s.stuck)
	return err
}

func table(out io.Writer, title string, rows map[string]int) {
	_, _ = fmt.Fprintf(out, "\n%s\n", title)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		_, _ = fmt.Fprintf(out, "%7d  %s\n", rows[name], name)
	}
}

// writeJournal writes down what really happened in a world, so that it can be told again.
func writeJournal(r result) (string, error) {
	p := r.plan
	p.Died = r.died
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return "", err
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("crash-%d-%d.json", p.Seed, p.Number))
	return file, os.WriteFile(file, raw, 0o600)
}

func readJournal(file string) (worldPlan, error) {
	var p worldPlan
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	return p, err
}
