package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// order is an order as the source holds it.
type order struct {
	Shop   int    `json:"sid"`
	ID     string `json:"amazon_order_id"`
	Status string `json:"order_status"`
	Buyer  string `json:"buyer_name"`
	Bought string `json:"purchase_date_utc"`
	Items  []item `json:"item_list"`
}

type item struct {
	SKU   string      `json:"sku"`
	Qty   int64       `json:"quantity_ordered"`
	Price json.Number `json:"item_price_amount"` // of the line
}

func (o order) key() string { return fmt.Sprintf("%d/%s", o.Shop, o.ID) }

// lines are the items of which something was ordered.
func (o order) lines() []item {
	return slices.DeleteFunc(slices.Clone(o.Items), func(i item) bool { return i.Qty <= 0 })
}

// sourceOrders are all orders, in the order in which they came to be.
func (w *world) sourceOrders() ([]order, error) {
	var heads, details []order
	if err := w.source.ask("GET", "dump?collection=orders", nil, &heads); err != nil {
		return nil, err
	}
	if err := w.source.ask("GET", "dump?collection=order_details", nil, &details); err != nil {
		return nil, err
	}
	whole := map[string]order{}
	for _, d := range details {
		whole[d.key()] = d
	}
	for i, h := range heads {
		d, ok := whole[h.key()]
		if !ok {
			return nil, fmt.Errorf("order %s has no details", h.key())
		}
		heads[i].Items = d.Items
	}
	return heads, nil
}

// history is how every order has looked, the newest last.
type history map[string][]order

// note remembers how the orders look now.
func (w *world) note() error {
	all, err := w.sourceOrders()
	for _, o := range all {
		old := w.versions[o.key()]
		if len(old) == 0 || fmt.Sprint(old[len(old)-1]) != fmt.Sprint(o) {
			w.versions[o.key()] = append(old, o)
		}
	}
	if err != nil {
		return err
	}
	products, err := w.products()
	for _, p := range products {
		w.skus[p.SKU] = true
	}
	return err
}

// shop is a row of the table that the pipelines look their shops up in.
type shop struct{ org, currency, name string }

func firstShops() map[int]shop {
	return map[int]shop{113: {"100", "PRE007", "Shop 113"}, 114: {"100", "PRE004", "Shop 114"}, 115: {"101", "PRE005", "Shop 115"}}
}

// writeShops writes the table.
func (w *world) writeShops() error {
	var text strings.Builder
	text.WriteString("sid,org,currency,name\n")
	for _, id := range slices.Sorted(maps.Keys(w.shops)) {
		s := w.shops[id]
		fmt.Fprintf(&text, "%d,%s,%s,%s\n", id, s.org, s.currency, s.name)
	}
	return os.WriteFile(filepath.Join(w.dir, "pipelines", "tables", "shop.csv"), []byte(text.String()), 0o600)
}

// orderForm is what becomes of an order in one of the pipelines.
type orderForm struct {
	key      func(order) string
	customer func(order) string
}

var (
	billForm = orderForm{
		func(o order) string { return fmt.Sprintf("%d-%s", o.Shop, o.ID) },
		func(o order) string { return fmt.Sprintf("CRASH-%d", o.Shop) },
	}
	numberedForm = orderForm{
		func(o order) string { return fmt.Sprintf("N-%d-%s", o.Shop, o.ID) },
		func(order) string { return "CUST-RETAIL" },
	}
)

// content is all that a document of an order must say, in one text.
func (f orderForm) content(shops map[int]shop, o order) string {
	var b strings.Builder
	at, err := time.Parse("2006-01-02 15:04:05", o.Bought)
	if err != nil {
		return "purchase date: " + err.Error()
	}
	s := shops[o.Shop]
	fmt.Fprintf(&b, "%s date=%s org=%s currency=%s buyer=%q", f.key(o), at.Add(8*time.Hour).Format("2006-01-02"), s.org, s.currency, strings.TrimSpace(o.Buyer))
	b.WriteString(" customer=" + f.customer(o))
	for _, l := range o.lines() {
		price, ok := new(big.Rat).SetString(l.Price.String())
		if !ok {
			return "price " + l.Price.String()
		}
		free := price.Sign() == 0
		fmt.Fprintf(&b, " [%s x%d at %s free=%v]", l.SKU, l.Qty, rounded(price.Quo(price, big.NewRat(l.Qty, 1))), free)
	}
	return b.String()
}

// rounded is a price to six places, half away from zero.
func rounded(r *big.Rat) string {
	million := big.NewRat(1_000_000, 1)
	n := new(big.Rat).Mul(r, million)
	n.Add(n, big.NewRat(1, 2))
	whole := new(big.Int).Quo(n.Num(), n.Denom()) // no price is negative
	return new(big.Rat).SetFrac(whole, big.NewInt(1_000_000)).FloatString(6)
}

// document is one as the target holds it.
type document struct {
	ID        json.Number `json:"FID"`
	Number    string      `json:"FBillNo"`
	Net       string      `json:"FNetOrderBillNo"`
	Status    string      `json:"FDocumentStatus"`
	Cancelled string      `json:"FCancelStatus"`
	Date      string      `json:"FDate"`
	Org       string      `json:"FSaleOrgId"`
	Customer  string      `json:"FCustId"`
	Buyer     string      `json:"FLinkMan"`
	Currency  string      `json:"FSaleOrderFinance.FSettleCurrId"`
	Lines     []struct {
		SKU   string `json:"FMaterialId"`
		Unit  string `json:"FUnitID"`
		Qty   string `json:"FQty"`
		Price string `json:"FTaxPrice"`
		Free  bool   `json:"FIsFree"`
	} `json:"FSaleOrderEntry"`
}

// key is what the document is found by; numbers that the target gave belong to the second pipeline.
func (d document) key() string {
	if d.Net != "" {
		return d.Net
	}
	return d.Number
}

func (d document) live() bool { return d.Cancelled != "B" }

// content is what the document says, in the words of orderForm.content.
func (d document) content() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s date=%s org=%s currency=%s buyer=%q customer=%s", d.key(), d.Date, d.Org, d.Currency, d.Buyer, d.Customer)
	for _, l := range d.Lines {
		price, ok := new(big.Rat).SetString(l.Price)
		if !ok {
			price = new(big.Rat)
		}
		fmt.Fprintf(&b, " [%s x%s at %s free=%v]", l.SKU, l.Qty, rounded(price), l.Free)
	}
	return b.String()
}

// material is base data of one organisation.
type material struct {
	Number string `json:"FNumber"`
	Status string `json:"FDocumentStatus"`
	Org    string `json:"FUseOrgId"`
}

// deliverable says whether an order has to be a document, now that people have done their part.
func (o order) deliverable(shops map[int]shop, materials []material) bool {
	s, known := shops[o.Shop]
	if !known || len(o.lines()) == 0 || !slices.Contains([]string{"Unshipped", "PartiallyShipped", "Shipped"}, o.Status) {
		return false
	}
	for _, l := range o.lines() {
		if !slices.ContainsFunc(materials, func(m material) bool { return m.Number == l.SKU && m.Org == s.org && m.Status == "C" }) {
			return false
		}
	}
	return true
}

// UnmarshalJSON reads prices that the source writes as texts, too.
func (i *item) UnmarshalJSON(raw []byte) error {
	type plain struct {
		SKU   string `json:"sku"`
		Qty   int64  `json:"quantity_ordered"`
		Price any    `json:"item_price_amount"`
	}
	var p plain
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&p); err != nil {
		return err
	}
	*i = item{p.SKU, p.Qty, json.Number(fmt.Sprint(p.Price))}
	return nil
}
