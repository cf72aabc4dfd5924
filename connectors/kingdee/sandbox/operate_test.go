package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// do runs one step for S-1 and answers "ok" or the MsgCode with the message.
func (c *client) step(name, form, no string) string {
	c.t.Helper()
	var e obj
	switch name {
	case "Cancel", "UnCancel", "Forbid", "Enable", "BillClose", "BillUnClose", "Freeze":
		e = c.operate("ExecuteOperation", form, name, no)
	case "Save":
		id := c.query(form, "FID", "FBillNo='"+no+"'")[0][0]
		e = c.call("Save", form, obj{"Model": obj{"FID": id, "FNote": "x"}})
	default:
		e = c.numbers(name, form, no)
	}
	s := statusOf(c.t, e)
	if s["IsSuccess"] == true {
		return "ok"
	}
	return s["MsgCode"].(json.Number).String() + " " + s["Errors"].([]any)[0].(obj)["Message"].(string)
}

func TestStateMachine(t *testing.T) {
	const bill = "单据编号为“S-1”的销售订单"
	for _, x := range []struct{ steps, want string }{
		{"Submit", "B"},
		{"Submit Audit", "C"},
		{"Submit Audit UnAudit", "D"},
		{"Submit CancelAssign", "D"},
		{"Submit CancelAssign Save Submit Audit", "C"},
		{"Submit Audit UnAudit Save Submit Audit", "C"},
		{"Audit", "A 11 " + bill + "，单据创建，不允许审核！"},
		{"Submit Submit", "B 11 " + bill + "，单据审核中，不允许提交！"},
		{"Submit Audit Audit", "C 11 " + bill + "，单据已经审核！"},
		{"Submit Audit Submit", "C 11 " + bill + "，单据已审核，不允许提交！"},
		{"UnAudit", "A 11 " + bill + "，单据创建，不允许反审核！"},
		{"CancelAssign", "A 11 " + bill + "，单据创建，不允许撤销！"},
		{"Submit Save", "B 12 " + bill + "审核中，不允许修改！"},
		{"Submit Audit Save", "C 12 " + bill + "已审核，不允许修改！"},
		{"Submit Delete", "B 12 " + bill + "：只能删除创建/暂存/重新审核状态的数据"},
		{"Submit Audit Delete", "C 12 " + bill + "：只能删除创建/暂存/重新审核状态的数据"},
		{"Delete", "gone"},
		{"Submit Audit UnAudit Delete", "gone"},
		{"Cancel Submit", "A 11 " + bill + "已作废，不允许提交！"},
		{"Cancel UnCancel Submit", "B"},
		{"Cancel Cancel", "A 11 " + bill + "已经作废！"},
		{"Submit Audit Cancel", "C 11 " + bill + "，单据已审核，不允许作废！"},
		{"Submit Audit BillClose UnAudit", "C 11 " + bill + "已关闭，不允许反审核！"},
		{"Submit Audit BillClose BillUnClose UnAudit", "D"},
		{"Submit Audit Freeze", "C"},
		{"Forbid", "A 11 " + bill + "不支持禁用！"},
	} {
		t.Run(x.steps, func(t *testing.T) {
			c := loggedIn(t)
			c.saveOrder("S-1")
			steps := strings.Fields(x.steps)
			for _, s := range steps[:len(steps)-1] {
				if got := c.step(s, "SAL_SaleOrder", "S-1"); got != "ok" {
					t.Fatalf("%s: %s", s, got)
				}
			}
			last := c.step(steps[len(steps)-1], "SAL_SaleOrder", "S-1")
			got := "gone"
			if rows := c.query("SAL_SaleOrder", "FDocumentStatus", "FBillNo='S-1'"); len(rows) > 0 {
				got = rows[0][0].(string)
			}
			if last != "ok" {
				got += " " + last
			}
			if got != x.want {
				t.Errorf("\n got %s\nwant %s", got, x.want)
			}
		})
	}
}

func TestEachDocumentStandsAlone(t *testing.T) {
	c := loggedIn(t)
	for _, no := range []string{"A", "B", "C"} {
		c.saveOrder(no)
	}
	c.ok(c.numbers("Submit", "SAL_SaleOrder", "B"))
	s := statusOf(t, c.numbers("Submit", "SAL_SaleOrder", "A", "B", "NONE", "C"))
	var good, bad []string
	for _, x := range s["SuccessEntitys"].([]any) {
		good = append(good, fmt.Sprint(x.(obj)["Number"], x.(obj)["DIndex"]))
	}
	for _, x := range s["Errors"].([]any) {
		bad = append(bad, fmt.Sprint(x.(obj)["DIndex"], " ", x.(obj)["Message"]))
	}
	slices.Sort(good)
	slices.Sort(bad)
	same(t, good, []string{"A0", "C3"})
	same(t, bad, []string{`1 单据编号为“B”的销售订单，单据审核中，不允许提交！`, `2 编码值["NONE"]不存在`})
	if s["IsSuccess"] != false {
		t.Error("IsSuccess although some were refused")
	}
}

func TestByIDs(t *testing.T) {
	c := loggedIn(t)
	a, b := c.saveOrder("A"), c.saveOrder("B")
	c.ok(c.call("Submit", "SAL_SaleOrder", obj{"Ids": a + ", " + b}))
	if _, code := c.refused(c.call("Audit", "SAL_SaleOrder", obj{"Ids": []string{a}})); code != "8" {
		t.Errorf("Ids as a list: MsgCode %s", code)
	}
	if _, code := c.refused(c.call("Audit", "SAL_SaleOrder", obj{"Ids": "42"})); code != "10" {
		t.Errorf("an id that nobody has: MsgCode %s", code)
	}
	if _, code := c.refused(c.call("Audit", "SAL_SaleOrder", obj{})); code != "8" {
		t.Errorf("neither Numbers nor Ids: MsgCode %s", code)
	}
}

func TestWorkflow(t *testing.T) {
	c := loggedIn(t)
	c.act("set-option", `{"workflow":{"SAL_SaleOrder":true}}`)
	c.saveOrder("S-1")
	c.ok(c.numbers("Submit", "SAL_SaleOrder", "S-1"))
	if _, code := c.refused(c.numbers("Audit", "SAL_SaleOrder", "S-1")); code != "12" {
		t.Errorf("Audit past the workflow: MsgCode %s", code)
	}
	c.act("audit", `{"form":"SAL_SaleOrder","number":"S-1"}`)
	same(t, c.query("SAL_SaleOrder", "FDocumentStatus,FApproverId.FNumber", ""), [][]any{{"C", "keyuser"}})
}

func TestOperationSpellings(t *testing.T) {
	c := loggedIn(t)
	c.saveOrder("S-1")
	c.ok(c.operate("ExcuteOperation", "SAL_SaleOrder", "Cancel", "S-1"))
	if _, code := c.refused(c.operate("ExecuteOperation", "SAL_SaleOrder", "Nonsense", "S-1")); code != "3" {
		t.Errorf("an unknown operation: MsgCode %s", code)
	}
	c.act("set-option", `{"old_spelling_nil":true}`)
	if got := string(c.raw(formService+"ExcuteOperation", obj{"formid": "SAL_SaleOrder", "opNumber": "UnCancel", "data": obj{"Numbers": []any{"S-1"}}})); got != "null" {
		t.Errorf("the old spelling: %s", got)
	}
	same(t, c.query("SAL_SaleOrder", "FCancelStatus", ""), [][]any{{"B"}})
}

func TestBaseDataFromSaveToUse(t *testing.T) {
	c := loggedIn(t)
	material := obj{
		"FMATERIALID": 0, "FCreateOrgId": number("100"), "FUseOrgId": number("100"), "FNumber": "NEW-POSTER", "FName": []obj{{"Key": 2052, "Value": "海报"}, {"Key": 1033, "Value": "Poster"}},
		"SubHeadEntity": obj{"FErpClsID": "1", "FCategoryID": number("CHLB05_SYS"), "FBaseUnitId": number("Pcs"), "FIsSale": true},
	}
	save := func() obj {
		return c.call("Save", "BD_MATERIAL", obj{"IsVerifyBaseDataField": "true", "NeedReturnFields": []any{"FNumber"}, "Model": material})
	}
	r := c.ok(save())
	id := r["Id"].(json.Number).String()
	if first, _ := c.refused(save()); first["FieldName"] != "FNumber" {
		t.Errorf("the same number again: %v", first)
	}
	order := func(org string) obj {
		return c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": true, "Model": with(salesOrder("", orderLine("NEW-POSTER", 1, 1)), "FSaleOrgId", number(org))})
	}
	c.refused(order("100")) // created, not audited
	c.ok(c.numbers("Submit", "BD_MATERIAL", "NEW-POSTER"))
	c.ok(c.numbers("Audit", "BD_MATERIAL", "NEW-POSTER"))
	c.ok(order("100"))
	c.refused(order("101")) // not allocated
	org := c.query("ORG_Organizations", "FOrgID", "FNumber='101'")[0][0].(json.Number).String()
	c.ok(c.call("Allocate", "BD_MATERIAL", obj{"PkIds": id, "TOrgIds": org, "IsAutoSubmitAndAudit": true}))
	c.ok(order("101"))
	c.refused(c.call("Allocate", "BD_MATERIAL", obj{"PkIds": id, "TOrgIds": org}))
	if _, code := c.refused(c.call("Allocate", "BD_UNIT", obj{"PkIds": "1", "TOrgIds": org})); code != "12" {
		t.Errorf("Allocate of what is shared: MsgCode %s", code)
	}
	c.ok(c.operate("ExecuteOperation", "BD_MATERIAL", "Forbid", "NEW-POSTER"))
	c.refused(order("100"))
	c.ok(c.operate("ExecuteOperation", "BD_MATERIAL", "Enable", "NEW-POSTER"))
	c.ok(order("100"))
	same(t, c.query("BD_MATERIAL", "FNumber,FUseOrgId.FNumber", "FNumber='NEW-POSTER'", "OrderString", "FUseOrgId.FNumber"), [][]any{{"NEW-POSTER", "100"}, {"NEW-POSTER", "101"}})

	doc := c.ok(c.call("View", "BD_MATERIAL", obj{"Number": "NEW-POSTER", "CreateOrgId": 0}))["Result"].(obj)
	same(t, doc["Name"], []obj{{"Key": 1033, "Value": "Poster"}, {"Key": 2052, "Value": "海报"}})
	same(t, doc["MultiLanguageText"].([]any)[1], obj{"PkId": "2052", "LocaleId": 2052, "Name": "海报"})
	same(t, doc["SubHeadEntity"].([]any)[0].(obj)["BaseUnitId"].(obj)["Number"], "Pcs")
}

func TestView(t *testing.T) {
	c := loggedIn(t)
	id := c.saveOrder("S-1", orderLine("MUG-RED", 2, 113))
	for _, data := range []obj{{"Number": "S-1"}, {"Id": id}, {"Number": "", "Id": id}} {
		doc := c.ok(c.call("View", "SAL_SaleOrder", data))["Result"].(obj)
		row := doc["SaleOrderEntry"].([]any)[0].(obj)
		if doc["BillNo"] != "S-1" || doc["CustId"].(obj)["Number"] != "CUST-SHOP-113" || row["MaterialId"].(obj)["Number"] != "MUG-RED" || row["AllAmount"] != json.Number("226.0") {
			t.Errorf("%v: %v", data, doc)
		}
		if doc["CustId"].(obj)["Name"].([]any)[0].(obj)["Key"] != json.Number("2052") || doc["CustId"].(obj)["MultiLanguageText"] == nil {
			t.Errorf("names of base data: %v", doc["CustId"])
		}
	}
	if _, code := c.refused(c.call("View", "SAL_SaleOrder", obj{"Number": "NONE"})); code != "9" {
		t.Errorf("an unknown number: MsgCode %s", code)
	}
	if _, code := c.refused(c.call("View", "SAL_SaleOrder", obj{"Id": "42"})); code != "10" {
		t.Errorf("an unknown id: MsgCode %s", code)
	}
	guid := c.query("STK_Inventory", "FID", "")[0][0].(string)
	c.ok(c.call("View", "STK_Inventory", obj{"Id": guid}))
}

func TestBusinessInfo(t *testing.T) {
	c := loggedIn(t)
	r := c.ok(c.post(formService+"QueryBusinessInfo", obj{"data": obj{"FormId": "SAL_SaleOrder"}}).(obj))
	must := map[string]string{}
	for _, e := range r["NeedReturnData"].(obj)["Entrys"].([]any) {
		for _, f := range e.(obj)["Fields"].([]any) {
			must[f.(obj)["Key"].(string)] = f.(obj)["MustInput"].(json.Number).String()
		}
	}
	if must["FCustId"] != "1" || must["FNote"] != "0" || must["FMaterialId"] != "1" || must["FSettleCurrId"] != "1" {
		t.Errorf("MustInput: %v", must)
	}
	c.refused(c.post(formService+"QueryBusinessInfo", obj{"data": `{"FormId":"NONE"}`}).(obj))
}
