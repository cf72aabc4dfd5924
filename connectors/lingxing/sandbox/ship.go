package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fastTask is one order of a fastOutbound call, accepted now and done later.
type fastTask struct {
	in     fastPackage
	due    time.Time
	polled bool
	done   bool
	parcel string // its outbound order's number once shipped
	why    string // why it was not
}

// fastDelay is how long the ERP thinks about an accepted shipment that nobody asks for.
const fastDelay = 3 * time.Second

type fastPackage struct {
	Number   text   `json:"global_order_no"`
	WID      number `json:"wid"`
	Channel  text   `json:"logistics_type_id"`
	Waybill  text   `json:"waybill_no"`
	Tracking text   `json:"tracking_no"`
	Weight   text   `json:"real_weight"`
	Unit     text   `json:"weight_unit"`
	Freight  text   `json:"logistics_freight"`
}

type fastIn struct {
	Packages []fastPackage `json:"package"`
}

// fastOutbound answers POST /pb/mp/order/v2/fastOutbound. "Accepted" is all that it says.
func (b *Box) fastOutbound(in fastIn) (reply, error) {
	if n := len(in.Packages); n == 0 || n > 1000 {
		return reply{}, invalid("package 数量必须在1-1000之间")
	}
	for _, p := range in.Packages {
		switch {
		case p.Number == "":
			return reply{}, invalid("global_order_no不能为空")
		case !p.WID.set:
			return reply{}, invalid("wid不能为空")
		case p.Channel == "":
			return reply{}, invalid("logistics_type_id不能为空")
		case p.Waybill == "":
			return reply{}, invalid("waybill_no不能为空")
		}
	}
	failing := b.failing()
	for i, p := range in.Packages {
		if t := b.tasks[string(p.Number)]; t != nil && (!t.done || t.parcel != "") {
			continue // on its way, or shipped: the first one stands
		}
		t := &fastTask{in: p, due: b.kit.Clock.Now().Add(fastDelay)}
		if failing(i, string(p.Number)) {
			t.done, t.polled, t.why = true, true, "物流商返回失败"
		}
		b.tasks[string(p.Number)] = t
	}
	return one(true), nil
}

// settle does what is due. Every service call comes by here first, so whoever looks sees it done.
func (b *Box) settle() {
	some := false
	for _, n := range slices.Sorted(maps.Keys(b.tasks)) {
		if t := b.tasks[n]; !t.done && !b.kit.Clock.Now().Before(t.due) {
			t.done, some = true, true
			t.parcel, t.why = b.shipFast(t.in)
		}
	}
	if some {
		b.record(changeSettle, nil)
	}
}

func (b *Box) shipFast(in fastPackage) (number, why string) {
	id, _ := strconv.ParseInt(string(in.Number), 10, 64) // no number is no order's
	o, w := b.byNumber[id], b.warehouse(int(in.WID.n))
	provider, _ := channelOf(string(in.Channel))
	switch {
	case o == nil || o.deleted:
		return "", "订单不存在"
	case o.mpState() != mpReview && o.mpState() != mpToShip:
		return "", "订单状态不是待审核或待发货"
	case w == nil || w.deleted:
		return "", "仓库不存在"
	case provider.name == "" || !strings.Contains(string(in.Channel), "-"):
		return "", "物流方式不存在"
	}
	p := b.openParcel(o)
	if p == nil {
		p = b.newParcel(o, b.kit.Clock.Now().Unix())
		p.wid = w.id
		b.changeParcel(p, func() {})
	}
	b.changeParcel(p, func() {
		p.wid, p.label, p.channel = w.id, labelDone, string(in.Channel)
		p.waybill, p.tracking = string(in.Waybill), string(in.Tracking)
		p.weight, p.weightUnit, p.freight = string(in.Weight), string(in.Unit), string(in.Freight)
	})
	if why := b.send(p); why != "" {
		return "", why
	}
	return p.number, ""
}

// openParcel is the outbound order that still waits, if there is one.
func (b *Box) openParcel(o *order) *parcel {
	for _, p := range b.ofOrder[o.number] {
		if p.status == parcelLabel || p.status == parcelWaiting {
			return p
		}
	}
	return nil
}

// send lets a parcel leave: stock goes out with it, all of it or nothing.
func (b *Box) send(p *parcel) (why string) {
	o, w := p.order, b.warehouse(p.wid)
	d := &document{number: p.number, kind: 11, warehouse: w, created: b.kit.Clock.Now().Unix()}
	need := map[*stockRow]int{}
	for _, l := range b.pieces(o) {
		row := b.row(w, l.product, "0", "")
		if row == nil || row.good-need[row] < l.qty {
			return "库存不足"
		}
		need[row] += l.qty
		d.lines = append(d.lines, docLine{row: row, good: -l.qty})
	}
	for _, l := range d.lines {
		b.apply(d, l, moveShipment, digits(o.number))
	}
	now := b.kit.Clock.Now().Unix()
	b.changeParcel(p, func() { p.status, p.delivered, p.updated = parcelSent, now, now })
	b.change(o, func() { o.state, o.delivered, o.modified, o.channel, o.wid = mpShipped, now, now, p.channel, p.wid })
	return ""
}

// pieces are the lines as they lie in the warehouse: a bundle is its parts.
func (b *Box) pieces(o *order) []orderLine {
	var out []orderLine
	for _, l := range o.erpLines() {
		for _, x := range l.product.parts {
			out = append(out, orderLine{product: b.bySKU[x.sku], qty: l.qty * x.quantity})
		}
		if len(l.product.parts) == 0 {
			out = append(out, l)
		}
	}
	return out
}

// moveShipment is FBM出库 in the flow log.
const moveShipment = 38

type fastResultIn struct {
	Numbers texts `json:"global_order_no"`
}

type fastDone struct {
	Number string `json:"global_order_no"`
	Parcel string `json:"wo_number"`
}

type fastFail struct {
	Number  string `json:"global_order_no"`
	Message string `json:"error_message"`
}

type fastOutcome struct {
	Success []fastDone `json:"success"`
	Failure []fastFail `json:"failure"`
}

// fastResult answers POST /pb/mp/order/v2/getFastOutboundResult. Who asks for the first time always
// hears that the order is being processed; that stands among the failures.
func (b *Box) fastResult(in fastResultIn) (reply, error) {
	if n := len(in.Numbers); n == 0 || n > 1000 {
		return reply{}, invalid("global_order_no 数量必须在1-1000之间")
	}
	out := fastOutcome{[]fastDone{}, []fastFail{}}
	for _, n := range in.Numbers {
		t := b.tasks[n]
		switch {
		case t == nil:
			out.Failure = append(out.Failure, fastFail{n, "订单没提交快速出库"})
		case !t.polled || !t.done:
			t.polled, t.due = true, b.kit.Clock.Now()
			out.Failure = append(out.Failure, fastFail{n, "订单正在处理"})
		case t.why != "":
			out.Failure = append(out.Failure, fastFail{n, t.why})
		default:
			out.Success = append(out.Success, fastDone{n, t.parcel})
		}
	}
	return one(out), nil
}

type trackingIn struct {
	Parcel   text `json:"wo_number"`
	Waybill  text `json:"waybill_no"`
	Tracking text `json:"tracking_no"`
	Freight  text `json:"logistics_freight"`
	Weight   text `json:"pkg_fee_weight"`
	Unit     text `json:"pkg_fee_weight_unit"`
}

// setTracking answers POST /basicOpen/logisticsOrdering/setTrackingNo. A second call finds the label
// done, and is refused like a wrong one.
func (b *Box) setTracking(in trackingIn) (reply, error) {
	if in.Parcel == "" || in.Waybill == "" {
		return reply{}, invalid("wo_number和waybill_no不能为空")
	}
	p := b.ofNumber[string(in.Parcel)]
	if p == nil || p.label != labelImport {
		return reply{}, innerProgram("当前订单不存在或物流状态不是待导入")
	}
	b.changeParcel(p, func() {
		p.waybill, p.tracking, p.freight = string(in.Waybill), string(in.Tracking), string(in.Freight)
		p.label, p.status, p.updated = labelDone, parcelWaiting, b.kit.Clock.Now().Unix()
	})
	return reply{newer: true}, nil
}

type deliverIn struct {
	Numbers commas `json:"order_number_list"`
}

// deliver answers POST /basicOpen/selfShipmentOrder/deliveryGoods.
func (b *Box) deliver(in deliverIn) (reply, error) {
	if n := len(in.Numbers); n == 0 || n > 100 {
		return reply{}, invalid("order_number_list 数量必须在1-100之间")
	}
	type done struct {
		Number string `json:"order_number"`
		Status string `json:"status_name"`
	}
	type fail struct {
		Number string `json:"order_number"`
		Msg    string `json:"err_msg"`
	}
	type result struct {
		Success []done `json:"success_list"`
		Fail    []fail `json:"fail_list"`
	}
	out := result{[]done{}, []fail{}}
	failing := b.failing()
	for i, n := range in.Numbers {
		why := "系统繁忙"
		if !failing(i, n) {
			why = b.deliverOne(n)
		}
		if why != "" {
			out.Fail = append(out.Fail, fail{n, why})
			continue
		}
		out.Success = append(out.Success, done{n, parcelStates[parcelSent]})
	}
	return reply{data: out, newer: true}, nil
}

func (b *Box) deliverOne(number string) (why string) {
	id, _ := strconv.ParseInt(number, 10, 64) // no number is no order's
	o := b.byNumber[id]
	if o == nil {
		return "订单不存在"
	}
	p := b.openParcel(o)
	if p == nil || p.status != parcelWaiting || o.mpState() != mpToShip {
		return "订单不在发货中"
	}
	return b.send(p)
}

type weighIn struct {
	Order  number `json:"order_number"`
	Parcel text   `json:"wo_number"`
	Weight text   `json:"pkg_real_weight"`
	Unit   text   `json:"pkg_real_weight_unit"`
}

// weigh answers POST /erp/sc/routing/wms/order/setOrderWeighed.
func (b *Box) weigh(in weighIn) (reply, error) {
	p := b.ofNumber[string(in.Parcel)]
	if p == nil {
		if of := b.ofOrder[in.Order.n]; len(of) > 0 {
			p = of[len(of)-1]
		}
	}
	if p == nil {
		return reply{}, inner("订单不存在")
	}
	if c, ok := parseCents(string(in.Weight)); !ok || c <= 0 {
		return reply{}, inner("pkg_real_weight格式错误")
	}
	b.changeParcel(p, func() {
		p.weight, p.weightUnit, p.updated = string(in.Weight), or(string(in.Unit), "g"), b.kit.Clock.Now().Unix()
	})
	return reply{}, nil
}
