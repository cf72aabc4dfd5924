package value

import "testing"

// order is an order record as the workloads have it: 14 fields, an address, three items.
const order = `{"order_id":"SO2026000012345","shop":"shop-007","platform":"amazon","buyer_id":"B0001234","buyer_name":"李小明","currency":"CNY","status":"PAID","created":"2026-03-01T10:20:30+08:00","updated":"2026-03-02T10:20:30+08:00","amount":1234.56,"freight":10,"remark":"says \"fragile\"","address":{"province":"广东省","city":"深圳市","district":"南山区","street":"科技园路 12","zip":"518000","phone":"13800000000"},"items":[{"line":1,"sku_code":"sku-000123","name":"cup 12\" tall","qty":3,"price":19.99},{"line":2,"sku_code":"sku-004567","name":"plate","qty":1,"price":120.50},{"line":3,"sku_code":"sku-009999","name":"spoon","qty":9,"price":1.25}]}`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(order)))
	for b.Loop() {
		if _, err := ParseText(order); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPathGet(b *testing.B) {
	r, err := ParseText(order)
	if err != nil {
		b.Fatal(err)
	}
	p, err := ParsePath("address.phone")
	if err != nil {
		b.Fatal(err)
	}
	v := r.Value()
	b.ReportAllocs()
	for b.Loop() {
		if p.Get(v).Kind() != Text {
			b.Fatal("no phone")
		}
	}
}

func BenchmarkHash(b *testing.B) {
	r, err := ParseText(order)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Hash()
	}
}

func BenchmarkArithmetic(b *testing.B) {
	price, _ := OfNumber("19.99")
	qty, _ := OfNumber("3")
	cases := map[string]func() (Value, error){
		"add":   func() (Value, error) { return Add(price, qty) },
		"mul":   func() (Value, error) { return Mul(price, qty) },
		"quo":   func() (Value, error) { return Quo(price, qty) },
		"exact": func() (Value, error) { return Quo(price, OfInt(8)) },
		"round": func() (Value, error) { return Round(price, 1) },
	}
	for name, calc := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := calc(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseMany(b *testing.B) {
	var p Parser
	b.ReportAllocs()
	b.SetBytes(int64(len(order)))
	for b.Loop() {
		if _, err := p.ParseText(order); err != nil {
			b.Fatal(err)
		}
	}
}
