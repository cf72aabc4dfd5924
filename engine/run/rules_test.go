package run

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

func TestChangedPolicies(t *testing.T) {
	audit := []connector.Op{connector.Submit, connector.Audit}
	for _, c := range []struct {
		name   string
		then   []connector.Op
		policy Changed
		report string
		erp    string
		hold   string
	}{
		{"update of a saved one", nil, Update, "done read=1 delivered=1 updated=1", `SO-1 {"FBillNo":"SO-1","FQty":2} saved`, ""},
		{"update of an audited one", audit, Update, "exceptions read=1 held=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`, "1 held PC407"},
		{"update of a submitted one", audit[:1], Update, "exceptions read=1 held=1", `SO-1 {"FBillNo":"SO-1","FQty":1} submitted`, "1 held PC407"},
		{"reopen of an audited one", audit, Reopen, "done read=1 delivered=1 updated=1", `SO-1 {"FBillNo":"SO-1","FQty":2} audited`, ""},
		{"reopen of a submitted one", audit[:1], Reopen, "done read=1 delivered=1 updated=1", `SO-1 {"FBillNo":"SO-1","FQty":2} submitted`, ""},
		{"skip", audit, Skip, "done read=1 unchanged=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`, ""},
		{"hold", nil, HoldChange, "exceptions read=1 held=1", `SO-1 {"FBillNo":"SO-1","FQty":1} saved`, "1 held PC407"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.p.Target.Then, r.p.Target.Changed = c.then, c.policy
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":1.0,"note":"the document is the same"`)
			r.run("done read=1 unchanged=1")
			r.src.set("1", `"qty":2`)
			r.run(c.report)
			r.wantERP(c.erp)
			if c.hold != "" {
				r.wantException(c.hold)
				r.src.set("1", `"qty":1`) // and back again: nothing is to do
				r.run("done read=1 unchanged=1")
				if got := r.exceptions(); got != "" {
					t.Errorf("still open: %s", got)
				}
			}
		})
	}
}

func TestWithdrawn(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Withdrawn
		report string
		erp    string
	}{
		{"hold", HoldWithdrawn, "exceptions read=1 held=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`},
		{"ignore", IgnoreWithdrawn, "done read=1 withdrawn=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`},
		{"cancel", CancelWithdrawn, "done read=1 withdrawn=1", `SO-1 {"FBillNo":"SO-1","FQty":1} saved cancelled`},
		{"delete", DeleteWithdrawn, "done read=1 withdrawn=1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.p.Target.Withdrawn = c.policy
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":1,"status":"cancelled"`)
			r.run(c.report)
			r.wantERP(c.erp)
			again, err := r.try(Options{Full: true})
			if err != nil || again.New != 0 || again.Withdrawn != 0 {
				t.Errorf("read again: %s, %v", shown(again), err)
			}
			r.wantERP(c.erp)
			r.src.set("1", `"qty":5`) // it returns
			back, err := r.try(Options{})
			switch {
			case err != nil:
				t.Error(err)
			case c.policy == CancelWithdrawn && back.Held != 1:
				t.Errorf("the number is taken by the cancelled one: %s", shown(back))
			case c.policy == DeleteWithdrawn && back.Created != 1:
				t.Errorf("it should go out as new: %s", shown(back))
			case c.policy == HoldWithdrawn && back.Updated != 1:
				t.Errorf("it should be changed: %s", shown(back))
			}
		})
	}
}

func TestOnlyTheRecordsOwnChangeWithdraws(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.drops, r.p.Revision = true, "r2" // a new where
	rep := r.run("done read=1 unchanged=1")
	if rep.Old != 1 {
		t.Errorf("%d records are said to keep the old mapping, want 1", rep.Old)
	}
	r.run("done read=1 unchanged=1", Options{Remap: true})
	r.src.set("1", `"qty":2`)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC405")
}

func TestRemap(t *testing.T) {
	r := newRig(t)
	orders(r, 2)
	r.src.set("3", `"qty":"many"`)
	r.run("exceptions read=3 delivered=2 invalid=1 created=2")
	mapped := r.mapped
	r.run("done read=3 unchanged=2 invalid=1", Options{Remap: true, Full: true})
	if r.mapped != mapped+2 {
		t.Errorf("%d records were mapped, want the delivered ones", r.mapped-mapped)
	}
	r.note, r.p.Revision = `,"FNote":"new"`, "r2"
	r.run("done read=3 delivered=2 invalid=1 updated=2", Options{Remap: true, Full: true})
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1,"FNote":"new"} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2,"FNote":"new"} audited`)
}

func TestAPersonsChangeIsNotOverwritten(t *testing.T) {
	person := map[string]func(*rig, *erpDoc){
		"edited":     func(r *rig, d *erpDoc) { d.content, d.modified = `{"by":"a person"}`, r.clock.Now() },
		"un-audited": func(_ *rig, d *erpDoc) { d.stage = connector.Saved },
	}
	for name, does := range person {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.clock.advance(time.Hour)
			does(r, r.erp.docs[0])
			was := r.erpState()
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC406")
			if got := r.erpState(); got != was {
				t.Errorf("the target holds %s, want %s", got, was)
			}
		})
	}
	t.Run("deleted", func(t *testing.T) {
		r := newRig(t)
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.erp.docs = nil
		r.src.set("1", `"qty":2`)
		r.run("exceptions read=1 held=1")
		r.wantException("1 held PC414")
	})
	t.Run("audited meanwhile", func(t *testing.T) {
		r := newRig(t)
		r.src.set("1", `"qty":1`)
		r.erp.fault = once("audit", "", busyDoc)
		r.run("done read=1 waiting=1 created=1")
		r.erp.docs[0].stage = connector.Audited
		r.clock.advance(5 * time.Minute)
		r.run("done read=1 delivered=1")
	})
	t.Run("their clock is ahead", func(t *testing.T) {
		r := newRig(t)
		r.src.set("1", `"qty":1`)
		r.erp.clock = &testClock{now: r.clock.Now().Add(3 * time.Hour)}
		r.run("done read=1 delivered=1 created=1")
		r.src.set("1", `"qty":2`)
		r.run("done read=1 delivered=1 updated=1")
		r.erp.clock.advance(time.Minute)
		r.clock.advance(time.Minute)
		r.erp.docs[0].modified = r.erp.clock.Now()
		r.src.set("1", `"qty":3`)
		r.run("exceptions read=1 held=1")
	})
}

func TestReopenedAndRefusedGoesBackToWhereItWas(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.src.set("1", `"qty":2`)
	r.erp.fault = once("save", "", refuse)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC420", "quantity is not allowed")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
	r.settled()
	r.src.set("1", `"qty":3`)
	r.run("done read=1 delivered=1 updated=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":3} audited`)
}

func TestForeignDocuments(t *testing.T) {
	for _, c := range []struct {
		name    string
		refuses bool
		by      connector.Ours
		found   Found
		report  string
		erp     string
	}{
		{"the target refuses", true, connector.MadeByAnother, HoldFound, "exceptions read=1 held=1 in_doubt=1", `SO-1 theirs saved`},
		{"the target refuses and can't tell", true, connector.CantTell, HoldFound, "exceptions read=1 held=1 in_doubt=1", `SO-1 theirs saved`},
		{"the target would take it", false, connector.CantTell, HoldFound, "exceptions read=1 held=1", `SO-1 theirs saved`},
		{"another's, adopted", false, connector.MadeByAnother, AdoptFound, "done read=1 delivered=1 updated=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`},
		{"ours, from before the state was lost", false, connector.MadeByUs, HoldFound, "done read=1 delivered=1 updated=1", `SO-1 {"FBillNo":"SO-1","FQty":1} audited`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.erp.traits.RefusesSecond = c.refuses
			r.p.Target.Found = c.found
			r.erp.docs = []*erpDoc{{id: "7", key: "SO-1", content: "theirs", stage: connector.Saved, by: c.by, modified: r.clock.Now()}}
			r.src.set("1", `"qty":1`)
			r.run(c.report)
			r.wantERP(c.erp)
		})
	}
	t.Run("two of them", func(t *testing.T) {
		r := newRig(t)
		r.erp.traits.RefusesSecond = false
		r.erp.docs = []*erpDoc{{id: "7", key: "SO-1", stage: connector.Saved}, {id: "8", key: "SO-1", stage: connector.Saved}}
		r.src.set("1", `"qty":1`)
		r.run("exceptions read=1 held=1")
		r.wantException("PC403")
	})
}

func TestAbsentIsBelievedOnlyLater(t *testing.T) {
	r := newRig(t)
	r.erp.traits.RefusesSecond = false // a second document would be taken without a word
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "", lateWork)
	r.run("done read=1 waiting=1")
	r.clock.advance(6 * time.Minute)
	r.run("done read=1 waiting=1") // too early to believe that it isn't there
	r.erp.workLate()
	r.clock.advance(6 * time.Minute)
	r.run("done read=1 delivered=1 in_doubt=1")
	if len(r.erp.docs) != 1 {
		t.Errorf("%d documents", len(r.erp.docs))
	}

	r.src.set("2", `"qty":2`)
	r.erp.fault = once("save", "", lostReq)
	r.run("done read=2 unchanged=1 waiting=1")
	r.clock.advance(11 * time.Minute)
	r.run("done read=1 delivered=1 created=1 in_doubt=1")
	if len(r.erp.docs) != 2 {
		t.Errorf("%d documents", len(r.erp.docs))
	}
}

func TestNewestGoesOutWhenAnEarlierSendMayBeWhatWasFound(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "", lateWork)
	r.run("done read=1 waiting=1")
	r.src.set("1", `"qty":2`)
	r.erp.fault = once("save", "", lateWork)
	r.run("done read=1 waiting=1")
	r.erp.late = r.erp.late[:1] // the older one comes in late, and the newer never
	r.erp.workLate()
	r.erp.fault = nil
	r.clock.advance(5 * time.Minute)
	r.run("done read=1 delivered=1 updated=1 in_doubt=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
}

func TestChangeInDoubtWaitsForTheOlderOne(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.src.set("1", `"qty":2`)
	r.erp.fault = once("save", "", lateWork)
	r.run("done read=1 waiting=1")
	r.src.set("1", `"qty":3`)
	r.erp.fault = nil
	r.run("done read=1 waiting=1") // the older one may still land, and would be over the newer
	r.erp.workLate()
	r.clock.advance(11 * time.Minute)
	r.run("done read=1 delivered=1 updated=1 in_doubt=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":3} audited`)
	r.settled()
}

func TestTargetThatCannotBeAsked(t *testing.T) {
	r := newRig(t)
	r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
	r.src.set("1", `"qty":1`)
	r.erp.fault = once("save", "", lostAns)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC402")
	r.run("done read=1 held=1")
	if len(r.erp.docs) != 1 {
		t.Errorf("%d documents", len(r.erp.docs))
	}
}

func TestTargetThatNumbersItself(t *testing.T) {
	r := newRig(t)
	orders(r, 4)
	r.erp.own = true
	rep, err := r.try(Options{})
	if err != nil || rep.Status != Failed || rep.Error.ID != "PC413" || len(r.erp.docs) != 1 {
		t.Errorf("%s, %v: %d documents", shown(rep), err, len(r.erp.docs))
	}
	for range 3 { // a schedule goes on and on
		if _, err := r.try(Options{}); err == nil || problem.As(err).ID != "PC413" || len(r.erp.docs) != 1 {
			t.Errorf("the next run: %v, %d documents", err, len(r.erp.docs))
		}
	}
	r.erp.own = false
	r.run("done read=1 delivered=1 created=1", Options{Keys: []string{"2"}})
	for range 2 {
		if rep, err := r.try(Options{}); err != nil || rep.Error != nil {
			t.Errorf("set right and tried: %s, %v", shown(rep), err)
		}
	}
	if len(r.erp.docs) != 4 {
		t.Errorf("set right, there are %d documents for 4 records\n%s%s", len(r.erp.docs), r.exceptions(), r.erpState())
	}
}

func TestOneKeyTwiceInARun(t *testing.T) {
	twice := func(r *rig, sameTime bool) {
		now := r.clock.Now()
		later := now
		if !sameTime {
			later = now.Add(time.Second)
		}
		r.src.rows = []row{{"1", `{"id":"1","qty":1}`, now}, {"1", `{"id":"1","qty":2}`, later}, {"1", `{"id":"1","qty":2.0}`, later}}
	}
	t.Run("different times", func(t *testing.T) {
		r := newRig(t)
		twice(r, false)
		r.run("done read=3 unchanged=2 delivered=1 created=1")
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
	})
	t.Run("one time, asked for by key", func(t *testing.T) {
		r := newRig(t)
		twice(r, true)
		r.run("done read=3 unchanged=2 delivered=1 created=1")
		if r.src.fetched != 1 {
			t.Errorf("asked for %d times", r.src.fetched)
		}
	})
	t.Run("one time, can't be asked", func(t *testing.T) {
		r := newRig(t)
		r.src.noFetch = true
		twice(r, true)
		r.run("exceptions read=3 invalid=3")
		r.wantException("1 invalid PC409")
	})
	t.Run("in two pages without times", func(t *testing.T) {
		r := newRig(t)
		r.src.noFetch, r.src.noTimes, r.src.pageLen = true, true, 1
		r.p.Source.Query.Field = ""
		twice(r, true)
		r.src.rows = r.src.rows[:2]
		r.run("exceptions read=2 delivered=1 invalid=1 created=1")
		r.run("done read=2 unchanged=1 invalid=1") // and it doesn't flip back and forth
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
	})
}

func TestOlderVersionsAreNeverWritten(t *testing.T) {
	for _, fetch := range []bool{true, false} {
		r := newRig(t)
		r.src.set("1", `"qty":1`)
		old := r.src.rows[0]
		r.src.set("1", `"qty":2`)
		r.run("done read=1 delivered=1 created=1")
		r.src.stale = map[string]row{"1": old}
		r.src.noFetch = !fetch
		if fetch {
			r.run("done read=1 unchanged=1", Options{Full: true})
		} else {
			r.run("exceptions read=1 held=1", Options{Full: true})
			r.wantException("1 held PC410")
		}
		r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
	}
}

func TestMastersAreMadeOnce(t *testing.T) {
	r := newRig(t)
	r.creates = true
	for _, id := range []string{"1", "2", "3", "4"} {
		r.src.set(id, `"qty":1,"sku":"A"`)
	}
	r.run("done read=4 delivered=4 created=4")
	r.wantERP(`A {"FNumber":"A"} audited`, `SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":1} audited`,
		`SO-3 {"FBillNo":"SO-3","FQty":1} audited`, `SO-4 {"FBillNo":"SO-4","FQty":1} audited`)

	r.src.set("5", `"qty":1,"sku":"B"`)
	r.erp.fault = once("audit", "B", busyDoc)
	r.run("done read=2 unchanged=1 waiting=1")
	r.clock.advance(5 * time.Minute)
	r.run("done read=1 delivered=1 created=1")

	r.src.set("6", `"qty":1,"sku":"C"`)
	r.erp.fault = times(9, "save", "C", refuse)
	r.run("exceptions read=2 unchanged=1 held=1")
	r.wantException("6 held PC416", "BD_MATERIAL C could not be created")
}

func TestKeysThatCannotBe(t *testing.T) {
	r := newRig(t)
	r.src.set("", `"qty":1`)
	r.src.rows = append(r.src.rows, row{"x", `{"id":`, r.clock.Now()})
	r.run("exceptions read=2 invalid=2")
	r.wantException("PC408", "id is empty", "?")
	r.p.Target.Key = func(*step.Row) (string, error) { return "", nil }
	r.src.set("2", `"qty":1`)
	rep, err := r.try(Options{})
	if err != nil || rep.Invalid != 2 {
		t.Errorf("%s, %v", shown(rep), err)
	}
	r.wantException("PC418")
}

func TestTwoRecordsOfOneNumber(t *testing.T) {
	r := newRig(t)
	r.p.Target.Key = func(*step.Row) (string, error) { return "SAME", nil }
	orders(r, 2)
	r.run("exceptions read=2 delivered=1 held=1 created=1")
	r.wantException("2 held PC417")
	r.src.set("3", `"qty":1`)
	r.run("exceptions read=2 held=2")
	r.wantException("3 held PC400", "record 1")
	if len(r.erp.docs) != 1 {
		t.Errorf("%d documents", len(r.erp.docs))
	}
}

func TestCursor(t *testing.T) {
	r := newRig(t)
	orders(r, 7)
	at := func(i int) string { return r.src.rows[i].changed.Format(time.RFC3339Nano) }
	rep := r.run("done read=4 delivered=4 created=4", Options{Limit: 4})
	if rep.Cursor.To != at(2) { // the page of the fourth isn't finished
		t.Errorf("after a limit the cursor is %s, want %s", rep.Cursor.To, at(2))
	}
	rep = r.run("done read=5 unchanged=2 delivered=3 created=3")
	if rep.Cursor.From != at(2) || rep.Cursor.To != at(6) {
		t.Errorf("cursor %+v", rep.Cursor)
	}
	rep = r.run("done read=3 unchanged=3", Options{Since: r.src.rows[0].changed, Until: r.src.rows[3].changed})
	if rep.Cursor.To != at(6) {
		t.Errorf("a window moved the cursor: %+v", rep.Cursor)
	}
	rep = r.run("done read=1 unchanged=1", Options{Keys: []string{"3"}})
	if rep.Cursor.To != at(6) {
		t.Errorf("a key moved the cursor: %+v", rep.Cursor)
	}
	r.run("failed PC461", Options{Keys: []string{"none"}})
	r.src.noFetch = true
	r.run("done read=1 unchanged=1", Options{Keys: []string{"3"}})
	r.run("failed PC461", Options{Keys: []string{"none"}})
}

func TestRereadFindsWhatCameLate(t *testing.T) {
	r := newRig(t)
	r.p.Source.Reread = Reread{Every: 6 * time.Hour, Window: 48 * time.Hour}
	orders(r, 2)
	r.run("done read=2 delivered=2 created=2")
	late := row{"9", `{"id":"9","qty":9}`, r.src.rows[0].changed.Add(-time.Second)}
	r.src.rows = append([]row{late}, r.src.rows...)
	r.run("done read=1 unchanged=1")
	r.clock.advance(7 * time.Hour)
	r.run("done read=4 unchanged=3 delivered=1 created=1")
	r.run("done read=1 unchanged=1")
}

func TestKeptRowsAndNoTarget(t *testing.T) {
	r := newRig(t)
	r.p.Target = nil
	r.p.Keep = func(x *step.Row) (value.Record, error) { return value.Known(`{"erp_no":"SO-` + x.Key + `"}`), nil }
	orders(r, 2)
	r.run("done read=2 delivered=2")
	s := r.open()
	defer s.Close()
	err := s.View(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		rows, err := state.FindKept(tx, id, []string{"erp_no"}, []value.Value{value.OfText("SO-2")}, 0)
		if len(rows) != 1 {
			t.Errorf("%d rows kept", len(rows))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a record keeps for others may fail to be computed; that is this record's own exception, and
// nothing of it goes out.
func TestKeepThatFailsIsTheRecordsOwn(t *testing.T) {
	r := newRig(t)
	r.p.Keep = func(x *step.Row) (value.Record, error) {
		if x.Key == "2" {
			return value.Record{}, &problem.Error{Class: problem.Invalid, ID: "PC201", Field: "keep.n", Reason: "null is no number"}
		}
		return value.Known(`{"n":1}`), nil
	}
	orders(r, 3)
	r.run("exceptions read=3 delivered=2 invalid=1 created=2")
	r.wantException("2 invalid PC201")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`)
}

func TestInterruptedRunGoesOn(t *testing.T) {
	r := newRig(t)
	r.erp.traits.Batch = 2
	orders(r, 6)
	ctx, cancel := context.WithCancel(t.Context())
	s := r.open()
	rep, err := Run(ctx, r.p, Options{Store: s, Clock: r.clock, Reached: func(point string) bool {
		if point == "after submit" {
			cancel()
		}
		return true
	}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || rep.Status != Paused || rep.Error.ID != "PC460" || rep.Read != rep.Sum() {
		t.Fatalf("%s, %v", shown(rep), err)
	}
	rep, err = r.try(Options{})
	if err != nil || rep.Status != Done || rep.Delivered != 6 {
		t.Fatalf("afterwards: %s, %v\n%s", shown(rep), err, r.exceptions())
	}
	r.settled()
}

func TestProblemsOfOnePassAreToldTogether(t *testing.T) {
	r := newRig(t)
	j := &job{}
	j.fail(
		&problem.Error{Class: problem.Missing, Reason: "a", Cause: &problem.Cause{Key: "A"}},
		&problem.Error{Class: problem.Invalid, Reason: "b"},
		&problem.Error{Class: problem.Missing, Reason: "c", Cause: &problem.Cause{Key: "C"}, Field: "FX"},
	)
	r1 := &runner{p: r.p}
	e := r1.exception(j, time.Time{})
	if e.Kind != state.InvalidData || e.Reason != "b" || len(e.Causes) != 2 || strings.Join(e.More, "|") != "a|FX: c" {
		t.Errorf("%+v", e)
	}
}
