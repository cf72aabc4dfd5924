package kingdee_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/kingdee"
	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/connector/connectortest"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/value"
)

const service = "DynamicFormService."

// order is the content of a sales order that the simulator takes.
func order(number, material string, lines int) string {
	row := fmt.Sprintf(`{"FMaterialId":{"FNumber":%q},"FUnitID":{"FNumber":"Pcs"},"FQty":2,"FTaxPrice":113,"FEntryTaxRate":13,"FDeliveryDate":"2026-03-03"}`, material)
	rows := row
	for range lines - 1 {
		rows += "," + row
	}
	return fmt.Sprintf(`{"FSaleOrderEntry":[%s],"FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE001"}},"FCustId":{"FNumber":"CUST-SHOP-113"},
		"FDate":"2026-03-01","FBillNo":%q,"FBillTypeID":{"FNumber":"XSDD01_SYS"},"FSaleOrgId":{"FNumber":"100"},"FSalerId":{"FNumber":"0001"}}`, rows, number)
}

func doc(number, material string, lines int, id string) connector.Doc {
	return connector.Doc{Key: number, ID: id, Content: value.Known(order(number, material, lines))}
}

// dumped lists a field of all rows that the simulator stores.
func dumped(tb testing.TB, box *connectortest.Box, form string, fields ...string) []string {
	tb.Helper()
	var out []string
	for _, row := range box.Dump(tb, form) {
		key := ""
		for i, f := range fields {
			if i > 0 {
				key += "/"
			}
			key += fmt.Sprint(row[f])
		}
		out = append(out, key)
	}
	return out
}

// inPages is the connector with pages so small that there are several.
func inPages(n int) connector.Definition {
	d := kingdee.Definition
	d.New = func() any {
		cfg := kingdee.Definition.New().(*kingdee.Config) //nolint:forcetypeassert // its own
		cfg.Page = n
		return cfg
	}
	return d
}

func someBills(tb testing.TB, box *connectortest.Box) {
	box.Do(tb, "create-bills", map[string]any{"count": 23, "prefix": "OLD"})
}

func TestConnector(t *testing.T) {
	changes := 0
	connectortest.Run(t, connectortest.System{
		Definition: inPages(7),
		Sandbox:    func(k *sandbox.Kit) sandbox.System { return kingdeebox.New(k) },
		Prepare:    someBills,
		Reads: []connectortest.Read{
			{
				Object: "SAL_SaleOrder", Path: service + "ExecuteBillQuery", Key: []string{"FBillNo"},
				Keys: func(tb testing.TB, box *connectortest.Box) []string {
					return dumped(tb, box, "SAL_SaleOrder", "FBillNo")
				},
				Cursor: "FModifyDate", Lookback: time.Minute,
				Change: func(tb testing.TB, box *connectortest.Box) []string {
					changes++
					number := fmt.Sprintf("NEW-%d", changes)
					box.Do(tb, "create-bill", map[string]any{"form": "SAL_SaleOrder", "number": number, "model": json.RawMessage(order(number, "MUG-RED", 2))})
					return []string{number}
				},
				Gone: func(tb testing.TB, box *connectortest.Box) string {
					bill := map[string]any{"form": "SAL_SaleOrder", "number": "OLD-000004"}
					box.Do(tb, "un-audit", bill)
					box.Do(tb, "delete", bill)
					return "OLD-000004"
				},
				Find:      []string{"FBillNo", "FSaleOrgId.FNumber"},
				Throttled: sandbox.Fault{Kind: "throttled"},
			},
			{
				Object: "BD_MATERIAL", Path: service + "ExecuteBillQuery", Key: []string{"FNumber", "FUseOrgId.FNumber"},
				Keys: func(tb testing.TB, box *connectortest.Box) []string {
					return dumped(tb, box, "BD_MATERIAL", "FNumber", "FUseOrgId")
				},
				Find: []string{"FNumber", "FUseOrgId.FNumber"},
			},
			{
				Object: "STK_Inventory", Path: service + "ExecuteBillQuery", Key: []string{"FID"},
				Keys: func(tb testing.TB, box *connectortest.Box) []string { return dumped(tb, box, "STK_Inventory", "FID") },
				Find: []string{"FMaterialId.FNumber", "FStockId.FNumber"},
			},
		},
		Writes: []connectortest.Write{
			{
				Target: connector.Target{Object: "SAL_SaleOrder", Key: "FBillNo"}, Path: service + "BatchSave", Sent: 4,
				Doc:     func(n int) connector.Doc { return doc(fmt.Sprintf("S01-%04d", n), "MUG-RED", 1+n%3, "") },
				Bad:     func(n int) connector.Doc { return doc(fmt.Sprintf("S01-%04d", n), "NEW-POSTER", 1, "") },
				Changed: func(n int, id string) connector.Doc { return doc(fmt.Sprintf("S01-%04d", n), "MUG-BLUE", 2, id) },
				Stages: map[connector.Op]string{
					connector.Submit: service + "Submit", connector.Audit: service + "Audit", connector.UnAudit: service + "UnAudit",
					connector.Delete: service + "Delete", connector.Cancel: service + "ExecuteOperation",
					connector.UnSubmit: service + "CancelAssign",
				},
				Throttled: sandbox.Fault{Kind: "throttled"}, Partial: sandbox.Fault{Kind: "partial-batch", Arg: "1,2"},
				Mark: "F_PIPECTL_MARK",
			},
		},
		Login: &connectortest.Login{
			Path: "AuthService.LoginBySign", Wrong: map[string]string{"secret": "wrong-secret-0000000000000000000"},
			Lose: func(tb testing.TB, box *connectortest.Box) { box.Do(tb, "expire-sessions", map[string]any{}) },
		},
	})
}
