package kingdee_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/kingdee"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// pages reads until stop pages were read (0: all), and answers the bills, and the cursor to go on from.
func (e *erp) pages(q connector.Query, stop int) (bills []string, cursor string, pages int) {
	e.Helper()
	cursor = q.Cursor
	for p, err := range e.conn.(connector.Reader).Read(e.Context(), q) {
		if err != nil {
			e.Fatal(err)
		}
		if len(p.Records) > 1000 {
			e.Fatalf("a page of %d", len(p.Records))
		}
		for _, r := range p.Records {
			bills = append(bills, r.Data.Get("FBillNo").Text())
		}
		if p.Safe != "" {
			cursor = p.Safe
		}
		if pages++; pages == stop {
			break
		}
	}
	return bills, cursor, pages
}

// TestTenThousandBillsOfOneMoment: a mass update stamps very many bills with one time. None is lost and
// none is read twice, wherever a run is killed among them; the cursor gets past them; and what appears
// later with that same time is found by the lookback.
func TestTenThousandBillsOfOneMoment(t *testing.T) {
	const all = 10_000
	e := start(t, func(c *kingdee.Config) { c.Page = 1000 })
	moment := e.kit.Clock.Now().In(time.FixedZone("", 8*60*60)).Add(-30 * time.Minute)
	at := moment.Format("2006-01-02 15:04:05")
	e.do("create-bills", map[string]any{"count": all, "prefix": "CROWD", "modified": at})
	q := connector.Query{Object: "SAL_SaleOrder", Field: "FModifyDate", Fields: []string{"FBillNo"}}

	once := func(what string, bills []string) {
		t.Helper()
		n := 0
		seen := map[string]bool{}
		for _, b := range bills {
			if seen[b] {
				t.Fatalf("%s: %s is read twice", what, b)
			}
			if seen[b] = true; strings.HasPrefix(b, "CROWD-") {
				n++
			}
		}
		if n != all {
			t.Fatalf("%s: %d bills of %d", what, n, all)
		}
	}
	bills, end, count := e.pages(q, 0)
	once("in one go", bills)
	for _, stop := range []int{1, 4, count - 1} { // killed after so many pages
		first, cursor, _ := e.pages(q, stop)
		on := q
		on.Cursor = cursor
		rest, last, _ := e.pages(on, 0)
		both := slices.Concat(first, rest)
		slices.Sort(both)
		once("killed", slices.Compact(both))
		if last != end && last < end {
			t.Errorf("killed after page %d: the cursor comes to %s, else to %s", stop, last, end)
		}
	}
	q.Cursor = end
	if bills, _, _ = e.pages(q, 0); len(bills) != 0 {
		t.Errorf("the cursor %s stays among them: %d bills are read again", end, len(bills))
	}
	e.do("create-bill", map[string]any{"form": "SAL_SaleOrder", "number": "LATE-1", "modified": at})
	e.kit.Clock.Advance(5 * time.Minute)
	q.Lookback = time.Hour
	if bills, _, _ = e.pages(q, 0); !slices.Contains(bills, "LATE-1") {
		t.Errorf("a late bill of the same moment isn't found within the lookback; %d bills", len(bills))
	}
}

// TestCursorStaysBehindTheServersClock: whatever our clock says, and whatever time a bill carries.
func TestCursorStaysBehindTheServersClock(t *testing.T) {
	for _, ours := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
		e := start(t, nil)
		e.do("create-bills", map[string]any{"count": 3, "prefix": "NOW"})
		future := e.kit.Clock.Now().In(time.FixedZone("", 8*60*60)).Add(24 * time.Hour).Format("2006-01-02 15:04:05")
		e.do("create-bill", map[string]any{"form": "SAL_SaleOrder", "number": "FUTURE", "modified": future})
		e.conn = e.openAt(func() time.Time { return e.kit.Clock.Now().Add(ours) })
		q := connector.Query{Object: "SAL_SaleOrder", Field: "FModifyDate", Fields: []string{"FBillNo"}}
		bills, cursor, _ := e.pages(q, 0)
		stands, err := time.Parse(time.RFC3339, cursor)
		if latest := e.kit.Clock.Now().Add(-time.Minute); err != nil || stands.After(latest) || stands.Before(latest.Add(-time.Hour)) || len(bills) != 4 {
			t.Errorf("our clock %s ahead: cursor %s, the server's clock says %s; %d bills", ours, cursor, e.kit.Clock.Now(), len(bills))
		}
		e.do("create-bills", map[string]any{"count": 1, "prefix": "AFTER"})
		e.kit.Clock.Advance(5 * time.Minute)
		q.Cursor = cursor
		if bills, _, _ := e.pages(q, 0); !slices.Contains(bills, "AFTER-000001") {
			t.Errorf("our clock %s ahead: a bill after the cursor is lost: %v", ours, bills)
		}
	}
}

// TestServersClockIsSetBack: bills are stamped with times before the cursor then.
func TestServersClockIsSetBack(t *testing.T) {
	e := start(t, nil)
	our := e.kit.Clock.Now()
	e.kit.Clock.Advance(24 * time.Hour) // the server is a day ahead of us
	e.conn = e.openAt(func() time.Time { return our })
	e.do("create-bills", map[string]any{"count": 3, "prefix": "BEFORE"})
	q := connector.Query{Object: "SAL_SaleOrder", Field: "FModifyDate", Fields: []string{"FBillNo"}}
	_, q.Cursor, _ = e.pages(q, 0)
	q.CursorAt = our
	e.kit.Clock.Advance(-24 * time.Hour)
	e.do("create-bills", map[string]any{"count": 1, "prefix": "AFTER"}) // at once
	e.kit.Clock.Advance(20 * time.Minute)
	our = our.Add(20 * time.Minute)
	e.conn = e.openAt(func() time.Time { return our }) // a new process, which has not heard the server yet
	bills, cursor, _ := e.pages(q, 0)
	if !slices.Contains(bills, "AFTER-000001") {
		t.Errorf("the cursor is at %s, and a bill before it is lost: %v", q.Cursor, bills)
	}
	if at, err := time.Parse(time.RFC3339, cursor); err != nil || at.After(e.kit.Clock.Now()) {
		t.Errorf("the cursor stays at %s, past the server's clock %s", cursor, e.kit.Clock.Now())
	}
}

// A mass update that is throttled in its middle is read on where it was, by a reader that may wait.
func TestThrottledReadingGoesOn(t *testing.T) {
	e := start(t, func(c *kingdee.Config) { c.Page = 5 })
	e.do("create-bills", map[string]any{"count": 23, "prefix": "BULK"})
	e.kit.Faults.Add(throttledQuery(2))
	e.kit.Faults.Add(throttledQuery(4))
	waits := 0
	ctx := connector.WithPatience(t.Context(), patient(e.kit, &waits))
	n := 0
	for p, err := range e.conn.(connector.Reader).Read(ctx, connector.Query{Object: "SAL_SaleOrder", Field: "FModifyDate", Fields: []string{"FBillNo"}}) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(p.Records)
	}
	if n != 23 || waits != 2 {
		t.Errorf("%d records of 23, %d waits of 2", n, waits)
	}
}

func throttledQuery(skip int) sandbox.Fault {
	return sandbox.Fault{Kind: "throttled", Path: "ExecuteBillQuery", Skip: skip}
}

// patient waits on the simulator's clock.
func patient(kit *sandbox.Kit, waits *int) func(context.Context, *problem.Error) error {
	return func(_ context.Context, p *problem.Error) error {
		*waits++
		kit.Clock.Advance(max(p.After, time.Second))
		return nil
	}
}

// openAt is a connection of a computer with a clock of its own.
func (e *erp) openAt(now func() time.Time) connector.Conn {
	e.Helper()
	s := e.server.Settings()
	cfg := kingdee.Definition.New().(*kingdee.Config) //nolint:forcetypeassert // its own
	cfg.URL, cfg.Account, cfg.User = s["url"], s["acct_id"], s["user"]
	cfg.Auth, cfg.Password = "password", s["password"] // a signature would hold the time, and be refused
	conn, err := kingdee.Definition.Open(e.Context(), cfg, connector.Env{
		Name: "kingdee", Log: slog.New(slog.DiscardHandler), Now: now, Rate: connector.Rate{PerSecond: 5000, InFlight: 8},
	})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = conn.Close() })
	return conn
}
