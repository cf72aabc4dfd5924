package run

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// cancelAtSource cancels an order where it comes from.
func (r *rig) cancelAtSource(id string) { r.src.set(id, `"qty":1,"status":"cancelled"`) }

// skip closes what is open of a record, as a person does with `errors skip`.
func (r *rig) skip(key string) {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	err := s.Update(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		rec, _, err := state.GetRecord(tx, id, key)
		if err != nil {
			return err
		}
		e, open, err := state.GetException(tx, id, key)
		if err != nil || !open {
			return errors.Join(err, fmt.Errorf("nothing is open of %s", key))
		}
		rec.Standing = state.Skipped
		if e.Withdrawn != "" {
			rec.Standing = state.Withdrawn
		}
		if err := state.PutRecord(tx, id, key, rec); err != nil {
			return err
		}
		_, err = state.Resolve(tx, id, key, "anna: done by hand", r.clock.Now())
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

const order1 = `SO-1 {"FBillNo":"SO-1","FQty":1} `

func TestWithdrawnFromEveryStage(t *testing.T) {
	audit := []connector.Op{connector.Submit, connector.Audit}
	stages := []struct {
		name   string
		then   []connector.Op
		drafts bool
		back   string // how a document stands that was taken back for it
	}{
		{"draft", nil, true, "draft"},
		{"saved", nil, false, "saved"},
		{"audited", audit, false, "saved"},
	}
	for _, s := range stages {
		for policy, want := range map[Withdrawn]string{HoldWithdrawn: "", IgnoreWithdrawn: "", CancelWithdrawn: order1 + s.back + " cancelled\n", DeleteWithdrawn: "\n"} {
			t.Run(fmt.Sprintf("%s, policy %d", s.name, policy), func(t *testing.T) {
				r := newRig(t)
				r.p.Target.Then, r.p.Target.Withdrawn, r.erp.drafts = s.then, policy, s.drafts
				r.src.set("1", `"qty":1`)
				r.run("done read=1 delivered=1 created=1")
				if want == "" { // it stays as it is
					want = r.erpState()
				}
				r.cancelAtSource("1")
				if policy == HoldWithdrawn {
					r.run("exceptions read=1 held=1")
					r.wantException("1 held PC405", "cancelled at its source", s.name)
				} else {
					r.run("done read=1 withdrawn=1")
					r.nothingOpen()
				}
				if got := r.erpState(); got != want {
					t.Errorf("the target holds %s, want %s", got, want)
				}
				r.settled()
			})
		}
	}
}

func (r *rig) nothingOpen() {
	r.t.Helper()
	if got := r.exceptions(); got != "" {
		r.t.Fatalf("still open: %s", got)
	}
}

// A half delivered order is cancelled: it was saved and submitted, and its audit is refused.
func TestHalfDeliveredAndCancelled(t *testing.T) {
	for policy, c := range map[Withdrawn]struct{ report, erp string }{
		HoldWithdrawn:   {"exceptions read=1 held=1", order1 + "submitted\n"},
		IgnoreWithdrawn: {"done read=1 withdrawn=1", order1 + "submitted\n"},
		CancelWithdrawn: {"done read=1 withdrawn=1", order1 + "saved cancelled\n"},
		DeleteWithdrawn: {"done read=1 withdrawn=1", "\n"},
	} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			r := newRig(t)
			r.p.Target.Withdrawn = policy
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("audit", "", busyDoc)
			r.run("done read=1 waiting=1 created=1")
			r.cancelAtSource("1")
			r.run(c.report)
			if got := r.erpState(); got != c.erp {
				t.Errorf("the target holds %s, want %s", got, c.erp)
			}
			if policy != HoldWithdrawn {
				r.nothingOpen()
			}
			r.clock.advance(time.Hour)
			if rep := r.run(map[bool]string{true: "done read=1 held=1", false: "done read=1 unchanged=1"}[policy == HoldWithdrawn], Options{Full: true}); rep.New > 0 {
				t.Errorf("a further run is not quiet: %s", shown(rep))
			}
		})
	}
}

// An order is cancelled while nobody knows whether its document was written: that is settled first,
// and no create ever goes out again for it.
func TestCancelledWhileInDoubt(t *testing.T) {
	for _, refuses := range []bool{true, false} {
		for _, f := range []fault{lostReq, lostAns, lateWork, accepted} {
			for _, policy := range []Withdrawn{HoldWithdrawn, IgnoreWithdrawn, CancelWithdrawn, DeleteWithdrawn} {
				t.Run(fmt.Sprintf("second refused %v, fault %d, policy %d", refuses, f, policy), func(t *testing.T) {
					r := newRig(t)
					r.erp.traits.RefusesSecond = refuses
					r.p.Target.Withdrawn = policy
					r.src.set("1", `"qty":1`)
					fails := once("save", "", f)
					r.erp.fault = func(o string, d connector.Doc) fault {
						got := fails(o, d)
						r.erp.blind = r.erp.blind || got != none // what happened can't be asked for at once
						return got
					}
					if _, err := r.try(Options{}); err != nil {
						t.Fatal(err)
					}
					r.erp.blind = false
					r.cancelAtSource("1")
					if _, err := r.try(Options{}); err != nil {
						t.Fatal(err)
					}
					r.erp.workLate()
					r.clock.advance(11 * time.Minute)
					written := f != lostReq
					if policy == HoldWithdrawn && written {
						for range 3 {
							if _, err := r.try(Options{}); err != nil {
								t.Fatal(err)
							}
						}
						r.wantException("1 held PC405")
					} else {
						r.quiet("after the cancellation")
					}
					if r.erp.writes != 1 {
						t.Errorf("%d documents were sent, want the one before the cancellation", r.erp.writes)
					}
					want := "\n"
					if written && policy == CancelWithdrawn {
						want = order1 + "saved cancelled\n"
					} else if written && policy != DeleteWithdrawn {
						want = order1 + "saved\n"
					}
					if got := r.erpState(); got != want {
						t.Errorf("the target holds %s, want %s", got, want)
					}
					r.settled()
				})
			}
		}
	}
}

// Each step of a withdrawal is refused, or nobody answers it.
func TestStepsOfAWithdrawalThatFail(t *testing.T) {
	for policy, last := range map[Withdrawn]string{CancelWithdrawn: "cancel", DeleteWithdrawn: "delete"} {
		for _, op := range []string{"un-audit", last} {
			for _, f := range []fault{lostReq, lostAns, lateWork, busyDoc, rollback, throttle, refuse, refusedConn} {
				for _, blind := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s of %s, fault %d, blind %v", op, last, f, blind), func(t *testing.T) {
						r := newRig(t)
						r.p.Target.Withdrawn = policy
						r.src.set("1", `"qty":1`)
						r.run("done read=1 delivered=1 created=1")
						r.clock.advance(time.Hour)
						r.cancelAtSource("1")
						fails := once(op, "", f)
						r.erp.fault = func(o string, d connector.Doc) fault {
							got := fails(o, d)
							r.erp.blind = r.erp.blind || blind && got != none
							return got
						}
						rep, err := r.try(Options{})
						if err != nil {
							t.Fatal(err)
						}
						if f == refuse && (rep.Invalid != 1 || rep.New != 1) {
							t.Errorf("refused: %s", shown(rep))
						}
						r.erp.blind = false
						r.erp.workLate()
						r.clock.advance(11 * time.Minute)
						r.retryAll()
						r.quiet("after the fault")
						want := order1 + "saved cancelled\n"
						if policy == DeleteWithdrawn {
							want = "\n"
						}
						if got := r.erpState(); got != want {
							t.Errorf("the target holds %s, want %s", got, want)
						}
						r.settled()
						if r.erp.writes != 1 {
							t.Errorf("a document was saved again: %d writes", r.erp.writes)
						}
					})
				}
			}
		}
	}
}

// The source takes a cancellation back while nobody knows what became of it.
func TestUncancelledWhileTheCancellationIsInDoubt(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Withdrawn
		f      fault
		ends   string
		erp    string
	}{
		{"cancel, not done", CancelWithdrawn, lostReq, "", order1 + "audited\n"},
		{"cancel, done", CancelWithdrawn, lostAns, "1 held PC421", order1 + "saved cancelled\n"},
		{"cancel, done late", CancelWithdrawn, lateWork, "1 held PC421", order1 + "saved cancelled\n"},
		{"delete, not done", DeleteWithdrawn, lostReq, "", order1 + "audited\n"},
		{"delete, done", DeleteWithdrawn, lostAns, "", order1 + "audited\n"},
		{"delete, done late", DeleteWithdrawn, lateWork, "", order1 + "audited\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.p.Target.Withdrawn = c.policy
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.clock.advance(time.Hour)
			r.cancelAtSource("1")
			op := map[Withdrawn]string{CancelWithdrawn: "cancel", DeleteWithdrawn: "delete"}[c.policy]
			r.erp.fault = func(o string, d connector.Doc) fault {
				if o == op {
					r.erp.blind = true
					return c.f
				}
				return none
			}
			r.run("done read=1 waiting=1")
			r.erp.fault, r.erp.blind = nil, false
			r.src.set("1", `"qty":1`) // and it counts again
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			r.erp.workLate()
			r.clock.advance(11 * time.Minute)
			if c.ends == "" {
				r.quiet(c.name)
			} else {
				for range 3 {
					if _, err := r.try(Options{}); err != nil {
						t.Fatal(err)
					}
				}
				r.wantException(c.ends)
			}
			if got := r.erpState(); got != c.erp {
				t.Errorf("the target holds %s, want %s", got, c.erp)
			}
			r.settled()
		})
	}
}

// What returns after a withdrawal goes out as new, or is held where the cancelled document keeps its
// number, until a person frees the number or takes the cancellation back.
func TestWhatReturns(t *testing.T) {
	withdrawnBy := func(t *testing.T, policy Withdrawn) *rig {
		r := newRig(t)
		r.p.Target.Withdrawn = policy
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.clock.advance(time.Hour)
		r.cancelAtSource("1")
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
		r.clock.advance(time.Hour)
		return r
	}
	same, other := `"qty":1`, `"qty":2`
	for _, content := range []string{same, other} {
		back := func(r *rig) { r.src.set("1", "%s", content) }
		now := strings.Replace(order1, `"FQty":1`, `"FQty":`+content[len(content)-1:], 1)
		t.Run("deleted "+content, func(t *testing.T) {
			r := withdrawnBy(t, DeleteWithdrawn)
			back(r)
			r.run("done read=1 delivered=1 created=1")
			r.wantERP(now + "audited")
		})
		t.Run("cancelled "+content, func(t *testing.T) {
			r := withdrawnBy(t, CancelWithdrawn)
			back(r)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC421", "SO-1")
			r.erp.docs = nil // a person frees the number
			r.retryAll()
			r.run("done read=1 delivered=1 created=1")
			r.wantERP(now + "audited")
		})
		t.Run("cancelled, and the cancellation taken back "+content, func(t *testing.T) {
			r := withdrawnBy(t, CancelWithdrawn)
			back(r)
			r.run("exceptions read=1 held=1")
			r.erp.docs[0].cancelled, r.erp.docs[0].modified = false, r.clock.Now()
			r.retryAll()
			rep, err := r.try(Options{})
			if err != nil || rep.Delivered != 1 {
				t.Errorf("%s, %v\n%s", shown(rep), err, r.exceptions())
			}
			r.wantERP(now + "audited")
		})
		t.Run("held, cancelled by a person who retries "+content, func(t *testing.T) {
			r := withdrawnBy(t, HoldWithdrawn)
			r.erp.docs[0].cancelled, r.erp.docs[0].modified = true, r.clock.Now()
			r.retryAll()
			r.run("done read=1 withdrawn=1")
			r.nothingOpen()
			back(r)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC421")
		})
		t.Run("held, cancelled by a person who skips "+content, func(t *testing.T) {
			r := withdrawnBy(t, HoldWithdrawn)
			r.erp.docs[0].cancelled, r.erp.docs[0].modified = true, r.clock.Now()
			r.skip("1")
			back(r)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC421")
		})
		t.Run("held, deleted by a person who skips "+content, func(t *testing.T) {
			r := withdrawnBy(t, HoldWithdrawn)
			r.erp.docs = nil
			r.skip("1")
			r.run("done read=1 unchanged=1", Options{Full: true})
			back(r)
			r.run("done read=1 delivered=1 created=1")
			r.wantERP(now + "audited")
		})
		t.Run("held, and nobody did anything "+content, func(t *testing.T) {
			r := withdrawnBy(t, HoldWithdrawn)
			r.retryAll()
			r.run("done read=1 held=1")
			back(r)
			rep, err := r.try(Options{})
			if err != nil || rep.Delivered+rep.Unchanged != 1 {
				t.Errorf("%s, %v", shown(rep), err)
			}
			r.wantERP(now + "audited")
			r.nothingOpen()
		})
		t.Run("ignored "+content, func(t *testing.T) {
			r := withdrawnBy(t, IgnoreWithdrawn)
			back(r)
			want := "done read=1 unchanged=1"
			if content == other {
				want = "done read=1 delivered=1 updated=1"
			}
			r.run(want)
			r.wantERP(now + "audited")
		})
	}
}

// A new where withdraws nothing, by whatever way the record comes.
func TestANewWhereWithdrawsNothing(t *testing.T) {
	for name, o := range map[string]Options{"full": {Full: true}, "by key": {Keys: []string{"1"}}, "remapped": {Remap: true, Full: true}} {
		for _, live := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, live look-ups %v", name, live), func(t *testing.T) {
				r := newRig(t)
				r.p.Target.Withdrawn, r.p.Live = DeleteWithdrawn, live
				r.src.set("1", `"qty":1`)
				r.run("done read=1 delivered=1 created=1")
				r.drops, r.p.Revision = true, "r2"
				r.run("done read=1 unchanged=1", o)
				r.wantERP(order1 + "audited")
			})
		}
	}
	t.Run("half delivered", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = DeleteWithdrawn
		r.src.set("1", `"qty":1`)
		r.erp.fault = once("audit", "", busyDoc)
		r.run("done read=1 waiting=1 created=1")
		r.drops, r.p.Revision = true, "r2"
		r.clock.advance(5 * time.Minute)
		r.run("exceptions read=1 held=1")
		r.wantException("1 held PC431", "SO-1")
		r.wantERP(order1 + "submitted")
		r.drops = false
		r.retryAll()
		r.run("done read=1 delivered=1")
		r.wantERP(order1 + "audited")
	})
	t.Run("changed and back", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn, r.p.Target.Changed = DeleteWithdrawn, HoldChange
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.src.set("1", `"qty":2`)
		r.run("exceptions read=1 held=1")
		r.drops, r.p.Revision = true, "r2"
		r.src.set("1", `"qty":1`)
		r.run("done read=1 unchanged=1")
		r.nothingOpen()
		r.wantERP(order1 + "audited")
	})
}

// Others must not find the row of a record whose document is taken back; they find it where the
// document stays, and again when the record returns.
func TestKeptRowsOfWithdrawnRecords(t *testing.T) {
	for policy, kept := range map[Withdrawn]bool{HoldWithdrawn: true, IgnoreWithdrawn: true, CancelWithdrawn: false, DeleteWithdrawn: false} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			r := newRig(t)
			r.p.Target.Withdrawn = policy
			r.keeps()
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			if !r.kept("1") {
				t.Fatal("it was not kept")
			}
			r.cancelAtSource("1")
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			if r.kept("1") != kept {
				t.Errorf("kept is %v, want %v", !kept, kept)
			}
			if policy == DeleteWithdrawn {
				r.src.set("1", `"qty":1`)
				r.run("done read=1 delivered=1 created=1")
				if !r.kept("1") {
					t.Error("it has returned, and is not kept")
				}
			}
		})
	}
	t.Run("no target", func(t *testing.T) {
		r := newRig(t)
		r.p.Target = nil
		r.keeps()
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1")
		r.cancelAtSource("1")
		r.run("done read=1 filtered=1")
		if r.kept("1") {
			t.Error("still kept")
		}
	})
}

func (r *rig) keeps() {
	r.p.Keep = func(x *step.Row) (value.Record, error) { return value.Known(`{"no":"` + x.Key + `"}`), nil }
}

func (r *rig) kept(key string) bool {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var rows []value.Record
	err := s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err == nil {
			rows, err = state.FindKept(tx, id, []string{"no"}, []value.Value{value.OfText(key)}, 0)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(rows) == 1
}

// A create that went out twice is not deleted while the first one may still land: the number would be
// free, and the document that comes late nobody's.
func TestDeletedWhenNothingCanLandAnyMore(t *testing.T) {
	r := newRig(t)
	r.p.Target.Withdrawn = DeleteWithdrawn
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "", lateWork)
	r.run("done read=1 waiting=1")
	r.clock.advance(5 * time.Minute)
	r.run("done read=1 delivered=1 created=1")
	r.cancelAtSource("1")
	r.run("done read=1 waiting=1")
	r.wantException("1 waiting PC423", "more than once")
	r.erp.workLate() // it finds its number taken
	r.clock.advance(11 * time.Minute)
	r.run("done read=1 withdrawn=1")
	if len(r.erp.docs) != 0 {
		t.Errorf("the target holds %s", r.erpState())
	}
	r.nothingOpen()
}
