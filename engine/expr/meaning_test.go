package expr

import (
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

const orderSchema = `{"type":"object","properties":{
	"order_id":{"type":"string"}, "sid":{"type":"integer"}, "currency":{"type":"string"}, "remark":{"type":["string","null"]},
	"amount":{"type":"string","format":"decimal"}, "freight":{"type":"number"}, "paid":{"type":"boolean"},
	"created":{"type":"string","format":"instant","x-zone":"Asia/Shanghai"},
	"status":{"type":"string","enum":["Unshipped","Shipped"]},
	"address":{"type":"object","properties":{"city":{"type":"string"},"phone":{"type":"string"}}},
	"prices":{"type":"array","items":{"type":"string","format":"decimal"}},
	"tags":{"type":"array","items":{"type":"string"}},
	"ext":{"type":"object"},
	"items":{"type":"array","items":{"type":"object","properties":{
		"sku":{"type":"string"}, "qty":{"type":"integer"}, "price":{"type":"string","format":"decimal"}, "gift":{"type":"boolean"}}}}}}`

const orderRecord = `{"order_id":"SO-订单1","sid":1234567890123456789,"currency":"CNY","remark":null,"amount":"49.980","freight":12.0000,"paid":true,
	"created":"2026-03-01 23:30:00","status":"Unshipped","address":{"city":"深圳"},"prices":["1.10","2.20",""],"tags":["b","a","b"],
	"ext":{"x-y":1,"code":"10.01.0001"},
	"items":[{"sku":"A-1","qty":3,"price":"19.99","gift":false},{"sku":"B-2","qty":1,"price":"","gift":true}]}`

// TestMeaning is the language, one line a rule: what an expression gives for the record above, or
// the code and a word of the message that it ends with.
func TestMeaning(t *testing.T) {
	cases := []struct{ text, want string }{
		// Numbers keep their digits while they are only moved, and are exact when calculated with.
		{`sid`, `1234567890123456789`},
		{`freight`, `12.0000`},
		{`freight + 0`, `12`},
		{`sid + 1`, `1234567890123456790`},
		{`sid * sid`, `1524157875323883675019051998750190521`},
		{`9223372036854775807 + 1`, `9223372036854775808`},
		{`amount`, `49.980`},
		{`amount * 3`, `149.94`},
		{`0.1 + 0.2`, `0.3`},
		{`0.3 / 3`, `0.1`},
		{`10 / 4`, `2.5`},
		{`2 / 3`, `0.6666666666666666666666666666666667`},
		{`1 / 0`, `PC224 divides by zero`},
		{`7 % 3`, `1`},
		{`-7 % 3`, `-1`},
		{`7.5 % 2`, `1.5`},
		{`2 ** 10`, `1024`},
		{`2 ** -1`, `0.5`},
		{`2 ** 0.5`, `PC224 whole exponent`},
		{`2 ** 100`, `1267650600228229401496703205376`},
		{`10 ** 999 * 10`, `PC224 1,000 digits`},
		{`-0.0 * 5`, `0`},
		{`-freight`, `-12`},
		{`+amount`, `49.980`},
		{`13.00`, `13.00`},
		{`1_000.50`, `1000.50`},
		{`0x1F`, `31`},
		{`round(2.5)`, `3`},
		{`round(-2.5)`, `-3`},
		{`round(2.345, 2)`, `2.35`},
		{`round(1250, -2)`, `1300`},
		{`round(amount / 3, 6)`, `16.66`},
		{`round(1, 1.5)`, `PC222 whole`},
		{`1e3`, `1e3`},
		{`1e3 + 0`, `1000`},
		{`1.10 == 1.1`, `true`},
		{`amount == 49.98`, `true`},
		{`prices[0] + prices[1]`, `3.3`},
		{`sum(prices)`, `PC221 item 2`},
		{`sum(prices, # ?? 0)`, `3.3`},
		{`max(amount, freight)`, `49.980`},
		{`mean(1, 2)`, `1.5`},
		{`max([])`, `null`},
		{`int("3.5")`, `PC226 whole number`},
		{`number("1,5")`, `PC226 no number`},
		{`number(" 7.50 ")`, `7.50`},

		// Null and absent are no zero, no blank and no text.
		{`remark`, `null`},
		{`address.phone`, `absent`},
		{`remark + "x"`, `PC221 remark is null`},
		{`address.phone + "x"`, `PC221 address.phone is absent`},
		{`remark ?? "none"`, `"none"`},
		{`address.phone ?? "none"`, `"none"`},
		{`remark == null`, `true`},
		{`address.phone == null`, `true`},
		{`remark == absent`, `false`},
		{`address.phone == absent`, `true`},
		{`null != remark`, `false`},
		{`remark == "x"`, `false`},
		{`remark != "x"`, `true`},
		{`address.phone == "x"`, `PC221 absent`},
		{`filled(remark)`, `absent`},
		{`filled(address.phone)`, `absent`},
		{`filled("  ")`, `absent`},
		{`filled(order_id)`, `"SO-订单1"`},
		{`filled(0)`, `0`},
		{`remark in ["x"]`, `false`},
		{`remark in ["x", null]`, `true`},
		{`address.phone in ["x"]`, `false`},
		{`text(sid, "-", remark)`, `PC221 remark is null`},
		{`string(null)`, `PC209 not null`},
		{`string(remark)`, `PC221 remark`},
		{`items[1].price`, `null`},
		{`items[1].price > 0`, `PC221 items[1].price is null`},
		{`null`, `null`},
		{`absent`, `absent`},
		{`nil`, `null`},
		{`ext?.nothing`, `absent`},
		{`ext.nothing`, `PC220 ext.nothing`},
		{`ext.nothing ?? 5`, `5`},
		{`ext["x-y"]`, `1`},
		{`ext["none"]`, `PC220 none`},
		{`"x-y" in ext`, `true`},
		{`[1, remark]`, `[1,null]`},
		{`[1, address.phone]`, `PC221 item 1 is absent`},
		{`{a: address.phone, b: 1}`, `{"b":1}`},
		{`first([])`, `null`},
		{`tags[5]`, `PC225 beyond`},
		{`tags[5] ?? "z"`, `"z"`},
		{`tags[-1]`, `"b"`},
		{`find(items, .qty > 9)`, `null`},
		{`find(items, .qty > 9).sku`, `PC221 is null`},
		{`find(items, .qty > 9)?.sku`, `null`},

		// What can't be compared has no answer.
		{`ext.code == "10.01.0001"`, `true`},
		{`ext.code == 10`, `PC223 can't be compared`},
		{`amount == "49.98"`, `PC209 can't be compared`},
		{`sid == "1"`, `PC209 can't be compared`},
		{`sid in ["113", "114"]`, `PC209 can't be compared`},
		{`ext["x-y"] in ["1"]`, `PC223 can't be compared`},
		{`ext["x-y"] in ["1", 1]`, `true`},
		{`remark > 5`, `PC209 can't be compared`},
		{`remark > "a"`, `PC221 remark is null`},
		{`order_id > "SO"`, `true`},
		{`"B" < "a"`, `true`},
		{`[1, 2] == [1.0, 2]`, `true`},
		{`{a: 1} == {a: "1"}`, `false`},
		{`1 < 2 < 3`, `true`},
		{`paid == 1`, `PC209 can't be compared`},
		{`amount + "x"`, `PC209 joins texts`},
		{`ext.code + 1`, `PC222 joins texts`},
		{`"EC-" + order_id`, `"EC-SO-订单1"`},
		{`not paid`, `false`},
		{`!sid`, `PC209 not a truth value`},
		{`paid && remark`, `PC209 remark`},
		{`paid || remark == "x"`, `true`},

		// Texts count characters.
		{`len(order_id)`, `6`},
		{`order_id[3:5]`, `"订单"`},
		{`order_id[-1:]`, `"1"`},
		{`order_id[:100]`, `"SO-订单1"`},
		{`order_id[5:2]`, `""`},
		{`indexOf(order_id, "单")`, `4`},
		{`order_id contains "订"`, `true`},
		{`order_id matches "^SO-\\p{Han}+1$"`, `true`},
		{`order_id matches "("`, `PC213 pattern`},
		{`order_id matches ext.code`, `false`},
		{`upper("é")`, `"É"`},
		{`split("a,b,c", ",", 2)`, `["a","b,c"]`},
		{`join(tags, "/")`, `"b/a/b"`},
		{`join(prices)`, `PC222 join needs a text`},
		{`repeat("x", 1000000000)`, `PC231 16 MiB`},
		{`replace("a-b-c", "-", "", 1)`, `"ab-c"`},
		{`trim("xax", "x")`, `"a"`},
		{`text(freight)`, `"12.0000"`},
		{`string(freight)`, `"12"`},
		{`text(paid)`, `"true"`},
		{`not (order_id startsWith "X")`, `true`},
		{`order_id not contains "X"`, `true`},

		// Time.
		{`created`, `"2026-03-01T23:30:00+08:00"`},
		{`day(created, "UTC")`, `"2026-03-01"`},
		{`day(created, "America/Los_Angeles")`, `"2026-03-01"`},
		{`day(created, "Pacific/Auckland")`, `"2026-03-02"`},
		{`day(order_id, "UTC")`, `PC209 not an instant`},
		{`day(created, "Asia/Shangai")`, `PC213 does not exist`},
		{`day(created)`, `PC208 2 arguments`},
		{`created > instant("2026-03-01T15:29:59Z")`, `true`},
		{`created == "2026-03-01"`, `PC209 can't be compared`},
		{`instant("2026-03-01 10:00:00")`, `PC227 does not say its zone`},
		{`instant("")`, `PC227 no time`},
		{`instant("0000-00-00 00:00:00", "UTC")`, `PC227 no time`},
		{`instant(1772407800)`, `"2026-03-01T23:30:00Z"`},
		{`instant(1772407800000) == instant("1772407800")`, `true`},
		{`instant("2026-03-01T10:00:00.123+08:00")`, `"2026-03-01T10:00:00.123+08:00"`},
		{`instant("yesterday", "UTC")`, `PC227 can read`},
		{`format(created, "yyyy-MM-dd'T'HH:mm:ss.SSS", "UTC")`, `"2026-03-01T15:30:00.000"`},
		{`format(created, "2006-01-02", "UTC")`, `PC213 means nothing`},
		{`format(created, "YYYY", "UTC")`, `PC213 means nothing`},
		{`run.time`, `"2026-04-01T00:00:00Z"`},
		{`run.date`, `PC207 run.time`},
		{`now()`, `PC208 run.time`},
		{`addDays(created, 1, "Asia/Shanghai")`, `"2026-03-02T23:30:00+08:00"`},
		{`day(addMonths(instant("2028-01-31", "UTC"), 1, "UTC"), "UTC")`, `"2028-02-29"`},
		{`day(addMonths(instant("2026-03-31", "UTC"), -1, "UTC"), "UTC")`, `"2026-02-28"`},
		{`addMonths(created, 12, "Asia/Shanghai")`, `"2027-03-01T23:30:00+08:00"`},
		{`addMonths(created, 99999999, "UTC")`, `PC222 beyond`},
		{`addMonths(created, 0.5, "UTC")`, `PC222 whole number`},
		{`IFNULL(created, 1)`, `PC208 ??`},
		{`from_unixtime(1)`, `PC208 instant(x)`},

		// Lists and closures.
		{`filter(items, .qty > 1)`, `[{"sku":"A-1","qty":3,"price":"19.99","gift":false}]`},
		{`map(items, .sku)`, `["A-1","B-2"]`},
		{`map(items, #index)`, `[0,1]`},
		{`sum(items, .qty)`, `4`},
		{`sum(items, .qty * (.price ?? 0))`, `59.97`},
		{`count(items, .gift)`, `1`},
		{`any(items, .gift)`, `true`},
		{`all(items, .qty > 0)`, `true`},
		{`none(items, .qty > 5)`, `true`},
		{`one(items, .gift)`, `true`},
		{`reduce(items, #acc + .qty, 0)`, `4`},
		{`reduce([], #acc + #)`, `PC225 empty`},
		{`groupBy(tags, #)`, `{"b":["b","b"],"a":["a"]}`},
		{`sortBy(items, .qty)[0].sku`, `"B-2"`},
		{`sort(tags)`, `["a","b","b"]`},
		{`sort(tags, "down")`, `PC222 neither`},
		{`uniq(tags)`, `["b","a"]`},
		{`uniq([1, 1.0, "1"])`, `[1,"1"]`},
		{`reverse(tags)`, `["b","a","b"]`},
		{`tags[1:]`, `["a","b"]`},
		{`tags[:-1]`, `["b","a"]`},
		{`1..3`, `[1,2,3]`},
		{`3..1`, `[]`},
		{`1..2000000`, `PC231 million`},
		{`1.5..2`, `PC222 ..`},
		{`items | filter(.gift) | map(.sku)`, `["B-2"]`},
		{`filter(items, {let q = .qty; q > 1}) | len()`, `1`},
		{`concat(tags, ["c"])`, `["b","a","b","c"]`},
		{`flatten([[1, [2]], 3])`, `[1,2,3]`},
		{`take(tags, 2)`, `["b","a"]`},
		{`map(items, map(tags, #))[0][1]`, `"a"`},
		{`find(items, .sku == "B-2").qty`, `1`},
		{`findIndex(tags, # == "a")`, `1`},
		{`findLast(tags, # == "b")`, `"b"`},
		{`map(items, .price)`, `[19.99,null]`},
		{`items.sku`, `PC207 map(items, .sku)`},
		{`map(1..1000, map(1..1000, map(1..1000, #)))`, `PC230 too many steps`},
		{`reduce(1..2000, [#acc], 0)`, `PC231 levels deep`},
		{`reduce(1..60, [#acc, #acc], 0)`, `PC231 holds too much`},
		{`reduce(1..60, #acc + #acc, "x")`, `PC231 16 MiB`},

		// Objects.
		{`keys(address)`, `["city"]`},
		{`values(items[0])`, `["A-1",3,19.99,false]`},
		{`toPairs({a: amount})`, `[["a",49.980]]`},
		{`fromPairs([["a", 1], ["a", 2]])`, `PC222 comes twice`},
		{`get(items[0], "price")`, `19.99`},
		{`get(tags, 9)`, `null`},
		{`columns(source, ["amount", "remark", "freight"])`, `[{"name":"amount","value":49.980},{"name":"freight","value":12.0000}]`},
		{`columns(source, ["amont"])`, `PC207 did you mean amount`},
		{`sum(columns(source, ["amount", "freight"]), .value)`, `61.98`},
		{`{"a": 1, (order_id): 2}`, `{"a":1,"SO-订单1":2}`},
		{`{a: 1, a: 2}`, `PC213 comes twice`},
		{`{a: 1}.b`, `PC207 no field b`},
		{`toJSON(items[0])`, `"{\"sku\":\"A-1\",\"qty\":3,\"price\":\"19.99\",\"gift\":false}"`},
		{`fromJSON("{\"a\":1.50}").a`, `1.50`},
		{`fromJSON("{a}")`, `PC222 no JSON`},

		// Choices and names.
		{`paid ? 1 : 2`, `1`},
		{`if currency == "CNY" { "100" } else if paid { "200" } else { "300" }`, `"100"`},
		{`sid ? 1 : 2`, `PC209 not a truth value`},
		{`let x = amount * 2; x + 1`, `100.96`},
		{`let amount = 1; amount`, `PC210 already`},
		{`source.order_id`, `"SO-订单1"`},
		{`source`, `{}`},
		{`oder_id`, `PC206 did you mean order_id`},
		{`address.citty`, `PC207 did you mean city`},
		{`map(items, .skuu)`, `PC207 did you mean sku`},
		{`uper(order_id)`, `PC208 did you mean upper`},
		{`upper()`, `PC208 not 0`},
		{`upper`, `PC206 is a function`},
		{`order_id.upper()`, `PC208 no methods`},
		{`status`, `"Unshipped"`},
		{`1 +`, `PC205 unexpected`},
		{``, `PC205 empty`},
		{`"a`, `PC205 literal not terminated`},
		{`a ?? b + 1`, `PC205 cannot be mixed`},
		{`1; 2`, `PC205 no meaning`},
		{`abs(-1.50)`, `1.5`},
		{`bitand(6, 3.5)`, `PC222 whole`},
		{`type(amount)`, `"number"`},
	}
	schema, err := value.ReadSchema([]byte(orderSchema))
	if err != nil {
		t.Fatal(err)
	}
	rec, err := value.ParseText(orderRecord)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			got := run(NewScope(&schema), c.text, rec.Value())
			if c.text == "source" {
				if got != orderRecord {
					t.Errorf("got %s", got)
				}
				return
			}
			if code, word, ok := strings.Cut(c.want, " "); ok && strings.HasPrefix(code, "PC") {
				if !strings.Contains(got, code) || !strings.Contains(got, word) {
					t.Errorf("got %s\nwant %s", got, c.want)
				}
				return
			}
			if got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

// run is the answer of an expression as JSON, or its error.
func run(s *Scope, text string, source value.Value) string {
	e, err := s.Compile(text, problem.Pos{File: "order.yaml", Line: 3, Col: 10})
	if err != nil {
		return err.Error()
	}
	f := &Frame{Source: source, Slots: make([]value.Value, s.Size()), Time: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), Budget: DefaultBudget}
	v, err := e.Eval(f)
	switch {
	case err != nil:
		return err.Error()
	case v.Kind() == value.Absent:
		return "absent"
	}
	return v.JSON()
}
