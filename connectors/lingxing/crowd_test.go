package lingxing_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/lingxing"
	box "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
	"github.com/pipectl/pipectl/engine/value"
)

// shop is a simulator whose clock can be made to stand still, and a computer beside it with a clock of
// its own.
type shop struct {
	*testing.T
	kit    *sandbox.Kit
	server *sandbox.Server
	still  atomic.Pointer[time.Time] // nil: its clock runs
	ours   time.Duration             // our clock less the vendor's
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{T: t}
	s.kit = sandbox.New(sandbox.Options{Seed: 1, Orders: 20, Now: func() time.Time {
		if at := s.still.Load(); at != nil {
			return *at
		}
		return time.Now()
	}})
	s.server = sandboxtest.Start(t, box.New(s.kit), s.kit)
	return s
}

// atOnce does something while the simulator's clock stands still.
func (s *shop) atOnce(do func()) {
	now := time.Now()
	s.still.Store(&now)
	do()
	s.still.Store(nil)
}

func (s *shop) do(action string, args any) {
	s.Helper()
	if code, _ := sandboxtest.Post(s.T, s.server.ControlURL()+"do/"+action, args); code != 200 {
		s.Fatalf("%s answers %d", action, code)
	}
}

// open is a connection of a new process.
func (s *shop) open(page int) connector.Conn {
	s.Helper()
	set := s.server.Settings()
	cfg := lingxing.Definition.New().(*lingxing.Config) //nolint:forcetypeassert // its own
	cfg.URL, cfg.AppID, cfg.Secret, cfg.Page = set["url"], set["app_id"], set["secret"], page
	conn, err := lingxing.Definition.Open(s.Context(), cfg, connector.Env{
		Name: "lingxing", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.kit.Clock.Now().Add(s.ours) },
		Rate: connector.Rate{PerSecond: 5000, InFlight: 8},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	return conn
}

// read reads until stop pages were read (0: all), and answers the orders, and the cursor to go on from.
func (s *shop) read(conn connector.Conn, q connector.Query, stop int) (orders []string, cursor string, pages int) {
	s.Helper()
	cursor = q.Cursor
	for p, err := range conn.(connector.Reader).Read(s.Context(), q) {
		if err != nil {
			s.Fatal(err)
		}
		if len(p.Records) > 1000 {
			s.Fatalf("a page of %d", len(p.Records))
		}
		for _, r := range p.Records {
			sid, _ := value.KeyText(r.Data.Get("sid"))
			orders = append(orders, sid+"/"+r.Data.Get("amazon_order_id").Text())
		}
		if p.Safe != "" {
			cursor = p.Safe
		}
		if pages++; pages == stop {
			break
		}
	}
	return orders, cursor, pages
}

func everyOrder() connector.Query {
	return connector.Query{Object: "orders", Field: "gmt_modified", Start: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// TestTenThousandOrdersOfOneMoment: an import stamps very many orders with one second. None is lost and
// none is read twice, wherever a run is killed among them; the cursor gets past them; and what arrives
// later with that same second is found by the lookback.
func TestTenThousandOrdersOfOneMoment(t *testing.T) {
	const all = 10_000
	s := newShop(t)
	before, _, _ := s.read(s.open(1000), everyOrder(), 0)
	s.atOnce(func() { s.do("add-order", map[string]any{"count": all}) })
	s.kit.Clock.Advance(30 * time.Minute)
	q := everyOrder()
	orders, end, pages := s.read(s.open(1000), q, 0)
	if n := len(orders); n != all+len(before) || len(slices.Compact(slices.Sorted(slices.Values(orders)))) != n {
		t.Fatalf("%d orders, %d of them different; there are %d", n, len(slices.Compact(slices.Sorted(slices.Values(orders)))), all+len(before))
	}
	for _, stop := range []int{2, 7, pages - 1} { // killed after so many pages
		first, cursor, _ := s.read(s.open(1000), q, stop)
		on := q
		on.Cursor = cursor
		rest, last, _ := s.read(s.open(1000), on, 0)
		if n := len(slices.Compact(slices.Sorted(slices.Values(slices.Concat(first, rest))))); n != all+len(before) || last < end {
			t.Errorf("killed after page %d, gone on from %q: %d orders of %d, the cursor comes to %s, before %s", stop, cursor, n, all+len(before), last, end)
		}
	}
	q.Cursor = end
	if orders, _, _ := s.read(s.open(1000), q, 0); len(orders) != 0 {
		t.Errorf("the cursor %s stays among them: %d orders are read again", end, len(orders))
	}
	s.do("late-order", map[string]any{"age": "30m", "modified_age": "30m", "sid": 113, "order_id": "999-0000001-0000001"})
	s.kit.Clock.Advance(5 * time.Minute)
	q.Lookback = time.Hour
	if orders, _, _ := s.read(s.open(1000), q, 0); !slices.Contains(orders, "113/999-0000001-0000001") {
		t.Errorf("a late order of that time isn't found within the lookback; %d orders", len(orders))
	}
}

// TestOurClockIsADayOff: the vendor's clock counts, also before a process has heard it.
func TestOurClockIsADayOff(t *testing.T) {
	for _, ours := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
		s := newShop(t)
		s.ours = ours
		_, cursor, _ := s.read(s.open(100), everyOrder(), 0)
		at, err := time.Parse(time.RFC3339, cursor)
		if now := s.kit.Clock.Now(); err != nil || at.After(now.Add(-time.Minute)) || at.Before(now.Add(-2*time.Minute)) {
			t.Errorf("our clock %s ahead: cursor %s, the vendor's clock says %s", ours, cursor, now)
		}
		s.do("add-order", map[string]any{"sid": 113, "order_id": "999-0000001-0000001"})
		s.kit.Clock.Advance(5 * time.Minute)
		for _, then := range []time.Duration{ours, 0, 24 * time.Hour, -24 * time.Hour} { // and it jumps between the runs
			q := everyOrder()
			q.Cursor, q.CursorAt = cursor, s.kit.Clock.Now().Add(ours-5*time.Minute)
			s.ours = then
			orders, next, _ := s.read(s.open(100), q, 0)
			if !slices.Contains(orders, "113/999-0000001-0000001") {
				t.Errorf("our clock %s ahead, then %s: an order after the cursor is lost", ours, then)
			}
			if at, err := time.Parse(time.RFC3339, next); err != nil || at.After(s.kit.Clock.Now().Add(-time.Minute)) {
				t.Errorf("our clock %s ahead, then %s: cursor %s, the vendor's clock says %s", ours, then, next, s.kit.Clock.Now())
			}
		}
	}
}

// TestVendorsClockIsSetBack: orders are stamped with times before the cursor then.
func TestVendorsClockIsSetBack(t *testing.T) {
	for _, jump := range []time.Duration{24 * time.Hour, 10 * time.Minute} {
		s := newShop(t)
		s.kit.Clock.Advance(jump)
		s.ours = -jump
		q := everyOrder()
		_, q.Cursor, _ = s.read(s.open(100), q, 0)
		q.CursorAt = s.kit.Clock.Now().Add(s.ours)
		s.kit.Clock.Advance(-jump)
		s.ours = 0
		s.do("add-order", map[string]any{"sid": 113, "order_id": "999-0000001-0000001"}) // at once
		s.kit.Clock.Advance(20 * time.Minute)
		orders, cursor, _ := s.read(s.open(100), q, 0)
		if !slices.Contains(orders, "113/999-0000001-0000001") {
			t.Errorf("set back by %s: the cursor is at %s, and an order before it is lost", jump, q.Cursor)
		}
		if at, err := time.Parse(time.RFC3339, cursor); err != nil || at.After(s.kit.Clock.Now()) {
			t.Errorf("set back by %s: the cursor stays at %s, past the vendor's clock %s", jump, cursor, s.kit.Clock.Now())
		}
	}
}

// What is throttled in the middle of a reading is asked for again, and nothing before it.
func TestThrottledReadingGoesOn(t *testing.T) {
	s := newShop(t)
	want, _, _ := s.read(s.open(4), everyOrder(), 0)
	for _, path := range []string{"/mws/orders", "/mws/orderDetail"} {
		s.kit.Faults.Add(sandbox.Fault{Kind: "throttled", Path: path, Skip: 3, Count: 3})
		waits := 0
		ctx := connector.WithPatience(t.Context(), func(_ context.Context, p *problem.Error) error {
			waits++
			s.kit.Clock.Advance(max(p.After, time.Second))
			return nil
		})
		n := 0
		for p, err := range s.open(4).(connector.Reader).Read(ctx, everyOrder()) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(p.Records)
		}
		if n != len(want) || waits == 0 {
			t.Errorf("%s: %d records of %d, %d waits", path, n, len(want), waits)
		}
	}
}
