package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// stockKey is what makes one row of STK_Inventory.
type stockKey struct {
	org, material, stock, status, owner, keeper *doc
	ownerType, keeperType, loc, lot             string
}

// change is a quantity that comes to a place of the stock or leaves it.
type change struct {
	key stockKey
	qty *apd.Decimal
}

// moveStock does what auditing a document does to the stock; sign is -1 to take it back. All
// rows move or none.
func (b *Box) moveStock(c *call, d *doc, sign int64, flags map[string]bool) *refusal {
	var changes []change
	b.eachRow(d, func(e *entity, r *row) {
		if e.stock != nil {
			changes = append(changes, stockChanges(d, e, r, whole(sign))...)
		}
	})
	if bad := b.negative(c, d, changes, flags); bad != nil {
		return bad
	}
	for _, x := range changes {
		b.changeStock(x, c.now)
	}
	return nil
}

// stockChanges is what one row moves.
func stockChanges(d *doc, e *entity, r *row, sign *apd.Decimal) []change {
	m := e.stock
	qty := mul(asNumber(r.vals[e.byKey[m.qty].pos]), sign)
	if d.at("FStockDirect") == "RETURN" || d.at("FTransferDirect") == "RETURN" {
		qty = neg(qty)
	}
	switch m.kind {
	case "out":
		return []change{{placeOf(d, e, r, m.org, m.stock, m.status, false), neg(qty)}}
	case "move":
		return []change{
			{placeOf(d, e, r, m.org, m.stock, m.status, true), neg(qty)},
			{placeOf(d, e, r, m.targetOrg, m.targetStock, m.targetStat, false), qty},
		}
	}
	return []change{{placeOf(d, e, r, m.org, m.stock, m.status, false), qty}}
}

// placeOf is where a row's goods lie. Owner and keeper are the organisation unless the row says
// otherwise; the material counts as what its creator calls it.
func placeOf(d *doc, e *entity, r *row, org, stock, status string, leaving bool) stockKey {
	ref := func(x *field) *doc {
		if x == nil {
			return nil
		}
		ref, _ := r.vals[x.pos].(*doc)
		return ref
	}
	fold := func(keys ...string) *field {
		for _, x := range e.fields {
			for _, k := range keys {
				if strings.EqualFold(x.key, k) {
					return x
				}
			}
		}
		return nil
	}
	material, _ := rowRef(e, r, kindRef, "BD_MATERIAL")
	if material != nil {
		material = material.master
	}
	k := stockKey{org: d.refAt(org), material: material, stock: ref(e.byKey[stock]), status: ref(e.byKey[status]), ownerType: "BD_OwnerOrg", keeperType: "BD_KeeperOrg"}
	owner, keeper, loc := fold("FOwnerId"), fold("FKeeperId"), fold("FStockLocId", "FDestStockLocId")
	if leaving {
		owner, keeper, loc = fold("FOwnerOutId"), fold("FKeeperOutId"), fold("FSrcStockLocId")
	}
	if k.owner = ref(owner); k.owner == nil {
		k.owner = k.org
	}
	if k.keeper = ref(keeper); k.keeper == nil {
		k.keeper = k.org
	}
	if x := fold("FLot"); x != nil {
		k.lot, _ = r.vals[x.pos].(string)
	}
	if loc != nil {
		if at, ok := r.vals[loc.pos].(dims); ok {
			k.loc = at.String()
		}
	}
	if k.stock != nil {
		k.stock = k.stock.master
	}
	return k
}

// negative refuses what would leave less than nothing in a warehouse that does not allow it.
func (b *Box) negative(c *call, d *doc, changes []change, flags map[string]bool) *refusal {
	left := map[stockKey]*apd.Decimal{}
	for _, x := range changes {
		if left[x.key] == nil {
			left[x.key] = b.onHand(x.key)
		}
		left[x.key] = add(left[x.key], x.qty)
	}
	for _, x := range changes {
		k := x.key
		if left[k].Sign() >= 0 || x.qty.Sign() >= 0 || k.stock != nil && truth(k.stock.at("FAllowMinusQty"), false) {
			continue
		}
		switch b.options.NegativeStock {
		case "allow":
		case "refuse":
			return c.state("%s：物料“%s”在仓库“%s”库存不足，负库存不允许出库", "%s: not enough stock of “%s” in “%s”", d.called(), numberOf(k.material), numberOf(k.stock))
		default:
			if !flags["STK_InvCheckResult"] {
				return c.state("更新库存时出现可以忽略的异常数据，是否继续？（%s，物料“%s”，仓库“%s”库存不足）", "the stock update met data that can be ignored, go on? (%s, material “%s”, warehouse “%s”)", d.called(), numberOf(k.material), numberOf(k.stock))
			}
		}
	}
	return nil
}

func numberOf(d *doc) string {
	if d == nil {
		return ""
	}
	return d.number
}

// inventory finds the row of a place.
func (b *Box) inventory(k stockKey) *doc { return b.places[k] }

func (b *Box) onHand(k stockKey) *apd.Decimal {
	if d := b.inventory(k); d != nil {
		return asNumber(d.at("FBaseQty"))
	}
	return zero
}

// changeStock adds to a place, which comes into being by that; it stays when it falls to zero.
func (b *Box) changeStock(x change, now time.Time) *doc {
	d := b.inventory(x.key)
	t := b.table("STK_Inventory")
	if d == nil {
		d = b.newPlace(x.key, now)
		b.places[x.key] = d
		t.add(d)
	}
	head := d.form.head()
	qty := add(b.onHand(x.key), x.qty)
	t.change(d, func() {
		d.head.put(head.byKey["FBaseQty"], qty)
		d.head.put(head.byKey["FQty"], qty)
		d.modified = now.Truncate(time.Millisecond)
	})
	return d
}

func (b *Box) newPlace(k stockKey, now time.Time) *doc {
	f := b.form("STK_Inventory")
	d := &doc{form: f, id: b.newID(), guid: guid(b.ids), status: audited, created: now, modified: now}
	d.master, d.head = d, newRow(f.head(), d.id)
	put := func(key string, v any) { d.head.put(f.head().byKey[key], v) }
	put("FStockOrgId", reference(k.org))
	put("FMaterialId", reference(k.material))
	put("FStockId", reference(k.stock))
	put("FStockStatusId", reference(k.status))
	put("FOwnerTypeId", k.ownerType)
	put("FOwnerId", reference(k.owner))
	put("FKeeperTypeId", k.keeperType)
	put("FKeeperId", reference(k.keeper))
	put("FLot", k.lot)
	if k.material != nil {
		put("FBaseUnitId", k.material.at("FBaseUnitId"))
		put("FStockUnitId", k.material.at("FBaseUnitId"))
	}
	if k.loc != "" {
		put("FStockLocId", parseDims(k.loc))
	}
	return d
}

// String is a location as one text, the same for the same dimensions.
func (at dims) String() string {
	var parts []string
	for k, v := range at {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

func parseDims(s string) dims {
	out := dims{}
	for part := range strings.SplitSeq(s, ";") {
		if k, v, ok := strings.Cut(part, "="); ok {
			out[k] = v
		}
	}
	return out
}

// inventoryData is GetInventoryData: the stock with what is available of it, which the query of
// STK_Inventory does not say.
func (b *Box) inventoryData(c *call) any {
	data, err := c.data(1)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	list := func(key string) map[string]bool {
		v, _ := data.fold(key)
		out := map[string]bool{}
		for _, s := range texts(v) {
			out[s] = true
		}
		return out
	}
	orgs, materials, stocks, lots := list("fstockorgnumbers"), list("fmaterialnumbers"), list("fstocknumbers"), list("flotnumbers")
	wanted := func(set map[string]bool, val string) bool { return len(set) == 0 || set[val] }
	rows := []object{}
	b.table("STK_Inventory").keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
		lot, _ := d.at("FLot").(string)
		org := numberOf(d.refAt("FStockOrgId"))
		if b.options.HiddenOrgs[org] || !wanted(orgs, org) || !wanted(lots, lot) ||
			!wanted(materials, numberOf(d.refAt("FMaterialId"))) || !wanted(stocks, numberOf(d.refAt("FStockId"))) {
			return true
		}
		rows = append(rows, d.inventoryRow(org, lot))
		return true
	})
	number := func(key string, fallback int) int {
		v, _ := data.fold(key)
		if n, ok := parseNumber(asText(v)); ok {
			if i, err := n.Int64(); err == nil && i > 0 {
				return int(i)
			}
		}
		return fallback
	}
	size := number("pagerows", 10000)
	from := min((number("pageindex", 1)-1)*size, len(rows))
	page := rows[from:min(from+size, len(rows))]
	return object{{"success", true}, {"message", ""}, {"rowcount", len(rows)}, {"data", page}}
}

func (d *doc) inventoryRow(org, lot string) object {
	qty := asNumber(d.at("FBaseQty"))
	free := sub(qty, asNumber(d.at("FBaseLockQty")))
	unit := numberOf(d.refAt("FBaseUnitId"))
	return object{
		{"FID", d.guid},
		{"FSTOCKORGNUMBER", org},
		{"FMATERIALNUMBER", numberOf(d.refAt("FMaterialId"))},
		{"FSTOCKNUMBER", numberOf(d.refAt("FStockId"))},
		{"FLOTNUMBER", lot},
		{"FSTOCKSTATUSNUMBER", numberOf(d.refAt("FStockStatusId"))},
		{"FUNITNUMBER", unit},
		{"FBASEUNITNUMBER", unit},
		{"FQTY", written(qty)},
		{"FAVBQTY", written(free)},
		{"FBASEQTY", written(qty)},
		{"FBASEAVBQTY", written(free)},
	}
}
