package sandbox

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// conversion is a rule by which a document of one form is made from one of another (下推).
type conversion struct {
	rule, from, to string
	typ            string // bill type of what is made
	entry, target  string // entry collections
	qty            string // quantity field of the target's rows
	head, rows     [][2]string
	numberInRow    string // where the source's number goes
}

var conversions = []conversion{
	{
		rule: "SaleOrder-OutStock", from: "SAL_SaleOrder", to: "SAL_OUTSTOCK", typ: "XSCKD01_SYS", entry: "FSaleOrderEntry", target: "FEntity", qty: "FRealQty", numberInRow: "FSoorDerno",
		head: [][2]string{{"FSaleOrgId", "FSaleOrgId"}, {"FSaleOrgId", "FStockOrgId"}, {"FCustId", "FCustomerID"}, {"FSalerId", "FSalesManID"}, {"FLinkMan", "FLinkMan"}, {"FLinkPhone", "FLinkPhone"}, {"FReceiveAddress", "FReceiveAddress"}, {"FSettleCurrId", "FSettleCurrID"}, {"FSaleOrgId", "FSettleOrgID"}, {"FIsIncludedTax", "FIsIncludedTax"}},
		rows: [][2]string{{"FMaterialId", "FMaterialID"}, {"FUnitID", "FUnitID"}, {"FTaxPrice", "FTaxPrice"}, {"FPrice", "FPrice"}, {"FEntryTaxRate", "FEntryTaxRate"}, {"FDiscountRate", "FDiscountRate"}, {"FIsFree", "FIsFree"}, {"FLot", "FLot"}, {"FEntryNote", "FEntryNote"}},
	},
	{
		rule: "SaleOrder-DeliveryNotice", from: "SAL_SaleOrder", to: "SAL_DELIVERYNOTICE", typ: "FHTZD01_SYS", entry: "FSaleOrderEntry", target: "FEntity", qty: "FQty", numberInRow: "FOrderNo",
		head: [][2]string{{"FSaleOrgId", "FSaleOrgId"}, {"FSaleOrgId", "FDeliveryOrgID"}, {"FCustId", "FCustomerID"}, {"FSalerId", "FSalesManID"}, {"FLinkMan", "FLinkMan"}, {"FSettleCurrId", "FSettleCurrID"}},
		rows: [][2]string{{"FMaterialId", "FMaterialID"}, {"FUnitID", "FUnitID"}, {"FTaxPrice", "FTaxPrice"}, {"FEntryTaxRate", "FEntryTaxRate"}, {"FIsFree", "FIsFree"}, {"FDeliveryDate", "FDeliveryDate"}},
	},
	{
		rule: "DeliveryNotice-OutStock", from: "SAL_DELIVERYNOTICE", to: "SAL_OUTSTOCK", typ: "XSCKD01_SYS", entry: "FEntity", target: "FEntity", qty: "FRealQty", numberInRow: "FSrcBillNo",
		head: [][2]string{{"FSaleOrgId", "FSaleOrgId"}, {"FDeliveryOrgID", "FStockOrgId"}, {"FCustomerID", "FCustomerID"}, {"FSettleCurrID", "FSettleCurrID"}, {"FSaleOrgId", "FSettleOrgID"}},
		rows: [][2]string{{"FMaterialID", "FMaterialID"}, {"FUnitID", "FUnitID"}, {"FTaxPrice", "FTaxPrice"}, {"FEntryTaxRate", "FEntryTaxRate"}, {"FIsFree", "FIsFree"}, {"FShipmentStockID", "FStockID"}, {"FLot", "FLot"}, {"FOrderNo", "FSoorDerno"}},
	},
	{
		rule: "PUR_PurchaseOrder-STK_InStock", from: "PUR_PurchaseOrder", to: "STK_InStock", typ: "RKD01_SYS", entry: "FPOOrderEntry", target: "FInStockEntry", qty: "FRealQty", numberInRow: "FPOOrderNo",
		head: [][2]string{{"FPurchaseOrgId", "FPurchaseOrgId"}, {"FPurchaseOrgId", "FStockOrgId"}, {"FSupplierId", "FSupplierId"}, {"FSettleCurrId", "FSettleCurrId"}, {"FPurchaseOrgId", "FSettleOrgId"}},
		rows: [][2]string{{"FMaterialId", "FMaterialId"}, {"FUnitId", "FUnitID"}, {"FTaxPrice", "FTaxPrice"}, {"FEntryTaxRate", "FEntryTaxRate"}, {"FGiveAway", "FGiveAway"}},
	},
}

// push makes target documents from sources that are audited and open.
func (b *Box) push(c *call) any {
	data, err := c.data(2)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := c.text(0, "formid")
	f := b.form(id)
	if f == nil {
		return c.noForm(id)
	}
	rule := findConversion(f.id, firstText(data, "TargetFormId"), firstText(data, "RuleId"))
	if rule == nil {
		return c.fail(codeParameter, nil, "没有找到从“%s”下推的转换规则", "no conversion rule from “%s” was found", f.name)
	}
	sources, bad, problem := b.pushSources(c, f, rule, data)
	if problem != nil {
		return problem
	}
	var ok []success
	for _, s := range sources {
		d, refused := b.convert(c, rule, s, truth(memberOf(data, "IsDraftWhenSaveFail"), false))
		if len(refused) > 0 {
			bad = append(bad, refused...)
			continue
		}
		ok = append(ok, success{d.key(), d.number, s.index})
	}
	c.failed = len(bad) > 0
	return envelope{result{ResponseStatus: outcome(ok, bad), Convert: outcome(ok, bad)}}
}

func findConversion(from, to, rule string) *conversion {
	for i := range conversions {
		x := &conversions[i]
		if x.from == from && (to == "" || x.to == to) && (rule == "" || x.rule == rule) {
			return x
		}
	}
	return nil
}

// source is a document to push, and which of its rows.
type source struct {
	named
	rows map[int64]bool // nil: all
}

// pushSources reads Numbers and Ids, or EntryIds, which exclude them.
func (b *Box) pushSources(c *call, f *form, rule *conversion, data object) ([]source, []refusal, any) {
	entries := texts(firstText(data, "EntryIds"))
	if len(entries) == 0 {
		docs, bad, problem := b.named(c, f, data)
		var out []source
		for _, n := range docs {
			out = append(out, source{named: n})
		}
		return out, bad, problem
	}
	bySource := map[*doc]map[int64]bool{}
	var out []source
	var bad []refusal
	e := f.entry(rule.entry)
	for i, text := range entries {
		d, id := b.ownerOf(f, e, text)
		if d == nil {
			bad = append(bad, refusal{Message: c.say("未找到对应数据：分录内码“%s”不存在", "no data found: the entry id “%s” does not exist", text), DIndex: i, code: codeNotFound})
			continue
		}
		if bySource[d] == nil {
			bySource[d] = map[int64]bool{}
			out = append(out, source{named{d, i}, bySource[d]})
		}
		bySource[d][id] = true
	}
	return out, bad, nil
}

func (b *Box) ownerOf(f *form, e *entity, text string) (owner *doc, id int64) {
	want, ok := parseNumber(text)
	if !ok {
		return nil, 0
	}
	b.table(f.id).keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
		for _, r := range d.head.subs[e.index] {
			if whole(r.id).Cmp(want) == 0 {
				owner, id = d, r.id
			}
		}
		return owner == nil
	})
	return owner, id
}

// convert makes one target document.
func (b *Box) convert(c *call, x *conversion, s source, draftOnFailure bool) (*doc, []refusal) {
	one := func(bad *refusal) []refusal { bad.DIndex = s.index; return []refusal{*bad} }
	d := s.doc
	switch {
	case d.status != audited:
		return nil, one(c.state("%s，单据%s，只有已审核的单据才能下推！", "%s is %s; only audited documents can be pushed", d.called(), stateName(d.status)))
	case d.cancelled || d.closed:
		return nil, one(c.state("%s已经业务关闭，不允许下推！", "%s is closed and cannot be pushed", d.called()))
	}
	model, any := b.targetModel(c, x, s)
	if !any {
		return nil, one(c.state("%s：关联数量已达到订单数量，不允许超额下推！", "%s: the linked quantity has reached the ordered quantity", d.called()))
	}
	opt := saveOptions{deleteRows: true, validate: true, numberSearch: true}
	made, bad := b.store(c, b.form(x.to), opt, model, s.index)
	if len(bad) > 0 && draftOnFailure {
		opt.draft = true
		return b.store(c, b.form(x.to), opt, model, s.index)
	}
	return made, bad
}

// targetModel is what a person would enter on the target's screen; false means that nothing is
// left to deliver.
func (b *Box) targetModel(c *call, x *conversion, s source) (object, bool) {
	f, to := s.doc.form, b.form(x.to)
	day := c.now.Format(time.DateOnly)
	model := object{{"FBillTypeID", object{{"FNumber", x.typ}}}, {"FDate", day}}
	inner := map[string]object{}
	for _, pair := range x.head {
		y := to.head().byKey[pair[1]]
		v := modelValue(s.doc.at(pair[0]))
		if y.object == "" {
			model.set(y.key, v)
			continue
		}
		o := inner[y.object]
		o.set(y.key, v)
		inner[y.object] = o
	}
	for name, o := range inner {
		model.set(name, o)
	}
	e, te := f.entry(x.entry), to.entry(x.target)
	rows := []any{}
	for _, r := range s.doc.head.subs[e.index] {
		left := sub(asNumber(r.vals[e.byKey["FQty"].pos]), b.drawn(origin{s.doc, r, e}, nil))
		if left.Sign() > 0 && (s.rows == nil || s.rows[r.id]) {
			rows = append(rows, b.targetRow(x, s.doc, e, r, te, left))
		}
	}
	model.set(te.key, rows)
	return model, len(rows) > 0
}

func (b *Box) targetRow(x *conversion, d *doc, e *entity, r *row, te *entity, left *apd.Decimal) object {
	o := object{}
	for _, pair := range x.rows {
		o.set(pair[1], modelValue(r.vals[e.byKey[pair[0]].pos]))
	}
	if y := te.byKey["FStockID"]; y != nil || te.byKey["FStockId"] != nil {
		if y == nil {
			y = te.byKey["FStockId"]
		}
		if old, ok := o.get(y.key); !ok || old == nil {
			material, _ := rowRef(e, r, kindRef, "BD_MATERIAL")
			o.set(y.key, modelValue(material.at("FStockId")))
		}
	}
	o.set(x.qty, modelValue(left))
	o.set(x.numberInRow, d.number)
	o.set("FSrcBillNo", d.number)
	l := te.key + "_Link"
	qty := modelValue(left)
	o.set(l, []any{object{
		{l + "_FRuleId", x.rule},
		{l + "_FSTableName", d.form.tableName},
		{l + "_FSBillId", modelValue(whole(d.id))},
		{l + "_FSId", modelValue(whole(r.id))},
		{l + "_FBaseUnitQtyOld", qty},
		{l + "_FBaseUnitQty", qty},
	}})
	return o
}

// modelValue is a stored value as a Model holds it.
func modelValue(v any) any {
	switch v := v.(type) {
	case *doc:
		return object{{"FNumber", v.number}}
	case *apd.Decimal:
		return plain(v)
	case time.Time:
		return v.Format(timeLayout)
	}
	return v
}
