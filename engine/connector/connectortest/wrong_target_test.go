package connectortest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func (w *wrong) FetchFields(object string) []string {
	if object == "orders" {
		return []string{"no"}
	}
	return nil
}

func (w *wrong) Fetch(ctx context.Context, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	in := ask{Object: q.Object}
	for _, r := range refs {
		in.Keys = append(in.Keys, r["no"].Text())
	}
	out, err := w.call(ctx, true, "get", in)
	if err != nil {
		return nil, err
	}
	var recs []connector.Record
	for _, key := range in.Keys {
		i := slices.IndexFunc(out.Orders, func(o order) bool { return o.No == key })
		if i >= 0 {
			recs = append(recs, record(out.Orders[i]))
		} else if w.bug != "fetch leaves out what is absent" {
			recs = append(recs, connector.Record{})
		}
	}
	return recs, nil
}

func (w *wrong) Find(ctx context.Context, f connector.Find) ([]value.Record, error) {
	in := ask{Object: f.Object}
	for _, combo := range f.Values {
		in.Keys = append(in.Keys, combo[0].Text())
	}
	if w.bug == "find asks for 20 keys only" && len(in.Keys) > 20 {
		in.Keys = in.Keys[:20]
	}
	if w.bug == "find answers similar rows" {
		in.Keys = append(in.Keys, "SO-000", "SO-001", "SO-002")
	}
	out, err := w.call(ctx, true, "get", in)
	if err != nil && w.bug == "an unknown object has no rows" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []value.Record
	for _, o := range out.Orders {
		rows = append(rows, record(o).Data)
	}
	return rows, nil
}

func (w *wrong) Traits(t connector.Target) connector.Traits {
	if strings.HasSuffix(t.Object, ".txt") {
		return w.traits(t)
	}
	return connector.Traits{
		RefusesSecond: w.bug != "RefusesSecond is not told", Batch: 50, InFlight: 4, Marks: true,
		Ops: []connector.Op{connector.Submit, connector.Audit, connector.UnAudit, connector.Cancel, connector.Delete},
	}
}

func (w *wrong) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	if strings.HasSuffix(t.Object, ".txt") {
		return w.write(t, docs)
	}
	in := ask{Object: t.Object}
	for _, d := range docs {
		id := d.ID
		if w.bug == "an update creates" {
			id = ""
		}
		if w.bug == "an update creates" && d.ID != "" {
			d.Key += "-again"
		}
		in.Keys, in.IDs = append(in.Keys, d.Key), append(in.IDs, id)
		in.Bad = append(in.Bad, d.Content.Get("bad").Bool())
		in.Marks = append(in.Marks, d.Content.Get("mark").Text())
	}
	out, err := w.call(ctx, false, "save", in)
	outs, err := w.failed(out, err, len(docs))
	if outs != nil || err != nil {
		return outs, err
	}
	for i, key := range in.Keys {
		outs = append(outs, w.outcome(out, i, func(b bill) bool { return b.Key == key }))
	}
	if w.bug == "outcomes are reversed" {
		slices.Reverse(outs)
	}
	if w.bug == "one bad document refuses all" && slices.ContainsFunc(outs, func(o connector.Outcome) bool { return o.State == connector.Refused }) {
		for i := range outs {
			outs[i] = connector.Outcome{State: connector.Refused, Err: invalid("batch")}
		}
	}
	return outs, nil
}

func invalid(why string) *problem.Error {
	return &problem.Error{Class: problem.Invalid, Reason: "document is refused: " + why, Hint: "correct it"}
}

// failed makes outcomes of a call that got no proper answer; nothing where it got one.
func (w *wrong) failed(out reply, err error, n int) ([]connector.Outcome, error) {
	if err == nil {
		return nil, nil
	}
	o := connector.Outcome{Err: problem.As(err)}
	switch {
	case errors.Is(err, errNotSent) && w.bug != "a target that is down leaves doubt":
		return nil, problem.As(err)
	case out.Error == "busy" && w.bug != "a throttled write is in doubt", out.Error == "session" && w.bug == "a lost session stays lost":
		o.State = connector.Untouched
	case out.Error == "object":
		if w.bug == "an unknown object refuses documents" {
			o.Err.Class = problem.Invalid
		}
		o.State = connector.Refused
	case w.bug == "a write without an answer is refused":
		o.State = connector.Refused
	case w.bug == "a write without an answer is an error":
		return nil, err
	}
	return slices.Repeat([]connector.Outcome{o}, n), nil
}

// outcome finds the answer for one document.
func (w *wrong) outcome(out reply, i int, is func(bill) bool) connector.Outcome {
	n := slices.IndexFunc(out.Bills, is)
	if n < 0 {
		if w.bug == "left out of the answer means written" {
			return connector.Outcome{State: connector.Written, ID: "0"}
		}
		return connector.Outcome{Err: transient("left it out of its answer", nil)}
	}
	b := out.Bills[n]
	if out.Errors[n] == "second" && w.bug != "a key in use is only refused" {
		return connector.Outcome{Err: invalid("the key is in use"), Taken: true}
	}
	if out.Errors[n] != "" {
		return connector.Outcome{State: connector.Refused, Err: invalid(out.Errors[n])}
	}
	if w.bug == "all documents get one id" {
		b.ID = "1000"
	}
	return connector.Outcome{State: connector.Written, ID: b.ID, Number: b.Key, Stage: connector.Stage(b.Stage)}
}

func (w *wrong) Stage(ctx context.Context, t connector.Target, op connector.Op, refs []connector.Ref) ([]connector.Outcome, error) {
	in := ask{Object: t.Object, Op: op.String()}
	for _, r := range refs {
		in.IDs = append(in.IDs, r.ID)
	}
	if w.bug == "an operation is not done" {
		in.IDs = nil
	}
	out, err := w.call(ctx, false, "op", in)
	if w.bug == "an operation without an answer is refused" && err != nil {
		return slices.Repeat([]connector.Outcome{{State: connector.Refused, Err: problem.As(err)}}, len(refs)), nil
	}
	outs, err := w.failed(out, err, len(refs))
	if outs != nil || err != nil {
		return outs, err
	}
	gone := slices.Contains(out.Errors, "gone")
	for i, r := range refs {
		o := w.outcome(out, i, func(b bill) bool { return b.ID == r.ID })
		if w.bug == "an operation is not done" {
			o = connector.Outcome{State: connector.Written, ID: r.ID, Stage: connector.Audited}
		}
		if gone && w.bug == "one that is gone refuses all" {
			o = connector.Outcome{State: connector.Refused, Err: invalid("gone")}
		}
		outs = append(outs, o)
	}
	return outs, nil
}

func (w *wrong) Probe(ctx context.Context, t connector.Target, keys []string) ([]connector.Probed, error) {
	if len(keys) == 0 && w.bug != "probing nothing fails" {
		return nil, nil
	}
	if len(keys) == 0 {
		return nil, fatal("can't be asked for nothing")
	}
	got := make([]connector.Probed, len(keys))
	out, err := w.call(ctx, true, "probe", ask{Object: t.Object, Keys: keys, ByMark: t.Mark != "" && t.Key == t.Mark && w.bug != "nothing is found by its mark"})
	if err != nil && w.bug == "a failed probe says absent" {
		return got, nil
	}
	if err != nil {
		if p := (*problem.Error)(nil); errors.As(err, &p) {
			return nil, p
		}
		return nil, err
	}
	for _, b := range out.Bills {
		i := max(slices.Index(keys, b.Key), slices.Index(keys, b.Mark))
		if w.bug == "probe answers in the target's order" {
			i = slices.IndexFunc(got, func(p connector.Probed) bool { return !p.Found })
		}
		got[i] = connector.Probed{Found: true, ID: b.ID, Number: b.Key, Stage: connector.Stage(b.Stage), Cancelled: b.Cancelled, Modified: time.Time{}}
		if t.Mark != "" && w.bug != "marks are not read back" {
			got[i].Mark = b.Mark
		}
	}
	return got, nil
}
