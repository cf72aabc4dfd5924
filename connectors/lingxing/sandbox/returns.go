package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// reportIn are the parameters of Amazon's reports: one shop, whole days.
type reportIn struct {
	SID      number `json:"sid"`
	DateType number `json:"date_type"`
	Start    text   `json:"start_date"`
	End      text   `json:"end_date"`
	slicing
}

// days reads the window [start, end) in a zone; the end day does not count.
func (in reportIn) days(zone *time.Location) (lo, hi int64, err error) {
	lo, day1, ok1 := parseStamp(string(in.Start), zone)
	hi, day2, ok2 := parseStamp(string(in.End), zone)
	if !ok1 || !ok2 || !day1 || !day2 {
		return 0, 0, invalid("start_date,end_date 格式必须为Y-m-d")
	}
	return lo, hi, nil
}

// report finds the shop's orders in the window that a date type means for it.
func (b *Box) report(in reportIn, of func(*shop) map[int64]timeBase, keep func(*order) bool) ([]*order, error) {
	if !in.SID.set {
		return nil, invalid("sid => sid不能为空")
	}
	s := b.shopBySID(digits(in.SID.n))
	if s == nil {
		s = &shop{zone: time.UTC} // nobody's: no rows
	}
	base, ok := of(s)[in.DateType.or(1)]
	if !ok {
		return nil, invalid("date_type 参数不合法")
	}
	lo, hi, err := in.days(base.zone)
	if err != nil {
		return nil, err
	}
	return pick(base.index.window(lo, hi), func(o *order) bool { return o.shop == s && keep(o) }), nil
}

// timeBase is what a date type means: an index and the zone of the days that are asked for.
type timeBase struct {
	index *index[*order]
	zone  *time.Location
}

type refundRow struct {
	SID         int    `json:"sid"`
	Order       string `json:"order_id"`
	SKU         string `json:"local_sku"`
	Name        string `json:"product_name"`
	MSKU        string `json:"sku"`
	ASIN        string `json:"asin"`
	FNSKU       string `json:"fnsku"`
	Quantity    int    `json:"quantity"`
	Returned    string `json:"return_date"`
	ReturnDay   string `json:"return_date_locale"`
	Purchased   string `json:"purchase_date"`
	PurchaseDay string `json:"purchase_date_locale"`
	Modified    string `json:"gmt_modified"`
	Center      string `json:"fulfillment_center_id"`
	Disposition string `json:"detailed_disposition"`
	Reason      string `json:"reason"`
	Status      string `json:"status"`
	Plate       string `json:"license_plate_number"`
	Comments    string `json:"customer_comments"`
	Remark      string `json:"remark"`
	Tags        []any  `json:"tag"`
}

// refundOrders answers POST /erp/sc/data/mws_report/refundOrders: what buyers sent back to Amazon's
// warehouses, a row a line; days of the return are the shop's, of the change Beijing's.
func (b *Box) refundOrders(in reportIn) (reply, error) {
	orders, err := b.report(in, func(s *shop) map[int64]timeBase {
		return map[int64]timeBase{1: {b.returns, s.zone}, 2: {b.modified, beijingZone}}
	}, func(o *order) bool { return o.refunded != 0 && o.afn })
	if err != nil {
		return reply{}, err
	}
	var rows []refundRow
	for _, o := range orders {
		for i := range o.lines {
			rows = append(rows, b.refundRow(o, i))
		}
	}
	lo, hi, err := in.span(len(rows), 1000, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

func (b *Box) refundRow(o *order, i int) refundRow {
	l, z := &o.lines[i], o.shop.zone
	return refundRow{
		SID: o.shop.sid, Order: o.id, SKU: l.product.sku, Name: l.product.title, MSKU: o.sellerSKU(l), ASIN: l.product.asin,
		FNSKU: fnsku(o.shop, l.product), Quantity: l.qty, Returned: time.Unix(o.refundAt, 0).In(z).Format(time.RFC3339), ReturnDay: dayOf(o.refundAt, z),
		Purchased: iso(o.purchased), PurchaseDay: dayOf(o.purchased, z), Modified: beijing(o.modified), Center: "PIP1",
		Disposition: "SELLABLE", Reason: "UNWANTED_ITEM", Status: "Unit returned to inventory",
		Plate: "LPN" + digits(l.itemID), Remark: o.scRemark, Tags: []any{},
	}
}

func dayOf(sec int64, zone *time.Location) string {
	return time.Unix(sec, 0).In(zone).Format(time.DateOnly)
}

type fbmReturnRow struct {
	ID         int    `json:"id"`
	Hash       string `json:"order_hash"`
	SID        int    `json:"sid"`
	Order      string `json:"order_id"`
	OrderDay   string `json:"order_date"`
	ReturnDay  string `json:"return_date"`
	Status     string `json:"return_status"`
	RMA        string `json:"rma_id"`
	Provider   string `json:"rma_id_provider"`
	LabelType  string `json:"label_type"`
	LabelCost  string `json:"label_cost"`
	Currency   string `json:"currency_code"`
	Carrier    string `json:"return_carrier"`
	Tracking   string `json:"tracking_id"`
	Payer      string `json:"label_payer"`
	Claim      string `json:"a_to_z_claim"`
	Prime      string `json:"is_prime"`
	ASIN       string `json:"asin"`
	MSKU       string `json:"seller_sku"`
	Title      string `json:"item_name"`
	Quantity   int    `json:"return_quantity"`
	Reason     string `json:"return_reason"`
	InPolicy   string `json:"in_policy"`
	Type       string `json:"return_type"`
	Resolution string `json:"resolution"`
	Invoice    string `json:"invoice_number"`
	Arrived    string `json:"return_delivery_date"`
	Amount     cents  `json:"order_amount"`
	Ordered    int    `json:"order_quantity"`
	Refunded   cents  `json:"refunded_amount"`
	Synced     int64  `json:"sync_time"`
	Remark     string `json:"remark"`
	Tags       []any  `json:"tag_type_ids"`
	SKU        string `json:"local_sku"`
	Name       string `json:"local_name"`
	Brand      string `json:"brand_title"`
	Category   string `json:"category_title_path"`
	Country    string `json:"country"`
	Seller     string `json:"seller_name"`
	ASINURL    string `json:"asin_url"`
	Picture    string `json:"pic_url"`
}

// fbmReturns answers POST /erp/sc/routing/data/order/fbmReturnOrderList: what buyers sent back to the
// company; both date types are days of the shop.
func (b *Box) fbmReturns(in reportIn) (reply, error) {
	orders, err := b.report(in, func(s *shop) map[int64]timeBase {
		return map[int64]timeBase{1: {b.returns, s.zone}, 2: {b.bought, wallZone}}
	}, func(o *order) bool { return o.refunded != 0 && !o.afn })
	if err != nil {
		return reply{}, err
	}
	var rows []fbmReturnRow
	for _, o := range orders {
		for i := range o.lines {
			rows = append(rows, b.fbmReturnRow(o, i))
		}
	}
	lo, hi, err := in.span(len(rows), 1000, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

func (b *Box) fbmReturnRow(o *order, i int) fbmReturnRow {
	l, z := &o.lines[i], o.shop.zone
	p := b.productRow(l.product)
	r := fbmReturnRow{
		ID: 700_000 + o.seq*10 + i, Hash: hexMD5(o.id + padded(l.itemID)), SID: o.shop.sid, Order: o.id, OrderDay: dayOf(o.purchased, z), ReturnDay: dayOf(o.refundAt, z),
		Status: "Approved", RMA: "D" + strconv.Itoa(o.seq) + "RRMA", Provider: "Amazon", LabelType: "AmazonPrePaidLabel", LabelCost: "0.00",
		Currency: o.shop.currency, Payer: "Customer", Claim: "N", Prime: "N", ASIN: l.product.asin, MSKU: o.sellerSKU(l), Title: l.product.title,
		Quantity: l.qty, Reason: "CR-UNWANTED_ITEM(客户退货-不想要的商品)", InPolicy: "Y", Type: "C-Returns", Resolution: "StandardRefund",
		Amount: l.price, Ordered: l.qty, Refunded: l.sum(), Synced: o.modified, Remark: o.scRemark, Tags: []any{},
		SKU: l.product.sku, Name: l.product.name, Brand: p.Brand, Category: p.Category, Country: o.shop.market.Country, Seller: o.shop.name,
		ASINURL: "https://www.amazon.com/dp/" + l.product.asin,
	}
	if o.received != 0 {
		r.Arrived = dayOf(o.received, z)
	}
	return r
}

type returnsIn struct {
	Page      number `json:"offset"` // a page from 1: the name lies
	Length    number `json:"length"`
	TimeType  text   `json:"time_type"`
	Start     text   `json:"start_time"`
	End       text   `json:"end_time"`
	Platforms texts  `json:"platform_code"`
	Sales     number `json:"sales_type"`
	Status    texts  `json:"status"`
	Stores    texts  `json:"store_id"`
	WIDs      texts  `json:"wid"`
}

// States of a sales return (销售退货单): it waits for its goods, or they have come.
const (
	returnWaiting = 3
	returnDone    = 5
)

type returnRow struct {
	RMA       string         `json:"rma_order_no"`
	Number    string         `json:"global_order_no"`
	StoreID   string         `json:"store_id"`
	SID       string         `json:"sid"`
	Store     string         `json:"store_name"`
	Platform  string         `json:"platform"`
	Site      string         `json:"site"`
	WID       string         `json:"sys_wid"`
	Warehouse string         `json:"w_name"`
	Status    string         `json:"status"`
	Sales     string         `json:"sales_type"`
	Reason    string         `json:"reason"`
	Remark    string         `json:"remark"`
	Provider  string         `json:"logistics_provider_name"`
	Tracking  string         `json:"tracking_no"`
	User      string         `json:"uid_name"`
	Predicted int            `json:"has_prediction"`
	Arrival   string         `json:"pre_arrival_time"`
	Created   string         `json:"gmt_create"`
	Modified  string         `json:"gmt_modified"`
	Completed string         `json:"complete_time"`
	Relation  returnRelation `json:"relation_order_info"`
	Items     []returnItem   `json:"items"`
}

type returnRelation struct {
	Number  string `json:"global_order_no"`
	Inbound string `json:"storage_in_order_no"`
}

type returnItem struct {
	ID        string `json:"id"`
	SKU       string `json:"sku"`
	MSKU      string `json:"msku"`
	Name      string `json:"product_name"`
	Order     string `json:"platform_order_no"`
	Quantity  int    `json:"quantity"`
	Return    int    `json:"return_quantity"`
	Received  int    `json:"receiving_quantity"`
	Good      int    `json:"available_quantity"`
	Bad       *int   `json:"defective_quantity"`
	Destroyed int    `json:"destroyed_quantity"`
	Handler   string `json:"handler_type"`
	Remark    string `json:"remark"`
	Pictures  *[]any `json:"pic_infos"`
}

// salesReturns answers POST /pb/mp/returns/v2/list. Its offset is a page from 1; 0, which the vendor's
// own example has, is the first page, too. Both ends of the window count.
func (b *Box) salesReturns(in returnsIn) (reply, error) {
	switch {
	case !in.Page.set:
		return reply{}, invalid("offset 不能为空")
	case !in.Length.set:
		return reply{}, invalid("length 不能为空")
	}
	lo, day1, ok1 := parseStamp(string(in.Start), beijingZone)
	hi, day2, ok2 := parseStamp(string(in.End), beijingZone)
	if !ok1 || !ok2 || day1 || day2 {
		return reply{}, invalid("start_time,end_time 格式必须为Y-m-d H:i:s")
	}
	platforms, stores, wids, states := newSet(in.Platforms), newSet(in.Stores), newSet(in.WIDs), newSet(in.Status)
	rows := pick(b.returns.rows, func(o *order) bool {
		at := o.refundAt
		if in.TimeType == "updateTime" {
			at = max(at, o.received)
		}
		return o.number != 0 && at >= lo && at <= hi && in.Sales.or(1) == 1 && platforms.has(o.shop.platform) && stores.has(o.shop.storeID) &&
			wids.has(strconv.Itoa(o.wid)) && states.has(strconv.Itoa(o.returnState()))
	})
	from, to, err := paging{number{max(in.Page.n, 1), true}, in.Length}.span(len(rows), 20, 0)
	if err != nil {
		return reply{}, err
	}
	var out []returnRow
	for _, o := range rows[from:to] {
		out = append(out, b.returnRow(o))
	}
	return list(out, len(rows)), nil
}

func (o *order) returnState() int {
	if o.received != 0 {
		return returnDone
	}
	return returnWaiting
}

func (b *Box) returnRow(o *order) returnRow {
	r := returnRow{
		RMA: "RT" + digits(901_400_000_000_000_000+int64(o.seq)*1000), Number: digits(o.number), StoreID: o.shop.storeID, Store: o.shop.name,
		Platform: platformNames[o.shop.platform], Site: o.shop.market.Country, WID: strconv.Itoa(o.wid), Warehouse: b.warehouseName(o.wid),
		Status: "待收货", Sales: "买家退货", Reason: "不想要了", User: "Example", Arrival: "1970-01-01 08:00:00",
		Created: beijing(o.refundAt), Modified: beijing(max(o.refundAt, o.received)), Completed: beijing(o.received),
		Relation: returnRelation{Number: digits(o.number)}, Items: []returnItem{},
	}
	if o.shop.sid != 0 {
		r.SID = strconv.Itoa(o.shop.sid)
	}
	if o.returnState() == returnDone {
		r.Status = "已完成"
	}
	for i := range o.lines {
		l := &o.lines[i]
		item := returnItem{
			ID: digits(9_000_000 + int64(o.seq)*10 + int64(i)), SKU: l.product.sku, MSKU: o.sellerSKU(l), Name: l.product.name, Order: o.id,
			Quantity: l.qty, Return: l.qty, Handler: "默认不处理",
		}
		if o.received != 0 {
			item.Received, item.Good = l.qty, l.qty
		}
		r.Items = append(r.Items, item)
	}
	return r
}
