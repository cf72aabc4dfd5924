package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOrderFromSaveToAudit(t *testing.T) {
	c := loggedIn(t)
	r := c.ok(c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": "true", "NeedReturnFields": []any{"FBillNo", "FSaleOrderEntry.FEntryID", "FSaleOrderFinance.FBillAllAmount"}, "Model": salesOrder("S-1", orderLine("MUG-RED", 3, "33.33"), orderLine("CAP-GREEN", "2", 0.1))}))
	if r["Number"] != "S-1" {
		t.Errorf("Number: %v", r["Number"])
	}
	back := r["NeedReturnData"].([]any)[0].(obj)
	if back["FBillNo"] != "S-1" || len(back["FSaleOrderEntry"].([]any)) != 2 || back["FSaleOrderFinance"].(obj)["FBillAllAmount"] != json.Number("100.19") {
		t.Errorf("NeedReturnData: %v", back)
	}
	c.ok(c.numbers("Submit", "SAL_SaleOrder", "S-1"))
	c.ok(c.numbers("Audit", "SAL_SaleOrder", "S-1"))
	got := c.query("SAL_SaleOrder", "FBillNo,FDocumentStatus,FMaterialId.FNumber,FQty,FAllAmount,FAmount,FEntryTaxAmount,FDate", "FBillNo='S-1'", "OrderString", "FSaleOrderEntry_FSeq")
	want := [][]any{
		{"S-1", "C", "MUG-RED", json.Number("3.0"), json.Number("99.99"), json.Number("88.49"), json.Number("11.50"), "2026-03-01T00:00:00"},
		{"S-1", "C", "CAP-GREEN", json.Number("2.0"), json.Number("0.2"), json.Number("0.18"), json.Number("0.02"), "2026-03-01T00:00:00"},
	}
	want[0][6] = json.Number("11.5")
	same(t, got, want)
}

// without leaves a key out, change sets one; both work on a copy.
func without(m obj, key string) obj {
	out := obj{}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

func with(m obj, key string, v any) obj {
	out := without(m, key)
	out[key] = v
	return out
}

func line(extra ...any) obj {
	l := orderLine("MUG-RED", 2, 113)
	for i := 0; i < len(extra); i += 2 {
		l[extra[i].(string)] = extra[i+1]
	}
	return l
}

func TestWhatSaveRefuses(t *testing.T) {
	order := salesOrder("S-1")
	for name, x := range map[string]struct {
		verify         bool
		model          obj
		field, message string
		code           string
	}{
		"no customer":                   {true, without(order, "FCustId"), "FCustId", "字段“客户”是必填项", "0"},
		"a key of another form":         {true, with(without(order, "FCustId"), "FCustomerId", number("CUST-SHOP-113")), "FCustId", "字段“客户”是必填项", "0"},
		"a wrongly cased key":           {true, with(without(order, "FCustId"), "FCUSTID", number("CUST-SHOP-113")), "FCustId", "字段“客户”是必填项", "0"},
		"no currency":                   {true, without(order, "FSaleOrderFinance"), "FSettleCurrId", "字段“结算币别”是必填项", "0"},
		"unknown material, dropped":     {false, with(order, "FSaleOrderEntry", []obj{line("FMaterialId", number("NEW-POSTER"))}), "FMaterialId", "单据体“明细”第1行字段“物料编码”是必填项", "0"},
		"unknown material, verified":    {true, with(order, "FSaleOrderEntry", []obj{line(), line("FMaterialId", number("NEW-POSTER"))}), "FMaterialId", "单据体“明细”第2行字段“物料编码”：编码值[\"NEW-POSTER\"]不存在或不可用（不存在）", "9"},
		"forbidden customer, dropped":   {false, with(order, "FCustId", number("CUST-FORBIDDEN")), "FCustId", "字段“客户”是必填项", "0"},
		"forbidden customer, verified":  {true, with(order, "FCustId", number("CUST-FORBIDDEN")), "FCustId", "字段“客户”：编码值[\"CUST-FORBIDDEN\"]不存在或不可用（已禁用）", "9"},
		"customer not audited":          {true, with(order, "FCustId", number("CUST-DRAFT")), "FCustId", "字段“客户”：编码值[\"CUST-DRAFT\"]不存在或不可用（未审核）", "9"},
		"material of another company":   {true, with(with(order, "FSaleOrgId", number("101")), "FSaleOrderEntry", []obj{line("FMaterialId", number("CABLE-USBC"))}), "FMaterialId", "单据体“明细”第1行字段“物料编码”：编码值[\"CABLE-USBC\"]不存在或不可用（未分配到使用组织）", "9"},
		"bill type of another form":     {true, with(order, "FBillTypeID", number("XSCKD01_SYS")), "FBillTypeID", "字段“单据类型”：编码值[\"XSCKD01_SYS\"]不存在或不可用（未分配到使用组织）", "9"},
		"no lines":                      {true, with(order, "FSaleOrderEntry", []obj{}), "FSaleOrderEntry", "单据体“明细”不能为空，至少需要一行", "11"},
		"no quantity":                   {true, with(order, "FSaleOrderEntry", []obj{line("FQty", 0)}), "FQty", "单据体“明细”第1行字段“销售数量”是必填项", "0"},
		"price of zero":                 {true, with(order, "FSaleOrderEntry", []obj{line("FTaxPrice", 0)}), "FTaxPrice", "单据体“明细”第1行字段“含税单价”：非赠品的价格不允许为零", "11"},
		"text as a date":                {true, with(order, "FDate", "soon"), "FDate", "字段“日期”的值“soon”格式不正确", "8"},
		"text as a number":              {true, with(order, "FSaleOrderEntry", []obj{line("FQty", "two")}), "FQty", "单据体“明细”第1行字段“销售数量”的值“two”格式不正确", "8"},
		"number too long":               {true, with(order, "FBillNo", string(make([]byte, 81))), "FBillNo", "编码长度超限：最多80个字符", "11"},
		"id that nobody has":            {true, with(order, "FID", 42), "FID", "未找到对应数据，内码为“42”的销售订单不存在", "10"},
		"required as text, not as code": {true, with(order, "FCustId", "CUST-SHOP-113"), "FCustId", "字段“客户”：编码值[\"CUST-SHOP-113\"]不存在或不可用（不是基础资料的写法）", "9"},
	} {
		t.Run(name, func(t *testing.T) {
			c := loggedIn(t)
			e := c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": x.verify, "Model": x.model})
			first, code := c.refused(e)
			if first["FieldName"] != x.field || first["Message"] != x.message || code != x.code {
				t.Errorf("%v %v MsgCode %s", first["FieldName"], first["Message"], code)
			}
			if e["Result"].(obj)["Id"] != "" {
				t.Errorf("Id of what was not saved: %v", e["Result"])
			}
			if rows := c.query("SAL_SaleOrder", "FBillNo", ""); len(rows) != 0 {
				t.Errorf("saved all the same: %v", rows)
			}
		})
	}
}

func TestEveryErrorIsReported(t *testing.T) {
	c := loggedIn(t)
	m := with(without(without(salesOrder("S-1"), "FDate"), "FCustId"), "FSaleOrderEntry", []obj{line(), line("FMaterialId", nil, "FUnitID", nil)})
	s := statusOf(t, c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": true, "Model": m}))
	var fields []string
	for _, e := range s["Errors"].([]any) {
		fields = append(fields, e.(obj)["FieldName"].(string))
	}
	same(t, fields, []string{"FDate", "FCustId", "FMaterialId", "FUnitID"})
}

func TestFailureAsText(t *testing.T) {
	c := loggedIn(t)
	text := string(c.raw(formService+"Save", obj{"formid": "SAL_SaleOrder", "data": obj{"Model": without(salesOrder("S-1"), "FCustId")}}))
	want := `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":"FCustId","Message":"字段“客户”是必填项","DIndex":0}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":0},"Id":"","Number":"","NeedReturnData":[{}]}}`
	if text != want {
		t.Errorf("\n got %s\nwant %s", text, want)
	}
}

func TestBodyForms(t *testing.T) {
	c := loggedIn(t)
	data, _ := json.Marshal(obj{"Model": salesOrder("A")})
	inner := func(no string) string { return strings.Replace(string(data), `"A"`, `"`+no+`"`, 1) }
	for no, body := range map[string]any{
		"POS-TEXT":   obj{"parameters": []any{"SAL_SaleOrder", inner("POS-TEXT")}},
		"POS-OBJECT": obj{"parameters": []any{"SAL_SaleOrder", json.RawMessage(inner("POS-OBJECT"))}},
		"NAME-TEXT":  obj{"formId": "SAL_SaleOrder", "data": inner("NAME-TEXT")},
		"NAME-OBJ":   obj{"FormId": "SAL_SaleOrder", "Data": json.RawMessage(inner("NAME-OBJ"))},
	} {
		c.ok(c.post(formService+"save", body).(obj))
		if rows := c.query("SAL_SaleOrder", "FBillNo", "FBillNo='"+no+"'"); len(rows) != 1 {
			t.Errorf("%s was not saved", no)
		}
	}
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, text := c.send(c.url(formService+"ExecuteBillQuery"), []byte("data="+url.QueryEscape(`{"FormId":"BD_UNIT","FieldKeys":"FNumber","OrderString":"FNumber","Limit":"1"}`)), h)
	if string(text) != `[["Pcs"]]` {
		t.Errorf("a web form: %s", text)
	}
	_, text = c.send(c.url(formService+"ExecuteBillQuery"), []byte(`{"data":{"FormId":"BD_UNIT","FieldKeys":"FNumber","OrderString":"FNumber","Limit":1}}`), http.Header{"Content-Type": {"applicatin/json"}})
	if string(text) != `[["Pcs"]]` {
		t.Errorf("the misspelt content type: %s", text)
	}
}

func TestNumbersAreUnique(t *testing.T) {
	c := loggedIn(t)
	c.saveOrder("S-1")
	again := func(m obj) (obj, string) {
		t.Helper()
		return c.refused(c.call("Save", "SAL_SaleOrder", obj{"Model": m}))
	}
	first, code := again(salesOrder("S-1"))
	if first["FieldName"] != "FBillNo" || code != "11" || first["Message"] != "违反字段唯一性要求：编码唯一。[S-1]在当前系统中已经被使用。" {
		t.Errorf("%v MsgCode %s", first, code)
	}
	again(with(salesOrder("S-1"), "FSaleOrgId", number("101")))
	c.ok(c.operate("ExecuteOperation", "SAL_SaleOrder", "Cancel", "S-1"))
	again(salesOrder("S-1"))
	c.ok(c.numbers("Delete", "SAL_SaleOrder", "S-1"))
	c.saveOrder("S-1")
	if n := len(c.query("SAL_SaleOrder", "FID", "FBillNo='S-1'")); n != 1 {
		t.Errorf("%d bills with one number", n)
	}
}

func TestOneOfManySameKeySavesWins(t *testing.T) {
	c := loggedIn(t)
	body, _ := json.Marshal(obj{"formid": "SAL_SaleOrder", "data": obj{"Model": salesOrder("RACE")}})
	var wins atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url(formService+"Save"), bytes.NewReader(body))
			req.Header.Set("kdservice-sessionid", c.sid)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if strings.Contains(string(text), `"IsSuccess":true`) {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	if n := len(c.query("SAL_SaleOrder", "FID", "FBillNo='RACE'")); wins.Load() != 1 || n != 1 {
		t.Errorf("%d saves were accepted, %d bills are there", wins.Load(), n)
	}
}

func TestUpdateRows(t *testing.T) {
	c := loggedIn(t)
	c.saveOrder("S-1", orderLine("MUG-RED", 1, 10), orderLine("CAP-GREEN", 2, 10), orderLine("LAMP-DESK", 3, 10))
	rows := c.query("SAL_SaleOrder", "FID,FSaleOrderEntry_FEntryID", "FBillNo='S-1'", "OrderString", "FSaleOrderEntry_FSeq")
	id, second := rows[0][0], rows[1][1]
	save := func(more obj, model obj) {
		t.Helper()
		more["Model"] = with(model, "FID", id)
		c.ok(c.call("Save", "SAL_SaleOrder", more))
	}
	lines := func() [][]any {
		return c.query("SAL_SaleOrder", "FMaterialId.FNumber,FQty,FAllAmount,FSaleOrderEntry_FEntryID", "FBillNo='S-1'", "OrderString", "FSaleOrderEntry_FSeq")
	}
	first, third := rows[0][1], rows[2][1]

	save(obj{"IsDeleteEntry": "false"}, obj{"FSaleOrderEntry": []obj{{"FEntryID": second, "FQty": 5}}})
	same(t, lines(), [][]any{
		{"MUG-RED", json.Number("1.0"), json.Number("10.0"), first}, {"CAP-GREEN", json.Number("5.0"), json.Number("50.0"), second}, {"LAMP-DESK", json.Number("3.0"), json.Number("30.0"), third},
	})

	save(obj{"NeedUpDateFields": []any{"FNote", "FSaleOrderEntry", "FQty"}, "IsDeleteEntry": false},
		obj{"FNote": "changed", "FLinkMan": "not listed", "FSaleOrderEntry": []obj{{"FEntryID": second, "FQty": 6, "FTaxPrice": 99}}})
	same(t, c.query("SAL_SaleOrder", "FNote,FLinkMan,FBillAllAmount", "FBillNo='S-1'"), [][]any{{"changed", "", json.Number("100.0")}})

	save(obj{}, obj{"FSaleOrderEntry": []obj{{"FEntryID": third}, orderLine("PEN-SET-5", 1, 7)}})
	got := lines()
	if len(got) != 2 || got[0][3] != third || got[1][0] != "PEN-SET-5" {
		t.Errorf("rows that were not sent are deleted: %v", got)
	}
	save(obj{}, obj{"FNote": "no rows sent at all"})
	if n := len(lines()); n != 2 {
		t.Errorf("a collection that was not sent has %d rows", n)
	}
	s := statusOf(t, c.call("Save", "SAL_SaleOrder", obj{"Model": obj{"FID": id, "FSaleOrderEntry": []obj{{"FEntryID": first, "FQty": 1}}}}))
	if s["MsgCode"] != json.Number("10") {
		t.Errorf("a row that is gone: %v", s)
	}
}

func TestAmounts(t *testing.T) {
	for name, x := range map[string]struct {
		line     obj
		included any
		want     []string // FPrice FTaxPrice FAmount FEntryTaxAmount FAllAmount FDiscount
	}{
		"gross":           {line("FQty", 3, "FTaxPrice", "113", "FEntryTaxRate", 13), true, []string{"100.0", "113.0", "300.0", "39.0", "339.0", "0.0"}},
		"remainder":       {line("FQty", 3, "FTaxPrice", "33.333333", "FEntryTaxRate", 0), true, []string{"33.333333", "33.333333", "100.0", "0.0", "100.0", "0.0"}},
		"net":             {line("FQty", 3, "FTaxPrice", nil, "FPrice", "0.1", "FEntryTaxRate", 13), false, []string{"0.1", "0.113", "0.3", "0.04", "0.34", "0.0"}},
		"net, one key":    {without(line("FQty", 2, "FPrice", 100, "FEntryTaxRate", 6), "FTaxPrice"), true, []string{"100.0", "106.0", "200.0", "12.0", "212.0", "0.0"}},
		"discount":        {line("FQty", 2, "FTaxPrice", 50, "FEntryTaxRate", 0, "FDiscount", "0.01"), true, []string{"50.0", "50.0", "99.99", "0.0", "99.99", "0.01"}},
		"discount rate":   {line("FQty", 2, "FTaxPrice", 50, "FEntryTaxRate", 0, "FDiscountRate", 10), true, []string{"50.0", "50.0", "90.0", "0.0", "90.0", "10.0"}},
		"gift":            {line("FQty", 2, "FTaxPrice", 50, "FIsFree", "true"), true, []string{"0.0", "0.0", "0.0", "0.0", "0.0", "0.0"}},
		"gift, no price":  {line("FQty", 2, "FTaxPrice", 0, "FIsFree", true), true, []string{"0.0", "0.0", "0.0", "0.0", "0.0", "0.0"}},
		"large, exact":    {line("FQty", "123456789.123456", "FTaxPrice", "98765.432109", "FEntryTaxRate", 0), true, []string{"98765.432109", "98765.432109", "12193263124567.82", "0.0", "12193263124567.82", "0.0"}},
		"no tax rate set": {without(line("FQty", 1, "FTaxPrice", "0.29"), "FEntryTaxRate"), true, []string{"0.29", "0.29", "0.29", "0.0", "0.29", "0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := loggedIn(t)
			m := with(with(salesOrder("S-1"), "FSaleOrderEntry", []obj{x.line}), "FSaleOrderFinance", obj{"FSettleCurrId": number("PRE001"), "FIsIncludedTax": x.included})
			c.ok(c.call("Save", "SAL_SaleOrder", obj{"Model": m}))
			var got []string
			for _, v := range c.query("SAL_SaleOrder", "FPrice,FTaxPrice,FAmount,FEntryTaxAmount,FAllAmount,FDiscount", "")[0] {
				got = append(got, v.(json.Number).String())
			}
			same(t, got, x.want)
		})
	}
}

func TestKeyOrderMatters(t *testing.T) {
	c := loggedIn(t)
	tail := `"FDate":"2026-03-01","FSaleOrgId":{"FNUMBER":"100"},"FBillTypeID":{"Fnumber":"XSDD01_SYS"},"FSaleOrderEntry":[{"FMaterialId":{"FNumber":"MUG-RED"},"FUnitID":{"FNumber":"Pcs"},"FQty":1,"FTaxPrice":1,"FDeliveryDate":"2026-03-02"}]}}}`
	head := `{"formid":"SAL_SaleOrder","data":{"IsAutoAdjustField":"%s","Model":{"FBillNo":"%s",`
	finance, customer := `"FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE007"}},`, `"FCustId":{"FNumber":"CUST-SHOP-113"},`
	for no, body := range map[string]string{
		"CUSTOMER-FIRST": fmt.Sprintf(head, "false", "CUSTOMER-FIRST") + customer + finance + tail,
		"CUSTOMER-LAST":  fmt.Sprintf(head, "false", "CUSTOMER-LAST") + finance + customer + tail,
		"ADJUSTED":       fmt.Sprintf(head, "true", "ADJUSTED") + finance + customer + tail,
	} {
		c.ok(c.post(formService+"Save", body).(obj))
		want := map[bool]string{true: "PRE001", false: "PRE007"}[no == "CUSTOMER-LAST"]
		same(t, c.query("SAL_SaleOrder", "FSettleCurrId.FNumber", "FBillNo='"+no+"'"), [][]any{{want}})
	}
}

func TestBatchSave(t *testing.T) {
	c := loggedIn(t)
	c.saveOrder("TAKEN")
	models := []obj{salesOrder("B-0"), salesOrder("TAKEN"), salesOrder("B-2"), without(salesOrder("B-3"), "FCustId"), salesOrder("B-2"), salesOrder("B-5")}
	e := c.call("BatchSave", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": true, "NeedReturnFields": []any{"FBillNo"}, "Model": models})
	s := statusOf(t, e)
	good, bad := map[string]string{}, map[string]any{}
	for _, x := range s["SuccessEntitys"].([]any) {
		good[x.(obj)["DIndex"].(json.Number).String()] = x.(obj)["Number"].(string)
	}
	for _, x := range s["Errors"].([]any) {
		bad[x.(obj)["DIndex"].(json.Number).String()] = x.(obj)["FieldName"]
	}
	same(t, good, obj{"0": "B-0", "2": "B-2", "5": "B-5"})
	same(t, bad, obj{"1": "FBillNo", "3": "FCustId", "4": "FBillNo"})
	if s["IsSuccess"] != false || e["Result"].(obj)["Id"] != nil {
		t.Errorf("%v", e)
	}
	if n := len(e["Result"].(obj)["NeedReturnData"].([]any)); n != 3 {
		t.Errorf("NeedReturnData has %d elements", n)
	}
}

func TestAsynchronousBatchSave(t *testing.T) {
	c := loggedIn(t)
	begun := c.post(formService+"BatchSave", obj{"formid": "SAL_SaleOrder", "beginmethod": "BeginQueryImpl", "querymethod": "QueryAsyncResult", "data": obj{"Model": []obj{salesOrder("A-1")}}}).(obj)
	poll := func() obj {
		info, _ := json.Marshal(obj{"TaskId": begun["TaskId"], "Cancelled": false})
		return c.post(formService+"QueryAsyncResult", obj{"parameters": []any{string(info)}}).(obj)
	}
	if a := poll(); begun["Status"] != json.Number("0") || a["Status"] != json.Number("1") || a["Result"] != nil {
		t.Errorf("begun %v, then %v", begun, a)
	}
	done := poll()
	if done["Status"] != json.Number("2") || done["Successful"] != true {
		t.Fatalf("done: %v", done)
	}
	c.ok(done["Result"].(obj))
	c.refused(c.post(formService+"QueryAsyncResult", obj{"queryInfo": `{"TaskId":"none"}`}).(obj))
}

func TestSaveOptions(t *testing.T) {
	c := loggedIn(t)
	c.ok(c.call("Save", "SAL_SaleOrder", obj{"IsAutoSubmitAndAudit": "true", "Model": salesOrder("AUTO")}))
	same(t, c.query("SAL_SaleOrder", "FDocumentStatus", "FBillNo='AUTO'"), [][]any{{"C"}})

	c.ok(c.call("Save", "SAL_SaleOrder", obj{"ValidateRepeatJson": true, "Model": salesOrder("")}))
	if _, code := c.refused(c.call("Save", "SAL_SaleOrder", obj{"ValidateRepeatJson": true, "Model": salesOrder("")})); code != "11" {
		t.Errorf("the identical JSON again: MsgCode %s", code)
	}
	r := c.ok(c.call("Save", "SAL_SaleOrder", obj{"Creator": "keyuser", "Model": salesOrder("")}))
	if r["Number"] != "XSDD000002" {
		t.Errorf("numbered by the rule: %v", r["Number"])
	}
	same(t, c.query("SAL_SaleOrder", "FCreatorId.FNumber,FModifierId.FNumber", "FBillNo='XSDD000002'"), [][]any{{"keyuser", "apiuser"}})

	c.act("set-option", `{"auto_number":{"XSDD01_SYS":true}}`)
	r = c.ok(c.call("Save", "SAL_SaleOrder", obj{"Model": salesOrder("MINE")}))
	if r["Number"] != "XSDD000003" {
		t.Errorf("a bill type that ignores FBillNo: %v", r["Number"])
	}
	if _, code := c.refused(c.call("Save", "BD_Currency", obj{"Model": obj{"FNumber": "PRE099"}})); code != "2" {
		t.Errorf("a form that can only be read: MsgCode %s", code)
	}
	if _, code := c.refused(c.call("Save", "", obj{"Model": obj{}})); code != "5" {
		t.Errorf("no form: MsgCode %s", code)
	}
	if _, code := c.refused(c.call("Save", "SAL_SaleOrder", obj{"IsControlPrecision": true, "Model": salesOrder("P", line("FQty", "1.5"))})); code != "11" {
		t.Errorf("half a piece: MsgCode %s", code)
	}
}

func TestDraft(t *testing.T) {
	c := loggedIn(t)
	r := c.ok(c.call("Draft", "SAL_SaleOrder", obj{"Model": obj{"FNote": "half", "FCustId": number("NOBODY")}}))
	id := r["Id"]
	same(t, c.query("SAL_SaleOrder", "FBillNo,FDocumentStatus,FCustId", ""), [][]any{{"", "Z", 0}})
	c.refused(c.call("Submit", "SAL_SaleOrder", obj{"Ids": id.(json.Number).String()}))
	c.ok(c.call("Save", "SAL_SaleOrder", obj{"Model": with(salesOrder("D-1"), "FID", id)}))
	same(t, c.query("SAL_SaleOrder", "FBillNo,FDocumentStatus,FNote", ""), [][]any{{"D-1", "A", "half"}})
}

func TestEnglish(t *testing.T) {
	c := serve(t)
	a := c.post(authService+"ValidateUser", obj{"parameters": []any{acct, user, "sandbox-password", 1033}}).(obj)
	c.sid = a["KDSVCSessionId"].(string)
	first, _ := c.refused(c.call("Save", "SAL_SaleOrder", obj{"Model": without(salesOrder("S"), "FCustId")}))
	if first["Message"] != "field “FCustId” is required" {
		t.Errorf("%v", first)
	}
	same(t, c.query("BD_MATERIAL", "FName", "FNumber='MUG-RED' and FUseOrgId.FNumber='100'"), [][]any{{"MUG-RED"}})
}
