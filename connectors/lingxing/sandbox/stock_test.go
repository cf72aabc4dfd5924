package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

const (
	addPath    = "/erp/sc/routing/storage/storage/orderAdd"
	takePath   = "/erp/sc/routing/storage/storage/orderAddOut"
	adjustPath = "/erp/sc/routing/inventoryReceipt/StorageAdjustment/addAdjustmentOrder"
	movesPath  = "/erp/sc/routing/inventoryLog/WareHouseInventory/wareHouseCenterStatement"
	stockPath  = "/erp/sc/routing/data/local_inventory/inventoryDetails"
)

// good is what lies in a warehouse of one product, bound to no shop.
func (c *client) good(wid int, sku string) string {
	c.t.Helper()
	for _, r := range c.rows(c.call(stockPath, fmt.Sprintf(`{"wid":"%d","sku":"%s","length":800}`, wid, sku))) {
		if r["sku"] == sku && r["seller_id"] == "0" && r["fnsku"] == "" {
			return fmt.Sprint(r["product_valid_num"])
		}
	}
	return "none"
}

func (c *client) moves() []map[string]any {
	c.t.Helper()
	return c.rows(c.call(movesPath, `{"offset":0,"length":100}`))
}

func TestStockDocuments(t *testing.T) {
	type step struct {
		name, path, body string
		code             string // of the answer
		says             string // part of it
		good             string // of MUG-RED in 1300 afterwards
		moves            int    // in the flow log afterwards
	}
	line := func(n int) string {
		return fmt.Sprintf(`"product_list":[{"sku":"MUG-RED","good_num":%d,"bad_num":0,"price":"8.66","seller_id":0,"fnsku":""}]`, n)
	}
	steps := []step{
		{"inbound", addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"A-1",` + line(10) + `}`, "0", `"order_sn":"IB251009001","order_sn_arr":["IB251009001"]`, "110", 1},
		{"inbound again", addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"A-1",` + line(10) + `}`, "500", "A-1", "110", 1},
		{"the code of an inbound is no outbound's", takePath, `{"sys_wid":"1300","type":"11","idempotent_code":"A-1",` + line(20) + `}`, "0", `"order_sn":"OB`, "90", 2},
		{"outbound again", takePath, `{"sys_wid":1300,"type":11,"idempotent_code":"A-1",` + line(20) + `}`, "500", "A-1", "90", 2},
		{"more than there is", takePath, `{"sys_wid":1300,"type":11,` + line(91) + `}`, "500", "库存不足", "90", 2},
		{"more than there is, over two lines", takePath, `{"sys_wid":1300,"type":11,"product_list":[{"sku":"MUG-RED","good_num":50},{"sku":"MUG-RED","good_num":50}]}`, "500", "库存不足", "90", 2},
		{"a draft moves nothing", takePath, `{"sys_wid":1300,"type":11,"status":30,` + line(40) + `}`, "0", "OB", "90", 2},
		{"adjust", adjustPath, `{"wid":1300,"remark":"count","product_list":[{"sku":"MUG-RED","product_id":10001,"adjustment_valid_num":5,"adjustment_valid_sgn":"-"}]}`, "0", `"order_sn":"AD`, "85", 3},
		{"adjust without product_id", adjustPath, `{"wid":1300,"product_list":[{"sku":"MUG-RED","adjustment_valid_num":5,"adjustment_valid_sgn":"-"}]}`, "500", "product_id不能为空", "85", 3},
		{"unknown product", addPath, `{"sys_wid":1300,"type":1,"product_list":[{"sku":"NONE","good_num":1}]}`, "500", "NONE", "85", 3},
		{"no warehouse", addPath, `{"type":1,` + line(1) + `}`, "500", "sys_wid", "85", 3},
		{"purchase without a supplier", addPath, `{"sys_wid":1300,"type":2,` + line(1) + `}`, "500", "supplier_id", "85", 3},
		{"unknown type", addPath, `{"sys_wid":1300,"type":9,` + line(1) + `}`, "500", "type", "85", 3},
		{"nothing", addPath, `{"sys_wid":1300,"type":1,` + line(0) + `}`, "500", "不能同时为0", "85", 3},
		{"bind an id of ours", "/erp/sc/storage/wareHouse/edit", `{"sys_wid":1300,"wid":"OUR-7"}`, "0", `"wid":1300`, "85", 3},
		{"our id wins", addPath, `{"sys_wid":1301,"wid":"OUR-7","type":1,` + line(1) + `}`, "0", "IB", "86", 4},
	}
	c := start(t, sandbox.Options{})
	c.do("set-stock", `{"wid":1300,"sku":"MUG-RED","good":100}`)
	for _, s := range steps {
		status, raw := c.raw(s.path, s.body)
		a := envelope(t, raw)
		if status != 200 || a.code() != s.code || !strings.Contains(string(raw), s.says) {
			t.Errorf("%s: HTTP %d %s", s.name, status, raw)
		}
		if good := c.good(1300, "MUG-RED"); good != s.good {
			t.Errorf("%s: %s in stock, want %s", s.name, good, s.good)
		}
		if n := len(c.moves()); n != s.moves {
			t.Errorf("%s: %d rows in the flow log, want %d", s.name, n, s.moves)
		}
	}
	last := c.moves()[3]
	if fmt.Sprint(last["product_good_num"]) != "1" || fmt.Sprint(last["good_balance_num"]) != "86" || last["opt_time"] != "2025-10-09 16:53" || kindOf(last["statement_id"]) != "string" {
		t.Errorf("the last move: %v", last)
	}
}

func TestDocumentsAreFound(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.call(addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"IN-7","remark":"seven","product_list":[{"sku":"CAP-GREEN","good_num":3,"price":"5.40"}]}`)
	c.call(takePath, `{"sys_wid":1300,"type":11,"status":30,"idempotent_code":"OUT-7","product_list":[{"sku":"CAP-GREEN","good_num":2}]}`)
	in := c.rows(c.call("/erp/sc/routing/storage/inbound/getOrders", `{"inbound_idempotent_code":"IN-7,IN-8"}`))
	if len(in) != 1 || in[0]["inbound_idempotent_code"] != "IN-7" || fmt.Sprint(in[0]["status"]) != "40" || in[0]["order_amount"] != "16.20" {
		t.Errorf("inbound: %v", in)
	}
	if rows := c.rows(c.call("/erp/sc/routing/storage/inbound/getOrders", `{"inbound_idempotent_code":"OUT-7"}`)); len(rows) != 0 {
		t.Errorf("an outbound among the inbounds: %v", rows)
	}
	out := c.rows(c.call("/erp/sc/routing/storage/outbound/getOrders", `{"idempotent_code":"OUT-7","status":"30"}`))
	if len(out) != 1 {
		t.Fatalf("outbound: %v", out)
	}
	number := fmt.Sprint(out[0]["order_sn"])
	before := c.good(1300, "CAP-GREEN")
	a := c.call("/basicOpen/outboundOrder/outbound/setOutbound", `{"orderSn":["`+number+`","OB-NONE"]}`)
	if a.code() != "0" || string(a.Data) != `{"success":1,"fail":1,"total":2,"failList":[{"orderSn":"OB-NONE","detail":"单据不存在"}]}` {
		t.Errorf("%s %s", a.Code, a.Data)
	}
	if after := c.good(1300, "CAP-GREEN"); after == before {
		t.Error("an outbound that was finished moved nothing")
	}
	if a := c.call("/basicOpen/outboundOrder/outbound/setOrderRevoke", `{"order_sn":"`+number+`"}`); a.code() != "0" || string(a.Data) != "null" {
		t.Errorf("revoke: %s %s", a.Code, a.Details)
	}
	if after := c.good(1300, "CAP-GREEN"); after != before {
		t.Errorf("after the revocation %s, before the document %s", after, before)
	}
	if a := c.call("/basicOpen/outboundOrder/outbound/setOrderRevoke", `{"order_sn":"`+number+`"}`); a.code() != "500" || a.Message != "程序内部错误" {
		t.Errorf("revoked twice: %s %s", a.Code, a.Message)
	}
}

// A write that was done although its answer was lost is found by its key, and refused a second time.
func TestWriteWithoutAnswer(t *testing.T) {
	for _, kind := range []string{sandbox.CutAfter, "busy-after", sandbox.HalfAnswer, sandbox.Garbage} {
		t.Run(kind, func(t *testing.T) {
			c := start(t, sandbox.Options{})
			const body = `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"LOST-1","product_list":[{"sku":"MUG-RED","good_num":1}]}`
			c.fault(sandbox.Fault{Kind: kind, Path: "orderAdd"})
			_, raw, err := sandboxtest.Try(t, "POST", c.srv.URL()+addPath+"?"+c.query(body).Encode(), nil, body)
			if err == nil && strings.Contains(string(raw), `"code":0`) {
				t.Fatalf("it was answered: %s", raw)
			}
			if rows := c.rows(c.call("/erp/sc/routing/storage/inbound/getOrders", `{"inbound_idempotent_code":"LOST-1"}`)); len(rows) != 1 {
				t.Errorf("%d documents of the key", len(rows))
			}
			if a := c.call(addPath, body); a.code() != "500" {
				t.Errorf("sent again: %s", a.Code)
			}
		})
	}
}

func TestStockList(t *testing.T) {
	c := start(t, sandbox.Options{})
	rows := c.rows(c.call(stockPath, `{"length":800}`))
	perSKU, thirds := map[string]int{}, map[string]int{}
	for _, r := range rows {
		perSKU[fmt.Sprint(r["wid"], " ", r["sku"])]++
		thirds[kindOf(r["third_inventory"])]++
		sum := 0
		for _, name := range []string{"product_valid_num", "product_bad_num", "product_qc_num", "product_lock_num"} {
			n, err := r[name].(json.Number).Int64()
			if err != nil {
				t.Fatal(err)
			}
			sum += int(n)
		}
		if fmt.Sprint(r["product_total"]) != fmt.Sprint(sum) || kindOf(r["quantity_receive"]) != "string" || kindOf(r["seller_id"]) != "string" {
			t.Errorf("%v", r)
		}
	}
	if perSKU["1300 MUG-RED"] != 2 || thirds["array"] == 0 || thirds["object"] == 0 {
		t.Errorf("rows of a product %d, third_inventory %v", perSKU["1300 MUG-RED"], thirds)
	}
	if n := len(c.rows(c.call(stockPath, `{}`))); n != 20 {
		t.Errorf("without a length: %d rows", n)
	}
	for _, r := range c.rows(c.call(stockPath, `{"wid":"1300,1301","sku":"mug","length":800}`)) {
		if !strings.HasPrefix(fmt.Sprint(r["sku"]), "MUG-") || fmt.Sprint(r["wid"]) == "2001" {
			t.Errorf("%v %v", r["wid"], r["sku"])
		}
	}
}

func TestWarehouses(t *testing.T) {
	c := start(t, sandbox.Options{})
	for body, want := range map[string]string{
		`{}`: "[1300 1301 1302]", `{"is_delete":"0"}`: "[1300 1301]", `{"is_delete":1}`: "[1302]",
		`{"type":3}`: "[2001 2002]", `{"type":"3","sub_type":2}`: "[2001]", `{"type":4}`: "[3001]", `{"type":6}`: "[4001]",
	} {
		if got := fmt.Sprint(pluck(c.rows(c.call("/erp/sc/data/local_inventory/warehouse", body)), "wid")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestFastOutbound(t *testing.T) {
	const path, ask = "/pb/mp/order/v2/fastOutbound", "/pb/mp/order/v2/getFastOutboundResult"
	c := start(t, sandbox.Options{})
	c.do("set-stock", `{"wid":1300,"sku":"MUG-RED","good":10}`)
	add := func() (id, number string) {
		m := c.do("add-order", `{"sid":113,"sku":"MUG-RED","qty":4}`)
		return fmt.Sprint(m["amazon_order_id"]), fmt.Sprint(m["global_order_no"])
	}
	send := func(number string) answer {
		return c.call(path, `{"package":[{"global_order_no":"`+number+`","wid":1300,"logistics_type_id":"6-265","waybill_no":"YT-1","tracking_no":"TR-1"}]}`)
	}
	result := func(number string) string { return string(c.call(ask, `{"global_order_no":["`+number+`"]}`).Data) }
	_, first := add()
	if a := send(first); a.code() != "0" || string(a.Data) != "true" || string(a.Success) != "true" {
		t.Fatalf("accepted: %+v", a)
	}
	if got := c.good(1300, "MUG-RED"); got != "10" {
		t.Errorf("at once %s in stock", got)
	}
	if got := result(first); !strings.Contains(got, "正在处理") {
		t.Errorf("first asked: %s", got)
	}
	if got := result(first); !strings.Contains(got, `"success":[{"global_order_no":"`+first+`","wo_number":"WO`) {
		t.Errorf("then: %s", got)
	}
	if got := c.good(1300, "MUG-RED"); got != "6" {
		t.Errorf("then %s in stock", got)
	}
	parcels := c.rows(c.call("/erp/sc/routing/wms/order/wmsOrderList", `{"order_number_arr":["`+first+`"]}`))
	if len(parcels) != 1 || fmt.Sprint(parcels[0]["status"]) != "3" || parcels[0]["tracking_no"] != "TR-1" || parcels[0]["delivered_at"] != "2025-10-09 16:53:20" {
		t.Errorf("outbound orders: %v", parcels)
	}
	send(first) // again: the first one stands
	if got := result(first); !strings.Contains(got, "wo_number") {
		t.Errorf("sent again: %s", got)
	}
	_, second := add()
	_, third := add()
	send(second)
	send(third)
	sandboxtest.Advance(t, c.srv, 3*time.Second) // nobody asked, and it is done
	if got := c.good(1300, "MUG-RED"); got != "2" {
		t.Errorf("after two more %s in stock", got)
	}
	result(third)
	if got := result(third) + result(second); !strings.Contains(got, "库存不足") {
		t.Errorf("too little stock: %s", got)
	}
	if got := result("1"); !strings.Contains(got, "订单没提交快速出库") {
		t.Errorf("never sent: %s", got)
	}
	if a := c.call(path, `{"package":[{"global_order_no":"1","wid":1300,"logistics_type_id":"6-265"}]}`); a.code() != "102" || a.Message != "waybill_no不能为空" {
		t.Errorf("without a waybill: %s %s", a.Code, a.Message)
	}
}

func TestShipments(t *testing.T) {
	const list = "/erp/sc/routing/wms/order/wmsOrderList"
	c := start(t, sandbox.Options{Orders: 200})
	all := c.rows(c.call(list, `{"page_size":200}`))
	empties, recalled := map[string]int{}, 0
	for _, r := range all {
		empties[fmt.Sprint(r["delivered_at"])]++
		empties[fmt.Sprint(r["stock_delivered_at"])]++
		if fmt.Sprint(r["status"]) == "4" {
			recalled++
			if others := c.rows(c.call(list, fmt.Sprintf(`{"order_number_arr":["%v"]}`, r["order_number"]))); len(others) != 2 {
				t.Errorf("beside a recalled outbound order stand %d", len(others)-1)
			}
		}
	}
	if empties[""] == 0 || empties["0000-00-00 00:00:00"] == 0 || recalled == 0 {
		t.Errorf("empty dates %d and %d, recalled %d", empties[""], empties["0000-00-00 00:00:00"], recalled)
	}
	labels := c.rows(c.call(list, `{"logistics_status_arr":[1]}`))
	if len(labels) == 0 {
		t.Fatal("none waits for a label")
	}
	number := fmt.Sprint(labels[0]["wo_number"])
	label := `{"wo_number":"` + number + `","waybill_no":"W-1","tracking_no":"T-1"}`
	if a := c.call("/basicOpen/logisticsOrdering/setTrackingNo", label); a.code() != "0" || string(a.Data) != "null" {
		t.Errorf("%s %s", a.Code, a.Details)
	}
	if a := c.call("/basicOpen/logisticsOrdering/setTrackingNo", label); a.code() != "500" || !strings.Contains(string(a.Details), "当前订单不存在或物流状态不是待导入") {
		t.Errorf("again: %s %s", a.Code, a.Details)
	}
	order := fmt.Sprint(labels[0]["order_number"])
	a := c.call("/basicOpen/selfShipmentOrder/deliveryGoods", `{"order_number_list":"`+order+`,1"}`)
	if want := `{"success_list":[{"order_number":"` + order + `","status_name":"已出库"}],"fail_list":[{"order_number":"1","err_msg":"订单不存在"}]}`; string(a.Data) != want {
		t.Errorf("delivered: %s", a.Data)
	}
	a = c.call("/basicOpen/selfShipmentOrder/deliveryGoods", `{"order_number_list":"`+order+`"}`)
	if !strings.Contains(string(a.Data), "订单不在发货中") {
		t.Errorf("delivered twice: %s", a.Data)
	}
	if a := c.call(list, `{"start_date":"2025-10-09 00:00:00"}`); a.code() != "102" {
		t.Errorf("a time where a day belongs: %s", a.Code)
	}
	if rows := c.rows(c.call(list, `{"time_type":"update_at","start_date":"2025-10-10","end_date":"2025-10-10"}`)); len(rows) != 0 {
		t.Errorf("%d rows of tomorrow", len(rows))
	}
	if rows := c.rows(c.call(list, `{"time_type":"update_at","start_date":"2025-10-09","end_date":"2025-10-09"}`)); len(rows) == 0 {
		t.Error("no rows of today: both days count")
	}
}

func TestPartialFault(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.fault(sandbox.Fault{Kind: "partial", Arg: "MUG-RED-US"})
	a := c.call("/basicOpen/FbmManagement/modifyFbmInventory", `{"fbmInventoryList":[{"storeId":113,"msku":"CAP-GREEN-US","fbmInventory":3},{"storeId":113,"msku":"MUG-RED-US","fbmInventory":4}]}`)
	if a.code() != "0" || !strings.Contains(string(a.Data), `"successNum":1,"failureNum":1,"failureDetail":[{"storeId":113,"asin":"","msku":"MUG-RED-US","msg":"`) {
		t.Errorf("%s %s", a.Code, a.Data)
	}
}
