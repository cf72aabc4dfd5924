package kingdee_test

import (
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// A bill whose number a person changed is found by its id, and one that is gone is not.
func TestProbeByID(t *testing.T) {
	e := start(t, nil)
	outs := e.write(orders, doc("S01-1", "MUG-RED", 1, ""), doc("S01-2", "MUG-RED", 1, ""))
	if o := e.write(orders, doc("S01-9", "MUG-RED", 1, outs[0].ID))[0]; o.State != connector.Written {
		t.Fatalf("%+v %v", o, o.Err)
	}
	got, err := e.conn.(connector.IDProber).ProbeIDs(t.Context(), orders, []string{"999999999", outs[1].ID, outs[0].ID})
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[0].Found || !got[1].Found || got[1].Number != "S01-2" || !got[2].Found || got[2].ID != outs[0].ID || got[2].Number != "S01-9" {
		t.Errorf("%+v", got)
	}
}

// What the server numbers by itself is no other number than the one that was sent, where the
// document is known by a field of its own.
func TestOwnKeyHasNoOtherNumber(t *testing.T) {
	e := start(t, nil)
	target := connector.Target{Object: "SAL_SaleOrder", Key: "FNetOrderBillNo"}
	d := doc("", "MUG-RED", 1, "")
	d.Key = "NET-1"
	d.Content = value.Known(`{"FNetOrderBillNo":"NET-1",` + d.Content.JSON()[1:])
	o := e.write(target, d)[0]
	if o.State != connector.Written || o.Number != "" || o.ID == "" {
		t.Fatalf("%+v %v", o, o.Err)
	}
	p := e.probe(target, "NET-1")[0]
	if !p.Found || p.ID != o.ID || p.Number == "" {
		t.Errorf("%+v", p)
	}
}
