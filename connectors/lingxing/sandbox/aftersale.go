package sandbox

import "strconv"

type afterIn struct {
	Start    text   `json:"start_date"`
	End      text   `json:"end_date"`
	DateType number `json:"date_type"`
	SID      commas `json:"sid"`
	Types    commas `json:"after_type"`
	Orders   texts  `json:"amazon_order_id_list"`
	slicing
}

type afterRow struct {
	ID         int         `json:"id"`
	Order      string      `json:"amazon_order_id"`
	SID        int         `json:"sid"`
	ASIN       string      `json:"asin"`
	MSKU       string      `json:"msku"`
	Purchased  string      `json:"purchase_time"`
	Dealt      string      `json:"deal_time"`
	Modified   string      `json:"gmt_modified"`
	MCF        int         `json:"is_mcf_order"`
	Total      string      `json:"order_total_amount"`
	TotalCode  string      `json:"order_total_amount_currency_code"`
	TotalNum   numeric     `json:"order_total_amount_number"`
	Refund     string      `json:"total_refund_amount"`
	RefundCode string      `json:"total_refund_amount_currency_code"`
	RefundNum  numeric     `json:"total_refund_amount_number"`
	Tags       []string    `json:"after_type_tag"`
	Items      []afterItem `json:"item_list"`
}

type afterItem struct {
	Key       string        `json:"item_identifier"`
	MD5       string        `json:"md5_v2"`
	MSKU      string        `json:"msku"`
	SKU       string        `json:"local_sku"`
	Type      string        `json:"after_type"`
	Quantity  int           `json:"after_quantity"`
	Time      string        `json:"after_time"`
	Updated   string        `json:"data_update_time"`
	Refund    string        `json:"refund_amount"`
	Details   []afterDetail `json:"refund_amount_details"`
	Return    string        `json:"return_status"`
	RMA       string        `json:"rma_order_number"`
	Waybill   string        `json:"waybill_number"`
	Exchanged string        `json:"exchange_order_number"`
}

type afterDetail struct {
	Type   string `json:"type"`
	Amount string `json:"amount"`
}

// afterSales answers POST /erp/sc/routing/amzod/order/afterSaleList; all cases here are refunds.
func (b *Box) afterSales(in afterIn) (reply, error) {
	lo, day1, ok1 := parseStamp(string(in.Start), beijingZone)
	hi, day2, ok2 := parseStamp(string(in.End), beijingZone)
	switch {
	case !ok1 || !ok2 || !day1 || !day2:
		return reply{}, invalid("start_date,end_date 格式必须为Y-m-d")
	case len(in.Orders) > 50:
		return reply{}, invalid("amazon_order_id_list 最多50个")
	}
	x := b.updated
	switch in.DateType.or(1) {
	case 1, 3:
	case 2:
		x, lo, hi = b.bought, lo+8*3600, hi+8*3600 // days of the shop
	default:
		return reply{}, invalid("date_type 参数不合法")
	}
	sids, kinds, ids := newSet(in.SID), newSet(in.Types), newSet(in.Orders)
	rows := pick(x.window(lo, hi), func(o *order) bool {
		return o.refunded != 0 && kinds.has("1") && sids.has(strconv.Itoa(o.shop.sid)) && ids.has(o.id)
	})
	from, to, err := in.span(len(rows), 1000, 0)
	if err != nil {
		return reply{}, err
	}
	var out []afterRow
	for _, o := range rows[from:to] {
		out = append(out, o.afterRow())
	}
	return list(out, len(rows)), nil
}

func (o *order) afterRow() afterRow {
	icon := icons[o.shop.currency]
	back := func(c cents) string { return "-" + icon + c.String() + "0" } // three places: "-$4.700"
	r := afterRow{
		ID: 500_000 + o.seq, Order: o.id, SID: o.shop.sid, Purchased: stamp(o.purchased, o.shop.zone), Dealt: stamp(o.updated, o.shop.zone),
		Modified: beijing(o.modified), MCF: 1, Total: icon + o.total().String(), TotalCode: o.shop.currency, TotalNum: numeric(o.total()),
		Refund: back(o.refunded), RefundCode: o.shop.currency, RefundNum: -numeric(o.refunded), Tags: []string{"退款"}, Items: []afterItem{},
	}
	for i := range o.lines {
		l := &o.lines[i]
		if i == 0 {
			r.ASIN, r.MSKU = l.product.asin, o.sellerSKU(l)
		}
		key := o.id + "-" + padded(l.itemID)
		r.Items = append(r.Items, afterItem{
			Key: key, MD5: hexMD5(key), MSKU: o.sellerSKU(l), SKU: l.product.sku, Type: "退款", Quantity: l.qty,
			Time: stamp(o.updated, o.shop.zone), Updated: beijing(o.modified), Refund: back(l.sum()),
			Details: []afterDetail{{"Principal", back(l.price)}},
		})
	}
	return r
}
