package step_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/step"
)

// benchmark runs one batch of steps over and over. base are the steps that the measured ones need,
// and which are not counted.
func benchmark(b *testing.B, steps string, box *erp) {
	b.Helper()
	_, programs, problems := load(b, write(b, files("shop", steps)), box.world())
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	p := programs[1]
	texts := make([]string, 50)
	for i := range texts {
		texts[i] = fmt.Sprintf(`{"order_id":"A-%d","sid":113,"status":"paid","buyer":"王小明","amount":"49.90","currency":"CNY","gift":false,"address":{"city":"杭州","phone":"1"},"items":[{"sku":"K1","qty":2,"price":"10.00","parts":[]},{"sku":"K2","qty":1,"price":"29.90","parts":[]}]}`, i)
	}
	list := records(texts)
	rows := make([]*step.Row, len(list))
	for i := range rows {
		rows[i] = p.Row(list[i], time.Now())
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, r := range rows {
			r.Reset(list[i])
		}
		if err := p.Run(b.Context(), rows); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	for _, r := range rows {
		if len(r.Problems) > 0 {
			b.Fatal(r.Problems)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)), "ns/record")
}

const smallest = "\n  - map: {no: order_id}"

func BenchmarkSmallest(b *testing.B) { benchmark(b, "  - where: sid == 113"+smallest, &erp{}) }

func BenchmarkLet(b *testing.B) {
	benchmark(b, `  - let: {bill_no: 'text(sid, "-", order_id)', total: 'amount * 2', lines: 'filter(items, .qty > 0)'}`+smallest, &erp{})
}

func BenchmarkLookupTable(b *testing.B) {
	benchmark(b, "  - lookup: shop\n    table: shops\n    match: {sid: sid}"+smallest, &erp{})
}

func BenchmarkLookupEach(b *testing.B) {
	benchmark(b, "  - lookup: m\n    each: {line: items}\n    connection: erp\n    object: BD_Material\n    match: {FNumber: line.sku}\n    fields: {unit: FUnit.FNumber}"+smallest,
		&erp{rows: []string{`{"FNumber":"K1","FUnit":{"FNumber":"pcs"}}`, `{"FNumber":"K2","FUnit":{"FNumber":"box"}}`}})
}

func BenchmarkMap(b *testing.B) {
	benchmark(b, `  - map:
      const: {FBillTypeID.FNumber: XSDD01_SYS}
      no: text("EC-", order_id)
      FDate: day(run.time, "Asia/Shanghai")
      FCust.FNumber: buyer
      FNote: text(address.city, "/", address.phone)
      FCurr:
        case: [{when: currency == "CNY", const: PRE001}]
      FAmount: round(amount + 5, 2)
      FEntry:
        each: {line: items}
        FMaterial.FNumber: upper(line.sku)
        FQty: line.qty
        FPrice: line.price
        FAll: round(line.qty * line.price, 2)
        FFree: line.price == 0`, &erp{})
}

func BenchmarkCopyAll(b *testing.B) {
	benchmark(b, "  - map: {copy: all, no: order_id}", &erp{})
}

func BenchmarkValidate(b *testing.B) {
	benchmark(b, `  - map: {no: order_id, qty: sid}
  - validate:
      - rule: qty > 0
      - rule: len(no) > 0`, &erp{})
}

func BenchmarkValidateSchema(b *testing.B) {
	benchmark(b, `  - map: {no: order_id, qty: sid, note: currency}
  - validate: [{schema: bill.schema.json}]`, &erp{})
}

func BenchmarkExists(b *testing.B) {
	benchmark(b, `  - map: {no: order_id}
  - validate: [{exists: {connection: erp, object: BD_Material, match: {FNumber: source.currency}}}]`, &erp{rows: []string{`{"FNumber":"CNY"}`}})
}
