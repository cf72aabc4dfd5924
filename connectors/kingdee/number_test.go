package kingdee

import (
	"testing"

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
