package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/state"
)

// longPeace is how many runs it may take until all is quiet.
const longPeace = 10

// peace ends all faults, lets the vendors do what they still have to do, and runs until nothing is
// open that people can do something about.
func (w *world) peace(ctx context.Context) error {
	if err := w.forget(""); err != nil {
		return err
	}
	if err := w.advance(10 * time.Minute); err != nil { // late work, before the clocks agree again
		return err
	}
	if err := w.setDrift(0); err != nil {
		return err
	}
	// What a clock that ran a day ahead has put off is due, an older window that is looked at every six
	// hours included: what arrived late stands only there.
	if err := w.advance(31 * time.Hour); err != nil {
		return err
	}
	if err := w.addShop(); err != nil {
		return err
	}
	for n := range longPeace {
		if err := w.quietRun(ctx); err != nil {
			return err
		}
		open, err := w.open(ctx)
		if err != nil || len(open) == 0 && n > 0 { // the first run may only end an older reread, which a kill has cut off
			return err
		}
		if err := w.people(ctx, open, n); err != nil {
			return err
		}
		if err := w.advance(11 * time.Minute); err != nil {
			return err
		}
	}
	return nil
}

// addShop adds the rows that a table lacks, as a person would.
func (w *world) addShop() error {
	all, err := w.sourceOrders()
	if err != nil {
		return err
	}
	for _, o := range all {
		if _, known := w.shops[o.Shop]; !known {
			w.shops[o.Shop] = shop{"100", "PRE001", fmt.Sprint("Shop ", o.Shop)}
		}
	}
	return w.writeShops()
}

// quietRun runs all pipelines, and is not killed.
func (w *world) quietRun(ctx context.Context, flags ...string) error {
	e, err := w.child(ctx, killPlan{}, slices.Concat([]string{"run", "-o", "json"}, names(), flags)...)
	if err != nil {
		return err
	}
	if e.killed != "" || e.code == 2 {
		return fmt.Errorf("pipectl run in peace: %s %s", e.killed, e.said)
	}
	reports, err := results[run.Report](e.out)
	if err != nil {
		return err
	}
	w.r.last = reports
	for _, r := range reports {
		w.r.tell("  peace: %s %s delivered=%d unchanged=%d waiting=%d held=%d", r.Pipeline, r.Status, r.Delivered, r.Unchanged, r.Waiting, r.Held)
		if r.Error != nil {
			w.r.tell("    %s %s", r.Error.ID, r.Error.Reason)
		}
	}
	return nil
}

// open are the exceptions, and the records that wait, of which something may still come.
func (w *world) open(ctx context.Context) ([]state.Exception, error) {
	e, err := w.child(ctx, killPlan{}, "errors", "--all", "-o", "json")
	if err != nil {
		return nil, err
	}
	if e.code != 0 {
		return nil, fmt.Errorf("pipectl errors: %s", e.said)
	}
	lists, err := results[[]state.Exception](e.out)
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	return slices.DeleteFunc(lists[0], w.mayStayOpen), nil
}

// mayStayOpen is an order that is no document and never will be.
func (w *world) mayStayOpen(x state.Exception) bool {
	all := w.versions[x.Key]
	return x.Kind == state.InvalidData && len(all) > 0 && len(all[len(all)-1].lines()) == 0
}

// people do what an exception asks them to do: what is missing is created, and the rest is looked at
// and retried.
func (w *world) people(ctx context.Context, open []state.Exception, round int) error {
	for _, x := range open {
		w.r.tell("    open: %s %s %s %s %s", x.Pipeline, x.Key, x.Kind, x.ID, x.Reason)
	}
	if round == 0 {
		return w.addMaterials()
	}
	for _, x := range open {
		if x.ID != "PC421" {
			continue
		}
		// an order came back, and its cancelled document keeps the number
		what := []string{"uncancel", "delete"}[len(x.Key)%2]
		if err := w.target.do(what, map[string]any{"form": "SAL_SaleOrder", "number": x.TargetKey}); err != nil {
			return err
		}
	}
	e, err := w.child(ctx, killPlan{}, "errors", "retry")
	if err == nil && e.code != 0 {
		err = fmt.Errorf("pipectl errors retry: %s", e.said)
	}
	return err
}

// addMaterials creates what orders name and the target does not have.
func (w *world) addMaterials() error {
	all, err := w.sourceOrders()
	if err != nil {
		return err
	}
	have, err := w.materials()
	if err != nil {
		return err
	}
	for _, o := range all {
		for _, l := range o.lines() {
			if slices.ContainsFunc(have, func(m material) bool { return m.Number == l.SKU && m.Org == "101" }) {
				continue
			}
			action, args := "add-material", map[string]any{"number": l.SKU, "name": l.SKU, "audit": true, "allocate": []string{"101"}}
			if slices.ContainsFunc(have, func(m material) bool { return m.Number == l.SKU }) {
				action, args = "allocate", map[string]any{"form": "BD_MATERIAL", "number": l.SKU, "org": "101"}
			}
			if err := w.target.do(action, args); err != nil && !strings.Contains(err.Error(), "already") {
				return err
			}
			have = append(have, material{l.SKU, "C", "100"}, material{l.SKU, "C", "101"})
		}
	}
	return nil
}

func (w *world) materials() ([]material, error) {
	var out []material
	err := w.target.ask("GET", "dump?collection=BD_MATERIAL", nil, &out)
	return out, err
}
