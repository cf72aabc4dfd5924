package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

func orders(r *rig, n int) {
	for i := range n {
		r.src.set(string(rune('1'+i)), `"qty":%d`, i+1)
	}
}

func TestSecondRunWritesNothing(t *testing.T) {
	r := newRig(t)
	orders(r, 5)
	r.src.set("6", `"qty":"many"`)
	r.src.set("7", `"qty":1,"status":"cancelled"`)
	r.run("exceptions read=7 filtered=1 delivered=5 invalid=1 created=5")
	r.wantException("6 invalid PC200 attempts=0 qty is not a number")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`, `SO-3 {"FBillNo":"SO-3","FQty":3} audited`,
		`SO-4 {"FBillNo":"SO-4","FQty":4} audited`, `SO-5 {"FBillNo":"SO-5","FQty":5} audited`)
	if c := r.erp.calls; c["save"] != 3 || c["submit"] != 2 || c["audit"] != 2 { // the first document goes alone, its batch after it
		t.Errorf("requests: %v", c)
	}
	writes, mapped := r.erp.writes, r.mapped
	r.run("done read=1 filtered=1") // the cursor stands at the last one
	r.run("done read=7 filtered=1 unchanged=5 invalid=1", Options{Full: true})
	if r.erp.writes != writes {
		t.Errorf("%d documents were written again", r.erp.writes-writes)
	}
	if r.mapped != mapped+2 { // the cancelled one, twice: what is known isn't mapped
		t.Errorf("%d records were mapped again", r.mapped-mapped)
	}
	r.settled()
}

func TestOutcomesOfOneWrite(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     func(string, connector.Doc) fault
		report    string
		exception string
		later     string // the report after five minutes
		writes    int
	}{
		{"refused", once("save", "SO-2", refuse), "exceptions read=3 delivered=2 invalid=1 created=2", "2 invalid  attempts=0 quantity is not allowed", "done read=1 unchanged=1", 3},
		{"missing", once("save", "SO-2", missingRef), "exceptions read=3 delivered=2 held=1 created=2", "2 held  attempts=0 material A-17", "done read=2 unchanged=1 delivered=1 created=1", 4},
		{"locked", once("save", "SO-2", busyDoc), "done read=3 delivered=2 waiting=1 created=2", "2 waiting  attempts=1 document is locked", "done read=2 unchanged=1 delivered=1 created=1", 4},
		{"throttled", once("save", "SO-2", throttle), "done read=3 delivered=3 created=3", "", "done read=1 unchanged=1", 4},
		{"rolled back", once("save", "SO-2", rollback), "done read=3 delivered=3 created=3", "", "done read=1 unchanged=1", 4},
		{"answer lost", once("save", "SO-2", lostAns), "done read=3 delivered=3 created=3 in_doubt=1", "", "done read=1 unchanged=1", 3},
		{"request lost", once("save", "SO-2", lostReq), "done read=3 delivered=2 waiting=1 created=2", "2 waiting PC424 attempts=1", "done read=2 unchanged=1 delivered=1 created=1", 4},
		{"late", once("save", "SO-2", lateWork), "done read=3 delivered=2 waiting=1 created=2", "2 waiting PC424 attempts=1", "done read=2 unchanged=1 delivered=1 in_doubt=1", 3},
		{"submit refused", once("submit", "SO-2", refuse), "exceptions read=3 delivered=2 invalid=1 created=3", "2 invalid", "done read=1 unchanged=1", 3},
		{"submit locked", once("submit", "SO-2", busyDoc), "done read=3 delivered=2 waiting=1 created=3", "2 waiting", "done read=2 unchanged=1 delivered=1", 3},
		{"submit answer lost", once("submit", "SO-2", lostAns), "done read=3 delivered=3 created=3 in_doubt=1", "", "done read=1 unchanged=1", 3},
		{"submit lost", once("submit", "SO-2", lostReq), "done read=3 delivered=2 waiting=1 created=3", "2 waiting", "done read=2 unchanged=1 delivered=1", 3},
		{"audit answer lost", once("audit", "SO-2", lostAns), "done read=3 delivered=3 created=3 in_doubt=1", "", "done read=1 unchanged=1", 3},
		{"accepted", once("save", "SO-2", accepted), "done read=3 delivered=2 waiting=1 created=2", "2 waiting PC423 attempts=0", "done read=2 unchanged=1 delivered=1 in_doubt=1", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			orders(r, 3)
			r.erp.fault = c.fault
			r.run(c.report)
			if c.exception == "" {
				if got := r.exceptions(); got != "" {
					t.Errorf("exceptions: %s", got)
				}
			} else {
				r.wantException(c.exception)
			}
			r.clock.advance(5 * time.Minute)
			r.erp.workLate()
			r.run(c.later)
			if r.erp.writes != c.writes {
				t.Errorf("%d documents arrived, want %d", r.erp.writes, c.writes)
			}
			seen := map[string]bool{}
			for _, d := range r.erp.docs {
				if seen[d.key] {
					t.Errorf("%s stands twice", d.key)
				}
				seen[d.key] = true
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	r := newRig(t)
	orders(r, 1)
	r.erp.fault = times(100, "save", "", busyDoc)
	r.run("done read=1 waiting=1")
	r.run("done read=1 waiting=1") // not due: it stands, and isn't tried
	if r.erp.writes != 1 {
		t.Fatalf("tried %d times before its time", r.erp.writes)
	}
	for range 2 {
		r.clock.advance(5 * time.Minute)
		r.run("done read=1 waiting=1")
	}
	r.clock.advance(5 * time.Minute)
	r.run("exceptions read=1 failed=1")
	r.wantException("1 failed", "attempts=3")
	r.clock.advance(time.Hour)
	r.run("done read=1 failed=1")
	if r.erp.writes != 4 {
		t.Errorf("%d attempts, want 1 and 3 retries", r.erp.writes)
	}
	r.erp.fault = nil
	r.src.set("1", `"qty":2`)
	r.run("done read=1 delivered=1 created=1") // a newer version begins anew
	if got := r.exceptions(); got != "" {
		t.Errorf("still open: %s", got)
	}
}

func TestClockRanBack(t *testing.T) {
	r := newRig(t)
	orders(r, 1)
	r.erp.fault = once("save", "", busyDoc)
	r.run("done read=1 waiting=1")
	r.clock.advance(-24 * time.Hour)
	r.run("done read=1 delivered=1 created=1")
	r.src.rows[0].text = `{"id":"1","qty":9}` // changed, with the time it had: later is still later
	r.run("done read=1 delivered=1 updated=1", Options{Full: true})
}

func TestOutageIsNotFailure(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  fault
		report string
	}{
		{"connection refused", refusedConn, "paused PC412"},
		{"nobody answers", lostReq, "paused read=3 waiting=3 PC412"},
		{"wrong password", wrongPassword, "failed "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.erp.traits.Batch = 1
			orders(r, 5)
			r.erp.fault = times(100, "save", "", c.fault)
			rep := r.run(c.report)
			if rep.Error == nil {
				t.Fatal("no reason is told")
			}
			if strings.Contains(r.exceptions(), "attempts=1") {
				t.Errorf("attempts were counted:\n%s", r.exceptions())
			}
			if c.fault == lostReq && rep.Cursor.To == r.src.rows[4].changed.Format(time.RFC3339Nano) {
				t.Error("the cursor passed what was not tried")
			}
			r.erp.fault = nil
			r.clock.advance(time.Minute)
			rep, err := r.try(Options{})
			if err != nil || rep.Status != Done || rep.Delivered != 5 {
				t.Fatalf("afterwards: %s, %v\n%s", shown(rep), err, r.exceptions())
			}
			r.settled()
		})
	}
}

func TestSourceDownAndLookUpDown(t *testing.T) {
	r := newRig(t)
	orders(r, 2)
	r.src.err = &problem.Error{Class: problem.Transient, Reason: "time-out"}
	r.run("paused PC412")
	r.clock.advance(time.Minute)
	r.src.err = &problem.Error{Class: problem.Fatal, ID: "PC999", Reason: "unknown object"}
	r.run("failed PC999")
	r.clock.advance(time.Minute)
	r.src.err = nil
	r.stepErr = &problem.Error{Class: problem.Transient, Reason: "time-out"}
	r.run("paused PC412")
	r.stepErr = nil
	r.run("done read=2 delivered=2 created=2")
}

// "Too many requests" is no outage: the run waits as it is told, and goes on where it was.
func TestThrottledSourceIsWaitedFor(t *testing.T) {
	r := newRig(t)
	orders(r, 4)
	r.src.pageLen = 1
	r.src.throttleAt = []int{0, 2, 2}
	before := r.clock.Now()
	r.run("done read=4 delivered=4 created=4") // and nothing is read twice
	if waited := r.clock.Now().Sub(before); waited < 3*7*time.Second {
		t.Errorf("the run waited %s, and was told three times to wait 7 s", waited)
	}
	r.src.throttleAt = make([]int, patience+1)
	r.src.set("5", `"qty":5`)
	r.run("paused PC412")
}

func TestCausesReleaseExactlyWhatWaited(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1,"sku":"A"`)
	r.src.set("2", `"qty":2,"sku":"B"`)
	asked := 0
	r.p.Ask = func(_ context.Context, causes []problem.Cause) ([]bool, error) {
		asked++
		out := make([]bool, len(causes))
		for i, c := range causes {
			out[i] = r.skus[c.Key]
		}
		return out, nil
	}
	rep := r.run("exceptions read=2 held=2")
	if rep.Hold.Cause != 2 || rep.Hold.Person != 0 {
		t.Errorf("held: %+v", rep.Hold)
	}
	r.run("done read=1 held=1")
	r.skus["A"] = true
	r.run("done read=2 delivered=1 held=1 created=1")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
	r.wantException("2 held PC256")
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestNewRevisionReleasesInvalid(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":"many"`)
	r.run("exceptions read=1 invalid=1")
	mapped := r.mapped
	r.run("done read=1 invalid=1")
	if r.mapped != mapped {
		t.Error("mapped again without reason")
	}
	r.p.Revision = "r2"
	r.run("done read=1 invalid=1")
	if r.mapped != mapped+1 {
		t.Errorf("mapped %d times with another revision", r.mapped-mapped)
	}
}

func TestIdentity(t *testing.T) {
	code := func(err error) string {
		if p, ok := errors.AsType[*problem.Error](err); ok {
			return p.ID
		}
		return ""
	}
	r := newRig(t)
	orders(r, 2)
	r.run("done read=2 delivered=2 created=2")

	r.prefix = "X-" // an edited rule for the bill number
	r.src.set("1", `"qty":7`)
	r.run("exceptions read=2 unchanged=1 held=1")
	r.wantException("1 held PC401", "X-1", "SO-1")
	r.prefix = "SO-"
	r.p.Revision = "r2"
	if rep, err := r.try(Options{Keys: []string{"1"}}); err != nil || rep.Updated != 1 {
		t.Errorf("after undoing it: %s, %v", shown(rep), err)
	}

	r.p.Name, r.p.Siblings = "orders", []string{"orders"}
	if _, err := r.try(Options{}); code(err) != "PC451" || !strings.Contains(err.Error(), "order-sync") {
		t.Errorf("renamed: %v", err)
	}
	r.p.Siblings = []string{"orders", "order-sync"} // both are there: a second pipeline
	r.run("exceptions read=2 held=2")
	r.wantException("PC400", "order-sync")
	r.p.Name = "order-sync"
	r.p.KeyText = []string{"sid", "id"}
	if _, err := r.try(Options{}); code(err) != "PC450" {
		t.Errorf("another key: %v", err)
	}
	r.p.KeyText = []string{"id"}
	r.p.Target.To.Key = "FNumber"
	if _, err := r.try(Options{}); code(err) != "PC450" {
		t.Errorf("another target key: %v", err)
	}
	if len(r.erp.docs) != 2 {
		t.Errorf("%d documents", len(r.erp.docs))
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	r := newRig(t)
	orders(r, 2)
	r.src.set("3", `"qty":"many"`)
	var planned []string
	dry := Options{DryRun: true, Planned: func(c Change) {
		if c.Problem != nil {
			planned = append(planned, c.Key+" "+c.What+" "+c.Problem.Field+" "+c.Problem.Reason)
			return
		}
		planned = append(planned, c.Key+" "+c.What+" "+c.TargetKey+" "+c.Document.JSON())
	}}
	r.run("done read=3 delivered=2 invalid=1 created=2", dry)
	want := `3 invalid FQty qty is not a number; 1 create SO-1 {"FBillNo":"SO-1","FQty":1}; 2 create SO-2 {"FBillNo":"SO-2","FQty":2}`
	if got := strings.Join(planned, "; "); got != want {
		t.Errorf("planned %s, want %s", got, want)
	}
	if r.erp.writes != 0 || r.exceptions() != "" {
		t.Errorf("something was written: %d, %s", r.erp.writes, r.exceptions())
	}
	r.run("exceptions read=3 delivered=2 invalid=1 created=2")
	r.src.set("1", `"qty":7`)
	planned = nil
	r.run("done read=2 delivered=1 invalid=1 updated=1", dry)
	if got := strings.Join(planned, "; "); !strings.HasPrefix(got, "1 reopen SO-1") {
		t.Errorf("planned %s", got)
	}
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
}
