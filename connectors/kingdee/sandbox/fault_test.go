package sandbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox"
)

func (c *client) fault(f sandbox.Fault) {
	c.t.Helper()
	body, _ := json.Marshal(f)
	if resp, text := c.send(c.srv.ControlURL()+"faults", body, nil); resp.StatusCode != http.StatusOK {
		c.t.Fatalf("fault %s: %s", f.Kind, text)
	}
}

// saved says whether a sales order is there.
func (c *client) saved(no string) bool {
	c.t.Helper()
	return len(c.query("SAL_SaleOrder", "FID", "FBillNo='"+no+"'")) == 1
}

func TestFaultsOfWrites(t *testing.T) {
	for _, x := range []struct {
		kind, arg, begins, contains string
		saved                       bool
	}{
		{kingdeebox.FaultThrottled, "", `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false`, `"MsgCode":14`, false},
		{kingdeebox.FaultNetControl, "", `{"Result":`, `"MsgCode":13`, false},
		{kingdeebox.FaultDatabase, "", `{"Result":`, `"MsgCode":6`, false},
		{kingdeebox.FaultDatabase, "after", `{"Result":`, `"MsgCode":6`, true},
		{kingdeebox.FaultException, "", `{"Result":`, `"MsgCode":4`, false},
		{kingdeebox.FaultException, "after", `{"Result":`, `"MsgCode":4`, true},
		{kingdeebox.FaultResponseError, "", `response_error:`, `Message`, false},
		{kingdeebox.FaultResponseError, "after", `response_error:`, `Message`, true},
		{kingdeebox.FaultEnvelopeText, "", `"{\"Result\":`, `\"Number\":\"S-1\"`, true},
		{kingdeebox.FaultLostSession, "", `{"Result":`, `"MsgCode":1}`, false},
	} {
		t.Run(x.kind+" "+x.arg, func(t *testing.T) {
			c := loggedIn(t)
			c.fault(sandbox.Fault{Kind: x.kind, Path: ".Save.", Arg: x.arg})
			text := string(c.raw(formService+"Save", obj{"formid": "SAL_SaleOrder", "data": obj{"Model": salesOrder("S-1")}}))
			if !strings.HasPrefix(text, x.begins) || !strings.Contains(text, x.contains) {
				t.Errorf("answer %s", text)
			}
			c.login()
			if c.saved("S-1") != x.saved {
				t.Errorf("saved: %v", !x.saved)
			}
		})
	}
}

func TestFaultsOfQueries(t *testing.T) {
	c := loggedIn(t)
	ask := func() string {
		return string(c.raw(formService+"ExecuteBillQuery", obj{"data": obj{"FormId": "BD_UNIT", "FieldKeys": "FNumber"}}))
	}
	for kind, want := range map[string]string{kingdeebox.FaultThrottled: `"MsgCode":14}}}]]`, kingdeebox.FaultException: `"MsgCode":4}}}]]`} {
		c.fault(sandbox.Fault{Kind: kind})
		if text := ask(); !strings.HasPrefix(text, "[[{") || !strings.HasSuffix(text, want) {
			t.Errorf("%s: %s", kind, text)
		}
	}
	for arg, want := range map[string]string{"once": "[{\"Result", "twice-null": "[[{\"Result", "bare-errors": "[{\"FieldName"} {
		c.login()
		c.fault(sandbox.Fault{Kind: kingdeebox.FaultLostSession, Arg: arg})
		if text := ask(); !strings.HasPrefix(text, want) {
			t.Errorf("%s: %s", arg, text)
		}
		if text := ask(); !strings.Contains(text, `"MsgCode":1`) {
			t.Errorf("%s: the session came back: %s", arg, text)
		}
	}
}

func TestPartialBatch(t *testing.T) {
	for arg, want := range map[string]struct{ answered, saved string }{
		"":            {"B0 B1", "B0 B1 B2"},
		"0,2":         {"B1", "B0 B1 B2"},
		"0,2 dropped": {"B1", "B1"},
	} {
		c := loggedIn(t)
		c.fault(sandbox.Fault{Kind: kingdeebox.FaultPartialBatch, Path: "BatchSave", Arg: arg})
		s := statusOf(t, c.call("BatchSave", "SAL_SaleOrder", obj{"Model": []obj{salesOrder("B0"), salesOrder("B1"), salesOrder("B2")}}))
		answered := []any{}
		for _, x := range s["SuccessEntitys"].([]any) {
			answered = append(answered, []any{x.(obj)["Number"]})
		}
		if got := outcomeOf(answered); got != want.answered {
			t.Errorf("%q: answered %s", arg, got)
		}
		if got := outcomeOf(c.anyQuery("SAL_SaleOrder", "FBillNo", "")); got != want.saved {
			t.Errorf("%q: saved %s", arg, got)
		}
	}
}

func TestLateRow(t *testing.T) {
	c := loggedIn(t)
	c.fault(sandbox.Fault{Kind: kingdeebox.FaultLateRow, Path: "Save", Delay: 2 * time.Hour})
	c.saveOrder("LATE")
	c.saveOrder("NOW")
	same(t, c.query("SAL_SaleOrder", "FBillNo,FModifyDate", "", "OrderString", "FModifyDate"), [][]any{{"LATE", "2026-03-01T08:00:00"}, {"NOW", "2026-03-01T10:00:00"}})
}

// disturbedSave saves an order whatever comes of it.
func (c *client) disturbedSave(no string) (*http.Response, error) {
	body, _ := json.Marshal(obj{"formid": "SAL_SaleOrder", "data": obj{"Model": salesOrder(no)}})
	req, _ := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url(formService+"Save"), bytes.NewReader(body))
	req.Header.Set("kdservice-sessionid", c.sid)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return resp, err
}

// TestLateWorkIsDoneForWhoHasLeft: who is calling was asked when the call came.
func TestLateWorkIsDoneForWhoHasLeft(t *testing.T) {
	c := loggedIn(t)
	c.fault(sandbox.Fault{Kind: sandbox.CutLate, Path: "Save", Delay: 4 * time.Minute})
	if resp, err := c.disturbedSave("LATE"); err == nil {
		t.Fatalf("it is answered: %v", resp)
	}
	left := c.sid
	c.kit.Clock.Advance(time.Second)
	c.raw(authService+"Logout", "{}")
	c.login()
	if c.saved("LATE") {
		t.Error("it is there already")
	}
	c.kit.Clock.Advance(4 * time.Minute)
	if !c.saved("LATE") {
		t.Error("it was not done")
	}
	c.sid = left
	if _, code := c.refused(c.call("Save", "SAL_SaleOrder", obj{"Model": salesOrder("NEW")})); code != "1" {
		t.Errorf("who has left goes on: MsgCode %s", code)
	}
}

func TestKitFaultsAroundTheCommit(t *testing.T) {
	c := loggedIn(t)
	for kind, saved := range map[string]bool{sandbox.CutBefore: false, sandbox.CutAfter: true, sandbox.Status: false, sandbox.StatusAfter: true} {
		c.fault(sandbox.Fault{Kind: kind, Path: "Save"})
		resp, err := c.disturbedSave(kind)
		if cut := strings.HasPrefix(kind, "cut"); cut != (err != nil) || !cut && resp.StatusCode != 503 {
			t.Errorf("%s: %v %v", kind, resp, err)
		}
		if c.saved(kind) != saved {
			t.Errorf("%s: saved %v", kind, !saved)
		}
	}
}

func TestUnknownFaultIsRefused(t *testing.T) {
	c := serve(t)
	if resp, _ := c.send(c.srv.ControlURL()+"faults", []byte(`{"kind":"nonsense"}`), nil); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("HTTP %d", resp.StatusCode)
	}
}

func TestHTTP2IsRefused(t *testing.T) {
	c := serve(t)
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p}
	defer tr.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url(formService+"Save"), strings.NewReader("{}"))
	if resp, err := tr.RoundTrip(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("HTTP/2 was served: %d", resp.StatusCode)
	}
}

// Every action does what its example says, in this order.
func TestActionExamples(t *testing.T) {
	c := loggedIn(t)
	for _, a := range c.box.Actions() {
		switch a.Name {
		case "edit-bill": // the bill is there since create-bill
		case "enable":
			c.act("enable", `{"form":"BD_MATERIAL","number":"MUG-RED","org":"101"}`)
			c.act("forbid", `{"form":"BD_MATERIAL","number":"MUG-RED"}`)
		case "delete":
			c.act("submit", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
			c.act("audit", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
			c.act("un-audit", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
		case "cancel":
			c.act("create-bill", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
		case "close":
			c.act("submit", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
			c.act("audit", `{"form":"SAL_SaleOrder","number":"113-A1"}`)
		case "audit-material":
			c.act("add-material", `{"number":"PLAIN","audit":false}`)
			c.act("audit-material", `{"number":"PLAIN"}`)
			continue
		}
		body := strings.Replace(a.Example, `"count":1000`, `"count":10`, 1)
		if resp, text := c.send(c.srv.ControlURL()+"do/"+a.Name, []byte(body), nil); resp.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %s", a.Name, body, text)
		}
	}
}

func TestActionsRefuseWhatTheERPRefuses(t *testing.T) {
	c := loggedIn(t)
	c.audited("S-1")
	for name, args := range map[string]string{
		"edit-bill":     `{"form":"SAL_SaleOrder","number":"S-1","set":{"FNote":"x"}}`,
		"create-bill":   `{"form":"SAL_SaleOrder","number":"S-1"}`,
		"submit":        `{"form":"SAL_SaleOrder","number":"S-1"}`,
		"delete":        `{"form":"SAL_SaleOrder","number":"NONE"}`,
		"audit":         `{"form":"NONE","number":"S-1"}`,
		"set-option":    `{"query_cpa":1}`,
		"kill-sessions": `{"wrapping":"thrice"}`,
		"add-material":  `{"number":"MUG-RED"}`,
		"allocate":      `{"form":"BD_MATERIAL","number":"MUG-RED","org":"101"}`,
		"set-stock":     `{"material":"NONE","stock":"CK001","qty":"1"}`,
	} {
		if resp, text := c.send(c.srv.ControlURL()+"do/"+name, []byte(args), nil); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %s: HTTP %d %s", name, args, resp.StatusCode, text)
		}
	}
	c.act("un-audit", `{"form":"SAL_SaleOrder","number":"S-1"}`)
	c.act("edit-bill", `{"form":"SAL_SaleOrder","number":"S-1","set":{"FNote":"by hand"}}`)
	same(t, c.query("SAL_SaleOrder", "FNote,FCreatorId.FNumber,FModifierId.FNumber,FQty", ""), [][]any{{"by hand", "apiuser", "keyuser", json.Number("2.0")}})
}

func TestDump(t *testing.T) {
	c := loggedIn(t)
	c.saveOrder("S-1", orderLine("MUG-RED", "2.50", "0.1"))
	text, err := json.Marshal(c.box.Dump())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{c.sid, kingdeebox.Secret, kingdeebox.Password} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the dump shows %q", secret)
		}
	}
	all := decodeAnswer(t, text).(obj)
	order := all["SAL_SaleOrder"].([]any)[0].(obj)
	row := order["FSaleOrderEntry"].([]any)[0].(obj)
	if order["FBillNo"] != "S-1" || order["FDocumentStatus"] != "A" || row["FQty"] != "2.5" || row["FAllAmount"] != "0.25" || row["FMaterialId"] != "MUG-RED" {
		t.Errorf("%v", order)
	}
	same(t, all["requests"], obj{"Save": obj{"calls": 1, "failed": 0}, "ValidateUser": obj{"calls": 1, "failed": 0}})
}

func TestSameSeedSameData(t *testing.T) {
	dump := func() string {
		text, _ := json.Marshal(serve(t).box.Dump())
		return string(text)
	}
	if one, other := dump(), dump(); one != other {
		t.Error("two servers of one seed differ")
	}
}

// What was written is there in the next process, to the byte.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kingdee.journal")
	open := func() *client {
		sys, kit, err := sandbox.Restore(path, sandbox.Options{Seed: 7, Now: func() time.Time { return start }}, func(k *sandbox.Kit) sandbox.System { return kingdeebox.New(k) })
		if err != nil {
			t.Fatal(err)
		}
		srv, err := sandbox.Serve(t.Context(), sys, kit, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(srv.Close)
		c := &client{t: t, box: sys.(*kingdeebox.Box), kit: kit, srv: srv}
		c.login()
		return c
	}
	c := open()
	c.audited("S-1", orderLine("MUG-RED", 5, 113))
	c.query("SAL_SaleOrder", "FBillNo", "") // draws random numbers, which must not count
	c.ok(c.call("Push", "SAL_SaleOrder", obj{"Numbers": []string{"S-1"}, "TargetFormId": "SAL_OUTSTOCK"}))
	c.saveAndSubmit("SAL_OUTSTOCK", outStock("O-1", "TEE-BLACK-M", 3, "CK002"))
	c.ok(c.numbers("Audit", "SAL_OUTSTOCK", "O-1")) // a new row of the stock, with a drawn id
	c.fault(sandbox.Fault{Kind: kingdeebox.FaultPartialBatch, Arg: "1 dropped"})
	c.call("BatchSave", "SAL_SaleOrder", obj{"Model": []obj{salesOrder("B0"), salesOrder("B1")}})
	if _, err := sandbox.Do(c.box, c.kit, "create-bill", json.RawMessage(`{"form":"SAL_SaleOrder","number":"BY-HAND"}`)); err != nil {
		t.Fatal(err)
	}
	stored := func(c *client) string {
		all := c.box.Dump()
		delete(all, "sessions")
		delete(all, "requests")
		text, _ := json.Marshal(all)
		return string(text)
	}
	before := stored(c)
	c.srv.Close()
	if after := stored(open()); after != before {
		t.Errorf("\nbefore %s\n after %s", before, after)
	}
}
