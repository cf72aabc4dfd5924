package sandbox_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// stocked is a server with a few orders of known content.
func stocked(t *testing.T) *client {
	c := loggedIn(t)
	for i := range 6 {
		no := fmt.Sprintf("Q-%d", i+1)
		m := salesOrder(no, orderLine("MUG-RED", i+1, 10), orderLine("CAP-GREEN", 2, "1.5"))
		m["FDate"] = fmt.Sprintf("2026-03-%02d", i+1)
		m["FNote"] = map[bool]string{true: "it's " + no, false: ""}[i%2 == 0]
		if i >= 3 {
			m["FSaleOrgId"] = number("101")
		}
		c.ok(c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": true, "Model": m}))
		c.kit.Clock.Advance(1500 * time.Millisecond)
	}
	c.ok(c.numbers("Submit", "SAL_SaleOrder", "Q-1"))
	return c
}

func TestFilters(t *testing.T) {
	c := stocked(t)
	ids := map[string]string{}
	for _, r := range c.query("SAL_SaleOrder", "FBillNo,FID", "") {
		ids[r[0].(string)] = r[1].(json.Number).String()
	}
	for _, f := range []struct{ filter, want string }{
		{"", "Q-1 Q-2 Q-3 Q-4 Q-5 Q-6"},
		{"FBillNo='Q-2'", "Q-2"},
		{"fbillno = 'Q-2 '", "Q-2"},
		{"FBillNO in ('Q-2','Q-5','X')", "Q-2 Q-5"},
		{"FBillNo not in ('Q-2','Q-5')", "Q-1 Q-3 Q-4 Q-6"},
		{"FBillNo like 'Q-%' and FBillNo not like '%5'", "Q-1 Q-2 Q-3 Q-4 Q-6"},
		{"FBillNo like 'q-_'", ""},
		{"FBillNo like 'Q-_'", "Q-1 Q-2 Q-3 Q-4 Q-5 Q-6"},
		{"FBillNo>'Q-4'", "Q-5 Q-6"},
		{"FBillNo<>'Q-4' and FBillNo!='Q-5'", "Q-1 Q-2 Q-3 Q-6"},
		{"FNote='it''s Q-1'", "Q-1"},
		{"FNote=''", "Q-2 Q-4 Q-6"},
		{"FDate>='2026-03-03' and FDate<'2026-03-05 00:00:00'", "Q-3 Q-4"},
		{"FDate={ts'2026-03-03 00:00:00'}", "Q-3"},
		{"FModifyDate>='2026-03-01 10:00:03'", "Q-1 Q-3 Q-4 Q-5 Q-6"}, // Q-1 was submitted last
		{"FCreateDate<='2026-03-01T10:00:01.5'", "Q-1 Q-2"},
		{"FSaleOrgId.FNumber='101'", "Q-4 Q-5 Q-6"},
		{"FSALEORGID.fnumber<>'101' or FBillNo='Q-6'", "Q-1 Q-2 Q-3 Q-6"},
		{"FDocumentStatus='B'", "Q-1"},
		{"FApproveDate is null and FBillNo='Q-2'", "Q-2"},
		{"FApproveDate is not null", ""},
		{"FQty>=5", "Q-5 Q-6"},
		{"FQty>='5'", "Q-5 Q-6"},
		{"FQty=2 and FMaterialId.FNumber='MUG-RED'", "Q-2"},
		{"FSaleOrderFinance.x='1'", "!9"},
		{"FIsIncludedTax='1' and FBillNo='Q-1'", "Q-1"},
		{"FIsFree=1", ""},
		{"FID>" + ids["Q-4"], "Q-5 Q-6"},
		{"FID in (" + ids["Q-1"] + "," + ids["Q-6"] + ")", "Q-1 Q-6"},
		{"FCustId.FTRADINGCURRID.FCODE='CNY'", "Q-1 Q-2 Q-3 Q-4 Q-5 Q-6"},
		{"FRemainOutQty<FQty", ""},
		{"1=1", "Q-1 Q-2 Q-3 Q-4 Q-5 Q-6"},
		{"FNope='1'", "!9"},
		{"FMaterialId.FNope='1'", "!9"},
		{"FBillNo='Q-1", "!4"},
		{"FBillNo=", "!4"},
		{"FBillNo='Q-1' and", "!4"},
		{"(FBillNo='Q-1'", "!4"},
		{"FBillNo between 'a' and 'b'", "!4"},
		{"FDate>'yesterday'", "!4"},
		{"FQty>'many'", "!4"},
		{"FBillNo='a'; drop", "!4"},
		{"not (FSaleOrgId.FNumber='101') and (FBillNo='Q-1' or FBillNo='Q-2' or FBillNo='Q-4')", "Q-1 Q-2"},
	} {
		rows := c.anyQuery("SAL_SaleOrder", "FBillNo", f.filter)
		if got := outcomeOf(rows); got != f.want {
			t.Errorf("%s\n got %s\nwant %s", f.filter, got, f.want)
		}
	}
}

// outcomeOf is the first column, sorted, or "!" and the MsgCode of an error.
func outcomeOf(rows []any) string {
	var out []string
	for _, r := range rows {
		switch v := r.([]any)[0].(type) {
		case string:
			out = append(out, v)
		case obj:
			return "!" + v["Result"].(obj)["ResponseStatus"].(obj)["MsgCode"].(json.Number).String()
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestFlatJoin(t *testing.T) {
	c := stocked(t)
	if n := len(c.query("SAL_SaleOrder", "FBillNo", "")); n != 6 {
		t.Errorf("head only: %d rows", n)
	}
	if n := len(c.query("SAL_SaleOrder", "FBillNo", "FQty=2")); n != 6 {
		t.Errorf("head only with a condition on rows: %d rows", n)
	}
	rows := c.query("SAL_SaleOrder", "FBillNo,FSaleOrderEntry_FSeq,FMaterialId.FNumber", "FBillNo='Q-1'", "OrderString", "FSaleOrderEntry_FSeq DESC")
	same(t, rows, [][]any{{"Q-1", 2, "CAP-GREEN"}, {"Q-1", 1, "MUG-RED"}})
	if n := len(c.query("SAL_SaleOrder", "FBillNo,FPlanQty", "")); n != 12 {
		t.Errorf("a collection inside the entries: %d rows", n)
	}
	if n := len(c.query("SAL_SaleOrder", "FBillNo,FMaterialId,FRecAdvanceRate", "")); n != 12 {
		t.Errorf("two collections, one of them empty: %d rows", n)
	}
}

func TestPaging(t *testing.T) {
	c := stocked(t)
	get := func(more ...any) string {
		var out []string
		for _, r := range c.query("SAL_SaleOrder", "FBillNo", "", append([]any{"OrderString", "FBillNo"}, more...)...) {
			out = append(out, r[0].(string))
		}
		return strings.Join(out, " ")
	}
	for _, x := range []struct {
		why  string
		more []any
		want string
	}{
		{"a page", []any{"Limit", 2, "StartRow", 2}, "Q-3 Q-4"},
		{"texts as numbers", []any{"Limit", "2", "StartRow", "4"}, "Q-5 Q-6"},
		{"behind the end", []any{"Limit", 2, "StartRow", 6}, ""},
		{"limit 0 is the server's maximum", []any{"Limit", 0}, "Q-1 Q-2 Q-3 Q-4 Q-5 Q-6"},
		{"TopRowCount counts from row 0", []any{"TopRowCount", 3, "StartRow", 2, "Limit", 2}, "Q-3"},
		{"a TopRowCount used as page size answers nothing", []any{"TopRowCount", 3, "StartRow", 3, "Limit", 3}, ""},
		{"downwards", []any{"OrderString", "FBillNo desc", "Limit", 2}, "Q-6 Q-5"},
	} {
		if got := get(x.more...); got != x.want {
			t.Errorf("%s: %q", x.why, got)
		}
	}
	c.act("set-option", `{"query_cap":4}`)
	if got := get("Limit", 100); got != "Q-1 Q-2 Q-3 Q-4" {
		t.Errorf("more than the cap: %q", got)
	}
}

func TestNoOrderMeansNone(t *testing.T) {
	c := stocked(t)
	orders := map[string]bool{}
	for range 20 {
		rows := c.query("SAL_SaleOrder", "FBillNo", "")
		text, _ := json.Marshal(rows)
		orders[string(text)] = true
	}
	if len(orders) < 2 {
		t.Error("without OrderString the rows come in an order that a client could rely on")
	}
}

func TestBillQueryAndErrors(t *testing.T) {
	c := stocked(t)
	rows := c.post(formService+"BillQuery", obj{"data": obj{"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNO,FCustId.FNumber,FCustId,FNote,FExchangeRate,FIsIncludedTax,FApproveDate", "FilterString": "FBillNo='Q-2'"}}).([]any)
	row := rows[0].(obj)
	id := row["FCustId"]
	same(t, row, obj{"FBillNO": "Q-2", "FCustId.FNumber": "CUST-SHOP-113", "FCustId": id, "FNote": " ", "FExchangeRate": json.Number("1.0"), "FIsIncludedTax": true, "FApproveDate": nil})
	if _, ok := id.(json.Number); !ok {
		t.Errorf("a bare reference: %v", id)
	}
	for _, x := range [][2]string{{"SAL_SaleOrder", "FCustomerId"}, {"BD_MATERIAL", "FID"}, {"SAL_OUTSTOCK", "FStockLocID"}, {"SAL_OUTSTOCK", "FCustId"}, {"BD_Supplier", "FPayCurrencyId"}} {
		text := string(c.raw(formService+"ExecuteBillQuery", obj{"data": obj{"FormId": x[0], "FieldKeys": x[1]}}))
		want := `[[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":"","Message":"元数据中标识为` + x[1] + `的字段不存在","DIndex":0}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":9}}}]]`
		if text != want {
			t.Errorf("%v\n got %s\nwant %s", x, text, want)
		}
	}
	if text := string(c.raw(formService+"BillQuery", obj{"data": obj{"FormId": "NO_SUCH", "FieldKeys": "FID"}})); !strings.Contains(text, "标识为“NO_SUCH”的业务对象不存在，或者被删除。") {
		t.Errorf("an unknown form: %s", text)
	}
	same(t, c.query("SAL_SaleOrder", "COUNT(1)", "FBillNo<>'Q-1'"), [][]any{{5}})
}

func TestBaseDataOncePerOrganisation(t *testing.T) {
	c := loggedIn(t)
	if n := len(c.query("BD_MATERIAL", "FMATERIALID", "FNumber='MUG-RED'")); n != 2 {
		t.Errorf("MUG-RED without an organisation: %d rows", n)
	}
	same(t, c.query("BD_MATERIAL", "FNumber,FName,FBaseUnitId.FNumber,FIsInventory,FCategoryID.FNumber", "FNumber='MUG-RED' and FUseOrgId.FNumber='101' and FDocumentStatus='C' and FForbidStatus='A'"),
		[][]any{{"MUG-RED", "示例马克杯 红", "Pcs", true, "CHLB05_SYS"}})
	if n := len(c.query("BD_MATERIAL", "FNumber", "FNumber='CABLE-USBC' and FUseOrgId.FNumber='101'")); n != 0 {
		t.Error("CABLE-USBC is allocated to 101")
	}
	same(t, c.query("BD_Currency", "FNumber,FCODE", "FNumber in ('PRE001','PRE007')", "OrderString", "FNumber"), [][]any{{"PRE001", "CNY"}, {"PRE007", "USD"}})
	same(t, c.query("BD_Customer", "FNumber,FForbidStatus,FDocumentStatus", "FNumber in ('CUST-FORBIDDEN','CUST-DRAFT') and FUseOrgId.FNumber='100'", "OrderString", "FNumber"),
		[][]any{{"CUST-DRAFT", "A", "A"}, {"CUST-FORBIDDEN", "B", "C"}})
}

func TestHiddenOrganisation(t *testing.T) {
	c := stocked(t)
	c.act("set-option", `{"hidden_orgs":{"101":true}}`)
	if got := outcomeOf(c.anyQuery("SAL_SaleOrder", "FBillNo", "")); got != "Q-1 Q-2 Q-3" {
		t.Errorf("what the user may see: %s", got)
	}
	if _, code := c.refused(c.numbers("Submit", "SAL_SaleOrder", "Q-5")); code != "9" {
		t.Errorf("Submit of what the user may not see: MsgCode %s", code)
	}
	if first, _ := c.refused(c.call("Save", "SAL_SaleOrder", obj{"Model": salesOrder("Q-5")})); first["FieldName"] != "FBillNo" {
		t.Errorf("the number counts all the same: %v", first)
	}
}

func TestKeysetOverManyBills(t *testing.T) {
	c := loggedIn(t)
	c.act("create-bills", `{"count":3000,"prefix":"BULK"}`)
	seen, last := map[string]bool{}, "0"
	for {
		rows := c.query("SAL_SaleOrder", "FID,FBillNo", "FID>"+last, "OrderString", "FID", "Limit", 700)
		for _, r := range rows {
			seen[r[1].(string)] = true
			last = r[0].(json.Number).String()
		}
		if len(rows) < 700 {
			break
		}
	}
	if len(seen) != 3000 {
		t.Errorf("read %d of 3000 bills", len(seen))
	}
	rows := c.query("SAL_SaleOrder", "FBillNo", "FModifyDate>='2026-03-01 10:00:02.999'", "OrderString", "FModifyDate,FID", "Limit", 3)
	same(t, rows, [][]any{{"BULK-002999"}, {"BULK-003000"}})
}
