package step_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

const material = `  - lookup: m
    each: {line: items}
    connection: erp
    object: BD_Material
    match: {FNumber: line.sku, const: {FStatus: C}}
    fields: {unit: FUnit.FNumber}
  - map:
      no: order_id
      lines:
        each: {line: items}
        unit: line.m.unit`

func program(t *testing.T, source, steps string, w step.World) *step.Program {
	t.Helper()
	_, programs, problems := load(t, write(t, files(source, steps)), w)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return programs[1] // kept.yaml comes first
}

// TestLookupAsksOnce: one question for the distinct keys of a batch; what was found isn't asked
// again in this run, what was not found is, and the next run asks anew.
func TestLookupAsksOnce(t *testing.T) {
	box := &erp{rows: []string{`{"FNumber":"K1","FUnit":{"FNumber":"pcs"}}`}}
	p := program(t, "shop", material, box.world())
	run := func(want int) {
		t.Helper()
		rows := rowsOf(p, order, order, `{"order_id":"B","items":[]}`)
		if err := p.Run(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if len(box.asked) != want {
			t.Fatalf("asked %d times, want %d", len(box.asked), want)
		}
		if got := tell(rows[0]); got != "missing PC256 items[1].sku <erp BD_Material: K2>" {
			t.Error(got)
		}
		if got := tell(rows[2]); got != `{"no":"B","lines":[]}` {
			t.Error(got)
		}
	}
	p.Begin()
	run(1)
	if f := box.asked[0]; len(f.Values) != 2 || f.Match[0] != "FNumber" || f.Const["FStatus"] != "C" || len(f.Fields) != 1 || f.Fields[0] != "FUnit.FNumber" {
		t.Errorf("asked for %+v", f)
	}
	run(2)
	if f := box.asked[1]; len(f.Values) != 1 || f.Values[0][0].Text() != "K2" {
		t.Errorf("asked for %+v, want K2 alone", f)
	}
	p.Begin()
	run(3)
	if f := box.asked[2]; len(f.Values) != 2 {
		t.Errorf("the next run asked for %+v, want both", f)
	}
}

// TestWhatConcernsAllRows keeps its class: a system that is down makes no thousand exceptions.
func TestWhatConcernsAllRows(t *testing.T) {
	down := &problem.Error{Class: problem.Transient, ID: "PC300", Reason: "erp is down"}
	for name, c := range map[string]struct {
		steps string
		box   erp
		class problem.Class
		id    string
	}{
		"a system that is down": {material, erp{err: down}, problem.Transient, "PC300"},
		"an empty table": {`  - lookup: n
    table: none
    match: {a: sid}
  - map: {no: order_id}`, erp{}, problem.Fatal, "PC258"},
		"a table of patterns without one": {`  - lookup: n
    table: none
    when: row.a == currency
  - map: {no: order_id}`, erp{}, problem.Fatal, "PC258"},
		"a pipeline that kept nothing": {`  - lookup: n
    pipeline: kept
    match: {sku: currency}
  - map: {no: order_id}`, erp{}, problem.Fatal, "PC258"},
		"exists while the system is down": {`  - map: {no: order_id}
  - validate: [{exists: {connection: erp, object: BD_Material, match: {FNumber: source.currency}}}]`, erp{err: down}, problem.Transient, "PC300"},
	} {
		t.Run(name, func(t *testing.T) {
			p := program(t, "shop", c.steps, c.box.world())
			rows := rowsOf(p, order)
			e, ok := errors.AsType[*problem.Error](p.Run(t.Context(), rows))
			if !ok || e.Class != c.class || e.ID != c.id {
				t.Errorf("got %v, want %s %s", e, c.class, c.id)
			}
			if len(rows[0].Problems) > 0 {
				t.Errorf("the record was blamed: %v", rows[0].Problems)
			}
		})
	}
}

// TestLive: what a live look-up finds is part of the record's content.
func TestLive(t *testing.T) {
	p := program(t, "shop", `  - lookup: shop
    table: shops
    match: {sid: sid}
    live: true
  - map: {no: order_id, org: shop.org}`, step.World{})
	rows := rowsOf(p, order)
	if err := p.Run(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if !p.Live || len(rows[0].Content) != 1 || rows[0].Content[0].Get("org").Text() != "100" {
		t.Errorf("live %v, content %v", p.Live, rows[0].Content)
	}
}

// TestAround: key, kept row, target key, fields that are used.
func TestAround(t *testing.T) {
	dir := write(t, map[string]string{
		"pipectl.yaml": projectYAML,
		"pipelines/p.yaml": `name: p
source: {connection: shop, object: orders, cursor: {field: updated}}
key: [sid, order_id]
steps:
  - let: {no: 'text(sid, "-", order_id)'}
  - map: {FBillNo: no, FDate: '"2026-01-01"', FNote: address.city}
target: {connection: erp, object: SAL_Bill, key: FBillNo}
keep: {erp_no: FBillNo, city: source.address.city}
amounts: [amount]
`,
	})
	_, programs, problems := load(t, dir, step.World{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p := programs[0]
	r := rowsOf(p, `{"sid":113.0,"order_id":"a/b","address":{"city":"X"},"amount":"1.50"}`)[0]
	if key, err := p.KeyOf(r); err != nil || key != `113/a\/b` {
		t.Errorf("key %q, %v", key, err)
	}
	if err := p.Run(t.Context(), []*step.Row{r}); err != nil || len(r.Problems) > 0 {
		t.Fatal(err, r.Problems)
	}
	if key, err := p.TargetKey(r); err != nil || key != "113.0-a/b" {
		t.Errorf("target key %q, %v", key, err)
	}
	if kept, err := p.Kept(r); err != nil || kept.JSON() != `{"erp_no":"113.0-a/b","city":"X"}` {
		t.Errorf("kept %s, %v", kept.JSON(), err)
	}
	want := "address.city amount order_id sid updated"
	if got := join(p.Fields); got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	r.Reset(records([]string{`{"sid":null,"order_id":"a"}`})[0])
	if _, err := p.KeyOf(r); problem.As(err).ID != "PC269" || problem.As(err).Class != problem.Invalid {
		t.Errorf("a key part that is null: %v", err)
	}
}

func join(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += " "
		}
		out += s
	}
	return out
}

// TestTargetKeys: the target's key is found however it is mapped.
func TestTargetKeys(t *testing.T) {
	for _, c := range []struct{ key, steps, want string }{
		{"no", "  - map: {no: order_id}", "A-1"},
		{"a.b", "  - map: {a.b: sid}", "113"},
		{"a.b", "  - map: {a: {b: sid}}", "113"},
		{"a.b", `  - map: {a: '{"b": order_id}'}`, "A-1"},
		{"address.city", "  - map: {copy: [address]}", "杭州"},
		{"no", "  - map: {const: {no: X}}", "X"},
		{"no", "  - map: {no: order_id}\n  - map: {copy: all}", "A-1"},
		{"no", "  - map: {no: order_id}\n  - map: {no: lower(no)}", "a-1"},
		{"no", "  - map:\n      no: {case: [{when: gift, const: G}], else: sid}", "113"},
	} {
		project := files("shop", c.steps)
		project["pipelines/p.yaml"] = strings.Replace(project["pipelines/p.yaml"], "key: no,", "key: "+c.key+",", 1)
		_, programs, problems := load(t, write(t, project), step.World{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		rows := rowsOf(programs[1], order)
		if err := programs[1].Run(t.Context(), rows); err != nil || len(rows[0].Problems) > 0 {
			t.Fatal(err, rows[0].Problems)
		}
		if got, err := programs[1].TargetKey(rows[0]); err != nil || got != c.want {
			t.Errorf("%s: key %q, %v", c.steps, got, err)
		}
	}
}

// TestSeveralBatchesAtOnce: a program is shared by the batches in flight.
func TestSeveralBatchesAtOnce(t *testing.T) {
	p := program(t, "shop", material, step.World{Find: func(_ context.Context, _ string, f connector.Find) ([]value.Record, error) {
		var rows []string
		for _, v := range f.Values {
			rows = append(rows, `{"FNumber":"`+v[0].Text()+`","FUnit":{"FNumber":"u-`+v[0].Text()+`"}}`)
		}
		return records(rows), nil
	}})
	p.Begin()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				rows := rowsOf(p, order, order)
				if err := p.Run(t.Context(), rows); err != nil {
					t.Error(err)
				}
				if got := tell(rows[1]); got != `{"no":"A-1","lines":[{"unit":"u-K1"},{"unit":"u-K2"}]}` {
					t.Error(got)
				}
			}
		})
	}
	wait.Wait()
}
