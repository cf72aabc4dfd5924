package sandbox

import (
	"slices"
	"strconv"
)

// groupPart is a product inside a bundle.
type groupPart struct {
	SKU      text   `json:"sku"`
	Quantity number `json:"quantity"`
	Ratio    text   `json:"cost_ratio"`
}

// group gives a product the parts that were sent; none sent leaves those it has.
func (b *Box) group(p *product, sent []groupPart) error {
	if sent == nil {
		return nil
	}
	var parts []part
	for _, x := range sent {
		q := b.bySKU[string(x.SKU)]
		switch {
		case q == nil:
			return inner("子商品sku:" + string(x.SKU) + " 不存在")
		case q.sku == p.sku:
			return inner("子商品不能是产品本身")
		case x.Quantity.n < 1 || x.Quantity.n > 1e6:
			return inner("子商品sku:" + string(x.SKU) + " 数量错误")
		}
		parts = append(parts, part{q.sku, int(x.Quantity.n)})
	}
	p.parts = parts
	return nil
}

// bundleSet answers POST /erp/sc/routing/storage/product/setBundled: a product that is more than one unit of
// others. The shares of the cost are given for all of them, and come to one, or for none.
func (b *Box) bundleSet(in productSetIn) (reply, error) {
	if _, known := b.bySKU[string(in.SKU)]; !known || in.Group != nil {
		if err := checkGroup(in.Group); err != nil {
			return reply{}, err
		}
	}
	p, err := b.upsert(in)
	if err != nil {
		return reply{}, err
	}
	return one(map[string]int{"product_id": p.id}), nil
}

func checkGroup(parts []groupPart) error {
	units, shares, sum := int64(0), 0, 0.0
	for _, x := range parts {
		units += x.Quantity.n
		if x.Ratio == "" {
			continue
		}
		f, err := strconv.ParseFloat(string(x.Ratio), 64)
		if err != nil || f < 0 {
			return inner("cost_ratio格式错误")
		}
		shares, sum = shares+1, sum+f
	}
	switch {
	case units < 2:
		return inner("捆绑产品子产品的总数量必须大于1")
	case shares > 0 && (shares < len(parts) || sum < 0.999999 || sum > 1.000001):
		return inner("cost_ratio每项必填，且总和必须为1")
	}
	return nil
}

type switchIn struct {
	IDs    texts `json:"product_ids"`
	Status text  `json:"batch_status"`
}

// productSwitch answers POST /basicOpen/product/productManager/product/operate/batch. How many were switched
// stands in total; which ones were not, nowhere.
func (b *Box) productSwitch(in switchIn) (reply, error) {
	open, ok := map[text]int{"Enable": 1, "Disable": 0}[in.Status]
	if !ok {
		return reply{}, invalid("batch_status => batch_status参数不合法")
	}
	out := reply{newer: true}
	failing := b.failing()
	for i, id := range in.IDs {
		at := slices.IndexFunc(b.products, func(p *product) bool { return strconv.Itoa(p.id) == id })
		if at < 0 || failing(i, id) {
			continue
		}
		b.products[at].open, b.products[at].updated = open, b.kit.Clock.Now().Unix()
		out.total++
	}
	return out, nil
}

// masterIn is a brand or a category as it is written: what reading calls bid or cid is id here.
type masterIn struct {
	Data []struct {
		ID     text   `json:"id"`
		Parent number `json:"parent_cid"`
		Title  text   `json:"title"`
		Brand  text   `json:"brand_code"`
		Code   text   `json:"category_code"`
	} `json:"data"`
}

func (in masterIn) check() error {
	if len(in.Data) == 0 {
		return invalid("data => data不能为空")
	}
	for i, x := range in.Data {
		if x.Title == "" {
			return invalid("data." + strconv.Itoa(i) + ".title => title不能为空")
		}
	}
	return nil
}

// brandSet answers POST /erp/sc/storage/brand/set: all of them, or none.
func (b *Box) brandSet(in masterIn) (reply, error) {
	if err := in.check(); err != nil {
		return reply{}, err
	}
	at := func(id text) int {
		return slices.IndexFunc(b.brands, func(x brand) bool { return strconv.Itoa(x.ID) == string(id) })
	}
	for _, x := range in.Data {
		if x.ID != "" && at(x.ID) < 0 {
			return reply{}, inner("品牌不存在：" + string(x.ID))
		}
	}
	type row struct {
		ID    int    `json:"id"`
		Title string `json:"title"`
		Code  string `json:"brand_code"`
	}
	var rows []row
	for _, x := range in.Data {
		i := at(x.ID)
		if i < 0 {
			i = len(b.brands)
			b.brands = append(b.brands, brand{ID: b.brands[i-1].ID + 1})
		}
		b.brands[i].Title, b.brands[i].Code = string(x.Title), or(string(x.Brand), b.brands[i].Code)
		rows = append(rows, row(b.brands[i]))
	}
	return list(rows, noTotal), nil
}

// masterRefused is one object of the details of a refused category.
type masterRefused struct {
	Params  map[string]string `json:"params"`
	Message string            `json:"message"`
}

// categorySet answers POST /erp/sc/routing/storage/category/set: all of them, or none. Ids are texts in its
// answer, and it refuses with objects.
func (b *Box) categorySet(in masterIn) (reply, error) {
	if err := in.check(); err != nil {
		return reply{}, err
	}
	at := func(id string) int {
		return slices.IndexFunc(b.categories, func(x category) bool { return strconv.Itoa(x.ID) == id })
	}
	var refused []masterRefused
	for i, x := range in.Data {
		parent := ""
		if x.Parent.n != 0 {
			parent = digits(x.Parent.n)
		}
		if x.Code == "" {
			return reply{}, invalid("data." + strconv.Itoa(i) + ".category_code => category_code不能为空")
		}
		if x.ID != "" && at(string(x.ID)) < 0 || parent != "" && at(parent) < 0 {
			refused = append(refused, masterRefused{map[string]string{"id": string(x.ID), "parent_cid": parent}, "错误：未找到对应的分类"})
		}
	}
	if len(refused) > 0 {
		return reply{}, &refusal{1000, "业务处理失败", refused}
	}
	type row struct {
		Title  string `json:"title"`
		Parent string `json:"parent_cid"`
		ID     string `json:"id"`
	}
	var rows []row
	for _, x := range in.Data {
		i := at(string(x.ID))
		if i < 0 {
			i = len(b.categories)
			b.categories = append(b.categories, category{ID: b.categories[i-1].ID + 1})
		}
		c := &b.categories[i]
		c.Title, c.Code, c.Parent = string(x.Title), string(x.Code), int(x.Parent.or(int64(c.Parent)))
		r := row{Title: c.Title, ID: strconv.Itoa(c.ID)}
		if c.Parent != 0 {
			r.Parent = strconv.Itoa(c.Parent)
		}
		rows = append(rows, r)
	}
	return list(rows, len(rows)), nil
}
