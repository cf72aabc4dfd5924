package sandbox

import "strconv"

type parcelRow struct {
	ID            int          `json:"wo_id"`
	Number        string       `json:"wo_number"`
	SID           int          `json:"sid"`
	Seller        string       `json:"seller_name"`
	Site          string       `json:"site_text"`
	Platform      string       `json:"platform_name"`
	WID           int          `json:"wid"`
	Warehouse     string       `json:"warehouse_name"`
	WarehouseType int          `json:"warehouse_type"`
	Order         string       `json:"order_number"`
	PlatformIDs   []string     `json:"platform_order_no"`
	From          string       `json:"order_from"`
	Type          int          `json:"order_type"`
	Amount        cents        `json:"order_origin_amount"`
	Currency      string       `json:"order_currency_code"`
	Status        int          `json:"status"`
	StatusName    string       `json:"status_name"`
	Label         int          `json:"logistics_status"`
	LabelName     string       `json:"logistics_status_name"`
	ProviderID    int64        `json:"logistics_provider_id"`
	Provider      string       `json:"logistics_provider_name"`
	TypeID        int64        `json:"logistics_type_id"`
	TypeName      string       `json:"logistics_type_name"`
	Waybill       string       `json:"waybill_no"`
	Tracking      string       `json:"tracking_no"`
	Freight       string       `json:"logistics_freight"`
	FreightCode   string       `json:"logistics_freight_currency_code"`
	Estimated     string       `json:"logistics_estimated_freight"`
	Weight        string       `json:"pkg_real_weight"`
	WeightUnit    string       `json:"pkg_real_weight_unit"`
	Purchased     string       `json:"purchase_time"`
	Paid          string       `json:"payment_time"`
	Created       string       `json:"create_at"`
	Updated       string       `json:"update_at"`
	Delivered     string       `json:"delivered_at"`
	StockOut      string       `json:"stock_delivered_at"`
	SurfacePrint  string       `json:"surface_print_time"`
	OrderPrint    string       `json:"order_print_time"`
	Deadline      string       `json:"deliver_deadline"`
	Consignee     string       `json:"consignee"`
	Phone         string       `json:"consignee_phone"`
	Postcode      string       `json:"consignee_postcode"`
	Address       string       `json:"consignee_address"`
	Country       string       `json:"target_country"`
	Tags          []string     `json:"tag_names"`
	Surface       surface      `json:"surface_file"`
	Products      []parcelLine `json:"product_info"`
}

// parcelLine has its quantity under "count".
type parcelLine struct {
	ID        int    `json:"wod_id"`
	ProductID int    `json:"product_id"`
	SKU       string `json:"sku"`
	Name      string `json:"product_name"`
	Count     int    `json:"count"`
	SellerSKU string `json:"seller_sku"`
	Bundle    int    `json:"bundle_type"`
	BundleID  int    `json:"bundle_wod_id"`
	StockSID  string `json:"stock_sid"`
	Unit      cents  `json:"item_unit_price"`
	Total     cents  `json:"item_total_price"`
	Cost      string `json:"stock_cost"`
	Freight   string `json:"apportion_freight"`
	Currency  string `json:"currency_code"` // the sign, not the code
	Custom    string `json:"customization"`
}

var labelNames = map[int]string{labelImport: "待导入", 2: "待下单", 3: "下单中", 4: "异常", labelDone: "已下单", 41: "已取消"}

func (b *Box) parcelRow(p *parcel) parcelRow {
	o := p.order
	_, to := o.people()
	lines := o.erpLines()
	provider, kind := channelOf(p.channel)
	providerID, _ := strconv.ParseInt(provider.id, 10, 64) // ids of our own table
	kindID, _ := strconv.ParseInt(kind.id, 10, 64)
	platform := platformNames[o.shop.platform]
	r := parcelRow{
		ID: p.id, Number: p.number, SID: o.shop.sid, Seller: o.shop.name, Site: "[" + platform + "]." + o.shop.market.Country, Platform: platform,
		WID: p.wid, Warehouse: b.warehouseName(p.wid), WarehouseType: 1, Order: digits(o.number), PlatformIDs: o.platformIDs(),
		From: o.origin(), Type: 1, Amount: o.erpTotal(), Currency: o.shop.currency, Status: p.status, StatusName: parcelStates[p.status],
		Label: p.label, LabelName: labelNames[p.label], ProviderID: providerID, Provider: provider.name, TypeID: kindID, TypeName: kind.name,
		Waybill: p.waybill, Tracking: p.tracking, Freight: or(p.freight, "0.00"), FreightCode: "CNY", Estimated: "12.00",
		Weight: or(p.weight, "310.000"), WeightUnit: or(p.weightUnit, "g"),
		Purchased: stamp(o.purchased, o.shop.zone), Paid: stamp(o.purchased+paymentLag, o.shop.zone),
		Created: beijing(p.created), Updated: beijing(p.updated), Delivered: beijing(p.delivered), StockOut: never(p.delivered),
		SurfacePrint: never(0), OrderPrint: never(0), Consignee: o.buyer, Phone: "000-0000-0000", Postcode: o.city.postcode,
		Address: o.city.street + ", " + o.city.name, Country: o.city.countryName, Tags: []string{}, Surface: p.file, Products: []parcelLine{},
	}
	if o.erp != nil && o.erp.shipTo != nil {
		r.Consignee, r.Phone, r.Postcode, r.Address, r.Country = to.Receiver, to.Mobile, to.Postal, to.Line1+", "+to.City, to.Country
	}
	for i := range lines {
		l := &lines[i]
		row := parcelLine{
			ID: p.id*100 + len(r.Products), ProductID: l.product.id, SKU: l.product.sku, Name: l.product.name, Count: l.qty, SellerSKU: o.sellerSKU(l),
			StockSID: "0", Unit: l.unit(), Total: l.price, Cost: l.product.cost.String() + "0000", Freight: "0.000000", Currency: icons[o.shop.currency],
		}
		if len(l.product.parts) > 0 {
			row.Bundle = 1
		}
		r.Products = append(r.Products, row)
		for _, x := range l.product.parts { // after the bundle, what is in it: who adds up both counts twice
			q := b.bySKU[x.sku]
			r.Products = append(r.Products, parcelLine{
				ID: p.id*100 + len(r.Products), ProductID: q.id, SKU: q.sku, Name: q.name, Count: l.qty * x.quantity, Bundle: 2, BundleID: row.ID,
				StockSID: "0", Cost: q.cost.String() + "0000", Freight: "0.000000", Currency: icons[o.shop.currency],
			})
		}
	}
	return r
}

type parcelsOfIn struct {
	Orders commas `json:"orderNumbers"`
	Print  number `json:"isPrintCenter"`
}

// parcelsOf answers POST /basicOpen/wmsOrder/getWmsOrdersByOrderNumbers, in camel case.
func (b *Box) parcelsOf(in parcelsOfIn) (reply, error) {
	if len(in.Orders) == 0 {
		return reply{}, invalid("orderNumbers => orderNumbers不能为空")
	}
	type item struct {
		SKU       string `json:"sku"`
		Name      string `json:"productName"`
		Count     int    `json:"count"`
		SellerSKU string `json:"sellerSku"`
	}
	type row struct {
		ID        int      `json:"woId"`
		Number    string   `json:"woNumber"`
		Order     string   `json:"orderNumber"`
		Platforms []string `json:"platformOrderNo"`
		WID       int      `json:"wid"`
		Warehouse string   `json:"warehouseName"`
		Status    int      `json:"status"`
		Label     int      `json:"logisticsStatus"`
		Waybill   string   `json:"waybillNo"`
		Tracking  string   `json:"trackingNo"`
		Delivered string   `json:"deliveredAt"`
		Items     []item   `json:"productInfo"`
	}
	type result struct {
		Count int   `json:"orderCount"`
		List  []row `json:"orderList"`
	}
	out := result{List: []row{}}
	for _, p := range b.namedParcels(parcelsIn{Orders: texts(in.Orders)}) {
		r := row{p.id, p.number, digits(p.order.number), p.order.platformIDs(), p.wid, b.warehouseName(p.wid), p.status, p.label, p.waybill, p.tracking, beijing(p.delivered), []item{}}
		lines := p.order.erpLines()
		for i := range lines {
			l := &lines[i]
			r.Items = append(r.Items, item{l.product.sku, l.product.name, l.qty, p.order.sellerSKU(l)})
		}
		out.List = append(out.List, r)
	}
	out.Count = len(out.List)
	return reply{data: out, newer: true}, nil
}
