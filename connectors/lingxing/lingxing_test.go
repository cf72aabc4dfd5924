package lingxing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/connectors/lingxing"
	box "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/connector/connectortest"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// keys lists what the simulator stores, as the suite wants it; keep leaves out what an interface
// doesn't list by its own rules.
func keys(collection string, keep func(map[string]any) bool, fields ...string) func(testing.TB, *connectortest.Box) []string {
	return func(tb testing.TB, b *connectortest.Box) []string {
		var out []string
		for _, row := range b.Dump(tb, collection) {
			if keep != nil && !keep(row) {
				continue
			}
			key := ""
			for i, f := range fields {
				if i > 0 {
					key += "/"
				}
				key += fmt.Sprint(row[f])
			}
			out = append(out, key)
		}
		return out
	}
}

var throttled = sandbox.Fault{Kind: "throttled"}

// system reads with pages of a size.
func system(page int) connectortest.System {
	def := lingxing.Definition
	def.New = func() any {
		cfg, _ := lingxing.Definition.New().(*lingxing.Config)
		cfg.Page = page
		return cfg
	}
	return connectortest.System{
		Definition: def,
		Sandbox:    func(k *sandbox.Kit) sandbox.System { return box.New(k) },
		Settings:   map[string]string{"timeout": "10s"},
		Reads: []connectortest.Read{
			{
				Object: "orders", Path: "/mws/orders", Key: []string{"sid", "amazon_order_id"}, Cursor: "gmt_modified",
				Keys: keys("orders", nil, "sid", "amazon_order_id"), Change: lateAndChanged, Throttled: throttled,
			},
			{
				Object: "multiplatform_orders", Path: "/pb/mp/order/v2/list", Key: []string{"global_order_no"}, Cursor: "update_time",
				Keys: keys("multi_orders", listedByPB, "global_order_no"), Change: touched("multi_orders", "global_order_no"), Throttled: throttled,
			},
			{
				Object: "outbound_orders", Path: "/wmsOrderList", Key: []string{"wo_number"}, Cursor: "update_at",
				Keys: keys("outbound_orders", nil, "wo_number"), Change: shipped, Find: []string{"order_number"}, Throttled: throttled,
			},
			{
				Object: "products", Path: "/productList", Key: []string{"sku"}, Cursor: "update_time",
				Keys: keys("products", nil, "sku"), Change: newProduct, Find: []string{"sku"}, Throttled: throttled,
			},
			{Object: "shops", Path: "/seller/lists", Key: []string{"sid"}, Keys: keys("shops", nil, "sid"), Find: []string{"sid"}},
			{Object: "platform_shops", Path: "/getSellerList", Key: []string{"store_id"}, Keys: keys("stores", nil, "store_id"), Find: []string{"store_id"}},
			{Object: "warehouses", Path: "/local_inventory/warehouse", Key: []string{"wid"}, Keys: keys("warehouses", nil, "wid"), Find: []string{"name"}},
			{
				Object: "stock", Path: "/inventoryDetails", Key: []string{"wid", "product_id", "seller_id", "fnsku"},
				Keys: keys("stock", nil, "wid", "product_id", "seller_id", "fnsku"), Find: []string{"sku"},
			},
		},
		Login: &connectortest.Login{
			Path:  "/oauth/access-token",
			Wrong: map[string]string{"secret": "c29tZWJvZHkgZWxzZQ=="},
			Lose:  func(tb testing.TB, b *connectortest.Box) { b.Do(tb, "expire-tokens", struct{}{}) },
		},
	}
}

// listedByPB: orders that Amazon ships itself are not in the list of what the seller ships.
func listedByPB(row map[string]any) bool { return row["global_order_no"] != "0" }

// lateAndChanged lets an order arrive with an old platform time, and another one change.
func lateAndChanged(tb testing.TB, b *connectortest.Box) []string {
	rows := b.Dump(tb, "orders")
	b.Do(tb, "late-order", map[string]any{"age": "3h", "modified_age": "0s", "sid": 113})
	b.Do(tb, "change-order", map[string]any{"order_id": rows[0]["amazon_order_id"], "sid": rows[0]["sid"], "amount": "61.00"})
	now := b.Dump(tb, "orders")
	return []string{
		fmt.Sprintf("%v/%v", rows[0]["sid"], rows[0]["amazon_order_id"]),
		fmt.Sprintf("%v/%v", now[len(now)-1]["sid"], now[len(now)-1]["amazon_order_id"]),
	}
}

// touched lets an order of the multi-platform list change.
func touched(collection, key string) func(testing.TB, *connectortest.Box) []string {
	return func(tb testing.TB, b *connectortest.Box) []string {
		row := b.Dump(tb, collection)[0]
		platform, _ := row["platform_info"].([]any)[0].(map[string]any)
		b.Do(tb, "touch-order", map[string]any{"order_id": platform["platform_order_no"]})
		return []string{fmt.Sprint(row[key])}
	}
}

// shipped lets a parcel that waits leave the warehouse.
func shipped(tb testing.TB, b *connectortest.Box) []string {
	for _, row := range b.Dump(tb, "outbound_orders") {
		if s := fmt.Sprint(row["status"]); s == "1" || s == "2" {
			b.Do(tb, "ship-order", map[string]any{"order_id": row["platform_order_no"].([]any)[0]})
			return []string{fmt.Sprint(row["wo_number"])}
		}
	}
	tb.Fatal("no parcel waits")
	return nil
}

func newProduct(tb testing.TB, b *connectortest.Box) []string {
	b.Do(tb, "add-product", map[string]any{"sku": "NEW-CARD", "name": "贺卡"})
	return []string{"NEW-CARD"}
}

func TestConnector(t *testing.T) { run(t, system(1000)) }

// run tries the cases beside each other: most of their time is waiting between tries.
func run(t *testing.T, sys connectortest.System) {
	for _, c := range connectortest.Cases(t, sys) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t)
		})
	}
}

// Small pages make small windows, and bursts that are read backwards. What a page's size cannot
// touch is tried once, above.
func TestConnectorWithSmallPages(t *testing.T) {
	sys := system(4)
	sys.Login = nil
	for i := range sys.Reads {
		sys.Reads[i].Throttled = sandbox.Fault{}
	}
	tried := 0
	for _, c := range connectortest.Cases(t, sys) {
		name := c.Name[strings.LastIndex(c.Name, "/")+1:]
		if !slices.Contains([]string{"everything once", "resumed after any page", "windows", "changes after the cursor", "fetch", "find many"}, name) {
			continue
		}
		tried++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t)
		})
	}
	if tried < 20 {
		t.Errorf("only %d cases: the suite's names have changed", tried)
	}
}
