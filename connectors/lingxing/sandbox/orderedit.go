package sandbox

import "slices"

type updateIn struct {
	List []updateOne `json:"order_list"`
}

type updateOne struct {
	Number  text          `json:"global_order_no"`
	Address *updateTo     `json:"address_info"`
	Items   *[]updateItem `json:"order_item_list"`
}

// updateTo has pointers: what is not sent stays, what is sent empty becomes empty.
type updateTo struct {
	Line1    *text `json:"address_line1"`
	Line2    *text `json:"address_line2"`
	Line3    *text `json:"address_line3"`
	City     *text `json:"city"`
	District *text `json:"district"`
	Door     *text `json:"doorplate_no"`
	Postal   *text `json:"postal_code"`
	Company  *text `json:"receiver_company_name"`
	Country  *text `json:"receiver_country_code"`
	Mobile   *text `json:"receiver_mobile"`
	Name     *text `json:"receiver_name"`
	Tel      *text `json:"receiver_tel"`
	State    *text `json:"state_or_region"`
}

type updateItem struct {
	Type     number `json:"type"`
	ID       text   `json:"id"`
	MSKU     text   `json:"msku"`
	SKU      text   `json:"sku"`
	Quantity number `json:"quantity"`
	Mark     *text  `json:"mark"`
}

// What an item of an update does.
const (
	itemAdd     = 1
	itemDelete  = 2
	itemReplace = 3
)

// updateOrders answers POST /pb/mp/order/v2/updateOrder: addresses and lines of orders that wait for review.
// What becomes of a price that is sent is not known; it goes unread.
func (b *Box) updateOrders(in updateIn) (reply, error) {
	if len(in.List) == 0 {
		return reply{}, invalid("order_list不能为空")
	}
	var numbers []string
	for _, x := range in.List {
		if x.Items == nil {
			return reply{}, invalid("order_item_list不能为空")
		}
		for _, item := range *x.Items {
			if item.Type.n < itemAdd || item.Type.n > itemReplace {
				return reply{}, invalid("order_item_list.type不能为空")
			}
		}
		numbers = append(numbers, string(x.Number))
	}
	done, errs := b.eachOrder(numbers, func(i int, o *order) string {
		if o.mpState() != mpReview {
			return "订单不是待审核状态，不允许编辑"
		}
		lines := slices.Clone(o.erpLines())
		for _, item := range *in.List[i].Items {
			var why string
			if lines, why = b.updateLine(o, lines, item); why != "" {
				return why
			}
		}
		b.change(o, func() {
			o.edit().lines = lines
			in.List[i].Address.apply(o)
			o.modified = b.kit.Clock.Now().Unix()
		})
		return ""
	})
	code := batchCode(done, len(numbers), batchAll)
	words := map[int]string{batchAll: "订单更新成功", batchPart: "订单更新部分成功", batchNone: "订单更新失败"}
	return reply{data: batchData{errs}, code: code, message: words[code]}, nil
}

// updateLine adds, deletes or changes one line. What a buyer ordered on a platform keeps its number of pieces.
func (b *Box) updateLine(o *order, lines []orderLine, in updateItem) ([]orderLine, string) {
	p := b.bySKU[string(in.SKU)]
	if in.Type.n == itemAdd {
		if p == nil || in.Quantity.n < 1 {
			return nil, "sku不存在或数量错误"
		}
		l := orderLine{product: p, itemID: nextItem(o, lines), qty: int(in.Quantity.n), own: true}
		return append(lines, in.mark(l)), ""
	}
	at := -1
	for i := range lines {
		l := &lines[i]
		byID, byMSKU := in.ID != "" && o.itemNumber(i) == string(in.ID), in.MSKU != "" && o.sellerSKU(l) == string(in.MSKU)
		if byID || in.ID == "" && (byMSKU || in.MSKU == "" && p != nil && l.product == p) {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, "订单商品不存在"
	}
	if in.Type.n == itemDelete {
		return slices.Delete(lines, at, at+1), ""
	}
	l := lines[at]
	online := o.sellerSKU(&l) != ""
	switch {
	case in.SKU != "" && p == nil:
		return nil, "sku不存在"
	case in.Quantity.set && in.Quantity.n < 1:
		return nil, "数量错误"
	case in.Quantity.set && online && int(in.Quantity.n) != l.qty:
		return nil, "线上商品不支持修改数量"
	}
	if p != nil && p != l.product {
		l.own, l.msku, l.product = true, o.sellerSKU(&l), p
	}
	l.qty = int(in.Quantity.or(int64(l.qty)))
	lines[at] = in.mark(l)
	return lines, ""
}

// nextItem is a number that no line of the order has.
func nextItem(o *order, lines []orderLine) int64 {
	id := itemID(o, 0)
	for i := range lines {
		id = max(id, lines[i].itemID+1)
	}
	return id
}

func (in updateItem) mark(l orderLine) orderLine {
	if in.Mark != nil {
		l.remark = string(*in.Mark)
	}
	return l
}

// apply writes what was sent over the address that the order has.
func (in *updateTo) apply(o *order) {
	if in == nil {
		return
	}
	_, old := o.people()
	to := *old
	for _, f := range []struct {
		to   *string
		from *text
	}{
		{&to.Line1, in.Line1},
		{&to.Line2, in.Line2},
		{&to.Line3, in.Line3},
		{&to.City, in.City},
		{&to.District, in.District},
		{&to.Doorplate, in.Door},
		{&to.Postal, in.Postal},
		{&to.Country, in.Country},
		{&to.Mobile, in.Mobile},
		{&to.Receiver, in.Name},
		{&to.Tel, in.Tel},
		{&to.State, in.State},
	} {
		if f.from != nil {
			*f.to = string(*f.from)
		}
	}
	if in.Company != nil {
		company := string(*in.Company)
		to.Company = &company
	}
	o.edit().shipTo = &to
}
