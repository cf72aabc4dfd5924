package sandbox

import "strconv"

// Outcomes of the batch edits of multi-platform orders, where code is not only 0.
const (
	batchNone = 10000
	batchPart = 10001
	batchAll  = 10002
)

func batchCode(done, all, success int) int {
	switch done {
	case all:
		return success
	case 0:
		return batchNone
	}
	return batchPart
}

type batchError struct {
	Number  string `json:"global_order_no"`
	Message string `json:"error_message"`
}

type batchData struct {
	Errors []batchError `json:"error_details"`
}

// eachOrder runs f over system numbers; f answers why it failed, or "".
func (b *Box) eachOrder(numbers []string, f func(i int, o *order) string) (done int, errs []batchError) {
	failing := b.failing()
	errs = []batchError{}
	for i, n := range numbers {
		id, _ := strconv.ParseInt(n, 10, 64) // no number is no order's
		why := "订单不存在"
		if failing(i, n) {
			why = "系统繁忙"
		} else if o := b.byNumber[id]; o != nil && !o.deleted {
			why = f(i, o)
		}
		if why == "" {
			done++
			continue
		}
		errs = append(errs, batchError{n, why})
	}
	return done, errs
}

type editIn struct {
	List []struct {
		Number    text `json:"global_order_no"`
		Logistics struct {
			Type number `json:"logistics_type_id"`
			WID  number `json:"sys_wid"`
		} `json:"logistics"`
	} `json:"order_list"`
}

// editOrders answers POST /pb/mp/order/editOrder: warehouse and channel of orders that wait for review.
func (b *Box) editOrders(in editIn) (reply, error) {
	if len(in.List) == 0 {
		return reply{}, invalid("order_list不能为空")
	}
	var numbers []string
	for _, x := range in.List {
		numbers = append(numbers, string(x.Number))
	}
	done, errs := b.eachOrder(numbers, func(i int, o *order) string {
		x := in.List[i].Logistics
		if s := o.mpState(); s != mpReview && s != mpToShip {
			return "订单状态不允许编辑"
		}
		if w := b.warehouse(int(x.WID.n)); x.WID.set && (w == nil || w.deleted) {
			return "仓库不存在"
		}
		b.change(o, func() {
			o.wid, o.modified = int(x.WID.or(int64(o.wid))), b.kit.Clock.Now().Unix()
			if x.Type.set {
				o.channel = digits(x.Type.n)
			}
		})
		return ""
	})
	return reply{data: batchData{errs}, code: batchCode(done, len(numbers), 0)}, nil
}

type remarksIn struct {
	List []struct {
		Number text   `json:"global_order_no"`
		Remark text   `json:"remark"`
		Append number `json:"remark_is_append"`
	} `json:"orders"`
}

// setRemarks answers POST /pb/mp/order/setRemark; a remark is appended unless told otherwise.
func (b *Box) setRemarks(in remarksIn) (reply, error) {
	if len(in.List) == 0 {
		return reply{}, invalid("orders不能为空")
	}
	var numbers []string
	for _, x := range in.List {
		numbers = append(numbers, string(x.Number))
	}
	done, errs := b.eachOrder(numbers, func(i int, o *order) string {
		b.change(o, func() {
			if in.List[i].Append.or(1) == 1 {
				o.remark += string(in.List[i].Remark)
			} else {
				o.remark = string(in.List[i].Remark)
			}
			o.modified = b.kit.Clock.Now().Unix()
		})
		return ""
	})
	return reply{data: batchData{errs}, code: batchCode(done, len(numbers), batchAll)}, nil
}

type cancelsIn struct {
	Numbers texts `json:"global_order_no"`
}

// cancelOrders answers POST /pb/mp/order/v2/cancelOrder: its outcome stands in process_code.
func (b *Box) cancelOrders(in cancelsIn) (reply, error) {
	if len(in.Numbers) == 0 {
		return reply{}, invalid("global_order_no不能为空")
	}
	type result struct {
		Code    int          `json:"process_code"`
		Success int          `json:"success_num"`
		Fail    int          `json:"fail_num"`
		Errors  []batchError `json:"error_details"`
	}
	done, errs := b.eachOrder(in.Numbers, func(_ int, o *order) string {
		if s := o.mpState(); s == mpShipped || s == mpCancelled {
			return "订单状态不允许取消"
		}
		b.change(o, func() { o.state, o.modified = mpCancelled, b.kit.Clock.Now().Unix() })
		return ""
	})
	return one(result{batchCode(done, len(in.Numbers), batchAll), done, len(errs), errs}), nil
}

// review answers POST /basicOpen/openapi/multiplatform/order/review and …/preShipment: an order that
// waits for review goes to the warehouse.
func (b *Box) review(in cancelsIn) (reply, error) {
	if len(in.Numbers) == 0 {
		return reply{}, invalid("global_order_no => global_order_no不能为空")
	}
	type item struct {
		Number  string `json:"global_order_no"`
		Message string `json:"message"`
	}
	type result struct {
		Success  int    `json:"success_num"`
		Fail     int    `json:"fail_num"`
		Failures []item `json:"failure_info"`
		Done     []item `json:"success_info"`
	}
	out := result{Failures: []item{}, Done: []item{}}
	done, errs := b.eachOrder(in.Numbers, func(_ int, o *order) string {
		if o.mpState() != mpReview {
			return "订单不在待审核状态"
		}
		now := b.kit.Clock.Now().Unix()
		b.change(o, func() { o.state, o.modified = mpToShip, now })
		if b.openParcel(o) == nil {
			b.changeParcel(b.newParcel(o, now), func() {})
		}
		out.Done = append(out.Done, item{digits(o.number), "成功"})
		return ""
	})
	for _, e := range errs {
		out.Failures = append(out.Failures, item(e))
	}
	out.Success, out.Fail = done, len(errs)
	return reply{data: out, newer: true}, nil
}

type recallIn struct {
	Numbers texts `json:"orderNumbers"`
	Tag     text  `json:"tagType"`
	Comment text  `json:"orderComment"`
}

// recall answers POST /basicOpen/wmsOrder/cancel (截单): the outbound order stays, recalled, and the order
// waits for review again.
func (b *Box) recall(in recallIn) (reply, error) {
	if len(in.Numbers) == 0 {
		return reply{}, invalid("orderNumbers => orderNumbers不能为空")
	}
	type reason struct {
		Number  string `json:"orderNumber"`
		Message string `json:"message"`
	}
	type result struct {
		Success int      `json:"successNum"`
		Failed  int      `json:"failedNum"`
		Reasons []reason `json:"failedReason"`
	}
	done, errs := b.eachOrder(in.Numbers, func(_ int, o *order) string {
		p := b.openParcel(o)
		if p == nil {
			return "没有可截单的销售出库单"
		}
		now := b.kit.Clock.Now().Unix()
		b.changeParcel(p, func() { p.status, p.label, p.updated = parcelRecalled, 41, now })
		b.change(o, func() { o.state, o.modified = mpReview, now })
		return ""
	})
	if len(errs) == 0 {
		return reply{newer: true}, nil
	}
	out := result{done, len(errs), []reason{}}
	for _, e := range errs {
		out.Reasons = append(out.Reasons, reason(e))
	}
	return reply{data: out, newer: true}, nil
}
