package sandbox

import (
	"slices"
	"time"
)

type platformIn struct {
	DateType  number `json:"dateType"`
	Start     text   `json:"startDate"`
	End       text   `json:"endDate"`
	Page      number `json:"pageNum"`
	Size      number `json:"pageSize"`
	Platforms texts  `json:"platformCodeList"`
	Stores    texts  `json:"storeIdList"`
}

type platformAmount struct {
	Currency string `json:"currency"`
	Icon     string `json:"icon"`
	Value    cents  `json:"value"`
}

type platformHead struct {
	StoreID     string         `json:"storeId"`
	Number      string         `json:"platformOrderNo"`
	Name        string         `json:"platformOrderName"`
	Unique      string         `json:"uniqueOrderNo"`
	Platform    string         `json:"platformCode"`
	Status      string         `json:"orderStatusName"`
	Purchased   string         `json:"purchaseTime"`
	PurchasedBj string         `json:"purchaseTimeBj"`
	Paid        string         `json:"paymentTime"`
	PaidBj      string         `json:"paymentTimeBj"`
	Delivered   string         `json:"deliveryTime"`
	DeliveredBj string         `json:"deliveryTimeBj"`
	Modified    string         `json:"platformOrderModifiedTime"`
	Total       platformAmount `json:"orderTotalAmount"`
}

type platformItem struct {
	MSKU     string         `json:"msku"`
	SKU      string         `json:"localSku"`
	Title    string         `json:"title"`
	Quantity int            `json:"quantity"`
	Unit     platformAmount `json:"unitPriceAmount"`
	Price    platformAmount `json:"itemPriceAmount"`
}

type erpInfo struct {
	Number string `json:"globalOrderNo"`
}

type platformRow struct {
	Head  platformHead   `json:"order"`
	Items []platformItem `json:"itemList"`
	ERP   []erpInfo      `json:"erpInfo"` // null until the ERP has the order
}

// platformOrders answers POST /cepfPlatformOrder/open-api/newPlatformOrder/list: orders as the platform
// tells them, in camel case; both ends of the window count.
func (b *Box) platformOrders(in platformIn) (reply, error) {
	if !in.DateType.set {
		return reply{}, invalid("dateType不能为空")
	}
	x := b.mpModified
	lag := int64(0)
	switch in.DateType.n {
	case 0:
	case 1, 2:
		x = b.mpBought
	case 3, 4:
		x, lag = b.mpBought, paymentLag
	case 5, 6:
		x = b.mpSent
	default:
		return reply{}, invalid("dateType参数不合法")
	}
	lo, day1, ok1 := parseStamp(string(in.Start), beijingZone)
	hi, day2, ok2 := parseStamp(string(in.End), beijingZone)
	if !ok1 || !ok2 || day1 || day2 {
		return reply{}, invalid("startDate,endDate 格式必须为Y-m-d H:i:s")
	}
	platforms, stores := newSet(in.Platforms), newSet(in.Stores)
	rows := pick(x.window(lo-lag, hi+1-lag), func(o *order) bool {
		return o.shop.platform == platformShopify && o.erp.onPlatform() && platforms.has(o.shop.platform) && stores.has(o.shop.storeID)
	})
	from, to, err := paging{in.Page, in.Size}.span(len(rows), 20, 200)
	if err != nil {
		return reply{}, err
	}
	type data struct {
		List    []platformRow `json:"list"`
		Current int64         `json:"current"`
		Total   int           `json:"total"`
	}
	out := data{[]platformRow{}, in.Page.or(1), len(rows)}
	for _, o := range slices.Clone(rows[from:to]) {
		out.List = append(out.List, b.platformRow(o))
	}
	return reply{data: out}, nil
}

func (b *Box) platformRow(o *order) platformRow {
	s := o.shop
	amount := func(c cents) platformAmount { return platformAmount{s.currency, icons[s.currency], c} }
	r := platformRow{
		Head: platformHead{
			StoreID: s.storeID, Number: o.id, Name: o.name, Unique: s.storeID + "#" + o.id, Platform: s.platform, Status: "open",
			Purchased: zoned(o.purchased, s.zone), PurchasedBj: zoned(o.purchased, beijingZone),
			Paid: zoned(o.purchased+paymentLag, s.zone), PaidBj: zoned(o.purchased+paymentLag, beijingZone),
			Delivered: zoned(o.sentAt(), s.zone), DeliveredBj: zoned(o.sentAt(), beijingZone),
			Modified: iso(o.modified), Total: amount(o.total()),
		},
		Items: []platformItem{}, ERP: []erpInfo{},
	}
	for _, x := range b.byID[o.id] {
		if x = x.current(); x.shop == s && !x.deleted {
			r.ERP = append(r.ERP, erpInfo{digits(x.number)})
		}
	}
	for i := range o.lines {
		l := &o.lines[i]
		r.Items = append(r.Items, platformItem{o.sellerSKU(l), l.product.sku, l.product.title, l.qty, amount(l.unit()), amount(l.price)})
	}
	return r
}

// zoned is a time with its zone behind it, hours without a leading zero: "2025-07-24 08:34:14 -7:00".
func zoned(sec int64, zone *time.Location) string {
	if sec == 0 {
		return ""
	}
	t := time.Unix(sec, 0).In(zone)
	off := t.Format("-07:00")
	if off[1] == '0' {
		off = off[:1] + off[2:]
	}
	return t.Format(stampLayout) + " " + off
}
