package sandbox_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

const detailPath = "/erp/sc/data/mws/orderDetail"

// The kinds of orders that a pipeline must cope with are all there, each at least once in thirty.
func TestSeededOrders(t *testing.T) {
	c := start(t, sandbox.Options{Seed: 7})
	rows := c.rows(c.orders(`,"sort_desc_by_date_type":2`))
	if len(rows) < 45 {
		t.Fatalf("%d orders", len(rows))
	}
	for collection, n := range map[string]int{"orders": len(rows), "order_details": len(rows)} {
		if got := len(sandboxtest.Dump(t, c.srv, collection)); got != n {
			t.Errorf("the list has %d orders, the dump of %s %d", n, collection, got)
		}
	}
	seen := map[string]int{}
	ids := map[string]bool{}
	for _, r := range rows {
		id := fmt.Sprint(r["amazon_order_id"])
		if ids[id] {
			seen["twin"]++
		}
		ids[id] = true
		seen[fmt.Sprint("sid ", r["sid"])]++
		seen[fmt.Sprint(r["order_status"])]++
		seen[fmt.Sprint("currency ", r["order_total_currency_code"])]++
		seen[fmt.Sprint(r["fulfillment_channel"])]++
		if r["buyer_name"] != "" {
			seen["buyer"]++
		}
		items := r["item_list"].([]any)
		if len(items) == 0 {
			seen["no lines"]++
		}
		for _, x := range items {
			if x.(map[string]any)["local_sku"] == "NEW-POSTER" {
				seen["unknown sku"]++
			}
		}
		if r["order_status"] == "Pending" && (r["order_total_amount"] != "0.00" || r["order_total_currency_code"] != "") {
			t.Errorf("a pending order tells an amount: %v %v", r["order_total_amount"], r["order_total_currency_code"])
		}
	}
	for _, want := range []string{
		"sid 113", "sid 114", "sid 115", "sid 199", "Pending", "Unshipped", "Shipped", "Canceled", "twin", "no lines", "unknown sku", "buyer",
		"currency USD", "currency GBP", "currency JPY", "currency EUR", "AFN", "MFN",
	} {
		if seen[want] == 0 {
			t.Errorf("no order of: %s; there are %v", want, seen)
		}
	}
}

// Over its lines, item, tax, shipping, gift wrap and their taxes less discounts is the order's total.
func TestLinesAddUp(t *testing.T) {
	c := start(t, sandbox.Options{Seed: 3, Orders: 300})
	parts := map[string]int64{
		"item_price_amount": 1, "item_tax_amount": 1, "shipping_price_amount": 1, "shipping_tax_amount": 1,
		"gift_wrap_price_amount": 1, "gift_wrap_tax_amount": 1, "shipping_discount_amount": -1, "shipping_discount_tax_amount": -1,
		"promotion_discount_amount": -1, "promotion_discount_tax_amount": -1,
	}
	used := map[string]int{}
	gifts := 0
	for _, d := range c.details(c.rows(c.orders(`,"length":5000`))) {
		sum := new(big.Rat)
		for _, x := range d["item_list"].([]any) {
			item := x.(map[string]any)
			for name, sign := range parts {
				v, ok := new(big.Rat).SetString(item[name].(string)) // a text, always
				if !ok {
					t.Fatalf("%s is %v", name, item[name])
				}
				if v.Sign() != 0 {
					used[name]++
				}
				sum.Add(sum, v.Mul(v, big.NewRat(sign, 1)))
			}
			if item["item_price_amount"] == "0.00" && d["order_status"] != "Pending" {
				gifts++
			}
		}
		if got := sum.FloatString(2); got != d["order_total_amount"] {
			t.Errorf("%v: lines come to %s, the order to %v", d["amazon_order_id"], got, d["order_total_amount"])
		}
	}
	for _, name := range []string{"item_tax_amount", "shipping_price_amount", "shipping_tax_amount", "gift_wrap_price_amount", "gift_wrap_tax_amount", "shipping_discount_amount", "promotion_discount_amount"} {
		if used[name] == 0 {
			t.Errorf("no order has a %s", name)
		}
	}
	if gifts == 0 {
		t.Error("there is no gift")
	}
}

// details asks for the details of rows, 200 at a time.
func (c *client) details(rows []map[string]any) []map[string]any {
	c.t.Helper()
	var out []map[string]any
	for ids := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(pluck(rows, "amazon_order_id")))), 200) {
		out = append(out, c.rows(c.call(detailPath, `{"order_id":"`+strings.Join(ids, ",")+`"}`))...)
	}
	return out
}

func TestOrderDetail(t *testing.T) {
	c := start(t, sandbox.Options{})
	rows := c.rows(c.orders(`,"sort_desc_by_date_type":1,"length":5`))
	ids := pluck(rows, "amazon_order_id")
	got := c.rows(c.call(detailPath, `{"order_id":"`+strings.Join(ids, ",")+`,999-0000000-0000000"}`))
	if len(got) < 5 {
		t.Errorf("%d details for five numbers and one that is not there", len(got))
	}
	a := c.call(detailPath, `{"order_id":"`+strings.Repeat("1,", 200)+`1"}`)
	if a.code() != "102" {
		t.Errorf("201 numbers: %s", a.Code)
	}
	if a := c.call(detailPath, `{}`); a.code() != "102" || string(a.Details) != `["order_id => order_id不能为空"]` {
		t.Errorf("no number: %s %s", a.Code, a.Details)
	}
	first := got[0]
	// The detail has the head of the list, without the UTC twins of shipment and posting; the currency has another name.
	for name := range rows[0] {
		_, there := first[name]
		gone := name == "shipment_date_utc" || name == "posted_date_utc" || name == "order_total_currency_code"
		if there == gone {
			t.Errorf("%s of the list in the detail: %v", name, there)
		}
	}
	item := first["item_list"].([]any)[0].(map[string]any)
	for name, want := range map[string]string{"order_item_id": "string", "item_price_amount": "string", "unit_price_amount": "number", "sales_price_amount": "number", "product_id": "number", "promotion_discount_tax_amount": "string"} {
		if kind := kindOf(item[name]); kind != want {
			t.Errorf("%s is a %s (%v), want a %s", name, kind, item[name], want)
		}
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case json.Number:
		return "number"
	case nil:
		return "null"
	case []any:
		return "array"
	}
	return "object"
}

func TestOrderWindows(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 1})
	made := c.do("add-order", `{"sid":113}`) // purchased at 16:52:20, changed at 16:53:20, Beijing
	id := fmt.Sprint(made["amazon_order_id"])
	cases := []struct {
		name       string
		kind       int
		start, end string
		found      bool
	}{
		{"changed: the start counts", 2, "2025-10-09 16:53:20", "2025-10-09 16:53:21", true},
		{"changed: the end does not", 2, "2025-10-09 16:53:19", "2025-10-09 16:53:20", false},
		{"changed: in Beijing, not UTC", 2, "2025-10-09 08:53:20", "2025-10-09 08:53:21", false},
		{"changed: days", 2, "2025-10-09", "2025-10-10", true},
		{"changed: a day's end does not count", 2, "2025-10-08", "2025-10-09", false},
		{"platform: UTC", 3, "2025-10-09 08:53:20", "2025-10-09 08:53:21", true},
		{"platform: not Beijing", 3, "2025-10-09 16:53:20", "2025-10-09 16:53:21", false},
		{"bought: the shop's time", 1, "2025-10-09 01:52:20", "2025-10-09 01:52:21", true},
		{"bought: not UTC", 1, "2025-10-09 08:52:20", "2025-10-09 08:52:21", false},
		{"sent: not yet", 10, "2024-10-10 00:00:00", "2025-10-10 00:00:00", false},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"date_type":%d,"start_date":"%s","end_date":"%s"}`, x.kind, x.start, x.end)
			got := pluck(c.rows(c.call(ordersPath, body)), "amazon_order_id")
			if slices.Contains(got, id) != x.found {
				t.Errorf("found %v in %v, want %v", !x.found, got, x.found)
			}
		})
	}
	refused := []struct{ name, body string }{
		{"no window", `{"date_type":2}`},
		{"a year and more", `{"date_type":2,"start_date":"2024-01-01","end_date":"2025-10-09"}`},
		{"platform time by day", `{"date_type":3,"start_date":"2025-10-08","end_date":"2025-10-09"}`},
		{"unknown date type", `{"date_type":4,"start_date":"2025-10-08","end_date":"2025-10-09"}`},
		{"more than twenty shops", `{"start_date":"2025-10-08","end_date":"2025-10-09","sid_list":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]}`},
	}
	for _, x := range refused {
		if a := c.call(ordersPath, x.body); a.code() != "102" {
			t.Errorf("%s: %s", x.name, a.Code)
		}
	}
	if a := c.orders(`,"offset":-1`); a.code() != "500" || !strings.Contains(string(a.Details), "offset 必须是非负数") {
		t.Errorf("negative offset: %s %s", a.Code, a.Details)
	}
}

func TestOrderFilters(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 200})
	all := c.rows(c.orders(`,"sort_desc_by_date_type":2`))
	cases := []struct {
		name, more string
		keep       func(map[string]any) bool
	}{
		{"one shop", `,"sid":113`, func(r map[string]any) bool { return fmt.Sprint(r["sid"]) == "113" }},
		{"shops", `,"sid_list":[114,115]`, func(r map[string]any) bool { s := fmt.Sprint(r["sid"]); return s == "114" || s == "115" }},
		{"status", `,"order_status":["Canceled","Pending"]`, func(r map[string]any) bool { return r["order_status"] == "Canceled" || r["order_status"] == "Pending" }},
		{"platform ships", `,"fulfillment_channel":1`, func(r map[string]any) bool { return r["fulfillment_channel"] == "AFN" }},
		{"together", `,"fulfillment_channel":2,"sid":"113","order_status":["Shipped"]`, func(r map[string]any) bool {
			return r["fulfillment_channel"] == "MFN" && fmt.Sprint(r["sid"]) == "113" && r["order_status"] == "Shipped"
		}},
		{"unknown shop", `,"sid":7`, func(map[string]any) bool { return false }},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			var want []map[string]any
			for _, r := range all {
				if x.keep(r) {
					want = append(want, r)
				}
			}
			a := c.orders(`,"sort_desc_by_date_type":2` + x.more)
			got := c.rows(a)
			if diff := cmp.Diff(pluck(want, "amazon_order_id"), pluck(got, "amazon_order_id")); diff != "" {
				t.Error(diff)
			}
			if string(a.Total) != strconv.Itoa(len(want)) {
				t.Errorf("total %s, want %d", a.Total, len(want))
			}
		})
	}
}

func TestOrderPaging(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 6000})
	a := c.orders(`,"sort_desc_by_date_type":2,"length":9999`)
	rows := c.rows(a)
	if len(rows) != 5000 {
		t.Errorf("a length of 9999 is clamped to %d, want 5000", len(rows))
	}
	var total int
	decode(t, a.Total, &total)
	if total <= 5000 || total > 6000 {
		t.Fatalf("total %d", total)
	}
	if n := len(c.rows(c.orders(""))); n != 1000 {
		t.Errorf("without a length: %d rows, want 1000", n)
	}
	for name, sort := range map[string]int{"undefined": 0, "descending": 1, "ascending": 2} {
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			var times []string
			for at := 0; at < total; at += 700 {
				for _, r := range c.rows(c.orders(fmt.Sprintf(`,"sort_desc_by_date_type":%d,"length":700,"offset":%d`, sort, at))) {
					seen[fmt.Sprint(r["sid"], r["amazon_order_id"])] = true
					times = append(times, fmt.Sprint(r["gmt_modified"]))
				}
			}
			if len(seen) != total || len(times) != total {
				t.Errorf("pages held %d rows, %d orders of %d", len(times), len(seen), total)
			}
			up := slices.IsSorted(times)
			slices.Reverse(times)
			down := slices.IsSorted(times)
			if up != (sort == 2) || down != (sort == 1) {
				t.Errorf("ascending %v, descending %v", up, down)
			}
		})
	}
	if rows := c.rows(c.orders(`,"offset":100000`)); len(rows) != 0 {
		t.Errorf("%d rows beyond the end", len(rows))
	}
}

// An order that changes while pages are read leaves the window; every later row slides up one place.
func TestMovingPage(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 100})
	const window = `{"date_type":2,"start_date":"2025-09-09 00:00:00","end_date":"2025-10-09 16:53:00","sort_desc_by_date_type":2,"length":10,"offset":`
	want := pluck(c.rows(c.call(ordersPath, window+`10}`)), "amazon_order_id")
	c.fault(sandbox.Fault{Kind: "moving-page", Path: "mws/orders"})
	first := c.call(ordersPath, window+`0}`)
	second := c.call(ordersPath, window+`10}`)
	if got := pluck(c.rows(second), "amazon_order_id"); got[0] != want[1] {
		t.Errorf("the second page begins with %s; the first row %s should have slid away", got[0], want[0])
	}
	var before, after int
	decode(t, first.Total, &before)
	decode(t, second.Total, &after)
	if after != before-1 {
		t.Errorf("total %d, then %d", before, after)
	}
}

func TestOrderActions(t *testing.T) {
	c := start(t, sandbox.Options{})
	add := func(args string) (id string, sid json.Number) {
		m := c.do("add-order", args)
		return fmt.Sprint(m["amazon_order_id"]), m["sid"].(json.Number)
	}
	detail := func(id string) map[string]any {
		rows := c.rows(c.call(detailPath, `{"order_id":"`+id+`"}`))
		if len(rows) != 1 {
			t.Fatalf("%d orders %s", len(rows), id)
		}
		return rows[0]
	}
	id, _ := add(`{"sid":113,"sku":"MUG-RED","qty":2,"amount":"54.98","buyer":"Ann O'Example"}`)
	d := detail(id)
	item := d["item_list"].([]any)[0].(map[string]any)
	if d["order_total_amount"] != "54.98" || d["buyer_name"] != "Ann O'Example" || item["sku"] != "MUG-RED" || fmt.Sprint(item["quantity_ordered"]) != "2" || d["gmt_modified"] != "2025-10-09 16:53:20" {
		t.Errorf("the order added: %v", d)
	}
	sandboxtest.Advance(t, c.srv, 5*time.Minute)
	c.do("change-order", `{"order_id":"`+id+`","amount":"60.00","buyer":"Tom Test"}`)
	if d := detail(id); d["order_total_amount"] != "60.00" || d["buyer_name"] != "Tom Test" || d["gmt_modified"] != "2025-10-09 16:58:20" {
		t.Errorf("changed: %v %v %v", d["order_total_amount"], d["buyer_name"], d["gmt_modified"])
	}
	c.do("cancel-order", `{"order_id":"`+id+`"}`)
	if d := detail(id); d["order_status"] != "Canceled" {
		t.Errorf("cancelled: %v", d["order_status"])
	}
	kinds := map[string]func(d map[string]any) bool{
		"plain": func(d map[string]any) bool { return d["order_status"] == "Unshipped" },
		"gift": func(d map[string]any) bool {
			return strings.Contains(fmt.Sprint(d["item_list"]), "item_price_amount:0.00")
		},
		"no-lines": func(d map[string]any) bool {
			return len(d["item_list"].([]any)) == 0 && d["order_total_amount"] == "0.00"
		},
		"cancelled":    func(d map[string]any) bool { return d["order_status"] == "Canceled" },
		"pending":      func(d map[string]any) bool { return d["order_status"] == "Pending" && d["currency"] == "" },
		"unknown-sku":  func(d map[string]any) bool { return strings.Contains(fmt.Sprint(d["item_list"]), "NEW-POSTER") },
		"unknown-shop": func(d map[string]any) bool { return fmt.Sprint(d["sid"]) == "199" },
	}
	for kind, ok := range kinds {
		id, _ := add(`{"kind":"` + kind + `"}`)
		if d := detail(id); !ok(d) {
			t.Errorf("%s: %v", kind, d)
		}
	}
	twin, _ := add(`{"kind":"twin"}`)
	if rows := c.rows(c.call(detailPath, `{"order_id":"`+twin+`"}`)); len(rows) != 2 || fmt.Sprint(rows[0]["sid"]) == fmt.Sprint(rows[1]["sid"]) {
		t.Errorf("twins: %v", pluck(rows, "sid"))
	}
	late := c.do("late-order", `{"age":"30m","sid":114}`)
	if d := detail(fmt.Sprint(late["amazon_order_id"])); d["gmt_modified"] != "2025-10-09 16:28:20" || d["last_update_date_utc"] != "2025-10-09 08:28:20" {
		t.Errorf("late: %v %v", d["gmt_modified"], d["last_update_date_utc"])
	}
	late = c.do("late-order", `{"age":"3h","modified_age":"0s"}`)
	if d := detail(fmt.Sprint(late["amazon_order_id"])); d["gmt_modified"] != "2025-10-09 16:58:20" || d["last_update_date_utc"] != "2025-10-09 05:58:20" {
		t.Errorf("late: %v %v", d["gmt_modified"], d["last_update_date_utc"])
	}
}

func TestActionsRefuse(t *testing.T) {
	c := start(t, sandbox.Options{})
	for _, x := range []struct{ action, args, want string }{
		{"add-order", `{"kind":"odd"}`, `no kind`},
		{"add-order", `{"sid":7}`, `no shop with sid 7`},
		{"add-order", `{"sku":"NONE"}`, `no product`},
		{"add-order", `{"amount":"much"}`, `amount`},
		{"add-order", `{"colour":"red"}`, `unknown field`},
		{"change-order", `{"order_id":"1"}`, `no order`},
		{"give-token", `{}`, `access_token is missing`},
		{"revoke-api", `{"path":"orders"}`, `no path`},
		{"set-stock", `{"wid":1,"sku":"MUG-RED"}`, `warehouse 1`},
		{"switch", `{"strict":true}`, `unknown field`},
		{"clock-skew", `{"by":"a bit"}`, `invalid duration`},
	} {
		status, raw := sandboxtest.Post(t, c.srv.ControlURL()+"do/"+x.action, x.args)
		if status != 400 || !strings.Contains(string(raw), x.want) {
			t.Errorf("%s %s: HTTP %d %s", x.action, x.args, status, raw)
		}
	}
}

// The same seed is the same account, to the byte; another one is another.
func TestSeed(t *testing.T) {
	dump := func(seed int64) string {
		c := start(t, sandbox.Options{Seed: seed, Orders: 90})
		c.do("add-order", `{"kind":"gift"}`)
		_, raw := sandboxtest.Send(t, "GET", c.srv.ControlURL()+"dump", nil, nil)
		return string(raw)
	}
	if first, again := dump(5), dump(5); first != again {
		t.Error("two sandboxes of one seed differ")
	}
	if dump(5) == dump(6) {
		t.Error("two seeds make the same data")
	}
}

func TestMultiPlatformOrders(t *testing.T) {
	const path = "/pb/mp/order/v2/list"
	c := start(t, sandbox.Options{Orders: 200})
	now := int64(vectorTime)
	window := func(from, to int64, more string) answer {
		return c.call(path, fmt.Sprintf(`{"offset":0,"length":500,"date_type":"update_time","start_time":%d,"end_time":%d%s}`, from, to, more))
	}
	rows, total := c.page(window(now-30*24*3600, now, ""))
	if len(rows) == 0 || total != strconv.Itoa(len(rows)) {
		t.Fatalf("%d rows, total %q", len(rows), total)
	}
	platforms := map[string]int{}
	for _, r := range rows {
		if kindOf(r["global_order_no"]) != "string" || kindOf(r["update_time"]) != "string" || kindOf(r["global_purchase_time"]) != "number" || kindOf(r["original_global_order_no"]) != "null" {
			t.Fatalf("types of %v", r)
		}
		platforms[fmt.Sprint(r["platform_info"].([]any)[0].(map[string]any)["platform_code"])]++
	}
	if platforms["10001"] == 0 || platforms["10002"] == 0 {
		t.Errorf("platforms %v", platforms)
	}
	m := c.do("add-order", `{"sid":113}`)
	number := fmt.Sprint(m["global_order_no"])
	for _, x := range []struct {
		name     string
		from, to int64
		found    bool
	}{{"inside", now - 1, now + 1, true}, {"at the open start", now, now + 9, false}, {"at the open end", now - 9, now, false}} {
		rows, _ := c.page(window(x.from, x.to, ""))
		if slices.Contains(pluck(rows, "global_order_no"), number) != x.found {
			t.Errorf("%s: found %v, want %v", x.name, !x.found, x.found)
		}
	}
	rows, _ = c.page(c.call(path, `{"offset":0,"length":20,"platform_order_nos":["`+fmt.Sprint(m["amazon_order_id"])+`"]}`))
	if got := pluck(rows, "global_order_no"); len(got) != 1 || got[0] != number {
		t.Errorf("by number: %v, want %s", got, number)
	}
	c.do("delete-order", `{"order_id":"`+fmt.Sprint(m["amazon_order_id"])+`"}`)
	for more, want := range map[string]int{"": 0, `,"include_delete":true`: 1} {
		if rows, _ := c.page(window(now-1, now+1, more)); len(rows) != want {
			t.Errorf("deleted, with %q: %d rows, want %d", more, len(rows), want)
		}
	}
	for body, want := range map[string]string{
		`{"length":19,"offset":0}`:  "length 最小值为 20",
		`{"length":501,"offset":0}`: "length 最大值为 500",
		`{"length":20}`:             "offset 不能为空",
		`{"length":20,"offset":0}`:  "date_type,start_time,end_time 不能为空",
		`{"length":20,"offset":0,"date_type":"update_time","start_time":0,"end_time":2678401}`: "查询时间间隔不能超过31天",
	} {
		if a := c.call(path, body); a.code() != "102" || a.Message != want || string(a.Data) != "null" {
			t.Errorf("%s: %s %q %s", body, a.Code, a.Message, a.Data)
		}
	}
	c.do("switch", `{"no_buyers":true}`)
	rows, _ = c.page(window(now-30*24*3600, now, ""))
	if _, there := rows[0]["buyers_info"]; there {
		t.Error("without the grant, buyers are told")
	}
}
