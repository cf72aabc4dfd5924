package run

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// What the package's documentation promises about documents in doubt, a sentence a case, each
// against both kinds of target.

const longest = 10 * time.Minute // Traits.Longest of the rig's target

var refusals = map[string]bool{"a second document is refused": true, "a second document is taken": false}

// doubt is one story: it is told to a fresh rig and checks what it wants to see on the way. In
// the end nothing may be in doubt, and no number may stand on two documents.
type doubt struct {
	name  string
	story func(r *rig)
	open  bool // records stand open in the end: a person is needed
}

func tell(t *testing.T, stories []doubt) {
	t.Helper()
	for _, s := range stories {
		for kind, refuses := range refusals {
			t.Run(s.name+", "+kind, func(t *testing.T) {
				r := newRig(t)
				r.erp.traits.RefusesSecond = refuses
				s.story(r)
				r.once()
				if !s.open {
					r.settled()
					if got := r.exceptions(); got != "" {
						t.Errorf("still open:\n%s", got)
					}
				}
			})
		}
	}
}

// once wants every number to stand on one document.
func (r *rig) once() {
	r.t.Helper()
	seen := map[string]bool{}
	for _, d := range r.erp.docs {
		if seen[d.key] {
			r.t.Errorf("%s stands on two documents:\n%s", d.key, r.erpState())
		}
		seen[d.key] = true
	}
}

// later lets a time pass, in which what was put off at the target is done.
func (r *rig) later(d time.Duration) {
	r.erp.workBefore(r.clock.Now().Add(d))
	r.clock.advance(d)
}

// TestCreateInDoubt: a create that nobody answered ends as one document, whatever became of it.
func TestCreateInDoubt(t *testing.T) {
	want := `SO-1 {"FBillNo":"SO-1","FQty":1} audited`
	ways := map[string]func(r *rig){
		"time-out, nothing done":                      func(r *rig) { r.erp.fault = once("save", "", lostReq) },
		"cut after the commit":                        func(r *rig) { r.erp.fault = once("save", "", lostAns) },
		"done after the client gave up":               func(r *rig) { r.erp.fault = once("save", "", lateWork) },
		"success that names no document":              func(r *rig) { r.erp.fault = once("save", "", nameless) },
		"success that names none, and nothing done":   func(r *rig) { r.erp.fault = once("save", "", hollow) },
		"missing from the answer":                     func(r *rig) { r.erp.short = 1 },
		"accepted for later":                          func(r *rig) { r.erp.fault = once("save", "", accepted) },
		"accepted, and lost there":                    func(r *rig) { r.erp.fault = once("save", "", acceptedLost) },
		"done, and the probe fails too":               func(r *rig) { r.erp.fault = r.thenBlind(once("save", "", lostAns)) },
		"nothing done, and the probe fails too":       func(r *rig) { r.erp.fault = r.thenBlind(once("save", "", lostReq)) },
		"refused as taken: by our own earlier send":   func(r *rig) { r.erp.fault = times(2, "save", "", lateWork) },
		"the process is killed before the send":       func(r *rig) { r.kill("before save") },
		"the process is killed before the answer":     func(r *rig) { r.kill("after save") },
		"the process is killed after the answer":      func(r *rig) { r.kill("before saved") },
		"killed, and killed again while it is asking": func(r *rig) { r.kill("after save"); r.kill("after probe") },
	}
	var stories []doubt
	for name, way := range ways {
		stories = append(stories, doubt{name: name, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			way(r)
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.erp.blind = false
			r.later(longest + time.Minute)
			r.quiet(name)
			r.wantERP(want)
			if n := r.erp.calls["save"]; r.erp.docs[0].saves != 1 {
				r.t.Errorf("%d requests wrote it %d times", n, r.erp.docs[0].saves)
			}
		}})
	}
	tell(t, stories)
}

// thenBlind makes probes fail from the first fault on.
func (r *rig) thenBlind(f func(string, connector.Doc) fault) func(string, connector.Doc) fault {
	return func(op string, d connector.Doc) fault {
		x := f(op, d)
		r.erp.blind = r.erp.blind || x != none
		return x
	}
}

// kill runs once, up to a point.
func (r *rig) kill(point string) {
	r.t.Helper()
	if _, err := r.try(Options{Reached: killAt(point, 1)}); !errors.Is(err, ErrAbandoned) {
		r.t.Fatalf("not killed at %s: %v", point, err)
	}
}

// TestBatchInDoubt: what one document of a batch comes to is no other's.
func TestBatchInDoubt(t *testing.T) {
	all := func(r *rig) {
		r.later(longest + time.Minute)
		r.quiet("batch")
		r.wantERP(`SO-0 {"FBillNo":"SO-0","FQty":9} audited`, `SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`,
			`SO-3 {"FBillNo":"SO-3","FQty":3} audited`, `SO-4 {"FBillNo":"SO-4","FQty":4} audited`)
		for _, d := range r.erp.docs {
			if d.saves != 1 {
				r.t.Errorf("%s was saved %d times", d.key, d.saves)
			}
		}
	}
	begin := func(r *rig) { // the first document of an object goes alone
		r.src.set("0", `"qty":9`)
		r.run("done read=1 delivered=1 created=1")
		r.src.pageLen = 4
		orders(r, 4)
	}
	tell(t, []doubt{
		{name: "an answer that omits two of four rows", story: func(r *rig) {
			begin(r)
			r.erp.short = 2
			r.run("done read=5 unchanged=1 delivered=4 created=4 in_doubt=2")
			all(r)
		}},
		{name: "an answer that omits all rows", story: func(r *rig) {
			begin(r)
			r.erp.short = 4
			r.run("done read=5 unchanged=1 delivered=4 created=4 in_doubt=4")
			all(r)
		}},
		{name: "with one refused row the others are never sent again", story: func(r *rig) {
			begin(r)
			r.erp.fault = once("save", "SO-3", refuse)
			r.run("exceptions read=5 unchanged=1 delivered=3 invalid=1 created=3")
			r.retryAll()
			all(r)
		}},
		{name: "one refused, one unanswered, one locked, one fine", story: func(r *rig) {
			begin(r)
			faults := map[string]fault{"SO-1": refuse, "SO-2": lostAns, "SO-3": busyDoc}
			r.erp.fault = func(op string, d connector.Doc) fault {
				f := faults[d.Key]
				if op == "save" {
					delete(faults, d.Key)
					return f
				}
				return none
			}
			r.run("exceptions read=5 unchanged=1 delivered=2 waiting=1 invalid=1 created=2 in_doubt=1")
			r.retryAll()
			all(r)
		}},
	})
}

// TestProbeComesTooEarly: "not there" is believed when nothing can land any more; where the target
// refuses a second document, a create need not wait.
func TestProbeComesTooEarly(t *testing.T) {
	tell(t, []doubt{{name: "asked at once, after five minutes, after the longest time", story: func(r *rig) {
		r.src.set("1", `"qty":1`)
		r.erp.fault = once("save", "", lostReq)
		r.run("done read=1 waiting=1")
		r.clock.advance(5 * time.Minute)
		if r.erp.traits.RefusesSecond {
			r.run("done read=1 delivered=1 created=1")
			return
		}
		r.run("done read=1 waiting=1")
		r.clock.advance(longest)
		r.run("done read=1 delivered=1 created=1 in_doubt=1")
	}}})
}

// TestOlderNeverOverNewer: a late commit of an older version never stands over a newer one.
func TestOlderNeverOverNewer(t *testing.T) {
	newest := `SO-1 {"FBillNo":"SO-1","FQty":3} audited`
	tell(t, []doubt{
		{name: "a create that lands late, and two changes meanwhile", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("save", "", lateWork)
			r.run("done read=1 waiting=1")
			for qty := 2; qty <= 3; qty++ {
				r.src.set("1", `"qty":%d`, qty)
				if _, err := r.try(Options{}); err != nil {
					r.t.Fatal(err)
				}
				r.later(time.Minute)
			}
			r.later(longest)
			r.quiet("late create")
			r.erp.workLate()
			r.wantERP(newest)
		}},
		{name: "a change that lands late, and another one meanwhile", story: func(r *rig) {
			r.p.Target.Then = nil
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", lateWork)
			r.run("done read=1 waiting=1")
			r.src.set("1", `"qty":3`)
			r.run("done read=1 waiting=1")
			r.later(longest + time.Minute)
			r.quiet("late change")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":3} saved`)
		}},
		{name: "a change that was accepted for later, and another one meanwhile", story: func(r *rig) {
			r.p.Target.Then = nil
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.askIn = 30 * time.Minute // the vendor's own word, later than its longest time
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", accepted)
			r.run("done read=1 waiting=1")
			r.src.set("1", `"qty":3`)
			r.clock.advance(longest + time.Minute)
			r.run("done read=1 waiting=1")
			r.erp.workLate()
			r.clock.advance(20 * time.Minute)
			r.quiet("accepted")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":3} saved`)
		}},
	})
}

// TestChangeInDoubt: found says nothing of a change. It is sent again from the first step that is
// not proven, and what can't be repeated is held.
func TestChangeInDoubt(t *testing.T) {
	var stories []doubt
	for _, step := range []string{"un-audit", "save", "submit", "audit"} {
		for name, f := range map[string]fault{"lost": lostReq, "done": lostAns, "late": lateWork} {
			stories = append(stories, doubt{name: "reopen in doubt at " + step + ", " + name, story: func(r *rig) {
				r.src.set("1", `"qty":1`)
				r.run("done read=1 delivered=1 created=1")
				r.clock.advance(time.Hour)
				r.src.set("1", `"qty":2`)
				r.erp.fault = once(step, "", f)
				if _, err := r.try(Options{}); err != nil {
					r.t.Fatal(err)
				}
				r.later(longest + time.Minute)
				r.quiet(step)
				r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
				if un := r.erp.calls["un-audit"]; f == lostAns && un != 1 {
					r.t.Errorf("un-audited %d times", un)
				}
			}})
		}
	}
	stories = append(stories, doubt{name: "a change that can't be repeated", open: true, story: func(r *rig) {
		r.p.Target.Then = nil
		r.erp.traits.Repeatable = false
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.src.set("1", `"qty":2`)
		r.erp.fault = once("save", "", lostAns)
		r.run("done read=1 waiting=1")
		r.clock.advance(longest + time.Minute)
		rep, err := r.try(Options{})
		if err != nil || rep.Held != 1 || r.erp.docs[0].saves != 2 {
			r.t.Fatalf("%s, %v: saved %d times\n%s", shown(rep), err, r.erp.docs[0].saves, r.exceptions())
		}
		r.wantException("1 held PC425")
	}})
	tell(t, stories)
}

// TestAnothersDocument: what stands under our number and isn't ours is held, and never written to.
func TestAnothersDocument(t *testing.T) {
	theirs := func(r *rig) {
		r.erp.docs = append(r.erp.docs, &erpDoc{id: "7", key: "SO-1", content: "theirs", stage: connector.Saved, by: connector.MadeByAnother, modified: r.clock.Now()})
	}
	held := func(r *rig, id string) {
		for range 3 {
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.later(longest)
		}
		r.wantException("1 held " + id)
		r.wantERP("SO-1 theirs saved")
		r.settled()
	}
	tell(t, []doubt{
		{name: "it was there before", open: true, story: func(r *rig) {
			theirs(r)
			r.src.set("1", `"qty":1`)
			held(r, "PC404")
		}},
		{name: "it came while ours was in doubt", open: true, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("save", "", lostReq)
			r.run("done read=1 waiting=1")
			theirs(r)
			held(r, "PC404")
		}},
		{name: "our document was deleted, and another's has its number", open: true, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.docs = nil
			theirs(r)
			r.erp.docs[0].modified = r.clock.Now().Add(-time.Hour) // nor does its time tell
			r.erp.docs[0].stage = connector.Audited
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC452", "id 7")
			r.wantERP("SO-1 theirs audited")
		}},
		{name: "our document was deleted while a change was in doubt, and another's has its number", open: true, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("un-audit", "", lostReq)
			r.run("done read=1 waiting=1")
			r.erp.docs = nil
			theirs(r)
			for range 3 {
				r.later(longest)
				if _, err := r.try(Options{}); err != nil {
					r.t.Fatal(err)
				}
			}
			r.wantException("1 held PC452")
			r.wantERP("SO-1 theirs saved")
		}},
	})
}

// TestNumberChangedByAPerson: a document that a person gave another number is found by its id, and
// held with both numbers.
func TestNumberChangedByAPerson(t *testing.T) {
	tell(t, []doubt{
		{name: "and the order changes", open: true, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.docs[0].key = "XX-9"
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC426", "SO-1", "XX-9")
			r.wantERP(`XX-9 {"FBillNo":"SO-1","FQty":1} audited`)
		}},
		{name: "and changes it back", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.erp.docs[0].key = "XX-9"
			r.src.set("1", `"qty":2`)
			r.run("exceptions read=1 held=1")
			r.erp.docs[0].key = "SO-1"
			r.retryAll()
			r.quiet("renamed back")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
		}},
		{name: "before it was audited", open: true, story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("audit", "", busyDoc)
			r.run("done read=1 waiting=1 created=1")
			r.erp.docs[0].key = "XX-9"
			r.clock.advance(6 * time.Minute)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC426", "SO-1", "XX-9")
		}},
	})
}

// TestTwoPipelinesClaimOneNumber: the number is the first one's, whoever asks, and also while the
// first one is on its way.
func TestTwoPipelinesClaimOneNumber(t *testing.T) {
	second := func(r *rig) *Pipeline {
		p := *r.p
		p.Name, p.Siblings = "other-sync", []string{"order-sync", "other-sync"}
		r.p.Siblings = p.Siblings
		return &p
	}
	tell(t, []doubt{
		{name: "one after the other", story: func(r *rig) {
			other := second(r)
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			first := r.p
			r.p = other
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC400", "order-sync")
			r.p = first
		}},
		{name: "both in flight at once", story: func(r *rig) {
			other := second(r)
			r.src.set("1", `"qty":1`)
			var inside Report
			s := r.open()
			rep, err := Run(r.t.Context(), r.p, Options{Store: s, Clock: r.clock, Reached: func(point string) bool {
				if point == "before save" && inside.Run == "" {
					inside.Run = "running"
					var err error
					if inside, err = Run(r.t.Context(), other, Options{Store: s, Clock: r.clock}); err != nil {
						r.t.Error(err)
					}
				}
				return true
			}})
			if err := errors.Join(err, s.Close()); err != nil {
				r.t.Fatal(err)
			}
			if rep.Delivered != 1 || inside.Held != 1 || r.erp.writes != 1 {
				r.t.Errorf("%s; %s: %d writes", shown(rep), shown(inside), r.erp.writes)
			}
		}},
		{name: "the other's is in doubt", story: func(r *rig) {
			other := second(r)
			r.src.set("1", `"qty":1`)
			r.kill("after save")
			first := r.p
			r.p = other
			r.run("exceptions read=1 held=1")
			r.p = first
			r.later(longest)
			r.quiet("first")
		}},
	})
}

// TestTargetThatCantBeAsked: in doubt there means held, until a person has looked; no retry, kill
// or change at the source makes a second document meanwhile.
func TestTargetThatCantBeAsked(t *testing.T) {
	for name, refuses := range refusals {
		t.Run(name, func(t *testing.T) {
			for way, begin := range map[string]func(r *rig){
				"nobody answered":   func(r *rig) { r.erp.fault = once("save", "", lostAns); r.run("exceptions read=1 held=1") },
				"killed on its way": func(r *rig) { r.kill("after save") },
			} {
				t.Run(way, func(t *testing.T) {
					r := newRig(t)
					r.erp.traits.RefusesSecond = refuses
					r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
					r.src.set("1", `"qty":1`)
					begin(r)
					r.src.set("1", `"qty":2`)
					for range 3 {
						r.later(longest)
						if _, err := r.try(Options{}); err != nil {
							t.Fatal(err)
						}
						r.wantException("1 held PC402")
						r.retryAll()
					}
					r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} saved`)
				})
			}
		})
	}
}

// TestThrottledForEver: a target that says "too many requests" again and again pauses the run, and
// what it surely did not take is not in doubt.
func TestThrottledForEver(t *testing.T) {
	for _, op := range []string{"save", "submit", "audit"} {
		tell(t, []doubt{{name: op, story: func(r *rig) {
			orders(r, 2)
			r.erp.fault = times(1<<30, op, "", throttle)
			rep, err := r.try(Options{})
			if err != nil || rep.Status != Paused || rep.Error == nil || rep.Error.ID != "PC412" {
				r.t.Fatalf("%s, %v", shown(rep), err)
			}
			if n := r.erp.calls[op]; n > 2*patience+2 {
				r.t.Errorf("asked %d times", n)
			}
			r.settled2(op)
			r.erp.fault = nil
			r.quiet(op)
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
		}}})
	}
}

// settled2 wants no document to be in doubt, although its flight may stay.
func (r *rig) settled2(what string) {
	r.t.Helper()
	for _, key := range r.pending() {
		r.t.Errorf("%s: %s is in doubt", what, key)
	}
}

// pending lists the documents in doubt.
func (r *rig) pending() []string {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var out []string
	err := s.View(func(tx state.Tx) error {
		scope, err := state.ScopeID(tx, r.erp.Account(), "SAL_SaleOrder", "FBillNo", false)
		if err != nil {
			return err
		}
		return state.EachDocument(tx, scope, "", func(key string, d state.Document) (bool, error) {
			if d.Pending != nil {
				out = append(out, key)
			}
			return true, nil
		})
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestEveryCodeOfDoubtHasAPage(t *testing.T) {
	for _, code := range []string{"PC426", "PC427"} {
		if page, ok := problem.Page(code); !ok || !strings.HasPrefix(page, "# "+code+" ") {
			t.Errorf("%s has no page", code)
		}
	}
}
