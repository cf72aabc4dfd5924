package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// step is a call with what its answer must be and hold.
type step struct{ name, path, body, code, says string }

func (c *client) steps(list []step) {
	c.t.Helper()
	for _, s := range list {
		status, raw := c.raw(s.path, s.body)
		if a := envelope(c.t, raw); status != 200 || a.code() != s.code || !strings.Contains(string(raw), s.says) {
			c.t.Errorf("%s: HTTP %d %s", s.name, status, raw)
		}
	}
}

const bundlePath = "/erp/sc/routing/storage/product/setBundled"

func TestBundles(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.steps([]step{
		{"create", bundlePath, `{"sku":"GIFT-BOX","product_name":"礼盒","group_list":[{"sku":"MUG-RED","quantity":2},{"sku":"PEN-SET-5","quantity":1}]}`, "0", `"data":{"product_id":10014},"total":0`},
		{"another name", bundlePath, `{"sku":"GIFT-BOX","product_name":"礼盒 大"}`, "0", `"product_id":10014`},
		{"one unit", bundlePath, `{"sku":"BOX-2","product_name":"B","group_list":[{"sku":"MUG-RED","quantity":1}]}`, "500", "大于1"},
		{"no parts", bundlePath, `{"sku":"BOX-2","product_name":"B"}`, "500", "大于1"},
		{"unknown part", bundlePath, `{"sku":"BOX-2","product_name":"B","group_list":[{"sku":"NONE","quantity":2}]}`, "500", "NONE"},
		{"no name", bundlePath, `{"sku":"BOX-2","group_list":[{"sku":"MUG-RED","quantity":2}]}`, "500", "product_name不能为空"},
		{"shares of some", bundlePath, `{"sku":"BOX-2","product_name":"B","group_list":[{"sku":"MUG-RED","quantity":1,"cost_ratio":"0.4"},{"sku":"PEN-SET-5","quantity":1}]}`, "500", "cost_ratio"},
		{"shares that are not one", bundlePath, `{"sku":"BOX-2","product_name":"B","group_list":[{"sku":"MUG-RED","quantity":1,"cost_ratio":0.4},{"sku":"PEN-SET-5","quantity":1,"cost_ratio":0.5}]}`, "500", "cost_ratio"},
		{"shares", bundlePath, `{"sku":"BOX-3","product_name":"B","group_list":[{"sku":"MUG-RED","quantity":1,"cost_ratio":"0.4"},{"sku":"PEN-SET-5","quantity":1,"cost_ratio":"0.6"}]}`, "0", `"product_id":10015`},
	})
	got := c.rows(c.call("/erp/sc/routing/data/local_inventory/batchGetProductInfo", `{"skus":["GIFT-BOX","BOX-2"]}`))
	if len(got) != 1 || fmt.Sprint(got[0]["is_combo"]) != "1" || got[0]["product_name"] != "礼盒 大" {
		t.Fatalf("%v", got)
	}
	if parts := fmt.Sprint(got[0]["combo_product_list"]); parts != "[map[product_id:10001 quantity:2 sku:MUG-RED] map[product_id:10008 quantity:1 sku:PEN-SET-5]]" {
		t.Errorf("parts: %s", parts)
	}
}

func TestProductSwitch(t *testing.T) {
	const path = "/basicOpen/product/productManager/product/operate/batch"
	c := start(t, sandbox.Options{})
	closed := func() []string {
		var out []string
		for _, r := range c.rows(c.call(productsPath, `{}`)) {
			if fmt.Sprint(r["open_status"]) == "0" {
				out = append(out, fmt.Sprint(r["id"]))
			}
		}
		return out
	}
	c.steps([]step{{"off, one of them unknown", path, `{"product_ids":[10001,"10003",7],"batch_status":"Disable"}`, "0", `"data":null,"total":2`}})
	if got := closed(); !slices.Equal(got, []string{"10001", "10003"}) {
		t.Errorf("closed: %v", got)
	}
	c.fault(sandbox.Fault{Kind: "partial", Arg: "10003"})
	c.steps([]step{
		{"on, one fails", path, `{"product_ids":[10001,10003],"batch_status":"Enable"}`, "0", `"total":1`},
		{"another word", path, `{"product_ids":[10001],"batch_status":"enable"}`, "102", "batch_status"},
	})
	if got := closed(); !slices.Equal(got, []string{"10003"}) {
		t.Errorf("closed: %v", got)
	}
}

func TestBrandsAndCategories(t *testing.T) {
	const brands, categories = "/erp/sc/storage/brand/set", "/erp/sc/routing/storage/category/set"
	c := start(t, sandbox.Options{})
	c.steps([]step{
		{"a new brand, and another title", brands, `{"data":[{"title":"Quay","brand_code":"QY"},{"id":3,"title":"Pipe & Co"}]}`, "0", `"data":[{"id":5,"title":"Quay","brand_code":"QY"},{"id":3,"title":"Pipe & Co","brand_code":"PIPE"}]}`},
		{"no brand", brands, `{"data":[]}`, "102", `["data => data不能为空"]`},
		{"no title", brands, `{"data":[{"brand_code":"X"}]}`, "102", "title不能为空"},
		{"unknown brand, nothing is done", brands, `{"data":[{"title":"Never"},{"id":99,"title":"X"}]}`, "500", "99"},
		{"a new category", categories, `{"data":[{"parent_cid":13,"title":"帽子","category_code":"HAT"}]}`, "0", `"data":[{"title":"帽子","parent_cid":"13","id":"17"}],"total":1`},
		{"another title", categories, `{"data":[{"id":"12","title":"杯子","category_code":"CUP"}]}`, "0", `"data":[{"title":"杯子","parent_cid":"","id":"12"}]`},
		{"unknown category", categories, `{"data":[{"title":"Never","category_code":"N"},{"id":112,"title":"X","category_code":"X"}]}`, "1000", `"message":"业务处理失败","error_details":[{"params":{"id":"112","parent_cid":""},"message":"错误：未找到对应的分类"}]`},
		{"no code", categories, `{"data":[{"title":"X"}]}`, "102", "category_code不能为空"},
	})
	if got := pluck(c.rows(c.call("/erp/sc/data/local_inventory/brand", `{}`)), "title"); !slices.Equal(got, []string{"Pipe & Co", "Harbour", "Quay"}) {
		t.Errorf("brands: %v", got)
	}
	if got := pluck(c.rows(c.call("/erp/sc/routing/data/local_inventory/category", `{}`)), "title"); !slices.Equal(got, []string{"杯子", "服饰", "家居", "文具", "数码", "帽子"}) {
		t.Errorf("categories: %v", got)
	}
	if row := c.rows(c.call(productsPath, `{"length":1}`))[0]; row["brand_name"] != "Pipe & Co" || row["category_name"] != "杯子" {
		t.Errorf("a product of theirs: %v", row)
	}
}

func TestImportLabel(t *testing.T) {
	const path, list = "/basicOpen/selfShipmentOrder/importLabel", "/erp/sc/routing/wms/order/wmsOrderList"
	c := start(t, sandbox.Options{Orders: 200})
	waits := c.rows(c.call(list, `{"logistics_status_arr":[1]}`))
	if len(waits) == 0 {
		t.Fatal("none waits for a label")
	}
	id := fmt.Sprint(waits[0]["wo_id"])
	body := `{"woId":` + id + `,"fileName":"label.pdf","base64File":"JVBERi0=","trackingNo":"T-9","waybillNo":"W-9"}`
	c.steps([]step{
		{"no base64", path, `{"woId":` + id + `,"fileName":"label.pdf","base64File":"%%","trackingNo":"T","waybillNo":"W"}`, "102", "base64File"},
		{"no file", path, `{"woId":` + id + `,"fileName":"label.pdf","trackingNo":"T","waybillNo":"W"}`, "102", "base64File不能为空"},
		{"unknown", path, strings.Replace(body, id, "1", 1), "500", "物流状态不是待导入"},
		{"imported", path, body, "0", `"data":null`},
		{"again", path, body, "500", "物流状态不是待导入"},
	})
	row := c.rows(c.call(list, fmt.Sprintf(`{"wo_number_arr":["%v"]}`, waits[0]["wo_number"])))[0]
	file := row["surface_file"].(map[string]any)
	if row["tracking_no"] != "T-9" || row["waybill_no"] != "W-9" || fmt.Sprint(row["status"]) != "2" || file["ext"] != "pdf" || file["size"] != "5" {
		t.Errorf("%v", row)
	}
	order := fmt.Sprint(row["order_number"])
	c.steps([]step{{"it can leave now", "/basicOpen/selfShipmentOrder/deliveryGoods", `{"order_number_list":"` + order + `"}`, "0", `"order_number":"` + order + `","status_name":"已出库"`}})
}

func TestOrderRemark(t *testing.T) {
	const path = "/basicOpen/platformOrder/scOrder/setRemark"
	c := start(t, sandbox.Options{})
	id := fmt.Sprint(c.do("add-order", `{"sid":113,"sku":"MUG-RED","status":"Shipped"}`)["amazon_order_id"])
	mcf, _ := c.mcf(`{"length":1}`)
	c.do("refund-order", `{"order_id":"`+id+`"}`)
	c.steps([]step{
		{"of an order", path, `{"sid":113,"amazonOrderId":"` + id + `","remark":"call first"}`, "0", `"data":null}`},
		{"of a multi-channel order", path, fmt.Sprintf(`{"sid":%v,"amazonOrderId":"%v","remark":"slow"}`, mcf[0]["sid"], mcf[0]["amazon_order_id"]), "0", `"data":null}`},
		{"of another shop", path, `{"sid":114,"amazonOrderId":"` + id + `","remark":"x"}`, "500", "订单不存在"},
		{"without a remark", path, `{"sid":113,"amazonOrderId":"` + id + `"}`, "102", "remark"},
	})
	returns := c.rows(c.call(fbmReturnsPath, `{"sid":113,"start_date":"2025-10-09","end_date":"2025-10-10"}`))
	if got := pluck(returns, "remark"); !slices.Equal(got, []string{"call first"}) {
		t.Errorf("its return: %v", got)
	}
	if after, _ := c.mcf(`{"length":1}`); after[0]["remark"] != "slow" {
		t.Errorf("%v", after[0])
	}
}

// An outbound order has a row for a bundle and rows for its parts; the parts leave the warehouse.
func TestBundleShipped(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.do("set-stock", `{"wid":1300,"sku":"PEN-SET-5","good":10}`)
	c.call(bundlePath, `{"sku":"GIFT-BOX","product_name":"礼盒","group_list":[{"sku":"MUG-RED","quantity":1},{"sku":"PEN-SET-5","quantity":2}]}`)
	id, number := c.reviewing("")
	c.steps([]step{
		{"a bundle is added", updatePath, `{"order_list":[{"global_order_no":"` + number + `","order_item_list":[{"type":1,"sku":"GIFT-BOX","quantity":3}]}]}`, "10002", ""},
		{"review", reviewPath, `{"global_order_no":["` + number + `"]}`, "0", `"success_num":1`},
		{"deliver", "/basicOpen/selfShipmentOrder/deliveryGoods", `{"order_number_list":"` + number + `"}`, "0", `"fail_list":[]`},
	})
	if good := c.good(1300, "PEN-SET-5"); good != "4" {
		t.Errorf("%s left of 10, of three bundles with two each", good)
	}
	row := c.rows(c.call("/erp/sc/routing/wms/order/wmsOrderList", `{"platform_order_no_arr":["`+id+`"]}`))[0]
	var got []string
	for _, x := range row["product_info"].([]any) {
		p := x.(map[string]any)
		got = append(got, fmt.Sprint(p["bundle_type"], " ", p["sku"], " ", p["count"]))
	}
	if !slices.Equal(got, []string{"0 MUG-RED 4", "1 GIFT-BOX 3", "2 MUG-RED 3", "2 PEN-SET-5 6"}) {
		t.Errorf("%q", got)
	}
}
