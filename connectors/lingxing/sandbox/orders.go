package sandbox

import (
	"slices"
	"strconv"
)

type ordersIn struct {
	Start    text   `json:"start_date"`
	End      text   `json:"end_date"`
	DateType number `json:"date_type"`
	SID      number `json:"sid"`
	SIDs     texts  `json:"sid_list"`
	Status   texts  `json:"order_status"`
	Channel  number `json:"fulfillment_channel"`
	Sort     number `json:"sort_desc_by_date_type"`
	slicing
}

// mwsOrders answers POST /erp/sc/data/mws/orders, Amazon's orders as Lingxing copied them.
func (b *Box) mwsOrders(in ordersIn) (reply, error) {
	x, lo, hi, err := b.ordersWindow(in)
	if err != nil {
		return reply{}, err
	}
	if len(in.SIDs) > 20 {
		return reply{}, invalid("sid_list 最多20个")
	}
	rows := x.window(lo, hi)
	if keep := in.filter(); keep != nil {
		rows = pick(rows, keep)
	}
	from, to, err := in.span(len(rows), 1000, 5000)
	if err != nil {
		return reply{}, err
	}
	out := make([]orderRow, 0, to-from)
	for i := from; i < to; i++ {
		o := rows[arranged(i, len(rows), in.Sort.n)]
		b.page = append(b.page, o)
		out = append(out, o.row())
	}
	return list(out, len(rows)), nil
}

// ordersWindow finds the index and the window [start, end) that a date type asks for.
func (b *Box) ordersWindow(in ordersIn) (x *index[*order], lo, hi int64, err error) {
	zone := beijingZone
	switch in.DateType.or(1) {
	case 1:
		x, zone = b.bought, wallZone // shop-local, compared by the clock on the wall
	case 2:
		x = b.modified
	case 3:
		x, zone = b.updated, wallZone // UTC
	case 10:
		x, zone = b.sent, wallZone
	default:
		return nil, 0, 0, invalid("date_type 参数不合法")
	}
	lo, day1, ok1 := parseStamp(string(in.Start), zone)
	hi, day2, ok2 := parseStamp(string(in.End), zone)
	switch {
	case !ok1:
		err = invalid("start_date 格式不正确")
	case !ok2:
		err = invalid("end_date 格式不正确")
	case in.DateType.n == 3 && (day1 || day2):
		err = invalid("date_type为3时，时间格式必须为Y-m-d H:i:s")
	case hi-lo > 366*24*3600:
		err = invalid("查询时间跨度不能超过1年")
	}
	return x, lo, hi, err
}

// filter is nil when every order passes.
func (in ordersIn) filter() func(*order) bool {
	sids := newSet(in.SIDs)
	if in.SID.set {
		sids[digits(in.SID.n)] = true
	}
	status := newSet(in.Status)
	if len(sids) == 0 && len(status) == 0 && !in.Channel.set {
		return nil
	}
	bySID := map[*shop]bool{}
	return func(o *order) bool {
		in1, known := bySID[o.shop]
		if !known {
			in1 = sids.has(strconv.Itoa(o.shop.sid))
			bySID[o.shop] = in1
		}
		return in1 && status.has(o.status) && (!in.Channel.set || o.afn == (in.Channel.n == 1))
	}
}

func pick[T any](rows []T, keep func(T) bool) []T {
	var out []T
	for _, o := range rows {
		if keep(o) {
			out = append(out, o)
		}
	}
	return out
}

// arranged is where row i of an answer stands in the ascending rows: 1 asks for descending, 2 for
// ascending. Without a sort the order is undefined, and here it is one that nobody can
// mistake for a sort: all rows once, far apart.
func arranged(i, n int, sort int64) int {
	switch sort {
	case 1:
		return n - 1 - i
	case 2:
		return i
	}
	step := n*5/8 + 1
	for !coprime(step, n) {
		step++
	}
	return (i*step + n/3) % n
}

func coprime(a, b int) bool {
	for b != 0 {
		a, b = b, a%b
	}
	return a == 1
}

// orderRow is a row of the list; names, order and types are the vendor's.
type orderRow struct {
	SID              int       `json:"sid"`
	Seller           string    `json:"seller_name"`
	ID               string    `json:"amazon_order_id"`
	Status           string    `json:"order_status"`
	Total            cents     `json:"order_total_amount"`
	Currency         string    `json:"order_total_currency_code"`
	Channel          string    `json:"fulfillment_channel"`
	Sales            string    `json:"sales_channel"`
	Postal           string    `json:"postal_code"`
	Tracking         string    `json:"tracking_number"`
	Refund           numeric   `json:"refund_amount"`
	IsReturn         int       `json:"is_return"`
	IsMCF            int       `json:"is_mcf_order"`
	IsAssessed       int       `json:"is_assessed"`
	IsReturnOrder    int       `json:"is_return_order"`
	IsReplaced       int       `json:"is_replaced_order"`
	IsReplacement    int       `json:"is_replacement_order"`
	Buyer            string    `json:"buyer_name"`
	Email            string    `json:"buyer_email"`
	Phone            string    `json:"phone"`
	Address          string    `json:"address"`
	HideTime         string    `json:"hide_time"`
	Items            []itemRow `json:"item_list"`
	Purchase         string    `json:"purchase_date"`
	PurchaseUTC      string    `json:"purchase_date_utc"`
	PurchaseLocal    string    `json:"purchase_date_local"`
	PurchaseLocalUTC string    `json:"purchase_date_local_utc"`
	Shipment         string    `json:"shipment_date"`
	ShipmentUTC      string    `json:"shipment_date_utc"`
	ShipmentLocal    string    `json:"shipment_date_local"`
	EarliestShip     string    `json:"earliest_ship_date"`
	EarliestShipUTC  string    `json:"earliest_ship_date_utc"`
	Posted           string    `json:"posted_date"`
	PostedUTC        string    `json:"posted_date_utc"`
	LastUpdate       string    `json:"last_update_date"`
	LastUpdateUTC    string    `json:"last_update_date_utc"`
	Modified         string    `json:"gmt_modified"`
	ModifiedUTC      string    `json:"gmt_modified_utc"`
}

type itemRow struct {
	ASIN      string `json:"asin"`
	Quantity  int    `json:"quantity_ordered"`
	SellerSKU string `json:"seller_sku"`
	SKU       string `json:"local_sku"`
	Name      string `json:"local_name"`
	Status    string `json:"order_status"`
}

func (o *order) row() orderRow {
	z, early := o.shop.zone, o.purchased+4*3600
	r := orderRow{
		SID: o.shop.sid, Seller: o.shop.name, ID: o.id, Status: o.status,
		Total: o.total(), Currency: o.currency(), Channel: o.fulfilment(), Sales: o.shop.channel,
		Refund: numeric(o.refunded), IsReturn: o.returned(), Tracking: o.tracking(),
		Buyer: o.buyer, Email: o.email(), HideTime: stamp(o.purchased, z), Items: make([]itemRow, 0, len(o.lines)),
		Purchase: iso(o.purchased), PurchaseUTC: utc(o.purchased), PurchaseLocal: stamp(o.purchased, z), PurchaseLocalUTC: utc(o.purchased),
		Shipment: iso(o.shipped), ShipmentUTC: utc(o.shipped), ShipmentLocal: stamp(o.shipped, z),
		EarliestShip: iso(early), EarliestShipUTC: utc(early),
		Posted: iso(o.shipped), PostedUTC: utc(o.shipped),
		LastUpdate: stamp(o.updated, z), LastUpdateUTC: utc(o.updated),
		Modified: beijing(o.modified), ModifiedUTC: utc(o.modified),
	}
	for i := range o.lines {
		l := &o.lines[i]
		r.Items = append(r.Items, itemRow{l.product.asin, l.qty, o.sellerSKU(l), l.product.sku, l.product.name, o.status})
	}
	return r
}

func (o *order) fulfilment() string {
	if o.afn {
		return "AFN"
	}
	return "MFN"
}

func (o *order) returned() int {
	if o.refunded != 0 {
		return 2
	}
	return 0
}

func (o *order) email() string {
	if o.buyer == "" {
		return ""
	}
	return "buyer" + strconv.Itoa(o.seq) + "@example.com"
}

// tracking is the number that the platform was told; the ERP's own parcel may have another.
func (o *order) tracking() string {
	if o.shipped == 0 || o.afn {
		return ""
	}
	return "9400" + digits(100_000_000_000+int64(o.seq))
}

// sellerSKU is the listing's SKU in the order's shop.
func (o *order) sellerSKU(l *orderLine) string {
	if l.own {
		return l.msku
	}
	if !o.amazon() {
		return l.product.sku + "-SHOP"
	}
	return l.product.sku + "-" + o.shop.market.Code
}

// touch makes an order change now without another content.
func (b *Box) touch(o *order) {
	b.change(o, func() { o.modified = b.kit.Clock.Now().Unix() })
}

// find is the orders with a number, of one shop or of all.
func (b *Box) find(id string, sid int) []*order {
	return slices.DeleteFunc(slices.Clone(b.byID[id]), func(o *order) bool {
		return sid != 0 && o.shop.sid != sid || o.erp != nil && o.erp.part
	})
}
