package step_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

const projectYAML = `
connections:
  shop: {type: shop, url: sandbox}
  erp: {type: erp, url: sandbox}
  data: {type: file, dir: data}
`

// files make a project of one pipeline with these steps. source is shop, whose fields are known, or
// data, of which nothing is.
func files(source, steps string) map[string]string {
	object := map[string]string{"shop": "orders", "data": "orders.jsonl"}[source]
	return map[string]string{
		"pipectl.yaml": projectYAML,
		"pipelines/p.yaml": "name: p\nsource: {connection: " + source + ", object: " + object + "}\nkey: order_id\nsteps:\n" + steps +
			"\ntarget: {connection: data, object: out.jsonl, key: no, unique: only a test}\n",
		"pipelines/kept.yaml":        "name: kept\nsource: {connection: data, object: k.csv}\nkey: sku\nkeep: {sku: sku, code: code}\n",
		"pipelines/tables/shops.csv": "sid,org,customer,kind\n113,100,C-1,a\n114,200,,a\n115,100,C-1,b\n115,100,C-1,b\n116,1,X,a\n116,2,X,a\n",
		"pipelines/tables/kinds.csv": "pattern,code\nbig,B\nig,I\n",
		"pipelines/tables/none.csv":  "a,b\n",
		"bill.schema.json":           `{"type":"object","properties":{"qty":{"type":"integer","minimum":1}},"required":["qty","note"]}`,
	}
}

// tell shows a row as one line: its document, or why there is none.
func tell(r *step.Row) string {
	var parts []string
	switch {
	case r.Dropped:
		parts = append(parts, "dropped")
	case len(r.Problems) == 0:
		parts = append(parts, r.Document.JSON())
	}
	for _, p := range r.Problems {
		line := fmt.Sprintf("%s %s", p.Class, p.ID)
		if p.Field != "" {
			line += " " + p.Field
		}
		if p.Cause != nil {
			line += " <" + p.Cause.String() + ">"
		}
		parts = append(parts, line)
	}
	for _, p := range r.Warnings {
		parts = append(parts, "warning "+p.ID+" "+p.Reason)
	}
	for _, m := range r.Masters {
		parts = append(parts, "create "+m.Object+" "+m.Key+" "+m.Document.JSON()+" "+strings.Join(m.Then, ","))
	}
	return strings.Join(parts, "; ")
}

// erp answers look-ups, and remembers what it was asked.
type erp struct {
	asked []connector.Find
	rows  []string
	err   error
	kept  []string
}

func (e *erp) world() step.World {
	return step.World{
		Find: func(_ context.Context, _ string, f connector.Find) ([]value.Record, error) {
			e.asked = append(e.asked, f)
			return records(e.rows), e.err
		},
		Kept: func(context.Context, string, []string, [][]value.Value) ([]value.Record, bool, error) {
			return records(e.kept), len(e.kept) == 0, nil
		},
	}
}

func records(texts []string) []value.Record {
	var out []value.Record
	for _, t := range texts {
		r, err := value.ParseText(t)
		if err != nil {
			panic(err)
		}
		out = append(out, r)
	}
	return out
}

func rowsOf(p *step.Program, texts ...string) []*step.Row {
	var out []*step.Row
	for _, r := range records(texts) {
		out = append(out, p.Row(r, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)))
	}
	return out
}

const order = `{"order_id":"A-1","sid":113,"status":"paid","buyer":"  ","amount":"49.90","currency":"CNY","gift":false,"address":{"city":"杭州","phone":"1"},"items":[{"sku":"K1","qty":2,"price":"10.00","parts":[{"lot":"x"},{"lot":"y"}]},{"sku":"K2","qty":1,"price":"29.90","parts":[]}]}`

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name, source, steps string
		record              string // order without one
		erp                 erp
		want                string
	}{
		{name: "where keeps", source: "shop", steps: `  - where: amount > 49
  - map: {no: order_id}`, want: `{"no":"A-1"}`},
		{name: "where drops", source: "shop", steps: `  - where: amount > 50
  - map: {no: order_id}`, want: `dropped`},
		{name: "where fails", source: "data", steps: `  - where: qty > 50
  - map: {no: order_id}`, want: `invalid PC220 qty`},
		{name: "let sees what is above", source: "shop", steps: `  - let: {a: sid + 1, b: a * 2}
  - map: {no: order_id, b: b}`, want: `{"no":"A-1","b":228}`},
		{name: "all lets are told, echoes aren't", source: "data", steps: `  - let: {a: x + 1, b: a + 1, c: y + 1}
  - map: {no: order_id, b: b, d: z + 1}`, want: `invalid PC220 x; invalid PC220 y; invalid PC220 d`},

		{name: "constants, nested names, order", source: "shop", steps: `  - map:
      const: {T.FNumber: 001, "F": "", L: [a, b], O: {P.Q: x}}
      no: order_id
      T.FName: currency
      O.R: sid`, want: `{"T":{"FNumber":"001","FName":"CNY"},"F":"","L":["a","b"],"O":{"P":{"Q":"x"},"R":113},"no":"A-1"}`},
		{name: "absent, null, filled, empty objects", source: "shop", steps: `  - map:
      no: order_id
      a: absent
      b: null
      c: filled(buyer)
      d.e: absent
      f: {g: absent, h: {i: absent}}`, want: `{"no":"A-1","b":null}`},
		{name: "an absent optional field that is only moved stays absent", source: "data", record: `{"order_id":"A"}`, steps: `  - map: {no: order_id, x: "note ?? absent"}`, want: `{"no":"A"}`},
		{
			name: "numbers keep their digits", source: "data", record: `{"order_id":"A","n":12.0000,"big":1234567890123456789,"code":"10.01.0001"}`, steps: `  - map: {no: order_id, n: n, big: big, code: code, third: 0.3 / 3}`,
			want: `{"no":"A","n":12.0000,"big":1234567890123456789,"code":"10.01.0001","third":0.1}`,
		},
		{name: "each", source: "shop", steps: `  - map:
      no: order_id
      lines:
        each: {line: items}
        where: line.qty > 1
        let: {total: line.qty * line.price}
        const: {row: std}
        sku: line.sku
        total: total`, want: `{"no":"A-1","lines":[{"row":"std","sku":"K1","total":20}]}`},
		{name: "each over two levels", source: "shop", steps: `  - map:
      no: order_id
      lots:
        each: {line: items, part: line.parts}
        lot: text(line.sku, "/", part.lot)`, want: `{"no":"A-1","lots":[{"lot":"K1/x"},{"lot":"K1/y"}]}`},
		{name: "each within each", source: "shop", steps: `  - map:
      no: order_id
      lines:
        each: {line: items}
        sku: line.sku
        lots:
          each: {part: line.parts}
          lot: part.lot`, want: `{"no":"A-1","lines":[{"sku":"K1","lots":[{"lot":"x"},{"lot":"y"}]},{"sku":"K2","lots":[]}]}`},
		{name: "lists", source: "shop", steps: `  - map:
      no: order_id
      list:
        - sid
        - {const: x}
        - absent
        - a: currency
        - where: gift
          a: gift
        - each: {line: items}
          sku: line.sku
        - '"end"'`, want: `{"no":"A-1","list":[113,"x",{"a":"CNY"},{"sku":"K1"},{"sku":"K2"},"end"]}`},
		{name: "case", source: "shop", steps: `  - map:
      no: order_id
      a:
        case: [{when: currency == "USD", const: U}, {when: currency == "CNY", const: C}]
      b:
        case: [{when: gift, value: sid}]
        else: sid + 1
      c:
        case: [{when: gift, const: x}]
        else: {const: y}
      d:
        case: [{when: gift, const: x}]
        else: absent`, want: `{"no":"A-1","a":"C","b":114,"c":"y"}`},
		{name: "no case fits", source: "shop", steps: `  - map:
      no: order_id
      lines:
        each: {line: items}
        a:
          case: [{when: line.sku == "K1", const: x}]
          else: reject`, want: `invalid PC260 lines[1].a`},
		{name: "all fields that fail are told", source: "data", record: `{"order_id":"A","lines":[{"q":1},{}]}`, steps: `  - map:
      no: order_id + 1
      lines:
        each: {line: lines}
        q: line.q * 2
      note: text(missing)`, want: `invalid PC222 no; invalid PC220 lines[1].q; invalid PC220 note`},
		{name: "copy all with except, what is mapped wins", source: "shop", record: `{"order_id":"A","sid":1,"address":{"city":"C","phone":"9"},"gift":true}`, steps: `  - map:
      copy: all
      except: [gift]
      no: order_id
      address.phone: '"0"'`, want: `{"order_id":"A","sid":1,"no":"A","address":{"city":"C","phone":"0"}}`},
		{name: "copy fields", source: "shop", steps: `  - map: {copy: [sid, address], no: order_id}`, want: `{"sid":113,"address":{"city":"杭州","phone":"1"},"no":"A-1"}`},
		{name: "a second map starts from the first", source: "shop", steps: `  - map: {no: order_id, a: sid, b: {c: currency, d: sid}}
  - map: {copy: all, except: [a], b.c: lower(b.c), e: source.amount}`, want: `{"no":"A-1","b":{"d":113,"c":"cny"},"e":49.90}`},
		{name: "words as fields", source: "shop", steps: `  - map:
      no: order_id
      fields: {each: sid, where: currency}`, want: `{"no":"A-1","each":113,"where":"CNY"}`},
		{name: "copy in each leaves out what look-ups attached", source: "data", record: `{"order_id":"A","items":[{"sku":"113","q":1}]}`, steps: `  - lookup: s
    each: {line: items}
    table: shops
    match: {sid: line.sku}
  - map:
      no: order_id
      items:
        each: {line: items}
        copy: all
        org: line.s.org`, want: `{"no":"A","items":[{"sku":"113","q":1,"org":"100"}]}`},

		{name: "table by number and text", source: "shop", steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - map: {no: order_id, org: shop.org}`, want: `{"no":"A-1","org":"100"}`},
		{name: "an empty cell is null", source: "data", record: `{"order_id":"A","sid":"114"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - map: {no: order_id, c: 'shop.customer ?? "none"'}`, want: `{"no":"A","c":"none"}`},
		{name: "rows that agree are one", source: "data", record: `{"order_id":"A","sid":"115"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid, const: {kind: b}}
  - map: {no: order_id, org: shop.org}`, want: `{"no":"A","org":"100"}`},
		{name: "rows that agree in the fields asked for are one", source: "data", record: `{"order_id":"A","sid":"116"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    fields: {customer: customer}
  - map: {no: order_id, c: shop.customer}`, want: `{"no":"A","c":"X"}`},
		{name: "several rows are held", source: "data", record: `{"order_id":"A","sid":"116"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - map: {no: order_id, org: shop.org}`, want: `held PC257 sid`},
		{name: "several rows rejected", source: "data", record: `{"order_id":"A","sid":"116"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    many: reject
  - map: {no: order_id}`, want: `invalid PC257 sid`},
		{name: "the first of several", source: "data", record: `{"order_id":"A","sid":"116"}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    many: first
  - map: {no: order_id, org: shop.org}`, want: `{"no":"A","org":"1"}`},
		{name: "all causes in one pass, no echoes", source: "data", record: `{"order_id":"A","sid":1,"lines":[{"sku":"113"},{"sku":"8"},{"sku":"9"},{"sku":"8"}]}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - lookup: m
    each: {line: lines}
    table: shops
    match: {sid: line.sku}
  - lookup: k
    each: {line: lines}
    table: shops
    match: {customer: line.sku}
  - map:
      no: order_id
      org: shop.org
      bad: nothing + 1
      lines:
        each: {line: lines}
        m: line.m.org`, want: `missing PC256 sid <table shops: 1>; missing PC256 lines[1].sku <table shops: 8>; missing PC256 lines[2].sku <table shops: 9>; missing PC256 lines[0].sku <table shops: 113>; invalid PC220 bad`},
		{name: "missing rejected", source: "data", record: `{"order_id":"A","sid":1}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    missing: reject
  - map: {no: order_id, org: shop.org}`, want: `invalid PC256 sid`},
		{name: "missing null", source: "data", record: `{"order_id":"A","sid":1}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    missing: "null"
  - map: {no: order_id, org: "shop?.org ?? 7"}`, want: `{"no":"A","org":7}`},
		{name: "a default row, for what can't be looked up, too", source: "data", record: `{"order_id":"A","sid":null}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
    missing: {org: "9"}
  - map: {no: order_id, org: shop.org, c: shop.customer}`, want: `{"no":"A","org":"9","c":null}`},
		{name: "nothing to look up by", source: "data", record: `{"order_id":"A","sid":""}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - map: {no: order_id, org: shop.org}`, want: `invalid PC259 sid`},
		{name: "patterns, the first that fits", source: "data", record: `{"order_id":"A","name":"a pig"}`, steps: `  - lookup: kind
    table: kinds
    when: name contains row.pattern
  - map: {no: order_id, k: kind.code}`, want: `{"no":"A","k":"I"}`},
		{name: "no pattern fits", source: "data", record: `{"order_id":"A","name":"cow"}`, steps: `  - lookup: kind
    table: kinds
    when: name contains row.pattern
  - map: {no: order_id, k: kind.code}`, want: `missing PC256 kind <table kinds: name contains row.pattern>`},
		{name: "a row that where leaves out has no causes", source: "data", record: `{"order_id":"A","sid":1,"off":true}`, steps: `  - lookup: shop
    table: shops
    match: {sid: sid}
  - where: not off
  - map: {no: order_id}`, want: `dropped`},
		{name: "the system's rows, dotted fields", source: "shop", erp: erp{rows: []string{`{"FNumber":"K1","FOrg":{"FNumber":"100"},"FUnit":{"FNumber":"pcs"}}`, `{"FNumber":"K2","FOrg":{"FNumber":"100"},"FUnit":{"FNumber":"box"}}`}}, steps: `  - lookup: material
    each: {line: items}
    connection: erp
    object: BD_Material
    match: {FNumber: line.sku, FOrg.FNumber: '"100"', const: {FStatus: C}}
    fields: {unit: FUnit.FNumber}
  - map:
      no: order_id
      lines:
        each: {line: items}
        unit: line.material.unit`, want: `{"no":"A-1","lines":[{"unit":"pcs"},{"unit":"box"}]}`},
		{name: "two levels", source: "shop", erp: erp{rows: []string{`{"FNumber":"x","FName":"X"}`, `{"FNumber":"y","FName":"Y"}`}}, steps: `  - lookup: m
    each: {line: items, part: line.parts}
    connection: erp
    object: BD_Material
    match: {FNumber: part.lot}
    fields: {name: FName}
  - map:
      no: order_id
      lots:
        each: {line: items, part: line.parts}
        n: text(line.sku, part.m.name)`, want: `{"no":"A-1","lots":[{"n":"K1X"},{"n":"K1Y"}]}`},
		{name: "missing is created once a line, before the record", source: "shop", steps: `  - lookup: m
    connection: erp
    object: BD_Material
    match: {FNumber: currency}
    missing: create
    create:
      map: {FNumber: currency, FName: '"money " + currency', FOrg.FNumber: '"100"'}
      then: [submit, audit]
  - map: {no: order_id, m: m.FNumber}`, want: `{"no":"A-1","m":"CNY"}; create BD_Material CNY {"FNumber":"CNY","FName":"money CNY","FOrg":{"FNumber":"100"}} submit,audit`},
		{name: "kept by another pipeline", source: "data", record: `{"order_id":"A","sku":7}`, erp: erp{kept: []string{`{"sku":"7","code":"C7"}`}}, steps: `  - lookup: product
    pipeline: kept
    match: {sku: sku}
  - map: {no: order_id, c: product.code}`, want: `{"no":"A","c":"C7"}`},

		{name: "rules, all that fail", source: "shop", steps: `  - map: {no: order_id, qty: sid}
  - validate:
      - rule: qty < 100
        message: too many
      - rule: no == "A-2"
      - {rule: qty == 1, severity: warn, message: odd}`, want: `invalid PC261 qty; invalid PC261 no; warning PC261 odd`},
		{name: "schema", source: "shop", steps: `  - map: {no: order_id, qty: 0}
  - validate: [{schema: bill.schema.json}]`, want: `invalid PC262 note; invalid PC262 qty`},
		{name: "exists", source: "shop", steps: `  - map: {no: order_id}
  - validate:
      - exists: {connection: erp, object: BD_Material, match: {FNumber: source.currency}}`, want: `missing PC263 source.currency <erp BD_Material: CNY>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, programs, problems := load(t, write(t, files(c.source, c.steps)), c.erp.world())
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			p := programs[1] // kept.yaml comes first
			record := c.record
			if record == "" {
				record = order
			}
			rows := rowsOf(p, record)
			if err := p.Run(t.Context(), rows); err != nil {
				t.Fatal(err)
			}
			if got := tell(rows[0]); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			for _, x := range rows[0].Problems {
				if _, ok := problem.Page(x.ID); !ok {
					t.Errorf("%s has no page", x.ID)
				}
				if x.Field == "" || x.At.File == "" || x.Reason == "" || x.Hint == "" {
					t.Errorf("a problem without field, place, reason or hint: %v", x)
				}
			}
			if d := rows[0].Document; !d.IsZero() {
				if _, err := value.ParseText(d.JSON()); err != nil {
					t.Errorf("the document is no JSON: %v", err)
				}
			}
		})
	}
}
