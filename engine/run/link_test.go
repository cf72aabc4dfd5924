package run

import (
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// link does what `pipectl errors link` does; want is what it must say, "" for success.
func (r *rig) link(key, document, want string) {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	_, err := SetLink(r.t.Context(), r.p, Options{Store: s, Clock: r.clock}, Link{Key: key, Document: document, Note: "by anna: a test"})
	switch {
	case err == nil && want != "", err != nil && want == "", err != nil && !strings.Contains(problem.As(err).Reason, want):
		r.t.Fatalf("link %s to %q: %v, want %q", key, document, err, want)
	}
}

// TestLink: a person says which document is a record's. What the target says against it is refused;
// what stands goes out as a change, and no second document comes of it.
func TestLink(t *testing.T) {
	theirs := func(r *rig, key string) {
		r.erp.docs = append(r.erp.docs, &erpDoc{id: "7", key: key, content: "theirs", stage: connector.Saved, by: connector.MadeByAnother, modified: r.clock.Now()})
	}
	tell(t, []doubt{
		{name: "a document that was there before", story: func(r *rig) {
			theirs(r, "SO-1")
			r.src.set("1", `"qty":1`)
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.wantException("1 held PC404")
			r.link("1", "SO-1", "")
			r.quiet("linked")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`)
		}},
		{name: "one with another number, by its id", story: func(r *rig) {
			theirs(r, "SO-1")
			r.src.set("1", `"qty":1`)
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.erp.docs[0].key = "X-77"
			r.link("1", "7", "")
			r.quiet("linked")
			r.wantERP(`X-77 {"FBillNo":"SO-1","FQty":1} audited`)
			r.src.set("1", `"qty":2`)
			r.quiet("changed")
			r.wantERP(`X-77 {"FBillNo":"SO-1","FQty":2} audited`)
		}},
		{name: "none there, cancelled, another record's, nothing open", story: func(r *rig) {
			r.src.set("2", `"qty":2`)
			r.run("done read=1 delivered=1 created=1")
			theirs(r, "SO-1")
			r.src.set("1", `"qty":1`)
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.link("1", "SO-9", "no document with the number or id SO-9")
			r.link("1", "SO-2", "belongs to record 2")
			r.link("2", "SO-2", "nothing open")
			r.link("1", "", "is in erp SAL_SaleOrder, id 7")
			r.erp.docs[1].cancelled = true
			r.link("1", "SO-1", "cancelled")
			r.erp.docs = r.erp.docs[:1]
			r.link("1", "", "")
			r.quiet("none")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
		}},
		{name: "a deleted document is created again", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.docs = nil
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC414")
			r.link("1", "", "")
			r.quiet("again")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
		}},
		{name: "a person's change is written over when a person says so", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.clock.advance(time.Hour)
			r.erp.docs[0].content, r.erp.docs[0].modified = "by hand", r.clock.Now()
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.retryAll()
			if rep, err := r.try(Options{}); err != nil || rep.Held == 0 {
				r.t.Fatalf("a retry alone wrote over it: %s, %v", shown(rep), err)
			}
			r.link("1", "SO-1", "")
			r.quiet("over")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
		}},
		{name: "a number that was given to another document", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.docs = nil
			theirs(r, "SO-1")
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC452")
			r.link("1", "SO-1", "")
			r.quiet("linked")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
		}},
	})
}

// Of a target that can't be asked, a person's word is what counts, after the time in which
// something may still land.
func TestLinkWithoutAsking(t *testing.T) {
	for name, refuses := range refusals {
		for f, there := range map[fault]bool{lostAns: true, lostReq: false} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t)
				r.erp.traits.RefusesSecond = refuses
				r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
				r.src.set("1", `"qty":1`)
				r.erp.fault = once("save", "", f)
				r.run("exceptions read=1 held=1")
				if there {
					r.link("1", r.erp.docs[0].id, "")
				} else {
					r.link("1", "", "may still appear there until")
					r.later(longest + time.Minute)
					r.link("1", "", "")
				}
				r.quiet("linked")
				r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} saved`)
				r.settled()
				if r.erp.docs[0].saves != 1 {
					t.Errorf("saved %d times", r.erp.docs[0].saves)
				}
				r.src.set("1", `"qty":2`)
				r.quiet("changed")
				r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} saved`)
			})
		}
	}
}
