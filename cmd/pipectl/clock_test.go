package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// branch is a project with a Kingdee whose clock is one, and a pipectl in a process of its own
// whose clock is another.
type branch struct {
	*office
	s *system
	t *testing.T
}

func newBranch(t *testing.T) *branch {
	t.Helper()
	o, s := newOffice(t, "kingdee")
	o.write("pipelines/bills.yaml", strings.Replace(billsPipeline, "then: [submit, audit]", "then: [submit, audit], changed: reopen", 1))
	var env strings.Builder
	for k, v := range o.env {
		fmt.Fprintf(&env, "%s=%s\n", k, v)
	}
	o.write(".env", env.String())
	return &branch{o, s, t}
}

// runs is one run by the real binary, whose clock is off by so much.
func (c *branch) runs(off time.Duration, want ...string) string {
	c.t.Helper()
	out, code, _ := runLater(c.t, off, c.dir, "run", "bills", "-o", "json")
	if code != 0 {
		c.t.Fatalf("exit code %d: %s", code, out)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			c.t.Errorf("no %q in %s", w, out)
		}
	}
	return out
}

// holds wants exactly these bills in the ERP, audited, with these quantities.
func (c *branch) holds(want map[string]int) {
	c.t.Helper()
	text, err := json.Marshal(c.s.Dump()["SAL_SaleOrder"])
	var all []struct {
		FBillNo, FDocumentStatus string
		FSaleOrderEntry          []struct{ FQty json.Number }
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	got := map[string]string{}
	for _, b := range all {
		if strings.HasPrefix(b.FBillNo, "SO-") && len(b.FSaleOrderEntry) == 1 {
			got[b.FBillNo] += b.FDocumentStatus + " " + strings.TrimRight(strings.TrimRight(b.FSaleOrderEntry[0].FQty.String(), "0"), ".")
		}
	}
	for no, qty := range want {
		if got[no] != fmt.Sprintf("C %d", qty) {
			c.t.Errorf("%s is %q, want it audited with %d", no, got[no], qty)
		}
	}
	if len(got) != len(want) {
		c.t.Errorf("%v, want %v", got, want)
	}
}

func lots(qty map[string]int) string {
	var b strings.Builder
	for no, n := range qty {
		fmt.Fprintf(&b, `{"no":"%s","lines":[{"qty":%d}]}`+"\n", no, n)
	}
	return b.String()
}

// Our clock is wrong by a day when bills are created, changed and in doubt, and right again: the
// signed login goes on by the server's clock, the report says whose clock is off, and the ERP holds
// each bill once, as it was last.
func TestOurClockIsWrongByADay(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			c := newBranch(t)
			want := map[string]int{"SO-1": 1, "SO-2": 2}
			c.write("data/orders.jsonl", lots(want))
			c.runs(0, `"delivered": 2`)

			want = map[string]int{"SO-1": 5, "SO-2": 2, "SO-3": 3}
			c.write("data/orders.jsonl", lots(want))
			c.s.kit.Faults.Add(sandbox.Fault{Kind: sandbox.CutAfter, Path: "BatchSave", Count: 2})
			told := map[bool]string{true: "behind", false: "ahead of"}[off > 0]
			c.runs(off, "the clock of erp is 2", told+" this computer's")

			want["SO-2"], want["SO-4"] = 6, 4
			c.write("data/orders.jsonl", lots(want))
			for i := range 3 { // what is in doubt waits for what the ERP may still do
				if i > 0 {
					c.s.kit.Clock.Advance(15 * time.Minute)
				}
				c.runs(time.Duration(i) * 15 * time.Minute)
			}
			c.runs(45*time.Minute, `"waiting": 0`)
			c.holds(want)
			if out, _, _ := runPlain(t, c.dir, "errors", "list", "--all"); !strings.Contains(out, "Nothing is open") {
				t.Error(out)
			}
		})
	}
}

// The ERP's clock jumps by a day, and back.
func TestTheERPsClockIsWrongByADay(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			c := newBranch(t)
			want := map[string]int{"SO-1": 1, "SO-2": 2}
			c.write("data/orders.jsonl", lots(want))
			c.runs(0, `"delivered": 2`)

			c.s.kit.Clock.Advance(off)
			want = map[string]int{"SO-1": 5, "SO-2": 2, "SO-3": 3}
			c.write("data/orders.jsonl", lots(want))
			c.s.kit.Faults.Add(sandbox.Fault{Kind: sandbox.CutAfter, Path: "BatchSave", Count: 2})
			told := map[bool]string{true: "ahead of", false: "behind"}[off > 0]
			c.runs(0, "the clock of erp is 2", told+" this computer's")

			c.s.kit.Clock.Advance(-off)
			want["SO-2"], want["SO-4"] = 6, 4
			c.write("data/orders.jsonl", lots(want))
			for i := range 4 {
				c.runs(time.Duration(i) * 15 * time.Minute)
				c.s.kit.Clock.Advance(15 * time.Minute)
			}
			c.runs(time.Hour, `"waiting": 0`)
			c.holds(want)
			if out, _, _ := runPlain(t, c.dir, "errors", "list", "--all"); !strings.Contains(out, "Nothing is open") {
				t.Error(out)
			}
		})
	}
}
