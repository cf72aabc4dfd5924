package sandbox_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/sandbox"
)

const (
	updatePath = "/pb/mp/order/v2/updateOrder"
	createPath = "/pb/mp/order/v2/create"
	splitPath  = "/pb/mp/order/v2/splitOrder"
	mergePath  = "/pb/mp/order/v2/mergeOrder"
	reviewPath = "/basicOpen/openapi/multiplatform/order/review"
)

// mpOrders are the multi-platform orders behind a platform's number, by system number.
func (c *client) mpOrders(id, more string) map[string]map[string]any {
	c.t.Helper()
	rows, _ := c.page(c.call("/pb/mp/order/v2/list", `{"offset":0,"length":20,"platform_order_nos":["`+id+`"]`+more+`}`))
	out := map[string]map[string]any{}
	for _, r := range rows {
		out[fmt.Sprint(r["global_order_no"])] = r
	}
	return out
}

// reviewing makes an order that waits for review.
func (c *client) reviewing(more string) (id, number string) {
	c.t.Helper()
	for range 2 { // every second order waits
		m := c.do("add-order", `{"sid":113,"sku":"MUG-RED","qty":4,"amount":"40.03","buyer":"Ann Example"`+more+`}`)
		id, number = fmt.Sprint(m["amazon_order_id"]), fmt.Sprint(m["global_order_no"])
		if fmt.Sprint(c.mpOrders(id, "")[number]["status"]) == "4" {
			return id, number
		}
	}
	c.t.Fatal("no order waits for review")
	return "", ""
}

// lines are "msku sku quantity amount" of a multi-platform order.
func lines(order map[string]any) []string {
	var out []string
	for _, x := range order["item_info"].([]any) {
		i := x.(map[string]any)
		out = append(out, fmt.Sprint(i["msku"], " ", i["local_sku"], " ", i["quantity"], " ", i["item_price_amount"]))
	}
	return out
}

func item(order map[string]any, i int) string {
	return fmt.Sprint(order["item_info"].([]any)[i].(map[string]any)["id"])
}

func TestUpdateOrders(t *testing.T) {
	c := start(t, sandbox.Options{})
	id, number := c.reviewing("")
	update := func(what string) string {
		return `{"order_list":[{"global_order_no":"` + number + `",` + what + `}]}`
	}
	c.steps([]step{
		{"an address", updatePath, update(`"address_info":{"city":"Otherton","receiver_name":"Bea Example"},"order_item_list":[]`), "10002", `"message":"订单更新成功"`},
		{"pair a listing with another product", updatePath, update(`"order_item_list":[{"type":3,"msku":"MUG-RED-US","sku":"MUG-BLUE","mark":"fragile"}]`), "10002", `"error_details":[]`},
		{"a gift", updatePath, update(`"order_item_list":[{"type":1,"sku":"PEN-SET-5","quantity":2}]`), "10002", ""},
		{"more of the gift", updatePath, update(`"order_item_list":[{"type":3,"sku":"PEN-SET-5","quantity":"3"}]`), "10002", ""},
		{"more of what was sold", updatePath, update(`"order_item_list":[{"type":3,"msku":"MUG-RED-US","quantity":5}]`), "10000", `"error_details":[{"global_order_no":"` + number + `","error_message":"线上商品不支持修改数量"}]`},
		{"an unknown product", updatePath, update(`"order_item_list":[{"type":1,"sku":"NONE","quantity":1}]`), "10000", "sku不存在"},
		{"one of two", updatePath, `{"order_list":[{"global_order_no":"` + number + `","order_item_list":[]},{"global_order_no":7,"order_item_list":[]}]}`, "10001", `"message":"订单更新部分成功"`},
		{"without a list of items", updatePath, update(`"address_info":{}`), "102", "order_item_list"},
		{"an item without a type", updatePath, update(`"order_item_list":[{"sku":"MUG-BLUE"}]`), "102", "type"},
	})
	o := c.mpOrders(id, "")[number]
	if got := lines(o); !slices.Equal(got, []string{"MUG-RED-US MUG-BLUE 4 40.03", " PEN-SET-5 3 0.00"}) {
		t.Errorf("lines: %q", got)
	}
	to := o["address_info"].(map[string]any)
	if to["city"] != "Otherton" || to["receiver_name"] != "Bea Example" || to["address_line1"] == "" {
		t.Errorf("what was not sent must stay: %v", to)
	}
	d := c.rows(c.call(detailPath, `{"order_id":"`+id+`"}`))[0]
	if items := d["item_list"].([]any); len(items) != 1 || items[0].(map[string]any)["sku"] != "MUG-RED" || d["order_total_amount"] != "40.03" {
		t.Errorf("Amazon's own order changed: %v", d["item_list"])
	}
	c.do("set-stock", `{"wid":1300,"sku":"MUG-BLUE","good":10}`)
	c.steps([]step{
		{"review", reviewPath, `{"global_order_no":["` + number + `"]}`, "0", `"success_num":1`},
		{"too late", updatePath, update(`"order_item_list":[]`), "10000", "待审核"},
		{"deliver", "/basicOpen/selfShipmentOrder/deliveryGoods", `{"order_number_list":"` + number + `"}`, "0", `"fail_list":[]`},
	})
	if good := c.good(1300, "MUG-BLUE"); good != "6" {
		t.Errorf("what was paired leaves the warehouse: %s left of 10", good)
	}
	parcel := c.rows(c.call("/erp/sc/routing/wms/order/wmsOrderList", `{"order_number_arr":["`+number+`"]}`))[0]
	if parcel["consignee"] != "Bea Example" || len(parcel["product_info"].([]any)) != 2 {
		t.Errorf("its outbound order: %v", parcel)
	}
	if n := c.mpOrders(id, "")[number]; fmt.Sprint(n["status"]) != "6" {
		t.Errorf("status %v", n["status"])
	}
	c.steps([]step{{"delete a line of one that waits no more", updatePath, update(`"order_item_list":[{"type":2,"sku":"PEN-SET-5"}]`), "10000", ""}})
}

func TestCreateOrders(t *testing.T) {
	c := start(t, sandbox.Options{})
	const to = `"receiver_country_code":"DE","receiver_name":"Ann Example","city":"Musterstadt","address_line1":"Weg 1"`
	order := func(id, more string) string {
		return `{"platform_order_no":"` + id + `",` + to + more + `}`
	}
	create := func(orders ...string) string {
		return `{"platform_code":10002,"store_id":"110268822038528000","orders":[` + strings.Join(orders, ",") + `]}`
	}
	good := order("M-1", `,"customer_shipping_amount":"3.50","remark":"by hand","items":[{"sku":"MUG-RED","quantity":2,"unit_price":"10.00"},{"msku":"CAP-GREEN-SHOP","quantity":1,"unit_price":7}]`)
	a := c.call(createPath, create(good, order("M-2", `,"items":[{"sku":"NONE","quantity":1,"unit_price":"1"}]`), order("M-3", "")))
	var data struct {
		Errors []map[string]string `json:"error_details"`
		Done   []map[string]string `json:"success_details"`
	}
	decode(t, a.Data, &data)
	if a.code() != "0" || len(data.Errors) != 2 || len(data.Done) != 1 || data.Errors[0]["platform_order_no"] != "M-2" || data.Done[0]["platform_order_no"] != "M-1" {
		t.Fatalf("%s %s", a.Code, a.Data)
	}
	o := c.mpOrders("M-1", "")[data.Done[0]["global_order_no"]]
	if got := lines(o); !slices.Equal(got, []string{" MUG-RED 2 20.00", "CAP-GREEN-SHOP CAP-GREEN 1 7.00"}) || fmt.Sprint(o["status"]) != "4" || o["order_from_name"] != "手工订单" || o["remark"] != "by hand" {
		t.Errorf("%q %v", got, o)
	}
	if total := o["transaction_info"].([]any)[0].(map[string]any)["order_total_amount"]; total != "$30.50" {
		t.Errorf("total %v", total)
	}
	c.steps([]step{
		{"again", createPath, create(good), "0", `"error_details":[{"error_message":"平台单号已存在","platform_order_no":"M-1"}],"success_details":[]`},
		{"a warehouse without a channel", createPath, create(order("M-4", `,"wid":"1300","items":[{"sku":"MUG-RED","quantity":1,"unit_price":1}]`)), "0", "必须同时填写"},
		{"no store", createPath, `{"platform_code":10002,"store_id":"1","orders":[{}]}`, "500", "店铺不存在"},
		{"no orders", createPath, create(), "102", "orders"},
	})
	if ids := pluck(c.rows(c.orders(`,"length":5000`)), "amazon_order_id"); slices.Contains(ids, "M-1") {
		t.Error("Amazon lists an order that a person made")
	}
}

func TestSplitOrder(t *testing.T) {
	c := start(t, sandbox.Options{})
	id, number := c.reviewing("")
	o := c.mpOrders(id, "")[number]
	split := func(groups string) string {
		return `{"split_mod":1,"global_order_no":"` + number + `","order_item":` + groups + `}`
	}
	c.steps([]step{
		{"all of it", splitPath, split(`[[{"item_id":` + item(o, 0) + `,"quantity":4}]]`), "500", "至少"},
		{"more than there is", splitPath, split(`[[{"item_id":` + item(o, 0) + `,"quantity":5}]]`), "500", item(o, 0)},
		{"of another order", splitPath, split(`[[{"item_id":1,"quantity":1}]]`), "500", "不存在"},
		{"no such order", splitPath, `{"split_mod":1,"global_order_no":"7","order_item":[[{"item_id":1,"quantity":1}]]}`, "500", "订单不存在"},
	})
	a := c.call(splitPath, split(`[[{"item_id":`+item(o, 0)+`,"quantity":1}],[{"item_id":"`+item(o, 0)+`","quantity":"2"}]]`))
	var data struct {
		Num    int
		New    []string `json:"global_order_no"`
		Result []struct {
			Number string `json:"global_order_no"`
		}
	}
	decode(t, a.Data, &data)
	if a.code() != "0" || data.Num != 2 || len(data.New) != 2 || len(data.Result) != 3 || data.Result[0].Number != number || data.Result[2].Number != data.New[1] {
		t.Fatalf("%s %s", a.Code, a.Data)
	}
	parts := c.mpOrders(id, "")
	sum, pieces := new(big.Rat), int64(0)
	for _, p := range parts {
		if p["split_type"] != "3" {
			t.Errorf("split_type %v", p["split_type"])
		}
		for _, x := range p["item_info"].([]any) {
			i := x.(map[string]any)
			n, _ := i["quantity"].(json.Number).Int64()
			amount, _ := new(big.Rat).SetString(fmt.Sprint(i["item_price_amount"]))
			pieces, sum = pieces+n, sum.Add(sum, amount)
		}
	}
	if len(parts) != 3 || pieces != 4 || sum.FloatString(2) != "40.03" {
		t.Errorf("%d orders of %d pieces for %s", len(parts), pieces, sum.FloatString(2))
	}
	if ids := pluck(c.rows(c.orders(`,"length":5000`)), "amazon_order_id"); len(ids) != len(slices.Compact(slices.Sorted(slices.Values(ids))))+len(twins(ids)) || !slices.Contains(ids, id) {
		t.Error("Amazon lists what the ERP split")
	}
	c.steps([]step{{"the parts go together again", mergePath, fmt.Sprintf(`{"platform_code":"10001","order_list":["%s","%s","%s"]}`, number, data.New[0], data.New[1]), "0", `"success_num":3,"fail_num":0`}})
	whole := c.mpOrders(id, "")
	if len(whole) != 1 || whole[number]["split_type"] != "2" || len(whole[number]["platform_info"].([]any)) != 1 {
		t.Errorf("merged again: %v", whole)
	}
	c.do("cancel-order", `{"order_id":"`+id+`","sid":113}`)
	if got := c.mpOrders(id, "")[number]; fmt.Sprint(got["status"]) != "7" {
		t.Errorf("a buyer cancels: status %v", got["status"])
	}
}

// twins are the numbers that two shops share.
func twins(ids []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			out = append(out, id)
		}
		seen[id] = true
	}
	return out
}

func TestMergeOrders(t *testing.T) {
	c := start(t, sandbox.Options{})
	id1, n1 := c.reviewing("")
	id2, n2 := c.reviewing("")
	_, n3 := c.reviewing(`,"buyer":"Somebody Else"`)
	a := c.call(mergePath, fmt.Sprintf(`{"platform_code":"10001","order_list":["%s","%s","%s","7"]}`, n1, n2, n3))
	want := `{"success_num":2,"fail_num":2,"failure_info":[{"global_order_no":["7"],"message":"操作的勾选项无可合并的订单!"},{"global_order_no":["` + n3 +
		`"],"message":"操作的勾选项无可合并的订单!"}],"success_info":[{"global_order_no":["` + n1 + `","` + n2 + `"],"new_order_no":"` + n1 + `"}]}`
	if a.code() != "0" || string(a.Data) != want {
		t.Errorf("%s %s", a.Code, a.Data)
	}
	for _, id := range []string{id1, id2} { // found by both numbers
		got := c.mpOrders(id, "")
		if len(got) != 1 || got[n1]["split_type"] != "2" || len(got[n1]["platform_info"].([]any)) != 2 {
			t.Fatalf("%s: %v", id, got)
		}
	}
	all := c.mpOrders(id2, `,"include_delete":true`)
	if len(all) != 2 || fmt.Sprint(all[n2]["is_delete"]) != "1" {
		t.Errorf("with deleted ones: %d", len(all))
	}
	var from []string
	for _, x := range all[n1]["item_info"].([]any) {
		from = append(from, fmt.Sprint(x.(map[string]any)["platform_order_no"]))
	}
	if !slices.Equal(from, []string{id1, id2}) {
		t.Errorf("lines of %v", from)
	}
	c.steps([]step{
		{"a platform that cannot", mergePath, `{"platform_code":"10011","order_list":["` + n1 + `"]}`, "500", "不支持"},
		{"what was merged is gone", updatePath, `{"order_list":[{"global_order_no":"` + n2 + `","order_item_list":[]}]}`, "10000", "订单不存在"},
		{"review", reviewPath, `{"global_order_no":["` + n1 + `"]}`, "0", `"success_num":1`},
	})
	parcel := c.rows(c.call("/erp/sc/routing/wms/order/wmsOrderList", `{"platform_order_no_arr":["`+id2+`"]}`))
	if len(parcel) != 1 || fmt.Sprint(parcel[0]["platform_order_no"]) != fmt.Sprintf("[%s %s]", id1, id2) || parcel[0]["order_origin_amount"] != "80.06" {
		t.Errorf("one outbound order for both: %v", parcel)
	}
}
