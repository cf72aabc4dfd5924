package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// TestKilledAtEveryPoint kills a run at each point of its way, once per point and state of the
// target, and wants the runs after it to end with one document and one truth.
func TestKilledAtEveryPoint(t *testing.T) {
	stories := []struct {
		name   string
		before func(*rig) // up to the run that is killed
		want   []string
		saves  map[string]int // the least number of saves a document needs
	}{
		{"create", func(r *rig) { orders(r, 5) }, []string{
			`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`,
			`SO-4 {"FBillNo":"SO-4","FQty":4} audited`, `SO-5 {"FBillNo":"SO-5","FQty":5} audited`,
		}, nil},
		{"reopen and create", func(r *rig) {
			orders(r, 2)
			r.run("done read=2 delivered=2 created=2")
			r.clock.advance(time.Hour)
			r.src.set("1", `"qty":10`)
			r.src.set("3", `"qty":3`)
		}, []string{
			`SO-1 {"FBillNo":"SO-1","FQty":10} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`,
		}, nil},
		{"cancel", func(r *rig) {
			r.p.Target.Withdrawn = CancelWithdrawn
			orders(r, 1)
			r.run("done read=1 delivered=1 created=1")
			r.clock.advance(time.Hour)
			r.src.set("1", `"qty":1,"status":"cancelled"`)
		}, []string{`SO-1 {"FBillNo":"SO-1","FQty":1} saved cancelled`}, nil},
		{"delete", func(r *rig) {
			r.p.Target.Withdrawn = DeleteWithdrawn
			orders(r, 2)
			r.run("done read=2 delivered=2 created=2")
			r.clock.advance(time.Hour)
			r.src.set("1", `"qty":1,"status":"cancelled"`)
		}, []string{`SO-2 {"FBillNo":"SO-2","FQty":2} audited`}, nil},
		{"gone, cancel", func(r *rig) { vanish(r, CancelWithdrawn) }, []string{
			`SO-1 {"FBillNo":"SO-1","FQty":1} saved cancelled`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} saved cancelled`,
		}, nil},
		{"gone, delete", func(r *rig) { vanish(r, DeleteWithdrawn) }, []string{`SO-2 {"FBillNo":"SO-2","FQty":2} audited`}, nil},
		{"recovery of a killed run", func(r *rig) {
			orders(r, 3)
			_, err := r.try(Options{Reached: killAt("after save", 2)})
			if !errors.Is(err, ErrAbandoned) {
				r.t.Fatalf("not killed: %v", err)
			}
		}, []string{
			`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`,
		}, nil},
		{"with a row to create first", func(r *rig) {
			r.creates = true
			r.src.set("1", `"qty":1,"sku":"A"`)
		}, []string{`A {"FNumber":"A"} audited`, `SO-1 {"FBillNo":"SO-1","FQty":1} audited`}, nil},
	}
	for _, refuses := range []bool{true, false} {
		for _, s := range stories {
			t.Run(fmt.Sprintf("%s, second refused %v", s.name, refuses), func(t *testing.T) {
				var points []string
				for n := 0; ; n++ {
					r := newRig(t)
					r.erp.traits.RefusesSecond = refuses
					s.before(r)
					point, passed := "", 0
					_, err := r.try(Options{Reached: func(p string) bool {
						passed++
						point = p
						return passed <= n
					}})
					if !errors.Is(err, ErrAbandoned) {
						if err != nil {
							t.Fatal(err)
						}
						break // it passed fewer points than that
					}
					points = append(points, point)
					r.quiet(point)
					if got := r.erpState(); got != strings.Join(s.want, "\n")+"\n" {
						t.Fatalf("killed at point %d, %s: the target holds\n%swant\n%s\n%s", n, point, got, strings.Join(s.want, "\n"), r.exceptions())
					}
					r.settled()
					if got := r.exceptions(); got != "" {
						t.Fatalf("killed at point %d, %s: still open: %s", n, point, got)
					}
					rep, err := r.try(Options{Full: true})
					if err != nil || rep.Unchanged+rep.Filtered != rep.Read || rep.Unchanged == 0 && rep.Filtered == 0 {
						t.Fatalf("killed at point %d, %s: a further run is not quiet: %s, %v", n, point, shown(rep), err)
					}
				}
				if !slices.Contains(points, "before outcome") || !slices.Contains(points, "after save") && !slices.Contains(points, "after cancel") && !slices.Contains(points, "after delete") && !slices.Contains(points, "after submit") {
					t.Errorf("points passed: %v", points)
				}
			})
		}
	}
}

// vanish makes two of three delivered orders go from a source that is always read whole.
func vanish(r *rig, policy Withdrawn) {
	r.p.Target.Withdrawn, r.p.Source.Query.Field = policy, ""
	orders(r, 3)
	r.run("done read=3 delivered=3 created=3")
	r.clock.advance(time.Hour)
	r.remove("1", "3")
}

func killAt(point string, n int) func(string) bool {
	return func(p string) bool {
		if p == point {
			n--
		}
		return n > 0 || p != point
	}
}

// quiet runs until nothing is open any more.
func (r *rig) quiet(what string) {
	r.t.Helper()
	for range 12 {
		rep, err := r.try(Options{})
		if err != nil {
			r.t.Fatalf("%s: %v", what, err)
		}
		if rep.Status == Failed {
			r.t.Fatalf("%s: %s: %v", what, shown(rep), rep.Error)
		}
		if rep.Status == Done && rep.Waiting == 0 && r.exceptions() == "" {
			return
		}
		r.clock.advance(11 * time.Minute)
	}
	r.t.Fatalf("%s: it never comes to rest: %s\n%s", what, shown(r.last), r.exceptions())
}

// retryAll asks for everything that stands open, as a person would.
func (r *rig) retryAll() {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	err := s.Update(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		var all []state.Exception
		err = state.EachOpen(tx, id, func(e state.Exception) (bool, error) {
			all = append(all, e)
			return true, nil
		})
		for _, e := range all {
			e.Status = state.Retrying
			if err == nil {
				err = state.PutException(tx, id, e, "")
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestThreeCrashesHoldTheRecord: a record that ends the process must not do so for ever.
func TestThreeCrashesHoldTheRecord(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	for range 3 {
		if _, err := r.try(Options{Reached: killAt("before save", 1)}); !errors.Is(err, ErrAbandoned) {
			t.Fatalf("not killed: %v", err)
		}
		r.clock.advance(11 * time.Minute)
	}
	rep, err := r.try(Options{})
	if err != nil || rep.Held != 1 || len(r.erp.docs) != 0 {
		t.Fatalf("%s, %v", shown(rep), err)
	}
	r.wantException("1 held PC419")
	r.retryAll()
	rep, err = r.try(Options{})
	if err != nil || rep.Delivered != 1 {
		t.Fatalf("by hand: %s, %v", shown(rep), err)
	}
}

func TestEveryCodeHasAPage(t *testing.T) {
	for _, code := range []string{
		"PC400", "PC401", "PC402", "PC403", "PC404", "PC405", "PC406", "PC407", "PC408", "PC409", "PC410", "PC412", "PC413",
		"PC414", "PC415", "PC416", "PC417", "PC418", "PC419", "PC420", "PC421", "PC422", "PC423", "PC424", "PC425", "PC430", "PC431", "PC445", "PC450", "PC451", "PC460", "PC461", "PC462",
		"PC509",
		"PC452", "PC453",
	} {
		if page, ok := problem.Page(code); !ok || !strings.HasPrefix(page, "# "+code+" ") {
			t.Errorf("%s has no page", code)
		}
	}
}
