package sandbox

import (
	"encoding/json"
	"slices"
)

// States of a multi-platform order.
const (
	mpUnpaid    = 3
	mpReview    = 4 // 待审核
	mpToShip    = 5 // 待发货
	mpShipped   = 6
	mpCancelled = 7
)

// mpState is the order's state in 订单管理: the ERP's own once a person or a call moved it there.
func (o *order) mpState() int {
	switch {
	case o.state != 0:
		return o.state
	case o.status == pending:
		return mpUnpaid
	case o.status == canceled:
		return mpCancelled
	case o.status == shipped || o.status == partly:
		return mpShipped
	case o.seq%2 == 0:
		return mpToShip
	}
	return mpReview
}

type multiIn struct {
	DateType  text   `json:"date_type"`
	Start     number `json:"start_time"`
	End       number `json:"end_time"`
	Stores    texts  `json:"store_id"`
	Platforms texts  `json:"platform_code"`
	Numbers   texts  `json:"platform_order_nos"`
	Names     texts  `json:"platform_order_names"`
	Status    number `json:"order_status"`
	Deleted   flag   `json:"include_delete"`
	slicing
}

// multiOrders answers POST /pb/mp/order/v2/list: what the company ships itself, of every platform.
func (b *Box) multiOrders(in multiIn) (reply, error) {
	rows, err := b.multiWindow(in)
	if err != nil {
		return reply{}, err
	}
	stores, platforms := newSet(in.Stores), newSet(in.Platforms)
	named := newSet(in.Numbers, in.Names)
	rows = pick(rows, func(o *order) bool {
		return o.number != 0 && stores.has(o.shop.storeID) && platforms.has(o.shop.platform) &&
			(len(named) == 0 || slices.ContainsFunc(o.sources(), func(x *order) bool { return named[x.id] || x.name != "" && named[x.name] })) &&
			in.Status.or(int64(o.mpState())) == int64(o.mpState()) && (bool(in.Deleted) || !o.deleted)
	})
	lo, hi, err := in.span(len(rows), 20, 500)
	if err != nil {
		return reply{}, err
	}
	out := make([]multiRow, 0, hi-lo)
	for _, o := range rows[lo:hi] {
		b.page = append(b.page, o)
		out = append(out, b.multiRow(o))
	}
	return list(out, len(rows)), nil
}

// multiWindow is the orders of the window, both of whose ends are open, or those that are named.
func (b *Box) multiWindow(in multiIn) ([]*order, error) {
	switch {
	case !in.Offset.set:
		return nil, invalid("offset 不能为空")
	case !in.Length.set:
		return nil, invalid("length 不能为空")
	case in.Length.n < 20:
		return nil, invalid("length 最小值为 20")
	case in.Length.n > 500:
		return nil, invalid("length 最大值为 500")
	case len(in.Numbers) > 200 || len(in.Names) > 200:
		return nil, invalid("平台单号最多200个")
	}
	if named := slices.Concat(in.Numbers, in.Names); len(named) > 0 && !in.Start.set && !in.End.set {
		var rows []*order
		for _, id := range slices.Compact(slices.Sorted(slices.Values(named))) {
			rows = append(rows, b.byID[id]...)
			if o := b.byName[id]; o != nil {
				rows = append(rows, b.byID[o.id]...)
			}
		}
		for _, o := range rows {
			rows = append(rows, o.current())
		}
		slices.SortFunc(rows, func(x, y *order) int { return x.seq - y.seq })
		return slices.Compact(rows), nil
	}
	if in.DateType == "" || !in.Start.set || !in.End.set {
		return nil, invalid("date_type,start_time,end_time 不能为空")
	}
	if in.End.n-in.Start.n > 31*24*3600 {
		return nil, invalid("查询时间间隔不能超过31天")
	}
	x := map[text]*index[*order]{
		"update_time": b.mpModified, "global_purchase_time": b.mpBought, "global_payment_time": b.mpBought,
		"global_delivery_time": b.mpSent, "delivery_time": b.mpSent,
	}[in.DateType]
	if x == nil {
		return nil, invalid("date_type 参数不合法")
	}
	lag := int64(0)
	if in.DateType == "global_payment_time" {
		lag = paymentLag
	}
	return x.window(in.Start.n+1-lag, in.End.n-lag), nil
}

// paymentLag is how long after buying a buyer pays here, in seconds.
const paymentLag = 60

// fixed are the parts of a row that are the same for every order here.
var fixed = struct{ logistics json.RawMessage }{
	json.RawMessage(`{"status":0,"logistics_provider_id":"0","logistics_provider_name":null,"logistics_type_id":"0","logistics_type_name":null,"actual_carrier":"","waybill_no":"","tracking_no":"","mark_no":"","logistics_time":null,"pre_weight":0.00,"pre_fee_weight":0.00,"pre_fee_weight_unit":"g","pre_pkg_length":0.00,"pre_pkg_width":0.00,"pre_pkg_height":0.00,"weight":0.00,"weight_unit":"","pkg_fee_weight":0.00,"pkg_fee_weight_unit":"","pkg_length":0.00,"pkg_width":0.00,"pkg_height":0.00,"pkg_size_unit":"","pre_cost_amount":"-￥0.00","cost_amount":"0","cost_currency_code":""}`),
}
