package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// orderArgs are the arguments of the actions that make and change orders. Pointers: not named, not changed.
type orderArgs struct {
	Kind        string  `json:"kind"`
	SID         int     `json:"sid"`
	ID          string  `json:"order_id"`
	SKU         string  `json:"sku"`
	Qty         *int    `json:"qty"`
	Amount      *string `json:"amount"` // of the whole order
	Buyer       *string `json:"buyer"`
	Status      string  `json:"status"`
	Age         string  `json:"age"`
	ModifiedAge string  `json:"modified_age"`
	Count       int     `json:"count"`
}

// orderName is what the actions answer.
type orderName struct {
	SID    int    `json:"sid"`
	ID     string `json:"amazon_order_id"`
	Number string `json:"global_order_no,omitempty"`
}

func nameOf(o *order) orderName {
	n := orderName{SID: o.shop.sid, ID: o.id}
	if o.number != 0 {
		n.Number = digits(o.number)
	}
	return n
}

var orderKinds = []string{kindPlain, kindGift, kindNoLines, kindCancelled, kindPending, kindUnknownSKU, kindUnknownShop, kindTwin}

func (b *Box) orderActions() []sandbox.Action {
	return []sandbox.Action{
		act(b, "add-order", "A buyer orders now. kind is plain, gift, no-lines, cancelled, pending, unknown-sku, unknown-shop or twin (the number of an order in another shop); all else may be left out.",
			`{"kind":"plain","sid":113,"sku":"MUG-RED","qty":2,"amount":"54.98","buyer":"Ann Example","status":"Unshipped","count":1}`, b.addOrders),
		act(b, "late-order", "An order arrives late: last_update_date and gmt_modified lie so far back. modified_age sets gmt_modified apart (0s: now).",
			`{"age":"30m","modified_age":"5m","sid":113}`, b.lateOrder),
		act(b, "change-order", "An order changes now: its amount (of the whole order), the quantity of its first line, its buyer or its status; gmt_modified moves.",
			`{"order_id":"111-2233445-6677889","sid":113,"amount":"60.00","qty":3,"buyer":"Tom Test","status":"Unshipped"}`, b.changeOrder),
		act(b, "touch-order", "gmt_modified moves, and nothing else.", `{"order_id":"111-2233445-6677889"}`, b.touchOrder),
		act(b, "cancel-order", "An order is cancelled on its platform.", `{"order_id":"111-2233445-6677889","sid":113}`, b.cancelOrder),
		act(b, "ship-order", "An order is shipped: on its platform, and its outbound order leaves the warehouse.", `{"order_id":"111-2233445-6677889"}`, b.shipOrder),
		act(b, "refund-order", "An order is refunded whole.", `{"order_id":"111-2233445-6677889"}`, b.refundOrder),
		act(b, "request-cancel", "A buyer asks to cancel: the tag 买家申请取消 while the state stays. off takes the wish back.", `{"order_id":"111-2233445-6677889","off":false}`, b.requestCancel),
		act(b, "delete-order", "A multi-platform order is deleted in the ERP: it comes with include_delete only.", `{"order_id":"111-2233445-6677889"}`, b.deleteOrder),
	}
}

func (b *Box) addOrders(in orderArgs) (any, error) {
	if in.Age != "" || in.ModifiedAge != "" {
		return nil, errors.New("add-order: an order with an age is a late-order")
	}
	if in.Count < 0 || in.Count > 100_000 || in.Count > 1 && in.ID != "" {
		return nil, errors.New("add-order: count is 1 to 100000, and one order_id is for one order")
	}
	var made []orderName
	for range max(in.Count, 1) {
		o, err := b.makeOrder(in)
		if err != nil {
			return nil, err
		}
		made = append(made, nameOf(o))
	}
	if len(made) == 1 {
		return made[0], nil
	}
	return made, nil
}

// makeOrder draws an order of a kind, then sets what was asked for.
func (b *Box) makeOrder(in orderArgs) (*order, error) {
	kind := or(in.Kind, kindPlain)
	if !slices.Contains(orderKinds, kind) {
		return nil, fmt.Errorf("no kind %q: there are %s", in.Kind, strings.Join(orderKinds, ", "))
	}
	now := b.kit.Clock.Now().Unix()
	rnd := b.randOf(len(b.orders))
	o := b.draw(rnd, len(b.orders), kind, now-60)
	o.updated, o.modified, o.afn = now, now, false
	if in.SID != 0 {
		s := b.shopBySID(fmt.Sprint(in.SID))
		if s == nil {
			return nil, fmt.Errorf("no shop with sid %d", in.SID)
		}
		b.moveTo(rnd, o, s, kind)
	}
	if kind == kindTwin && !twin(o, b.orders) {
		return nil, errors.New("there is no order yet in another shop whose number it could have")
	}
	o.id = or(in.ID, o.id)
	if slices.ContainsFunc(b.byID[o.id], func(x *order) bool { return x.shop == o.shop }) {
		return nil, fmt.Errorf("shop %d has an order %s already", o.shop.sid, o.id)
	}
	if in.SKU != "" {
		p := b.bySKU[in.SKU]
		if p == nil {
			return nil, fmt.Errorf("no product %q", in.SKU)
		}
		o.lines = []orderLine{{product: p, itemID: itemID(o, 0), qty: 1, price: p.price[o.shop.currency]}}
	}
	if err := amend(o, in); err != nil {
		return nil, err
	}
	b.insert(o)
	if s := o.mpState(); o.number != 0 && s == mpToShip {
		b.changeParcel(b.newParcel(o, now), func() {})
	}
	return o, nil
}

// moveTo draws an order again for another shop, whose currency its lines must have.
func (b *Box) moveTo(rnd *rand.Rand, o *order, s *shop, kind string) {
	status := o.status
	fresh := order{seq: o.seq, shop: s, status: status, purchased: o.purchased, updated: o.updated, modified: o.modified, wid: o.wid}
	fresh.identify(rnd, kind)
	fresh.afn = false
	if fresh.number == 0 {
		fresh.number = o.number
	}
	b.drawLines(rnd, &fresh, kind)
	*o = fresh
}

// randOf draws one order. It depends on the seed and the order alone, so that an action that was
// refused changes nothing about the next one.
func (b *Box) randOf(seq int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(b.kit.Seed), uint64(seq)+1))
}

// amend sets what the arguments name.
func amend(o *order, in orderArgs) error {
	if in.Qty != nil {
		if len(o.lines) == 0 || *in.Qty < 0 || *in.Qty > 1_000_000 {
			return errors.New("qty: the order needs a line, and the number is 0 to 1000000")
		}
		l := &o.lines[0]
		l.price = l.unit() * cents(*in.Qty)
		l.qty = *in.Qty
	}
	if in.Amount != nil {
		if err := o.setTotal(*in.Amount); err != nil {
			return err
		}
	}
	if in.Buyer != nil {
		o.buyer = *in.Buyer
	}
	if in.Status != "" {
		if !slices.Contains([]string{pending, unshipped, partly, shipped, canceled}, in.Status) {
			return fmt.Errorf("no status %q", in.Status)
		}
		o.status = in.Status
	}
	return nil
}

// setTotal gives the order a total by the price of its first line, so that its lines still add up.
func (o *order) setTotal(amount string) error {
	c, ok := parseCents(amount)
	if !ok || c < 0 || len(o.lines) == 0 {
		return fmt.Errorf("amount %q: the order needs a line, and the amount is like \"54.98\"", amount)
	}
	var sum cents
	for i := range o.lines {
		sum += o.lines[i].sum()
	}
	if o.lines[0].price += c - sum; o.lines[0].price < 0 {
		return fmt.Errorf("amount %s: the other lines and charges of the order come to more", amount)
	}
	return nil
}

func (b *Box) lateOrder(in orderArgs) (any, error) {
	age, err := duration(in.Age, 30*time.Minute)
	if err != nil {
		return nil, err
	}
	modified, err := duration(in.ModifiedAge, age)
	if err != nil {
		return nil, err
	}
	o, err := b.makeOrder(in)
	if err != nil {
		return nil, err
	}
	now := b.kit.Clock.Now()
	b.change(o, func() {
		o.updated = now.Add(-age).Unix()
		o.purchased = o.updated - 60
		o.modified = now.Add(-modified).Unix()
	})
	return nameOf(o), nil
}

// the finds the one order that an action names by number, and by shop where two share it.
func (b *Box) the(id string, sid int) (*order, error) {
	found := b.find(id, sid)
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no order %q", id)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("order %s is in %d shops: say which with sid", id, len(found))
}

// onOrder changes the order that an action names, now.
func (b *Box) onOrder(id string, sid int, f func(*order) error) (any, error) {
	o, err := b.the(id, sid)
	if err != nil {
		return nil, err
	}
	b.change(o, func() {
		before := *o
		before.lines = slices.Clone(o.lines)
		if err = f(o); err != nil {
			*o = before
			return
		}
		o.modified = b.kit.Clock.Now().Unix()
	})
	if err != nil {
		return nil, err
	}
	return nameOf(o), nil
}

func (b *Box) changeOrder(in orderArgs) (any, error) {
	return b.onOrder(in.ID, in.SID, func(o *order) error {
		o.updated = b.kit.Clock.Now().Unix()
		return amend(o, in)
	})
}

type orderRef struct {
	ID  string `json:"order_id"`
	SID int    `json:"sid"`
	Off bool   `json:"off"`
}

func (b *Box) touchOrder(in orderRef) (any, error) {
	return b.onOrder(in.ID, in.SID, func(*order) error { return nil })
}

func (b *Box) cancelOrder(in orderRef) (any, error) {
	name, err := b.onOrder(in.ID, in.SID, func(o *order) error {
		o.status, o.state, o.updated = canceled, 0, b.kit.Clock.Now().Unix()
		return nil
	})
	for _, o := range b.byID[in.ID] { // a buyer cancels all that the ERP made of the order
		if err == nil && o.erp != nil && o.erp.part && (in.SID == 0 || o.shop.sid == in.SID) {
			b.change(o, func() { o.state, o.modified = mpCancelled, b.kit.Clock.Now().Unix() })
		}
	}
	return name, err
}

func (b *Box) shipOrder(in orderRef) (any, error) {
	o, err := b.the(in.ID, in.SID)
	if err != nil {
		return nil, err
	}
	if p := b.openParcel(o); p != nil {
		if why := b.send(p); why != "" {
			return nil, errors.New(why)
		}
	}
	b.markShipped(o)
	return nameOf(o), nil
}

func (b *Box) refundOrder(in orderRef) (any, error) {
	return b.onOrder(in.ID, in.SID, func(o *order) error {
		now := b.kit.Clock.Now().Unix()
		o.refunded, o.refundAt, o.received, o.updated = o.total(), now, 0, now
		return nil
	})
}

func (b *Box) requestCancel(in orderRef) (any, error) {
	return b.onOrder(in.ID, in.SID, func(o *order) error {
		if o.tag = "买家申请取消"; in.Off {
			o.tag = ""
		}
		return nil
	})
}

func (b *Box) deleteOrder(in orderRef) (any, error) {
	return b.onOrder(in.ID, in.SID, func(o *order) error {
		o.deleted = !in.Off
		return nil
	})
}
