package sandbox

import (
	"slices"
	"strconv"
)

// product is one of the ERP's own SKUs.
type product struct {
	id               int
	sku, identifier  string
	name, title      string
	category, brand  int
	price            price
	cost             cents
	status, open     int
	unit, asin       string
	model, text      string
	remark           string
	created, updated int64
	parts            []part // of a bundle
}

type part struct {
	sku      string
	quantity int
}

type brand struct {
	ID    int    `json:"bid"`
	Title string `json:"title"`
	Code  string `json:"brand_code"`
}

type category struct {
	ID     int    `json:"cid"`
	Parent int    `json:"parent_cid"`
	Title  string `json:"title"`
	Code   string `json:"category_code"`
}

var productStates = map[int]string{0: "停售", 1: "在售", 2: "开发中", 3: "清仓"}

type productsIn struct {
	UpdatedFrom number `json:"update_time_start"`
	UpdatedTo   number `json:"update_time_end"`
	CreatedFrom number `json:"create_time_start"`
	CreatedTo   number `json:"create_time_end"`
	SKUs        texts  `json:"sku_list"`
	Identifiers texts  `json:"sku_identifier_list"`
	slicing
}

type productRow struct {
	ID          int    `json:"id"`
	SKU         string `json:"sku"`
	Identifier  string `json:"sku_identifier"`
	Name        string `json:"product_name"`
	CategoryID  int    `json:"cid"`
	Category    string `json:"category_name"`
	BrandID     int    `json:"bid"`
	Brand       string `json:"brand_name"`
	PSID        int    `json:"ps_id"`
	SPU         string `json:"spu"`
	Picture     string `json:"pic_url"`
	Open        int    `json:"open_status"`
	Status      int    `json:"status"`
	StatusText  string `json:"status_text"`
	Combo       int    `json:"is_combo"`
	Created     int64  `json:"create_time"`
	Updated     int64  `json:"update_time"`
	DeveloperID int    `json:"product_developer_uid"`
	Developer   string `json:"product_developer"`
	BuyerID     int    `json:"cg_opt_uid"`
	Buyer       string `json:"cg_opt_username"`
	Delivery    int    `json:"cg_delivery"`
	Transport   cents  `json:"cg_transport_costs"`
	Price       string `json:"cg_price"` // four places
	Remark      string `json:"purchase_remark"`
	Quotes      []any  `json:"supplier_quote"`
	Tags        []any  `json:"global_tags"`
	Custom      []any  `json:"custom_fields"`
	Attribute   []any  `json:"attribute"`
	*productMore
}

// productMore is what only the detail has.
type productMore struct {
	Pictures    []any          `json:"picture_list"`
	Model       string         `json:"model"`
	Unit        string         `json:"unit"`
	Description string         `json:"description"`
	Special     []string       `json:"special_attr"`
	Currency    string         `json:"currency"`
	Material    string         `json:"cg_product_material"`
	Length      string         `json:"cg_product_length"`
	Width       string         `json:"cg_product_width"`
	Height      string         `json:"cg_product_height"`
	NetWeight   string         `json:"cg_product_net_weight"`
	GrossWeight string         `json:"cg_product_gross_weight"`
	BoxWeight   string         `json:"cg_box_weight"`
	BoxPieces   int            `json:"cg_box_pcs"`
	Declaration map[string]any `json:"declaration"`
	Clearance   map[string]any `json:"clearance"`
	Combo       []comboPart    `json:"combo_product_list"`
	Rights      []any          `json:"permission_user_info"`
	Files       []any          `json:"attachment_id"`
	Logistics   []any          `json:"product_logistics_relation"`
	QC          map[string]any `json:"qc_standard"`
	Aux         []any          `json:"aux_relation_list"`
}

type comboPart struct {
	ID       int    `json:"product_id"`
	Quantity int    `json:"quantity"`
	SKU      string `json:"sku"`
}

func (b *Box) productRow(p *product) productRow {
	r := productRow{
		ID: p.id, SKU: p.sku, Identifier: p.identifier, Name: p.name, CategoryID: p.category, BrandID: p.brand,
		Open: p.open, Status: p.status, StatusText: productStates[p.status], Created: p.created, Updated: p.updated,
		Delivery: 7, Price: p.cost.String() + "00", Remark: p.remark, Quotes: []any{}, Tags: []any{}, Custom: []any{}, Attribute: []any{},
	}
	for _, c := range b.categories {
		if c.ID == p.category {
			r.Category = c.Title
		}
	}
	for _, x := range b.brands {
		if x.ID == p.brand {
			r.Brand = x.Title
		}
	}
	if len(p.parts) > 0 {
		r.Combo = 1
	}
	return r
}

func (b *Box) productDetail(p *product) productRow {
	r := b.productRow(p)
	r.productMore = &productMore{
		Pictures: []any{}, Model: p.model, Unit: p.unit, Description: p.text, Special: []string{}, Currency: "CNY",
		Length: "10.00", Width: "10.00", Height: "10.00", NetWeight: "300.00", GrossWeight: "350.00", BoxWeight: "7.00", BoxPieces: 20,
		Declaration: map[string]any{}, Clearance: map[string]any{}, Combo: []comboPart{}, Rights: []any{}, Files: []any{},
		Logistics: []any{}, QC: map[string]any{}, Aux: []any{},
	}
	for _, x := range p.parts {
		if q := b.bySKU[x.sku]; q != nil {
			r.productMore.Combo = append(r.productMore.Combo, comboPart{q.id, x.quantity, x.sku})
		}
	}
	return r
}

// productList answers POST /erp/sc/routing/data/local_inventory/productList; windows are [start, end).
func (b *Box) productList(in productsIn) (reply, error) {
	skus, identifiers := newSet(in.SKUs), newSet(in.Identifiers)
	inside := func(t int64, from, to number) bool { return t >= from.n && (!to.set || t < to.n) }
	var rows []*product
	for _, p := range b.products {
		if skus.has(p.sku) && identifiers.has(p.identifier) && inside(p.updated, in.UpdatedFrom, in.UpdatedTo) && inside(p.created, in.CreatedFrom, in.CreatedTo) {
			rows = append(rows, p)
		}
	}
	lo, hi, err := in.span(len(rows), 1000, 1000)
	if err != nil {
		return reply{}, err
	}
	var out []productRow
	for _, p := range rows[lo:hi] {
		out = append(out, b.productRow(p))
	}
	return list(out, len(rows)), nil
}

type productIn struct {
	ID         number `json:"id"`
	SKU        text   `json:"sku"`
	Identifier text   `json:"sku_identifier"`
}

// productInfo answers POST /erp/sc/routing/data/local_inventory/productInfo.
func (b *Box) productInfo(in productIn) (reply, error) {
	if !in.ID.set && in.SKU == "" && in.Identifier == "" {
		return reply{}, inner("id不能为空")
	}
	for _, p := range b.products {
		if in.ID.set && int64(p.id) == in.ID.n || string(in.SKU) == p.sku || in.Identifier != "" && string(in.Identifier) == p.identifier {
			return reply{data: b.productDetail(p), total: 0}, nil
		}
	}
	return reply{}, inner("产品不存在")
}

type productBatchIn struct {
	IDs         texts `json:"productIds"`
	SKUs        texts `json:"skus"`
	Identifiers texts `json:"sku_identifiers"`
}

// productBatch answers POST /erp/sc/routing/data/local_inventory/batchGetProductInfo.
func (b *Box) productBatch(in productBatchIn) (reply, error) {
	n := len(in.IDs) + len(in.SKUs) + len(in.Identifiers)
	if n == 0 {
		return reply{}, invalid("productIds,skus,sku_identifiers 不能同时为空")
	}
	if n > 100 {
		return reply{}, invalid("最多查询100个产品")
	}
	rows := []productRow{}
	for _, p := range b.products {
		if slices.Contains(in.IDs, strconv.Itoa(p.id)) || slices.Contains(in.SKUs, p.sku) || p.identifier != "" && slices.Contains(in.Identifiers, p.identifier) {
			rows = append(rows, b.productDetail(p))
		}
	}
	return list(rows, 0), nil
}

// brandList answers POST /erp/sc/data/local_inventory/brand.
func (b *Box) brandList(in slicing) (reply, error) {
	lo, hi, err := in.span(len(b.brands), 1000, 1000)
	return list(slices.Clone(b.brands[lo:hi]), noTotal), err
}

type categoriesIn struct {
	IDs texts `json:"ids"`
	slicing
}

// categoryList answers POST /erp/sc/routing/data/local_inventory/category.
func (b *Box) categoryList(in categoriesIn) (reply, error) {
	ids := newSet(in.IDs)
	var rows []category
	for _, c := range b.categories {
		if ids.has(strconv.Itoa(c.ID)) {
			rows = append(rows, c)
		}
	}
	lo, hi, err := in.span(len(rows), 1000, 1000)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

// productSetIn has pointers where absence means "leave it as it is".
type productSetIn struct {
	SKU        text        `json:"sku"`
	Name       *text       `json:"product_name"`
	Identifier *text       `json:"sku_identifier"`
	Unit       *text       `json:"unit"`
	Model      *text       `json:"model"`
	Text       *text       `json:"description"`
	Remark     *text       `json:"purchase_remark"`
	CategoryID number      `json:"category_id"`
	Category   text        `json:"category"`
	BrandID    number      `json:"brand_id"`
	Brand      text        `json:"brand"`
	Status     number      `json:"status"`
	Open       number      `json:"open_status"`
	Price      *text       `json:"cg_price"`
	Group      []groupPart `json:"group_list"`
}

// productSet answers POST /erp/sc/routing/storage/product/set: create or update by SKU.
func (b *Box) productSet(in productSetIn) (reply, error) {
	p, err := b.upsert(in)
	if err != nil {
		return reply{}, err
	}
	type written struct {
		ID         int    `json:"product_id"`
		SKU        string `json:"sku"`
		Identifier string `json:"sku_identifier"`
	}
	return one(written{p.id, p.sku, p.identifier}), nil
}

// upsert changes the product of a SKU, or makes it. A refusal changes nothing.
func (b *Box) upsert(in productSetIn) (*product, error) {
	if in.SKU == "" {
		return nil, inner("sku不能为空")
	}
	p, known := b.bySKU[string(in.SKU)]
	if !known {
		if in.Name == nil || *in.Name == "" {
			return nil, inner("product_name不能为空")
		}
		p = &product{id: 10001 + len(b.products) + b.dropped, sku: string(in.SKU), status: 1, open: 1, unit: "Pcs", asin: "B0PIPENEW01", price: price{}}
	}
	changed := *p
	if err := b.fill(&changed, in); err != nil {
		return nil, err
	}
	changed.updated = b.kit.Clock.Now().Unix()
	*p = changed
	if !known {
		p.created = p.updated
		b.addProduct(p)
	}
	return p, nil
}

func (b *Box) fill(p *product, in productSetIn) error {
	for _, f := range []struct {
		to   *string
		from *text
	}{{&p.name, in.Name}, {&p.identifier, in.Identifier}, {&p.unit, in.Unit}, {&p.model, in.Model}, {&p.text, in.Text}, {&p.remark, in.Remark}} {
		if f.from != nil {
			*f.to = string(*f.from)
		}
	}
	p.title = or(p.title, p.name)
	p.status, p.open = int(in.Status.or(int64(p.status))), int(in.Open.or(int64(p.open)))
	if _, ok := productStates[p.status]; !ok {
		return inner("status参数错误")
	}
	if in.Price != nil {
		c, ok := parseCents(string(*in.Price))
		if !ok || c < 0 {
			return inner("cg_price格式错误")
		}
		p.cost = c
	}
	if err := b.group(p, in.Group); err != nil {
		return err
	}
	for _, c := range b.categories {
		if in.CategoryID.set && int64(c.ID) == in.CategoryID.n || !in.CategoryID.set && string(in.Category) == c.Title {
			p.category = c.ID
		}
	}
	for _, x := range b.brands {
		if in.BrandID.set && int64(x.ID) == in.BrandID.n || !in.BrandID.set && string(in.Brand) == x.Title {
			p.brand = x.ID
		}
	}
	return nil
}

type pairsIn struct {
	Stores    texts `json:"store_id"`
	UseCursor flag  `json:"use_cursor"`
	Cursor    text  `json:"cursor_id"`
	SKUs      texts `json:"sku"`
	MSKUs     texts `json:"msku"`
	Start     text  `json:"start_time"`
	End       text  `json:"end_time"`
	slicing
}

type pairRow struct {
	StoreID  string `json:"store_id"`
	Platform string `json:"platform_code"`
	MSKU     string `json:"msku"`
	SKU      string `json:"sku"`
	Name     string `json:"local_name"`
	Modified string `json:"modify_time"`
}

// pairs answers POST /pb/mp/listing/v2/getPairList, by cursor or by row.
func (b *Box) pairs(in pairsIn) (reply, error) {
	lo, hi, err := days(in.Start, in.End)
	if err != nil {
		return reply{}, err
	}
	stores, skus, mskus := newSet(in.Stores), newSet(in.SKUs), newSet(in.MSKUs)
	var rows []pairRow
	for _, s := range b.shops {
		for _, p := range b.products {
			o := order{shop: s}
			r := pairRow{s.storeID, s.platform, o.sellerSKU(&orderLine{product: p}), p.sku, p.name, beijing(p.updated)}
			if stores.has(r.StoreID) && skus.has(r.SKU) && mskus.has(r.MSKU) && p.updated >= lo && p.updated < hi-1 {
				rows = append(rows, r)
			}
		}
	}
	at := in.slicing
	if in.UseCursor {
		n, _ := strconv.ParseInt(string(in.Cursor), 10, 64) // the first cursor is empty
		at.Offset = number{n, true}
	}
	from, to, err := at.span(len(rows), 100, 200)
	if err != nil || !bool(in.UseCursor) {
		return list(slices.Clone(rows[from:to]), len(rows)), err
	}
	type cursorPage struct {
		Total string    `json:"total"`
		List  []pairRow `json:"list"`
		More  bool      `json:"has_next"`
		Next  string    `json:"next_cursor_id"`
	}
	return reply{data: cursorPage{strconv.Itoa(len(rows)), rows[from:to], to < len(rows), strconv.Itoa(to)}, total: noTotal}, nil
}
