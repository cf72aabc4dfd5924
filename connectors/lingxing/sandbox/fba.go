package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// amazonStock is what lies in Amazon's warehouses (FBA), by listing.
type amazonStock struct {
	fba []*fbaListing
}

// fbaListing is the stock of one product under the listings that share it.
type fbaListing struct {
	shops   []*shop // one, or those of Europe that share
	product *product
	sent    int // sellable when the account began
	bad     int
	onway   int
	planned int
}

// sharedSKU is the product whose stock Europe's shops share.
const sharedSKU = "MUG-BLUE"

// seedFBA puts goods into Amazon's warehouses, with dice of their own.
func (b *Box) seedFBA() {
	rnd := rand.New(rand.NewPCG(uint64(b.kit.Seed), 0x666261))
	for _, s := range b.shops {
		for _, p := range b.products {
			if s.sid == 0 || s.sid == unmappedSID && p.sku == sharedSKU {
				continue
			}
			x := &fbaListing{shops: []*shop{s}, product: p, sent: rnd.IntN(120), bad: rnd.IntN(4), onway: rnd.IntN(3) * 20, planned: rnd.IntN(2) * 30}
			if p.sku == newSKU {
				*x = fbaListing{shops: x.shops, product: p} // nothing was sent in yet
			}
			if s.market.Region == "EU" && p.sku == sharedSKU {
				x.shops = append(x.shops, b.shopBySID(strconv.Itoa(unmappedSID)))
			}
			b.fba = append(b.fba, x)
		}
	}
}

// fnsku is Amazon's own number of a listing.
func fnsku(s *shop, p *product) string { return fmt.Sprintf("X%03dPIPE%03d", s.sid%1000, p.id%1000) }

func (x *fbaListing) shared() bool { return len(x.shops) > 1 }

// fbaMove is what the orders make of a listing's stock: what is ordered and has not left is reserved, and
// what buyers have sent back is for sale again.
type fbaMove struct{ reserved, back int }

type listing struct {
	shop    *shop
	product *product
}

func (b *Box) fbaMoves() map[listing]fbaMove {
	out := map[listing]fbaMove{}
	count := func(o *order) {
		if !o.afn {
			return
		}
		for i := range o.lines {
			l := &o.lines[i]
			m := out[listing{o.shop, l.product}]
			switch {
			case o.status == unshipped || o.status == pending:
				m.reserved += l.qty
			case o.refunded != 0 && o.received == 0:
				m.back += l.qty
			}
			out[listing{o.shop, l.product}] = m
		}
	}
	for _, o := range b.orders {
		count(o)
	}
	for _, o := range b.mcf {
		count(o)
	}
	return out
}

func (x *fbaListing) counts(moves map[listing]fbaMove) (sellable, reserved int) {
	sellable = x.sent
	for _, s := range x.shops {
		m := moves[listing{s, x.product}]
		sellable, reserved = sellable+m.back, reserved+m.reserved
	}
	return sellable, reserved
}

type fbaAges struct {
	D30   int `json:"inv_age_0_to_30_days"`
	D60   int `json:"inv_age_31_to_60_days"`
	D90   int `json:"inv_age_61_to_90_days"`
	Q1    int `json:"inv_age_0_to_90_days"`
	Q2    int `json:"inv_age_91_to_180_days"`
	Q3    int `json:"inv_age_181_to_270_days"`
	D330  int `json:"inv_age_271_to_330_days"`
	D365  int `json:"inv_age_331_to_365_days"`
	Q4    int `json:"inv_age_271_to_365_days"`
	Older int `json:"inv_age_365_plus_days"`
}

type fbaPrices struct {
	D30   cents `json:"inv_age_0_to_30_price"`
	D60   cents `json:"inv_age_31_to_60_price"`
	D90   cents `json:"inv_age_61_to_90_price"`
	Q1    cents `json:"inv_age_0_to_90_price"`
	Q2    cents `json:"inv_age_91_to_180_price"`
	Q3    cents `json:"inv_age_181_to_270_price"`
	D330  cents `json:"inv_age_271_to_330_price"`
	D365  cents `json:"inv_age_331_to_365_price"`
	Q4    cents `json:"inv_age_271_to_365_price"`
	Older cents `json:"inv_age_365_plus_price"`
}

type fbaRow struct {
	Name            string      `json:"name"`
	Group           string      `json:"seller_group_name"`
	SID             int         `json:"sid"` // 0 where shops share
	ASIN            string      `json:"asin"`
	Principals      []any       `json:"asin_principal_list"`
	Product         string      `json:"product_name"`
	Picture         string      `json:"small_image_url"`
	MSKU            string      `json:"seller_sku"`
	FNSKU           string      `json:"fnsku"`
	SKU             string      `json:"sku"`
	Category        string      `json:"category_text"`
	CategoryID      int         `json:"cid"`
	Brand           string      `json:"product_brand_text"`
	BrandID         int         `json:"bid"`
	Share           int         `json:"share_type"`
	Total           int         `json:"total"`
	TotalPrice      json.Number `json:"total_price"`
	Available       int         `json:"available_total"`
	AvailablePrice  cents       `json:"available_total_price"`
	Sellable        int         `json:"afn_fulfillable_quantity"`
	SellablePrice   cents       `json:"afn_fulfillable_quantity_price"`
	Transfers       int         `json:"reserved_fc_transfers"`
	TransfersPrice  cents       `json:"reserved_fc_transfers_price"`
	Processing      int         `json:"reserved_fc_processing"`
	ProcessingPrice cents       `json:"reserved_fc_processing_price"`
	Reserved        int         `json:"reserved_customerorders"`
	ReservedPrice   cents       `json:"reserved_customerorders_price"`
	FBM             int         `json:"quantity"`
	FBMPrice        cents       `json:"quantity_price"`
	Bad             int         `json:"afn_unsellable_quantity"`
	BadPrice        cents       `json:"afn_unsellable_quantity_price"`
	Planned         int         `json:"afn_inbound_working_quantity"`
	PlannedPrice    cents       `json:"afn_inbound_working_quantity_price"`
	OnWay           int         `json:"afn_inbound_shipped_quantity"`
	OnWayPrice      cents       `json:"afn_inbound_shipped_quantity_price"`
	Arriving        int         `json:"afn_inbound_receiving_quantity"`
	ArrivingPrice   cents       `json:"afn_inbound_receiving_quantity_price"`
	Real            int         `json:"stock_up_num"`
	RealPrice       cents       `json:"stock_up_num_price"`
	Searched        int         `json:"afn_researching_quantity"`
	SearchedPrice   cents       `json:"afn_researching_quantity_price"`
	Fulfillable     int         `json:"total_fulfillable_quantity"`
	Channel         string      `json:"fulfillment_channel"`
	CgPrice         string      `json:"cg_price"`
	Transport       string      `json:"cg_transport_costs"`
	Shares          []fbaShare  `json:"fba_storage_quantity_list"`
	fbaAges
	fbaPrices
}

type fbaShare struct {
	SID      int    `json:"sid"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity_for_local_fulfillment"`
}

type fbaIn struct {
	SID      commas `json:"sid"`
	Field    text   `json:"search_field"`
	Value    text   `json:"search_value"`
	Channel  text   `json:"fulfillment_channel_type"`
	HideZero flag   `json:"is_hide_zero_stock"`
	Shares   flag   `json:"query_fba_storage_quantity_list"`
	slicing
}

// fbaStock answers POST /basicOpen/openapi/storage/fbaWarehouseDetail, FBA库存明细.
func (b *Box) fbaStock(in fbaIn) (reply, error) {
	if n := in.Length.or(20); n < 20 || n > 200 {
		return reply{}, invalid("length 取值范围[20,200]")
	}
	var rows []fbaRow
	sids, moves := newSet(in.SID), b.fbaMoves()
	for _, x := range b.fba {
		r := b.fbaRow(x, moves, bool(in.Shares))
		fits, err := in.fits(r)
		if err != nil {
			return reply{}, err
		}
		_, fbm := b.fbm[digits(int64(x.shops[0].sid))+"|"+r.MSKU]
		if !fits || in.Channel == "FBM" && !fbm || bool(in.HideZero) && r.Total+r.FBM == 0 {
			continue
		}
		if slices.ContainsFunc(x.shops, func(s *shop) bool { return sids.has(strconv.Itoa(s.sid)) }) {
			rows = append(rows, r)
		}
	}
	lo, hi, err := in.span(len(rows), 20, 200)
	out := list(slices.Clone(rows[lo:hi]), len(rows))
	out.newer = true
	return out, err
}

// fits is the search in one field; it finds parts of a text.
func (in fbaIn) fits(r fbaRow) (bool, error) {
	if in.Field == "" || in.Value == "" {
		return true, nil
	}
	of, ok := map[text]string{"sku": r.SKU, "product_name": r.Product, "seller_sku": r.MSKU, "fnsku": r.FNSKU, "asin": r.ASIN, "parent_asin": "", "spu": "", "spu_name": ""}[in.Field]
	if !ok {
		return false, invalid("search_field 参数不合法")
	}
	return strings.Contains(strings.ToLower(of), strings.ToLower(string(in.Value))), nil
}

func (b *Box) fbaRow(x *fbaListing, moves map[listing]fbaMove, shares bool) fbaRow {
	s, p := x.shops[0], b.productRow(x.product)
	good, reserved := x.counts(moves)
	of := func(n int) cents { return x.product.cost * cents(n) }
	o := order{shop: s}
	r := fbaRow{
		Name: s.name + s.market.Country + "仓", SID: s.sid, ASIN: x.product.asin, Principals: []any{}, Product: x.product.name,
		MSKU: o.sellerSKU(&orderLine{product: x.product}), FNSKU: fnsku(s, x.product), SKU: x.product.sku,
		Category: p.Category, CategoryID: p.CategoryID, Brand: p.Brand, BrandID: p.BrandID,
		Sellable: good, SellablePrice: of(good), Reserved: reserved, ReservedPrice: of(reserved), Bad: x.bad, BadPrice: of(x.bad),
		Planned: x.planned, PlannedPrice: of(x.planned), OnWay: x.onway, OnWayPrice: of(x.onway), Real: x.onway, RealPrice: of(x.onway),
		Fulfillable: good, Channel: "AMAZON_" + s.market.Region, Shares: []fbaShare{},
		fbaAges: fbaAges{D30: good, Q1: good}, fbaPrices: fbaPrices{D30: of(good), Q1: of(good)},
	}
	r.FBM = b.fbm[strconv.Itoa(s.sid)+"|"+r.MSKU]
	r.FBMPrice = of(r.FBM)
	r.Total = good + reserved + x.bad + x.onway
	r.TotalPrice = json.Number(of(r.Total).String())
	r.Available = good + x.onway
	r.AvailablePrice = of(r.Available)
	if x.shared() {
		r.SID, r.Share, r.Name = 0, 2, "PIPE 欧洲仓"
		var names []string
		for _, s := range x.shops {
			names = append(names, s.name)
			if shares {
				r.Shares = append(r.Shares, fbaShare{s.sid, s.name, good})
			}
		}
		r.Group = strings.Join(names, ",")
	}
	return r
}

type fbaListIn struct {
	SID commas `json:"sid"`
	slicing
}

type fbaListRow struct {
	Warehouse   string      `json:"wname"`
	Name        string      `json:"name"`
	SID         int         `json:"sid"`
	ASIN        string      `json:"asin"`
	Product     string      `json:"product_name"`
	Picture     string      `json:"product_image"`
	MSKU        string      `json:"msku"`
	FNSKU       string      `json:"fnsku"`
	SKU         string      `json:"sku"`
	Category    string      `json:"category_name"`
	CategoryID  int         `json:"category_id"`
	Brand       string      `json:"brand_name"`
	BrandID     int         `json:"brand_id"`
	Share       int         `json:"share_type"`
	Sellable    int         `json:"afn_fulfillable_quantity"`
	Real        int         `json:"afn_erp_real_shipped_quantity"`
	Transfers   int         `json:"reserved_fc_transfers"`
	Processing  int         `json:"reserved_fc_processing"`
	Reserved    int         `json:"reserved_customerorders"`
	Fulfillable int         `json:"total_fulfillable_quantity"`
	Bad         int         `json:"afn_unsellable_quantity"`
	Planned     int         `json:"afn_inbound_working_quantity"`
	OnWay       int         `json:"afn_inbound_shipped_quantity"`
	Arriving    int         `json:"afn_inbound_receiving_quantity"`
	Searched    int         `json:"afn_researching_quantity"`
	Channel     string      `json:"fulfillment_channel_name"`
	Countries   []fbaShare  `json:"afn_fulfillable_quantity_multi"`
	Cost        cents       `json:"cost"`
	StockCost   json.Number `json:"stock_cost_total"`
	fbaAges
}

// fbaList answers POST /erp/sc/routing/fba/fbaStock/fbaList, the older way to ask: the rows stand in
// data.list with a count of their own, and the total beside data says nothing.
func (b *Box) fbaList(in fbaListIn) (reply, error) {
	if len(in.SID) == 0 {
		return reply{}, invalid("sid => sid不能为空")
	}
	sids := newSet(in.SID)
	rows := pick(b.fba, func(x *fbaListing) bool {
		return slices.ContainsFunc(x.shops, func(s *shop) bool { return sids.has(strconv.Itoa(s.sid)) })
	})
	lo, hi, err := in.span(len(rows), 15, 0)
	if err != nil {
		return reply{}, err
	}
	out, moves := []fbaListRow{}, b.fbaMoves()
	for _, x := range rows[lo:hi] {
		r := b.fbaRow(x, moves, true)
		out = append(out, fbaListRow{
			Warehouse: r.Name, Name: r.Name, SID: r.SID, ASIN: r.ASIN, Product: r.Product, MSKU: r.MSKU, FNSKU: r.FNSKU, SKU: r.SKU,
			Category: r.Category, CategoryID: r.CategoryID, Brand: r.Brand, BrandID: r.BrandID, Share: r.Share, Sellable: r.Sellable, Real: r.Real,
			Reserved: r.Reserved, Fulfillable: r.Fulfillable, Bad: r.Bad, Planned: r.Planned, OnWay: r.OnWay, Channel: "FBA",
			Countries: r.Shares, Cost: x.product.cost * cents(r.Total), StockCost: r.TotalPrice, fbaAges: r.fbaAges,
		})
	}
	return one(struct {
		Total int          `json:"total"`
		List  []fbaListRow `json:"list"`
	}{len(rows), out}), nil
}
