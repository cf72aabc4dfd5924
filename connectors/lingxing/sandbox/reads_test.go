package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

const (
	fbaPath        = "/basicOpen/openapi/storage/fbaWarehouseDetail"
	refundsPath    = "/erp/sc/data/mws_report/refundOrders"
	fbmReturnsPath = "/erp/sc/routing/data/order/fbmReturnOrderList"
	returnsPath    = "/pb/mp/returns/v2/list"
	reportPath     = "/erp/sc/data/mws_report/allOrders"
	mcfPath        = "/order/amzod/api/orderList"
	binsPath       = "/erp/sc/routing/data/local_inventory/warehouseBin"
)

func TestWarehouseBins(t *testing.T) {
	c := start(t, sandbox.Options{})
	for body, want := range map[string]string{
		`{}`:                                  "[13005 13006 13007 13008 13015 13016 13017 13018]",
		`{"wid":"1301"}`:                      "[13015 13016 13017 13018]",
		`{"wid":1300,"status":2,"type":5}`:    "[13005 13006]",
		`{"status":"1"}`:                      "[13008 13018]",
		`{"type":"6","id":"13007,13008"}`:     "[13007]",
		`{"offset":1,"limit":2}`:              "[13006 13007]",
		`{"offset":6,"length":1}`:             "[13017 13018]", // limit, not length
		`{"wid":"2001"}`:                      "[]",            // an overseas warehouse has no bins of ours
		`{"offset":0,"limit":1,"type":"5,6"}`: "[13005]",
	} {
		if got := fmt.Sprint(pluck(c.rows(c.call(binsPath, body)), "id")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	row := c.rows(c.call(binsPath, `{"id":"13005"}`))[0]
	if row["Ware_house_name"] != "深圳仓" || len(row["sku_fnsku"].([]any)) == 0 {
		t.Errorf("%v", row)
	}
}

// fba is a number of one listing's stock.
func (c *client) fba(sid int, sku, field string) string {
	c.t.Helper()
	rows := c.rows(c.call(fbaPath, fmt.Sprintf(`{"sid":"%d","search_field":"sku","search_value":"%s","length":200}`, sid, sku)))
	if len(rows) != 1 {
		c.t.Fatalf("%d listings of %s in shop %d", len(rows), sku, sid)
	}
	return fmt.Sprint(rows[0][field])
}

func TestFBAStock(t *testing.T) {
	c := start(t, sandbox.Options{})
	all := c.call(fbaPath, `{"length":200}`)
	rows := c.rows(all)
	if string(all.Total) != strconv.Itoa(len(rows)) || len(rows) != 4*13-1 {
		t.Errorf("%d rows, total %s", len(rows), all.Total)
	}
	if n := len(c.rows(c.call(fbaPath, `{}`))); n != 20 {
		t.Errorf("without a length %d rows", n)
	}
	for _, length := range []int{19, 201} {
		if a := c.call(fbaPath, fmt.Sprintf(`{"length":%d}`, length)); a.code() != "102" {
			t.Errorf("length %d: %s", length, a.Code)
		}
	}
	shared := c.rows(c.call(fbaPath, `{"sid":"199","search_field":"seller_sku","search_value":"mug-blue","query_fba_storage_quantity_list":true}`))
	if len(shared) != 1 || fmt.Sprint(shared[0]["sid"]) != "0" || fmt.Sprint(shared[0]["share_type"]) != "2" || len(shared[0]["fba_storage_quantity_list"].([]any)) != 2 {
		t.Errorf("shared stock: %v", shared)
	}
	if r := rows[0]; kindOf(r["total_price"]) != "number" || kindOf(r["available_total_price"]) != "string" || kindOf(r["afn_fulfillable_quantity"]) != "number" {
		t.Errorf("%v", r)
	}
	hidden := c.rows(c.call(fbaPath, `{"length":200,"is_hide_zero_stock":"1"}`))
	if slices.Contains(pluck(hidden, "sku"), "NEW-POSTER") || len(hidden) >= len(rows) {
		t.Errorf("empty rows are not hidden: %d of %d", len(hidden), len(rows))
	}
	c.call("/basicOpen/FbmManagement/modifyFbmInventory", `{"fbmInventoryList":[{"storeId":113,"msku":"CAP-GREEN-US","fbmInventory":7}]}`)
	fbm := c.rows(c.call(fbaPath, `{"fulfillment_channel_type":"FBM"}`))
	if len(fbm) != 1 || fmt.Sprint(fbm[0]["quantity"]) != "7" || fbm[0]["seller_sku"] != "CAP-GREEN-US" {
		t.Errorf("listing stock: %v", fbm)
	}
	before := c.fba(113, "LAMP-DESK", "reserved_customerorders")
	c.do("add-mcf-order", `{"sid":113,"sku":"LAMP-DESK","qty":2}`)
	a, _ := strconv.Atoi(before)
	if after := c.fba(113, "LAMP-DESK", "reserved_customerorders"); after != strconv.Itoa(a+2) {
		t.Errorf("reserved %s, then %s", before, after)
	}
}

func TestFBAList(t *testing.T) {
	const path = "/erp/sc/routing/fba/fbaStock/fbaList"
	c := start(t, sandbox.Options{})
	if a := c.call(path, `{}`); a.code() != "102" {
		t.Errorf("without a shop: %s", a.Code)
	}
	a := c.call(path, `{"sid":"113,115"}`)
	var data struct {
		Total json.Number
		List  []map[string]any
	}
	decode(t, a.Data, &data)
	if data.Total != "26" || len(data.List) != 15 || string(a.Total) != "0" {
		t.Errorf("total %s beside %d rows, %s outside", data.Total, len(data.List), a.Total)
	}
	for _, r := range data.List {
		if got := c.fba(113, fmt.Sprint(r["sku"]), "afn_fulfillable_quantity"); fmt.Sprint(r["sid"]) == "113" && got != fmt.Sprint(r["afn_fulfillable_quantity"]) {
			t.Errorf("%v: the two lists differ: %v and %s", r["sku"], r["afn_fulfillable_quantity"], got)
		}
	}
}

// The report has a row for each line, and its amounts are those of the order.
func TestAllOrders(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 300})
	const window = `"sid":113,"start_date":"2025-09-01","end_date":"2025-10-20"`
	a := c.call(reportPath, `{`+window+`}`)
	rows := c.rows(a)
	lines, seen := 0, map[string]bool{}
	for _, d := range c.details(c.rows(c.orders(`,"sid":113,"length":5000`))) {
		for _, x := range d["item_list"].([]any) {
			if fmt.Sprint(d["sid"]) == "113" {
				lines++
				seen[fmt.Sprint(d["amazon_order_id"], x.(map[string]any)["seller_sku"], strings.Replace(fmt.Sprint(x.(map[string]any)["item_price_amount"]), "0.00", "", 1))] = true
			}
		}
	}
	if len(rows) != lines || string(a.Total) != strconv.Itoa(lines) || lines == 0 {
		t.Errorf("%d rows, total %s, %d lines in the details", len(rows), a.Total, lines)
	}
	for _, r := range rows {
		if key := fmt.Sprint(r["amazon_order_id"], r["sku"], strings.Replace(fmt.Sprint(r["item_price"]), "0.00", "", 1)); !seen[key] {
			t.Errorf("no line %s", key)
		}
		if kindOf(r["last_updated_time"]) != "number" || kindOf(r["quantity"]) != "number" || kindOf(r["item_price"]) != "string" {
			t.Fatalf("%v", r)
		}
	}
	page := c.rows(c.call(reportPath, `{`+window+`,"offset":3,"length":2}`))
	if !slices.Equal(pluck(page, "sku"), pluck(rows, "sku")[3:5]) {
		t.Errorf("a page by rows: %v", pluck(page, "sku"))
	}
	// 01:52 on the 9th in the shop, the 9th in Beijing, too; the day before in neither
	id := fmt.Sprint(c.do("add-order", `{"sid":113,"sku":"MUG-RED"}`)["amazon_order_id"])
	for _, x := range []struct {
		body  string
		found bool
	}{
		{`{"sid":113,"start_date":"2025-10-09","end_date":"2025-10-10"}`, true},
		{`{"sid":113,"start_date":"2025-10-08","end_date":"2025-10-09"}`, false},
		{`{"sid":113,"date_type":2,"start_date":"2025-10-09","end_date":"2025-10-10"}`, true},
		{`{"sid":114,"start_date":"2025-10-09","end_date":"2025-10-10"}`, false},
	} {
		if got := slices.Contains(pluck(c.rows(c.call(reportPath, x.body)), "amazon_order_id"), id); got != x.found {
			t.Errorf("%s: found %v", x.body, got)
		}
	}
	for _, body := range []string{`{"start_date":"2025-10-08","end_date":"2025-10-09"}`, `{"sid":113,"start_date":"2025-10-08 00:00:00","end_date":"2025-10-09"}`, `{"sid":113,"date_type":3,"start_date":"2025-10-08","end_date":"2025-10-09"}`} {
		if a := c.call(reportPath, body); a.code() != "102" {
			t.Errorf("%s: %s", body, a.Code)
		}
	}
}

// What buyers send back appears where it came from: at Amazon's warehouse or at the company's.
func TestReturns(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 300})
	pickOrder := func(channel int) map[string]any {
		for _, r := range c.rows(c.orders(fmt.Sprintf(`,"sid":113,"order_status":["Shipped"],"fulfillment_channel":%d,"sort_desc_by_date_type":2`, channel))) {
			if fmt.Sprint(r["is_return"]) == "0" && len(r["item_list"].([]any)) > 0 {
				return r
			}
		}
		t.Fatal("no order to refund")
		return nil
	}
	ids := func(path string, more string) []string {
		return pluck(c.rows(c.call(path, `{"sid":113,"start_date":"2025-10-09","end_date":"2025-10-10"`+more+`}`)), "order_id")
	}
	fba, fbm := pickOrder(1), pickOrder(2)
	line := fba["item_list"].([]any)[0].(map[string]any)
	sku, qty := fmt.Sprint(line["local_sku"]), line["quantity_ordered"].(json.Number)
	before := c.fba(113, sku, "afn_fulfillable_quantity")
	for _, o := range []map[string]any{fba, fbm} {
		c.do("refund-order", fmt.Sprintf(`{"order_id":"%v","sid":113}`, o["amazon_order_id"]))
	}
	for _, x := range []struct {
		path string
		of   map[string]any
	}{{refundsPath, fba}, {fbmReturnsPath, fbm}} {
		got := ids(x.path, "")
		if len(got) != len(x.of["item_list"].([]any)) || slices.ContainsFunc(got, func(s string) bool { return s != x.of["amazon_order_id"] }) {
			t.Errorf("%s: %v, want the lines of %v", x.path, got, x.of["amazon_order_id"])
		}
		if tomorrow := pluck(c.rows(c.call(x.path, `{"sid":113,"start_date":"2025-10-10","end_date":"2025-10-11"}`)), "order_id"); len(tomorrow) != 0 {
			t.Errorf("%s: of tomorrow %v", x.path, tomorrow)
		}
		if a := c.call(x.path, `{"start_date":"2025-10-09","end_date":"2025-10-10"}`); a.code() != "102" {
			t.Errorf("%s without a shop: %s", x.path, a.Code)
		}
	}
	if got := ids(refundsPath, `,"date_type":2`); !slices.Contains(got, fmt.Sprint(fba["amazon_order_id"])) {
		t.Errorf("by change: %v", got)
	}
	if got := ids(fbmReturnsPath, `,"date_type":2`); slices.Contains(got, fmt.Sprint(fbm["amazon_order_id"])) {
		t.Errorf("by purchase, an older order is among %v", got)
	}
	a, _ := strconv.Atoi(before)
	n, _ := qty.Int64()
	if after := c.fba(113, sku, "afn_fulfillable_quantity"); after != strconv.Itoa(a+int(n)) {
		t.Errorf("back on sale: %s, then %s, returned %d", before, after, n)
	}
}

// The offset of this list is a page: who takes it for a row reads one page twice, or nothing.
func TestSalesReturns(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 600})
	body := func(offset, length int, more string) string {
		return fmt.Sprintf(`{"offset":%d,"length":%d,"start_time":"2025-09-01 00:00:00","end_time":"2025-10-10 00:00:00"%s}`, offset, length, more)
	}
	all, total := c.page(c.call(returnsPath, body(1, 200, "")))
	if len(all) < 5 || total != strconv.Itoa(len(all)) {
		t.Fatalf("%d rows, total %q", len(all), total)
	}
	rma := pluck(all, "rma_order_no")
	for _, x := range []struct {
		offset, length int
		want           []string
	}{{1, 2, rma[:2]}, {2, 2, rma[2:4]}, {0, 2, rma[:2]}, {len(all), 2, nil}} {
		rows, _ := c.page(c.call(returnsPath, body(x.offset, x.length, "")))
		if got := pluck(rows, "rma_order_no"); !slices.Equal(got, x.want) && len(got)+len(x.want) > 0 {
			t.Errorf("page %d: %v, want %v", x.offset, got, x.want)
		}
	}
	for more, some := range map[string]bool{
		`,"status":[5]`: true, `,"status":[3]`: false, `,"sales_type":2`: false, `,"sales_type":"1"`: true, `,"platform_code":[10001]`: true,
		`,"platform_code":["10006"]`: false, `,"wid":[1300]`: true, `,"wid":[1301]`: false, `,"store_id":["110268822038527113"]`: true,
	} {
		if rows, _ := c.page(c.call(returnsPath, body(1, 200, more))); len(rows) > 0 != some {
			t.Errorf("%s: %d rows", more, len(rows))
		}
	}
	sandboxtest.Advance(t, c.srv, time.Minute)
	made := c.do("add-order", `{"sid":113,"sku":"MUG-RED","qty":2,"status":"Shipped"}`)
	c.do("refund-order", fmt.Sprintf(`{"order_id":"%v"}`, made["amazon_order_id"]))
	rows, _ := c.page(c.call(returnsPath, `{"offset":1,"length":20,"time_type":"updateTime","start_time":"2025-10-09 16:54:20","end_time":"2025-10-09 16:54:20"}`))
	if len(rows) != 1 || rows[0]["status"] != "待收货" || rows[0]["global_order_no"] != made["global_order_no"] || kindOf(rows[0]["sid"]) != "string" {
		t.Errorf("a return of this second: %v", rows)
	}
	for _, bad := range []string{`{"length":20}`, `{"offset":1}`, `{"offset":1,"length":20,"start_time":"2025-10-09","end_time":"2025-10-10"}`} {
		if a := c.call(returnsPath, bad); a.code() != "102" || string(a.Data) != "null" {
			t.Errorf("%s: %s %s", bad, a.Code, a.Data)
		}
	}
}

// mcf decodes the third envelope: records, and a total that is a number.
func (c *client) mcf(body string) (rows []map[string]any, total json.Number) {
	c.t.Helper()
	a := c.call(mcfPath, body)
	var data struct {
		Total   json.Number
		Records []map[string]any
	}
	if a.code() != "0" || a.Total != nil || string(a.Details) != "[]" {
		c.t.Fatalf("%s %s %s", a.Code, a.Message, a.Details)
	}
	decode(c.t, a.Data, &data)
	return data.Records, data.Total
}

func TestMCFOrders(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 600})
	rows, total := c.mcf(`{"offset":0,"length":1000}`)
	if len(rows) != 20 || total != "20" {
		t.Fatalf("%d rows, total %s", len(rows), total)
	}
	if rows, _ := c.mcf(`{}`); len(rows) != 10 {
		t.Errorf("without a length %d rows", len(rows))
	}
	if page, total := c.mcf(`{"offset":18,"length":5}`); len(page) != 2 || total != "20" || page[0]["amazon_order_id"] != rows[18]["amazon_order_id"] {
		t.Errorf("the last page: %d rows of %s", len(page), total)
	}
	own := pluck(c.rows(c.orders("")), "amazon_order_id")
	for _, r := range rows {
		if slices.Contains(own, fmt.Sprint(r["amazon_order_id"])) {
			t.Errorf("%v is in mws/orders, too", r["amazon_order_id"])
		}
	}
	if rows, _ := c.mcf(`{"order_status":["COMPLETE"],"length":100}`); len(rows) == 0 || slices.ContainsFunc(pluck(rows, "order_status"), func(s string) bool { return s != "Complete" }) {
		t.Errorf("filtered: %v", pluck(rows, "order_status"))
	}
	made := c.do("add-mcf-order", `{"sid":115,"sku":"MUG-RED","qty":3}`)
	for body, found := range map[string]bool{
		`{"sids":[115],"length":100,"date_type":2,"start_date":"2025-10-09","end_date":"2025-10-09"}`: true,
		`{"sids":[115],"length":100,"start_date":"2025-10-09","end_date":"2025-10-09"}`:               true,
		`{"sids":[113],"length":100,"date_type":2,"start_date":"2025-10-09","end_date":"2025-10-09"}`: false,
		`{"length":100,"start_date":"2025-10-10","end_date":"2025-10-10"}`:                            false,
	} {
		rows, _ := c.mcf(body)
		if slices.Contains(pluck(rows, "amazon_order_id"), fmt.Sprint(made["amazon_order_id"])) != found {
			t.Errorf("%s: found %v, want %v", body, !found, found)
		}
	}
	if a := c.call(mcfPath, `{"start_date":"2025-10-09 10:00:00","end_date":"2025-10-10"}`); a.code() != "102" || string(a.Data) != "[]" {
		t.Errorf("a time where a day belongs: %s %s", a.Code, a.Data)
	}
}
