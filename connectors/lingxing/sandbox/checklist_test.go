package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// places are the vendor's interfaces with the places for requests in flight that each has, as documented.
var places = map[int]string{
	1: `/erp/sc/data/seller/lists /erp/sc/data/seller/allMarketplace /erp/sc/data/mws/orders /erp/sc/data/mws/orderDetail
		/cepfPlatformOrder/open-api/newPlatformOrder/list /erp/sc/routing/order/Order/getOrderList /erp/sc/routing/order/Order/getOrderDetail
		/erp/sc/routing/amzod/order/afterSaleList /order/amzod/api/orderList /erp/sc/data/mws_report/refundOrders
		/erp/sc/routing/data/order/fbmReturnOrderList /erp/sc/data/local_inventory/warehouse
		/erp/sc/routing/data/local_inventory/inventoryDetails /erp/sc/routing/data/local_inventory/inventoryBinDetails
		/erp/sc/routing/data/local_inventory/warehouseBin /basicOpen/openapi/storage/fbaWarehouseDetail
		/erp/sc/routing/storage/storage/orderAdd /erp/sc/routing/storage/storage/orderAddOut
		/erp/sc/routing/inventoryReceipt/StorageAdjustment/addAdjustmentOrder /erp/sc/routing/storage/inbound/getOrders
		/erp/sc/routing/storage/outbound/getOrders /erp/sc/routing/inventoryReceipt/StorageAdjustment/getStorageAdjustOrderList
		/erp/sc/routing/inventoryLog/WareHouseInventory/wareHouseCenterStatement /basicOpen/inboundOrder/inbound/setInbound
		/basicOpen/outboundOrder/outbound/setOutbound /basicOpen/inboundOrder/inbound/setOrderRevoke /basicOpen/outboundOrder/outbound/setOrderRevoke
		/basicOpen/outboundOrder/outbound/delete /basicOpen/adjustOrder/adjust/setAdjust /basicOpen/adjustOrder/adjust/getAdjustStatus
		/basicOpen/FbmManagement/modifyFbmInventory /erp/sc/routing/data/local_inventory/productList
		/erp/sc/routing/data/local_inventory/productInfo /erp/sc/routing/data/local_inventory/batchGetProductInfo
		/erp/sc/routing/storage/product/setBundled /basicOpen/product/productManager/product/operate/batch
		/erp/sc/data/local_inventory/brand /erp/sc/routing/data/local_inventory/category /erp/sc/routing/storage/category/set
		/erp/sc/routing/wms/order/wmsOrderList /basicOpen/wmsOrder/getWmsOrdersByOrderNumbers /basicOpen/logisticsOrdering/setTrackingNo
		/basicOpen/selfShipmentOrder/deliveryGoods /basicOpen/selfShipmentOrder/importLabel /basicOpen/wmsOrder/cancel
		/erp/sc/routing/wms/order/setOrderWeighed /basicOpen/openapi/multiplatform/order/review
		/basicOpen/openapi/multiplatform/order/preShipment /erp/sc/routing/wms/WmsLogistics/listUsedLogisticsType
		/basicOpen/platformOrder/scOrder/setRemark`,
	3: `/erp/sc/routing/fba/fbaStock/fbaList`,
	10: `/pb/mp/order/v2/list /pb/mp/shop/v2/getSellerList /pb/mp/listing/v2/getPairList /pb/mp/returns/v2/list
		/erp/sc/data/mws_report/allOrders /erp/sc/storage/wareHouse/edit /erp/sc/routing/storage/product/set /erp/sc/storage/brand/set
		/pb/mp/order/v2/fastOutbound /pb/mp/order/v2/getFastOutboundResult /pb/mp/order/submitFulfillment /pb/mp/order/getFulfillmentResult
		/pb/mp/order/editOrder /pb/mp/order/v2/updateOrder /pb/mp/order/setRemark /pb/mp/order/v2/cancelOrder /pb/mp/order/v2/create
		/pb/mp/order/v2/splitOrder /pb/mp/order/v2/mergeOrder`,
}

// Every interface is there, and has just as many places as documented.
func TestEveryInterface(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 1})
	for n, paths := range places {
		for path := range strings.FieldsSeq(paths) {
			call := func() string {
				if strings.HasPrefix(path, "/erp/sc/data/seller/") {
					_, raw := c.get(path, nil)
					return envelope(t, raw).code()
				}
				return c.call(path, `{}`).code()
			}
			for range n - 1 {
				c.do("take-place", `{"path":"`+path+`"}`)
			}
			if got := call(); got == "400" || got == `"3001008"` {
				t.Errorf("%s with one place left: %s", path, got)
			}
			c.do("take-place", `{"path":"`+path+`"}`)
			if got := call(); got != `"3001008"` {
				t.Errorf("%s with none of %d places left: %s", path, n, got)
			}
		}
	}
}

// What is done later is first being done: nobody may take the acceptance for the outcome.
func TestTasksTakeTime(t *testing.T) {
	const mark, ask = "/pb/mp/order/submitFulfillment", "/pb/mp/order/getFulfillmentResult"
	c := start(t, sandbox.Options{})
	id := fmt.Sprint(c.do("add-order", `{"sid":113,"sku":"MUG-RED"}`)["amazon_order_id"])
	body := `{"region":"na","seller_id":"A1PIPECTLDEMO","marketplace_id":"ATVPDKIKX0DER","order_list":[{"id":"1","platform_order_no":"` + id +
		`","tracking_no":"T-1","carrier_code":"UPS"},{"id":2,"platform_order_no":"999-0","tracking_no":"T-2","carrier_code":"UPS"}]}`
	a := c.call(mark, body)
	var task struct {
		ID     string `json:"task_id"`
		Status string `json:"task_status"`
	}
	decode(t, a.Data, &task)
	if a.code() != "0" || task.Status != "pending" {
		t.Fatalf("%s %s", a.Code, a.Data)
	}
	poll := `{"seller_id":"A1PIPECTLDEMO","task_id":["` + task.ID + `"]}`
	c.steps([]step{
		{"first", ask, poll, "0", `"status_code":"in_process"`},
		{"then", ask, poll, "0", `"messages_processed":"2","messages_successful":"1","messages_with_error":"1","messages_with_warning":"0"`},
		{"the one that failed", ask, poll, "0", `"result":[{"message_id":"2","result_code":"Error"`},
		{"no task", ask, `{"seller_id":"A1PIPECTLDEMO"}`, "102", `"message":"taskId任务id数组不能为空"`},
		{"a field is missing", mark, strings.Replace(body, `"carrier_code":"UPS"`, `"carrier_code":""`, 1), "102", "carrier_code"},
	})
	if d := c.rows(c.call(detailPath, `{"order_id":"`+id+`"}`)); d[0]["order_status"] != "Shipped" {
		t.Errorf("Amazon was told, and shows %v", d[0]["order_status"])
	}
	const start, status = "/basicOpen/adjustOrder/adjust/setAdjust", "/basicOpen/adjustOrder/adjust/getAdjustStatus"
	c.steps([]step{
		{"adjustments that are done", start, `{"orderSn":["AD-1"]}`, "0", `{"taskNo":"T1","type":1,"actionType":1}`},
		{"their task", status, `{"taskNo":"T1"}`, "0", `{"success":0,"fail":1,"total":1,"failList":[{"orderSn":"AD-1","msg":"`},
		{"no task", status, `{"taskNo":"T9"}`, "500", "任务不存在"},
	})
}

// Batch edits tell their outcome by the code: all, some, none; a cancellation tells it inside the data.
func TestBatchCodes(t *testing.T) {
	c := start(t, sandbox.Options{})
	_, number := c.reviewing("")
	edit := func(n string) string {
		return `{"global_order_no":"` + n + `","logistics":{"logistics_type_id":266,"sys_wid":1301}}`
	}
	remark := func(n string) string { return `{"global_order_no":"` + n + `","remark":"x"}` }
	const edits, remarks, cancel = "/pb/mp/order/editOrder", "/pb/mp/order/setRemark", "/pb/mp/order/v2/cancelOrder"
	c.steps([]step{
		{"edit all", edits, `{"order_list":[` + edit(number) + `]}`, "0", `"error_details":[]`},
		{"edit some", edits, `{"order_list":[` + edit(number) + `,` + edit("7") + `]}`, "10001", `"error_details":[{"global_order_no":"7","error_message":"订单不存在"}]`},
		{"edit none", edits, `{"order_list":[` + edit("7") + `]}`, "10000", ""},
		{"remark all", remarks, `{"orders":[` + remark(number) + `]}`, "10002", ""},
		{"remark some, appended", remarks, `{"orders":[` + remark(number) + `,` + remark("7") + `]}`, "10001", ""},
		{"remark none", remarks, `{"orders":[` + remark("7") + `]}`, "10000", ""},
	})
	row, _ := c.page(c.call("/pb/mp/order/v2/list", fmt.Sprintf(`{"offset":0,"length":20,"date_type":"update_time","start_time":%d,"end_time":%d}`, vectorTime-1, vectorTime+1)))
	if at := slices.Index(pluck(row, "global_order_no"), number); at < 0 || row[at]["remark"] != "xx" {
		t.Errorf("the remark is appended: %v", pluck(row, "remark"))
	}
	c.steps([]step{
		{"to the warehouse", "/basicOpen/openapi/multiplatform/order/preShipment", `{"global_order_no":["` + number + `"]}`, "0", `"success_num":1`},
		{"recalled", "/basicOpen/wmsOrder/cancel", `{"orderNumbers":["` + number + `"],"tagType":"3-5","orderComment":"x"}`, "0", `"data":null`},
		{"recalled again", "/basicOpen/wmsOrder/cancel", `{"orderNumbers":["` + number + `"],"tagType":"3-5","orderComment":"x"}`, "0", `"failedNum":1,"failedReason":[{"orderNumber":"` + number},
		{"weighed", "/erp/sc/routing/wms/order/setOrderWeighed", `{"order_number":"` + number + `","pkg_real_weight":"1.5","pkg_real_weight_unit":"kg"}`, "0", ""},
		{"cancel some", cancel, `{"global_order_no":["` + number + `","7"]}`, "0", `"process_code":10001,"success_num":1,"fail_num":1`},
		{"cancel none", cancel, `{"global_order_no":["` + number + `"]}`, "0", `"process_code":10000,"success_num":0,"fail_num":1`},
	})
	_, other := c.reviewing("")
	c.steps([]step{{"cancel all", cancel, `{"global_order_no":["` + other + `"]}`, "0", `"process_code":10002,"success_num":1,"fail_num":0`}})
}

// Which ends of a window count differs from interface to interface.
func TestWindowEnds(t *testing.T) {
	c := start(t, sandbox.Options{Orders: 1})
	id := fmt.Sprint(c.do("add-order", `{"sid":113,"sku":"MUG-RED","status":"Shipped"}`)["amazon_order_id"])
	c.do("refund-order", `{"order_id":"`+id+`"}`)
	c.call(addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"W-1","product_list":[{"sku":"MUG-RED","good_num":1}]}`)
	const after = "/erp/sc/routing/amzod/order/afterSaleList"
	cases := []struct {
		name, path, body string
		rows             int
	}{
		{"after-sales: the day", after, `{"date_type":3,"start_date":"2025-10-09","end_date":"2025-10-10","amazon_order_id_list":["` + id + `"]}`, 1},
		{"after-sales: the end day does not count", after, `{"date_type":3,"start_date":"2025-10-08","end_date":"2025-10-09","amazon_order_id_list":["` + id + `"]}`, 0},
		{"inbound: both days count", "/erp/sc/routing/storage/inbound/getOrders", `{"start_date":"2025-10-09","end_date":"2025-10-09"}`, 1},
		{"inbound: the day before", "/erp/sc/routing/storage/inbound/getOrders", `{"start_date":"2025-10-08","end_date":"2025-10-08"}`, 0},
		{"flow log: the day", movesPath, `{"offset":0,"length":20,"start_date":"2025-10-09","end_date":"2025-10-10"}`, 1},
		{"flow log: the end day does not count", movesPath, `{"offset":0,"length":20,"start_date":"2025-10-08","end_date":"2025-10-09"}`, 0},
	}
	for _, x := range cases {
		if rows := c.rows(c.call(x.path, x.body)); len(rows) != x.rows {
			t.Errorf("%s: %d rows", x.name, len(rows))
		}
	}
}

// Both ends count in the list of the platforms' own orders.
func TestClosedWindow(t *testing.T) {
	const path = "/cepfPlatformOrder/open-api/newPlatformOrder/list"
	c := start(t, sandbox.Options{Orders: 200})
	type data struct {
		List []struct {
			Order struct {
				Unique   string `json:"uniqueOrderNo"`
				Modified string `json:"platformOrderModifiedTime"`
			} `json:"order"`
		}
		Total int
	}
	ask := func(from, to string) data {
		var d data
		decode(t, c.call(path, `{"dateType":0,"pageSize":200,"startDate":"`+from+`","endDate":"`+to+`"}`).Data, &d)
		return d
	}
	all := ask("2025-09-01 00:00:00", "2025-10-10 00:00:00")
	if all.Total == 0 || all.Total != len(all.List) {
		t.Fatalf("%d rows, total %d", len(all.List), all.Total)
	}
	at, err := time.Parse(time.RFC3339, all.List[0].Order.Modified)
	if err != nil {
		t.Fatal(err)
	}
	beijing := func(d time.Duration) string {
		return at.Add(d).In(time.FixedZone("", 8*3600)).Format("2006-01-02 15:04:05")
	}
	for _, x := range []struct {
		from, to time.Duration
		found    bool
	}{{0, time.Second, true}, {-time.Second, 0, true}, {time.Second, time.Minute, false}, {-time.Minute, -time.Second, false}} {
		found := false
		for _, r := range ask(beijing(x.from), beijing(x.to)).List {
			found = found || r.Order.Unique == all.List[0].Order.Unique
		}
		if found != x.found {
			t.Errorf("from %s to %s around its change: found %v", x.from, x.to, found)
		}
	}
}

// Without a window the outbound orders are those of the last month; numbers find the older ones.
func TestLastMonth(t *testing.T) {
	const list = "/erp/sc/routing/wms/order/wmsOrderList"
	c := start(t, sandbox.Options{Orders: 60})
	before := c.rows(c.call(list, `{"page_size":200}`))
	if len(before) == 0 {
		t.Fatal("no outbound orders")
	}
	sandboxtest.Advance(t, c.srv, 32*24*time.Hour)
	c.login()
	ahead := *c
	ahead.now = func() time.Time { return c.now().Add(32 * 24 * time.Hour) }
	if rows := ahead.rows(ahead.call(list, `{"page_size":200}`)); len(rows) != 0 {
		t.Errorf("%d rows more than a month old", len(rows))
	}
	if rows := ahead.rows(ahead.call(list, `{"page_size":200,"start_date":"2025-09-01","end_date":"2025-11-30"}`)); len(rows) != len(before) {
		t.Errorf("with a window %d rows, want %d", len(rows), len(before))
	}
	if rows := ahead.rows(ahead.call(list, fmt.Sprintf(`{"wo_number_arr":["%v"]}`, before[0]["wo_number"]))); len(rows) != 1 {
		t.Errorf("by number %d rows", len(rows))
	}
}

// A gateway's errors come as HTML; some after the work was done.
func TestHTMLErrors(t *testing.T) {
	for _, x := range []struct {
		kind   string
		status int
		done   int
	}{{sandbox.Status, 502, 0}, {sandbox.Status, 504, 0}, {sandbox.StatusAfter, 504, 1}} {
		t.Run(fmt.Sprint(x.kind, x.status), func(t *testing.T) {
			c := start(t, sandbox.Options{})
			c.fault(sandbox.Fault{Kind: x.kind, Status: x.status, Path: "orderAdd"})
			status, raw := c.raw(addPath, `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"H-1","product_list":[{"sku":"MUG-RED","good_num":1}]}`)
			if status != x.status || !strings.HasPrefix(string(raw), "<html>") {
				t.Errorf("HTTP %d %s", status, raw)
			}
			if rows := c.rows(c.call("/erp/sc/routing/storage/inbound/getOrders", `{"inbound_idempotent_code":"H-1"}`)); len(rows) != x.done {
				t.Errorf("%d documents, want %d", len(rows), x.done)
			}
		})
	}
}
