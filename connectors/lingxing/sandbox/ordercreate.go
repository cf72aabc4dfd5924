package sandbox

import "slices"

type createIn struct {
	Platform text        `json:"platform_code"`
	StoreID  text        `json:"store_id"`
	Orders   []createOne `json:"orders"`
}

type createOne struct {
	ID        text         `json:"platform_order_no"`
	Note      text         `json:"buyer_note"`
	Name      text         `json:"receiver_name"`
	Mobile    text         `json:"receiver_mobile"`
	Country   text         `json:"receiver_country_code"`
	State     text         `json:"state_or_region"`
	City      text         `json:"city"`
	Line1     text         `json:"address_line1"`
	Postal    text         `json:"postal_code"`
	Shipping  text         `json:"customer_shipping_amount"`
	Tax       text         `json:"customer_tax_amount"`
	WID       number       `json:"wid"`
	Channel   text         `json:"logistics_type_id"`
	Purchased number       `json:"global_purchase_time"`
	Remark    text         `json:"remark"`
	Items     []createItem `json:"items"`
}

type createItem struct {
	SKU      text   `json:"sku"`
	MSKU     text   `json:"msku"`
	Quantity number `json:"quantity"`
	Unit     text   `json:"unit_price"`
}

type createFail struct {
	Message string `json:"error_message"`
	ID      string `json:"platform_order_no"`
}

type createDone struct {
	ID     string `json:"platform_order_no"`
	Number string `json:"global_order_no"`
}

// createOrders answers POST /pb/mp/order/v2/create: orders that people made (手工订单). Its code is 0 whatever
// became of them.
func (b *Box) createOrders(in createIn) (reply, error) {
	at := slices.IndexFunc(b.shops, func(s *shop) bool { return s.storeID == string(in.StoreID) && s.platform == string(in.Platform) })
	switch {
	case len(in.Orders) == 0:
		return reply{}, invalid("orders不能为空")
	case at < 0:
		return reply{}, refuse("店铺不存在")
	}
	type result struct {
		Errors []createFail `json:"error_details"`
		Done   []createDone `json:"success_details"`
	}
	out := result{[]createFail{}, []createDone{}}
	failing := b.failing()
	for i, x := range in.Orders {
		why := "系统繁忙"
		var o *order
		if !failing(i, string(x.ID)) {
			o, why = b.create(b.shops[at], x)
		}
		if why != "" {
			out.Errors = append(out.Errors, createFail{why, string(x.ID)})
			continue
		}
		out.Done = append(out.Done, createDone{o.id, digits(o.number)})
	}
	return one(out), nil
}

// missing names the first field that must be there and is not.
func (in createOne) missing() string {
	for _, f := range []struct {
		name string
		v    text
	}{
		{"platform_order_no", in.ID}, {"receiver_country_code", in.Country}, {"receiver_name", in.Name}, {"city", in.City}, {"address_line1", in.Line1},
	} {
		if f.v == "" {
			return f.name
		}
	}
	if len(in.Items) == 0 {
		return "items"
	}
	return ""
}

func (b *Box) create(s *shop, in createOne) (*order, string) {
	w := b.warehouse(int(in.WID.n))
	switch name := in.missing(); {
	case name != "":
		return nil, name + "不能为空"
	case in.WID.set != (in.Channel != ""):
		return nil, "wid和logistics_type_id必须同时填写"
	case in.WID.set && (w == nil || w.deleted):
		return nil, "仓库不存在"
	case slices.ContainsFunc(b.byID[string(in.ID)], func(o *order) bool { return o.shop == s }):
		return nil, "平台单号已存在"
	}
	now := b.kit.Clock.Now().Unix()
	o := &order{
		seq: len(b.orders), id: string(in.ID), shop: s, status: unshipped, buyer: string(in.Name), number: b.newNumber(), state: mpReview,
		purchased: in.Purchased.or(now), updated: now, modified: now, wid: int(in.WID.or(1300)), channel: string(in.Channel), remark: string(in.Remark),
		city: &city{string(in.City), string(in.State), string(in.Postal), string(in.Country), string(in.Country), string(in.Line1)},
	}
	o.erp = &erpView{manual: true, shipTo: &addressInfo{
		Receiver: string(in.Name), Mobile: string(in.Mobile), Country: string(in.Country), State: string(in.State), City: string(in.City),
		Postal: string(in.Postal), Line1: string(in.Line1),
	}}
	for _, x := range in.Items {
		l, why := b.createLine(o, x)
		if why != "" {
			return nil, why
		}
		o.lines = append(o.lines, l)
	}
	for _, f := range []struct {
		to   *cents
		from text
	}{{&o.lines[0].ship, in.Shipping}, {&o.lines[0].tax, in.Tax}} {
		if c, ok := parseCents(or(string(f.from), "0")); ok && c >= 0 {
			*f.to = c
			continue
		}
		return nil, "金额格式错误"
	}
	b.insert(o)
	return o, ""
}

func (b *Box) createLine(o *order, in createItem) (orderLine, string) {
	p := b.bySKU[string(in.SKU)]
	if in.SKU == "" {
		p = b.listing(string(in.MSKU))
	}
	unit, ok := parseCents(string(in.Unit))
	switch {
	case in.SKU == "" && in.MSKU == "":
		return orderLine{}, "sku和msku不能同时为空"
	case p == nil:
		return orderLine{}, "商品不存在：" + or(string(in.SKU), string(in.MSKU))
	case in.Quantity.n < 1 || in.Quantity.n > 1e6:
		return orderLine{}, "数量错误"
	case !ok || unit < 0:
		return orderLine{}, "单价错误"
	}
	n := int(in.Quantity.n)
	return orderLine{product: p, itemID: itemID(o, len(o.lines)), qty: n, price: unit * cents(n), own: true, msku: string(in.MSKU)}, ""
}
