package sandbox

import "strconv"

type detailIn struct {
	IDs commas `json:"order_id"`
}

// orderDetail answers POST /erp/sc/data/mws/orderDetail. Numbers that are not there are left out.
func (b *Box) orderDetail(in detailIn) (reply, error) {
	if len(in.IDs) == 0 {
		return reply{}, invalid("order_id => order_id不能为空")
	}
	if len(in.IDs) > 200 {
		return reply{}, invalid("order_id 最多200个")
	}
	rows, seen := []detailRow{}, map[string]bool{}
	for _, id := range in.IDs {
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, o := range b.byID[id] {
			if o.listed() {
				rows = append(rows, o.detail())
			}
		}
	}
	return list(rows, len(rows)), nil
}

// detailRow is an order with the prices of its lines. Unlike in the list, most times are shop-local.
type detailRow struct {
	SID              int          `json:"sid"`
	Seller           string       `json:"seller_name"`
	ID               string       `json:"amazon_order_id"`
	Status           string       `json:"order_status"`
	Total            cents        `json:"order_total_amount"`
	Currency         string       `json:"currency"`
	Icon             string       `json:"icon"`
	Channel          string       `json:"fulfillment_channel"`
	Sales            string       `json:"sales_channel"`
	Tracking         string       `json:"tracking_number"`
	Refund           numeric      `json:"refund_amount"`
	IsReturn         int          `json:"is_return"`
	IsMCF            int          `json:"is_mcf_order"`
	IsAssessed       int          `json:"is_assessed"`
	IsReturnOrder    int          `json:"is_return_order"`
	IsReplaced       int          `json:"is_replaced_order"`
	IsReplacement    int          `json:"is_replacement_order"`
	IsBusiness       int          `json:"is_business_order"`
	IsPrime          int          `json:"is_prime"`
	IsPremium        int          `json:"is_premium_order"`
	IsPromotion      int          `json:"is_promotion"`
	TaxesIncluded    int          `json:"taxes_included"`
	ShipService      string       `json:"ship_service_level"`
	ShipCategory     string       `json:"shipment_service_level_category"`
	PurchaseOrder    string       `json:"purchase_order_number"`
	Payment          string       `json:"payment_method"`
	COD              string       `json:"cba_displayable_shipping_label"`
	Type             string       `json:"order_type"`
	Purchase         string       `json:"purchase_date"`
	PurchaseUTC      string       `json:"purchase_date_utc"`
	PurchaseLocal    string       `json:"purchase_date_local"`
	PurchaseLocalUTC string       `json:"purchase_date_local_utc"`
	Shipment         string       `json:"shipment_date"`
	ShipmentLocal    string       `json:"shipment_date_local"`
	Posted           string       `json:"posted_date"`
	EarliestShip     string       `json:"earliest_ship_date"`
	EarliestShipUTC  string       `json:"earliest_ship_date_utc"`
	LatestShip       string       `json:"latest_ship_date"`
	EarliestDelivery string       `json:"earliest_delivery_date"`
	LatestDelivery   string       `json:"latest_delivery_date"`
	LastUpdate       string       `json:"last_update_date"`
	LastUpdateUTC    string       `json:"last_update_date_utc"`
	Modified         string       `json:"gmt_modified"`
	ModifiedUTC      string       `json:"gmt_modified_utc"`
	ItemsShipped     int          `json:"number_of_items_shipped"`
	ItemsUnshipped   int          `json:"number_of_items_unshipped"`
	HideTime         string       `json:"hide_time"`
	TaxClasses       string       `json:"tax_classifications"`
	Buyer            string       `json:"buyer_name"`
	Email            string       `json:"buyer_email"`
	Phone            string       `json:"phone"`
	Country          string       `json:"country"`
	CountryCode      string       `json:"country_code"`
	State            string       `json:"state_or_region"`
	City             string       `json:"city"`
	District         string       `json:"district"`
	Address          string       `json:"address"`
	Postal           string       `json:"postal_code"`
	Items            []detailItem `json:"item_list"`
}

var icons = map[string]string{"USD": "$", "GBP": "£", "EUR": "€", "JPY": "JP¥", "CNY": "￥"}

func (o *order) detail() detailRow {
	z, day := o.shop.zone, int64(24*3600)
	d := detailRow{
		SID: o.shop.sid, Seller: o.shop.name, ID: o.id, Status: o.status, Total: o.total(),
		Currency: o.currency(), Icon: icons[o.currency()], Channel: o.fulfilment(), Sales: o.shop.channel,
		Tracking: o.tracking(), Refund: numeric(o.refunded), IsReturn: o.returned(), TaxesIncluded: 2,
		ShipService: "Std US D2D Dom", ShipCategory: "Standard", Payment: "Other", Type: "StandardOrder",
		Purchase: iso(o.purchased), PurchaseUTC: utc(o.purchased), PurchaseLocal: stamp(o.purchased, z), PurchaseLocalUTC: utc(o.purchased),
		Shipment: stamp(o.shipped, z), ShipmentLocal: stamp(o.shipped, z), Posted: stamp(o.shipped, z),
		EarliestShip: stamp(o.purchased+4*3600, z), EarliestShipUTC: utc(o.purchased + 4*3600),
		LatestShip: iso(o.purchased + 2*day), EarliestDelivery: iso(o.purchased + 3*day), LatestDelivery: iso(o.purchased + 8*day),
		LastUpdate: stamp(o.updated, z), LastUpdateUTC: utc(o.updated), Modified: beijing(o.modified), ModifiedUTC: utc(o.modified),
		HideTime: stamp(o.purchased, z), Buyer: o.buyer, Email: o.email(),
		Items: make([]detailItem, 0, len(o.lines)),
	}
	if o.buyer != "" {
		d.Country, d.CountryCode, d.State, d.City = o.city.countryName, o.city.country, o.city.state, o.city.name
		d.Address, d.Postal = o.city.street, o.city.postcode
	}
	for i := range o.lines {
		item := o.detailItem(i)
		d.ItemsShipped += item.Shipped
		d.ItemsUnshipped += item.Quantity - item.Shipped
		d.Items = append(d.Items, item)
	}
	return d
}

// detailItem is one line. Which amounts are texts and which are numbers is the vendor's choice.
type detailItem struct {
	ID                  int      `json:"id"`
	ItemID              string   `json:"order_item_id"`
	ASIN                string   `json:"asin"`
	ASINURL             string   `json:"asin_url"`
	SellerSKU           string   `json:"seller_sku"`
	SKU                 string   `json:"sku"`
	ProductID           int      `json:"product_id"`
	ProductName         string   `json:"product_name"`
	Title               string   `json:"title"`
	Picture             string   `json:"pic_url"`
	SID                 int      `json:"sid"`
	Quantity            int      `json:"quantity_ordered"`
	Shipped             int      `json:"quantity_shipped"`
	Unit                numeric  `json:"unit_price_amount"`
	Price               cents    `json:"item_price_amount"`
	Tax                 cents    `json:"item_tax_amount"`
	TaxEstimated        int      `json:"item_tax_amount_estimated"`
	Shipping            cents    `json:"shipping_price_amount"`
	ShippingTax         cents    `json:"shipping_tax_amount"`
	Wrap                cents    `json:"gift_wrap_price_amount"`
	WrapTax             cents    `json:"gift_wrap_tax_amount"`
	ShippingDiscount    cents    `json:"shipping_discount_amount"`
	ShippingDiscountTax cents    `json:"shipping_discount_tax_amount"`
	Promotion           cents    `json:"promotion_discount_amount"`
	PromotionTax        string   `json:"promotion_discount_tax_amount"`
	PromotionAmount     numeric  `json:"promotion_amount"`
	PromotionIDs        []string `json:"promotion_ids"`
	CODFee              cents    `json:"cod_fee_amount"`
	CODFeeDiscount      cents    `json:"cod_fee_discount_amount"`
	Points              cents    `json:"points_monetary_value_amount"`
	ItemDiscount        numeric  `json:"item_discount"`
	SalesPrice          numeric  `json:"sales_price_amount"`
	TaxAmount           numeric  `json:"tax_amount"`
	FBAShipment         numeric  `json:"fba_shipment_amount"`
	FBAEstimated        int      `json:"fba_shipment_amount_estimated"`
	Commission          numeric  `json:"commission_amount"`
	CommissionEstimated int      `json:"commission_amount_estimated"`
	Other               numeric  `json:"other_amount"`
	FeeName             string   `json:"fee_name"`
	FeeCurrency         string   `json:"fee_currency"`
	FeeIcon             string   `json:"fee_icon"`
	FeeCost             numeric  `json:"fee_cost"`
	FeeCostAmount       numeric  `json:"fee_cost_amount"`
	CgPrice             numeric  `json:"cg_price"`
	CgTransport         numeric  `json:"cg_transport_costs"`
	Profit              numeric  `json:"profit"`
	PriceDesignation    string   `json:"price_designation"`
	GiftMessage         string   `json:"gift_message_text"`
	GiftWrapLevel       string   `json:"gift_wrap_level"`
	ConditionNote       string   `json:"condition_note"`
	ConditionID         string   `json:"condition_id"`
	ConditionSubtype    string   `json:"condition_subtype_id"`
	DeliveryStart       string   `json:"scheduled_delivery_start_date"`
	DeliveryEnd         string   `json:"scheduled_delivery_end_date"`
	Customized          string   `json:"customized_json"`
	Settled             int      `json:"is_settled"`
}

func (o *order) detailItem(i int) detailItem {
	l := o.lines[i]
	if o.status == pending { // amounts come with the payment
		l.price, l.tax, l.ship, l.shipTax, l.wrap, l.wrapTax, l.shipOff, l.promoOff = 0, 0, 0, 0, 0, 0, 0, 0
	}
	p := l.product
	d := detailItem{
		ID: 3_000_000 + o.seq*10 + i, ItemID: padded(l.itemID), ASIN: p.asin, ASINURL: "https://www.amazon.com/dp/" + p.asin,
		SellerSKU: o.sellerSKU(&l), SKU: p.sku, ProductID: p.id, ProductName: p.name, Title: p.title, SID: o.shop.sid,
		Quantity: l.qty, Shipped: o.shippedOf(i), Unit: numeric(l.unit()),
		Price: l.price, Tax: l.tax, Shipping: l.ship, ShippingTax: l.shipTax, Wrap: l.wrap, WrapTax: l.wrapTax,
		ShippingDiscount: l.shipOff, Promotion: l.promoOff, PromotionTax: "0", PromotionIDs: []string{},
		PromotionAmount: -numeric(l.promoOff), SalesPrice: numeric(l.sum()), TaxAmount: -numeric(l.tax),
		Commission: -numeric(l.price * 15 / 100), CommissionEstimated: 1,
		FeeName: "推广费", FeeCurrency: "CNY", FeeIcon: "￥",
		CgPrice: -numeric(p.cost * cents(l.qty)), CgTransport: -numeric(12 * cents(l.qty)), Profit: numeric(l.price / 5),
		ConditionID: "New", ConditionSubtype: "New",
	}
	if l.promoOff > 0 {
		d.PromotionIDs = []string{"PIPE-PROMO-" + strconv.Itoa(i+1)}
	}
	if l.wrap > 0 {
		d.GiftWrapLevel = "Standard"
	}
	return d
}

// shippedOf is how many of a line have left: of an order sent in part, the first line.
func (o *order) shippedOf(i int) int {
	if o.status == shipped || o.status == partly && i == 0 {
		return o.lines[i].qty
	}
	return 0
}

func (l *orderLine) unit() cents {
	if l.qty == 0 {
		return 0
	}
	return l.price / cents(l.qty)
}

// padded is an order item's number, 14 digits with a leading zero: text, not a number.
func padded(id int64) string {
	s := digits(id)
	for len(s) < 14 {
		s = "0" + s
	}
	return s
}
