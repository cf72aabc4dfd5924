package kingdee

import (
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// A document may be found by a field of ours while the server numbers it: its number then says
// nothing about the key, and must not be held against it.
func TestNumberOfAnotherField(t *testing.T) {
	saved := `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":null,"SuccessEntitys":[{"Id":7,"Number":"XSDD000001","DIndex":0}],"MsgCode":0},"Id":7,"Number":"XSDD000001"}}`
	for key, want := range map[string]string{"FNetOrderBillNo": "", "FBillNo": "XSDD000001", "": "XSDD000001"} {
		c, _ := dial(t, newStub(map[string][]string{"Save": {saved}}), nil)
		outs, err := c.Write(t.Context(), connector.Target{Object: "SAL_SaleOrder", Key: key}, []connector.Doc{orderDoc("S01-1", "MUG-RED")})
		if err != nil || outs[0].ID != "7" || outs[0].Number != want {
			t.Errorf("target key %q: %+v, %v", key, outs, err)
		}
	}
}

// What was done is told by the server's clock: a person's later change is known by it.
func TestOutcomesTellTheServersTime(t *testing.T) {
	s := newStub(map[string][]string{
		"Save":   {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":7,"Number":"S01-1","DIndex":0}],"MsgCode":0},"Id":7,"Number":"S01-1"}}`},
		"Submit": {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":7,"Number":"S01-1","DIndex":0}],"MsgCode":0}}}`},
	})
	theirs := time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)
	s.date = func() time.Time { return theirs }
	c, _ := dial(t, s, nil)
	saved, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "MUG-RED")})
	if err != nil {
		t.Fatal(err)
	}
	submitted, err := c.Stage(t.Context(), orders, connector.Submit, []connector.Ref{{Key: "S01-1", ID: "7"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []connector.Outcome{saved[0], submitted[0]} {
		if o.State != connector.Written || !o.At.Equal(theirs) {
			t.Errorf("%+v", o)
		}
	}
}
