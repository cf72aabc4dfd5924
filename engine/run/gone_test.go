package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// remove deletes orders at their source.
func (r *rig) remove(ids ...string) {
	r.src.rows = slices.DeleteFunc(r.src.rows, func(x row) bool { return slices.Contains(ids, x.id) })
}

// delivered makes a rig with n delivered orders.
func deliveredOrders(t *testing.T, n int, policy Withdrawn) *rig {
	r := newRig(t)
	r.erp.traits.Batch, r.src.pageLen = 100, 50
	r.p.Target.Withdrawn = policy
	for i := range n {
		r.src.set(fmt.Sprint(i+1), `"qty":%d`, i+1)
	}
	r.run(fmt.Sprintf("done read=%d delivered=%d created=%d", n, n, n))
	r.clock.advance(time.Hour)
	return r
}

var full = Options{Full: true}

func TestGoneFromTheSource(t *testing.T) {
	for policy, c := range map[Withdrawn]struct{ report, erp string }{
		HoldWithdrawn:   {"exceptions read=3 unchanged=2 held=1", order1 + "audited"},
		IgnoreWithdrawn: {"done read=3 unchanged=2 withdrawn=1", order1 + "audited"},
		CancelWithdrawn: {"done read=3 unchanged=2 withdrawn=1", order1 + "saved cancelled"},
		DeleteWithdrawn: {"done read=3 unchanged=2 withdrawn=1", ""},
	} {
		for _, fetch := range []bool{true, false} {
			t.Run(fmt.Sprintf("policy %d, asked by key %v", policy, fetch), func(t *testing.T) {
				r := deliveredOrders(t, 3, policy)
				r.keeps()
				r.src.noFetch = !fetch
				r.remove("1")
				r.run("done read=1 unchanged=1") // from the cursor on: that proves nothing
				r.run(c.report, full)
				if got := strings.Split(r.erpState(), "\n"); strings.HasPrefix(got[0], "SO-1") != (c.erp != "") || c.erp != "" && got[0] != c.erp || len(r.erp.docs) != 2+min(1, len(c.erp)) {
					t.Errorf("the target holds %s, want %s", got, c.erp)
				}
				if policy == HoldWithdrawn {
					r.wantException("1 held PC405", "gone from its source")
				} else {
					r.nothingOpen()
				}
				again, err := r.try(full)
				if err != nil || again.New != 0 || again.Withdrawn != 0 {
					t.Errorf("read again: %s, %v", shown(again), err)
				}
				r.settled()
			})
		}
	}
}

// A source that is always read whole needs no --full.
func TestGoneFromASourceWithoutACursor(t *testing.T) {
	r := newRig(t)
	r.p.Source.Query.Field, r.src.noFetch = "", true
	r.p.Target.Withdrawn = DeleteWithdrawn
	orders(r, 3)
	r.run("done read=3 delivered=3 created=3")
	r.remove("2")
	r.run("done read=3 unchanged=2 withdrawn=1")
	r.run("done read=2 unchanged=2")
	if len(r.erp.docs) != 2 {
		t.Errorf("the target holds %s", r.erpState())
	}
}

// What proves nothing withdraws nothing.
func TestWhatDoesNotProveThatARecordIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		does func(*rig)
		o    Options
	}{
		"a window":                                {nil, Options{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"a limit":                                 {nil, Options{Full: true, Limit: 50}},
		"single keys":                             {nil, Options{Keys: []string{"2"}}},
		"single keys, by reading":                 {func(r *rig) { r.src.noFetch = true }, Options{Keys: []string{"2"}}},
		"from the cursor on":                      {nil, Options{}},
		"a source that doesn't say so":            {func(r *rig) { r.src.partial = true }, full},
		"a record that can't be read":             {func(r *rig) { r.src.rows = append(r.src.rows, row{"9", `{"id":`, r.clock.Now()}) }, full},
		"a record without its key":                {func(r *rig) { r.src.set("", `"qty":1`) }, full},
		"cut off in the middle":                   {func(r *rig) { r.src.pageLen, r.src.breaks = 1, 2 }, full},
		"cut off by a source that has had enough": {func(r *rig) { r.src.pageLen, r.src.throttleAt = 1, []int{2, 2, 2, 2, 2, 2, 2} }, full},
		"a reading of an older window": {func(r *rig) {
			r.p.Source.Reread = Reread{Every: time.Minute, Window: 48 * time.Hour}
		}, Options{}},
		"no ledger": {func(r *rig) { r.p.Ledger = false }, full},
	} {
		t.Run(name, func(t *testing.T) {
			r := deliveredOrders(t, 5, DeleteWithdrawn)
			r.remove("1")
			if c.does != nil {
				c.does(r)
			}
			rep, err := r.try(c.o)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.erpState(), order1) || rep.Withdrawn > 0 || strings.Contains(r.exceptions(), "gone") {
				t.Errorf("%s\n%s%s", shown(rep), r.erpState(), r.exceptions())
			}
		})
	}
}

// What stands open of a record that is gone.
func TestOpenRecordsThatAreGone(t *testing.T) {
	t.Run("never delivered", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = CancelWithdrawn
		orders(r, 2)
		r.src.set("3", `"qty":"many"`)
		r.run("exceptions read=3 delivered=2 invalid=1 created=2")
		r.clock.advance(time.Hour)
		r.remove("3")
		r.run("done read=3 unchanged=2 withdrawn=1", full)
		r.nothingOpen()
		if by := r.closed("3").ResolvedBy; !strings.Contains(by, "gone from its source") {
			t.Errorf("closed by %q", by)
		}
		r.src.set("3", `"qty":"many"`) // and it comes back as bad as it was
		r.run("exceptions read=3 unchanged=2 invalid=1", full)
	})
	t.Run("half delivered", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = CancelWithdrawn
		orders(r, 2)
		r.erp.fault = once("audit", "SO-1", busyDoc)
		r.run("done read=2 delivered=1 waiting=1 created=2")
		r.remove("1")
		r.run("done read=2 unchanged=1 withdrawn=1", full)
		r.nothingOpen()
		r.wantERP(order1+"saved cancelled", `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
	})
	t.Run("in doubt", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = CancelWithdrawn
		orders(r, 2)
		r.erp.fault = once("save", "SO-1", lateWork)
		r.run("done read=2 delivered=1 waiting=1 created=1")
		r.remove("1")
		r.run("done read=2 unchanged=1 waiting=1", full)
		r.erp.workLate()
		r.clock.advance(11 * time.Minute)
		r.run("done read=2 unchanged=1 withdrawn=1 in_doubt=1") // whether or not it is read whole again
		r.wantERP(order1+"saved cancelled", `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
		r.settled()
	})
	t.Run("retried, and gone by key too", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = DeleteWithdrawn
		orders(r, 2)
		r.src.set("3", `"qty":"many"`)
		r.run("exceptions read=3 delivered=2 invalid=1 created=2")
		r.remove("3")
		r.retryAll()
		r.run("exceptions read=1 held=1")
		r.wantException("3 held PC415")
		r.run("done read=3 unchanged=2 withdrawn=1", full)
		r.nothingOpen()
	})
}

// A list may lag behind: what the source has when it is asked by key is not gone.
func TestAskedByKeyBeforeItIsWithdrawn(t *testing.T) {
	r := deliveredOrders(t, 3, DeleteWithdrawn)
	r.src.hidden = map[string]bool{"1": true}
	r.run("done read=3 unchanged=3", full)
	r.wantERP(order1+"audited", `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`)
	r.nothingOpen()
}

// What returns is delivered as new, whether or not it has changed meanwhile.
func TestWhatWasGoneReturns(t *testing.T) {
	for policy, want := range map[Withdrawn][2]string{
		DeleteWithdrawn: {"done read=3 unchanged=2 delivered=1 created=1", order1 + "audited"},
		CancelWithdrawn: {"exceptions read=3 unchanged=2 held=1", order1 + "saved cancelled"},
		IgnoreWithdrawn: {"done read=3 unchanged=3", order1 + "audited"},
		HoldWithdrawn:   {"done read=3 unchanged=3", order1 + "audited"},
	} {
		for _, fetch := range []bool{true, false} {
			t.Run(fmt.Sprintf("policy %d, asked by key %v", policy, fetch), func(t *testing.T) {
				r := deliveredOrders(t, 3, policy)
				r.src.noFetch = !fetch
				was := slices.Clone(r.src.rows)
				r.remove("1")
				if _, err := r.try(full); err != nil {
					t.Fatal(err)
				}
				r.src.rows = was // the very same order
				r.run(want[0], full)
				if got, _, _ := strings.Cut(r.erpState(), "\n"); got != want[1] {
					t.Errorf("the target holds %s, want %s", got, want[1])
				}
				if policy == CancelWithdrawn {
					r.wantException("1 held PC421")
				} else {
					r.nothingOpen()
				}
				rep, err := r.try(full)
				if err != nil || rep.Unchanged+rep.Held != 3 || rep.New != 0 {
					t.Errorf("a further run is not quiet: %s, %v", shown(rep), err)
				}
			})
		}
	}
}

// The mass guard.
func TestManyGoneAtOnceAreHeld(t *testing.T) {
	ids := func(from, to int) (out []string) {
		for i := from; i <= to; i++ {
			out = append(out, fmt.Sprint(i))
		}
		return out
	}
	t.Run("released by a person", func(t *testing.T) {
		for _, fetch := range []bool{true, false} {
			r := deliveredOrders(t, 100, DeleteWithdrawn)
			r.src.noFetch = !fetch
			was := slices.Clone(r.src.rows)
			r.remove(ids(1, 21)...)
			r.run("exceptions read=100 unchanged=79 held=21", full)
			r.wantException("7 held PC430", "21 of 100", "shop orders")
			if len(r.erp.docs) != 100 {
				t.Fatalf("%d documents", len(r.erp.docs))
			}
			if a := r.alerts(); !strings.HasPrefix(a, "vanished order-syncshop ×1: ") || !strings.Contains(a, "21 of 100") || strings.Contains(a, "\n") {
				t.Errorf("alerts: %s", a)
			}
			rep := r.run("done read=79 unchanged=79", full) // once held, they are held
			if a := r.alerts(); rep.New != 0 || !strings.Contains(a, "×1") || strings.Contains(a, "\n") {
				t.Errorf("again: %d new, alerts: %s", rep.New, a)
			}
			for _, x := range was { // three of them are back
				if slices.Contains(ids(1, 3), x.id) {
					r.src.rows = append(r.src.rows, x)
				}
			}
			r.retryAll()
			r.run("done read=100 unchanged=82 withdrawn=18", full)
			if len(r.erp.docs) != 82 {
				t.Errorf("%d documents, want 82", len(r.erp.docs))
			}
			r.nothingOpen()
			r.settled()
		}
	})
	t.Run("released, and the next run reads only what is new", func(t *testing.T) {
		r := deliveredOrders(t, 60, CancelWithdrawn)
		r.remove(ids(1, 30)...)
		r.run("exceptions read=60 unchanged=30 held=30", full)
		r.retryAll()
		r.run("done read=31 unchanged=1 withdrawn=30")
		if n := strings.Count(r.erpState(), "cancelled"); n != 30 {
			t.Errorf("%d are cancelled", n)
		}
	})
	t.Run("more of them later", func(t *testing.T) {
		r := deliveredOrders(t, 100, DeleteWithdrawn)
		r.remove(ids(1, 30)...)
		r.run("exceptions read=100 unchanged=70 held=30", full)
		r.remove("31")
		r.run("exceptions read=70 unchanged=69 held=1", full) // the source is not trusted until somebody has looked
		if a := r.alerts(); !strings.Contains(a, "×1") || strings.Contains(a, "\n") || len(r.erp.docs) != 100 {
			t.Errorf("%d documents, alerts: %s", len(r.erp.docs), a)
		}
	})
	t.Run("few are no mass", func(t *testing.T) {
		r := deliveredOrders(t, 21, DeleteWithdrawn)
		r.remove(ids(1, 20)...)
		r.run("done read=21 unchanged=1 withdrawn=20", full)
	})
	t.Run("nor is a small part", func(t *testing.T) {
		r := deliveredOrders(t, 600, DeleteWithdrawn)
		r.remove(ids(1, 30)...)
		r.run("done read=600 unchanged=570 withdrawn=30", full)
	})
	t.Run("an empty source", func(t *testing.T) {
		r := deliveredOrders(t, 2, DeleteWithdrawn)
		r.src.rows = nil
		r.run("exceptions read=2 held=2", full)
		r.wantException("PC430", "is empty")
		if len(r.erp.docs) != 2 {
			t.Errorf("%d documents", len(r.erp.docs))
		}
	})
	t.Run("another source", func(t *testing.T) {
		r := deliveredOrders(t, 3, DeleteWithdrawn)
		r.run("done read=3 unchanged=3", full)
		r.p.Source.Query.Object = "orders-2027"
		r.remove("1")
		r.run("exceptions read=3 unchanged=2 held=1", full)
		r.wantException("PC430", "not what was read before")
	})
	t.Run("ignored anyway", func(t *testing.T) {
		r := deliveredOrders(t, 100, IgnoreWithdrawn)
		r.remove(ids(1, 50)...)
		r.run("done read=100 unchanged=50 withdrawn=50", full)
		if len(r.erp.docs) != 100 || r.alerts() != "" {
			t.Errorf("%d documents, alerts: %s", len(r.erp.docs), r.alerts())
		}
	})
	t.Run("never delivered ones don't count", func(t *testing.T) {
		r := deliveredOrders(t, 2, DeleteWithdrawn)
		for _, id := range ids(100, 140) {
			r.src.set(id, `"qty":"many"`)
		}
		r.run("exceptions read=42 unchanged=1 invalid=41")
		r.remove(ids(100, 140)...)
		r.run("done read=43 unchanged=2 withdrawn=41", full)
		r.nothingOpen()
	})
}

// A run that is killed while it holds them must not leave a rest that looks like few.
func TestKilledWhileManyAreHeld(t *testing.T) {
	const n = 2*span + 30
	for _, points := range []int{1, 2} {
		r := deliveredOrders(t, n, DeleteWithdrawn)
		r.erp.traits.Batch = 500
		r.src.rows = r.src.rows[n-20:]
		_, err := r.try(Options{Full: true, Reached: killAt("after gone", points)})
		if err == nil {
			t.Fatal("not killed")
		}
		rep, err := r.try(full)
		if err != nil || rep.Withdrawn > 0 || len(r.erp.docs) != n {
			t.Fatalf("%s, %v: %d documents", shown(rep), err, len(r.erp.docs))
		}
		if a := r.alerts(); !strings.Contains(a, "×1") || strings.Contains(a, "\n") {
			t.Errorf("alerts: %s", a)
		}
		if got := strings.Count(r.exceptions(), "PC430"); got != n-20 {
			t.Errorf("%d are held, want %d", got, n-20)
		}
	}
}

// A pipeline without a target keeps rows for others: they go with their records.
func TestKeptRowsOfGoneRecords(t *testing.T) {
	for _, target := range []bool{true, false} {
		r := newRig(t)
		r.keeps()
		r.p.Target.Withdrawn = DeleteWithdrawn
		if !target {
			r.p.Target = nil
		}
		orders(r, 3)
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
		r.remove("2")
		r.run("done read=3 unchanged=2 withdrawn=1", full)
		if r.kept("2") || !r.kept("1") || !r.kept("3") {
			t.Errorf("target %v: kept 1 %v, 2 %v, 3 %v", target, r.kept("1"), r.kept("2"), r.kept("3"))
		}
		r.run("done read=2 unchanged=2", full)
	}
}

// A dry run shows what would be withdrawn, and writes nothing.
func TestDryRunShowsWhatIsGone(t *testing.T) {
	for n, want := range map[int]string{1: "delete SO-1", 30: "held PC430"} {
		r := deliveredOrders(t, 60, DeleteWithdrawn)
		for i := range n {
			r.remove(fmt.Sprint(i + 1))
		}
		var told []string
		dry := Options{Full: true, DryRun: true, Planned: func(c Change) {
			line := c.What + " " + c.TargetKey
			if c.Problem != nil {
				line = c.What + " " + c.Problem.ID
			}
			told = append(told, line)
		}}
		was := r.erpState()
		for range 2 {
			told = nil
			rep, err := r.try(dry)
			if err != nil || rep.Withdrawn+rep.Held != n || len(told) != n || told[0] != want {
				t.Errorf("%s, %v: %q", shown(rep), err, told)
			}
		}
		if r.erpState() != was || r.exceptions() != "" || r.alerts() != "" {
			t.Errorf("it has written: %s", r.exceptions())
		}
	}
}

// A set that is larger than memory is looked at in parts, and forgets nobody.
func TestMetKeys(t *testing.T) {
	for _, n := range []int{0, 1, inMemory - 1, inMemory, 3*inMemory + 7} {
		s := newMetKeys(t.TempDir())
		for i := range n {
			s.add(fmt.Sprint("key ", i))
		}
		if len(s.recent) > inMemory {
			t.Fatalf("%d hashes in memory", len(s.recent))
		}
		asked, missing := 0, 0
		for i := range s.parts() {
			p, err := s.part(i)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.hashes) > inMemory+inMemory/8 {
				t.Errorf("%d hashes in part %d", len(p.hashes), i)
			}
			for k := range n + 1000 {
				ours, lacks := p.lacks([]byte(fmt.Sprint("key ", k)))
				if ours {
					asked++
				}
				if lacks {
					missing++
				}
				if lacks && k < n {
					t.Fatalf("key %d is said to be missing", k)
				}
			}
		}
		if asked != n+1000 || missing != 1000 {
			t.Errorf("of %d keys %d were asked for, %d are missing", n+1000, asked, missing)
		}
		s.close()
	}
	s := newMetKeys("/no/such/folder")
	for i := range inMemory {
		s.add(fmt.Sprint(i))
	}
	if _, err := s.part(0); err == nil {
		t.Error("a set that could not be kept answers")
	}
}
