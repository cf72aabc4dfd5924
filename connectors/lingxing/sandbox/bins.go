package sandbox

import (
	"slices"
	"strconv"
)

type warehouseBinsIn struct {
	WID    commas `json:"wid"`
	ID     commas `json:"id"`
	Status commas `json:"status"`
	Type   commas `json:"type"`
	Offset number `json:"offset"`
	Limit  number `json:"limit"`
}

// bin is a place on a shelf of a warehouse.
type bin struct {
	ID        int         `json:"id"`
	WID       int         `json:"wid"`
	Warehouse string      `json:"Ware_house_name"` // the vendor's spelling
	Name      string      `json:"storage_bin"`
	Status    int         `json:"status"`
	Type      int         `json:"type"`
	Goods     []binTenant `json:"sku_fnsku"`
}

type binTenant struct {
	SKU       string `json:"sku"`
	ProductID int    `json:"product_id"`
	FNSKU     string `json:"fnsku"`
	Store     string `json:"store_id"`
	Seller    string `json:"seller_name"`
	Name      string `json:"product_name"`
}

const (
	binGood, binBad    = 5, 6
	binClosed, binOpen = 1, 2
)

// warehouseBins answers POST /erp/sc/routing/data/local_inventory/warehouseBin: the bins of local
// warehouses, paged by offset and limit. A length, which others take, goes unread.
func (b *Box) warehouseBins(in warehouseBinsIn) (reply, error) {
	wids, ids, states, kinds := newSet(in.WID), newSet(in.ID), newSet(in.Status), newSet(in.Type)
	rows := pick(b.bins(), func(x bin) bool {
		return wids.has(strconv.Itoa(x.WID)) && ids.has(strconv.Itoa(x.ID)) && states.has(strconv.Itoa(x.Status)) && kinds.has(strconv.Itoa(x.Type))
	})
	lo, hi, err := slicing{in.Offset, in.Limit}.span(len(rows), 20, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

// bins are those of every local warehouse: two that are used, one for what is bad, one that is closed.
// A product keeps to one bin, whatever lies in it now.
func (b *Box) bins() []bin {
	var out []bin
	for _, w := range b.warehouses {
		if w.kind != 1 || w.deleted {
			continue
		}
		of := func(n int, name string, status, kind int) bin {
			return bin{ID: w.id*10 + n, WID: w.id, Warehouse: w.name, Name: name, Status: status, Type: kind, Goods: []binTenant{}}
		}
		shelf := []bin{
			of(5, "A-1-1", binOpen, binGood), of(6, "A-1-2", binOpen, binGood), of(7, "C-1-1", binOpen, binBad), of(8, "A-9-9", binClosed, binGood),
		}
		for _, s := range b.stock {
			if s.wid != w.id {
				continue
			}
			t := binTenant{s.product.sku, s.product.id, s.fnsku, s.seller, b.sellerName(s.seller), s.product.name}
			shelf[s.product.id%2].Goods = append(shelf[s.product.id%2].Goods, t)
			if s.bad > 0 {
				shelf[2].Goods = append(shelf[2].Goods, t)
			}
		}
		out = append(out, shelf...)
	}
	return out
}

func (b *Box) sellerName(sid string) string {
	if s := b.shopBySID(sid); s != nil {
		return s.name
	}
	return ""
}
