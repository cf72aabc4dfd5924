package kingdee

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
	"github.com/pipectl/pipectl/engine/value"
)

var orders = connector.Target{Object: "SAL_SaleOrder", Key: "FBillNo"}

// failedStatus is the answer to a refused save.
func failedStatus(code, field, message, index string) string {
	return `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":"` + field + `","Message":"` + message +
		`","DIndex":` + index + `}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":` + code + `},"Id":"","Number":""}}`
}

func TestModelOrder(t *testing.T) {
	doc := orderDoc("S01-1", "MUG-RED")
	doc.ID = "100123"
	got, err := formOf("SAL_SaleOrder").model(doc)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"FID":100123,"FSaleOrgId":{"FNumber":"100"},"FBillTypeID":{"FNumber":"XSDD01_SYS"},"FBillNo":"S01-1","FDate":"2026-03-01",` +
		`"FCustId":{"FNumber":"CUST-1"},"FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE001"},"FIsIncludedTax":true},` +
		`"FSaleOrderEntry":[{"FMaterialId":{"FNumber":"MUG-RED"},"FUnitID":{"FNumber":"Pcs"},"FQty":2,"FDeliveryDate":"2026-03-03"}],"F_ABC_Text":"x"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestModelOfBaseData(t *testing.T) {
	got, err := formOf("BD_MATERIAL").model(connector.Doc{Key: "SKU-1", ID: "77", Content: value.Known(`{"FNumber":"SKU-1","FMATERIALID":5,"FName":"x"}`)})
	if err != nil || string(got) != `{"FMATERIALID":77,"FNumber":"SKU-1","FName":"x"}` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := formOf("BD_MATERIAL").model(connector.Doc{Key: "SKU-1"}); problem.As(err).ID != idDocument {
		t.Errorf("an empty document: %v", err)
	}
}

func TestSaveRequest(t *testing.T) {
	s := newStub(map[string][]string{
		"Save":      {`{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":null,"SuccessEntitys":[{"Id":100123,"Number":"S01-1","DIndex":0}],"MsgCode":0},"Id":100123,"Number":"S01-1"}}`},
		"BatchSave": {`{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"SuccessEntitys":[{"Id":2,"Number":"S01-3","DIndex":1},{"Id":1,"Number":"S01-2","DIndex":0}],"MsgCode":0}}}`},
	})
	c, _ := dial(t, s, nil)
	target := orders
	target.Params = map[string]json.RawMessage{"InterationFlags": json.RawMessage(`"STK_InvCheckResult"`)}
	outs, err := c.Write(t.Context(), target, []connector.Doc{orderDoc("S01-1", "MUG-RED")})
	if err != nil || outs[0].State != connector.Written || outs[0].ID != "100123" || outs[0].Number != "S01-1" || outs[0].Stage != connector.Saved {
		t.Errorf("%+v, %v", outs, err)
	}
	d := data(t, s.calls("Save")[0])
	if d["IsVerifyBaseDataField"] != "true" || d["IsDeleteEntry"] != "true" || d["InterationFlags"] != "STK_InvCheckResult" {
		t.Errorf("options: %v", d)
	}
	outs, err = c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-2", "MUG-RED"), orderDoc("S01-3", "MUG-RED")})
	if err != nil || outs[0].ID != "1" || outs[1].ID != "2" || outs[1].Number != "S01-3" {
		t.Errorf("a batch is joined by DIndex: %+v, %v", outs, err)
	}
	if n := len(data(t, s.calls("BatchSave")[0])["Model"].([]any)); n != 2 { //nolint:forcetypeassert // a list of models
		t.Errorf("%d models", n)
	}
	target.Params = map[string]json.RawMessage{"ValidateFlag": json.RawMessage(`false`)}
	if _, err := c.Write(t.Context(), target, []connector.Doc{orderDoc("S01-1", "MUG-RED")}); problem.As(err).ID != idParams {
		t.Errorf("a switch that would skip the checks: %v", err)
	}
}

// TestSaveAnswers is the table of what a save may answer, and what that means for its document.
func TestSaveAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		status int
		state  connector.State
		class  problem.Class
		id     string
		field  string
		cause  string
	}{
		"required and sent": {
			answer: failedStatus("0", "FMaterialId", "单据体“明细”第2行字段“物料编码”是必填项", "0"),
			state:  connector.Refused, class: problem.Missing, id: idBaseData, field: "FSaleOrderEntry[1].FMaterialId.FNumber", cause: "BD_MATERIAL NEW-POSTER",
		},
		"required by title": {
			answer: failedStatus("11", "", "单据体实体【订单明细】第【2】行分录，【物料编码】字段必录", "0"),
			state:  connector.Refused, class: problem.Missing, id: idBaseData, field: "FSaleOrderEntry[1].FMaterialId.FNumber", cause: "BD_MATERIAL NEW-POSTER",
		},
		"required head": {
			answer: failedStatus("0", "FCustId", "字段“客户”是必填项", "0"),
			state:  connector.Refused, class: problem.Missing, id: idBaseData, field: "FCustId.FNumber", cause: "BD_Customer CUST-1",
		},
		"required in a group": {
			answer: failedStatus("0", "FSettleCurrId", "字段“结算币别”是必录项", "0"),
			state:  connector.Refused, class: problem.Missing, id: idBaseData, field: "FSaleOrderFinance.FSettleCurrId.FNumber", cause: "BD_Currency PRE001",
		},
		"required and not sent": {
			answer: failedStatus("0", "FSalerId", "字段“销售员”是必填项", "0"),
			state:  connector.Refused, class: problem.Invalid, id: idRequired, field: "FSalerId.FNumber",
		},
		"required text": {
			answer: failedStatus("0", "FNote", "字段“备注”不能为空", "0"),
			state:  connector.Refused, class: problem.Invalid, id: idRequired, field: "FNote",
		},
		"code in the message": {
			answer: failedStatus("9", "", `编码值[\"NEW-POSTER\"]不存在`, "0"),
			state:  connector.Refused, class: problem.Missing, id: idBaseData, field: "FSaleOrderEntry[1].FMaterialId.FNumber", cause: "BD_MATERIAL NEW-POSTER",
		},
		"duplicate": {
			answer: failedStatus("11", "FBillNo", "违反字段唯一性要求：编码唯一。[S01-1]在当前系统中已经被使用。", "0"),
			state:  connector.Unknown, class: problem.Held, id: DuplicateNumber, field: "FBillNo",
		},
		"stock": {
			answer: failedStatus("0", "", "更新库存时出现可以忽略的异常数据，是否继续？", "0"),
			state:  connector.Refused, class: problem.Held, id: idStock,
		},
		"rule of the company": {
			answer: failedStatus("11", "", "订单金额超过信用额度", "0"),
			state:  connector.Refused, class: problem.Invalid, id: idRejected,
		},
		"too long":      {answer: failedStatus("8", "FBillNo", "编码长度超限", "0"), state: connector.Refused, class: problem.Invalid, id: idRejected, field: "FBillNo"},
		"closed period": {answer: failedStatus("0", "", "当前期间已结账", "0"), state: connector.Refused, class: problem.Invalid, id: idPeriod},
		"audited":       {answer: failedStatus("0", "", "单据已审核，不允许修改", "0"), state: connector.Refused, class: problem.Invalid, id: idState},
		"other user":    {answer: failedStatus("0", "", "该数据已被其他用户修改，请刷新后重试", "0"), state: connector.Refused, class: problem.Transient, id: idOtherUser},
		"locked":        {answer: failedStatus("0", "", "单据正在被用户张三执行操作", "0"), state: connector.Untouched, class: problem.Throttled, id: idThrottled},
		"net control":   {answer: failedStatus("13", "", "网控冲突", "0"), state: connector.Untouched, class: problem.Throttled, id: idThrottled},
		"call limit":    {answer: failedStatus("14", "", "调用限制", "0"), state: connector.Untouched, class: problem.Throttled, id: idThrottled},
		"no right":      {answer: failedStatus("0", "", "您没有“销售订单”的“新增”权限，请联系系统管理员", "0"), state: connector.Untouched, class: problem.Fatal, id: idRights},
		"licence":       {answer: failedStatus("7", "", "许可错误", "0"), state: connector.Untouched, class: problem.Fatal, id: idRights},
		"unknown form":  {answer: failedStatus("0", "", "标识为“SAL_X”的业务对象不存在，或者被删除。", "0"), state: connector.Untouched, class: problem.Fatal, id: idNames},
		"exception":     {answer: failedStatus("4", "", "异常", "0"), state: connector.Unknown, class: problem.Transient, id: idException},
		"database":      {answer: failedStatus("6", "", "数据库操作失败", "0"), state: connector.Unknown, class: problem.Transient, id: idException},
		"dump":          {answer: "response_error:{\"Message\":\"x\"}", state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"dump of loss":  {answer: "response_error: 会话信息已丢失", state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"page":          {answer: "<html>", state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"nothing":       {answer: "", state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"null result":   {answer: `{"Result":null}`, state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"rows":          {answer: `[[1,2]]`, state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"no word":       {answer: `{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[],"MsgCode":0}}}`, state: connector.Unknown, class: problem.Invalid, id: idRejected},
		"bad gateway":   {answer: "x", status: http.StatusBadGateway, state: connector.Unknown, class: problem.Transient, id: idUnreadable},
		"not found":     {answer: "x", status: http.StatusNotFound, state: connector.Untouched, class: problem.Fatal, id: idService},
		"too many":      {answer: "x", status: http.StatusTooManyRequests, state: connector.Untouched, class: problem.Throttled, id: idThrottled},
		"too large":     {answer: "x", status: http.StatusRequestEntityTooLarge, state: connector.Untouched, class: problem.Invalid, id: idTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"Save": {test.answer}})
			s.status["Save"] = test.status
			c, _ := dial(t, s, nil)
			outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "MUG-RED", "NEW-POSTER")})
			if err != nil {
				t.Fatal(err)
			}
			o := outs[0]
			if o.State != test.state || o.Err == nil || o.Err.Class != test.class || o.Err.ID != test.id || o.Err.Field != test.field {
				t.Fatalf("state %d, field %q, %v", o.State, o.Err.Field, o.Err)
			}
			cause := ""
			if o.Err.Cause != nil {
				cause = o.Err.Cause.Object + " " + o.Err.Cause.Key
				if o.Err.Cause.Connection != "kd" {
					t.Errorf("cause in connection %q", o.Err.Cause.Connection)
				}
			}
			if cause != test.cause {
				t.Errorf("cause %q, want %q", cause, test.cause)
			}
			if _, ok := problem.Page(o.Err.ID); !ok || o.Err.Hint == "" {
				t.Errorf("code %s without a page, or no hint", o.Err.ID)
			}
			if n := len(s.calls("Save")); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

func TestEveryComplaintIsKept(t *testing.T) {
	answer := `{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[` +
		`{"FieldName":"FMaterialId","Message":"单据体“明细”第1行字段“物料编码”是必填项","DIndex":0},` +
		`{"FieldName":"FMaterialId","Message":"单据体“明细”第2行字段“物料编码”是必填项","DIndex":0},null,` +
		`{"FieldName":"FCustId","Message":"字段“客户”是必填项","DIndex":0}],"SuccessEntitys":null,"MsgCode":11}}}`
	s := newStub(map[string][]string{"Save": {answer}})
	c, _ := dial(t, s, nil)
	outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "A-1", "A-2")})
	if err != nil {
		t.Fatal(err)
	}
	var list problem.List
	if !errors.As(outs[0].Err.Err, &list) || len(list) != 3 {
		t.Fatalf("complaints: %v", outs[0].Err.Err)
	}
	var keys []string
	for _, e := range list {
		keys = append(keys, e.Cause.Key)
	}
	if strings.Join(keys, " ") != "A-1 A-2 CUST-1" {
		t.Errorf("causes %v", keys)
	}
	if !strings.Contains(outs[0].Err.Reason, "A-2") || !strings.Contains(outs[0].Err.Reason, "CUST-1") {
		t.Errorf("the text lost one: %s", outs[0].Err.Reason)
	}
}

func TestMixedBatch(t *testing.T) {
	answer := `{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"FieldName":"FCustId","Message":"字段“客户”是必填项","DIndex":1},{"FieldName":"","Message":"x","DIndex":99}],` +
		`"SuccessEntitys":[{"Id":"7","Number":"S01-3","DIndex":2}],"MsgCode":11}}}`
	s := newStub(map[string][]string{"BatchSave": {answer}})
	c, _ := dial(t, s, nil)
	outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "A"), orderDoc("S01-2", "A"), orderDoc("S01-3", "A")})
	if err != nil {
		t.Fatal(err)
	}
	want := []connector.State{connector.Unknown, connector.Refused, connector.Written}
	for i, o := range outs {
		if o.State != want[i] {
			t.Errorf("document %d: state %d, want %d: %v", i, o.State, want[i], o.Err)
		}
	}
	if outs[0].Err.ID != idOmitted || outs[2].ID != "7" {
		t.Errorf("%+v", outs)
	}
}

func TestWriteOfALostSessionIsRepeatedOnce(t *testing.T) {
	s := newStub(map[string][]string{"Save": {lostStatus, `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"SuccessEntitys":[],"MsgCode":0},"Id":5,"Number":"S01-1"}}`}})
	c, _ := dial(t, s, nil)
	outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "A")})
	if err != nil || outs[0].State != connector.Written || outs[0].ID != "5" {
		t.Errorf("%+v, %v", outs, err)
	}
	if n := len(s.calls("Save")); n != 2 {
		t.Errorf("sent %d times, want twice", n)
	}
}

func TestNotSent(t *testing.T) {
	refused := `{"Message":"no","LoginResultType":0}`
	s := newStub(map[string][]string{"LoginBySign": {refused}})
	c, _ := dial(t, s, nil)
	outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "A")})
	if outs != nil || problem.As(err).ID != idLogin {
		t.Errorf("a refused login: %v, %v", outs, err)
	}
	c, _ = dial(t, newStub(nil), func(cfg *Config) { cfg.URL = "http://127.0.0.1:1/k3cloud/" })
	outs, err = c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "A")})
	if outs != nil || !errors.Is(err, transport.ErrNotSent) {
		t.Errorf("nobody listens: %v, %v", outs, err)
	}
}

func TestLargeDocumentsShareNoCall(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	s := newStub(map[string][]string{"Save": {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":1,"Number":"N","DIndex":0}]}}}`}})
	c, _ := dial(t, s, nil)
	doc := func(n int) connector.Doc {
		return connector.Doc{Key: "N", Content: value.Known(`{"FBillNo":"N","FNote":"` + strings.Repeat(big, n) + `"}`)}
	}
	outs, err := c.Write(t.Context(), orders, []connector.Doc{doc(1), doc(2), doc(1)})
	if err != nil || outs[0].State != connector.Written || outs[2].State != connector.Written {
		t.Fatalf("%v %v %v", outs[0].State, outs[2].State, err)
	}
	if outs[1].State != connector.Refused || outs[1].Err.ID != idTooLarge {
		t.Errorf("6 MiB: %+v", outs[1])
	}
	if n := len(s.calls("Save")); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

func TestStageOfWhatIsThereAlready(t *testing.T) {
	again := failedStatus("11", "", "单据编号为“S01-1”的销售订单，单据已经审核！", "0")
	s := newStub(map[string][]string{
		"Audit":            {again},
		"ExecuteBillQuery": {`[[100,"S01-1","C","A","2026-03-01T10:00:00",178301]]`},
	})
	c, _ := dial(t, s, nil)
	ref := connector.Ref{Key: "S01-1", ID: "100"}
	outs, err := c.Stage(t.Context(), orders, connector.Audit, []connector.Ref{ref})
	if err != nil || outs[0].State != connector.Written || outs[0].Stage != connector.Audited {
		t.Errorf("%+v, %v", outs, err)
	}
	if d := data(t, s.calls("Audit")[0]); d["Ids"] != "100" {
		t.Errorf("data %v", d)
	}
	s.answers["ExecuteBillQuery"] = []string{`[[100,"S01-1","A","A","2026-03-01T10:00:00",178301]]`}
	outs, err = c.Stage(t.Context(), orders, connector.Audit, []connector.Ref{ref})
	if err != nil || outs[0].State != connector.Refused || outs[0].Stage != connector.Saved {
		t.Errorf("not audited after all: %+v, %v", outs, err)
	}
	s.answers["ExecuteBillQuery"] = []string{`[]`}
	outs, err = c.Stage(t.Context(), orders, connector.Audit, []connector.Ref{ref})
	if err != nil || outs[0].State != connector.Refused || outs[0].Err.ID != idGone || outs[0].Err.Class != problem.Held {
		t.Errorf("gone: %+v, %v", outs, err)
	}
}

func TestStageByNumberJoinsByTheNumberInTheMessage(t *testing.T) {
	answer := `{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"单据编号为“B”的单据在审批流程中","DIndex":0}],"SuccessEntitys":[{"Id":1,"Number":"A","DIndex":0}],"MsgCode":11}}}`
	s := newStub(map[string][]string{"Audit": {answer}})
	c, _ := dial(t, s, nil)
	outs, err := c.Stage(t.Context(), orders, connector.Audit, []connector.Ref{{Key: "A"}, {Key: "B"}, {Key: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	if outs[0].State != connector.Written || outs[1].State != connector.Refused || outs[1].Err.ID != idWorkflow || outs[1].Err.Class != problem.Held || outs[2].State != connector.Unknown {
		t.Errorf("%+v", outs)
	}
}

func TestCancelFindsTheSpelling(t *testing.T) {
	ok := `{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":"1","Number":"A","DIndex":0}]}}}`
	s := newStub(map[string][]string{"ExecuteOperation": {"null"}, "ExcuteOperation": {ok}})
	c, _ := dial(t, s, nil)
	for range 2 {
		outs, err := c.Stage(t.Context(), orders, connector.Cancel, []connector.Ref{{Key: "A", ID: "1"}})
		if err != nil || outs[0].State != connector.Written {
			t.Fatalf("%+v, %v", outs, err)
		}
	}
	if a, b := len(s.calls("ExecuteOperation")), len(s.calls("ExcuteOperation")); a != 1 || b != 2 {
		t.Errorf("%d and %d calls: the spelling that works is not remembered", a, b)
	}
	if !strings.Contains(s.calls("ExcuteOperation")[0], `"opNumber":"Cancel"`) {
		t.Errorf("%s", s.calls("ExcuteOperation")[0])
	}
}

func TestProbe(t *testing.T) {
	s := newStub(map[string][]string{"ExecuteBillQuery": {
		`[[1,"A","C","A","2026-03-01T10:11:12.34",178301],[2,"b","B","B","2026-03-01T10:00:00",999],[3,"D","Z","A",null,0],[4,"D","A","A",null,0]]`,
	}})
	c, _ := dial(t, s, nil)
	got, err := c.Probe(t.Context(), orders, []string{"none", "B", "A", "D"})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Found {
		t.Errorf("none: %+v", got[0])
	}
	if p := got[1]; !p.Found || p.Number != "b" || !p.Cancelled || p.Stage != connector.Submitted || p.Ours != connector.MadeByAnother {
		t.Errorf("B: %+v", p)
	}
	if p := got[2]; p.ID != "1" || p.Stage != connector.Audited || p.Ours != connector.MadeByUs || p.Modified.UnixMilli() != 1772331072340 {
		t.Errorf("A: %+v (%d)", p, p.Modified.UnixMilli())
	}
	if p := got[3]; !p.Many {
		t.Errorf("D: %+v", p)
	}
	d := data(t, s.calls("ExecuteBillQuery")[0])
	if d["FilterString"] != "FBillNo in ('none','B','A','D')" || d["TopRowCount"] != float64(0) {
		t.Errorf("query %v", d)
	}
}

func TestTraits(t *testing.T) {
	c, _ := dial(t, newStub(nil), nil)
	tr := c.Traits(orders)
	if !tr.RefusesSecond || tr.Batch != 50 || tr.InFlight != 2 || len(tr.Ops) != 6 || tr.Longest == 0 {
		t.Errorf("%+v", tr)
	}
	if c.Traits(connector.Target{Object: "SAL_SaleOrder", Key: "FNetOrderBillNo"}).RefusesSecond {
		t.Error("a field that isn't unique refuses no second document")
	}
	if _, err := c.Write(t.Context(), connector.Target{Object: "STK_Inventory"}, []connector.Doc{orderDoc("x")}); problem.As(err).Class != problem.Fatal {
		t.Errorf("stock can't be written: %v", err)
	}
}

// An account whose bills have no creator to ask for: who asked with it while somebody else found that
// out asks again without it, too.
func TestProbesAtOnceOfAnAccountWithoutCreators(t *testing.T) {
	refused := `[[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":"","Message":"元数据中标识为FCreatorId的字段不存在","DIndex":0}],"MsgCode":9}}}]]`
	s := newStub(map[string][]string{"ExecuteBillQuery": {refused, `[[100123,"B-1","C","A","2026-03-01T09:00:00"]]`, `[]`}})
	c, _ := dial(t, s, nil)
	s.met = func(name string) {
		if name == "ExecuteBillQuery" {
			c.noCreator.Store(true)
		}
	}
	got, err := c.Probe(t.Context(), connector.Target{Object: "SAL_SaleOrder", Key: "FBillNo"}, []string{"B-1"})
	if err != nil || len(got) != 1 || !got[0].Found || got[0].ID != "100123" || got[0].Ours != connector.CantTell {
		t.Errorf("%+v, %v", got, err)
	}
}
