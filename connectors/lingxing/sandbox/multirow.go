package sandbox

import (
	"encoding/json"
	"strconv"
)

// multiRow is a multi-platform order: ids as texts, times as numbers, texts, 0 and null.
type multiRow struct {
	Number       string          `json:"global_order_no"`
	Original     *string         `json:"original_global_order_no"`
	Reference    string          `json:"reference_no"`
	StoreID      string          `json:"store_id"`
	From         string          `json:"order_from_name"`
	DeliveryType int             `json:"delivery_type"`
	SplitType    string          `json:"split_type"`
	Status       int             `json:"status"`
	StatusSub    int             `json:"status_sub"`
	FlowNode     int             `json:"flow_node"`
	WID          string          `json:"wid"`
	Supplier     string          `json:"supplier_id"`
	Currency     string          `json:"amount_currency"`
	Remark       string          `json:"remark"`
	Updated      string          `json:"update_time"`
	Purchased    int64           `json:"global_purchase_time"`
	Paid         *int64          `json:"global_payment_time"`
	Reviewed     *int64          `json:"global_review_time"`
	Distributed  *int64          `json:"global_distribution_time"`
	Printed      *int64          `json:"global_print_time"`
	Marked       int64           `json:"global_mark_time"`
	Delivered    int64           `json:"global_delivery_time"`
	Cancelled    int64           `json:"global_cancel_time"`
	LatestShip   string          `json:"global_latest_ship_time"`
	Shipping     *string         `json:"customer_shipping_list"`
	Tags         []orderTag      `json:"order_tag"`
	Exceptions   []orderTag      `json:"exception_order_tag"`
	PendingTags  []orderTag      `json:"pending_order_tag"`
	Items        []multiItem     `json:"item_info"`
	Platforms    []platformInfo  `json:"platform_info"`
	Logistics    json.RawMessage `json:"logistics_info"`
	Transactions []transaction   `json:"transaction_info"`
	Buyers       *buyersInfo     `json:"buyers_info,omitempty"`
	Address      *addressInfo    `json:"address_info,omitempty"`
	Deleted      int             `json:"is_delete"`
}

type orderTag struct {
	Type string `json:"tag_type"`
	No   string `json:"tag_no"`
	Name string `json:"tag_name"`
}

type platformInfo struct {
	From      string `json:"order_from"`
	ID        string `json:"platform_order_no"`
	Name      string `json:"platform_order_name"`
	Platform  string `json:"platform_code"`
	Country   string `json:"store_Country_code"`
	Status    string `json:"status"`
	Payment   string `json:"payment_status"`
	Shipping  string `json:"shipping_status"`
	Purchased int64  `json:"purchase_time"`
	Paid      int64  `json:"payment_time"`
	Latest    int64  `json:"latest_ship_time"`
	Cancelled int64  `json:"cancel_time"`
	Delivered int64  `json:"delivery_time"`
}

type transaction struct {
	Items    string `json:"order_item_amount"`
	Total    string `json:"order_total_amount"`
	Shipping string `json:"customer_shipping_amount"`
	Tax      string `json:"customer_tax_amount_show"`
	Discount string `json:"discount_amount"`
	Fee      string `json:"transaction_fee_amount"`
	Profit   string `json:"profit_amount"`
}

type buyersInfo struct {
	Name  string `json:"buyer_name"`
	Email string `json:"buyer_email"`
	No    string `json:"buyer_no"`
	Note  string `json:"buyer_note"`
}

type addressInfo struct {
	Receiver  string  `json:"receiver_name"`
	Mobile    string  `json:"receiver_mobile"`
	Tel       string  `json:"receiver_tel"`
	Country   string  `json:"receiver_country_code"`
	State     string  `json:"state_or_region"`
	City      string  `json:"city"`
	District  string  `json:"district"`
	Postal    string  `json:"postal_code"`
	Line1     string  `json:"address_line1"`
	Line2     string  `json:"address_line2"`
	Line3     string  `json:"address_line3"`
	Doorplate string  `json:"doorplate_no"`
	Company   *string `json:"company_name"`
}

// multiItem is a line. SKU is the local one, empty while the listing is not paired.
type multiItem struct {
	ID             string   `json:"id"`
	GlobalNo       string   `json:"global_item_no"`
	OrderID        string   `json:"platform_order_no"`
	ItemNo         string   `json:"order_item_no"`
	From           string   `json:"item_from_name"`
	MSKU           string   `json:"msku"`
	SKU            string   `json:"local_sku"`
	ProductNo      string   `json:"product_no"`
	Name           string   `json:"local_product_name"`
	Title          string   `json:"title"`
	Variant        string   `json:"variant_attr"`
	Quantity       int      `json:"quantity"`
	Unit           cents    `json:"unit_price_amount"`
	Price          cents    `json:"item_price_amount"`
	Discount       cents    `json:"discount_amount"`
	Tax            cents    `json:"tax_amount"`
	Shipping       cents    `json:"customer_shipping_amount"`
	Tip            cents    `json:"customer_tip_amount"`
	Fee            cents    `json:"transaction_fee_amount"`
	Revenue        cents    `json:"sales_revenue_amount"`
	PlatformStatus string   `json:"platform_status"`
	Type           string   `json:"type"`
	Bundled        int      `json:"is_bundled"`
	SubProducts    []string `json:"sub_products"`
	Remark         string   `json:"remark"`
	CustomURL      *string  `json:"customized_url"`
	StockCostOld   *string  `json:"stockCost"`
	StockCost      cents    `json:"stock_cost_amount"`
	CgPrice        cents    `json:"cg_price_amount"`
	ShippingCost   cents    `json:"shipping_amount"`
	OutboundCost   cents    `json:"wms_outbound_cost_amount"`
	WmsShipping    cents    `json:"wms_shipping_price_amount"`
	Other          cents    `json:"other_amount"`
	COD            cents    `json:"cod_amount"`
	Wrap           cents    `json:"gift_wrap_amount"`
	PlatformTax    cents    `json:"platform_tax_amount"`
	Points         cents    `json:"points_granted_amount"`
	OtherFee       cents    `json:"other_fee"`
	Subsidy        string   `json:"platform_subsidy_amount"`
}

func (b *Box) multiRow(o *order) multiRow {
	state, paid, lines := o.mpState(), o.purchased+paymentLag, o.erpLines()
	r := multiRow{
		Number: digits(o.number), StoreID: o.shop.storeID, From: o.origin(), DeliveryType: 2, SplitType: o.splitType(),
		Status: state, WID: "0", Currency: o.shop.currency, Remark: o.remark, Updated: digits(o.modified),
		Purchased: o.purchased, Delivered: o.sentAt(), LatestShip: digits(o.purchased + 2*24*3600),
		Tags: []orderTag{}, Exceptions: []orderTag{}, PendingTags: []orderTag{}, Logistics: fixed.logistics,
		Items: make([]multiItem, 0, len(lines)),
	}
	if state != mpUnpaid {
		r.Paid = &paid
	}
	if state == mpToShip || state == mpShipped {
		r.WID, r.Reviewed, r.Distributed = strconv.Itoa(o.wid), &paid, &paid
	}
	if state == mpCancelled {
		r.Cancelled = o.updated
	}
	if o.deleted {
		r.Deleted = 1
	}
	if o.tag != "" {
		r.Tags = append(r.Tags, orderTag{"系统处理类型", "3-5", o.tag})
	}
	for _, x := range o.sources() {
		r.Platforms = append(r.Platforms, x.platformInfo(x.purchased+paymentLag))
	}
	for i := range lines {
		r.Items = append(r.Items, o.multiItem(&lines[i], i))
	}
	r.Transactions = []transaction{o.transaction()}
	if !b.switches.NoBuyers {
		r.Buyers, r.Address = o.people()
	}
	return r
}

func (o *order) platformInfo(paid int64) platformInfo {
	p := platformInfo{
		From: o.origin(), ID: o.id, Name: o.name, Platform: o.shop.platform, Country: o.shop.market.Code,
		Status: o.status, Purchased: o.purchased, Paid: paid, Delivered: o.sentAt(),
	}
	if p.Name == "" {
		p.Name = o.id
	}
	if !o.amazon() {
		p.Status, p.Payment = "open", "paid"
		if o.shipped != 0 {
			p.Shipping = "fulfilled"
		}
	}
	if o.status == canceled {
		p.Cancelled = o.updated
	}
	return p
}

func (o *order) multiItem(l *orderLine, i int) multiItem {
	m := multiItem{
		ID: o.itemNumber(i), GlobalNo: digits(o.number*10 + int64(i)), OrderID: l.platformID(o), Remark: l.remark,
		ItemNo: padded(l.itemID), From: "线上", MSKU: o.sellerSKU(l), SKU: l.product.sku, ProductNo: strconv.Itoa(l.product.id),
		Name: l.product.name, Title: l.product.title, Quantity: l.qty, Unit: l.unit(), Price: l.price,
		Discount: l.promoOff + l.shipOff, Tax: l.tax + l.shipTax + l.wrapTax, Shipping: l.ship, Wrap: l.wrap,
		Revenue: l.sum(), Type: "产品", SubProducts: []string{}, StockCost: l.product.cost * cents(l.qty), CgPrice: l.product.cost * cents(l.qty),
	}
	if l.own && l.msku == "" {
		m.From, m.ItemNo = "手工", ""
	}
	return m
}

func (o *order) transaction() transaction {
	var items, ship, tax, off cents
	lines := o.erpLines()
	for i := range lines {
		l := &lines[i]
		items, ship = items+l.price, ship+l.ship
		tax, off = tax+l.tax+l.shipTax+l.wrapTax, off+l.promoOff+l.shipOff
	}
	icon := icons[o.shop.currency]
	show := func(c cents) string { return icon + c.String() }
	return transaction{show(items), show(o.erpTotal()), show(ship), show(tax), show(off), "-" + show(0), show(items / 5)}
}

func (o *order) people() (*buyersInfo, *addressInfo) {
	if o.erp != nil && o.erp.shipTo != nil {
		return o.erp.buyersInfo(o), o.erp.shipTo
	}
	name := or(o.buyer, "Buyer "+strconv.Itoa(o.seq))
	return &buyersInfo{Name: o.buyer, Email: o.email(), No: "P" + strconv.Itoa(100000+o.seq)},
		&addressInfo{
			Receiver: name, Mobile: "000-0000-" + strconv.Itoa(1000+o.seq%9000), Country: o.city.country,
			State: o.city.state, City: o.city.name, Postal: o.city.postcode, Line1: o.city.street,
		}
}
