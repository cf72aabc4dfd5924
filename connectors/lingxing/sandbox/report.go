package sandbox

import (
	"strings"
	"time"
)

type reportRow struct {
	Order         string `json:"amazon_order_id"`
	Merchant      string `json:"merchant_order_id"`
	Updated       int64  `json:"last_updated_time"`
	Purchased     string `json:"purchase_date"`
	PurchaseDay   string `json:"purchase_date_locale"`
	PurchaseLocal string `json:"purchase_date_local"`
	Shipped       string `json:"shipment_date"`
	Status        string `json:"order_status"`
	Channel       string `json:"fulfillment_channel"`
	Sales         string `json:"sales_channel"`
	SubChannel    string `json:"order_channel"`
	URL           string `json:"url"`
	Service       string `json:"ship_service_level"`
	MSKU          string `json:"sku"`
	ASIN          string `json:"asin"`
	Title         string `json:"product_name"`
	ItemStatus    string `json:"item_status"`
	Quantity      int    `json:"quantity"`
	Currency      string `json:"currency"`
	Price         string `json:"item_price"`
	Tax           string `json:"item_tax"`
	Shipping      string `json:"shipping_price"`
	ShippingTax   string `json:"shipping_tax"`
	Wrap          string `json:"gift_wrap_price"`
	WrapTax       string `json:"gift_wrap_tax"`
	Discount      string `json:"item_promotion_discount"`
	ShipDiscount  string `json:"ship_promotion_discount"`
	Promotions    string `json:"promotion_ids"`
	ProductID     int    `json:"pid"`
	SKU           string `json:"local_sku"`
	Name          string `json:"local_name"`
	SID           int    `json:"sid"`
}

// allOrders answers POST /erp/sc/data/mws_report/allOrders, Amazon's own report: a row a line, counted
// and paged as such. Days are the shop's, of the purchase or of Amazon's last change.
func (b *Box) allOrders(in reportIn) (reply, error) {
	orders, err := b.report(in, func(s *shop) map[int64]timeBase {
		return map[int64]timeBase{1: {b.bought, wallZone}, 2: {b.updated, s.zone}}
	}, func(*order) bool { return true })
	if err != nil {
		return reply{}, err
	}
	n := 0
	for _, o := range orders {
		n += len(o.lines)
	}
	lo, hi, err := in.span(n, 1000, 0)
	if err != nil {
		return reply{}, err
	}
	rows, at := make([]reportRow, 0, hi-lo), 0
	for _, o := range orders {
		for i := range o.lines {
			if at >= lo && at < hi {
				rows = append(rows, o.reportRow(i))
			}
			at++
		}
	}
	return list(rows, n), nil
}

func (o *order) reportRow(i int) reportRow {
	d, z := o.detailItem(i), o.shop.zone
	r := reportRow{
		Order: o.id, Merchant: o.id, Updated: o.updated, Purchased: time.Unix(o.purchased, 0).UTC().Format("2006-01-02T15:04:05-07:00"),
		PurchaseDay: dayOf(o.purchased, z), PurchaseLocal: stamp(o.purchased, z), Status: o.status, Channel: "Merchant", Sales: o.shop.channel,
		Service: "Standard", MSKU: d.SellerSKU, ASIN: d.ASIN, Title: d.Title, ItemStatus: o.status, Quantity: d.Quantity, Currency: o.currency(),
		Price: unlessZero(d.Price), Tax: unlessZero(d.Tax), Shipping: unlessZero(d.Shipping), ShippingTax: unlessZero(d.ShippingTax),
		Wrap: unlessZero(d.Wrap), WrapTax: unlessZero(d.WrapTax), Discount: unlessZero(d.Promotion), ShipDiscount: unlessZero(d.ShippingDiscount),
		Promotions: strings.Join(d.PromotionIDs, ","), ProductID: d.ProductID, SKU: d.SKU, Name: d.ProductName, SID: o.shop.sid,
	}
	if o.shipped != 0 {
		r.Shipped = time.Unix(o.shipped, 0).In(z).Format(time.RFC3339)
	}
	if o.afn {
		r.Channel = "Amazon"
	}
	return r
}

// unlessZero is an amount of a report, which leaves out what is nothing.
func unlessZero(c cents) string {
	if c == 0 {
		return ""
	}
	return c.String()
}
