package sandbox

import "slices"

// erpView is what became of an order inside the ERP (订单管理), where orders are edited, split and merged.
// The platform's own lists go on showing what the buyer ordered.
type erpView struct {
	lines  []orderLine // instead of the platform's, where not nil
	split  string      // split_type: "2" merged, "3" split, else ""
	part   bool        // split off: it is on no platform
	manual bool        // made over the API (手工订单)
	merged []*order    // whose lines it took
	into   *order      // which took its lines
	shipTo *addressInfo
}

// onPlatform is also true of no view.
func (e *erpView) onPlatform() bool { return e == nil || !e.part && !e.manual }

func (e *erpView) buyersInfo(o *order) *buyersInfo {
	return &buyersInfo{Name: or(o.buyer, e.shipTo.Receiver), Email: o.email(), No: "P" + digits(100_000+int64(o.seq))}
}

// edit is the view of an order, made when somebody first touches it.
func (o *order) edit() *erpView {
	if o.erp == nil {
		o.erp = &erpView{}
	}
	return o.erp
}

// listed are the orders that Amazon knows.
func (o *order) listed() bool { return o.amazon() && o.erp.onPlatform() }

// erpLines are the lines as the ERP ships them.
func (o *order) erpLines() []orderLine {
	if o.erp != nil && o.erp.lines != nil {
		return o.erp.lines
	}
	return o.lines
}

func (o *order) erpTotal() cents {
	if o.status == pending {
		return 0
	}
	var sum cents
	for _, l := range o.erpLines() {
		sum += l.sum()
	}
	return sum
}

// sources are the platform's orders behind an order, each once: itself, and those merged into it.
func (o *order) sources() []*order {
	out := []*order{o}
	if o.erp == nil {
		return out
	}
	for _, x := range o.erp.merged {
		if !slices.ContainsFunc(out, func(y *order) bool { return y.id == x.id }) {
			out = append(out, x)
		}
	}
	return out
}

// current is the order that has the lines now.
func (o *order) current() *order {
	for o.erp != nil && o.erp.into != nil {
		o = o.erp.into
	}
	return o
}

func (o *order) platformIDs() []string {
	var ids []string
	for _, x := range o.sources() {
		ids = append(ids, x.id)
	}
	return ids
}

// platformID is the number of the platform's order that a line came with.
func (l *orderLine) platformID(o *order) string {
	if l.from != nil {
		return l.from.id
	}
	return o.id
}

func (o *order) origin() string {
	if o.erp != nil && o.erp.manual {
		return "手工订单"
	}
	return "线上订单"
}

func (o *order) splitType() string {
	if o.erp != nil && o.erp.split != "" {
		return o.erp.split
	}
	return "1"
}

// itemNumber is the id of a line in the multi-platform list.
func (o *order) itemNumber(i int) string { return digits(8_000_000 + int64(o.seq)*10 + int64(i)) }

// newNumber is the system's number (系统单号) of the next order.
func (b *Box) newNumber() int64 {
	seq := len(b.orders)
	return firstNumber + int64(seq)*1_000 + int64(b.randOf(seq).IntN(1_000))
}

const firstNumber = 103_351_413_752_000_000
