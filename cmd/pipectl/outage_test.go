package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// moved is the computer's clock, put forward.
type moved struct {
	by    atomic.Int64
	still atomic.Pointer[time.Time] // nil: it goes
}

func (m *moved) Now() time.Time {
	now := m.still.Load()
	if now == nil {
		return time.Now().Add(time.Duration(m.by.Load()))
	}
	return now.Add(time.Duration(m.by.Load()))
}

// atOnce does something while the clock stands still.
func (m *moved) atOnce(do func()) {
	now := time.Now()
	m.still.Store(&now)
	do()
	m.still.Store(nil)
}

func (m *moved) forward(d time.Duration) { m.by.Add(int64(d)) }

func (m *moved) Sleep(ctx context.Context, d time.Duration) error {
	m.forward(d)
	return ctx.Err()
}

// system is a vendor's sandbox that can be stopped, and started again on the same port.
type system struct {
	sandbox.System
	kit    *sandbox.Kit
	server *sandbox.Server
	addr   string
	asked  atomic.Int32
}

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	s.System.ServeHTTP(w, r)
}

// newSystem starts a vendor's sandbox with so many orders (0: as many as it usually has).
func newSystem(t *testing.T, name string, clock *moved, orders int) *system {
	t.Helper()
	s := &system{kit: sandbox.New(sandbox.Options{Seed: 1, Orders: orders, Now: clock.Now}), addr: "127.0.0.1:0"}
	for _, x := range connectors.All() {
		if x.Name == name {
			s.System = x.Sandbox(s.kit)
		}
	}
	s.start(t)
	u, err := url.Parse(s.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	s.addr = u.Host
	t.Cleanup(func() { s.server.Close() })
	return s
}

func (s *system) start(t *testing.T) {
	t.Helper()
	var err error
	if s.server, err = sandbox.Serve(context.Background(), s, s.kit, s.addr); err != nil {
		t.Fatal(err)
	}
}

// office is a project between two systems, each of whose commands is a process of its own.
type office struct {
	t     *testing.T
	dir   string
	clock *moved
	env   map[string]string
}

func (o *office) open() *engine.Engine {
	o.t.Helper()
	opt := engine.Options{
		Path: o.dir, Clock: o.clock,
		Env: func(name string) (string, bool) { v, ok := o.env[name]; return v, ok },
	}
	for _, s := range connectors.All() {
		opt.Connectors = append(opt.Connectors, s.Definition)
	}
	e, err := engine.Open(opt)
	if err != nil {
		o.t.Fatal(err)
	}
	return e
}

func (o *office) run(pipeline, want string) run.Report {
	o.t.Helper()
	e := o.open()
	defer func() { _ = e.Close() }()
	rep, err := e.Run(o.t.Context(), pipeline, engine.RunOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	got := fmt.Sprintf("%s delivered=%d", rep.Status, rep.Delivered)
	reason := ""
	if rep.Error != nil {
		got, reason = fmt.Sprintf("%s %s", rep.Status, rep.Error.ID), rep.Error.Reason
	}
	if got != want {
		o.t.Fatalf("%s: %s, want %s\n%s", pipeline, got, want, reason)
	}
	return rep
}

func (o *office) write(name, text string) {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// alerts are what status shows of a pipeline.
func (o *office) alerts(pipeline string) string {
	o.t.Helper()
	e := o.open()
	defer func() { _ = e.Close() }()
	all, err := e.Status()
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, s := range all {
		for _, a := range s.Alerts {
			if s.Pipeline == pipeline {
				out = append(out, fmt.Sprintf("%s ×%d %s", a.Kind, a.Times, a.Text))
			}
		}
	}
	return strings.Join(out, "\n")
}

func (o *office) doctor(connection string) {
	o.t.Helper()
	e := o.open()
	defer func() { _ = e.Close() }()
	if _, err := e.Doctor(o.t.Context(), []string{connection}); err != nil {
		o.t.Fatal(err)
	}
}

func bills(n ...int) string {
	var b strings.Builder
	for _, i := range n {
		fmt.Fprintf(&b, `{"no":"SO-%d","lines":[{"qty":%d}]}`+"\n", i, i)
	}
	return b.String()
}

const billsPipeline = `name: bills
source: {connection: data, object: orders.jsonl}
key: no
steps:
  - map:
      const: {FBillTypeID.FNumber: XSDD01_SYS, FSaleOrgId.FNumber: "100", FSaleOrderFinance.FSettleCurrId.FNumber: PRE001, FCustId.FNumber: CUST-SHOP-113, FSalerId.FNumber: "0001", FDate: 2026-03-01}
      FBillNo: no
      FSaleOrderEntry:
        each: {line: lines}
        const: {FMaterialId.FNumber: MUG-RED, FUnitID.FNumber: Pcs, FDeliveryDate: 2026-03-03}
        FQty: line.qty
        FTaxPrice: 113
        FEntryTaxRate: 13
target: {connection: erp, object: SAL_SaleOrder, key: FBillNo, then: [submit, audit]}
`

// settings are those of a system's connection, in YAML; their values go into the environment.
func (o *office) settings(s *system, prefix string) string {
	var out strings.Builder
	for k, v := range s.server.Settings() {
		if k != "password" {
			fmt.Fprintf(&out, "    %s: ${%s}\n", k, prefix+k)
			o.env[prefix+k] = v
		}
	}
	return out.String()
}

func newOffice(t *testing.T, kind string) (*office, *system) {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), clock: &moved{}, env: map[string]string{}}
	s := newSystem(t, kind, o.clock, 0)
	connection := "connections:\n  data: {type: file, dir: data}\n  erp:\n    type: " + kind + "\n    rate: {per_second: 1000, in_flight: 8}\n"
	connection += o.settings(s, "")
	o.write("pipectl.yaml", connection)
	o.write("data/orders.jsonl", bills(1, 2, 3))
	o.write("pipelines/copy.yaml", "name: copy\nsource: {connection: data, object: orders.jsonl}\nkey: no\nsteps:\n  - map:\n      number: no\ntarget: {connection: data, object: copy.jsonl, key: number}\n")
	if kind == "kingdee" {
		o.write("pipelines/bills.yaml", billsPipeline)
	} else {
		o.write("pipelines/bills.yaml", "name: bills\nsource: {connection: erp, object: products}\nkey: sku\nkeep: {name: sku}\n")
	}
	return o, s
}

func TestASystemGoesDownAndComesBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"kingdee", "lingxing"} {
		t.Run(kind, func(t *testing.T) {
			o, s := newOffice(t, kind)
			e := o.open()
			first, err := e.Run(t.Context(), "bills", engine.RunOptions{Limit: 2})
			if err != nil || first.Error != nil || first.Delivered != 2 {
				t.Fatalf("%+v, %v", first, err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			o.write("data/orders.jsonl", bills(1, 2, 3, 4, 5))

			s.server.Close()
			o.run("bills", "paused PC412")
			o.run("bills", "paused PC440")
			o.run("copy", "done delivered=5") // needs nothing of it
			o.clock.forward(time.Minute)
			o.run("bills", "paused PC412")
			o.clock.forward(time.Minute)
			o.run("bills", "paused PC440") // the second wait is two minutes

			s.start(t)
			before := s.asked.Load()
			o.run("bills", "paused PC440")
			if s.asked.Load() != before {
				t.Error("it was asked before its time")
			}
			o.clock.forward(time.Minute)
			e = o.open()
			rep, err := e.Run(t.Context(), "bills", engine.RunOptions{})
			if err != nil || rep.Status != run.Done || kind == "kingdee" && rep.Delivered != 3 || rep.Waiting != 0 {
				t.Errorf("the backlog: %+v, %v", rep, err)
			}
			_ = e.Close()
			if got := o.alerts("bills"); strings.Count(got, "down ×1 erp is down: cannot connect to") != 1 || strings.Count(got, "up ×1 erp answers again after 3m") != 1 {
				t.Errorf("alerts:\n%s", got)
			}
			if got := o.alerts("copy"); got != "" {
				t.Errorf("alerts of a pipeline that doesn't use it:\n%s", got)
			}

			s.server.Close()
			o.write("data/orders.jsonl", bills(1, 2, 3, 4, 5, 6))
			o.clock.forward(time.Hour)
			o.run("bills", "paused PC412")
			s.start(t)
			o.run("bills", "paused PC440")
			o.doctor("erp") // sees that it is there
			e = o.open()
			defer func() { _ = e.Close() }()
			if rep, err := e.Run(t.Context(), "bills", engine.RunOptions{}); err != nil || rep.Status != run.Done {
				t.Errorf("after doctor: %+v, %v", rep, err)
			}
		})
	}
}

func TestAWrongSecretIsTriedOnce(t *testing.T) {
	t.Parallel()
	for kind, id := range map[string]string{"kingdee": "PC370", "lingxing": "PC350"} {
		t.Run(kind, func(t *testing.T) {
			o, s := newOffice(t, kind)
			right := o.env["secret"]
			o.env["secret"] = strings.Repeat("9", len(right))
			o.run("bills", "failed "+id)
			before := s.asked.Load()
			for range 8 {
				o.clock.forward(6 * time.Hour)
				rep := o.run("bills", "paused PC441")
				if text := rep.Error.Reason + rep.Error.Hint; strings.Contains(text, o.env["secret"]) || !strings.Contains(text, "pipectl doctor erp") {
					t.Fatal(text)
				}
			}
			if n := s.asked.Load() - before; n != 0 {
				t.Errorf("a refused login was tried again: %d requests", n)
			}
			o.doctor("erp") // a person asks, and it is still refused
			if s.asked.Load() == before {
				t.Error("doctor asked nothing")
			}
			o.run("bills", "paused PC441")
			o.env["secret"] = right
			e := o.open()
			defer func() { _ = e.Close() }()
			if rep, err := e.Run(t.Context(), "bills", engine.RunOptions{}); err != nil || rep.Status != run.Done {
				t.Errorf("with the right secret: %+v, %v", rep, err)
			}
			if _, ok := problem.Page("PC441"); !ok {
				t.Error("no page")
			}
		})
	}
}
