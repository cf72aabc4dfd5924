package kingdee_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/kingdee"
	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
	"github.com/pipectl/pipectl/engine/value"
)

// erp is a connection to a fresh simulator.
type erp struct {
	*testing.T
	server *sandbox.Server
	kit    *sandbox.Kit
	conn   connector.Conn
}

func start(t *testing.T, change func(*kingdee.Config)) *erp {
	t.Helper()
	kit := sandbox.New(sandbox.Options{Seed: 1})
	e := &erp{T: t, kit: kit, server: sandboxtest.Start(t, kingdeebox.New(kit), kit)}
	e.conn = e.open(change)
	return e
}

func (e *erp) open(change func(*kingdee.Config)) connector.Conn {
	e.Helper()
	s := e.server.Settings()
	cfg := kingdee.Definition.New().(*kingdee.Config) //nolint:forcetypeassert // its own
	cfg.URL, cfg.Account, cfg.User, cfg.AppID, cfg.Secret = s["url"], s["acct_id"], s["user"], s["app_id"], s["secret"]
	if change != nil {
		change(cfg)
	}
	conn, err := kingdee.Definition.Open(e.Context(), cfg, connector.Env{
		Name: "kingdee", Log: slog.New(slog.DiscardHandler), Now: e.kit.Clock.Now, Rate: connector.Rate{PerSecond: 5000, InFlight: 8},
	})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (e *erp) do(action string, args any) { e.Helper(); sandboxtest.Do(e.T, e.server, action, args) }

func (e *erp) write(t connector.Target, docs ...connector.Doc) []connector.Outcome {
	e.Helper()
	outs, err := e.conn.(connector.Writer).Write(e.Context(), t, docs)
	if err != nil {
		e.Fatal(err)
	}
	return outs
}

func (e *erp) stage(t connector.Target, op connector.Op, refs ...connector.Ref) []connector.Outcome {
	e.Helper()
	outs, err := e.conn.(connector.Stager).Stage(e.Context(), t, op, refs)
	if err != nil {
		e.Fatal(err)
	}
	return outs
}

func (e *erp) probe(t connector.Target, keys ...string) []connector.Probed {
	e.Helper()
	got, err := e.conn.(connector.Prober).Probe(e.Context(), t, keys)
	if err != nil {
		e.Fatal(err)
	}
	return got
}

// numbers reads a query to its end.
func (e *erp) numbers(q connector.Query) (out []string, pages []connector.Page) {
	e.Helper()
	for p, err := range e.conn.(connector.Reader).Read(e.Context(), q) {
		if err != nil {
			e.Fatal(err)
		}
		pages = append(pages, p)
		for _, r := range p.Records {
			if r.Bad != nil {
				e.Error(r.Bad)
			}
			out = append(out, r.Data.Get("FBillNo").Text())
		}
	}
	return out, pages
}

var orders = connector.Target{Object: "SAL_SaleOrder", Key: "FBillNo"}

func TestOrderAllTheWay(t *testing.T) {
	e := start(t, nil)
	o := e.write(orders, doc("S01-1", "MUG-RED", 2, ""))[0]
	ref := connector.Ref{Key: "S01-1", ID: o.ID}
	for _, step := range []struct {
		op   connector.Op
		want connector.Stage
	}{{connector.Submit, connector.Submitted}, {connector.Audit, connector.Audited}, {connector.Audit, connector.Audited}, {connector.UnAudit, connector.Saved}} {
		if o := e.stage(orders, step.op, ref)[0]; o.State != connector.Written || o.Stage != step.want {
			t.Fatalf("%v: %+v %v", step.op, o, o.Err)
		}
	}
	if o := e.write(orders, doc("S01-1", "MUG-BLUE", 3, ref.ID))[0]; o.State != connector.Written || o.ID != ref.ID {
		t.Fatalf("update: %+v", o)
	}
	q := connector.Query{Object: "SAL_SaleOrder", Fields: []string{"FCustId.FNumber", "FSaleOrderEntry.FMaterialId.FNumber", "FSaleOrderEntry.FAllAmount"}}
	got, err := e.conn.(connector.Fetcher).Fetch(t.Context(), q, []map[string]value.Value{{"FBillNo": value.OfText("S01-1")}})
	if err != nil {
		t.Fatal(err)
	}
	rows := got[0].Data.Get("FSaleOrderEntry").List()
	if len(rows) != 3 || rows[2].Get("FMaterialId").Get("FNumber").Text() != "MUG-BLUE" {
		t.Errorf("after the update: %s", got[0].Data.JSON())
	}
}

func TestMissingMaterialIsACause(t *testing.T) {
	e := start(t, nil)
	outs := e.write(orders, doc("S01-1", "MUG-RED", 1, ""), doc("S01-2", "NEW-POSTER", 1, ""))
	o := outs[1]
	if outs[0].State != connector.Written || o.State != connector.Refused || o.Err.Class != problem.Missing {
		t.Fatalf("%+v %v", outs, o.Err)
	}
	if c := o.Err.Cause; c == nil || *c != (problem.Cause{Connection: "kingdee", Object: "BD_MATERIAL", Key: "NEW-POSTER"}) {
		t.Errorf("cause %+v of %v", c, o.Err)
	}
	if o.Err.Field != "FSaleOrderEntry[0].FMaterialId.FNumber" {
		t.Errorf("field %s", o.Err.Field)
	}
}

func TestBaseDataIsCreatedSubmittedAndAudited(t *testing.T) {
	e := start(t, nil)
	target := connector.Target{Object: "BD_MATERIAL", Key: "FNumber"}
	o := e.write(target, connector.Doc{Key: "NEW-POSTER", Content: value.Known(`{"FNumber":"NEW-POSTER","FName":"Sample poster","FCreateOrgId":{"FNumber":"100"},"FUseOrgId":{"FNumber":"100"},
		"SubHeadEntity":{"FErpClsID":"1","FCategoryID":{"FNumber":"CHLB05_SYS"},"FBaseUnitId":{"FNumber":"Pcs"},"FIsInventory":true,"FIsSale":true}}`)})[0]
	if o.State != connector.Written || o.Number != "NEW-POSTER" {
		t.Fatalf("%+v %v", o, o.Err)
	}
	for _, op := range []connector.Op{connector.Submit, connector.Audit} {
		if s := e.stage(target, op, connector.Ref{Key: "NEW-POSTER", ID: o.ID})[0]; s.State != connector.Written {
			t.Fatalf("%v: %v", op, s.Err)
		}
	}
	if o := e.write(orders, doc("S01-1", "NEW-POSTER", 1, ""))[0]; o.State != connector.Written {
		t.Errorf("an order with it: %v", o.Err)
	}
	p := e.probe(target, "NEW-POSTER", "MUG-RED")
	if !p[0].Found || p[0].Many || p[0].ID != o.ID || p[0].Stage != connector.Audited || p[0].Ours != connector.MadeByUs {
		t.Errorf("%+v", p[0])
	}
	if !p[1].Found || p[1].Many || p[1].Ours != connector.MadeByAnother {
		t.Errorf("shared base data is one: %+v", p[1])
	}
}

func TestAnothersNumber(t *testing.T) {
	e := start(t, nil)
	e.do("create-bill", map[string]any{"form": "SAL_SaleOrder", "number": "S01-1", "model": json.RawMessage(order("S01-1", "MUG-RED", 1))})
	e.do("cancel", map[string]any{"form": "SAL_SaleOrder", "number": "S01-1"})
	o := e.write(orders, doc("S01-1", "MUG-RED", 1, ""))[0]
	if o.State != connector.Unknown || o.Err.ID != kingdee.DuplicateNumber {
		t.Fatalf("%+v %v", o, o.Err)
	}
	if p := e.probe(orders, "S01-1")[0]; !p.Found || !p.Cancelled || p.Ours != connector.MadeByAnother {
		t.Errorf("%+v", p)
	}
}

func TestServerThatNumbersByItself(t *testing.T) {
	e := start(t, nil)
	e.do("set-option", map[string]any{"auto_number": map[string]bool{"XSDD01_SYS": true}})
	if o := e.write(orders, doc("S01-1", "MUG-RED", 1, ""))[0]; o.State != connector.Written || o.Number == "S01-1" || o.Number == "" {
		t.Errorf("%+v: the engine could not see that the number was ignored", o)
	}
}

func TestWorkflowKeepsItSubmitted(t *testing.T) {
	e := start(t, nil)
	e.do("set-option", map[string]any{"workflow": map[string]bool{"SAL_SaleOrder": true}})
	o := e.write(orders, doc("S01-1", "MUG-RED", 1, ""))[0]
	ref := connector.Ref{Key: "S01-1", ID: o.ID}
	e.stage(orders, connector.Submit, ref)
	if o := e.stage(orders, connector.Audit, ref)[0]; o.State != connector.Refused || o.Err.Class != problem.Held || o.Err.ID != "PC387" {
		t.Errorf("%+v %v", o, o.Err)
	}
}

func TestNegativeStockIsAPersonsDecision(t *testing.T) {
	e := start(t, nil)
	target := connector.Target{Object: "SAL_OUTSTOCK", Key: "FBillNo"}
	content := `{"FBillNo":"CK-1","FBillTypeID":{"FNumber":"XSCKD01_SYS"},"FDate":"2026-03-02","FSaleOrgId":{"FNumber":"100"},"FStockOrgId":{"FNumber":"100"},
		"FCustomerID":{"FNumber":"CUST-SHOP-113"},"FOwnerTypeIdHead":"BD_OwnerOrg","FOwnerIdHead":{"FNumber":"100"},
		"SubHeadEntity":{"FSettleCurrID":{"FNumber":"PRE001"},"FSettleOrgID":{"FNumber":"100"}},
		"FEntity":[{"FMaterialID":{"FNumber":"MUG-RED"},"FUnitID":{"FNumber":"Pcs"},"FRealQty":999999,"FStockID":{"FNumber":"CK001"},"FStockStatusID":{"FNumber":"KCZT01_SYS"},"FOwnerTypeID":"BD_OwnerOrg","FOwnerID":{"FNumber":"100"}}]}`
	o := e.write(target, connector.Doc{Key: "CK-1", Content: value.Known(content)})[0]
	if o.State != connector.Written {
		t.Fatalf("%v", o.Err)
	}
	ref := connector.Ref{Key: "CK-1", ID: o.ID}
	e.stage(target, connector.Submit, ref)
	if o := e.stage(target, connector.Audit, ref)[0]; o.State != connector.Refused || o.Err.Class != problem.Held || o.Err.ID != "PC384" {
		t.Fatalf("%+v %v", o, o.Err)
	}
	target.Params = map[string]json.RawMessage{"InterationFlags": json.RawMessage(`"STK_InvCheckResult"`)}
	if o := e.stage(target, connector.Audit, ref)[0]; o.State != connector.Written {
		t.Errorf("a person said yes: %v", o.Err)
	}
}

func TestServersOwnLimitLosesNothing(t *testing.T) {
	e := start(t, nil)
	e.do("set-option", map[string]any{"query_cap": 13})
	e.do("create-bills", map[string]any{"count": 160, "prefix": "BULK"}) // in one second or two
	for name, field := range map[string]string{"everything": "", "by change": "FModifyDate"} {
		e.conn = e.open(nil) // one that has seen no page yet
		got, pages := e.numbers(connector.Query{Object: "SAL_SaleOrder", Field: field, Fields: []string{"FSaleOrderEntry.FMaterialId.FNumber", "FSaleOrderEntry.FQty"}})
		slices.Sort(got)
		if n := len(slices.Compact(got)); n != 160 || len(got) != 160 {
			t.Errorf("%s: %d bills, %d different", name, len(got), n)
		}
		for _, p := range pages {
			for _, r := range p.Records {
				if r.Data.Get("FSaleOrderEntry").Len() == 0 {
					t.Fatalf("%s: a bill without rows: %s", name, r.Data.JSON())
				}
			}
		}
		if last := pages[len(pages)-1]; !last.Complete {
			t.Errorf("%s: it was everything, and doesn't say so", name)
		}
	}
}

func TestFilteredReadProvesNoAbsence(t *testing.T) {
	e := start(t, nil)
	e.write(orders, doc("S01-1", "MUG-RED", 2, ""), doc("S01-2", "MUG-BLUE", 2, ""))
	got, pages := e.numbers(connector.Query{Object: "SAL_SaleOrder", Params: map[string]json.RawMessage{
		"filter": json.RawMessage(`{"FSaleOrderEntry.FMaterialId.FNumber":"MUG-BLUE","FSaleOrgId.FNumber":100}`), "where": json.RawMessage(`"FDocumentStatus='A'"`),
	}})
	if strings.Join(got, " ") != "S01-2" || pages[len(pages)-1].Complete {
		t.Errorf("%v, complete %v", got, pages[len(pages)-1].Complete)
	}
}

// What can't be everything proves no absence: a cursor, a window, a limit, another change time.
func TestPartsProveNoAbsence(t *testing.T) {
	e := start(t, nil)
	e.write(orders, doc("S01-1", "MUG-RED", 2, ""), doc("S01-2", "MUG-BLUE", 2, ""))
	now := e.kit.Clock.Now()
	for name, q := range map[string]connector.Query{
		"cursor":        {Field: "FModifyDate", Cursor: now.Add(-time.Hour).Format(time.RFC3339)},
		"window":        {Field: "FModifyDate", Window: &connector.Window{From: now.Add(-24 * time.Hour), To: now.Add(time.Hour)}},
		"limit":         {Field: "FModifyDate", Limit: 1},
		"limit by id":   {Limit: 1},
		"approval date": {Field: "FApproveDate"},
	} {
		q.Object = "SAL_SaleOrder"
		_, pages := e.numbers(q)
		for _, p := range pages {
			if p.Complete {
				t.Errorf("%s: it says that it was everything", name)
			}
		}
	}
}

func TestFaultsOfASave(t *testing.T) {
	for _, test := range []struct {
		kind, arg string
		there     bool
		state     connector.State
	}{
		{"response-error", "", false, connector.Unknown},
		{"response-error", "after", true, connector.Unknown},
		{"database", "after", true, connector.Unknown},
		{"exception", "", false, connector.Unknown},
		{"net-control", "", false, connector.Untouched},
		{"string-envelope", "", true, connector.Written},
	} {
		t.Run(test.kind+" "+test.arg, func(t *testing.T) {
			e := start(t, nil)
			sandboxtest.Fault(t, e.server, sandbox.Fault{Kind: test.kind, Arg: test.arg, Path: ".Save."})
			if o := e.write(orders, doc("S01-1", "MUG-RED", 1, ""))[0]; o.State != test.state {
				t.Errorf("%+v %v", o, o.Err)
			}
			if p := e.probe(orders, "S01-1")[0]; p.Found != test.there {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestEveryWayToSignIn(t *testing.T) {
	for name, change := range map[string]func(*kingdee.Config){
		"sign":       func(c *kingdee.Config) { c.Auth = "sign" },
		"app secret": func(c *kingdee.Config) { c.Auth = "app_secret" },
		"password":   func(c *kingdee.Config) { c.Auth, c.Password = "password", "sandbox-password" },
		"header":     func(c *kingdee.Config) { c.Auth = "header" },
		"gateway":    func(c *kingdee.Config) { c.URL = strings.Replace(c.URL, "/k3cloud/", "/galaxyapi/", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, change)
			for range 2 {
				if p := e.probe(connector.Target{Object: "BD_UNIT", Key: "FNumber"}, "Pcs")[0]; !p.Found {
					t.Errorf("%+v", p)
				}
				e.do("expire-sessions", map[string]any{})
			}
			for _, f := range e.conn.(connector.Checker).Check(t.Context()) {
				if f.Err != nil {
					t.Errorf("doctor: %s %s: %v", f.What, f.Detail, f.Err)
				}
			}
		})
	}
	e := start(t, func(c *kingdee.Config) { c.Auth, c.Secret = "header", "wrong-secret-000" })
	found := e.conn.(connector.Checker).Check(t.Context())
	if len(found) == 0 || found[0].Err == nil || found[0].Err.ID != "PC374" {
		t.Errorf("doctor with a wrong secret: %+v", found)
	}
}

func TestStockRows(t *testing.T) {
	e := start(t, nil)
	rows, err := e.conn.(connector.Finder).Find(t.Context(), connector.Find{
		Object: "STK_Inventory", Match: []string{"FMaterialId.FNumber"}, Values: [][]value.Value{{value.OfText("MUG-BLUE")}, {value.OfText("mug-blue")}},
		Const: map[string]string{"FStockOrgId.FNumber": "100"}, Fields: []string{"FStockId.FNumber", "FBaseQty"},
	})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Get("FMaterialId").Get("FNumber").Text() != "MUG-BLUE" || r.Get("FBaseQty").Kind() != value.Number {
			t.Errorf("%s", r.JSON())
		}
	}
}

func TestLimitMovesNoCursorPastWhatItLeftOut(t *testing.T) {
	e := start(t, nil)
	e.do("create-bills", map[string]any{"count": 9, "prefix": "BULK"})
	got, pages := e.numbers(connector.Query{Object: "SAL_SaleOrder", Field: "FModifyDate", Limit: 4})
	if len(got) != 4 || pages[len(pages)-1].Safe != "" {
		t.Errorf("%d bills, safe %q", len(got), pages[len(pages)-1].Safe)
	}
	_, pages = e.numbers(connector.Query{Object: "SAL_SaleOrder", Window: &connector.Window{From: time.Unix(0, 0), To: e.kit.Clock.Now().Add(time.Hour)}})
	if latest := e.kit.Clock.Now().Add(-time.Minute).In(time.FixedZone("", 8*60*60)).Format(time.RFC3339); len(pages) != 1 || len(pages[0].Records) != 9 || pages[0].Safe >= latest {
		t.Errorf("a window moves its cursor to %q, past %s; %d bills, %d pages", pages[0].Safe, latest, len(pages[0].Records), len(pages))
	}
}

// TestFieldsThatAnAccountLacks: a whole entry means the fields that there are, a field by its name
// means that one.
func TestFieldsThatAnAccountLacks(t *testing.T) {
	e := start(t, nil)
	e.write(orders, doc("S01-1", "MUG-RED", 2, ""))
	absent := "FBomId" // known to the connector, and not to this simulator
	got, pages := e.numbers(connector.Query{Object: "SAL_SaleOrder", Fields: []string{"FBillNo", "FSaleOrderEntry"}})
	if strings.Join(got, " ") != "S01-1" {
		t.Fatalf("%v", got)
	}
	line := pages[0].Records[0].Data.Get("FSaleOrderEntry").At(0)
	if line.Get("FQty").Kind() != value.Number || line.Get(absent).Kind() != value.Absent {
		t.Errorf("%s", line.JSON())
	}
	for _, err := range e.conn.(connector.Reader).Read(t.Context(), connector.Query{Object: "SAL_SaleOrder", Fields: []string{"FBillNo", "FSaleOrderEntry", "FSaleOrderEntry." + absent}}) {
		if p := problem.As(err); err == nil || p.ID != "PC376" || !strings.Contains(p.Reason, absent) {
			t.Errorf("a field that was named: %v", err)
		}
	}
}
