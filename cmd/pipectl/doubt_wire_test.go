package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/state"
)

// desk is an office whose Kingdee leaves requests in doubt, and whose orders come from a file.
type desk struct {
	*office
	erp *system
}

// doubtPipeline takes orders all the way; more is what a case adds to its target.
const doubtPipeline = `name: NAME
source: {connection: data, object: orders.csv}
key: no
steps:
  - where: status != "cancelled"
  - map:
      const:
        FBillTypeID.FNumber: XSDD01_SYS
        FDate: 2026-03-01
        FSaleOrgId.FNumber: "100"
        FCustId.FNumber: CUST-SHOP-113
        FSalerId.FNumber: "0001"
        FSaleOrderFinance.FSettleCurrId.FNumber: PRE001
      NUMBER: no
      FSaleOrderEntry:
        - const: {FUnitID.FNumber: Pcs, FDeliveryDate: 2026-03-03, FMaterialId.FNumber: MUG-RED}
          FQty: number(qty)
          FTaxPrice: 113
          FEntryTaxRate: 13
target: {connection: erp, object: SAL_SaleOrder, key: NUMBER, then: [THEN], changed: reopen, withdrawn: cancel}
`

func (d *desk) pipeline(name, number, then string) {
	d.t.Helper()
	d.write("pipelines/"+name+".yaml", strings.NewReplacer("NAME", name, "NUMBER", number, "THEN", then).Replace(doubtPipeline))
}

// orders writes the file anew: "SO-1 2, SO-2 cancelled" are two orders, of two pieces and of none.
func (d *desk) orders(list string) {
	d.t.Helper()
	text := "no,status,qty\n"
	for o := range strings.SplitSeq(list, ", ") {
		no, qty, _ := strings.Cut(o, " ")
		if qty == "cancelled" {
			text += no + ",cancelled,1\n"
			continue
		}
		text += no + ",open," + qty + "\n"
	}
	d.write("data/orders.csv", text)
}

// fails lays out a fault for the next request of a path.
func (d *desk) fails(path, kind string, more ...func(*sandbox.Fault)) {
	f := sandbox.Fault{Kind: kind, Path: "." + path}
	for _, change := range more {
		change(&f)
	}
	d.erp.kit.Faults.Add(f)
}

func repeated(n int) func(*sandbox.Fault) { return func(f *sandbox.Fault) { f.Count = n } }

func after(t time.Duration) func(*sandbox.Fault) { return func(f *sandbox.Fault) { f.Delay = t } }

func answers(status int, body string) func(*sandbox.Fault) {
	return func(f *sandbox.Fault) { f.Status, f.Body = status, body }
}

func arg(text string) func(*sandbox.Fault) { return func(f *sandbox.Fault) { f.Arg = text } }

// unanswered is a run whose batch is cut off, and whose questions after that fail, too.
func (d *desk) unanswered() {
	d.t.Helper()
	d.fails("BatchSave", sandbox.CutAfter)
	d.fails("ExecuteBillQuery", sandbox.Status, answers(http.StatusBadGateway, ""), func(f *sandbox.Fault) { f.Skip = 1 }, repeated(-1))
	d.runs("bills")
	d.erp.kit.Faults.Clear()
	if got := d.bills(); got != "SO-1 1 A, SO-2 2 A, SO-3 3 A" {
		d.t.Fatalf("the ERP holds %s", got)
	}
}

// person does something in the ERP.
func (d *desk) person(action, args string) {
	d.t.Helper()
	if _, err := sandbox.Do(d.erp.System, d.erp.kit, action, json.RawMessage(args)); err != nil {
		d.t.Fatal(err)
	}
}

// later lets time pass, for both.
func (d *desk) later(t time.Duration) {
	d.clock.forward(t)
	d.erp.kit.Clock.Advance(0) // what is due by now is done
}

// patience is how long an answer of the ERP may take.
func (d *desk) patience(text string) {
	d.t.Helper()
	file, err := os.ReadFile(filepath.Join(d.dir, "pipectl.yaml"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.write("pipectl.yaml", string(file)+"    timeout: "+text+"\n") // the ERP's connection stands last
}

// runs a pipeline once, in a process of its own, and doesn't mind how it ends.
func (d *desk) runs(pipeline string) run.Report {
	d.t.Helper()
	e := d.open()
	defer func() { _ = e.Close() }()
	rep, err := e.Run(d.t.Context(), pipeline, engine.RunOptions{})
	if err != nil {
		d.t.Fatal(err)
	}
	return rep
}

// rests lets both go on by themselves, until there is nothing more to wait for.
func (d *desk) rests(pipelines ...string) {
	d.t.Helper()
	for range 4 {
		d.later(11 * time.Minute)
		for _, p := range pipelines {
			if rep := d.runs(p); rep.Error != nil && rep.Status == run.Failed {
				d.t.Fatalf("%s: %v", p, rep.Error)
			}
		}
	}
}

// bills are the documents of the ERP whose numbers the pipelines gave: "SO-1 2 C", cancelled ones with
// a B behind it.
func (d *desk) bills() string {
	d.t.Helper()
	raw, err := json.Marshal(d.erp.Dump()["SAL_SaleOrder"])
	if err != nil {
		d.t.Fatal(err)
	}
	var rows []struct {
		FBillNo, FNetOrderBillNo, FDocumentStatus, FCancelStatus string
		FSaleOrderEntry                                          []struct{ FQty string }
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		no := r.FBillNo
		if r.FNetOrderBillNo != "" {
			no = r.FNetOrderBillNo
		}
		if !strings.HasPrefix(no, "SO-") {
			continue
		}
		line := fmt.Sprint(no, " ", r.FSaleOrderEntry[0].FQty, " ", r.FDocumentStatus)
		if r.FCancelStatus == "B" {
			line += "B"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// open exceptions, as "SO-1 PC406".
func (d *desk) exceptions() string {
	d.t.Helper()
	e := d.open()
	defer func() { _ = e.Close() }()
	var out []string
	if err := e.EachException(engine.Filter{All: true}, func(x state.Exception) error {
		out = append(out, x.Key+" "+x.ID)
		return nil
	}); err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestEveryDoubtOverTheWire leaves a request in doubt in each way, with the binary's own engine, the
// connector and the simulator, over HTTP: in the end the ERP holds each order once, as it is now.
func TestEveryDoubtOverTheWire(t *testing.T) {
	t.Parallel()
	const (
		all       = "SO-1 1, SO-2 2, SO-3 3"
		delivered = "SO-1 1 C, SO-2 2 C, SO-3 3 C"
		empty     = `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":0}}}`
		first     = `{"form":"SAL_SaleOrder","number":"SO-1"}`
	)
	// changed is a case of an order that is delivered before its change meets a fault.
	changed := func(path, kind string, more ...func(*sandbox.Fault)) func(*desk) {
		return func(d *desk) {
			d.runs("bills")
			d.later(time.Hour)
			d.orders("SO-1 7, SO-2 2, SO-3 3")
			d.fails(path, kind, more...)
		}
	}
	// The first order goes alone, by Save: it proves that the ERP keeps numbers. The others go by BatchSave.
	for _, c := range []struct {
		name  string
		story func(*desk)
		bills string
		open  string
	}{
		{"time-out", func(d *desk) { d.fails("BatchSave", sandbox.SlowAnswer, after(2*time.Second)) }, delivered, ""},
		{"cut before", func(d *desk) { d.fails("BatchSave", sandbox.CutBefore) }, delivered, ""},
		{"cut after", func(d *desk) { d.fails("BatchSave", sandbox.CutAfter) }, delivered, ""},
		{"half an answer", func(d *desk) { d.fails("BatchSave", sandbox.HalfAnswer) }, delivered, ""},
		{"5xx, and not done", func(d *desk) { d.fails("BatchSave", sandbox.Status, answers(http.StatusBadGateway, "")) }, delivered, ""},
		{"5xx, and done", func(d *desk) { d.fails("BatchSave", sandbox.StatusAfter, answers(http.StatusGatewayTimeout, "")) }, delivered, ""},
		{"garbage", func(d *desk) { d.fails("BatchSave", sandbox.Garbage) }, delivered, ""},
		{"success without the number, and done", func(d *desk) { d.fails("BatchSave", sandbox.StatusAfter, answers(http.StatusOK, empty)) }, delivered, ""},
		{"success without the number, and not done", func(d *desk) { d.fails("BatchSave", sandbox.Status, answers(http.StatusOK, empty)) }, delivered, ""},
		{"an answer that omits rows", func(d *desk) { d.fails("BatchSave", "partial-batch", arg("0,2")) }, delivered, ""},
		{"an answer that omits a row that was not saved", func(d *desk) { d.fails("BatchSave", "partial-batch", arg("1 dropped")) }, delivered, ""},
		{"the question fails, too", func(d *desk) {
			d.unanswered()
		}, delivered, ""},
		{"the question comes too early", func(d *desk) {
			d.fails("BatchSave", sandbox.CutLate, after(4*time.Minute))
			d.runs("bills")
			d.later(time.Minute)
			d.runs("bills")
		}, delivered, ""},
		{"the older version is written late", func(d *desk) {
			d.fails("BatchSave", sandbox.CutLate, after(4*time.Minute))
			d.runs("bills")
			d.orders("SO-1 1, SO-2 7, SO-3 3")
			d.later(time.Minute)
			d.runs("bills")
		}, "SO-1 1 C, SO-2 7 C, SO-3 3 C", ""},
		{"submit", func(d *desk) { d.fails("Submit", sandbox.CutAfter) }, delivered, ""},
		{"submit, and not done", func(d *desk) { d.fails("Submit", sandbox.CutBefore) }, delivered, ""},
		{"audit", func(d *desk) { d.fails("Audit", sandbox.StatusAfter, answers(http.StatusBadGateway, "")) }, delivered, ""},
		{"an update", changed("Save", sandbox.CutAfter), "SO-1 7 C, SO-2 2 C, SO-3 3 C", ""},
		{"an update that is written late", changed("Save", sandbox.CutLate, after(4*time.Minute)), "SO-1 7 C, SO-2 2 C, SO-3 3 C", ""},
		{"a reopening", changed("UnAudit", sandbox.CutAfter), "SO-1 7 C, SO-2 2 C, SO-3 3 C", ""},
		{"a reopening that is done late", changed("UnAudit", sandbox.CutLate, after(4*time.Minute)), "SO-1 7 C, SO-2 2 C, SO-3 3 C", ""},
		{"another's document under our number", func(d *desk) {
			d.person("create-bill", `{"form":"SAL_SaleOrder","number":"SO-1"}`)
			d.later(time.Hour)
		}, "SO-1 1 A, SO-2 2 C, SO-3 3 C", "SO-1 PC404"},
		{"two pipelines, one number", func(d *desk) {
			d.pipeline("second", "FBillNo", "submit, audit")
			d.fails("BatchSave", sandbox.CutAfter)
			d.runs("bills")
			d.runs("second")
		}, delivered, "SO-1 PC400, SO-2 PC400, SO-3 PC400"},
		{"cancelled while in doubt", func(d *desk) {
			d.unanswered()
			d.orders("SO-1 1, SO-2 cancelled, SO-3 3")
		}, "SO-1 1 C, SO-2 2 DB, SO-3 3 C", ""}, // it was brought to its end before the source was read
		{"cancelled while in doubt, and written late", func(d *desk) {
			d.fails("BatchSave", sandbox.CutLate, after(4*time.Minute))
			d.runs("bills")
			d.orders("SO-1 1, SO-2 cancelled, SO-3 3")
			d.later(time.Minute)
			d.runs("bills")
		}, "SO-1 1 C, SO-2 2 AB, SO-3 3 C", ""},
		{"cancelled when half delivered", func(d *desk) {
			d.fails("Audit", sandbox.Status, answers(http.StatusBadGateway, ""), repeated(3))
			d.runs("bills")
			d.orders("SO-1 cancelled, SO-2 2, SO-3 3")
		}, "SO-1 1 DB, SO-2 2 C, SO-3 3 C", ""},
		{"a person's change", func(d *desk) {
			d.runs("bills")
			d.later(time.Hour)
			d.person("un-audit", first)
			d.person("edit-bill", `{"form":"SAL_SaleOrder","number":"SO-1","set":{"FNote":"call first"}}`)
			d.later(time.Hour)
			d.orders("SO-1 7, SO-2 2, SO-3 3")
		}, "SO-1 1 D, SO-2 2 C, SO-3 3 C", "SO-1 PC406"},
		{"numbers that the ERP gives", func(d *desk) {
			d.pipeline("bills", "FNetOrderBillNo", "submit, audit")
			d.fails("Save", sandbox.CutAfter)
			d.fails("Submit", sandbox.CutAfter)
		}, delivered, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, erp := newOffice(t, "kingdee")
			d := &desk{o, erp}
			d.patience("500ms")
			d.pipeline("bills", "FBillNo", "submit, audit")
			d.orders(all)
			c.story(d)
			d.rests("bills")
			if got := d.bills(); got != c.bills {
				t.Errorf("the ERP holds %s\nwant %s", got, c.bills)
			}
			if got := d.exceptions(); got != c.open {
				t.Errorf("open: %q, want %q", got, c.open)
			}
			if left := erp.kit.Faults.Waiting(); len(left) > 0 {
				t.Errorf("a fault that nothing met: %+v", left)
			}
			rep := d.runs("bills")
			if rep.Created+rep.Updated+rep.Waiting > 0 || rep.New > 0 {
				t.Errorf("a further run is not quiet: %+v", rep)
			}
		})
	}
}
