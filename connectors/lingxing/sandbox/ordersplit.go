package sandbox

import (
	"slices"
	"strconv"
)

type splitIn struct {
	Mode   number        `json:"split_mod"`
	Number number        `json:"global_order_no"`
	Groups [][]splitItem `json:"order_item"`
}

type splitItem struct {
	ID       text   `json:"item_id"`
	Quantity number `json:"quantity"`
}

type splitNumber struct {
	Number string `json:"global_order_no"`
}

// splitOrder answers POST /pb/mp/order/v2/splitOrder, by items (split_mod 1). Every list becomes an order;
// the first one keeps the number, unless the lists leave something over: then that keeps it.
func (b *Box) splitOrder(in splitIn) (reply, error) {
	o := b.byNumber[in.Number.n]
	switch {
	case in.Mode.n != 1:
		return reply{}, invalid("split_mod 只支持 1")
	case len(in.Groups) == 0:
		return reply{}, invalid("order_item不能为空")
	case o == nil || o.deleted:
		return reply{}, refuse("订单不存在")
	case o.mpState() != mpReview:
		return reply{}, refuse("订单不是待审核状态，不允许拆分")
	}
	rest := slices.Clone(o.erpLines())
	var groups [][]orderLine
	for _, g := range in.Groups {
		var lines []orderLine
		for _, x := range g {
			at := slices.IndexFunc(rest, func(l orderLine) bool { return l.itemID != 0 && o.itemNumber(indexOf(o, l)) == string(x.ID) })
			if at < 0 || x.Quantity.n < 1 || int64(rest[at].qty) < x.Quantity.n {
				return reply{}, refuse("商品行 " + string(x.ID) + " 不存在或数量错误")
			}
			lines = append(lines, rest[at].take(int(x.Quantity.n)))
		}
		if len(lines) == 0 {
			return reply{}, invalid("order_item不能为空")
		}
		groups = append(groups, lines)
	}
	rest = slices.DeleteFunc(rest, func(l orderLine) bool { return l.qty == 0 })
	if len(rest) > 0 {
		groups = slices.Insert(groups, 0, rest)
	}
	if len(groups) < 2 {
		return reply{}, refuse("拆分后至少要有两个订单")
	}
	type result struct {
		Num  int           `json:"num"`
		New  []string      `json:"global_order_no"`
		List []splitNumber `json:"result"`
	}
	out := result{Num: len(groups) - 1, New: []string{}, List: []splitNumber{{digits(o.number)}}}
	for _, lines := range groups[1:] {
		n := b.splitOff(o, lines)
		out.New, out.List = append(out.New, n), append(out.List, splitNumber{n})
	}
	b.change(o, func() {
		e := o.edit()
		e.lines, e.split, o.modified = groups[0], "3", b.kit.Clock.Now().Unix()
	})
	return one(out), nil
}

// refuse is how the multi-platform services refuse on business grounds: the reason is the message.
func refuse(why string) error { return &refusal{code: 500, message: why} }

// indexOf is where a line stands in its order: its number depends on it.
func indexOf(o *order, l orderLine) int {
	return slices.IndexFunc(o.erpLines(), func(x orderLine) bool { return x.itemID == l.itemID && x.from == l.from })
}

// take parts n pieces from a line, with their share of every amount; what is left to the last piece is all
// that there is left, so that the parts add up.
func (l *orderLine) take(n int) orderLine {
	part := *l
	part.qty = n
	for _, f := range []struct{ of, left *cents }{
		{&part.price, &l.price},
		{&part.tax, &l.tax},
		{&part.ship, &l.ship},
		{&part.shipTax, &l.shipTax},
		{&part.wrap, &l.wrap},
		{&part.wrapTax, &l.wrapTax},
		{&part.shipOff, &l.shipOff},
		{&part.promoOff, &l.promoOff},
	} {
		*f.of = *f.left * cents(n) / cents(l.qty)
		*f.left -= *f.of
	}
	l.qty -= n
	return part
}

// splitOff makes an order of lines that another had.
func (b *Box) splitOff(from *order, lines []orderLine) (number string) {
	o := *from
	o.seq, o.number = len(b.orders), b.newNumber()
	o.erp = &erpView{lines: lines, split: "3", part: true}
	if from.erp != nil {
		o.erp.shipTo, o.erp.manual = from.erp.shipTo, from.erp.manual
	}
	o.refunded, o.refundAt, o.received = 0, 0, 0
	o.state, o.modified = mpReview, b.kit.Clock.Now().Unix()
	b.insert(&o)
	return digits(o.number)
}

type mergeIn struct {
	Platform text  `json:"platform_code"`
	Numbers  texts `json:"order_list"`
}

type mergeFail struct {
	Numbers []string `json:"global_order_no"`
	Message string   `json:"message"`
}

type mergeDone struct {
	Numbers []string `json:"global_order_no"`
	New     string   `json:"new_order_no"`
}

type mergeResult struct {
	Success  int         `json:"success_num"`
	Fail     int         `json:"fail_num"`
	Failures []mergeFail `json:"failure_info"`
	Done     []mergeDone `json:"success_info"`
}

// mergeOrders answers POST /pb/mp/order/v2/mergeOrder: orders of one shop that wait for review and go to one
// receiver become one, which has the number of the first. The others are deleted.
func (b *Box) mergeOrders(in mergeIn) (reply, error) {
	switch in.Platform {
	case "":
		return reply{}, invalid("platform_code不能为空")
	case "10007", "10011", "10012":
		return reply{}, refuse("该平台不支持合并订单")
	}
	if len(in.Numbers) == 0 {
		return reply{}, invalid("order_list不能为空")
	}
	type place struct {
		shop                     *shop
		name, country, city, one string
	}
	var places []place
	groups := map[place][]*order{}
	out := mergeResult{Failures: []mergeFail{}, Done: []mergeDone{}}
	fail := func(numbers ...string) {
		out.Fail += len(numbers)
		out.Failures = append(out.Failures, mergeFail{numbers, "操作的勾选项无可合并的订单!"})
	}
	failing := b.failing()
	seen := map[string]bool{}
	for i, n := range in.Numbers {
		if seen[n] {
			continue
		}
		seen[n] = true
		id, _ := strconv.ParseInt(n, 10, 64) // no number is no order's
		o := b.byNumber[id]
		if o == nil || failing(i, n) || o.deleted || o.mpState() != mpReview || o.shop.platform != string(in.Platform) {
			fail(n)
			continue
		}
		_, to := o.people()
		at := place{o.shop, to.Receiver, to.Country, to.City, to.Line1}
		if groups[at] == nil {
			places = append(places, at)
		}
		groups[at] = append(groups[at], o)
	}
	for _, at := range places {
		group := groups[at]
		if len(group) < 2 {
			fail(digits(group[0].number))
			continue
		}
		out.Success += len(group)
		out.Done = append(out.Done, b.merge(group))
	}
	return one(out), nil
}

func (b *Box) merge(group []*order) mergeDone {
	first, now := group[0], b.kit.Clock.Now().Unix()
	done := mergeDone{New: digits(first.number)}
	var lines []orderLine
	for _, o := range group {
		done.Numbers = append(done.Numbers, digits(o.number))
		for _, l := range o.erpLines() {
			if l.from == nil {
				l.from = o
			}
			lines = append(lines, l)
		}
	}
	for _, o := range group[1:] {
		sources := o.sources()
		b.change(o, func() { o.edit().into, o.deleted, o.modified = first, true, now })
		first.edit().merged = append(first.edit().merged, sources...)
	}
	b.change(first, func() { first.erp.lines, first.erp.split, first.modified = lines, "2", now })
	return done
}
