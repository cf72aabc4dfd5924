package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

type fbmIn struct {
	SID    commas `json:"sid"`
	Status commas `json:"order_status"`
	Start  text   `json:"start_time"`
	End    text   `json:"end_time"`
	Page   number `json:"page"`
	Length number `json:"length"`
}

// fbmStates are the codes of this interface, which are not those of the multi-platform list.
var fbmStates = map[int]struct{ code, text string }{
	mpShipped: {"2", "已发货"}, mpUnpaid: {"3", "未付款"}, mpReview: {"4", "待审核"}, mpToShip: {"5", "待发货"}, mpCancelled: {"6", "已取消"},
}

type fbmRow struct {
	Number       string   `json:"order_number"`
	Status       string   `json:"status"`
	From         string   `json:"order_from"`
	Country      string   `json:"country_code"`
	Purchased    string   `json:"purchase_time"`
	TypeID       string   `json:"logistics_type_id"`
	ProviderID   string   `json:"logistics_provider_id"`
	Platforms    []string `json:"platform_list"`
	TypeName     string   `json:"logistics_type_name"`
	ProviderName string   `json:"logistics_provider_name"`
	WID          int      `json:"wid"`
	Warehouse    string   `json:"warehouse_name"`
	Comment      string   `json:"customer_comment"`
}

// fbmOrders answers POST /erp/sc/routing/order/Order/getOrderList. It knows purchase times only; their
// zone is not documented, Beijing is taken here.
func (b *Box) fbmOrders(in fbmIn) (reply, error) {
	if len(in.SID) == 0 {
		return reply{}, invalid("sid => sid不能为空")
	}
	lo, hi, err := days(in.Start, in.End)
	if err != nil {
		return reply{}, err
	}
	sids, states := newSet(in.SID), newSet(in.Status)
	rows := pick(b.mpBought.window(lo, hi), func(o *order) bool {
		return o.amazon() && sids.has(strconv.Itoa(o.shop.sid)) && states.has(fbmStates[o.mpState()].code)
	})
	from, to, err := paging{in.Page, in.Length}.span(len(rows), 100, 500)
	if err != nil {
		return reply{}, err
	}
	var out []fbmRow
	for _, o := range rows[from:to] {
		provider, kind := channelOf(o.channel)
		out = append(out, fbmRow{
			Number: digits(o.number), Status: fbmStates[o.mpState()].text, From: o.origin(), Country: o.city.country,
			Purchased: beijing(o.purchased), TypeID: kind.id, ProviderID: provider.id, Platforms: o.platformIDs(),
			TypeName: kind.name, ProviderName: provider.name, WID: o.wid, Warehouse: b.warehouseName(o.wid),
		})
	}
	return list(out, len(rows)), nil
}

type fbmDetailIn struct {
	Number number `json:"order_number"`
}

type fbmDetail struct {
	Number        string    `json:"order_number"`
	Status        string    `json:"order_status"`
	Platform      string    `json:"platform"`
	Shop          string    `json:"shop_name"`
	Tracking      string    `json:"tracking_number"`
	ProviderID    string    `json:"logistics_provider_id"`
	ProviderName  string    `json:"logistics_provider_name"`
	TypeID        string    `json:"logistics_type_id"`
	TypeName      string    `json:"logistics_type_name"`
	Weight        string    `json:"pkg_real_weight"`
	WeightUnit    string    `json:"pkg_real_weight_unit"`
	Length        string    `json:"pkg_length"`
	Width         string    `json:"pkg_width"`
	Height        string    `json:"pkg_height"`
	SizeUnit      string    `json:"pkg_size_unit"`
	Freight       string    `json:"logistics_freight"`
	FreightCode   string    `json:"logistics_freight_currency_code"`
	ShippingPrice cents     `json:"total_shipping_price"`
	Price         cents     `json:"order_price_amount"`
	Profit        cents     `json:"gross_profit_amount"`
	Items         []fbmItem `json:"order_item"`
}

// fbmItem has its quantity under "quality": the spelling is the vendor's.
type fbmItem struct {
	OrderID        string   `json:"platform_order_id"`
	MSKU           string   `json:"MSKU"`
	ItemNo         string   `json:"order_item_no"`
	SKU            string   `json:"sku"`
	Name           string   `json:"product_name"`
	Quantity       int      `json:"quality"`
	Unit           cents    `json:"item_unit_price"`
	Currency       string   `json:"currency_code"`
	Customization  string   `json:"customization"`
	Attachments    []string `json:"attachments"`
	NewAttachments []string `json:"newAttachments"`
}

// fbmOrder answers POST /erp/sc/routing/order/Order/getOrderDetail.
func (b *Box) fbmOrder(in fbmDetailIn) (reply, error) {
	o := b.byNumber[in.Number.n]
	if o == nil || !o.amazon() {
		return reply{}, inner("订单不存在")
	}
	provider, kind := channelOf(o.channel)
	d := fbmDetail{
		Number: digits(o.number), Status: fbmStates[o.mpState()].text, Platform: "Amazon", Shop: o.shop.name, Tracking: o.tracking(),
		ProviderID: provider.id, ProviderName: provider.name, TypeID: kind.id, TypeName: kind.name,
		Weight: "310.000", WeightUnit: "g", Length: "20.00", Width: "15.00", Height: "10.00", SizeUnit: "cm",
		Freight: "12.30", FreightCode: "CNY", Price: o.erpTotal(), Profit: o.erpTotal() / 5, Items: []fbmItem{},
	}
	lines := o.erpLines()
	for i := range lines {
		l := &lines[i]
		d.ShippingPrice += l.ship
		d.Items = append(d.Items, fbmItem{
			OrderID: l.platformID(o), MSKU: o.sellerSKU(l), ItemNo: padded(l.itemID), SKU: l.product.sku, Name: l.product.name,
			Quantity: l.qty, Unit: l.unit(), Currency: o.shop.currency, Attachments: []string{}, NewAttachments: []string{},
		})
	}
	return one(d), nil
}

// named is one of a vendor's id and name pairs.
type named struct{ id, name string }

// logisticsTypes are the channels that the account uses, by "provider-type".
var logisticsTypes = []struct{ provider, kind named }{
	{named{"6", "云途"}, named{"265", "平邮"}},
	{named{"6", "云途"}, named{"266", "专线"}},
	{named{"103351413752000777", "自定义物流"}, named{"103351413752000778", "自提"}},
}

// channelOf finds a logistics channel; what is unknown has neither id nor name.
func channelOf(id string) (provider, kind named) {
	for _, c := range logisticsTypes {
		if c.provider.id+"-"+c.kind.id == id || c.kind.id == id {
			return c.provider, c.kind
		}
	}
	return named{"0", ""}, named{"0", ""}
}

type channelsIn struct {
	Param struct {
		Type   number `json:"provider_type"`
		Page   number `json:"page"`
		Length number `json:"length"`
	} `json:"param"`
}

// channels answers POST /erp/sc/routing/wms/WmsLogistics/listUsedLogisticsType; its body is wrapped.
func (b *Box) channels(in channelsIn) (reply, error) {
	type row struct {
		TypeID       string `json:"type_id"`
		ProviderID   string `json:"logistics_provider_id"`
		Name         string `json:"name"`
		Code         string `json:"code"`
		Provider     string `json:"logistics_provider_name"`
		Used         int    `json:"is_used"`
		ProviderUsed int    `json:"provider_is_used"`
		Type         int    `json:"type"`
		WID          int    `json:"wid"`
		Supplier     string `json:"supplier_code"`
	}
	var rows []row
	for _, c := range logisticsTypes {
		kind := int64(0)
		if strings.HasPrefix(c.provider.id, "1033") {
			kind = 1
		}
		if in.Param.Type.or(kind) == kind {
			rows = append(rows, row{TypeID: c.kind.id, ProviderID: c.provider.id, Name: c.kind.name, Code: "CH" + c.kind.id[:3], Provider: c.provider.name, Used: 1, ProviderUsed: 1, Type: int(kind)})
		}
	}
	lo, hi, err := paging{in.Param.Page, in.Param.Length}.span(len(rows), 20, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}
