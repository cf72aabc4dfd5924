package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// claim is what one record of the source demands of the target.
type claim struct {
	key    string // that its document is found by
	record string // for people
	wanted bool
	says   string   // all that its document must say
	said   []string // what its former versions had to say
}

// held is a document as the target holds it.
type held struct {
	key, id, stage string
	live           bool
	says           string
}

// pipeline is what the judge knows of one.
type pipeline struct {
	name, yaml    string
	object, field string // of the target, that documents are found by
	stage         string // FDocumentStatus of one that is done
	claims        func(*world) ([]claim, error)
}

var pipelines = []pipeline{
	{"bills", billsYAML, "SAL_SaleOrder", "FBillNo", "C", func(w *world) ([]claim, error) { return w.orderClaims(billForm) }},
	{"numbered", numberedYAML, "SAL_SaleOrder", "FNetOrderBillNo", "A", func(w *world) ([]claim, error) { return w.orderClaims(numberedForm) }},
	{"goods", goodsYAML, "BD_Customer", "FNumber", "B", (*world).goodsClaims},
}

func names() []string {
	var out []string
	for _, p := range pipelines {
		out = append(out, p.name)
	}
	return out
}

func (w *world) orderClaims(f orderForm) ([]claim, error) {
	all, err := w.sourceOrders()
	if err != nil {
		return nil, err
	}
	materials, err := w.materials()
	var out []claim
	for _, o := range all {
		c := claim{
			key: f.key(o), record: fmt.Sprintf("order %s (%s)", o.key(), o.Status),
			wanted: o.deliverable(w.shops, materials), says: f.content(w.shops, o),
		}
		for _, v := range w.versions[o.key()] {
			c.said = append(c.said, f.content(w.shops, v))
		}
		out = append(out, c)
	}
	return out, err
}

// good is a product of the source that the third pipeline takes.
type good struct {
	SKU  string `json:"sku"`
	Name string `json:"product_name"`
}

func (w *world) products() ([]good, error) {
	var all []good
	err := w.source.ask("GET", "dump?collection=products", nil, &all)
	return slices.DeleteFunc(all, func(g good) bool { return !strings.HasPrefix(g.SKU, skuPrefix) }), err
}

// goodsClaims are of all products that there ever were: of one that is gone, nothing may be left.
func (w *world) goodsClaims() ([]claim, error) {
	all, err := w.products()
	name := map[string]string{}
	for _, g := range all {
		name[g.SKU] = g.Name
	}
	var out []claim
	for _, sku := range slices.Sorted(maps.Keys(w.skus)) {
		is, there := name[sku]
		out = append(out, claim{key: "P-" + sku, record: "product " + sku, wanted: there, says: goodSays("P-"+sku, is)})
	}
	return out, err
}

func goodSays(number, name string) string { return fmt.Sprintf("%s name=%q", number, name) }

// customer is one as the target holds it.
type customer struct {
	material
	ID   any    `json:"FCUSTID"`
	Name string `json:"FName"`
}

// documents are all documents of the target that a pipeline may have written, by their keys.
func (w *world) documents() (map[string][]held, error) {
	var orders []document
	if err := w.target.ask("GET", "dump?collection=SAL_SaleOrder", nil, &orders); err != nil {
		return nil, err
	}
	customers, err := w.customers()
	out := map[string][]held{}
	for _, d := range orders {
		out[d.key()] = append(out[d.key()], held{d.key(), d.ID.String(), d.Status, d.live(), d.content()})
	}
	for _, c := range customers {
		if strings.HasPrefix(c.Number, "P-") {
			out[c.Number] = append(out[c.Number], held{c.Number, fmt.Sprint(c.ID), c.Status, true, goodSays(c.Number, c.Name)})
		}
	}
	return out, err
}

func (w *world) customers() ([]customer, error) {
	var all []customer
	err := w.target.ask("GET", "dump?collection=BD_Customer", nil, &all)
	return all, err
}
