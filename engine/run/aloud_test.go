package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

var updateGolden = flag.Bool("update", false, "write testdata/exceptions.golden anew")

// aloud is a situation, told to a fresh rig. What stands open afterwards, and what ended a run, is
// what a person reads.
type aloud struct {
	name      string
	situation func(*rig)
}

// reading is a rig that names systems and places as a project does.
func reading(t *testing.T) *rig {
	r := newRig(t)
	r.p.Source.Connection, r.p.Target.Connection = "lingxing", "kingdee"
	r.p.Uses[0].Name, r.p.Uses[1].Name = "lingxing", "kingdee"
	at := func(line int) problem.Pos { return problem.Pos{File: "pipelines/order-sync.yaml", Line: line, Col: 12} }
	r.p.Target.At.Key, r.p.Target.At.Changed, r.p.Target.At.Withdrawn = at(41), at(43), at(44)
	return r
}

// TestEveryProblemReadAloud: testdata/exceptions.golden holds every problem that a run can make, as
// a person sees it. Read it aloud when it changes. A problem of this package, or of the state, that
// no situation shows fails the test.
func TestEveryProblemReadAloud(t *testing.T) {
	var all []string
	for _, c := range slices.Concat(ofNumbers, ofPeople, ofDoubt, ofRecords, ofLinks, ofRuns, ofState) {
		t.Run(c.name, func(t *testing.T) {
			r := reading(t)
			c.situation(r)
			r.tellOpen()
			if len(r.said) == 0 {
				t.Fatal("nothing is said")
			}
			all = append(all, "# "+c.name+"\n"+strings.Join(r.said, ""))
		})
	}
	got := steady(strings.Join(all, "\n"))
	unsaid(t, got)
	const file = "testdata/exceptions.golden"
	if *updateGolden {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("problems read otherwise; look at them, and write the file anew with -update:\n%s", diff)
	}
}

var (
	stamps  = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?( UTC| \+0000|Z|[+-]\d\d:\d\d)?`)
	ids     = regexp.MustCompile(`\?[0-9a-f]{16}`)
	folders = regexp.MustCompile(`/\S*/state\.db`)
	command = regexp.MustCompile(`process \d+ \(.*, since`)
	nowhere = regexp.MustCompile(`/\S*/none\b`)
	sizes   = regexp.MustCompile(`it has \d+ bytes and claims \d+`)
)

// steady leaves out what differs from one run of the test to the next.
func steady(text string) string {
	text = stamps.ReplaceAllString(text, "TIME")
	text = ids.ReplaceAllString(text, "?0123456789abcdef")
	text = folders.ReplaceAllString(text, "/srv/shop/.pipectl/prod.db")
	text = command.ReplaceAllString(text, "process 4711 (pipectl run order-sync, since")
	text = nowhere.ReplaceAllString(text, "/srv/shop/none")
	return sizes.ReplaceAllString(text, "it has 16384 bytes and claims 40960")
}

// tell adds what a person reads of a problem.
func (r *rig) tell(p *problem.Error) { r.said = append(r.said, p.Error()+"\n") }

// tellError adds what ended something.
func (r *rig) tellError(err error) {
	r.t.Helper()
	if err == nil {
		r.t.Fatal("no error")
	}
	r.tell(problem.As(err))
}

// tellOpen adds what stands open, as `errors show` tells it.
func (r *rig) tellOpen() {
	r.t.Helper()
	if r.unopenable {
		return
	}
	r.inState(func(tx state.Tx, id state.ID) error {
		return state.EachOpen(tx, id, func(x state.Exception) (bool, error) {
			head := []string{string(x.Kind) + " " + x.ID + ": " + x.Pipeline, "record " + x.Key}
			for _, part := range [][2]string{{"document ", x.TargetKey}, {"", x.Field}, {"", x.At}} {
				if part[1] != "" {
					head = append(head, part[0]+part[1])
				}
			}
			next := problem.Subject{Pipeline: x.Pipeline, Key: x.Key, Number: x.TargetKey}.Fill(x.Hint)
			r.said = append(r.said, strings.Join(head, ", ")+"\n  "+x.Reason+"\n  → "+next+"\n")
			for _, more := range x.More {
				r.said = append(r.said, "  also: "+more+"\n")
			}
			return !r.firstOnly, nil
		})
	})
}

// goes runs, and tells what ended the run.
func (r *rig) goes(o ...Options) {
	r.t.Helper()
	rep, err := r.try(append(o, Options{})[0])
	if err != nil {
		r.tell(problem.As(err))
	}
	if rep.Error != nil {
		r.tell(rep.Error.err)
	}
}

// order sets one order, and runs.
func (r *rig) order(id, format string, args ...any) {
	r.t.Helper()
	r.src.set(id, format, args...)
	r.goes()
}

// delivered is an order that was delivered an hour ago.
func (r *rig) deliveredOrder(id string) {
	r.t.Helper()
	r.order(id, `"qty":1`)
	r.clock.advance(time.Hour)
}

func (r *rig) theirs(stage connector.Stage) {
	r.erp.docs = append(r.erp.docs, &erpDoc{id: "7", key: "SO-A-1", content: "theirs", stage: stage, by: connector.MadeByAnother, modified: r.clock.Now()})
}

func (r *rig) linkAloud(key, document string) {
	r.t.Helper()
	s := r.open()
	_, err := SetLink(r.t.Context(), r.p, Options{Store: s, Clock: r.clock}, Link{Key: key, Document: document, Note: "by anna: a test"})
	if closed := s.Close(); closed != nil {
		r.t.Fatal(closed)
	}
	r.tellError(err)
}

var ofNumbers = []aloud{
	{"two records build one number, one after the other", func(r *rig) {
		r.p.Target.Key = func(*step.Row) (string, error) { return "SO-1", nil }
		r.deliveredOrder("A-1")
		r.order("A-2", `"qty":2`)
	}},
	{"two records of one batch build one number", func(r *rig) {
		r.p.Target.Key = func(*step.Row) (string, error) { return "SO-1", nil }
		orders(r, 2)
		r.goes()
	}},
	{"the rule for the number was edited", func(r *rig) {
		r.deliveredOrder("A 1")
		r.prefix = "EC-"
		r.order("A 1", `"qty":2`)
	}},
	{"a number stands on two documents", func(r *rig) {
		r.erp.traits.RefusesSecond = false
		r.theirs(connector.Saved)
		r.theirs(connector.Saved)
		r.order("A-1", `"qty":1`)
	}},
	{"a number is in use", func(r *rig) {
		r.theirs(connector.Saved)
		r.order("A-1", `"qty":1`)
	}},
	{"no number", func(r *rig) {
		r.p.Target.Key = func(*step.Row) (string, error) { return "", nil }
		r.order("A-1", `"qty":1`)
	}},
	{"a target that numbers documents itself, and the run after that", func(r *rig) {
		r.erp.own = true
		r.order("A-1", `"qty":1`)
		r.order("A-2", `"qty":1`)
	}},
}

var ofPeople = []aloud{
	{"a person has edited the document", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.docs[0].modified = r.clock.Now()
		r.order("A-1", `"qty":2`)
	}},
	{"a person has un-audited the document", func(r *rig) {
		r.erp.timeless = true
		r.deliveredOrder("A-1")
		r.erp.docs[0].stage = connector.Saved
		r.order("A-1", `"qty":2`)
	}},
	{"a person has deleted the document", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.docs = nil
		r.order("A-1", `"qty":2`)
	}},
	{"a person has made another document of that number", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.docs[0].id = "777"
		r.order("A-1", `"qty":2`)
	}},
	{"a person has given the document another number", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.docs[0].key = "XX 9"
		r.order("A-1", `"qty":2`)
	}},
	{"changed: hold", func(r *rig) {
		r.p.Target.Changed = HoldChange
		r.deliveredOrder("A-1")
		r.order("A-1", `"qty":2`)
	}},
	{"changed: update, and audited", func(r *rig) {
		r.p.Target.Changed = Update
		r.deliveredOrder("A-1")
		r.order("A-1", `"qty":2`)
	}},
	{"withdrawn: hold, cancelled", func(r *rig) {
		r.deliveredOrder("A-1")
		r.cancelAtSource("A-1")
		r.goes()
	}},
	{"withdrawn: hold, gone", func(r *rig) {
		r.deliveredOrder("A-1")
		r.deliveredOrder("A-2")
		r.remove("A-2")
		r.goes(full)
	}},
	{"cancelled in the target, and the order returns", func(r *rig) {
		r.p.Target.Withdrawn = CancelWithdrawn
		r.deliveredOrder("A-1")
		r.cancelAtSource("A-1")
		r.goes()
		r.order("A-1", `"qty":3`)
	}},
	{"a target that can't delete", func(r *rig) {
		r.p.Target.Withdrawn, r.erp.traits.Ops = DeleteWithdrawn, r.erp.traits.Ops[:2]
		r.deliveredOrder("A-1")
		r.cancelAtSource("A-1")
		r.goes()
	}},
	{"a change that is refused after the document was re-opened", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.fault = once("save", "", refuse)
		r.order("A-1", `"qty":2`)
	}},
}

var ofDoubt = []aloud{
	{"a create without an answer", func(r *rig) {
		r.erp.fault = once("save", "", lostReq)
		r.order("A-1", `"qty":1`)
	}},
	{"one that may still appear", func(r *rig) {
		r.erp.traits.RefusesSecond = false
		r.erp.fault = once("save", "", lostReq)
		r.order("A-1", `"qty":1`)
		r.retryAll()
		r.goes()
	}},
	{"one that is accepted for later", func(r *rig) {
		r.erp.fault = once("save", "", accepted)
		r.order("A-1", `"qty":1`)
	}},
	{"a create of what an earlier send has created, before the state was lost", func(r *rig) {
		r.theirs(connector.Saved)
		r.erp.docs[0].by = connector.MadeByUs
		r.order("A-1", `"qty":1`)
	}},
	{"success that names no document", func(r *rig) {
		r.erp.fault = once("save", "", hollow)
		r.order("A-1", `"qty":1`)
	}},
	{"a target that can't be asked", func(r *rig) {
		r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
		r.erp.fault = once("save", "", lostAns)
		r.order("A-1", `"qty":1`)
	}},
	{"a change that can't be repeated", func(r *rig) {
		r.p.Target.Then, r.erp.traits.Repeatable = nil, false
		r.deliveredOrder("A-1")
		r.erp.fault = once("save", "", lostAns)
		r.order("A-1", `"qty":2`)
		r.clock.advance(longest + time.Minute)
		r.goes()
	}},
	{"the process ended three times with it alone on its way", func(r *rig) {
		r.src.set("A-1", `"qty":1`)
		for range 3 {
			r.kill("before save")
			r.clock.advance(longest + time.Minute)
		}
		r.goes()
	}},
	{"a document that is to be deleted, and was sent twice", func(r *rig) {
		r.p.Target.Withdrawn = DeleteWithdrawn
		r.erp.fault = once("save", "", lateWork)
		r.order("A-1", `"qty":1`)
		r.clock.advance(5 * time.Minute)
		r.goes()
		r.cancelAtSource("A-1")
		r.goes()
	}},
	{"a document that is not taken, for another's reason", func(r *rig) {
		r.erp.fault = times(9, "save", "", rollback)
		r.order("A-1", `"qty":1`)
	}},
	{"a backup was put back, and the target can't be asked", func(r *rig) {
		r.erp.traits.RefusesSecond = false
		r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
		orders(r, 1)
		r.backupAt("after outcome", 1)
		r.clock.advance(time.Hour)
		r.order("A-1", `"qty":1`)
		r.restore(true)
		r.clock.advance(time.Hour)
		r.goes()
	}},
	{"a backup was put back, and the document can't be written over", func(r *rig) {
		r.p.Target.Changed = Update
		orders(r, 1)
		r.backupAt("after outcome", 1)
		r.clock.advance(time.Hour)
		r.order("A-1", `"qty":1`)
		r.restore(true)
		r.clock.advance(time.Hour)
		r.order("A-1", `"qty":2`)
		r.clock.advance(time.Hour)
		r.goes()
	}},
}

var ofRecords = []aloud{
	{"refused by the target for its own reason", func(r *rig) {
		r.erp.fault = once("save", "", refuse)
		r.order("A-1", `"qty":1`)
	}},
	{"refused without a reason", func(r *rig) {
		r.p.Target.Conn = silentERP{r.erp}
		r.order("A-1", `"qty":1`)
	}},
	{"its retries are used up", func(r *rig) {
		r.erp.fault = times(9, "save", "", busyDoc)
		r.order("A-1", `"qty":1`)
		for range 3 {
			r.clock.advance(5 * time.Minute)
			r.goes()
		}
	}},
	{"no key", func(r *rig) { r.order("", `"qty":1`) }},
	{"a key without end", func(r *rig) { r.order(strings.Repeat("A", 1001), `"qty":1`) }},
	{"one key twice", func(r *rig) {
		r.src.noFetch = true
		now := r.clock.Now()
		r.src.rows = []row{{"A-1", `{"id":"A-1","qty":1}`, now}, {"A-1", `{"id":"A-1","qty":2}`, now}}
		r.goes()
	}},
	{"an older version", func(r *rig) {
		r.src.noFetch = true
		r.src.set("A-1", `"qty":1`)
		old := r.src.rows[0]
		r.order("A-1", `"qty":2`)
		r.src.stale = map[string]row{"A-1": old}
		r.goes(full)
	}},
	{"open, and gone from its source", func(r *rig) {
		r.order("A-1", `"qty":"many"`)
		r.remove("A-1")
		r.retryAll()
		r.goes()
	}},
	{"a material that can't be created", func(r *rig) {
		r.creates = true
		r.erp.fault = once("save", "MUG-RED", refuse)
		r.order("A-1", `"qty":1,"sku":"MUG-RED"`)
	}},
	{"materials that nobody can create", func(r *rig) {
		r.creates, r.p.Masters = true, nil
		r.order("A-1", `"qty":1,"sku":"MUG-RED"`)
	}},
	{"much is gone at once", func(r *rig) {
		r.src.pageLen, r.erp.traits.Batch = 50, 50
		for i := range 30 {
			r.src.set(fmt.Sprint(i+1), `"qty":1`)
		}
		r.goes()
		for i := range 29 {
			r.remove(fmt.Sprint(i + 2))
		}
		r.goes(full)
		r.firstOnly = true
	}},
	{"all is gone at once", func(r *rig) {
		r.deliveredOrder("A-1")
		r.remove("A-1")
		r.goes(full)
	}},
	{"another source", func(r *rig) {
		r.deliveredOrder("A-1")
		r.deliveredOrder("A-2")
		r.goes(full)
		r.remove("A-2")
		r.p.Source.Query.Object = "archive"
		r.goes(full)
	}},
	{"gone, and not withdrawn yet", func(r *rig) {
		r.deliveredOrder("A-1")
		r.deliveredOrder("A-2")
		r.remove("A-2")
		if _, err := r.try(Options{Full: true, Reached: killAt("after gone", 1)}); !errors.Is(err, ErrAbandoned) {
			r.t.Fatal(err)
		}
	}},
	{"half delivered, and left out by a new where", func(r *rig) {
		r.erp.fault = once("audit", "", busyDoc)
		r.order("A-1", `"qty":1`)
		r.drops, r.p.Revision = true, "r2"
		r.clock.advance(5 * time.Minute)
		r.goes()
	}},
	{"a value that was set and can't be any more", func(r *rig) {
		r.src.set("A-1", `"qty":1,"lines":[{"sku":"A"},{"sku":"B"}]`)
		r.goes()
		r.sets("A-1", "lines[1].sku", `"C"`, 0)
		r.order("A-1", `"qty":2,"lines":[{"sku":"A"}]`)
	}},
	{"a set value that makes another record of it", func(r *rig) {
		r.deliveredOrder("A-1")
		r.sets("A-1", "id", `"A-2"`, 0)
		r.goes()
	}},
	{"no key as it was before", func(r *rig) {
		r.deliveredOrder("A-1")
		r.newKey()
		r.succeed(true)
		r.p.Former[0].Key = func(value.Record) (string, error) {
			return "", &problem.Error{Class: problem.Invalid, Field: "id", Reason: "id is empty"}
		}
		r.order("A-2", `"qty":1`)
	}},
	{"on its way when the process was killed", func(r *rig) {
		r.src.set("A-1", `"qty":1`)
		r.kill("after intent")
		r.kill("after recovery")
	}},
}

var ofLinks = []aloud{
	{"errors link: what can't be", func(r *rig) {
		r.theirs(connector.Saved)
		r.deliveredOrder("A-2")
		r.order("A-1", `"qty":1`)
		r.linkAloud("A-1", "SO-9")
		r.linkAloud("A-1", "SO-A-2")
		r.linkAloud("A-2", "SO-A-2")
		r.linkAloud("A-1", "")
		r.erp.docs[0].cancelled = true
		r.linkAloud("A-1", "SO-A-1")
	}},
	{"errors link: several", func(r *rig) {
		r.erp.traits.RefusesSecond = false
		r.theirs(connector.Saved)
		r.theirs(connector.Saved)
		r.order("A-1", `"qty":1`)
		r.linkAloud("A-1", "SO-A-1")
	}},
	{"errors link: no number yet", func(r *rig) {
		r.order("A-1", `"qty":"many"`)
		r.linkAloud("A-1", "SO-9")
	}},
	{"errors link: another one may still come", func(r *rig) {
		r.p.Target.Conn, r.p.Target.Then = blindERP{r.erp}, nil
		r.erp.fault = once("save", "", lostReq)
		r.order("A-1", `"qty":1`)
		r.linkAloud("A-1", "")
		r.p.Target.Conn = r.erp
		r.erp.docs = append(r.erp.docs, &erpDoc{id: "9", key: "X-9", stage: connector.Saved})
		r.linkAloud("A-1", "X-9")
	}},
	{"errors link: a file", func(r *rig) {
		r.erp.traits.Replaces = true
		r.p.Target.Conn, r.p.Target.Then = replacedERP{r.erp}, nil
		r.linkAloud("A-1", "X-9")
	}},
}

var ofRuns = []aloud{
	{"the target is down, and the run after that", func(r *rig) {
		e := &pinged{erp: r.erp, ping: &problem.Error{Class: problem.Transient, ID: "PC300", Reason: "kingdee: cannot connect to erp.example.com: connection refused"}}
		r.p.Target.Conn = e
		r.order("A-1", `"qty":1`)
		r.clock.advance(37 * time.Second)
		r.goes()
	}},
	{"nobody answers, three times in a row", func(r *rig) {
		r.erp.blind, r.erp.traits.Batch = true, 1
		r.erp.fault = times(99, "save", "", lostReq)
		orders(r, 6)
		r.goes()
	}},
	{"the login is refused, and the run after that", func(r *rig) {
		r.p.Target.Conn = &pinged{erp: r.erp, ping: &problem.Error{Class: problem.Fatal, ID: "PC370", Login: true, Reason: "kingdee: the login of user api is refused", Hint: "correct user, app_id and secret in pipectl.yaml"}}
		r.order("A-1", `"qty":1`)
		r.clock.advance(time.Hour)
		r.goes()
	}},
	{"the target answers about fewer documents", func(r *rig) {
		r.erp.traits.RefusesSecond = false
		r.p.Target.Conn = shortERP{r.erp}
		r.order("A-1", `"qty":1`)
	}},
	{"interrupted", func(r *rig) {
		r.src.set("A-1", `"qty":1`)
		ctx, cancel := context.WithCancel(r.t.Context())
		cancel()
		s := r.open()
		rep, err := Run(ctx, r.p, Options{Store: s, Clock: r.clock})
		if closed := errors.Join(err, s.Close()); closed != nil || rep.Error == nil {
			r.t.Fatal(closed, rep)
		}
		r.tell(rep.Error.err)
	}},
	{"no such record", func(r *rig) { r.goes(Options{Keys: []string{"A-9"}}) }},
	{"a part of the source into a target that is replaced", func(r *rig) {
		r.erp.traits.Replaces = true
		r.p.Target.Conn, r.p.Target.Then = replacedERP{r.erp}, nil
		r.goes(Options{Limit: 1})
	}},
	{"a system that can't be read from", func(r *rig) {
		r.p.Source.Conn = deaf{}
		r.goes()
	}},
	{"a system that can't be written to", func(r *rig) {
		r.p.Target.Conn = deaf{}
		r.goes()
	}},
	{"a system that can't audit", func(r *rig) {
		r.erp.traits.Ops = r.erp.traits.Ops[:1]
		r.goes()
	}},
	{"another identity: key and number", func(r *rig) {
		r.deliveredOrder("A-1")
		r.p.KeyText, r.p.Target.To.Key = []string{"sid", "id"}, "FNumber"
		r.goes()
	}},
	{"another identity: account", func(r *rig) {
		r.deliveredOrder("A-1")
		r.erp.moved = "2"
		r.goes()
	}},
	{"another identity: object", func(r *rig) {
		r.deliveredOrder("A-1")
		r.p.Target.To.Object = "SAL_OUTSTOCK"
		r.goes()
	}},
	{"renamed", func(r *rig) {
		r.deliveredOrder("A-1")
		r.p.Name, r.p.Siblings = "orders", []string{"orders"}
		r.goes()
	}},
	{"the state can't be written", func(r *rig) {
		s := r.open()
		store := &failing{Store: s, failed: make(chan struct{})}
		orders(r, 1)
		rep, err := Run(r.t.Context(), r.p, Options{Store: store, Clock: r.clock, Reached: func(point string) bool {
			if point == "before outcome" {
				store.armed.Store(true)
			}
			return true
		}})
		if err := errors.Join(err, s.Close()); err != nil || rep.Error == nil {
			r.t.Fatal(err, shown(rep))
		}
		r.tell(rep.Error.err)
		r.unopenable = true
	}},
}

var ofState = []aloud{
	{"the state is in use", func(r *rig) {
		s := r.open()
		_, err := bolt.Open(filepath.Join(r.dir, "state.db"))
		r.tellError(err)
		if err := s.Close(); err != nil {
			r.t.Fatal(err)
		}
	}},
	{"the state was cut off", func(r *rig) {
		orders(r, 20)
		r.goes()
		r.onFile(func(b []byte) []byte { return b[:4*4096] })
	}},
	{"the state is empty", func(r *rig) { r.onFile(func([]byte) []byte { return nil }) }},
	{"the state was written over", func(r *rig) {
		orders(r, 20)
		r.goes()
		r.onFile(func(b []byte) []byte {
			for i := range b[8192:] {
				b[8192+i] = 0xff
			}
			return b
		})
	}},
	{"the state is none", func(r *rig) {
		r.onFile(func([]byte) []byte { return []byte(strings.Repeat("no state of ours. ", 1000)) })
	}},
	{"the state can't be opened", func(r *rig) {
		r.unopenable = true
		if err := os.WriteFile(filepath.Join(r.dir, "none"), nil, 0o600); err != nil {
			r.t.Fatal(err)
		}
		_, err := bolt.Open(filepath.Join(r.dir, "none", "state.db"))
		r.tellError(err)
	}},
}

// onFile changes the state's file behind everybody's back, and tells what opening it says.
func (r *rig) onFile(change func([]byte) []byte) {
	r.t.Helper()
	r.unopenable = true
	file := filepath.Join(r.dir, "state.db")
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, change(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	s, err := bolt.Open(file)
	if err == nil {
		_ = s.Close()
	}
	r.tellError(err)
}
