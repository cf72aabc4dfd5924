package lingxing

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// table is a list of orders as a stub holds it, with the bad habits that a test gives it.
type table struct {
	s      *stub
	orders []entry

	most     int  // rows in a page, whatever is asked for; 0: as asked
	anywhen  bool // ignores the window
	noTotal  bool
	promised int        // rows more than there are, in total, where there are any
	phantoms int        // rows that are promised where there are none
	stuck    bool       // ignores offset
	cycle    int        // answers the pages before this row over and over
	hole     int        // the page that begins at this row is empty
	dice     *rand.Rand // rows of one second come in another order each time
	counts   func(total, rows int) int
	noDetail func(string) bool // orders whose detail doesn't come
	between  func(offset int)  // what happens before a page is listed
}

type entry struct {
	sid int
	id  string
	at  time.Time // gmt_modified
}

func newTable(t *testing.T, at ...time.Time) *table {
	t.Helper()
	tb := &table{s: newStub(t)}
	for i, x := range at {
		tb.orders = append(tb.orders, entry{113, fmt.Sprintf("111-%05d", i), x})
	}
	tb.s.answer = tb.answer
	return tb
}

func (e entry) row() string {
	return fmt.Sprintf(`{"sid":%d,"amazon_order_id":"%s","order_total_amount":"54.98","gmt_modified":"%s","item_list":[]}`, e.sid, e.id, e.at.In(beijing).Format(stamp))
}

func (tb *table) answer(path string, body map[string]any) string {
	switch path {
	case pathOrders:
		return tb.list(body)
	case pathDetail:
		return tb.details(body)
	}
	return `{"code":400,"message":"服务不存在"}`
}

func (tb *table) list(body map[string]any) string {
	if tb.between != nil {
		tb.between(int(body["offset"].(float64)))
	}
	from, err1 := time.ParseInLocation(stamp, fmt.Sprint(body["start_date"]), beijing)
	to, err2 := time.ParseInLocation(stamp, fmt.Sprint(body["end_date"]), beijing)
	if err1 != nil || err2 != nil || to.Sub(from) > 366*24*time.Hour || body["sort_desc_by_date_type"] == nil {
		return fmt.Sprintf(`{"code":102,"message":"参数不合法","error_details":["window %v"]}`, body)
	}
	var fit []string
	for _, e := range tb.orders {
		if tb.anywhen || !e.at.Before(from) && e.at.Before(to) {
			fit = append(fit, e.row())
		}
	}
	if tb.dice != nil {
		tb.dice.Shuffle(len(fit), func(i, j int) { fit[i], fit[j] = fit[j], fit[i] })
	}
	total := len(fit)
	offset, length := int(body["offset"].(float64)), int(body["length"].(float64))
	if tb.most > 0 {
		length = min(length, tb.most)
	}
	if tb.stuck {
		offset = 0
	}
	if tb.cycle > 0 {
		offset %= tb.cycle
	}
	fit = fit[min(offset, total):]
	fit = fit[:min(length, len(fit))]
	if tb.hole > 0 && offset == tb.hole {
		fit = nil
	}
	if tb.counts != nil {
		return tb.s.list(fit, tb.counts(total, len(fit)))
	}
	if tb.noTotal {
		return fmt.Sprintf(`{"code":0,"message":"success","data":[%s]}`, strings.Join(fit, ","))
	}
	if total == 0 {
		return tb.s.list(nil, tb.phantoms)
	}
	return tb.s.list(fit, total+tb.promised)
}

func (tb *table) details(body map[string]any) string {
	var rows []string
	ids := strings.Split(fmt.Sprint(body["order_id"]), ",")
	if len(ids) > 200 {
		return `{"code":102,"message":"order_id"}`
	}
	for _, e := range tb.orders {
		if slices.Contains(ids, e.id) && (tb.noDetail == nil || !tb.noDetail(e.id)) {
			rows = append(rows, fmt.Sprintf(`{"sid":%d,"amazon_order_id":"%s","currency":"USD","gmt_modified":"%s","item_list":[{"item_price_amount":"%d.00"}]}`,
				e.sid, e.id, e.at.In(beijing).Format(stamp), e.sid))
		}
	}
	return tb.s.list(rows, len(rows))
}

// spread makes n times within one day, ending an hour ago by the stub's clock; burst all in one second.
func spread(n int) []time.Time {
	end := time.Date(2025, 10, 9, 7, 53, 20, 0, time.UTC)
	out := make([]time.Time, n)
	for i := range out {
		out[i] = end.Add(-24 * time.Hour * time.Duration(n-i) / time.Duration(n)).Truncate(time.Second)
	}
	return out
}

func burst(n int) []time.Time {
	return slices.Repeat([]time.Time{time.Date(2025, 10, 9, 3, 0, 0, 0, time.UTC)}, n)
}

func ordersQuery() connector.Query {
	return connector.Query{Object: "orders", Field: "gmt_modified", Start: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func distinct(records []connector.Record) int {
	seen := map[string]bool{}
	for _, r := range records {
		seen[shopOf(r.Data)+"/"+r.Data.Get("amazon_order_id").Text()] = true
	}
	return len(seen)
}

func TestEveryOrderIsReadWhateverTheListDoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    []time.Time
		habit func(*table)
		once  bool // and no order twice
	}{
		{"nothing", nil, nil, true},
		{"one page", spread(10), nil, true},
		{"exactly one page", spread(20), nil, true},
		{"many pages", spread(333), nil, true},
		{"a burst in one second", burst(50), nil, true},
		{"a burst among others", slices.Concat(spread(100), burst(45)), nil, true},
		{"long pages are cut", spread(60), func(tb *table) { tb.most = 7 }, true},
		{"a burst, and long pages are cut", burst(60), func(tb *table) { tb.most = 7 }, true},
		{"a burst in another order each time", burst(50), func(tb *table) { tb.dice = rand.New(rand.NewPCG(1, 2)) }, true},
		{"a burst in another order each time, cut", burst(45), func(tb *table) { tb.dice, tb.most = rand.New(rand.NewPCG(1, 2)), 4 }, true},
		{"no total", spread(50), func(tb *table) { tb.noTotal = true }, false},
		{"the window is ignored", spread(50), func(tb *table) { tb.anywhen = true }, false},
		{"total is that of the page", spread(100), func(tb *table) { tb.counts = ofThePage }, true},
		{"total is nothing", spread(100), func(tb *table) { tb.counts = func(int, int) int { return 0 } }, false},
		{"total promises more than there is", burst(50), func(tb *table) { tb.promised = 30 }, true},
		{"total promises more, also where there is nothing", spread(50), func(tb *table) { tb.promised, tb.phantoms = 30, 30 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb := newTable(t, c.at...)
			if c.habit != nil {
				c.habit(tb)
			}
			records, safe, complete, err := readAll(t, tb.s.open(memory{}, 20), ordersQuery())
			if err != nil {
				t.Fatal(err)
			}
			if n := distinct(records); n != len(c.at) || c.once && len(records) != n {
				t.Errorf("%d records of %d orders, want %d", len(records), n, len(c.at))
			}
			if want := "2025-10-09T16:52:20+08:00"; safe != want {
				t.Errorf("cursor %s, want a minute before the vendor's clock, %s", safe, want)
			}
			if complete {
				t.Error("a window says that it was everything")
			}
		})
	}
}

func ofThePage(_, rows int) int { return rows }

func TestListsThatContradictThemselvesAreNoEnd(t *testing.T) {
	for name, habit := range map[string]func(*table){
		"the same page again":                 func(tb *table) { tb.stuck = true },
		"pages that come again":               func(tb *table) { tb.cycle = 40 },
		"pages that come again, and no total": func(tb *table) { tb.cycle, tb.noTotal = 40, true },
		"an empty page in the middle":         func(tb *table) { tb.hole = 20 },
		"total is too small":                  func(tb *table) { tb.counts = func(total, _ int) int { return min(total, 25) } },
		"total is too small, by a page":       func(tb *table) { tb.counts = func(total, _ int) int { return min(total, 40) } },
		"total is that of the page":           func(tb *table) { tb.counts = ofThePage },
		"rows are promised, not given":        func(tb *table) { tb.phantoms, tb.orders = 5, nil },
		"it grows for ever": func(tb *table) {
			tb.between = func(int) {
				tb.orders = append(tb.orders, entry{114, fmt.Sprintf("114-%05d", len(tb.orders)), tb.orders[0].at})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tb := newTable(t, burst(50)...)
			habit(tb)
			_, safe, _, err := readAll(t, tb.s.open(memory{}, 20), ordersQuery())
			wants(t, err, problem.Transient, idPaging)
			if at, err := time.Parse(time.RFC3339, safe); safe != "" && (err != nil || at.After(burst(1)[0])) {
				t.Errorf("cursor %s is past what was read", safe)
			}
		})
	}
}

// A row that changes while pages are read leaves the window: all behind it slide up one place.
func TestAMovingListLosesNothing(t *testing.T) {
	tb := newTable(t, burst(60)...)
	left := 0
	paging := false
	tb.between = func(offset int) {
		if paging = paging || offset > 0; paging && left < 6 { // six orders change, one before each of the pages
			tb.orders[0].at = tb.s.now
			tb.orders = append(tb.orders[1:], tb.orders[0])
			left++
		}
	}
	c := tb.s.open(memory{}, 10)
	q := ordersQuery()
	first, safe, _, err := readAll(t, c, q)
	if err != nil || left == 0 {
		t.Fatalf("%v, %d moved", err, left)
	}
	tb.s.advance(5 * time.Minute)
	q.Cursor = safe
	second, _, _, err := readAll(t, c, q)
	if err != nil {
		t.Fatal(err)
	}
	if n := distinct(append(first, second...)); n != 60 {
		t.Errorf("%d orders of 60", n)
	}
}

// Rows that come in before all others push them to pages that were read already.
func TestAGrowingListLosesNothing(t *testing.T) {
	tb := newTable(t, burst(60)...)
	come, paging := 0, false
	tb.between = func(offset int) {
		if paging = paging || offset > 0; paging && come < 4 {
			tb.orders = append([]entry{{113, fmt.Sprintf("112-%05d", come), burst(1)[0]}}, tb.orders...)
			come++
		}
	}
	records, safe, _, err := readAll(t, tb.s.open(memory{}, 10), ordersQuery())
	if n := distinct(records); err != nil || n != 64 || safe == "" {
		t.Errorf("%d orders of 64, cursor %q, error %v", n, safe, err)
	}
}

// What was changed within the margin is read at once; the cursor stays before it, so that what is
// listed late is read by the next run.
func TestTheNewestIsReadAtOnceAndAgain(t *testing.T) {
	tb := newTable(t, spread(2)...)
	tb.orders[1].at = tb.s.now
	c, q := tb.s.open(memory{}, 20), ordersQuery()
	for run, want := range []int{2, 1} {
		records, safe, _, err := readAll(t, c, q)
		if err != nil || len(records) != want {
			t.Errorf("run %d: %d records, want %d; %v", run, len(records), want, err)
		}
		q.Cursor = safe
	}
}

func TestTheCursorStaysBehindTheVendorsClock(t *testing.T) {
	tb := newTable(t, spread(3)...)
	c := tb.s.open(memory{}, 20)
	c.now = func() time.Time { return tb.s.clock().Add(time.Hour) } // our clock is an hour ahead
	_, safe, _, err := readAll(t, c, ordersQuery())
	if at, _ := time.Parse(time.RFC3339, safe); err != nil || at.After(tb.s.clock().Add(-margin)) {
		t.Errorf("cursor %s, error %v; the vendor's clock says %v", safe, err, tb.s.clock())
	}
}

func TestCursors(t *testing.T) {
	tb := newTable(t, spread(24)...)
	c := tb.s.open(memory{}, 100)
	q := ordersQuery()
	q.Cursor, q.Lookback = "2025-10-09T10:00:00+08:00", 2*time.Hour
	records, _, _, err := readAll(t, c, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Changed.Before(time.Date(2025, 10, 9, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%v is before cursor and lookback", r.Changed)
		}
	}
	if len(records) != 7 { // 00:53 to 06:53, one an hour
		t.Errorf("%d records", len(records))
	}
	q.Cursor = "yesterday"
	_, _, _, err = readAll(t, c, q)
	wants(t, err, problem.Fatal, idUse)
	q.Cursor, q.Field = "", "buyer_name"
	_, _, _, err = readAll(t, c, q)
	wants(t, err, problem.Fatal, idUse)
}

func TestParams(t *testing.T) {
	tb := newTable(t, spread(1)...)
	c := tb.s.open(memory{}, 100)
	q := ordersQuery()
	q.Params = map[string]json.RawMessage{"order_status": json.RawMessage(`["Shipped","Canceled"]`), "sid_list": json.RawMessage(`[113]`)}
	if _, _, _, err := readAll(t, c, q); err != nil {
		t.Fatal(err)
	}
	sent := tb.s.calls[len(tb.s.calls)-2].body // then comes the detail
	if fmt.Sprint(sent["order_status"], sent["sid_list"], sent["date_type"]) != "[Shipped Canceled] [113] 2" {
		t.Errorf("sent %v", sent)
	}
	q.Params = map[string]json.RawMessage{"offset": json.RawMessage(`1`)}
	_, _, _, err := readAll(t, c, q)
	wants(t, err, problem.Fatal, idUse)
}

func TestAnOrderWithoutItsDetailIsNoRecord(t *testing.T) {
	tb := newTable(t, spread(5)...)
	tb.noDetail = func(id string) bool { return id == "111-00002" }
	records, safe, _, err := readAll(t, tb.s.open(memory{}, 100), ordersQuery())
	if err != nil || len(records) != 5 || safe == "" {
		t.Fatalf("%d records, cursor %q, error %v", len(records), safe, err)
	}
	for _, r := range records {
		bad := r.Data.Get("amazon_order_id").Text() == "111-00002"
		if (r.Bad != nil) != bad || r.Data.Get("detail").IsNone() != bad {
			t.Errorf("%s: bad %v", r.Data.JSON(), r.Bad)
		}
		if bad && (r.Bad.Class != problem.Transient || r.Bad.ID != idHalf) {
			t.Errorf("%v", r.Bad)
		}
	}
}

func TestTwinsOfTwoShopsKeepTheirOwnDetails(t *testing.T) {
	tb := newTable(t, spread(2)...)
	tb.orders[1] = entry{114, tb.orders[0].id, tb.orders[0].at}
	records, _, _, err := readAll(t, tb.s.open(memory{}, 100), ordersQuery())
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		if price := r.Data.Get("detail").Get("item_list").At(0).Get("item_price_amount").Text(); price != shopOf(r.Data)+".00" {
			t.Errorf("shop %s has the price %s", shopOf(r.Data), price)
		}
	}
}

func TestFetchingAnOrder(t *testing.T) {
	tb := newTable(t, burst(30)...)
	tb.orders[7].sid = 114
	moved := false
	tb.between = func(int) { // the order changes between its detail and its row, once
		if !moved {
			moved, tb.orders[3].at = true, tb.orders[3].at.Add(time.Minute)
		}
	}
	ref := func(sid int64, id string) map[string]value.Value {
		return map[string]value.Value{"sid": value.OfInt(sid), "amazon_order_id": value.OfText(id)}
	}
	got, err := tb.s.open(memory{}, 10).Fetch(t.Context(), connector.Query{Object: "orders"},
		[]map[string]value.Value{ref(113, "111-00003"), ref(113, "111-99999"), ref(113, "111-00007"), ref(114, "111-00007")})
	if err != nil || len(got) != 4 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, want := range []string{"113/111-00003", "", "", "114/111-00007"} {
		key := ""
		if !got[i].Data.IsZero() {
			key = shopOf(got[i].Data) + "/" + got[i].Data.Get("amazon_order_id").Text()
		}
		if key != want || key != "" && (got[i].Bad != nil || got[i].Data.Get("detail").IsNone() || got[i].Changed.IsZero()) {
			t.Errorf("ref %d: %q, want %q; bad %v", i, key, want, got[i].Bad)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	tb := newTable(t)
	c := tb.s.open(memory{}, 10)
	_, _, _, err := readAll(t, c, connector.Query{Object: "oders"})
	wants(t, err, problem.Fatal, idUse)
	_, err = c.Fetch(t.Context(), connector.Query{Object: "multiplatform_orders"}, nil)
	wants(t, err, problem.Fatal, idUse)
	_, err = c.Find(t.Context(), connector.Find{Object: "orders", Match: []string{"buyer_name"}, Values: [][]value.Value{{value.OfText("x")}}})
	wants(t, err, problem.Fatal, idUse)
	_, _, _, err = readAll(t, c, connector.Query{Object: "stock", Window: &connector.Window{}})
	wants(t, err, problem.Fatal, idUse)
}

func TestAWholeListSaysSoOnlyWhenItStoodStill(t *testing.T) {
	for name, c := range map[string]struct {
		total func(page int) int
		limit int
		again int // the row that stands in the place of the last one, too
		want  bool
	}{
		"still":       {func(int) int { return 25 }, 0, 24, true},
		"moved":       {func(page int) int { return 25 + page/2 }, 0, 24, false},
		"a part":      {func(int) int { return 25 }, 5, 24, false},
		"a row twice": {func(int) int { return 25 }, 0, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, page := newStub(t), 0
			s.answer = func(_ string, body map[string]any) string {
				page++
				var rows []string
				for i := int(body["offset"].(float64)); i < 25 && len(rows) < 10; i++ {
					if i == 24 {
						rows = append(rows, fmt.Sprintf(`{"wid":1300,"product_id":%d,"sku":"S-%d"}`, c.again, c.again))
						continue
					}
					rows = append(rows, fmt.Sprintf(`{"wid":1300,"product_id":%d,"sku":"S-%d"}`, i, i))
				}
				return s.list(rows, c.total(page))
			}
			records, safe, complete, err := readAll(t, s.open(memory{}, 10), connector.Query{Object: "stock", Limit: c.limit})
			if err != nil || complete != c.want || safe != "" || c.limit == 0 && len(records) != 25 {
				t.Errorf("%d records, complete %v, cursor %q, error %v", len(records), complete, safe, err)
			}
		})
	}
}

// The vendor's SKU filter is fuzzy; an answer that is only like the question is none.
func TestLookingUpStockIsExact(t *testing.T) {
	s := newStub(t)
	all := []string{"A-1", "A-10", "A-2", "B-A-1"}
	s.answer = func(_ string, body map[string]any) string {
		var rows []string
		for i, sku := range all {
			if want, asked := body["sku"].(string); !asked || strings.Contains(sku, want) {
				rows = append(rows, fmt.Sprintf(`{"wid":1300,"product_id":%d,"sku":"%s"}`, i, sku))
			}
		}
		return s.list(rows, len(rows))
	}
	c := s.open(memory{}, 100)
	for n, want := range map[int]int{2: 2, 30: 4} { // few: asked one by one; many: all are read
		var values [][]value.Value
		for i := range n {
			sku := fmt.Sprintf("X-%d", i)
			if i < len(all) {
				sku = all[i]
			}
			values = append(values, []value.Value{value.OfText(sku), value.OfText("1300")})
		}
		rows, err := c.Find(t.Context(), connector.Find{Object: "stock", Match: []string{"sku", "wid"}, Values: values})
		if err != nil || len(rows) != want {
			t.Errorf("%d wanted: %d rows, %v", n, len(rows), err)
		}
	}
}

// The vendor's tables call numbers texts and the other way round: each is taken as it comes.
func TestNumbersMayComeAsTexts(t *testing.T) {
	var look func(name string, s value.Schema)
	look = func(name string, s value.Schema) {
		if s.Type == value.Number && !s.Decimal {
			t.Errorf("%s is a number, and not when it comes as a text", name)
		}
		for member, p := range s.Properties {
			look(name+"."+member, p)
		}
		if s.Items != nil {
			look(name+"[]", *s.Items)
		}
	}
	for _, info := range infos() {
		look(info.Name, info.Schema)
	}
}

// Orders of one second, many of which are asked for again: the pages of that second are read once for
// all of them, not once for each.
func TestFetchingOrdersOfOneSecondReadsItOnce(t *testing.T) {
	tb := newTable(t, burst(60)...)
	var refs []map[string]value.Value
	for _, e := range tb.orders[10:] {
		refs = append(refs, map[string]value.Value{"sid": value.OfInt(113), "amazon_order_id": value.OfText(e.id)})
	}
	got, err := tb.s.open(memory{}, 10).Fetch(t.Context(), connector.Query{Object: "orders"}, refs)
	if err != nil || len(got) != 50 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, r := range got {
		if r.Bad != nil || r.Data.Get("amazon_order_id").Text() != tb.orders[10+i].id || r.Data.Get("detail").IsNone() {
			t.Errorf("%d: %s, %v", i, r.Data.JSON(), r.Bad)
		}
	}
	if n := tb.s.count(pathOrders); n > 8 {
		t.Errorf("six pages were asked for %d times", n)
	}
}
