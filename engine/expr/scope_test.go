package expr

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func schema(t testing.TB, text string) *value.Schema {
	t.Helper()
	s, err := value.ReadSchema([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func record(t testing.TB, text string) value.Value {
	t.Helper()
	r, err := value.ParseText(text)
	if err != nil {
		t.Fatal(err)
	}
	return r.Value()
}

// Places count characters, as an editor does.
func TestPositions(t *testing.T) {
	cases := []struct{ text, id, at string }{
		{"oder_id", "PC206", "x.yaml:27:16"},
		{"1 + oder_id", "PC206", "x.yaml:27:20"},
		{`"订单" + oder_id`, "PC206", "x.yaml:27:23"},
		{"upper(order_id, 1)", "PC208", "x.yaml:27:16"},
		{"order_id.x", "PC207", "x.yaml:27:25"},
		{"order_id + 5", "PC209", "x.yaml:27:25"},
		{`"订" +`, "PC205", "x.yaml:27:20"},
		{"1 +\n  oder_id", "PC206", "x.yaml:28"},
		{`day(instant(order_id, "X"), "UTC")`, "PC213", "x.yaml:27:38"},
		{"if oder_id { 1 } else { 2 }", "PC206", "x.yaml:27:19"},
	}
	s := NewScope(schema(t, orderSchema))
	for _, c := range cases {
		_, err := s.Compile(c.text, problem.Pos{File: "x.yaml", Line: 27, Col: 16})
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.ID != c.id || p.At.String() != c.at || p.Class != problem.Fatal {
			t.Errorf("%s: %v\nwant %s at %s", c.text, err, c.id, c.at)
		}
	}
}

func TestAllMistakesTogether(t *testing.T) {
	_, err := NewScope(schema(t, orderSchema)).Compile("oder_id + curency + uper(remark)", problem.Pos{Line: 1, Col: 1})
	list, ok := errors.AsType[problem.List](err)
	if !ok || len(list) != 3 {
		t.Fatalf("got %v", err)
	}
}

func TestBind(t *testing.T) {
	s := NewScope(schema(t, orderSchema))
	at := problem.Pos{File: "p.yaml", Line: 9, Col: 5}
	if _, err := s.Bind("bill_no", &value.Schema{Type: value.Text}, at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bind("单号", nil, at); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"order_id": "PC210", "bill_no": "PC210", "null": "PC210", "source": "PC210", "in": "PC210", "a-b": "PC211", "1a": "PC211", "": "PC211", "a b": "PC211"} {
		_, err := s.Child().Bind(name, nil, at)
		if p, ok := errors.AsType[*problem.Error](err); !ok || p.ID != id || p.At != at {
			t.Errorf("%q: %v, want %s", name, err, id)
		}
	}
	e, err := s.Compile("bill_no + 单号 + currency", at)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.Names(), []string{"bill_no", "单号"}) || !slices.Equal(e.Sources(), []string{"currency"}) {
		t.Errorf("names %v, sources %v", e.Names(), e.Sources())
	}
	f := &Frame{Source: record(t, orderRecord), Slots: []value.Value{value.OfText("a"), value.OfText("b")}, Budget: DefaultBudget}
	if v, err := e.Eval(f); err != nil || v.Text() != "abCNY" || s.Size() != 2 {
		t.Errorf("%s, %v", v.Display(), err)
	}
	inner := s.Child()
	if _, err := inner.Bind("line", nil, at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compile("line", at); err == nil {
		t.Error("a name of a block is known outside of it")
	}
	if _, err := inner.Compile("line", at); err != nil {
		t.Error(err)
	}
}

func TestSources(t *testing.T) {
	s := NewScope(schema(t, orderSchema))
	for text, want := range map[string]string{
		"order_id": "order_id", "address.city": "address.city", "source.address.city": "address.city", "address": "address", "source": "*", "sum(items, .qty * .price)": "items items.price items.qty",
		"items[0].sku": "items.sku", "address?.city ?? order_id": "address.city order_id", "13": "", `text(sid, "-", order_id)`: "order_id sid", `address["city"]`: "address.city", "run.time": "",
	} {
		e, err := s.Compile(text, problem.Pos{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := strings.Join(e.Sources(), " "); got != want {
			t.Errorf("%s looks at %q, not %q", text, got, want)
		}
	}
}

func TestDocument(t *testing.T) {
	s := NewScope(schema(t, orderSchema))
	if _, err := s.Bind("bill_no", &value.Schema{Type: value.Text}, problem.Pos{}); err != nil {
		t.Fatal(err)
	}
	s.Document(schema(t, `{"type":"object","properties":{"FBillNo":{"type":"string"},"FEntry":{"type":"array","items":{"type":"object","properties":{"FQty":{"type":"number"}}}}}}`))
	doc, src := record(t, `{"FBillNo":"B1","FEntry":[{"FQty":2.50},{"FQty":1}]}`), record(t, orderRecord)
	for text, want := range map[string]string{
		"FBillNo": `"B1"`, "sum(FEntry, .FQty)": "3.5", "bill_no": `"x"`, "source.currency": `"CNY"`, "currency": "PC206", "FBilNo": "did you mean FBillNo", "map(FEntry, .FQyt)": "did you mean FQty",
	} {
		e, err := s.Compile(text, problem.Pos{})
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		v, err := e.Eval(&Frame{Source: src, Doc: doc, Slots: []value.Value{value.OfText("x")}, Budget: DefaultBudget})
		if err != nil || v.JSON() != want {
			t.Errorf("%s is %s, %v, not %s", text, v.JSON(), err, want)
		}
	}
	if _, err := s.Compile("currency", problem.Pos{}); err == nil || !strings.Contains(err.Error(), "source.currency") {
		t.Errorf("a field of the record after a map: %v", err)
	}
}

// Of a document that nothing is known of, its own field counts before a bound name.
func TestUnknownDocument(t *testing.T) {
	s := NewScope(nil)
	if _, err := s.Bind("a", nil, problem.Pos{}); err != nil {
		t.Fatal(err)
	}
	s.Document(nil)
	e, err := s.Compile("a", problem.Pos{})
	if err != nil {
		t.Fatal(err)
	}
	f := &Frame{Doc: record(t, `{"a":1}`), Slots: []value.Value{value.OfInt(2)}, Budget: DefaultBudget}
	if v, err := e.Eval(f); err != nil || v.JSON() != "1" {
		t.Errorf("%s, %v", v.JSON(), err)
	}
	f.Doc = record(t, `{}`)
	if v, err := e.Eval(f); err != nil || v.JSON() != "2" {
		t.Errorf("%s, %v", v.JSON(), err)
	}
	if got := run(s, "b", value.Value{}); !strings.Contains(got, "PC220") {
		t.Errorf("a field that isn't there: %s", got)
	}
}

// A look-up for every item puts a copy of the list in the place of the record's, whose items carry
// the row.
func TestShadow(t *testing.T) {
	s := NewScope(schema(t, orderSchema))
	if _, err := s.Compile("map(items, .material.unit)", problem.Pos{}); err == nil {
		t.Error("a member is known before it is there")
	}
	items := itemsSchema(t)
	line := items.Items.With("material", *schema(t, `{"type":"object","properties":{"unit":{"type":"string"}}}`))
	slot := s.Shadow("items", &value.Schema{Type: value.List, Items: &line})
	e, err := s.Compile(`join(map(items, .sku + .material.unit), ",")`, problem.Pos{})
	if err != nil {
		t.Fatal(err)
	}
	f := &Frame{Source: record(t, orderRecord), Slots: make([]value.Value, s.Size()), Budget: DefaultBudget}
	var rows []value.Value
	for x := range f.Source.Get("items").Items() {
		rows = append(rows, value.ObjectWith(x, "material", record(t, `{"unit":"Pcs"}`)))
	}
	f.Slots[slot] = value.ListOf(rows)
	if v, err := e.Eval(f); err != nil || v.Text() != "A-1Pcs,B-2Pcs" {
		t.Errorf("%s, %v", v.Display(), err)
	}
	if e, err = s.Compile("source.items", problem.Pos{}); err != nil {
		t.Fatal(err)
	}
	if v, err := e.Eval(f); err != nil || strings.Contains(v.JSON(), "Pcs") {
		t.Errorf("the record itself has changed: %s, %v", v.Display(), err)
	}
	if _, err := s.Compile("map(items, .material.unti)", problem.Pos{}); err == nil || !strings.Contains(err.Error(), "did you mean unit") {
		t.Errorf("a mistyped column of the row: %v", err)
	}
	s.Retype("items", items)
	if _, err := s.Compile("map(items, .material.unit)", problem.Pos{}); err == nil {
		t.Error("a member is known after the schema lost it")
	}
}

// Without a schema, a name shows to be wrong when a record comes.
func TestUnknownSource(t *testing.T) {
	for text, want := range map[string]string{
		"a": "1", "b": "PC220", "b ?? 5": "5", "b?.c": "absent", "o.x": "2", "o.y": "PC220", "o.y ?? 5": "5", "o?.y": "absent", "n.x": "PC221", "n?.x": "null", "n?.x ?? 5": "5", "b.c.d ?? 5": "5", "b == null": "true", "b == absent": "true", "filled(b)": "absent",
		"a + b": "PC220", "a.x": "PC222", `a == "1"`: "PC223", "a + s": "PC222", "s > 1": "PC223", "n + 1": "PC221", "l[0].x": "3", "map(l, .y)": "PC220", "map(l, .y ?? 0)": "[0]", "l.x": "PC222", "upper(n)": "PC221", "source.b": "PC220", `columns(source, ["b"])`: "PC220",
	} {
		got := run(NewScope(nil), text, record(t, `{"a":1,"o":{"x":2},"n":null,"s":"t","l":[{"x":3}]}`))
		if got != want && (!strings.HasPrefix(want, "PC") || !strings.Contains(got, want)) {
			t.Errorf("%s is %s, not %s", text, got, want)
		}
	}
}

// What differs from the schema is the record's problem: to go on would be a guess.
func TestDrift(t *testing.T) {
	s := NewScope(schema(t, orderSchema))
	for _, c := range []struct{ rec, text, want string }{
		{`{"sid":"113"}`, "sid", "PC228"},
		{`{"order_id":113}`, "order_id", "PC228"},
		{`{"amount":"12,5"}`, "amount", "PC228"},
		{`{"amount":" "}`, "amount", "null"},
		{`{"amount":null}`, "amount", "null"},
		{`{"amount":12.50}`, "amount", "12.50"},
		{`{"created":""}`, "created", "null"},
		{`{"created":"0000-00-00 00:00:00"}`, "created", "null"},
		{`{"created":0}`, "created", "null"},
		{`{"created":"0"}`, "created", "null"},
		{`{"created":"soon"}`, "created", "PC228"},
		{`{"created":1772407800}`, "created", `"2026-03-02T07:30:00+08:00"`},
		{`{"created":"2026-03-01T00:00:00Z"}`, "created", `"2026-03-01T00:00:00Z"`},
		{`{"status":"Lost"}`, "status", "PC229"},
		{`{"status":""}`, "status", `""`},
		{`{"status":null}`, "status", "null"},
		{`{"prices":["1","x"]}`, "prices", "PC228"},
		{`{"items":[{"qty":"3"}]}`, "items[0].qty", "PC228"},
		{`{"items":{}}`, "items", "PC228"},
		{`{"address":[]}`, "address.city", "PC228"},
	} {
		got := run(s, c.text, record(t, c.rec))
		if got != c.want && (!strings.HasPrefix(c.want, "PC") || !strings.Contains(got, c.want)) {
			t.Errorf("%s of %s is %s, not %s", c.text, c.rec, got, c.want)
		}
	}
}

func TestWant(t *testing.T) {
	s := NewScope(nil)
	e, err := s.Compile("a", problem.Pos{File: "p.yaml", Line: 3, Col: 4}, value.Bool)
	if err != nil {
		t.Fatal(err)
	}
	for rec, want := range map[string]string{`{"a":true}`: "", `{"a":1}`: "PC212", `{"a":null}`: "PC212"} {
		_, err := e.Eval(&Frame{Source: record(t, rec), Budget: DefaultBudget})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", rec, err)
		}
	}
	if _, err := s.Compile("1 + 1", problem.Pos{}, value.Bool); err == nil || !strings.Contains(err.Error(), "PC209") {
		t.Errorf("a number as a condition: %v", err)
	}
	if _, err := s.Compile(strings.Repeat("1+", 40000)+"1", problem.Pos{}); err == nil || !strings.Contains(err.Error(), "PC214") {
		t.Errorf("a very long expression: %v", err)
	}
}

// Every code that this package gives has a page.
func TestPages(t *testing.T) {
	for _, id := range []string{"PC205", "PC206", "PC207", "PC208", "PC209", "PC210", "PC211", "PC212", "PC213", "PC214", "PC220", "PC221", "PC222", "PC223", "PC224", "PC225", "PC226", "PC227", "PC228", "PC229", "PC230", "PC231"} {
		if page, ok := problem.Page(id); !ok || !strings.HasPrefix(page, "# "+id+" ") {
			t.Errorf("%s has no page", id)
		}
	}
}

// FuzzExpression: whatever somebody writes, and whatever a record holds, ends with an answer or a
// problem that has a code.
func FuzzExpression(f *testing.F) {
	for _, forms := range inner {
		for _, form := range forms {
			f.Add(strings.NewReplacer("{{int}}", "a", "{{float}}", "1.5", "{{text}}", "s", "{{bool}}", "true", "{{ints}}", "l", "{{texts}}", "l", "{{rows}}", "l").Replace(form), `{"a":1,"s":"x","l":[1,2]}`)
		}
	}
	for _, fn := range Functions() {
		f.Add(fn.Example, `{"a":null}`)
	}
	f.Fuzz(func(t *testing.T, text, source string) {
		rec, err := value.ParseText(source)
		if err != nil || len(text) > 2000 {
			return
		}
		for _, s := range []*Scope{NewScope(nil), NewScope(schema(t, orderSchema))} {
			e, err := s.Compile(text, problem.Pos{Line: 1, Col: 1})
			if err == nil {
				var v value.Value
				if v, err = e.Eval(&Frame{Source: rec.Value(), Budget: 50_000}); err == nil {
					if _, bad := value.ParseValue(v.JSON()); bad != nil && v.Depth() < value.MaxDepth-1 {
						t.Fatalf("%s over %s answers %s: %v", text, source, v.Display(), bad)
					}
					value.HashOf(v)
				}
			}
			if p, ok := errors.AsType[*problem.Error](err); err != nil && (!ok || p.ID == "" || p.Class == problem.Unclassified) {
				t.Fatalf("%s: an error without a code: %v", text, err)
			}
		}
	})
}

func itemsSchema(t testing.TB) *value.Schema {
	t.Helper()
	s, ok := schema(t, orderSchema).Member("items")
	if !ok {
		t.Fatal("the order has no items")
	}
	return s
}
