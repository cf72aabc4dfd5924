package sandbox

import (
	"fmt"
	"slices"
)

// catalogue is what an account has set up: its shops, products, brands and categories.
type catalogue struct {
	shops      []*shop
	products   []*product
	bySKU      map[string]*product
	dropped    int // products that were deleted: their ids are not given again
	brands     []brand
	categories []category
}

// newSKU is the product that the finance system does not know.
const newSKU = "NEW-POSTER"

// price is what a product costs a buyer, in cents by currency.
type price map[string]cents

func newCatalogue() catalogue {
	c := catalogue{
		shops:  newShops(),
		bySKU:  map[string]*product{},
		brands: []brand{{3, "Pipe", "PIPE"}, {4, "Harbour", "HRB"}},
		categories: []category{
			{12, 0, "杯具", "CUP"}, {13, 0, "服饰", "WEAR"}, {14, 0, "家居", "HOME"}, {15, 14, "文具", "DESK"}, {16, 0, "数码", "TECH"},
		},
	}
	for i, p := range []struct {
		sku, name, title string
		category, brand  int
		usd, cost        cents
	}{
		{"MUG-RED", "马克杯 红", "Mug red", 12, 3, 2499, 1000},
		{"MUG-BLUE", "马克杯 蓝", "Mug blue", 12, 3, 2450, 1000},
		{"TEE-BLACK-M", "T恤 黑 M", "T-shirt black M", 13, 4, 1999, 820},
		{"TEE-BLACK-L", "T恤 黑 L", "T-shirt black L", 13, 4, 1999, 830},
		{"CAP-GREEN", "棒球帽 绿", "Cap green", 13, 4, 1525, 540},
		{"LAMP-DESK", "台灯", "Desk lamp", 14, 3, 4990, 2210},
		{"BAG-CANVAS", "帆布袋", "Canvas bag", 13, 4, 1275, 415},
		{"PEN-SET-5", "中性笔 5支装", "Pen set of 5", 15, 3, 899, 260},
		{"BOTTLE-750", "水壶 750ml", "Bottle 750 ml", 12, 3, 1850, 760},
		{"NOTEBOOK-A5", "笔记本 A5", "Notebook A5", 15, 3, 1149, 330},
		{"10.01.0001", "配件 10.01.0001", "Spare part 10.01.0001", 14, 3, 333, 101},
		{"CABLE-USBC", "数据线 USB-C", "USB-C cable", 16, 4, 995, 275},
		{newSKU, "海报 新品", "Poster, new", 14, 4, 1690, 480},
	} {
		c.addProduct(&product{
			id: 10001 + i, sku: p.sku, name: p.name, title: p.title, category: p.category, brand: p.brand,
			price: price{"USD": p.usd, "GBP": p.usd * 4 / 5, "EUR": p.usd * 9 / 10, "JPY": p.usd * 3 / 2 * 100},
			cost:  p.cost, status: 1, open: 1, unit: "Pcs", asin: fmt.Sprintf("B0PIPE%05d", i+1),
			created: 1675945140, updated: 1759990000 + int64(i)*60,
		})
	}
	return c
}

func (c *catalogue) addProduct(p *product) {
	c.products = append(c.products, p)
	c.bySKU[p.sku] = p
}

func (c *catalogue) dropProduct(p *product) {
	c.products = slices.DeleteFunc(c.products, func(x *product) bool { return x == p })
	delete(c.bySKU, p.sku)
	c.dropped++
}

// sold is how many of the products are offered to buyers: the first ones.
func (c *catalogue) sold() int { return min(12, len(c.products)) }
