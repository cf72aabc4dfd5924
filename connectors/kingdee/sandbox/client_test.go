package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// The client of these tests is written from the protocol alone: maps, net/http, nothing of the
// simulator's own code.

const (
	formService = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
	authService = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
	suffix      = ".common.kdsvc"
)

type obj = map[string]any

type client struct {
	t   *testing.T
	box *kingdeebox.Box
	kit *sandbox.Kit
	srv *sandbox.Server
	sid string
}

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// serve starts a server with a clock that only the test moves.
func serve(t *testing.T) *client {
	t.Helper()
	kit := sandbox.New(sandbox.Options{Seed: 1, Now: func() time.Time { return start }})
	box := kingdeebox.New(kit)
	srv, err := sandbox.Serve(t.Context(), box, kit, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return &client{t: t, box: box, kit: kit, srv: srv}
}

// loggedIn starts a server and logs in with the password.
func loggedIn(t *testing.T) *client {
	c := serve(t)
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	a := c.post(authService+"ValidateUser", obj{"parameters": []any{kingdeebox.Account, kingdeebox.User, kingdeebox.Password, 2052}}).(obj)
	if a["LoginResultType"] != json.Number("1") {
		c.t.Fatalf("login: %v", a)
	}
	c.sid = a["KDSVCSessionId"].(string)
}

// send posts a body and gives the whole answer.
func (c *client) send(url string, body []byte, header http.Header) (*http.Response, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	if c.sid != "" && req.Header.Get("Kdservice-Sessionid") == "" {
		req.Header.Set("kdservice-sessionid", c.sid)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, text
}

func (c *client) url(service string) string { return c.srv.URL() + service + suffix }

func (c *client) raw(service string, body any) []byte {
	c.t.Helper()
	text, ok := body.(string)
	b := []byte(text)
	if !ok {
		b, _ = json.Marshal(body)
	}
	_, answer := c.send(c.url(service), b, nil)
	return answer
}

// post decodes the answer, with numbers as written.
func (c *client) post(service string, body any) any {
	c.t.Helper()
	return decodeAnswer(c.t, c.raw(service, body))
}

func decodeAnswer(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("answer %q: %v", text, err)
	}
	return v
}

// call is a service of forms, in the named form of the body.
func (c *client) call(method, form string, data any) obj {
	c.t.Helper()
	v, ok := c.post(formService+method, obj{"formid": form, "data": data}).(obj)
	if !ok {
		c.t.Fatalf("%s %s: no envelope", method, form)
	}
	return v
}

// query answers rows; an error envelope fails the test.
func (c *client) query(form, keys, filter string, more ...any) [][]any {
	c.t.Helper()
	rows := c.anyQuery(form, keys, filter, more...)
	out := make([][]any, len(rows))
	for i, r := range rows {
		out[i] = r.([]any)
		if len(out[i]) > 0 {
			if o, ok := out[i][0].(obj); ok && o["Result"] != nil {
				c.t.Fatalf("query %s %q: %v", form, filter, o)
			}
		}
	}
	return out
}

func (c *client) anyQuery(form, keys, filter string, more ...any) []any {
	c.t.Helper()
	data := obj{"FormId": form, "FieldKeys": keys, "FilterString": filter, "Limit": 2000}
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i].(string)] = more[i+1]
	}
	return c.post(formService+"ExecuteBillQuery", obj{"data": data}).([]any)
}

// status is the part of an envelope that says what happened.
func statusOf(t *testing.T, envelope obj) obj {
	t.Helper()
	s, ok := envelope["Result"].(obj)["ResponseStatus"].(obj)
	if !ok {
		t.Fatalf("no ResponseStatus: %v", envelope)
	}
	return s
}

func (c *client) ok(envelope obj) obj {
	c.t.Helper()
	if s := statusOf(c.t, envelope); s["IsSuccess"] != true {
		c.t.Fatalf("refused: %v", s["Errors"])
	}
	return envelope["Result"].(obj)
}

// refused gives the first error and the MsgCode.
func (c *client) refused(envelope obj) (first obj, code string) {
	c.t.Helper()
	s := statusOf(c.t, envelope)
	if s["IsSuccess"] != false {
		c.t.Fatalf("accepted: %v", envelope)
	}
	return s["Errors"].([]any)[0].(obj), s["MsgCode"].(json.Number).String()
}

func number(n string) obj { return obj{"FNumber": n} }

// salesOrder is a sales order that the server accepts.
func salesOrder(no string, lines ...obj) obj {
	if len(lines) == 0 {
		lines = []obj{orderLine("MUG-RED", 2, 113)}
	}
	return obj{
		"FBillTypeID": number("XSDD01_SYS"), "FBillNo": no, "FDate": "2026-03-01", "FSaleOrgId": number("100"), "FCustId": number("CUST-SHOP-113"),
		"FSaleOrderFinance": obj{"FSettleCurrId": number("PRE001"), "FIsIncludedTax": true},
		"FSaleOrderEntry":   lines,
	}
}

func orderLine(material string, qty, price any) obj {
	return obj{"FMaterialId": number(material), "FUnitID": number("Pcs"), "FQty": qty, "FTaxPrice": price, "FEntryTaxRate": 13, "FDeliveryDate": "2026-03-03"}
}

// saveOrder saves a sales order and gives its id.
func (c *client) saveOrder(no string, lines ...obj) string {
	c.t.Helper()
	r := c.ok(c.call("Save", "SAL_SaleOrder", obj{"IsVerifyBaseDataField": "true", "Model": salesOrder(no, lines...)}))
	return r["Id"].(json.Number).String()
}

func (c *client) numbers(method, form string, no ...string) obj {
	c.t.Helper()
	return c.call(method, form, obj{"Numbers": no})
}

// audited saves, submits and audits a sales order.
func (c *client) audited(no string, lines ...obj) string {
	c.t.Helper()
	id := c.saveOrder(no, lines...)
	c.ok(c.numbers("Submit", "SAL_SaleOrder", no))
	c.ok(c.numbers("Audit", "SAL_SaleOrder", no))
	return id
}

// act makes something happen in the simulated system.
func (c *client) act(name, args string) any {
	c.t.Helper()
	for _, a := range c.box.Actions() {
		if a.Name == name {
			out, err := a.Do(json.RawMessage(args))
			if err != nil {
				c.t.Fatalf("%s %s: %v", name, args, err)
			}
			return out
		}
	}
	c.t.Fatalf("no action %s", name)
	return nil
}

func same(t *testing.T, got, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("\n got %s\nwant %s", a, b)
	}
}

// operate is ExecuteOperation, in the spelling that is given.
func (c *client) operate(spelling, form, op string, no ...string) obj {
	c.t.Helper()
	return c.post(formService+spelling, obj{"formid": form, "opNumber": op, "data": obj{"Numbers": no}}).(obj)
}
