package sandbox

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

func newBox() *Box {
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	return New(sandbox.New(sandbox.Options{Seed: 1, Now: func() time.Time { return at }}))
}

// FuzzFilter: a filter is understood or refused, and what is understood can be asked of every
// document, by index and one by one, with the same result.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"FNumber='MUG-RED' and FUseOrgId.FNumber='100'", "FMATERIALID in (100120,100121)", "FNumber like '%A%' or not FIsInventory=1",
		"FModifyDate>={ts'2026-01-01 00:00:00'} and FMATERIALID>5", "((FNumber>'A'))", "FName is not null", "'a'='a'", "FNumber='it''s", "1=1 and", "FNumber>='M' and FNumber<'N'",
	} {
		f.Add(s)
	}
	b := newBox()
	form := b.form("BD_MATERIAL")
	f.Fuzz(func(t *testing.T, text string) {
		cond, err := parseFilter(form, text)
		if err != nil {
			return
		}
		q := &query{form: form, where: cond}
		byIndex := 0
		b.scan(q, func(*rowSet) { byIndex++ })
		oneByOne := 0
		b.table(form.id).keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
			q.match(d, func(*rowSet) { oneByOne++ })
			return true
		})
		if byIndex != oneByOne {
			t.Fatalf("%q: %d rows by index, %d one by one", text, byIndex, oneByOne)
		}
	})
}

// FuzzSave: whatever is sent as a Model, the server answers, and stores only what is whole.
func FuzzSave(f *testing.F) {
	f.Add(`{"FBillTypeID":{"FNumber":"XSDD01_SYS"},"FBillNo":"S-1","FDate":"2026-03-01","FSaleOrgId":{"FNumber":"100"},"FCustId":{"FNumber":"CUST-RETAIL"},"FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE001"}},"FSaleOrderEntry":[{"FMaterialId":{"FNumber":"MUG-RED"},"FUnitID":{"FNumber":"Pcs"},"FQty":"1e3","FTaxPrice":0.000001,"FEntryTaxRate":13,"FDiscountRate":-5,"FDeliveryDate":"2026-03-03"}]}`)
	f.Add(`{"FSaleOrderEntry":[null,[],{"FOrderEntryPlan":[{"FPlanQty":1}]}],"FSaleOrderFinance":[]}`)
	f.Add(`{"FID":"1","FBillNo":7,"FNote":[{"Key":2052}]}`)
	b := newBox()
	form := b.form("SAL_SaleOrder")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := decode([]byte(text))
		model, ok := v.(object)
		if err != nil || !ok {
			return
		}
		c := b.byHand()
		d, bad := b.store(c, form, saveOptions{validate: true, deleteRows: true, numberSearch: true}, model, 0)
		if (d == nil) != (len(bad) > 0) {
			t.Fatalf("stored %v and refused %v", d, bad)
		}
		if d == nil {
			return
		}
		if !json.Valid(compact(d.dump())) || !json.Valid(compact(b.whole(d))) {
			t.Fatalf("what was stored cannot be written: %s", compact(d.dump()))
		}
		if bad := b.deleteDoc(c, d, nil); bad != nil {
			t.Fatal(bad.Message)
		}
	})
}

// FuzzNumber: a number that is read keeps its value through being written.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0.00", "12.0000000000", "1e3", "99999999999999999999.9999999999", ".5", "1e-70", "+7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseNumber(s)
		if !ok {
			return
		}
		again, ok := parseNumber(plain(d))
		if !ok && len(plain(d)) <= 64 || ok && again.Cmp(d) != 0 {
			t.Fatalf("%q became %q", s, plain(d))
		}
		if !json.Valid(compact(written(d))) || bytes.ContainsAny(compact(written(d)), "eE") {
			t.Fatalf("%q is written as %s", s, compact(written(d)))
		}
	})
}
