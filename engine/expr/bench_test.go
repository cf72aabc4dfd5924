package expr

import (
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

const benchOrder = `{"order_id":"SO2026000012345","shop":"shop-007","platform":"amazon","buyer_id":"B0001234","buyer_name":"李小明","currency":"CNY","status":"PAID","created":"2026-03-01T10:20:30+08:00","updated":"2026-03-02T10:20:30+08:00","amount":1234.56,"freight":10,"remark":"says \"fragile\"","address":{"province":"广东省","city":"深圳市","district":"南山区","street":"科技园路 12","zip":"518000","phone":"13800000000"},"items":[{"line":1,"sku_code":"sku-000123","name":"cup 12\" tall","qty":3,"price":19.99},{"line":2,"sku_code":"sku-004567","name":"plate","qty":1,"price":120.50},{"line":3,"sku_code":"sku-009999","name":"spoon","qty":9,"price":1.25}]}`

// headExpressions and lineExpressions are the mapping of an order: three rules, twelve fields of
// the head and five of each line, three lines: 30 evaluations a record.
var (
	headExpressions = []string{
		`currency in ["CNY", "USD", "EUR", "HKD", "JPY"]`, `amount > 0`, `len(items) > 0 and all(items, .qty > 0)`,
		`"EC-" + order_id`, `created[0:10]`, `buyer_id ?? "CUST.DEFAULT"`, `currency == "CNY" ? "100" : "200"`,
		`if currency == "CNY" { "PRE001" } else if currency == "USD" { "PRE007" } else { "PRE009" }`,
		`status == "REFUNDING" ? "RETURN" : "NORMAL"`, `buyer_name`,
		`address.province + address.city + address.district + address.street`, `address.phone`,
		`shop + "/" + platform + (remark == "" ? "" : ": " + remark)`, `round(amount + freight, 2)`, `items`,
	}
	lineExpressions = []string{`upper(line.sku_code)`, `line.qty`, `line.price`, `round(line.qty * line.price, 2)`, `line.price == 0`}
)

func BenchmarkOrder(b *testing.B) {
	rec, err := value.ParseText(benchOrder)
	if err != nil {
		b.Fatal(err)
	}
	s := NewScope(nil)
	head := compileAll(b, s, headExpressions)
	each := s.Child()
	slot, err := each.Bind("line", nil, problem.Pos{})
	if err != nil {
		b.Fatal(err)
	}
	lines := compileAll(b, each, lineExpressions)
	f := &Frame{Source: rec.Value(), Slots: make([]value.Value, s.Size())}
	items, out := value.NameOf("items"), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		f.Budget, out = DefaultBudget, out[:0]
		out = evalAll(b, f, head, out)
		for x := range items.Get(f.Source).Items() {
			f.Slots[slot] = x
			out = evalAll(b, f, lines, out)
		}
	}
}

func compileAll(tb testing.TB, s *Scope, texts []string) (all []*Expr) {
	for _, text := range texts {
		e, err := s.Compile(text, problem.Pos{})
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func evalAll(tb testing.TB, f *Frame, all []*Expr, out []byte) []byte {
	for _, e := range all {
		v, err := e.Eval(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = value.AppendJSON(out, v)
	}
	return out
}

func BenchmarkExpression(b *testing.B) {
	rec, err := value.ParseText(benchOrder)
	if err != nil {
		b.Fatal(err)
	}
	s := NewScope(nil)
	for _, text := range headExpressions {
		e, err := s.Compile(text, problem.Pos{})
		if err != nil {
			b.Fatal(err)
		}
		f := &Frame{Source: rec.Value(), Budget: DefaultBudget}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Budget = DefaultBudget
				if _, err := e.Eval(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	s := NewScope(nil)
	b.ReportAllocs()
	for b.Loop() {
		compileAll(b, s, headExpressions)
	}
}
