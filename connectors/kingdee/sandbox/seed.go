package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// begun is when the base data was made: long before anything else, and the same every time.
var begun = time.Date(2026, 1, 1, 9, 0, 0, 0, zone)

// seed fills the server with base data that is plainly invented. It does not depend on the seed
// of the kit, so that mappings can name it.
func (b *Box) seed() {
	b.seedCodes()
	orgs := b.seedShared()
	b.seedPeople(orgs)
	b.seedMaterials(orgs)
	b.seedStock(orgs[0])
	b.lastID = 200000 // what clients create is easy to tell from the seed
}

// put stores a row of base data that is audited.
func (b *Box) put(form, number, name string, vals map[string]any) *doc {
	f := b.form(form)
	d := &doc{form: f, id: b.newID(), number: number, status: audited, created: begun, modified: begun, approved: begun}
	d.master, d.head = d, newRow(f.head(), d.id)
	if x := f.head().byKey["FName"]; x != nil {
		d.head.put(x, names{chinese: name})
	}
	b.set(d, vals)
	if users := b.table("SEC_User").byNumber[Person]; len(users) > 0 {
		d.creator, d.modifier, d.approver = users[0], users[0], users[0]
	}
	b.table(f.id).add(d)
	return d
}

func (b *Box) set(d *doc, vals map[string]any) {
	for key, v := range vals {
		if other, ok := v.(*doc); ok {
			v = reference(other)
		}
		d.head.put(d.form.head().byKey[key], v)
	}
}

// forOrgs stores base data in the first organisation and allocates it to the others.
func (b *Box) forOrgs(orgs []*doc, form, number, name string, vals map[string]any) *doc {
	d := b.put(form, number, name, vals)
	b.set(d, map[string]any{"FCreateOrgId": orgs[0], "FUseOrgId": orgs[0]})
	for _, org := range orgs[1:] {
		b.allocated(d, org, begun)
	}
	return d
}

// allocated is the row of base data that another organisation uses.
func (b *Box) allocated(d *doc, org *doc, now time.Time) *doc {
	own := *d
	own.id, own.master, own.downstream = b.newID(), d.master, nil
	own.created, own.modified = now, now
	own.head = d.head.copied()
	own.head.id = own.id
	b.set(&own, map[string]any{"FUseOrgId": org})
	b.table(d.form.id).add(&own)
	return &own
}

func (b *Box) seedCodes() {
	users := b.form("SEC_User")
	users.codes = [][]string{{User, "接口用户"}, {Person, "关键用户"}}
	for _, id := range b.formIDs() {
		for _, c := range b.form(id).codes {
			d := b.put(id, c[0], c[1], nil)
			if len(c) == 3 {
				d.head.put(d.form.head().byKey["FBillFormID"], c[2])
			}
		}
	}
}

func (b *Box) code(form, number string) *doc { return b.byNumber(form, number) }

func (b *Box) seedShared() []*doc {
	orgs := []*doc{
		b.put("ORG_Organizations", "100", "示例公司", map[string]any{"FOrgFunctions": "101,102,103"}),
		b.put("ORG_Organizations", "101", "示例贸易公司", map[string]any{"FOrgFunctions": "101,102,103"}),
	}
	b.put("BD_UNIT", "Pcs", "Pcs", map[string]any{"FUnitGroupId": b.code("BD_UNITGROUP", "10"), "FPrecision": whole(0)})
	b.put("BD_UNIT", "kg", "千克", map[string]any{"FUnitGroupId": b.code("BD_UNITGROUP", "20"), "FPrecision": whole(4)})
	for i, c := range [][3]string{
		{"CNY", "人民币", "¥"}, {"HKD", "香港元", "HK$"}, {"EUR", "欧元", "€"}, {"GBP", "英镑", "£"}, {"JPY", "日本日圆", "￥"}, {"AUD", "澳大利亚元", "A$"}, {"USD", "美元", "US$"},
	} {
		b.put("BD_Currency", "PRE00"+strconv.Itoa(i+1), c[1], map[string]any{"FCODE": c[0], "FSYSMBOL": c[2]})
	}
	b.forOrgs(orgs, "BD_STOCK", "CK001", "一号示例仓", map[string]any{"FStockProperty": "1", "FAllowMinusQty": false})
	b.forOrgs(orgs, "BD_STOCK", "CK002", "二号示例仓", map[string]any{"FStockProperty": "1", "FAllowMinusQty": true})
	return orgs
}

func (b *Box) seedPeople(orgs []*doc) {
	yuan := b.code("BD_Currency", "PRE001")
	b.forOrgs(orgs, "BD_Department", "BM000001", "示例销售部", nil)
	b.forOrgs(orgs, "BD_Empinfo", "0001", "示例员工", map[string]any{"FStaffNumber": "0001"})
	b.forOrgs(orgs, "BD_Saler", "0001", "示例销售员", map[string]any{"FEmpNumber": "0001"})
	b.forOrgs(orgs, "BD_Supplier", "VEN-SAMPLE", "示例供应商", map[string]any{"FSupplyClassify": "CG", "FPayCurrencyId": yuan})
	customer := func(number, name string) *doc {
		return b.forOrgs(orgs, "BD_Customer", number, name, map[string]any{"FTRADINGCURRID": yuan, "FTaxType": b.code("BD_TaxType", "SFL02_SYS")})
	}
	customer("CUST-SHOP-113", "示例店铺113")
	customer("CUST-SHOP-114", "示例店铺114")
	customer("CUST-SHOP-115", "示例店铺115")
	customer("CUST-RETAIL", "零售客户")
	// The other organisation's rows of these two are as unusable as the first's.
	for _, number := range []string{"CUST-FORBIDDEN", "CUST-DRAFT"} {
		customer(number, "不可用的示例客户")
		for _, d := range b.table("BD_Customer").byNumber[number] {
			d.forbidden = number == "CUST-FORBIDDEN"
			if number == "CUST-DRAFT" {
				d.status, d.approver, d.approved = created, nil, time.Time{}
			}
		}
	}
}

func (b *Box) seedMaterials(orgs []*doc) {
	pcs := b.code("BD_UNIT", "Pcs")
	for _, m := range [][2]string{
		{"MUG-RED", "示例马克杯 红"},
		{"MUG-BLUE", "示例马克杯 蓝"},
		{"TEE-BLACK-M", "示例T恤 黑 M"},
		{"TEE-BLACK-L", "示例T恤 黑 L"},
		{"CAP-GREEN", "示例帽子 绿"},
		{"LAMP-DESK", "示例台灯"},
		{"BAG-CANVAS", "示例帆布袋"},
		{"PEN-SET-5", "示例笔 5支装"},
		{"BOTTLE-750", "示例水瓶 750ml"},
		{"NOTEBOOK-A5", "示例笔记本 A5"},
		{"10.01.0001", "示例原料"},
		{"CABLE-USBC", "示例数据线 USB-C"},
	} {
		uses := orgs
		if m[0] == "CABLE-USBC" {
			uses = orgs[:1]
		}
		d := b.forOrgs(uses, "BD_MATERIAL", m[0], m[1], map[string]any{
			"FSpecification": names{chinese: "示例规格"}, "FErpClsID": "1", "FCategoryID": b.code("BD_MATERIALCATEGORY", "CHLB05_SYS"),
			"FTaxRateId": b.code("BD_TaxRate", "SL02_SYS"), "FBaseUnitId": pcs, "FIsPurchase": true, "FIsInventory": true, "FIsSale": true,
			"FStoreUnitID": pcs, "FStockId": b.code("BD_STOCK", "CK001"), "FIsBatchManage": m[0] == "BOTTLE-750",
			"FSaleUnitId": pcs, "FSalePriceUnitId": pcs, "FPurchaseUnitId": pcs, "FPurchasePriceUnitId": pcs,
		})
		for _, own := range b.table("BD_MATERIAL").byNumber[d.number] {
			name := own.form.head().byKey["FName"]
			own.head.put(name, names{chinese: m[1], english: m[0]})
		}
	}
}

// seedStock lays goods of every material into the first warehouse, and some into the second.
func (b *Box) seedStock(org *doc) {
	good := b.code("BD_StockStatus", "KCZT01_SYS")
	var masters []*doc
	b.table("BD_MATERIAL").keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
		if d.master == d {
			masters = append(masters, d)
		}
		return true
	})
	slices.SortFunc(masters, byKey)
	for i, m := range masters {
		for j, stock := range []string{"CK001", "CK002"} {
			if j == 1 && i%3 != 0 {
				continue
			}
			k := stockKey{org: org, material: m, stock: b.code("BD_STOCK", stock), status: good, owner: org, keeper: org, ownerType: "BD_OwnerOrg", keeperType: "BD_KeeperOrg"}
			if truth(m.at("FIsBatchManage"), false) {
				k.lot = "LOT-0001"
			}
			d := b.changeStock(change{k, whole(int64(100 + 10*i))}, begun)
			if i == 0 {
				b.set(d, map[string]any{"FBaseLockQty": whole(2), "FLockQty": whole(2)})
			}
		}
	}
}
