package sandbox_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	lingxingbox "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

const productsPath = "/erp/sc/routing/data/local_inventory/productList"

func TestProducts(t *testing.T) {
	c := start(t, sandbox.Options{})
	rows := c.rows(c.call(productsPath, `{}`))
	want := []string{"MUG-RED", "MUG-BLUE", "TEE-BLACK-M", "TEE-BLACK-L", "CAP-GREEN", "LAMP-DESK", "BAG-CANVAS", "PEN-SET-5", "BOTTLE-750", "NOTEBOOK-A5", "10.01.0001", "CABLE-USBC", "NEW-POSTER"}
	if diff := cmp.Diff(want, pluck(rows, "sku")); diff != "" {
		t.Error(diff)
	}
	if rows[0]["cg_price"] != "10.0000" || kindOf(rows[0]["attribute"]) != "array" || kindOf(rows[0]["create_time"]) != "number" {
		t.Errorf("%v", rows[0])
	}
	at := rows[4]["update_time"]
	if got := pluck(c.rows(c.call(productsPath, fmt.Sprintf(`{"update_time_start":"%v","update_time_end":%v}`, rows[2]["update_time"], at))), "sku"); !slices.Equal(got, want[2:4]) {
		t.Errorf("[start, end): %v", got)
	}
	a := c.call("/erp/sc/routing/storage/product/set", `{"sku":"MUG-RED","product_name":"马克杯 正红"}`)
	if a.code() != "0" || string(a.Data) != `{"product_id":10001,"sku":"MUG-RED","sku_identifier":""}` || string(a.Total) != "0" {
		t.Errorf("update: %s %s", a.Code, a.Data)
	}
	changed := c.rows(c.call(productsPath, fmt.Sprintf(`{"update_time_start":%d}`, vectorTime)))
	if len(changed) != 1 || changed[0]["product_name"] != "马克杯 正红" || changed[0]["cg_price"] != "10.0000" || changed[0]["brand_name"] != "Pipe" {
		t.Errorf("what was not sent must stay: %v", changed)
	}
	if a := c.call("/erp/sc/routing/storage/product/set", `{"sku":"NEW-CARD"}`); a.code() != "500" || !strings.Contains(string(a.Details), "product_name不能为空") {
		t.Errorf("create without a name: %s %s", a.Code, a.Details)
	}
	if a := c.call("/erp/sc/routing/storage/product/set", `{"sku":"NEW-CARD","product_name":"贺卡","cg_price":"1.5"}`); a.code() != "0" {
		t.Errorf("create: %s %s", a.Code, a.Details)
	}
	got := c.rows(c.call("/erp/sc/routing/data/local_inventory/batchGetProductInfo", `{"skus":["NEW-CARD","MUG-RED","NONE"]}`))
	if !slices.Equal(pluck(got, "sku"), []string{"MUG-RED", "NEW-CARD"}) || got[1]["cg_price"] != "1.5000" {
		t.Errorf("batch: %v", got)
	}
	if a := c.call("/erp/sc/routing/data/local_inventory/productInfo", `{}`); a.code() != "500" || !strings.Contains(string(a.Details), "id不能为空 [") {
		t.Errorf("without an id: %s %s", a.Code, a.Details)
	}
}

func TestShops(t *testing.T) {
	c := start(t, sandbox.Options{})
	_, raw := c.get("/erp/sc/data/seller/lists", nil)
	a := envelope(t, raw)
	rows := c.rows(a)
	if got := pluck(rows, "sid"); !slices.Equal(got, []string{"113", "114", "115", "199"}) || kindOf(rows[0]["sid"]) != "number" || a.Total != nil {
		t.Errorf("%s", raw)
	}
	stores, total := c.page(c.call("/pb/mp/shop/v2/getSellerList", `{"offset":0,"length":200,"platform_code":["10002"]}`))
	if total != "1" || len(stores) != 1 || kindOf(stores[0]["store_id"]) != "string" || stores[0]["sid"] != "" {
		t.Errorf("%v", stores)
	}
}

func TestPairsByCursor(t *testing.T) {
	c := start(t, sandbox.Options{})
	seen, cursor := map[string]bool{}, ""
	for range 10 {
		a := c.call("/pb/mp/listing/v2/getPairList", `{"use_cursor":true,"cursor_id":"`+cursor+`","length":30}`)
		var data struct {
			List []map[string]any
			More bool   `json:"has_next"`
			Next string `json:"next_cursor_id"`
		}
		decode(t, a.Data, &data)
		for _, r := range data.List {
			seen[fmt.Sprint(r["store_id"], r["msku"])] = true
		}
		if cursor = data.Next; !data.More {
			break
		}
	}
	if len(seen) != 5*13 {
		t.Errorf("%d pairs of five shops and thirteen products", len(seen))
	}
}

// Every interface answers in its own envelope, and within the vendor's own shapes: golden files hold
// one answer of each, and show every change of a name or a type.
func TestShapes(t *testing.T) {
	const from = `"start_date":"2025-09-20","end_date":"2025-10-10"`
	c := start(t, sandbox.Options{Seed: 1, Orders: 60})
	number := c.rows(c.call("/erp/sc/routing/order/Order/getOrderList", `{"sid":"113","length":1}`))[0]["order_number"]
	cases := []struct{ name, path, body string }{
		{"orders", ordersPath, `{"date_type":2,` + from + `,"sort_desc_by_date_type":2,"length":1}`},
		{"order_detail", detailPath, fmt.Sprintf(`{"order_id":"%v"}`, c.rows(c.orders(`,"sort_desc_by_date_type":2,"length":1`))[0]["amazon_order_id"])},
		{"multi_orders", "/pb/mp/order/v2/list", `{"offset":0,"length":20,"date_type":"update_time","start_time":1758300000,"end_time":1758600000}`},
		{"fbm_list", "/erp/sc/routing/order/Order/getOrderList", `{"sid":"113,114","length":1}`},
		{"fbm_detail", "/erp/sc/routing/order/Order/getOrderDetail", fmt.Sprintf(`{"order_number":"%v"}`, number)},
		{"platform_orders", "/cepfPlatformOrder/open-api/newPlatformOrder/list", `{"dateType":0,"startDate":"2025-09-19 00:00:00","endDate":"2025-10-10 00:00:00","pageSize":1}`},
		{"after_sales", "/erp/sc/routing/amzod/order/afterSaleList", `{"date_type":3,` + from + `,"length":1}`},
		{"warehouses", "/erp/sc/data/local_inventory/warehouse", `{"type":3}`},
		{"stock", stockPath, `{"length":3}`},
		{"bins", "/erp/sc/routing/data/local_inventory/inventoryBinDetails", `{"length":2,"bin_type_list":"1,2"}`},
		{"products", productsPath, `{"length":1}`},
		{"product", "/erp/sc/routing/data/local_inventory/productInfo", `{"sku":"10.01.0001"}`},
		{"brands", "/erp/sc/data/local_inventory/brand", `{}`},
		{"categories", "/erp/sc/routing/data/local_inventory/category", `{"length":1}`},
		{"parcels", "/erp/sc/routing/wms/order/wmsOrderList", `{"page_size":1,"status_arr":[3]}`},
		{"parcels_of_order", "/basicOpen/wmsOrder/getWmsOrdersByOrderNumbers", fmt.Sprintf(`{"orderNumbers":"%v"}`, number)},
		{"channels", "/erp/sc/routing/wms/WmsLogistics/listUsedLogisticsType", `{"param":{"provider_type":1,"page":1,"length":30}}`},
		{"warehouse_bins", "/erp/sc/routing/data/local_inventory/warehouseBin", `{"wid":1301,"limit":1}`},
		{"fba_stock", fbaPath, `{"sid":"113","search_field":"sku","search_value":"MUG-RED"}`},
		{"fba_list", "/erp/sc/routing/fba/fbaStock/fbaList", `{"sid":"113","length":1}`},
		{"all_orders", "/erp/sc/data/mws_report/allOrders", `{"sid":113,` + from + `,"length":1}`},
		{"refund_orders", refundsPath, `{"sid":114,"start_date":"2025-09-01","end_date":"2025-10-10","length":1}`},
		{"fbm_returns", fbmReturnsPath, `{"sid":113,"start_date":"2025-09-01","end_date":"2025-10-10","length":1}`},
		{"sales_returns", returnsPath, `{"offset":1,"length":1,"start_time":"2025-09-01 00:00:00","end_time":"2025-10-10 00:00:00"}`},
		{"mcf_orders", mcfPath, `{"offset":0,"length":1}`},
		{"stores", "/pb/mp/shop/v2/getSellerList", `{"offset":0,"length":1}`},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			status, raw := c.raw(x.path, x.body)
			if a := envelope(t, raw); status != 200 || a.code() != "0" {
				t.Fatalf("HTTP %d %s", status, raw)
			}
			golden(t, x.name, regexp.MustCompile(`"request_id":"[^"]*"`).ReplaceAllString(string(raw), `"request_id":"…"`))
		})
	}
}

// update rewrites the golden files.
var update = flag.Bool("update", false, "rewrite testdata")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; -update writes it anew:\n%s", path, diff)
	}
}

// What was written over the API and by actions is there again after the journal is opened anew.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lingxing.journal")
	create := func(k *sandbox.Kit) sandbox.System { return lingxingbox.New(k) }
	dump := func(c *client) []string {
		var out []string
		for _, name := range []string{"orders", "multi_orders", "outbound_orders", "stock", "stock_documents", "stock_moves", "products", "listing_stock", "mcf_orders", "fba_stock"} {
			_, raw := sandboxtest.Send(t, "GET", c.srv.ControlURL()+"dump?collection="+name, nil, nil)
			out = append(out, name, string(raw))
		}
		return out
	}
	open := func() *client {
		sys, kit, err := sandbox.Restore(path, sandbox.Options{Seed: 4, Orders: 40, Now: noon}, create)
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t: t, srv: sandboxtest.Start(t, sys, kit), app: vectorApp, now: noon}
		c.secret = c.srv.Settings()["secret"]
		c.login()
		return c
	}
	c := open()
	m := c.do("add-order", `{"sid":113,"sku":"MUG-RED","qty":2}`)
	c.call(addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"J-1","product_list":[{"sku":"MUG-RED","good_num":7}]}`)
	c.call(addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"J-1","product_list":[{"sku":"MUG-RED","good_num":7}]}`) // refused
	c.call("/erp/sc/routing/storage/product/set", `{"sku":"NEW-CARD","product_name":"贺卡"}`)
	c.fault(sandbox.Fault{Kind: "partial"})
	c.call("/basicOpen/FbmManagement/modifyFbmInventory", `{"fbmInventoryList":[{"storeId":113,"msku":"CAP-GREEN-US","fbmInventory":3},{"storeId":113,"msku":"MUG-RED-US","fbmInventory":4}]}`)
	c.call("/pb/mp/order/v2/fastOutbound", fmt.Sprintf(`{"package":[{"global_order_no":"%v","wid":1300,"logistics_type_id":"6-265","waybill_no":"YT-1"}]}`, m["global_order_no"]))
	for range 2 {
		c.call("/pb/mp/order/v2/getFastOutboundResult", fmt.Sprintf(`{"global_order_no":["%v"]}`, m["global_order_no"]))
	}
	c.do("add-mcf-order", `{"sid":113,"sku":"LAMP-DESK","qty":1}`)
	id1, n1 := c.reviewing("")
	_, n2 := c.reviewing("")
	c.steps([]step{
		{"bundle", bundlePath, `{"sku":"GIFT-BOX","product_name":"礼盒","group_list":[{"sku":"MUG-RED","quantity":2}]}`, "0", ""},
		{"brand", "/erp/sc/storage/brand/set", `{"data":[{"id":3,"title":"Pipe & Co"}]}`, "0", ""},
		{"category", "/erp/sc/routing/storage/category/set", `{"data":[{"id":12,"title":"杯子","category_code":"CUP"}]}`, "0", ""},
		{"switch", "/basicOpen/product/productManager/product/operate/batch", `{"product_ids":[10002],"batch_status":"Disable"}`, "0", ""},
		{"update", updatePath, `{"order_list":[{"global_order_no":"` + n1 + `","order_item_list":[{"type":1,"sku":"PEN-SET-5","quantity":2}]}]}`, "10002", ""},
		{"split", splitPath, `{"split_mod":1,"global_order_no":"` + n1 + `","order_item":[[{"item_id":"` + item(c.mpOrders(id1, "")[n1], 0) + `","quantity":1}]]}`, "0", ""},
		{"merge", mergePath, `{"platform_code":"10001","order_list":["` + n1 + `","` + n2 + `"]}`, "0", `"success_num":2`},
		{"create", createPath, `{"platform_code":10002,"store_id":"110268822038528000","orders":[{"platform_order_no":"M-1","receiver_country_code":"DE","receiver_name":"A","city":"B","address_line1":"C","items":[{"sku":"MUG-RED","quantity":1,"unit_price":1}]}]}`, "0", `"error_details":[]`},
		{"remark", "/basicOpen/platformOrder/scOrder/setRemark", `{"sid":113,"amazonOrderId":"` + id1 + `","remark":"x"}`, "0", ""},
	})
	c.fault(sandbox.Fault{Kind: "moving-page", Path: "mws/orders", Arg: "2"})
	c.orders("")
	want := dump(c)
	c.srv.Close()
	if diff := cmp.Diff(want, dump(open())); diff != "" {
		t.Error(diff)
	}
}

// A product that is deleted is in no list, and its id is not given again; a part of a bundle stays.
func TestDeletedProduct(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.do("add-product", `{"sku":"SHORT-LIVED","name":"短命"}`)
	find := func() []map[string]any { return c.rows(c.call(productsPath, `{"sku_list":["SHORT-LIVED"]}`)) }
	before := find()
	if len(before) != 1 {
		t.Fatalf("%v", before)
	}
	c.do("delete-product", `{"sku":"SHORT-LIVED"}`)
	if rows := find(); len(rows) != 0 {
		t.Errorf("it is there still: %v", rows)
	}
	if got := pluck(c.rows(c.call(productsPath, `{}`)), "sku"); slices.Contains(got, "SHORT-LIVED") || len(got) < 13 {
		t.Errorf("%v", got)
	}
	c.do("add-product", `{"sku":"SHORT-LIVED","name":"短命 再来"}`)
	if rows := find(); len(rows) != 1 || rows[0]["id"] == before[0]["id"] {
		t.Errorf("it came back as %v, and was %v", rows, before)
	}
	c.call("/erp/sc/routing/storage/product/setBundled", `{"sku":"PAIR","product_name":"一对","group_list":[{"sku":"SHORT-LIVED","quantity":2}]}`)
	for sku, why := range map[string]string{"SHORT-LIVED": "part of a bundle", "NONE": "no product"} {
		status, raw := sandboxtest.Send(t, "POST", c.srv.ControlURL()+"do/delete-product", nil, []byte(`{"sku":"`+sku+`"}`))
		if status != 400 || !strings.Contains(string(raw), why) {
			t.Errorf("%s: HTTP %d, %s", sku, status, raw)
		}
	}
}
