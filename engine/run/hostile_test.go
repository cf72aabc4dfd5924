package run

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Records that can't be read: each becomes one exception, under its own key where that can be read,
// and nothing of it is ever taken for the whole.

func TestBrokenRecordsStandBesideGoodOnes(t *testing.T) {
	r := newRig(t)
	orders(r, 2)
	r.src.set("3", `"qty":1,"qty":2`)
	r.src.set("4", "\"qty\":4,\"note\":\"a\x00b\"")
	r.src.rows = append(r.src.rows, row{"", `{"id":"`, r.clock.Now()}, row{"", `{"id":'`, r.clock.Now()}, row{"", `["id"]`, r.clock.Now()}, row{"", `null`, r.clock.Now()})
	r.run("exceptions read=8 delivered=2 invalid=6 created=2")
	r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":1} audited`, `SO-2 {"FBillNo":"SO-2","FQty":2} audited`)
	r.wantException("3 invalid PC200", `"qty" comes twice`, "4 invalid PC200", "control character")
	r.run("done read=8 unchanged=2 invalid=6", Options{Full: true})
	if n := strings.Count(r.exceptions(), "\n"); n != 6 {
		t.Errorf("%d exceptions, want 6:\n%s", n, r.exceptions())
	}
}

// A retry of a record that couldn't be read must not deliver the half of it that could.
func TestTheReadableHalfIsNeverDelivered(t *testing.T) {
	r := newRig(t)
	r.src.noFetch = true
	r.src.set("4", "\"qty\":4,\"note\":\"a\x00b\"")
	r.run("exceptions read=1 invalid=1")
	r.p.Revision = "r2" // which releases what is invalid
	r.run("done read=1 invalid=1")
	r.retryAll()
	r.run("done read=1 invalid=1")
	r.wantERP()
	r.wantException("4 invalid PC200", "control character")
	r.src.set("4", `"qty":4`)
	r.run("done read=1 delivered=1 created=1")
	if got := r.exceptions(); got != "" {
		t.Errorf("still open: %s", got)
	}
}

// Whatever a target says, what is kept of it is a sentence.
func TestWhatIsKeptOfAnAnswerIsBounded(t *testing.T) {
	r := newRig(t)
	orders(r, 1)
	r.p.Target.Conn = loudERP{r.erp}
	r.run("exceptions read=1 invalid=1")
	got := r.exceptions()
	if len(got) > 4*problem.MostReason || strings.ContainsRune(got, 0x1b) {
		t.Errorf("%d bytes are kept: %.300q", len(got), got)
	}
	s := r.open()
	defer s.Close()
	err := s.View(func(tx state.Tx) error {
		id, _ := state.PipelineID(tx, r.p.Name, false)
		raw, err := tx.Get(state.Open, append([]byte{0, 0, 0, byte(id)}, "1"...))
		if len(raw) == 0 || len(raw) > 40*problem.MostReason {
			t.Errorf("the row has %d bytes", len(raw))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// loudERP refuses with megabytes.
type loudERP struct{ *erp }

func (l loudERP) Write(_ context.Context, _ connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	out := make([]connector.Outcome, len(docs))
	for i := range out {
		loud := strings.Repeat("\x1b[2J错误", 1<<20)
		list := problem.List{}
		for range 1000 {
			list = append(list, &problem.Error{Class: problem.Invalid, Reason: loud})
		}
		out[i] = connector.Outcome{State: connector.Refused, Err: &problem.Error{Class: problem.Invalid, Reason: loud, Field: loud, Code: loud, Hint: "look", Err: list}}
	}
	return out, nil
}

// A change time that lies centuries away is later, or earlier, than all others, and the record is
// delivered all the same: its newest state is asked for.
func TestTimesThatLieCenturiesAway(t *testing.T) {
	for name, at := range map[string]time.Time{
		"the year 9999": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"the year 2":    time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC),
		"beyond years":  time.Unix(1<<62, 0),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.src.set("1", `"qty":1`)
			r.src.rows[0].changed = at
			r.p.Source.Query.Field = ""
			r.run("done read=1 delivered=1 created=1")
			r.src.rows[0].text = `{"id":"1","qty":2}`
			r.src.rows[0].changed = r.clock.Now()
			r.run("done read=1 delivered=1 updated=1")
			r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":2} audited`)
			if at.Year() > 2261 && nanos(at) <= nanos(r.clock.Now()) || at.Year() < 1678 && nanos(at) >= nanos(r.clock.Now()) {
				t.Errorf("%v counts as %d", at, nanos(at))
			}
		})
	}
}
