package main

import (
	"fmt"
	"slices"
)

// happen lets something happen in the source.
func (w *world) happen(h happening) error {
	action, args, err := w.action(h)
	if err != nil || action == "" {
		return err
	}
	err = w.source.do(action, args)
	if err != nil && w.r.verbose {
		w.r.tell("  refused: %v", err) // the source, too, has rules
	}
	return nil
}

// action is what a happening means at the source; none when there is nothing that it could befall.
func (w *world) action(h happening) (string, map[string]any, error) {
	switch h.What {
	case "add-order":
		if h.Kind == "sure" { // it can be delivered as it is
			return h.What, map[string]any{"kind": "plain", "sid": 113, "sku": "MUG-RED", "qty": h.Qty, "status": "Unshipped"}, nil
		}
		return h.What, map[string]any{"kind": h.Kind}, nil
	case "late-order":
		return h.What, map[string]any{"age": h.Age.String()}, nil
	case "add-product":
		return h.What, map[string]any{"sku": h.sku(), "name": h.Name}, nil
	case "delete-product":
		return h.What, map[string]any{"sku": h.sku()}, nil
	}
	all, err := w.sourceOrders()
	if h.What == "revive-order" {
		all = slices.DeleteFunc(all, func(o order) bool { return o.Status != "Canceled" })
	}
	if err != nil || len(all) == 0 {
		return "", nil, err
	}
	o := all[len(all)-1]
	if h.Which != newest {
		o = all[h.Which%len(all)]
	}
	args := map[string]any{"sid": o.Shop, "order_id": o.ID}
	switch h.What {
	case "revive-order":
		args["status"] = "Unshipped"
		return "change-order", args, nil
	case "change-order":
		args["buyer"] = fmt.Sprintf("Buyer %d", h.Cents)
		if len(o.lines()) > 0 {
			args["qty"] = h.Qty
		}
		if o.Status == "Canceled" {
			args["status"] = "Canceled" // it stays so
		}
	}
	return h.What, args, nil
}

// skuPrefix is of the products that the third pipeline takes.
const skuPrefix = "CRASH-"

// sku is the product that something happens to: a few of them, so that they come and go.
func (h happening) sku() string {
	if h.Which == aimedProduct {
		return skuPrefix + "AIM"
	}
	return fmt.Sprint(skuPrefix, h.Which%6)
}
