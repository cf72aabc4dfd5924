package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// standing is how a document stands in the target when its record changes or is withdrawn: how far
// the pipeline has brought it, and what a person has done to it since.
type standing struct {
	name   string
	then   []connector.Op
	drafts bool
	locked string // this step was refused, and waits for its retry
	person func(r *rig, d *erpDoc)
}

// standings are the rows of both tables.
func standings() []standing {
	submit := []connector.Op{connector.Submit}
	audit := []connector.Op{connector.Submit, connector.Audit}
	does := func(what func(*rig, *erpDoc)) func(*rig, *erpDoc) {
		return func(r *rig, d *erpDoc) {
			d.modified = r.clock.Now()
			what(r, d)
		}
	}
	audits := does(func(_ *rig, d *erpDoc) { d.stage = connector.Audited })
	return []standing{
		{name: "draft", drafts: true},
		{name: "saved"},
		{name: "submitted", then: submit},
		{name: "audited", then: audit},
		{name: "saved, to be audited", then: audit, locked: "submit"},
		{name: "submitted, to be audited", then: audit, locked: "audit"},
		{name: "audited by a person", then: submit, person: audits},
		{name: "audited by a person, to be audited", then: audit, locked: "audit", person: audits},
		{name: "un-audited by a person", then: audit, person: does(func(_ *rig, d *erpDoc) { d.stage = connector.Saved })},
		{name: "cancelled by a person", then: audit, person: does(func(_ *rig, d *erpDoc) { d.stage, d.cancelled = connector.Saved, true })},
		{name: "deleted by a person", then: audit, person: func(r *rig, _ *erpDoc) { r.erp.docs = nil }},
		{name: "changed by a person", then: audit, person: does(func(_ *rig, d *erpDoc) { d.content = `{"FQty":7}` })},
		{name: "numbered by a person", then: audit, person: does(func(_ *rig, d *erpDoc) { d.key = "XX-9" })},
		{name: "made anew by a person", then: audit, person: does(func(r *rig, _ *erpDoc) {
			r.erp.docs = []*erpDoc{{id: "7", key: "SO-1", content: `{"FQty":8}`, stage: connector.Saved, modified: r.clock.Now(), by: connector.MadeByAnother}}
		})},
	}
}

// stand is a rig whose order 1 was delivered so far, an hour ago, and order 2 beside it.
func (s standing) stand(t *testing.T, change func(*Target)) *rig {
	t.Helper()
	r := newRig(t)
	r.p.Target.Then, r.erp.drafts = s.then, s.drafts
	change(r.p.Target)
	r.src.set("1", `"qty":1`)
	r.src.set("2", `"qty":1`)
	want := "done read=2 delivered=2 created=2"
	if s.locked != "" {
		r.erp.fault = once(s.locked, "SO-1", busyDoc)
		want = "done read=2 delivered=1 waiting=1 created=2"
	}
	r.run(want)
	r.erp.docs = r.erp.docs[:1] // the one beside it has only to be there at the source
	r.clock.advance(time.Hour)
	if s.person != nil {
		s.person(r, r.erp.docs[0])
	}
	r.erp.acts = nil
	return r
}

// cell is what a cell of the tables is compared with: the acts in their order, what the target holds
// in the end, and what stands open: "un-audit update → audited 2, PC407".
func (r *rig) cell() string {
	r.t.Helper()
	var out []string
	for _, d := range r.erp.docs {
		line := fmt.Sprintf("%s %s", d.stage, d.content[strings.LastIndex(d.content, ":")+1:len(d.content)-1])
		if d.cancelled {
			line += " cancelled"
		}
		if d.key != "SO-1" {
			line += " " + d.key
		}
		out = append(out, line)
	}
	for line := range strings.Lines(r.exceptions()) {
		out = append(out, strings.Fields(line)[2])
	}
	return strings.TrimSpace(strings.Join(r.erp.acts, " ") + " → " + strings.Join(out, ", "))
}

// TestChangedByStage: what each policy makes of a record that has changed, wherever its document stands.
func TestChangedByStage(t *testing.T) {
	want := map[string][4]string{}
	for _, line := range []struct{ stage, update, reopen, skip, hold string }{
		{"draft", "update → draft 2", "update → draft 2", "→ draft 1", "→ draft 1, PC407"},
		{"saved", "update → saved 2", "update → saved 2", "→ saved 1", "→ saved 1, PC407"},
		{"submitted", "→ submitted 1, PC407", "un-submit update submit → submitted 2", "→ submitted 1", "→ submitted 1, PC407"},
		{"audited", "→ audited 1, PC407", "un-audit update submit audit → audited 2", "→ audited 1", "→ audited 1, PC407"},
		// What was never finished is no change of a delivered record: it goes on, as far as it may be edited.
		{"saved, to be audited", "update submit audit → audited 2", "update submit audit → audited 2", "update submit audit → audited 2", "update submit audit → audited 2"},
		{"submitted, to be audited", "→ submitted 1, PC407", "un-submit update submit audit → audited 2", "→ submitted 1, PC407", "→ submitted 1, PC407"},
		// Whatever a person has done to it since is his: nothing is written over it.
		{"audited by a person", "→ audited 1, PC406", "→ audited 1, PC406", "→ audited 1", "→ audited 1, PC407"},
		{"audited by a person, to be audited", "→ audited 1, PC406", "→ audited 1, PC406", "→ audited 1, PC406", "→ audited 1, PC406"},
		{"un-audited by a person", "→ saved 1, PC406", "→ saved 1, PC406", "→ saved 1", "→ saved 1, PC407"},
		{"changed by a person", "→ audited 7, PC406", "→ audited 7, PC406", "→ audited 7", "→ audited 7, PC407"},
		{"cancelled by a person", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421", "→ saved 1 cancelled, PC421"},
		{"deleted by a person", "→ PC414", "→ PC414", "→ PC414", "→ PC414"},
		{"numbered by a person", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426", "→ audited 1 XX-9, PC426"},
		{"made anew by a person", "→ saved 8, PC452", "→ saved 8, PC452", "→ saved 8, PC452", "→ saved 8, PC452"},
	} {
		want[line.stage] = [4]string{line.update, line.reopen, line.skip, line.hold}
	}
	for _, s := range standings() {
		for i, policy := range []Changed{Update, Reopen, Skip, HoldChange} {
			t.Run(fmt.Sprintf("%s, policy %d", s.name, policy), func(t *testing.T) {
				r := s.stand(t, func(to *Target) { to.Changed = policy })
				r.src.set("1", `"qty":2`)
				if _, err := r.try(Options{}); err != nil {
					t.Fatal(err)
				}
				if got := r.cell(); got != want[s.name][i] {
					t.Errorf("%s\nwant %s\n%s", got, want[s.name][i], r.exceptions())
				}
				r.settled()
				r.quietAgain()
			})
		}
	}
}

// TestTheWayOutOfAHeldChange: what the hint says can be done, and the next run then does the rest.
func TestTheWayOutOfAHeldChange(t *testing.T) {
	for _, c := range []struct {
		stage, id string
		person    func(r *rig, d *erpDoc)
		policy    Changed
		want      string
	}{
		{"submitted", "PC407", func(_ *rig, d *erpDoc) { d.stage = connector.Saved }, Update, "update submit → submitted 2"},
		{"audited", "PC407", func(_ *rig, d *erpDoc) { d.stage = connector.Saved }, Update, "update submit audit → audited 2"},
		{"submitted, to be audited", "PC407", func(_ *rig, d *erpDoc) { d.stage = connector.Saved }, Update, "update submit audit → audited 2"},
		{"cancelled by a person", "PC421", func(_ *rig, d *erpDoc) { d.cancelled, d.stage = false, connector.Saved }, Update, "update submit audit → audited 2"},
		{"cancelled by a person", "PC421", func(r *rig, _ *erpDoc) { r.erp.docs = nil }, Update, "create submit audit → audited 2"},
		{"numbered by a person", "PC426", func(_ *rig, d *erpDoc) { d.key = "SO-1" }, Reopen, "un-audit update submit audit → audited 2"},
	} {
		t.Run(c.stage+" "+c.want, func(t *testing.T) {
			s := standings()[slices.IndexFunc(standings(), func(s standing) bool { return s.name == c.stage })]
			r := s.stand(t, func(to *Target) { to.Changed = c.policy })
			r.src.set("1", `"qty":2`)
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			r.wantException("1 held " + c.id)
			r.clock.advance(time.Hour)
			r.erp.docs[0].modified = r.clock.Now()
			c.person(r, r.erp.docs[0])
			r.retryAll()
			if _, err := r.try(Options{}); err != nil {
				t.Fatal(err)
			}
			if got := r.cell(); got != c.want {
				t.Errorf("%s\nwant %s\n%s", got, c.want, r.exceptions())
			}
			r.quietAgain()
		})
	}
}

// quietAgain wants nothing to come of another run, nor of one after a person has asked for what is open
// without having done anything.
func (r *rig) quietAgain() {
	r.t.Helper()
	was := r.cell()
	for _, asked := range []bool{false, true} {
		if asked {
			r.retryAll()
		}
		r.clock.advance(time.Hour)
		rep, err := r.try(full)
		if err != nil || rep.New > 0 || rep.Updated+rep.Created > 0 {
			r.t.Errorf("a further run is not quiet: %s, %v", shown(rep), err)
		}
		if got := r.cell(); got != was {
			r.t.Errorf("a further run has made of it\n%s, it was\n%s", got, was)
		}
	}
}
