package sandbox_test

import (
	"encoding/json"
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
