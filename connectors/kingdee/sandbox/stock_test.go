package sandbox_test

import (
	"encoding/json"
	"maps"
	"testing"
)

func outStock(no, material string, qty any, stock string) obj {
	return obj{
		"FBillTypeID": number("XSCKD01_SYS"), "FBillNo": no, "FDate": "2026-03-02", "FSaleOrgId": number("100"), "FStockOrgId": number("100"), "FCustomerID": number("CUST-SHOP-113"),
		"SubHeadEntity": obj{"FSettleCurrID": number("PRE001"), "FSettleOrgID": number("100")},
		"FEntity":       []obj{{"FMaterialID": number(material), "FUnitID": number("Pcs"), "FRealQty": qty, "FStockID": number(stock), "FTaxPrice": 10, "FEntryTaxRate": 13}},
	}
}

// onHand is the stock of a material in a warehouse of organisation 100.
func (c *client) onHand(material, stock string) string {
	c.t.Helper()
	rows := c.query("STK_Inventory", "FBaseQty", "FStockOrgId.FNumber='100' and FMaterialId.FNumber='"+material+"' and FStockId.FNumber='"+stock+"'")
	if len(rows) == 0 {
		return "none"
	}
	return rows[0][0].(json.Number).String()
}

func (c *client) saveAndSubmit(form string, model obj) string {
	c.t.Helper()
	r := c.ok(c.call("Save", form, obj{"IsVerifyBaseDataField": true, "IsAutoAdjustField": true, "Model": model}))
	no := r["Number"].(string)
	c.ok(c.numbers("Submit", form, no))
	return no
}

func TestStockMovesAtAudit(t *testing.T) {
	c := loggedIn(t)
	if got := c.onHand("MUG-RED", "CK001"); got != "100.0" {
		t.Fatalf("at the start: %s", got)
	}
	c.saveAndSubmit("SAL_OUTSTOCK", outStock("O-1", "MUG-RED", "30.5", "CK001"))
	if got := c.onHand("MUG-RED", "CK001"); got != "100.0" {
		t.Errorf("before the audit: %s", got)
	}
	c.ok(c.numbers("Audit", "SAL_OUTSTOCK", "O-1"))
	if got := c.onHand("MUG-RED", "CK001"); got != "69.5" {
		t.Errorf("after the audit: %s", got)
	}
	c.ok(c.numbers("UnAudit", "SAL_OUTSTOCK", "O-1"))
	if got := c.onHand("MUG-RED", "CK001"); got != "100.0" {
		t.Errorf("after it was taken back: %s", got)
	}
}

func TestNegativeStock(t *testing.T) {
	c := loggedIn(t)
	audit := func(no string, flags string) obj {
		return c.call("Audit", "SAL_OUTSTOCK", obj{"Numbers": []string{no}, "InterationFlags": flags})
	}
	c.saveAndSubmit("SAL_OUTSTOCK", outStock("O-1", "MUG-RED", 101, "CK001"))
	first, code := c.refused(audit("O-1", ""))
	if code != "11" || first["Message"] != "更新库存时出现可以忽略的异常数据，是否继续？（单据编号为“O-1”的销售出库单，物料“MUG-RED”，仓库“CK001”库存不足）" {
		t.Errorf("%v MsgCode %s", first, code)
	}
	if got := c.onHand("MUG-RED", "CK001"); got != "100.0" {
		t.Errorf("refused, and yet: %s", got)
	}
	c.act("set-option", `{"negative_stock":"refuse"}`)
	c.refused(audit("O-1", "STK_InvCheckResult"))
	c.act("set-option", `{"negative_stock":"warn"}`)
	c.ok(audit("O-1", "X;STK_InvCheckResult"))
	if got := c.onHand("MUG-RED", "CK001"); got != "-1.0" {
		t.Errorf("accepted with the flag: %s", got)
	}
	c.saveAndSubmit("SAL_OUTSTOCK", outStock("O-2", "CAP-GREEN", 5000, "CK002"))
	c.ok(audit("O-2", "")) // this warehouse allows it
}

func TestLots(t *testing.T) {
	c := loggedIn(t)
	m := outStock("O-1", "BOTTLE-750", 1, "CK001")
	if first, _ := c.refused(c.call("Save", "SAL_OUTSTOCK", obj{"Model": m})); first["FieldName"] != "FLot" {
		t.Errorf("without a lot: %v", first)
	}
	m["FEntity"].([]obj)[0]["FLot"] = number("LOT-0001")
	c.saveAndSubmit("SAL_OUTSTOCK", m)
	c.ok(c.numbers("Audit", "SAL_OUTSTOCK", "O-1"))
	same(t, c.query("STK_Inventory", "FBaseQty,FLot.FNumber", "FLot.FNumber='LOT-0001'"), [][]any{{json.Number("179.0"), "LOT-0001"}})
}

// Every other form that is saved here with what the protocol calls required, and what it does to
// the stock of CAP-GREEN in CK001, of which there are 140.
func TestFurtherForms(t *testing.T) {
	head := func(typ string, more obj) obj {
		m := obj{"FBillTypeID": number(typ), "FDate": "2026-03-02", "FStockOrgId": number("100")}
		maps.Copy(m, more)
		return m
	}
	row := func(more obj) obj {
		m := obj{"FMaterialId": number("CAP-GREEN"), "FUnitID": number("Pcs")}
		maps.Copy(m, more)
		return m
	}
	for form, x := range map[string]struct {
		model obj
		want  string
	}{
		"SAL_RETURNSTOCK": {head("XSTHD01_SYS", obj{
			"FSaleOrgId": number("100"), "FRetcustId": number("CUST-RETAIL"), "SubHeadEntity": obj{"FSettleCurrId": number("PRE001"), "FSettleOrgId": number("100")},
			"FEntity": []obj{row(obj{"FRealQty": 3, "FStockId": number("CK001"), "FReturnType": number("THLX01_SYS"), "FDeliveryDate": "2026-03-02"})},
		}), "143.0"},
		"STK_InStock": {head("RKD01_SYS", obj{
			"FPurchaseOrgId": number("100"), "FSupplierId": number("VEN-SAMPLE"), "FInStockFin": obj{"FSettleCurrId": number("PRE001"), "FSettleOrgId": number("100")},
			"FInStockEntry": []obj{row(obj{"FRealQty": 4, "FStockId": number("CK001")})},
		}), "144.0"},
		"STK_MISCELLANEOUS": {head("QTRKD01_SYS", obj{"FEntity": []obj{{"FMATERIALID": number("CAP-GREEN"), "FUnitID": number("Pcs"), "FQty": 5, "FSTOCKID": number("CK001")}}}), "145.0"},
		"STK_MisDelivery":   {head("QTCKD01_SYS", obj{"FEntity": []obj{{"FMaterialId": number("CAP-GREEN"), "FQty": 6, "FStockId": number("CK001")}}}), "134.0"},
		"STK_TransferDirect": {head("ZJDB01_SYS", obj{
			"FStockOutOrgId": number("100"),
			"FBillEntry":     []obj{row(obj{"FQty": 7, "FSrcStockId": number("CK001"), "FDestStockId": number("CK002")})},
		}), "133.0"},
		"PUR_PurchaseOrder": {head("CGDD01_SYS", obj{
			"FPurchaseOrgId": number("100"), "FSupplierId": number("VEN-SAMPLE"), "FPOOrderFinance": obj{"FSettleCurrId": number("PRE001")},
			"FPOOrderEntry": []obj{{"FMaterialId": number("CAP-GREEN"), "FUnitId": number("Pcs"), "FQty": 8, "FTaxPrice": 1}},
		}), "140.0"},
		"SAL_DELIVERYNOTICE": {head("FHTZD01_SYS", obj{
			"FSaleOrgId": number("100"), "FDeliveryOrgID": number("100"), "FCustomerID": number("CUST-RETAIL"),
			"FEntity": []obj{{"FMaterialID": number("CAP-GREEN"), "FUnitID": number("Pcs"), "FQty": 9}},
		}), "140.0"},
		"AR_receivable": {obj{
			"FBillTypeID": number("YSD01_SYS"), "FDATE": "2026-03-02", "FCUSTOMERID": number("CUST-RETAIL"), "FCURRENCYID": number("PRE001"), "FSETTLEORGID": number("100"), "FPAYORGID": number("100"),
			"FEntityDetail": []obj{{"FMATERIALID": number("CAP-GREEN"), "FPRICEUNITID": number("Pcs"), "FPriceQty": 2, "FTaxPrice": "1.13", "FEntryTaxRate": 13}},
		}, "140.0"},
		"AR_RECEIVEBILL": {obj{
			"FBillTypeID": number("SKDLX01_SYS"), "FDATE": "2026-03-02", "FCONTACTUNITTYPE": "BD_Customer", "FCONTACTUNIT": number("CUST-RETAIL"), "FPAYUNITTYPE": "BD_Customer", "FPAYUNIT": number("CUST-RETAIL"),
			"FCURRENCYID": number("PRE001"), "FPAYORGID": number("100"), "FRECEIVEBILLENTRY": []obj{{"FSETTLETYPEID": number("JSFS01_SYS"), "FPURPOSEID": number("SFKYT01_SYS"), "FRECTOTALAMOUNTFOR": "99.99"}},
		}, "140.0"},
	} {
		t.Run(form, func(t *testing.T) {
			c := loggedIn(t)
			if form[:3] != "STK" && form[:3] != "SAL" {
				delete(x.model, "FStockOrgId")
			}
			no := c.saveAndSubmit(form, x.model)
			c.ok(c.numbers("Audit", form, no))
			if got := c.onHand("CAP-GREEN", "CK001"); got != x.want {
				t.Errorf("stock: %s", got)
			}
			c.act("create-bill", `{"form":"`+form+`","number":"BY-HAND"}`)
		})
	}
}

func TestPushAndWriteBack(t *testing.T) {
	c := loggedIn(t)
	push := func(no string, more obj) obj {
		data := obj{"Numbers": []string{no}, "TargetFormId": "SAL_OUTSTOCK", "IsEnableDefaultRule": "true"}
		maps.Copy(data, more)
		return c.call("Push", "SAL_SaleOrder", data)
	}
	c.saveOrder("S-1", orderLine("MUG-RED", 5, 113), orderLine("CAP-GREEN", 2, 10))
	c.refused(push("S-1", nil)) // not audited
	c.ok(c.numbers("Submit", "SAL_SaleOrder", "S-1"))
	c.ok(c.numbers("Audit", "SAL_SaleOrder", "S-1"))
	r := c.ok(push("S-1", nil))
	if r["ConvertResponseStatus"].(obj)["IsSuccess"] != true {
		t.Errorf("ConvertResponseStatus: %v", r)
	}
	made := r["ResponseStatus"].(obj)["SuccessEntitys"].([]any)[0].(obj)
	no := made["Number"].(string)
	same(t, c.query("SAL_OUTSTOCK", "FCustomerID.FNumber,FMaterialID.FNumber,FRealQty,FStockID.FNumber,FSoorDerno,FAllAmount,FEntity_Link_FSTableName", "FBillNo='"+no+"'", "OrderString", "FEntity_FSeq"), [][]any{
		{"CUST-SHOP-113", "MUG-RED", json.Number("5.0"), "CK001", "S-1", json.Number("565.0"), "T_SAL_ORDERENTRY"},
		{"CUST-SHOP-113", "CAP-GREEN", json.Number("2.0"), "CK001", "S-1", json.Number("20.0"), "T_SAL_ORDERENTRY"},
	})
	c.refused(push("S-1", nil)) // nothing is left
	if _, code := c.refused(c.numbers("UnAudit", "SAL_SaleOrder", "S-1")); code != "11" {
		t.Errorf("UnAudit with a downstream document: MsgCode %s", code)
	}
	delivered := func() [][]any {
		return c.query("SAL_SaleOrder", "FStockOutQty,FRemainOutQty,FMrpCloseStatus,FCloseStatus", "FBillNo='S-1'", "OrderString", "FSaleOrderEntry_FSeq")
	}
	c.ok(c.numbers("Submit", "SAL_OUTSTOCK", no))
	c.ok(c.numbers("Audit", "SAL_OUTSTOCK", no))
	same(t, delivered(), [][]any{{json.Number("5.0"), json.Number("0.0"), "B", "B"}, {json.Number("2.0"), json.Number("0.0"), "B", "B"}})
	c.ok(c.numbers("UnAudit", "SAL_OUTSTOCK", no))
	same(t, delivered(), [][]any{{json.Number("0.0"), json.Number("5.0"), "A", "A"}, {json.Number("0.0"), json.Number("2.0"), "A", "A"}})
	c.ok(c.numbers("Delete", "SAL_OUTSTOCK", no))
	c.ok(c.numbers("UnAudit", "SAL_SaleOrder", "S-1"))
}

func TestPushOfSingleRowsOverANotice(t *testing.T) {
	c := loggedIn(t)
	c.audited("S-1", orderLine("MUG-RED", 5, 113), orderLine("CAP-GREEN", 2, 10))
	entry := c.query("SAL_SaleOrder", "FSaleOrderEntry_FEntryID", "FMaterialId.FNumber='CAP-GREEN'")[0][0].(json.Number).String()
	r := c.ok(c.call("Push", "SAL_SaleOrder", obj{"EntryIds": entry, "TargetFormId": "SAL_DELIVERYNOTICE"}))
	notice := r["ResponseStatus"].(obj)["SuccessEntitys"].([]any)[0].(obj)["Number"].(string)
	c.ok(c.numbers("Submit", "SAL_DELIVERYNOTICE", notice))
	c.ok(c.numbers("Audit", "SAL_DELIVERYNOTICE", notice))
	r = c.ok(c.call("Push", "SAL_DELIVERYNOTICE", obj{"Numbers": []string{notice}}))
	no := r["ResponseStatus"].(obj)["SuccessEntitys"].([]any)[0].(obj)["Number"].(string)
	c.ok(c.numbers("Submit", "SAL_OUTSTOCK", no))
	c.ok(c.numbers("Audit", "SAL_OUTSTOCK", no))
	same(t, c.query("SAL_SaleOrder", "FStockOutQty,FMrpCloseStatus,FCloseStatus", "", "OrderString", "FSaleOrderEntry_FSeq"), [][]any{{json.Number("0.0"), "A", "A"}, {json.Number("2.0"), "B", "A"}})
	same(t, c.query("SAL_DELIVERYNOTICE", "FSumOutQty", ""), [][]any{{json.Number("2.0")}})
}

func TestTypeBeforeOwner(t *testing.T) {
	c := loggedIn(t)
	model := `"FBillTypeID":{"FNumber":"SKDLX01_SYS"},"FDATE":"2026-03-02","FPAYUNITTYPE":"BD_Customer","FPAYUNIT":{"FNumber":"CUST-RETAIL"},"FCURRENCYID":{"FNumber":"PRE001"},"FPAYORGID":{"FNumber":"100"},` +
		`"FRECEIVEBILLENTRY":[{"FSETTLETYPEID":{"FNumber":"JSFS01_SYS"},"FPURPOSEID":{"FNumber":"SFKYT01_SYS"},"FRECTOTALAMOUNTFOR":1}]`
	save := func(unit string) obj {
		return c.post(formService+"Save", `{"formid":"AR_RECEIVEBILL","data":{"Model":{`+model+`,`+unit+`}}}`).(obj)
	}
	if first, _ := c.refused(save(`"FCONTACTUNIT":{"FNumber":"CUST-RETAIL"},"FCONTACTUNITTYPE":"BD_Customer"`)); first["FieldName"] != "FCONTACTUNIT" {
		t.Errorf("the owner before its type: %v", first)
	}
	c.ok(save(`"FCONTACTUNITTYPE":"BD_Customer","FCONTACTUNIT":{"FNumber":"CUST-RETAIL"}`))
}

func TestInventoryData(t *testing.T) {
	c := loggedIn(t)
	same(t, c.query("STK_Inventory", "FBaseAVBQty,FBaseLockQty", "FMaterialId.FNumber='MUG-RED' and FStockId.FNumber='CK001'"), [][]any{{json.Number("0.0"), json.Number("2.0")}})
	a := c.post("Kingdee.K3.SCM.WebApi.ServicesStub.InventoryQueryService.GetInventoryData", obj{"data": obj{"fstockorgnumbers": "100", "fmaterialnumbers": "MUG-RED,CAP-GREEN", "fstocknumbers": "CK001", "pageindex": 1, "pagerows": 1}}).(obj)
	row := a["data"].([]any)[0].(obj)
	if a["success"] != true || a["rowcount"] != json.Number("2") || len(a["data"].([]any)) != 1 || row["FBASEAVBQTY"] != json.Number("98.0") {
		t.Errorf("%v", a)
	}
	if _, code := c.refused(c.call("Delete", "STK_Inventory", obj{"Ids": "1"})); code != "2" {
		t.Errorf("Delete of stock: MsgCode %s", code)
	}
}
