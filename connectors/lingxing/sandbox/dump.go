package sandbox

import (
	"maps"
	"slices"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// Dump is everything stored. Amazon's orders stand in "orders" and "order_details", what the company
// ships itself, of every platform, in "multi_orders". What grows with the number of orders is made row by row when asked for.
func (b *Box) Dump() map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sellers, stores any
	if r, err := b.sellers(); err == nil {
		sellers = r.data
	}
	if r, err := b.stores(storesIn{}); err == nil {
		stores = r.data
	}
	orders, parcels := pick(b.orders, (*order).listed), b.parcels
	own := pick(b.orders, func(o *order) bool { return o.number != 0 })
	made := func(n int, at func(i int) any) sandbox.Rows {
		return sandbox.Rows{N: n, At: func(i int) any {
			b.mu.Lock()
			defer b.mu.Unlock()
			return at(i)
		}}
	}
	return map[string]any{
		"orders":          made(len(orders), func(i int) any { return orders[i].row() }),
		"order_details":   made(len(orders), func(i int) any { return orders[i].detail() }),
		"multi_orders":    made(len(own), func(i int) any { return b.multiRow(own[i]) }),
		"outbound_orders": made(len(parcels), func(i int) any { return b.parcelRow(parcels[i]) }),
		"mcf_orders":      made(len(b.mcf), func(i int) any { return b.mcf[i].mcfRow() }),
		"fba_stock":       b.dumpFBA(),
		"shops":           sellers,
		"stores":          stores,
		"products":        b.dumpProducts(),
		"warehouses":      b.dumpWarehouses(),
		"stock":           b.dumpStock(),
		"stock_documents": b.dumpDocuments(),
		"stock_moves":     b.dumpMoves(),
		"listing_stock":   maps.Clone(b.fbm),
		"tokens":          b.dumpTokens(),
		"switches":        b.switches,
		"requests":        maps.Clone(b.requests),
		"in_flight":       b.dumpFlights(),
	}
}

func (b *Box) dumpProducts() []productRow {
	out := []productRow{}
	for _, p := range b.products {
		out = append(out, b.productRow(p))
	}
	return out
}

func (b *Box) dumpWarehouses() []map[string]any {
	out := []map[string]any{}
	for _, w := range b.warehouses {
		out = append(out, map[string]any{"wid": w.id, "name": w.name, "type": w.kind, "country_code": w.country, "own_id": w.own, "deleted": w.deleted})
	}
	return out
}

func (b *Box) dumpStock() []stockAnswer {
	out := []stockAnswer{}
	for _, s := range b.stock {
		out = append(out, s.answer())
	}
	return out
}

func (b *Box) dumpFBA() []fbaRow {
	out, moves := []fbaRow{}, b.fbaMoves()
	for _, x := range b.fba {
		out = append(out, b.fbaRow(x, moves, true))
	}
	return out
}

func (b *Box) dumpDocuments() []docRow {
	out := []docRow{}
	for _, d := range b.documents {
		out = append(out, d.row())
	}
	for _, d := range b.adjusts {
		out = append(out, d.row())
	}
	return out
}

func (b *Box) dumpMoves() []moveRow {
	out := []moveRow{}
	for _, m := range b.moves {
		out = append(out, b.moveRow(m))
	}
	return out
}

// dumpTokens shows that tokens are there, and never which.
func (b *Box) dumpTokens() []map[string]any {
	out := []map[string]any{}
	now := b.kit.Clock.Now()
	for _, id := range slices.Sorted(maps.Keys(b.apps)) {
		a := b.apps[id]
		for _, of := range []struct {
			kind   string
			tokens map[string]token
		}{{"access", a.access}, {"refresh", a.refresh}} {
			for _, k := range slices.Sorted(maps.Keys(of.tokens)) {
				t := of.tokens[k]
				out = append(out, map[string]any{"app_id": id, "kind": of.kind, "token": "***", "live": !t.dead && now.Before(t.until), "until": beijing(t.until.Unix())})
			}
		}
	}
	return out
}

// dumpFlights counts the requests on their way, by app and path.
func (b *Box) dumpFlights() map[string]int {
	out := map[string]int{}
	for f, k := range b.flights {
		if k.flying > 0 {
			out[f.app+" "+f.path] = k.flying
		}
	}
	return out
}
