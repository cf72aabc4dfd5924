package kingdee

import (
	"strings"
	"testing"
)

// TestObjects holds the object files against what this package takes for granted of them.
func TestObjects(t *testing.T) {
	if len(objects()) < 20 {
		t.Fatalf("%d objects", len(objects()))
	}
	for _, o := range objects() {
		f := formOf(o.Name)
		switch {
		case !f.Known || f.Name != o.Name:
			t.Errorf("%s: x-form is %q", o.Name, f.Name)
		case f.at(f.ID) == nil, f.at(f.Number) == nil:
			t.Errorf("%s: id %q or number %q is no field", o.Name, f.ID, f.Number)
		case o.Schema.Open || o.Schema.Prefix != "F_" || !o.Schema.Properties[f.ID].ReadOnly:
			t.Errorf("%s: open %v, prefix %q, id read-only %v", o.Name, o.Schema.Open, o.Schema.Prefix, o.Schema.Properties[f.ID].ReadOnly)
		}
		for _, c := range f.Cursors {
			if f.at(c) == nil {
				t.Errorf("%s: cursor %s is no field", o.Name, c)
			}
		}
		for _, n := range f.Props.names {
			if p := f.Props.by[n]; p.isEntry() && !p.WriteOnly && p.Items.get("FEntryID") == nil {
				t.Errorf("%s.%s has no FEntryID", o.Name, n)
			}
			if !strings.HasPrefix(n, "F") && !strings.HasPrefix(n, "SubHead") {
				t.Errorf("%s: odd name %s", o.Name, n)
			}
		}
		if f.Number != f.ID && !f.Props.by[f.Number].Key {
			t.Errorf("%s: %s is not marked as the key", o.Name, f.Number)
		}
	}
}

func TestFlatNames(t *testing.T) {
	o := describe(formOf("BD_MATERIAL"))
	flat, ok := o.Schema.At("FBaseUnitId.FNumber")
	if !ok || flat.Title == "" || !o.Schema.Properties["FBaseUnitId"].ReadOnly {
		t.Error("the flat name FBaseUnitId is not there, or may be written")
	}
	if group, ok := o.Schema.At("SubHeadEntity.FBaseUnitId"); !ok || group.ReadOnly {
		t.Error("the grouped one may not be written")
	}
	if _, ok := o.Schema.Member("F_ABC_Colour"); !ok {
		t.Error("an account's own field is unknown")
	}
	if _, ok := describe(formOf("SAL_SaleOrder")).Schema.Properties["FCustomerID"]; ok {
		t.Error("a sales order has no FCustomerID; it is the most frequent mistake")
	}
}

func TestPlan(t *testing.T) {
	p, err := planFor(formOf("SAL_SaleOrder"), []string{
		"FCustId", "FSaleOrderFinance.FSettleCurrId.FNumber", "FSettleCurrId.FNumber", "FSaleOrderEntry.FMaterialId.FNumber", "FSaleOrderEntry.FSeq",
		"FSaleOrderEntry.F_ABC_Text", "FSaleOrderEntry.FAuxPropId", "FSaleOrderPlan", "F_ABC_Shop.FNumber",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.head.keys, ","); got != "FID,FBillNo,FModifyDate,FCustId.FNumber,FSettleCurrId.FNumber,F_ABC_Shop.FNumber" {
		t.Errorf("head: %s", got)
	}
	if len(p.entries) != 1 || strings.Join(p.entries[0].keys, ",") != "FSaleOrderEntry_FEntryID,FMaterialId.FNumber,FSaleOrderEntry_FSeq,F_ABC_Text" {
		t.Errorf("entries: %+v", p.entries)
	}
	cells := row{jsonOf("7"), jsonOf(`"S-1"`), jsonOf("null"), jsonOf(`"C"`), jsonOf(`"PRE001"`), jsonOf(`"x"`)}
	want := `{"FID":7,"FBillNo":"S-1","FModifyDate":null,"FCustId":{"FNumber":"C"},"FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE001"}},` +
		`"FSettleCurrId":{"FNumber":"PRE001"},"F_ABC_Shop":{"FNumber":"x"}}`
	if got := string(p.head.object(cells)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := planFor(formOf("PRD_MO"), nil, nil); err == nil {
		t.Error("a form without a description was planned without fields")
	}
}

func jsonOf(s string) []byte { return []byte(s) }
