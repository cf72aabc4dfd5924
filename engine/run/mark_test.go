package run

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// What target.mark proves, each story beside the same one without a mark where that ends otherwise:
// a test of the mark that passes without one proves nothing.

const markField = "F_MARK"

// marks makes the rig's pipeline write marks.
func (r *rig) marks() { r.p.Target.To.Mark = markField; r.erp.traits.Marks = true }

// saved wants one document of the number, with a quantity, saved so many times.
func (r *rig) saved(number string, qty, saves int) {
	r.t.Helper()
	r.once()
	d := r.erp.find(number, "")
	if d == nil || !strings.Contains(d.content, fmt.Sprintf(`"FQty":%d`, qty)) || d.saves != saves {
		r.t.Fatalf("want %s with quantity %d, saved %d times; there is\n%s%s", number, qty, saves, r.erpState(), r.exceptions())
	}
}

func (r *rig) content() string { return r.erp.docs[0].content }

func TestMarkTellsOursFromAnothers(t *testing.T) {
	comes := func(r *rig, by connector.Ours, content string) {
		r.src.set("1", `"qty":1`)
		r.erp.fault = once("save", "", lostReq)
		r.run("done read=1 waiting=1")
		r.erp.docs = append(r.erp.docs, &erpDoc{id: "7", key: "SO-1", content: content, stage: connector.Saved, by: by, modified: r.clock.Now()})
		r.later(longest + time.Minute)
	}
	held := func(r *rig) {
		if _, err := r.try(Options{}); err != nil {
			r.t.Fatal(err)
		}
		r.wantException("1 held PC404")
		if r.erp.docs[0].saves != 0 || r.erp.docs[0].stage != connector.Saved {
			r.t.Errorf("it was touched: %s", r.erpState())
		}
	}
	taken := func(r *rig) {
		if _, err := r.try(Options{}); err != nil {
			r.t.Fatal(err)
		}
		if r.exceptions() != "" || r.erp.docs[0].stage != connector.Audited {
			r.t.Errorf("without marks it should be taken for ours, and this test be wrong: %s%s", r.exceptions(), r.erpState())
		}
	}
	tell(t, []doubt{
		{name: "nobody tells whose it is", open: true, story: func(r *rig) { r.marks(); comes(r, connector.CantTell, `{"FQty":5}`); held(r) }},
		{name: "nobody tells whose it is, without marks", story: func(r *rig) { comes(r, connector.CantTell, `{"FQty":5}`); taken(r) }},
		{name: "a person works with our user", open: true, story: func(r *rig) { r.marks(); comes(r, connector.MadeByUs, `{"FQty":5}`); held(r) }},
		{name: "a person works with our user, without marks", story: func(r *rig) { comes(r, connector.MadeByUs, `{"FQty":5}`); taken(r) }},
		{name: "the mark is another record's", open: true, story: func(r *rig) {
			r.marks()
			comes(r, connector.MadeByUs, `{"FQty":5,"F_MARK":"pipectl:0123456789abcdef:0123456789abcdef"}`)
			held(r)
		}},
		{name: "the field was used for something else", open: true, story: func(r *rig) {
			r.marks()
			comes(r, connector.MadeByUs, `{"FQty":5,"F_MARK":"call first"}`)
			held(r)
		}},
		{name: "it was sent before there were marks", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("save", "", lostAns)
			r.erp.blind = true
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
			r.erp.blind = false
			r.marks()
			r.later(longest + time.Minute)
			r.quiet("marks begin")
			r.saved("SO-1", 1, 1)
		}},
	})
}

func TestMarkProvesTheContent(t *testing.T) {
	// The create is sent with one content and then with another; nobody answers, the second is what is there.
	twoSends := func(r *rig) {
		r.src.set("1", `"qty":1`)
		r.erp.fault = once("save", "", lostReq)
		if _, err := r.try(Options{}); err != nil {
			r.t.Fatal(err)
		}
		if !r.erp.traits.RefusesSecond {
			r.later(longest + time.Minute)
		}
		r.src.set("1", `"qty":2`)
		r.erp.fault = r.thenBlind(once("save", "", lostAns))
		if _, err := r.try(Options{}); err != nil {
			r.t.Fatal(err)
		}
		r.erp.blind = false
		r.later(longest + time.Minute)
		r.quiet("two sends")
	}
	for name, refuses := range refusals {
		for _, with := range []bool{true, false} {
			t.Run(fmt.Sprintf("a create of mixed content, marks %v, %s", with, name), func(t *testing.T) {
				r := newRig(t)
				r.erp.traits.RefusesSecond = refuses
				r.p.Target.Then = nil
				r.src.set("0", `"qty":9`)
				if with {
					r.marks()
				}
				r.run("done read=1 delivered=1 created=1") // numbers are kept
				twoSends(r)
				saves := 1
				if !with && refuses {
					saves = 2 // nobody can tell which of the two it is
				}
				r.saved("SO-1", 2, saves)
			})
		}
	}
	tell(t, []doubt{
		{name: "a change that was done needs no second one", story: func(r *rig) {
			r.marks()
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", lostAns)
			r.run("done read=1 delivered=1 updated=1 in_doubt=1")
			r.saved("SO-1", 2, 2)
		}},
		{name: "a change that was done, without marks", story: func(r *rig) {
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", lostAns)
			r.run("done read=1 waiting=1")
			r.later(longest + time.Minute)
			r.quiet("sent again")
			r.saved("SO-1", 2, 3)
		}},
		{name: "a change that can't be repeated", story: func(r *rig) {
			r.marks()
			r.p.Target.Then, r.erp.traits.Repeatable = nil, false
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", lostAns)
			r.run("done read=1 delivered=1 updated=1 in_doubt=1")
			r.saved("SO-1", 2, 2)
		}},
		{name: "a change that was not done is sent again", story: func(r *rig) {
			r.marks()
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			r.src.set("1", `"qty":2`)
			r.erp.fault = once("save", "", lostReq)
			r.run("done read=1 waiting=1")
			r.later(longest + time.Minute)
			r.quiet("lost")
			r.saved("SO-1", 2, 2)
		}},
		{name: "of what a person has given us the mark proves nothing", story: func(r *rig) {
			r.marks()
			r.p.Target.Then = nil
			r.src.set("1", `"qty":1`)
			r.run("done read=1 delivered=1 created=1")
			was := r.content()
			r.src.set("1", `"qty":2`)
			r.run("done read=1 delivered=1 updated=1")
			is := r.content()
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("save", "", busyDoc)
			r.run("done read=1 waiting=1")
			r.erp.docs[0].content, r.erp.docs[0].modified = strings.Replace(was, `"FQty":1`, `"FQty":77`, 1), r.clock.Now().Add(time.Hour)
			r.later(2 * time.Hour)
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC406")
			r.link("1", "SO-1", "") // write the record over it
			r.erp.fault = once("save", "", lostReq)
			r.run("done read=1 waiting=1")
			r.later(longest + time.Minute)
			r.quiet("over it")
			r.saved("SO-1", 1, 3)
			if is == r.content() {
				r.t.Error("the mark did not change with the content")
			}
		}},
	})
}

// TestMarkFindsWhatTheTargetNumbers: the very first document may be one that the target numbers by
// itself, and its answer may be the one that is lost.
func TestMarkFindsWhatTheTargetNumbers(t *testing.T) {
	for way, f := range map[string]fault{"done, and nobody answered": lostAns, "done later": lateWork} {
		for name, refuses := range refusals {
			t.Run(way+", "+name, func(t *testing.T) {
				r := newRig(t)
				r.erp.traits.RefusesSecond, r.erp.own = refuses, true
				r.marks()
				orders(r, 3)
				r.erp.fault = once("save", "", f)
				for range 3 {
					_, err := r.try(Options{})
					_ = err // it is refused from the time on at which it is known
					r.later(longest)
				}
				if n := len(r.erp.docs); n == 0 || n > 2 { // the second record may have been the one that told
					t.Fatalf("%d documents, %s\n%s%s", n, shown(r.last), r.erpState(), r.exceptions())
				}
				r.erp.own = false // set right
				r.run("done read=1 delivered=1 created=1", Options{Keys: []string{"3"}})
				r.later(time.Hour)
				if _, err := r.try(Options{}); err != nil {
					t.Fatal(err)
				}
				if d := r.erp.find("AUTO2", ""); d != nil { // it came after numbers were kept: for a person
					r.wantException("1 held PC426", "AUTO2")
					d.key = "SO-1"
				}
				r.retryAll()
				r.quiet("set right")
				seen := map[string]int{}
				for _, d := range r.erp.docs {
					rec, err := value.ParseText(d.content)
					if seen[rec.Get("FBillNo").Text()]++; err != nil || d.stage != connector.Audited || d.saves != 1 {
						t.Errorf("%s: %v", d.content, err)
					}
				}
				if len(seen) != 3 || len(r.erp.docs) != 3 {
					t.Errorf("there are\n%s%s", r.erpState(), r.exceptions())
				}
			})
		}
	}
	t.Run("without marks there are two", func(t *testing.T) {
		r := newRig(t)
		r.erp.own = true
		orders(r, 1)
		r.erp.fault = once("save", "", lostAns)
		for range 3 {
			_, _ = r.try(Options{})
			r.later(longest)
		}
		if len(r.erp.docs) != 2 {
			t.Errorf("%d documents: docs/limits.md says otherwise\n%s", len(r.erp.docs), r.erpState())
		}
	})
	tell(t, []doubt{{name: "a person gave it another number", open: true, story: func(r *rig) {
		r.marks()
		r.src.set("0", `"qty":9`)
		r.run("done read=1 delivered=1 created=1")
		r.src.set("1", `"qty":1`)
		r.erp.fault = r.thenBlind(once("save", "", lostAns))
		if _, err := r.try(Options{}); err != nil {
			r.t.Fatal(err)
		}
		r.erp.blind = false
		r.erp.docs[1].key = "XX-9"
		for range 3 {
			r.later(longest + time.Minute)
			if _, err := r.try(Options{}); err != nil {
				r.t.Fatal(err)
			}
		}
		r.wantException("1 held PC426", "SO-1", "XX-9")
		r.erp.docs[1].key = "SO-1"
		r.retryAll()
		r.quiet("renamed back")
		r.saved("SO-1", 1, 1)
	}}})
}

// TestMarkOutlivesTheLedger: with a ledger that begins anew, marks prove what is ours and as we left it.
func TestMarkOutlivesTheLedger(t *testing.T) {
	for _, with := range []bool{true, false} {
		r := newRig(t)
		r.erp.mute, r.erp.traits.RefusesSecond = true, false
		if with {
			r.marks()
		}
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.dir = filepath.Join(t.TempDir())
		if with {
			r.run("done read=1 unchanged=1") // it is as we left it
			r.saved("SO-1", 1, 1)
		} else {
			r.run("exceptions read=1 held=1")
			r.wantException("1 held PC404")
		}
	}
}

// TestMarkTellsAnotherHand: where the target tells no time of change, the mark tells that somebody
// else wrote the document anew.
func TestMarkTellsAnotherHand(t *testing.T) {
	r := newRig(t)
	r.marks()
	r.erp.timeless = true
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.erp.docs[0].content = `{"FQty":5,"F_MARK":"pipectl:0123456789abcdef:0123456789abcdef"}`
	r.src.set("1", `"qty":2`)
	r.run("exceptions read=1 held=1")
	r.wantException("1 held PC406")
	r.saved("SO-1", 5, 1)
}

// TestMarksWriteNothingAnew: a mark is no part of the content.
func TestMarksWriteNothingAnew(t *testing.T) {
	r := newRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	r.marks()
	r.run("done read=1 unchanged=1")
	r.run("done read=1 unchanged=1", Options{Remap: true, Full: true})
	r.saved("SO-1", 1, 1)
	r.src.set("1", `"qty":2`)
	r.run("done read=1 delivered=1 updated=1")
	if mark := r.erp.docs[0].mark(r.p.Target.To); len(mark) != 41 || !strings.HasPrefix(mark, markWord) {
		t.Errorf("mark %q", mark)
	}
}

// TestMarkOfAFormerName: what was sent under a name that the pipeline no longer has is known by the
// mark that it was sent with.
func TestMarkOfAFormerName(t *testing.T) {
	r := &runner{p: &Pipeline{Name: "new"}}
	old := &runner{p: &Pipeline{Name: "old"}}
	s := &sink{to: connector.Target{Mark: markField}}
	mv := &move{j: &job{key: "1"}, content: value.Known(`{}`)}
	sent, err := old.marked(s, mv)
	if err != nil {
		t.Fatal(err)
	}
	p := &connector.Probed{Found: true, Mark: sent.Get(markField).Text()}
	mv.doc.Pending = &state.Pending{Mark: mv.mark}
	if got := r.whose(s, mv, p); got != connector.MadeByUs {
		t.Errorf("%v", got)
	}
	mv.doc.Pending = nil
	if got := r.whose(s, mv, p); got != connector.MadeByAnother {
		t.Errorf("nothing was sent: %v", got)
	}
}
