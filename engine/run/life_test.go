package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// asks answers from the rig's materials, and notes the questions.
func (r *rig) asks(questions *[]string) {
	r.p.Ask = func(_ context.Context, causes []problem.Cause) ([]bool, error) {
		out := make([]bool, len(causes))
		var keys []string
		for i, c := range causes {
			out[i] = r.skus[c.Key]
			keys = append(keys, c.Key)
		}
		slices.Sort(keys)
		*questions = append(*questions, strings.Join(keys, " "))
		return out, nil
	}
}

// closed is the closed exception of a record.
func (r *rig) closed(key string) state.Exception {
	r.t.Helper()
	var out state.Exception
	r.inState(func(tx state.Tx, id state.ID) error {
		x, ok, err := state.GetResolved(tx, id, key)
		if err == nil && !ok {
			r.t.Fatalf("record %s has no closed exception", key)
		}
		out = x
		return err
	})
	return out
}

// inState works on the state as it lies on disk, between two runs.
func (r *rig) inState(fn func(state.Tx, state.ID) error) {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	err := s.Update(func(tx state.Tx) error {
		id, err := state.PipelineID(tx, r.p.Name, true)
		if err != nil {
			return err
		}
		return fn(tx, id)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// retry is what `errors retry` does.
func (r *rig) retry(key, by string) {
	r.t.Helper()
	r.inState(func(tx state.Tx, id state.ID) error {
		x, ok, err := state.GetException(tx, id, key)
		if err == nil && !ok {
			r.t.Fatalf("record %s has no open exception", key)
		}
		x.Status, x.RetryBy = state.Retrying, by
		return state.PutException(tx, id, x, "")
	})
}

// TestAnExceptionSaysWhatClosedIt: open → retrying → resolved, by each of the ways.
func TestAnExceptionSaysWhatClosedIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		order string
		mend  func(*rig)
		says  string
	}{
		{"a change at the source", `"qty":"many"`, func(r *rig) { r.src.set("1", `"qty":1`) }, "delivered in run RUN, after a change at its source"},
		{"a person", `"qty":1`, func(r *rig) { r.retry("1", "anna") }, "delivered in run RUN, retried by anna"},
		{"a cause", `"qty":1,"sku":"A"`, func(r *rig) { r.skus["A"] = true }, "delivered in run RUN; what it waited for has appeared: erp BD_MATERIAL: A"},
		{"an edited pipeline", `"qty":"many"`, func(r *rig) {
			r.p.Revision, r.p.Prepare = "r2", nil
			r.p.Prepare = append(r.p.Prepare, anyQty{})
		}, "delivered in run RUN, after the pipeline was edited"},
		{"a where", `"qty":"many"`, func(r *rig) { r.src.set("1", `"qty":"many","status":"cancelled"`) }, "left out by the pipeline's where in run RUN, after a change at its source"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			var questions []string
			r.asks(&questions)
			if c.name == "a person" {
				r.erp.fault = once("save", "", refuse)
			}
			r.src.set("1", "%s", c.order)
			if rep, _ := r.try(Options{}); rep.New != 1 {
				t.Fatalf("no exception: %s", shown(rep))
			}
			r.clock.advance(time.Hour)
			c.mend(r)
			rep, err := r.try(Options{})
			if err != nil || rep.Delivered+rep.Filtered != 1 {
				t.Fatalf("%s, %v\n%s", shown(rep), err, r.exceptions())
			}
			if got := r.exceptions(); got != "" {
				t.Errorf("still open: %s", got)
			}
			x := r.closed("1")
			if want := strings.ReplaceAll(c.says, "RUN", rep.Run); x.ResolvedBy != want {
				t.Errorf("closed by %q, want %q", x.ResolvedBy, want)
			}
			if x.Status != state.Closed || !x.Resolved.After(x.First) || x.Resolved.Before(rep.Started) {
				t.Errorf("status %s, first %s, resolved %s", x.Status, x.First, x.Resolved)
			}
		})
	}
	t.Run("a withdrawal", func(t *testing.T) {
		r := newRig(t)
		r.p.Target.Withdrawn = DeleteWithdrawn
		r.src.set("1", `"qty":1`)
		r.run("done read=1 delivered=1 created=1")
		r.src.set("1", `"qty":"many"`)
		r.run("exceptions read=1 invalid=1")
		r.src.set("1", `"qty":"many","status":"cancelled"`)
		rep := r.run("done read=1 withdrawn=1")
		if got, want := r.closed("1").ResolvedBy, "withdrawn in run "+rep.Run+", after a change at its source"; got != want {
			t.Errorf("closed by %q, want %q", got, want)
		}
	})
}

// anyQty is a mapping that takes what the rig's own refuses.
type anyQty struct{}

func (anyQty) Run(ctx context.Context, rows []*step.Row) error {
	for _, row := range rows {
		row.Document = value.Known(fmt.Sprintf(`{"FBillNo":"SO-%s","FQty":0}`, row.Record.Get("id").Text()))
	}
	return nil
}

// TestWaitingIsPartOfTheLife: an exception that a person has retried, and that fails for a passing
// reason then, stays one: its owner, note, money and first time; and it is closed as one.
func TestWaitingIsPartOfTheLife(t *testing.T) {
	r := newRig(t)
	r.p.Amount = func(row *step.Row) string { return row.Record.Get("qty").JSON() }
	r.src.set("1", `"qty":7`)
	r.erp.fault = once("save", "", refuse)
	r.run("exceptions read=1 invalid=1")
	first := r.clock.Now()
	due := first.Add(48 * time.Hour)
	r.inState(func(tx state.Tx, id state.ID) error {
		x, _, err := state.GetException(tx, id, "1")
		x.Owner, x.Note, x.Deadline, x.Status, x.RetryBy = "anna", "asked the shop", due, state.Retrying, "bob"
		if err != nil {
			return err
		}
		return state.PutException(tx, id, x, "")
	})
	r.erp.fault = once("save", "", busyDoc)
	r.run("done read=1 waiting=1")
	r.erp.fault = once("save", "", refuse)
	r.clock.advance(5 * time.Minute)
	r.run("done read=1 invalid=1") // and nothing new: it is the same exception still
	r.erp.fault = once("save", "", busyDoc)
	r.retry("1", "bob")
	r.run("done read=1 waiting=1")
	r.clock.advance(5 * time.Minute)
	rep := r.run("done read=1 delivered=1 created=1")
	x := r.closed("1")
	if x.Owner != "anna" || x.Note != "asked the shop" || !x.Deadline.Equal(due) || x.Amount != "7" || x.First.After(first) {
		t.Errorf("lost on the way: %+v", x)
	}
	if x.ResolvedBy != "delivered in run "+rep.Run {
		t.Errorf("closed by %q", x.ResolvedBy)
	}
}

// TestExactlyWhatWaited: three wait for A, two for B, one for both. When A appears the three go, in
// the next run, and for the others nothing is asked of the source, the steps or the target.
func TestExactlyWhatWaited(t *testing.T) {
	r := newRig(t)
	var questions []string
	r.asks(&questions)
	for i, sku := range []string{"A", "B", "A", "B", "A"} {
		r.src.set(fmt.Sprint(i+1), `"qty":1,"sku":%q`, sku)
	}
	r.run("exceptions read=5 held=5")
	r.clock.advance(time.Hour)
	r.run("done read=1 held=1") // the last one is read again, unchanged
	r.skus["A"] = true
	questions, r.src.fetched, r.mapped = nil, 0, 0
	r.clock.advance(time.Hour)
	r.run("done read=3 delivered=3 created=3")
	if got := strings.Join(questions, "; "); got != "A B" {
		t.Errorf("asked %q, want both causes in one question", got)
	}
	if r.src.fetched != 3 || r.mapped != 3 || r.erp.writes != 3 {
		t.Errorf("%d records were fetched, %d mapped, %d sent; want 3", r.src.fetched, r.mapped, r.erp.writes)
	}
	r.wantException("2 held PC256", "4 held PC256")
}

// TestARecordWaitsForAllItsCauses: it goes when the last of them is there, and what is refused again
// is asked for at growing intervals.
func TestARecordWaitsForAllItsCauses(t *testing.T) {
	r := newRig(t)
	var questions []string
	r.asks(&questions)
	r.src.set("1", `"qty":1,"sku":"A"`)
	r.run("exceptions read=1 held=1")
	r.inState(func(tx state.Tx, id state.ID) error { // a second one, as a look-up of lines collects them
		x, _, err := state.GetException(tx, id, "1")
		if err != nil {
			return err
		}
		x.Causes = append(x.Causes, problem.Cause{Connection: "erp", Object: "BD_MATERIAL", Key: "B"})
		return state.PutException(tx, id, x, "")
	})
	r.skus["A"] = true
	r.mapped = 0
	r.run("done read=1 held=1")
	if r.mapped != 0 {
		t.Error("it was tried before its second cause was there")
	}
	r.skus["B"] = true
	r.run("done read=1 delivered=1 created=1")

	r = newRig(t) // the target refuses, whatever the look-up says
	r.asks(&questions)
	r.src.set("1", `"qty":1,"sku":"A"`)
	r.run("exceptions read=1 held=1")
	r.skus["A-17"] = true
	r.inState(func(tx state.Tx, id state.ID) error {
		x, _, err := state.GetException(tx, id, "1")
		if err != nil {
			return err
		}
		x.Causes = []problem.Cause{{Connection: "erp", Object: "BD_MATERIAL", Key: "A-17"}}
		return state.PutException(tx, id, x, "")
	})
	r.skus["A"] = true
	r.erp.fault = func(op string, _ connector.Doc) fault {
		if op == "save" {
			return missingRef
		}
		return none
	}
	var gaps []int
	for minute, last := 0, 0; minute < 60; minute++ {
		before := r.erp.calls["save"]
		if rep, err := r.try(Options{}); err != nil || rep.Held != 1 {
			t.Fatalf("%s, %v", shown(rep), err)
		}
		if r.erp.calls["save"] > before {
			gaps, last = append(gaps, minute-last), minute
		}
		r.clock.advance(time.Minute)
	}
	if len(gaps) < 4 || len(gaps) > 8 || !slices.IsSorted(gaps) {
		t.Errorf("tried after %v minutes, want growing intervals", gaps)
	}
}

// TestManyOpen: what stands open is looked through in parts, and a cause is asked for once however
// many parts wait for it.
func TestManyOpen(t *testing.T) {
	r := newRig(t)
	var questions []string
	r.asks(&questions)
	r.erp.traits.Batch = 200
	r.src.noFetch, r.src.partial = true, true // it has none of them, and doesn't say that they are gone
	const n = 2*span + 300
	r.run("done")
	r.inState(func(tx state.Tx, id state.ID) error {
		for i := range n {
			x := state.Exception{
				Pipeline: r.p.Name, Key: fmt.Sprintf("K%05d", i), Kind: state.OnHold, Status: state.IsOpen, Revision: "r1",
				Causes: []problem.Cause{{Connection: "erp", Object: "BD_MATERIAL", Key: string(rune('A' + i%3))}},
			}
			payload := fmt.Sprintf(`{"id":%q,"qty":1,"sku":%q}`, x.Key, x.Causes[0].Key)
			if err := state.PutException(tx, id, x, payload); err != nil {
				return err
			}
		}
		return nil
	})
	r.skus["A"] = true
	r.run(fmt.Sprintf("done read=%d delivered=%d created=%d", (n+2)/3, (n+2)/3, (n+2)/3))
	if got := strings.Join(questions, "; "); got != "A B C" {
		t.Errorf("asked %q, want each cause once", got)
	}

	s := r.open()
	defer s.Close()
	b, err := begin(context.Background(), r.p, Options{Store: s, Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	defer b.cancel()
	seen := 0
	for from := ""; ; {
		due, asking, next, err := b.openFrom(from)
		if err != nil {
			t.Fatal(err)
		}
		if len(due)+len(asking) > span {
			t.Fatalf("%d at once", len(due)+len(asking))
		}
		if seen += len(due) + len(asking); next == "" {
			break
		}
		from = next
	}
	if seen != n-(n+2)/3 {
		t.Errorf("%d seen, want each of the %d that are left once", seen, n-(n+2)/3)
	}
}
