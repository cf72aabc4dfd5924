package lingxing

import (
	"embed"
	"slices"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

//go:embed objects/*.json
var objectFiles embed.FS

// object is how one kind of data is listed.
type object struct {
	name, title string
	path        string
	get         bool
	nested      bool // rows in data.list, not in data
	paged       paging
	least, most int // rows in one page; least 0: any number
	key         string
	params      []string // what source.params may say: the vendor's own names
	fixed       map[string]any
	// each are values of one parameter that must be asked for one after the other to see all.
	each   map[string][]any
	cursor []cursor
	// windowed: the interface lists nothing without a window of time.
	windowed bool
	// fetch is the field by which single rows can be asked for, with the parameter that takes a
	// list of its values.
	fetch, fetchParam string
	fetchMost         int
	detail            bool // each row is half a record, see detail.go
}

// paging is how an interface counts its pages.
type paging uint8

const (
	single  paging = iota // everything at once
	offsets               // offset (of a row) and length
	pages                 // page (from 1) and page_size
)

// cursor is one way to list what changed in a window of time.
type cursor struct {
	field    string         // of the row
	params   map[string]any // that choose this time
	from, to string         // names of the two parameters
	bound    func(from, to time.Time) (any, any)
	span     time.Duration // the longest window
	unit     time.Duration // below which a window cannot be made smaller
	// exact: the interface knows only whole days, so rows outside the window come, too.
	exact bool
}

func (o *object) endpoint() endpoint { return endpoint{o.path, o.get} }

// capacity is how many requests the vendor lets be in flight for a path.
func capacity(path string) int {
	switch path {
	case pathToken, pathRefresh:
		return 100
	case "/pb/mp/order/v2/list", "/pb/mp/shop/v2/getSellerList":
		return 10
	}
	return 1
}

const (
	pathShops  = "/erp/sc/data/seller/lists"
	pathOrders = "/erp/sc/data/mws/orders"
	pathDetail = "/erp/sc/data/mws/orderDetail"
)

// longYear and longMonth stay below what the vendor allows (a year; 30 or 31 days).
const (
	longYear  = 360 * 24 * time.Hour
	longMonth = 30 * 24 * time.Hour
	allTime   = 100 * 365 * 24 * time.Hour
)

// objects lists what can be read, in the order of the vendor's own menu.
func objects() []*object {
	return []*object{
		{name: "shops", title: "Amazon 店铺", path: pathShops, get: true, key: "sid"},
		{
			name: "platform_shops", title: "多平台店铺", path: "/pb/mp/shop/v2/getSellerList", nested: true, paged: offsets, most: 200, key: "store_id",
			params: []string{"platform_code", "is_sync", "status"},
		},
		{
			name: "orders", title: "Amazon 订单", path: pathOrders, paged: offsets, most: 5000, key: "amazon_order_id", windowed: true, detail: true,
			params: []string{"sid", "sid_list", "order_status", "fulfillment_channel"},
			cursor: []cursor{
				{field: "gmt_modified", params: map[string]any{"date_type": 2, "sort_desc_by_date_type": 2}, from: "start_date", to: "end_date", bound: texted(beijing), span: longYear, unit: time.Second},
				{field: "last_update_date_utc", params: map[string]any{"date_type": 3, "sort_desc_by_date_type": 2}, from: "start_date", to: "end_date", bound: texted(time.UTC), span: longYear, unit: time.Second},
			},
			fetch: "amazon_order_id",
		},
		{
			name: "multiplatform_orders", title: "多平台订单", path: "/pb/mp/order/v2/list", nested: true, paged: offsets, least: 20, most: 500, key: "global_order_no", windowed: true,
			params: []string{"store_id", "platform_code", "order_status", "platform_order_nos", "platform_order_names", "platform_shipping_status", "platform_payment_status", "include_delete"},
			cursor: []cursor{{field: "update_time", params: map[string]any{"date_type": "update_time"}, from: "start_time", to: "end_time", bound: open2, span: longMonth, unit: time.Second}},
		},
		{
			name: "outbound_orders", title: "销售出库单", path: "/erp/sc/routing/wms/order/wmsOrderList", paged: pages, most: 200, key: "wo_number", windowed: true,
			params: []string{"sid_arr", "status_arr", "logistics_status_arr", "platform_order_no_arr", "order_number_arr", "wo_number_arr"},
			cursor: []cursor{{field: "update_at", params: map[string]any{"time_type": "update_at"}, from: "start_date", to: "end_date", bound: days, span: longMonth, unit: 24 * time.Hour, exact: true}},
			fetch:  "wo_number", fetchParam: "wo_number_arr", fetchMost: 100,
		},
		{
			name: "products", title: "本地产品", path: "/erp/sc/routing/data/local_inventory/productList", paged: offsets, most: 1000, key: "sku",
			params: []string{"sku_list", "sku_identifier_list", "create_time_start", "create_time_end"},
			cursor: []cursor{{field: "update_time", from: "update_time_start", to: "update_time_end", bound: halfOpen, span: allTime, unit: time.Second}},
			fetch:  "sku", fetchParam: "sku_list", fetchMost: 100,
		},
		{
			name: "warehouses", title: "仓库", path: "/erp/sc/data/local_inventory/warehouse", paged: offsets, most: 1000, key: "wid",
			params: []string{"type", "sub_type", "is_delete"},
			each:   map[string][]any{"type": {1, 3, 4, 6}}, // the default lists local ones only
		},
		{
			name: "stock", title: "库存明细", path: "/erp/sc/routing/data/local_inventory/inventoryDetails", paged: offsets, most: 800,
			params: []string{"wid", "sku"},
		},
	}
}

// find is an object by name; nil where there is none.
func find(name string) *object {
	for _, o := range objects() {
		if o.name == name {
			return o
		}
	}
	return nil
}

// texted writes bounds as text in a zone: [from, to).
func texted(zone *time.Location) func(time.Time, time.Time) (any, any) {
	return func(from, to time.Time) (any, any) { return from.In(zone).Format(stamp), to.In(zone).Format(stamp) }
}

// open2 writes bounds of an interval that is open at both ends, in seconds.
func open2(from, to time.Time) (any, any) { return from.Unix() - 1, to.Unix() }

func halfOpen(from, to time.Time) (any, any) { return from.Unix(), to.Unix() }

// days covers the window with whole days; whether the vendor counts the last one in is not
// known, so it is asked for one day more.
func days(from, to time.Time) (any, any) {
	return from.In(beijing).Format(time.DateOnly), to.In(beijing).AddDate(0, 0, 1).Format(time.DateOnly)
}

// instant reads a time of a row: Beijing text, or seconds as number or text. UTC where the name
// says so.
func instant(v value.Value, field string) time.Time {
	text := v.Text()
	if n, ok := v.Int64(); ok {
		text = strconv.FormatInt(n, 10)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		return time.Unix(n, 0)
	}
	zone := beijing
	if len(field) > 4 && field[len(field)-4:] == "_utc" {
		zone = time.UTC
	}
	t, _ := time.ParseInLocation(stamp, text, zone) // "", 0000-00-00: not yet
	return t
}

// infos describes the objects to those who check pipelines.
func infos() []connector.ObjectInfo {
	var out []connector.ObjectInfo
	for _, o := range objects() {
		text, err := objectFiles.ReadFile("objects/" + o.name + ".json")
		var s value.Schema
		if err == nil {
			s, err = value.ReadSchema(text)
		}
		if err != nil {
			panic(o.name + ": " + err.Error()) // embedded, and read by the tests
		}
		info := connector.ObjectInfo{Name: o.name, Title: o.title, Schema: s, Read: true, Key: o.key, Params: o.params}
		for _, c := range o.cursor {
			info.Cursors = append(info.Cursors, c.field)
		}
		if info.Params == nil {
			info.Params = []string{}
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b connector.ObjectInfo) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}
