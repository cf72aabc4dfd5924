package sandbox

import (
	"fmt"
	"slices"

	"github.com/pipectl/pipectl/engine/sandbox"
)

func (b *Box) stockActions() []sandbox.Action {
	return []sandbox.Action{
		act(b, "set-stock", "Sets good and locked stock of a product in a warehouse, for no shop.", `{"wid":1300,"sku":"MUG-RED","good":3,"locked":0}`, b.setStock),
		act(b, "add-product", "Somebody makes a product in the ERP, or changes its name.", `{"sku":"NEW-CARD","name":"贺卡","price":"12.50"}`, b.addProductAction),
		act(b, "delete-product", "Somebody deletes a product: no list has it any more, and orders that name it go on naming it. Parts of a bundle stay.", `{"sku":"NEW-POSTER"}`, b.deleteProduct),
		act(b, "shop-status", "A shop's grant changes: 0 not synchronised, 1 normal, 2 grant lost, 3 unpaid.", `{"sid":115,"status":2}`, b.shopStatus),
	}
}

func (b *Box) setStock(in struct {
	WID    int    `json:"wid"`
	SKU    string `json:"sku"`
	Good   int    `json:"good"`
	Locked int    `json:"locked"`
},
) (any, error) {
	w, p := b.warehouse(in.WID), b.bySKU[in.SKU]
	if w == nil || p == nil || in.Good < 0 || in.Locked < 0 {
		return nil, fmt.Errorf("set-stock: warehouse %d and product %q must be there, and numbers not negative", in.WID, in.SKU)
	}
	row := b.row(w, p, "0", "")
	if row == nil {
		row = &stockRow{wid: w.id, product: p, seller: "0", third: w.subKind == 2}
		b.stock = append(b.stock, row)
	}
	row.good, row.locked = in.Good, in.Locked
	return nil, nil
}

func (b *Box) addProductAction(in struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price string `json:"price"`
},
) (any, error) {
	name, cost := text(in.Name), text(or(in.Price, "10.00"))
	r, err := b.productSet(productSetIn{SKU: text(in.SKU), Name: &name, Price: &cost})
	if err != nil {
		return nil, fmt.Errorf("add-product: %s", reasonOf(err))
	}
	p := b.bySKU[in.SKU]
	if len(p.price) == 0 {
		p.price = price{"USD": p.cost * 2, "GBP": p.cost * 2, "EUR": p.cost * 2, "JPY": p.cost / 100 * 30000}
	}
	return r.data, nil
}

func (b *Box) deleteProduct(in struct {
	SKU string `json:"sku"`
},
) (any, error) {
	p := b.bySKU[in.SKU]
	switch {
	case p == nil:
		return nil, fmt.Errorf("delete-product: no product %q", in.SKU)
	case slices.ContainsFunc(b.products, func(x *product) bool {
		return slices.ContainsFunc(x.parts, func(y part) bool { return y.sku == p.sku })
	}):
		return nil, fmt.Errorf("delete-product: %s is part of a bundle", in.SKU)
	}
	b.dropProduct(p)
	return nil, nil
}

func (b *Box) shopStatus(in struct {
	SID    int `json:"sid"`
	Status int `json:"status"`
},
) (any, error) {
	s := b.shopBySID(fmt.Sprint(in.SID))
	if s == nil || in.Status < 0 || in.Status > 3 {
		return nil, fmt.Errorf("shop-status: shop %d must be there, and status is 0 to 3", in.SID)
	}
	s.status = in.Status
	return nil, nil
}
