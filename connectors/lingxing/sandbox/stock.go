package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stockroom is warehouses, what lies in them, and the documents that moved it.
type stockroom struct {
	warehouses []*warehouse
	stock      []*stockRow
	moves      []move
	documents  []*document
	byCode     map[string]*document // idempotency code → document, inbound and outbound apart
	adjusts    []*document
	fbm        map[string]int // storeId|msku → what the marketplace shows
}

type warehouse struct {
	id, kind, subKind int
	name, country     string
	own               string // the company's own id, see wareHouse/edit
	deleted           bool
	code              string
}

// stockRow is the stock of a product in a warehouse, for one shop ("0": for none) and one fnsku.
type stockRow struct {
	wid           int
	product       *product
	seller, fnsku string
	good, bad     int
	locked, qc    int
	coming        int
	onway         int
	third         bool // an overseas warehouse reports it
}

func newStockroom() stockroom {
	return stockroom{
		warehouses: []*warehouse{
			{id: 1300, kind: 1, name: "深圳仓", country: "CN"},
			{id: 1301, kind: 1, name: "义乌仓", country: "CN"},
			{id: 1302, kind: 1, name: "旧仓", country: "CN", deleted: true},
			{id: 2001, kind: 3, subKind: 2, name: "US West 海外仓", country: "US", code: "USW"},
			{id: 2002, kind: 3, subKind: 1, name: "DE 海外仓", country: "DE"},
			{id: 3001, kind: 4, name: "PIPE-US 平台仓", country: "US"},
			{id: 4001, kind: 6, name: "AWD", country: "US"},
		},
		byCode: map[string]*document{},
		fbm:    map[string]int{},
	}
}

// seedStock puts some of everything into the warehouses; one product has two rows in one of them.
func (b *Box) seedStock() {
	for i, p := range b.products {
		b.stock = append(b.stock,
			&stockRow{wid: 1300, product: p, seller: "0", good: 400 + b.kit.Rand.IntN(200), bad: i % 3, qc: i % 5, locked: i % 7, coming: i * 4},
			&stockRow{wid: 1301, product: p, seller: "0", good: 20 + b.kit.Rand.IntN(80)},
			&stockRow{wid: 2001, product: p, seller: "0", good: 5 + b.kit.Rand.IntN(30), third: true, onway: i},
		)
		if i%4 == 0 {
			b.stock = append(b.stock, &stockRow{wid: 1300, product: p, seller: "113", fnsku: fmt.Sprintf("X00PIPE%03d", i), good: 10 + i})
		}
	}
}

func (k *stockroom) warehouse(id int) *warehouse {
	for _, w := range k.warehouses {
		if w.id == id {
			return w
		}
	}
	return nil
}

func (k *stockroom) warehouseName(id int) string {
	if w := k.warehouse(id); w != nil {
		return w.name
	}
	return ""
}

// place finds a warehouse by the company's own id, which wins, or by the system's.
func (k *stockroom) place(own text, system number) (*warehouse, error) {
	if own != "" {
		for _, w := range k.warehouses {
			if w.own == string(own) {
				return w, nil
			}
		}
		return nil, inner("仓库不存在")
	}
	if !system.set {
		return nil, inner("sys_wid和wid不能同时为空")
	}
	w := k.warehouse(int(system.n))
	if w == nil || w.deleted {
		return nil, inner("仓库不存在")
	}
	return w, nil
}

type warehousesIn struct {
	Type    number `json:"type"`
	Sub     number `json:"sub_type"`
	Deleted number `json:"is_delete"`
	slicing
}

type warehouseRow struct {
	ID      int    `json:"wid"`
	Type    int    `json:"type"`
	Name    string `json:"name"`
	Deleted int    `json:"is_delete"`
	Country string `json:"country_code"`
	WPID    int    `json:"wp_id"`
	WPName  string `json:"wp_name"`
	TName   string `json:"t_warehouse_name"`
	TCode   string `json:"t_warehouse_code"`
	TArea   string `json:"t_country_area_name"`
	TStatus any    `json:"t_status"` // 1, or "" where there is no API
}

// warehouseList answers POST /erp/sc/data/local_inventory/warehouse: one type a call, local by default;
// deleted ones are among them unless is_delete says otherwise.
func (b *Box) warehouseList(in warehousesIn) (reply, error) {
	var rows []warehouseRow
	for _, w := range b.warehouses {
		deleted := 0
		if w.deleted {
			deleted = 1
		}
		if int64(w.kind) != in.Type.or(1) || in.Sub.set && int64(w.subKind) != in.Sub.n || in.Deleted.or(int64(deleted)) != int64(deleted) {
			continue
		}
		r := warehouseRow{ID: w.id, Type: w.kind, Name: w.name, Deleted: deleted, Country: w.country, TStatus: ""}
		if w.subKind == 2 {
			r.WPID, r.WPName, r.TName, r.TCode, r.TStatus = 77, "Example Fulfilment", w.name, w.code, 1
		}
		rows = append(rows, r)
	}
	lo, hi, err := in.span(len(rows), 1000, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

type warehouseEditIn struct {
	System number `json:"sys_wid"`
	Own    text   `json:"wid"`
	Name   text   `json:"name"`
}

// warehouseEdit answers POST /erp/sc/storage/wareHouse/edit: it makes a warehouse, renames one, and
// binds the company's own id to it.
func (b *Box) warehouseEdit(in warehouseEditIn) (reply, error) {
	w := b.warehouse(int(in.System.n))
	switch {
	case in.System.set && w == nil:
		return reply{}, inner("仓库不存在")
	case w == nil && in.Name == "":
		return reply{}, inner("name不能为空")
	case w == nil:
		w = &warehouse{id: 1400 + len(b.warehouses), kind: 1, country: "CN"}
		b.warehouses = append(b.warehouses, w)
	}
	w.name, w.own = or(string(in.Name), w.name), or(string(in.Own), w.own)
	return one(map[string]int{"wid": w.id}), nil
}

type stockIn struct {
	WID commas `json:"wid"`
	SKU text   `json:"sku"`
	slicing
}

// stockAnswer is a row of stock. Its counts are numbers, one is a text, costs have four places.
type stockAnswer struct {
	WID         int    `json:"wid"`
	ProductID   int    `json:"product_id"`
	SKU         string `json:"sku"`
	Seller      string `json:"seller_id"`
	FNSKU       string `json:"fnsku"`
	Total       int    `json:"product_total"`
	Valid       int    `json:"product_valid_num"`
	Bad         int    `json:"product_bad_num"`
	QC          int    `json:"product_qc_num"`
	Lock        int    `json:"product_lock_num"`
	GoodLock    int    `json:"good_lock_num"`
	BadLock     int    `json:"bad_lock_num"`
	Receive     string `json:"quantity_receive"`
	OnWay       int    `json:"product_onway"`
	Box         string `json:"available_inventory_box_qty"`
	CostTotal   cents  `json:"stock_cost_total"`
	Cost        string `json:"stock_cost"`
	TransitHead string `json:"transit_head_cost"`
	Purchase    string `json:"purchase_price"`
	Price       string `json:"price"`
	HeadStock   string `json:"head_stock_price"`
	StockPrice  string `json:"stock_price"`
	Age         int    `json:"average_age"`
	Third       any    `json:"third_inventory"` // [] or an object
	Ages        []age  `json:"stock_age_list"`
}

type age struct {
	Name string `json:"name"`
	Qty  int    `json:"qty"`
}

type third struct {
	Sellable int   `json:"qty_sellable"`
	Pending  int   `json:"qty_pending"`
	Reserved int   `json:"qty_reserved"`
	OnWay    int   `json:"qty_onway"`
	BoxSell  int   `json:"box_qty_sellable"`
	Data     []any `json:"third_inventory_data"`
}

func (s *stockRow) total() int { return s.good + s.bad + s.qc + s.locked }

// stockList answers POST /erp/sc/routing/data/local_inventory/inventoryDetails; sku matches in part.
func (b *Box) stockList(in stockIn) (reply, error) {
	wids := newSet(in.WID)
	var rows []*stockRow
	for _, s := range b.stock {
		if wids.has(strconv.Itoa(s.wid)) && strings.Contains(strings.ToLower(s.product.sku), strings.ToLower(string(in.SKU))) {
			rows = append(rows, s)
		}
	}
	lo, hi, err := in.span(len(rows), 20, 800)
	if err != nil {
		return reply{}, err
	}
	var out []stockAnswer
	for _, s := range rows[lo:hi] {
		out = append(out, s.answer())
	}
	return list(out, len(rows)), nil
}

func (s *stockRow) answer() stockAnswer {
	cost := s.product.cost.String() + "00"
	a := stockAnswer{
		WID: s.wid, ProductID: s.product.id, SKU: s.product.sku, Seller: s.seller, FNSKU: s.fnsku, Total: s.total(),
		Valid: s.good, Bad: s.bad, QC: s.qc, Lock: s.locked, GoodLock: s.locked, Receive: strconv.Itoa(s.coming), OnWay: s.onway,
		Box: "0.0", CostTotal: s.product.cost * cents(s.total()), Cost: cost, TransitHead: "0.00", Purchase: cost,
		Price: "0.0000", HeadStock: "0.0000", StockPrice: cost, Age: 12, Third: []any{},
		Ages: []age{{"0-15天库龄", s.total()}},
	}
	if s.third {
		a.Third = third{Sellable: s.good, OnWay: s.onway, Data: []any{}}
	}
	return a
}

type binsIn struct {
	WID  commas `json:"wid"`
	Bins either `json:"bin_type_list"`
	slicing
}

type binStock struct {
	WID      int    `json:"wid"`
	Name     string `json:"wh_name"`
	BinID    int    `json:"whb_id"`
	BinName  string `json:"whb_name"`
	BinType  int    `json:"whb_type"`
	ID       int    `json:"product_id"`
	SKU      string `json:"sku"`
	FNSKU    string `json:"fnsku"`
	Store    string `json:"store_id"`
	Total    int    `json:"total"`
	ValidNum int    `json:"validNum"`
	LockNum  int    `json:"lockNum"`
}

// binNames are the kinds of bins: temporary ones for goods that wait, real ones for goods that lie.
var binNames = map[int]string{1: "待检暂存", 2: "可用暂存", 3: "次品暂存", 4: "拣货暂存", 5: "可用", 6: "次品"}

// binList answers POST /erp/sc/routing/data/local_inventory/inventoryBinDetails.
func (b *Box) binList(in binsIn) (reply, error) {
	wids, kinds := newSet(in.WID), newSet(in.Bins)
	var rows []binStock
	for _, s := range b.stock {
		for _, part := range []struct{ kind, valid, lock int }{{1, s.qc, 0}, {2, s.good, s.locked}, {3, s.bad, 0}} {
			if !wids.has(strconv.Itoa(s.wid)) || !kinds.has(strconv.Itoa(part.kind)) || part.valid+part.lock == 0 {
				continue
			}
			rows = append(rows, binStock{
				WID: s.wid, Name: b.warehouseName(s.wid), BinID: s.wid*10 + part.kind, BinName: binNames[part.kind], BinType: part.kind,
				ID: s.product.id, SKU: s.product.sku, FNSKU: s.fnsku, Store: s.seller,
				Total: part.valid + part.lock, ValidNum: part.valid, LockNum: part.lock,
			})
		}
	}
	lo, hi, err := in.span(len(rows), 20, 500)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}
