package sandbox

import (
	"slices"
	"strconv"
)

// States of an outbound order (销售出库单), and of its label.
const (
	parcelLabel    = 1 // 物流下单
	parcelWaiting  = 2 // 待出库
	parcelSent     = 3 // 已出库
	parcelRecalled = 4 // 已截单

	labelImport = 1 // 待导入: somebody must give a tracking number
	labelDone   = 5
)

// firstParcel is the id of the first outbound order.
const firstParcel = 6000

var parcelStates = map[int]string{parcelLabel: "物流下单", parcelWaiting: "待出库", parcelSent: "已出库", parcelRecalled: "已截单"}

// parcel is one outbound order of a multi-platform order; recalled ones stay beside the new one.
type parcel struct {
	id                          int
	number                      string
	order                       *order
	wid, status, label          int
	channel                     string
	waybill, tracking, freight  string
	weight, weightUnit          string
	file                        surface // the label (面单) that was given
	created, updated, delivered int64
}

// shipping holds the outbound orders and the tasks that make them.
type shipping struct {
	parcels   []*parcel
	ofOrder   map[int64][]*parcel
	ofNumber  map[string]*parcel
	byCreated *index[*parcel]
	byUpdated *index[*parcel]
	bySent    *index[*parcel]
}

func newShipping() shipping {
	by := func(key func(*parcel) int64) *index[*parcel] {
		return &index[*parcel]{key: key, tie: func(p *parcel) int { return p.id }, fits: func(*parcel) bool { return true }}
	}
	return shipping{
		ofOrder: map[int64][]*parcel{}, ofNumber: map[string]*parcel{},
		byCreated: by(func(p *parcel) int64 { return p.created }),
		byUpdated: by(func(p *parcel) int64 { return p.updated }),
		bySent:    by(func(p *parcel) int64 { return p.delivered }),
	}
}

func (k *shipping) parcelIndexes() []*index[*parcel] {
	return []*index[*parcel]{k.byCreated, k.byUpdated, k.bySent}
}

// newParcel makes an outbound order; it is not in the indexes yet.
func (k *shipping) newParcel(o *order, at int64) *parcel {
	p := &parcel{id: firstParcel + len(k.parcels), order: o, wid: o.wid, channel: "6-265", created: at, updated: at, status: parcelWaiting, label: labelDone}
	p.number = "WO" + digits(103_341_008_688_000_000+int64(p.id))
	k.parcels = append(k.parcels, p)
	k.ofOrder[o.number] = append(k.ofOrder[o.number], p)
	k.ofNumber[p.number] = p
	return p
}

func (k *shipping) changeParcel(p *parcel, f func()) {
	for _, x := range k.parcelIndexes() {
		x.remove(p)
	}
	f()
	for _, x := range k.parcelIndexes() {
		x.add(p)
	}
}

// seedOutbound gives orders that are on their way, or gone, their outbound orders.
func (b *Box) seedOutbound(orders []*order) {
	for _, o := range orders {
		state := o.mpState()
		if o.number == 0 || state != mpToShip && state != mpShipped {
			continue
		}
		if o.seq%40 == 2 {
			old := b.newParcel(o, o.purchased+1800)
			old.status, old.label, old.updated = parcelRecalled, 41, o.purchased+2400
		}
		p := b.newParcel(o, o.purchased+3600)
		switch {
		case state == mpShipped:
			p.status, p.delivered, p.updated = parcelSent, o.shipped, o.shipped
			p.waybill, p.tracking, p.freight = "YT25"+digits(10_000_000+int64(o.seq)), o.tracking(), "12.30"
			o.channel = p.channel
		case o.seq%4 == 0:
			p.status, p.label = parcelLabel, labelImport
		}
	}
	for _, x := range b.parcelIndexes() {
		x.load(b.parcels)
	}
}

type parcelsIn struct {
	Page      number `json:"page"`
	Size      number `json:"page_size"`
	SIDs      texts  `json:"sid_arr"`
	Status    texts  `json:"status_arr"`
	Labels    texts  `json:"logistics_status_arr"`
	Platforms texts  `json:"platform_order_no_arr"`
	Orders    texts  `json:"order_number_arr"`
	Numbers   texts  `json:"wo_number_arr"`
	TimeType  text   `json:"time_type"`
	Start     text   `json:"start_date"`
	End       text   `json:"end_date"`
}

// parcelList answers POST /erp/sc/routing/wms/order/wmsOrderList. Without a window and without numbers
// it is the last month.
func (b *Box) parcelList(in parcelsIn) (reply, error) {
	rows, err := b.parcelWindow(in)
	if err != nil {
		return reply{}, err
	}
	sids, states, labels, ids := newSet(in.SIDs), newSet(in.Status), newSet(in.Labels), newSet(in.Platforms)
	rows = pick(rows, func(p *parcel) bool {
		return sids.has(strconv.Itoa(p.order.shop.sid)) && states.has(strconv.Itoa(p.status)) &&
			labels.has(strconv.Itoa(p.label)) && slices.ContainsFunc(p.order.sources(), func(o *order) bool { return ids.has(o.id) })
	})
	lo, hi, err := paging{in.Page, in.Size}.span(len(rows), 20, 200)
	if err != nil {
		return reply{}, err
	}
	out := make([]parcelRow, 0, hi-lo)
	for _, p := range rows[lo:hi] {
		out = append(out, b.parcelRow(p))
	}
	return list(out, len(rows)), nil
}

func (b *Box) parcelWindow(in parcelsIn) ([]*parcel, error) {
	if in.Start == "" && in.End == "" && len(in.Orders)+len(in.Numbers)+len(in.Platforms) > 0 {
		return b.namedParcels(in), nil
	}
	if _, day, ok := parseStamp(string(in.Start), beijingZone); in.Start != "" && (!ok || !day) {
		return nil, invalid("start_date 格式必须为Y-m-d")
	}
	if _, day, ok := parseStamp(string(in.End), beijingZone); in.End != "" && (!ok || !day) {
		return nil, invalid("end_date 格式必须为Y-m-d")
	}
	lo, hi, err := days(in.Start, in.End)
	if err != nil {
		return nil, err
	}
	if in.Start == "" && in.End == "" {
		lo = b.kit.Clock.Now().AddDate(0, -1, 0).Unix()
	}
	x, ok := map[text]*index[*parcel]{
		"": b.byCreated, "create_at": b.byCreated, "update_at": b.byUpdated, "delivered_at": b.bySent, "stock_delivered_at": b.bySent,
	}[in.TimeType]
	if !ok {
		return nil, invalid("time_type 参数不合法")
	}
	orders, numbers := newSet(in.Orders), newSet(in.Numbers)
	rows := x.window(max(lo, 1), hi)
	if len(orders)+len(numbers) == 0 {
		return rows, nil
	}
	return pick(rows, func(p *parcel) bool { return orders.has(digits(p.order.number)) && numbers.has(p.number) }), nil
}

// namedParcels finds by number, whatever the time; several kinds of numbers must all fit.
func (b *Box) namedParcels(in parcelsIn) []*parcel {
	var rows []*parcel
	orders, numbers := newSet(in.Orders), newSet(in.Numbers)
	switch {
	case len(in.Numbers) > 0:
		for _, n := range in.Numbers {
			if p := b.ofNumber[n]; p != nil {
				rows = append(rows, p)
			}
		}
	case len(in.Orders) > 0:
		for _, n := range in.Orders {
			id, _ := strconv.ParseInt(n, 10, 64) // no number is no order's
			rows = append(rows, b.ofOrder[id]...)
		}
	default:
		for _, id := range in.Platforms {
			for _, o := range b.byID[id] {
				rows = append(rows, b.ofOrder[o.number]...)
				rows = append(rows, b.ofOrder[o.current().number]...)
			}
		}
	}
	slices.SortFunc(rows, func(x, y *parcel) int { return x.id - y.id })
	return pick(slices.Compact(rows), func(p *parcel) bool { return orders.has(digits(p.order.number)) && numbers.has(p.number) })
}
