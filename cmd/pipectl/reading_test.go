package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// Reading under fire, over HTTP: what Lingxing has is what Kingdee gets, whatever moves while it is
// read, comes late, or tells another time.

// market is a project between a Lingxing and a Kingdee, each of whose runs is a process of its own.
type market struct {
	*office
	shop, erp *system
	lingxing  sandbox.System
	page      func(path string, body []byte) // before the shop answers; nil: nothing
}

// ServeHTTP lets a test act between two pages.
func (m *market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		m.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if m.page != nil {
		m.page(r.URL.Path, body)
	}
	m.lingxing.ServeHTTP(w, r)
}

// hooked is the shop's system with the market before it.
type hooked struct {
	sandbox.System
	do http.Handler
}

func (h hooked) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.do.ServeHTTP(w, r) }

const pathOfOrders = "/erp/sc/data/mws/orders"

// ordersPipeline writes each order as a bill.
const ordersPipeline = `name: orders
source: {connection: shop, object: orders, cursor: {field: gmt_modified, lookback: 10m}, reread: {every: 6h, window: 2d}}
key: [sid, amazon_order_id]
steps:
  - map:
      const: {FBillTypeID.FNumber: XSDD01_SYS, FSaleOrgId.FNumber: "100", FSaleOrderFinance.FSettleCurrId.FNumber: PRE001, FCustId.FNumber: CUST-SHOP-113, FSalerId.FNumber: "0001", FDate: 2026-03-01}
      FBillNo: text(sid, "-", amazon_order_id)
      FSaleOrderEntry:
        each: {line: item_list}
        const: {FMaterialId.FNumber: MUG-RED, FUnitID.FNumber: Pcs, FDeliveryDate: 2026-03-03}
        FQty: line.quantity_ordered
        FTaxPrice: 113
        FEntryTaxRate: 13
target: {connection: erp, object: SAL_SaleOrder, key: FBillNo, then: [submit, audit], changed: reopen, batch: 5}
`

func newMarket(t *testing.T, page int) *market {
	t.Helper()
	m := &market{office: &office{t: t, dir: t.TempDir(), clock: &moved{}, env: map[string]string{}}}
	m.shop, m.erp = newSystem(t, "lingxing", m.clock, 1), newSystem(t, "kingdee", m.clock, 0)
	m.lingxing, m.shop.System = m.shop.System, hooked{m.shop.System, m}
	m.write("pipectl.yaml", fmt.Sprintf("connections:\n  data: {type: file, dir: data}\n"+
		"  shop:\n    type: lingxing\n    page: %d\n    rate: {per_second: 1000}\n%s"+
		"  erp:\n    type: kingdee\n    rate: {per_second: 1000, in_flight: 8}\n%s", page, m.settings(m.shop, "LX_"), m.settings(m.erp, "KD_")))
	m.write("pipelines/orders.yaml", ordersPipeline)
	m.write("data/out.jsonl", "")
	return m
}

// do is one of the shop's actions.
func (m *market) do(action string, args map[string]any) {
	m.t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, a := range m.shop.Actions() {
		if a.Name == action {
			if _, err := a.Do(text); err != nil {
				m.t.Fatal(err)
			}
			return
		}
	}
	m.t.Fatalf("the shop cannot do %q", action)
}

// order puts an order of the US shop into it; at age 0 it is one of now.
func (m *market) order(id string, age time.Duration) {
	m.t.Helper()
	args := map[string]any{"kind": "plain", "sid": 113, "order_id": id}
	if age == 0 {
		m.do("add-order", args)
		return
	}
	args["age"], args["modified_age"] = age.String(), age.String()
	m.do("late-order", args)
}

func (m *market) change(id string, qty int) {
	m.t.Helper()
	m.do("change-order", map[string]any{"sid": 113, "order_id": id, "qty": qty})
}

// ran runs a pipeline in a new process, and wants it done.
func (m *market) ran(pipeline string, o engine.RunOptions) run.Report {
	m.t.Helper()
	rep, err := m.tried(pipeline, o)
	if err != nil || rep.Error != nil || rep.Status != run.Done {
		m.t.Fatalf("%s: %+v, %v", pipeline, rep, err)
	}
	return rep
}

func (m *market) tried(pipeline string, o engine.RunOptions) (run.Report, error) {
	m.t.Helper()
	e := m.open()
	defer func() { _ = e.Close() }()
	return e.Run(m.t.Context(), pipeline, o)
}

// killed runs until a point was passed so many times.
func (m *market) killed(pipeline, point string, times int, o engine.RunOptions) {
	m.t.Helper()
	var passed atomic.Int32 // by several batches at once
	o.Reached = func(p string) bool {
		if p == point {
			passed.Add(1)
		}
		return passed.Load() < int32(times)
	}
	if rep, err := m.tried(pipeline, o); !errors.Is(err, run.ErrAbandoned) {
		m.t.Fatalf("%s wasn't killed: %+v, %v", pipeline, rep, err)
	}
}

func (m *market) status(pipeline string) engine.Status {
	m.t.Helper()
	e := m.open()
	defer func() { _ = e.Close() }()
	all, err := e.Status()
	i := slices.IndexFunc(all, func(s engine.Status) bool { return s.Pipeline == pipeline })
	if err != nil || i < 0 {
		m.t.Fatalf("%+v, %v", all, err)
	}
	return all[i]
}

// shopHas and erpHas are the quantities of all orders, by the number of the bill.
func (m *market) shopHas() map[string]string {
	m.t.Helper()
	var all []struct {
		SID     json.Number `json:"sid"`
		ID      string      `json:"amazon_order_id"`
		ItemLst []struct {
			Qty json.Number `json:"quantity_ordered"`
		} `json:"item_list"`
	}
	m.dump(m.shop, "orders", &all)
	out := map[string]string{}
	for _, o := range all {
		qty := "C"
		for _, l := range o.ItemLst {
			qty += " " + l.Qty.String()
		}
		out[o.SID.String()+"-"+o.ID] += qty
	}
	return out
}

func (m *market) erpHas() map[string]string {
	m.t.Helper()
	var all []struct {
		FBillNo, FDocumentStatus string
		FSaleOrderEntry          []struct{ FQty json.Number }
	}
	m.dump(m.erp, "SAL_SaleOrder", &all)
	out := map[string]string{}
	for _, b := range all {
		if strings.Count(b.FBillNo, "-") != 3 {
			continue // one of the ERP's own
		}
		qty := b.FDocumentStatus
		for _, l := range b.FSaleOrderEntry {
			n, _, _ := strings.Cut(l.FQty.String(), ".")
			qty += " " + n
		}
		out[b.FBillNo] += qty
	}
	return out
}

func (m *market) dump(s *system, what string, into any) {
	m.t.Helper()
	text, err := json.Marshal(s.Dump()[what])
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// agree wants every order once in the ERP, as it is now in the shop, and nothing open.
func (m *market) agree() {
	m.t.Helper()
	want, got := m.shopHas(), m.erpHas()
	for _, no := range slices.Sorted(maps.Keys(want)) {
		if got[no] != want[no] {
			m.t.Errorf("%s is %q in the ERP, and %q in the shop", no, got[no], want[no])
		}
	}
	if len(got) != len(want) {
		m.t.Errorf("the ERP has %d orders, the shop %d", len(got), len(want))
	}
	if s := m.status("orders"); s.Waiting+s.Invalid+s.Held+s.Failed != 0 {
		m.t.Errorf("%d waiting, %d invalid, %d held, %d failed", s.Waiting, s.Invalid, s.Held, s.Failed)
	}
}

func (m *market) missing(id string) bool { return m.erpHas()["113-"+id] == "" }

func number(i int) string { return fmt.Sprintf("999-%07d-%07d", i, i) }

// Fifty orders, five pages of one second: while they are read, others of that second change and leave
// it, so that all behind them move up, over the edges of pages.
func TestOrdersMoveWhileTheyAreReadOverHTTP(t *testing.T) {
	m := newMarket(t, 10)
	m.clock.atOnce(func() {
		for i := range 50 {
			m.order(number(i), 0)
		}
	})
	m.clock.forward(30 * time.Minute)
	moving := 0
	m.page = func(path string, body []byte) {
		if path == pathOfOrders && !bytes.Contains(body, []byte(`"offset":0`)) && moving < 20 {
			m.change(number(moving), 7)
			moving++
		}
	}
	m.ran("orders", engine.RunOptions{})
	if m.page = nil; moving < 4 {
		t.Fatalf("%d orders moved", moving)
	}
	m.clock.forward(5 * time.Minute)
	m.ran("orders", engine.RunOptions{})
	m.agree()
}

// An order that the shop lists late is found by the next run when it is inside the lookback, else when
// the older window is looked at again.
func TestLateOrdersOverHTTP(t *testing.T) {
	m := newMarket(t, 100)
	m.order(number(1), 0)
	m.ran("orders", engine.RunOptions{})
	m.clock.forward(time.Hour)
	m.ran("orders", engine.RunOptions{})
	m.order(number(2), 5*time.Minute)
	m.order(number(3), 20*time.Hour)
	m.ran("orders", engine.RunOptions{})
	if m.missing(number(2)) || !m.missing(number(3)) {
		t.Errorf("after the next run the ERP has %v", m.erpHas())
	}
	m.clock.forward(6 * time.Hour)
	m.ran("orders", engine.RunOptions{})
	m.agree()
}

// A back-fill is killed, and live work goes on beside it: the cursor is live work's alone, and the same
// command goes on where the back-fill was.
func TestBackfillOverHTTP(t *testing.T) {
	m := newMarket(t, 10)
	m.order(number(1), 0)
	m.ran("orders", engine.RunOptions{})
	for i := range 60 {
		m.order(number(100+i), time.Duration(100+i)*time.Hour)
	}
	now := m.clock.Now()
	window := engine.RunOptions{Since: now.Add(-200 * time.Hour), Until: now.Add(-50 * time.Hour), Said: "--since 200h --until 50h"}
	before := m.status("orders").Cursor
	m.killed("orders", "after outcome", 3, window)
	if s := m.status("orders"); s.Cursor != before || s.Backfill == nil || s.Backfill.Cursor == "" {
		t.Fatalf("cursor %s, it was %s; back-fill %+v", s.Cursor, before, s.Backfill)
	}
	m.clock.forward(20 * time.Minute)
	m.order(number(2), 0)
	if rep := m.ran("orders", engine.RunOptions{}); rep.Created == 0 || m.missing(number(2)) {
		t.Errorf("live work stands still: %+v", rep)
	}
	live := m.status("orders").Cursor
	rep := m.ran("orders", window)
	if rep.Read >= 60 || !strings.Contains(strings.Join(rep.Notes, "\n"), "goes on at") {
		t.Errorf("it began anew: %+v", rep)
	}
	if s := m.status("orders"); s.Cursor != live || s.Backfill != nil {
		t.Errorf("cursor %s, it was %s; back-fill %+v", s.Cursor, live, s.Backfill)
	}
	m.agree()
}

// Ten thousand orders of one second, ten pages of them; the run is killed in their middle, and again.
// Each comes once.
func TestTenThousandOrdersOfOneSecondOverHTTP(t *testing.T) {
	m := newMarket(t, 1000)
	m.write("pipelines/log.yaml", `name: log
source: {connection: shop, object: orders, cursor: {field: gmt_modified, lookback: 10m}}
key: [sid, amazon_order_id]
steps:
  - map:
      no: text(sid, "-", amazon_order_id)
      qty: detail.item_list[0].quantity_ordered
target: {connection: data, object: out.jsonl, key: no, params: {mode: append}}
`)
	const all = 10_000
	m.clock.atOnce(func() { m.do("add-order", map[string]any{"kind": "plain", "count": all}) })
	m.clock.forward(30 * time.Minute)
	m.killed("log", "before save", 4, engine.RunOptions{})
	m.killed("log", "after save", 3, engine.RunOptions{})
	m.ran("log", engine.RunOptions{})
	m.clock.forward(30 * time.Minute)
	if rep := m.ran("log", engine.RunOptions{}); rep.Read != 0 {
		t.Errorf("the cursor %s stays among them: %d are read again", rep.Cursor.From, rep.Read)
	}
	text, err := os.ReadFile(filepath.Join(m.dir, "data", "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(lines)
	if n := len(slices.Compact(slices.Clone(lines))); len(lines) != all+1 || n != len(lines) {
		t.Errorf("%d lines, %d of them different; there are %d orders", len(lines), n, all+1)
	}
}

// A clock jumps by a day between two runs, and back: ours, the shop's, or all of them. No order is
// lost by it, and the cursor doesn't come to stand in a future that takes it a day to leave.
func TestClocksJumpOverHTTP(t *testing.T) {
	const day = 26 * time.Hour
	jumps := map[string]func(m *market, d time.Duration){
		"the shop's": func(m *market, d time.Duration) { m.shop.kit.Clock.Advance(d) },
		"ours": func(m *market, d time.Duration) {
			m.clock.forward(d)
			m.shop.kit.Clock.Advance(-d)
			m.erp.kit.Clock.Advance(-d)
		},
	}
	for whose, jump := range jumps {
		for _, by := range []time.Duration{day, -day} {
			t.Run(fmt.Sprint(whose, by), func(t *testing.T) {
				m := newMarket(t, 100)
				m.write("pipelines/orders.yaml", strings.Replace(ordersPipeline, ", reread: {every: 6h, window: 2d}", "", 1))
				m.order(number(1), 0)
				m.ran("orders", engine.RunOptions{})
				for i, d := range []time.Duration{by, -by} {
					m.clock.forward(5 * time.Minute)
					jump(m, d)
					m.order(number(2+i), 0)
					m.change(number(1), 5+i)
					m.ran("orders", engine.RunOptions{})
				}
				for range 2 {
					m.clock.forward(20 * time.Minute)
					m.ran("orders", engine.RunOptions{})
				}
				m.agree()
				at, err := time.Parse(time.RFC3339, m.status("orders").Cursor)
				if behind := m.shop.kit.Clock.Now().Sub(at); err != nil || behind < time.Minute || behind > 30*time.Minute {
					t.Errorf("the cursor stands %s behind the shop's clock, %v", behind, err)
				}
			})
		}
	}
}

// A shop's own times jump over an hour and repeat one. The cursor goes by Beijing's time, which does
// neither; an order's time is what the shop wrote, and of an hour that comes twice the first one.
func TestShopsThatChangeTheirClocksOverHTTP(t *testing.T) {
	for _, c := range []struct {
		sid  int
		zone string
		jump time.Time
		back bool
	}{
		{113, "America/Los_Angeles", time.Date(2026, 3, 8, 10, 0, 0, 0, time.UTC), false},
		{113, "America/Los_Angeles", time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), true},
		{199, "Europe/Berlin", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), false},
		{199, "Europe/Berlin", time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), true},
	} {
		t.Run(fmt.Sprint(c.zone, c.back), func(t *testing.T) {
			m := newMarket(t, 100)
			m.clock.forward(c.jump.Add(-3 * time.Hour).Sub(m.clock.Now()))
			m.shop.kit.Clock.Set(m.clock.Now())
			m.write("pipelines/times.yaml", fmt.Sprintf(`name: times
source: {connection: shop, object: orders, params: {sid: %d}, cursor: {field: gmt_modified, lookback: 10m, start: 2026-01-01T00:00:00+08:00}}
key: [sid, amazon_order_id]
steps:
  - map:
      no: text(sid, "-", amazon_order_id)
      off: unix(purchase_date_utc) - unix(instant(purchase_date_local, "%s"))
target: {connection: data, object: out.jsonl, key: no, params: {mode: append}}
`, c.sid, c.zone))
			for i := range 18 { // an order each twenty minutes, over the jump, and a run after each third
				m.clock.forward(20 * time.Minute)
				m.do("add-order", map[string]any{"kind": "plain", "sid": c.sid, "order_id": number(i)})
				if i%3 == 2 {
					m.ran("times", engine.RunOptions{})
				}
			}
			text, err := os.ReadFile(filepath.Join(m.dir, "data", "out.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			lines, off := strings.Split(strings.TrimSpace(string(text)), "\n"), map[json.Number]int{}
			for _, line := range lines {
				var x struct{ Off json.Number }
				if err := json.Unmarshal([]byte(line), &x); err != nil {
					t.Fatal(err)
				}
				off[x.Off]++
			}
			want := map[json.Number]int{"0": 18}
			if c.back {
				want = map[json.Number]int{"0": 15, "3600": 3}
			}
			if !maps.Equal(off, want) {
				t.Errorf("orders by how far their time is off, in seconds: %v, want %v\n%s", off, want, text)
			}
		})
	}
}
