package run

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// told is the rig with ends that note how urgent each call is.
type told struct{ calls []string }

func (t *told) note(ctx context.Context, what string) {
	t.calls = append(t.calls, fmt.Sprint(what, " ", connector.PriorityOf(ctx)))
}

type toldSource struct {
	*source
	*told
}

func (s toldSource) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	s.note(ctx, "read")
	return s.source.Read(ctx, q)
}

func (s toldSource) Fetch(ctx context.Context, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	s.note(ctx, "fetch")
	return s.source.Fetch(ctx, q, refs)
}

type toldERP struct {
	*erp
	*told
}

func (e toldERP) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	e.note(ctx, "save")
	return e.erp.Write(ctx, t, docs)
}

func (e toldERP) Probe(ctx context.Context, t connector.Target, keys []string) ([]connector.Probed, error) {
	e.note(ctx, "probe")
	return e.erp.Probe(ctx, t, keys)
}

func TestEachStretchOfARunHasItsPriority(t *testing.T) {
	const live, retry, stock, backFill = connector.Live, connector.Retry, connector.Stock, connector.BackFill
	for _, c := range []struct {
		name               string
		pipeline           connector.Priority
		o                  Options
		reread             bool
		again, live, after connector.Priority
	}{
		{"a plain run", live, Options{}, false, retry, live, live},
		{"with a window that is read again", live, Options{}, true, retry, live, backFill},
		{"a back-fill", live, Options{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, false, retry, backFill, backFill},
		{"a full reading", live, Options{Full: true}, false, retry, backFill, backFill},
		{"stock levels", stock, Options{}, true, stock, stock, backFill},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			calls := &told{}
			r.p.Priority, r.p.Target.Changed = c.pipeline, Skip // no measuring probe
			r.p.Source.Conn, r.p.Target.Conn = toldSource{r.src, calls}, toldERP{r.erp, calls}
			r.src.set("1", `"qty":1`)
			r.erp.fault = once("save", "", busyDoc)
			r.run("done read=1 waiting=1")
			if c.reread {
				r.p.Source.Reread = Reread{Every: time.Hour, Window: 240 * time.Hour}
			}
			r.clock.advance(5 * time.Minute)
			r.src.set("2", `"qty":2`)
			r.clock.advance(5 * time.Minute)
			calls.calls = nil
			if rep, err := r.try(c.o); err != nil || rep.Delivered != 2 {
				t.Fatalf("%s, %v", shown(rep), err)
			}
			want := []string{
				fmt.Sprint("fetch ", c.again), fmt.Sprint("save ", c.again), fmt.Sprint("read ", c.live), fmt.Sprint("save ", c.live),
			}
			if c.reread {
				want = append(want, fmt.Sprint("read ", c.after))
			}
			if !slices.Equal(calls.calls, want) {
				t.Errorf("calls %v, want %v", calls.calls, want)
			}
		})
	}
}
