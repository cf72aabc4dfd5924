package value

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t testing.TB, s string) Value {
	t.Helper()
	v, err := ParseValue(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEqualAndHash(t *testing.T) {
	cases := []struct {
		a, b  string
		same  bool
		mixed bool
	}{
		{"1", "1.0", true, false},
		{"1", `"1"`, false, true},
		{"null", "null", true, false},
		{"null", "0", false, false},
		{"true", "1", false, true},
		{`"é"`, `"\u00e9"`, true, false},
		{`"a/b"`, `"a\/b"`, true, false},
		{`{"a":1,"b":[2.0]}`, `{"b":[2],"a":1e0}`, true, false},
		{`{"a":1}`, `{"a":"1"}`, false, false},
		{`{"a":1}`, `{"a":1,"b":null}`, false, false},
		{"[1,2]", "[2,1]", false, false},
		{"[]", "{}", false, true},
		{`{"\u0061":1,"b":2}`, `{"b":2,"a":1}`, true, false},
	}
	for _, c := range cases {
		a, b := read(t, c.a), read(t, c.b)
		for _, x := range []Value{a, rebuilt(a)} {
			for _, y := range []Value{b, rebuilt(b)} {
				same, err := Equal(x, y)
				if same != c.same || (err != nil) != c.mixed {
					t.Errorf("%s == %s is %v, %v", c.a, c.b, same, err)
				}
				if (HashOf(x) == HashOf(y)) != c.same {
					t.Errorf("fingerprints of %s and %s: the same is %v", c.a, c.b, !c.same)
				}
			}
		}
	}
	if HashOf(OfText("ab"), OfText("c")) == HashOf(OfText("a"), OfText("bc")) || HashOf(Missing()) == HashOf(NullValue()) {
		t.Error("two contents share a fingerprint")
	}
	many := "{"
	for i := range 40 {
		many += `"` + strings.Repeat("k", i+1) + `":` + "1,"
	}
	if same, err := Equal(read(t, many+`"z":1}`), read(t, `{"z":1,`+many[1:len(many)-1]+"}")); !same || err != nil {
		t.Error("large objects in another order differ")
	}
}

func TestKeys(t *testing.T) {
	for in, want := range map[string]string{"113": "113", "113.0": "113", `"113"`: "113", "1.5e2": "150", `" A "`: "A", "true": "true", "1234567890123456789": "1234567890123456789", "1e999999999": "1e999999999"} {
		if got, ok := KeyText(read(t, in)); !ok || got != want {
			t.Errorf("%s is %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{"null", `""`, `"  "`, "[1]", "{}"} {
		if got, ok := KeyText(read(t, in)); ok {
			t.Errorf("%s is the key %q", in, got)
		}
	}
	if _, ok := KeyText(Missing()); ok {
		t.Error("absent is a key")
	}
	for _, parts := range [][]string{{"a"}, {"a", "b"}, {"a/b", `c\`}, {"", ""}, {`\/`, "/"}} {
		if got := SplitKey(JoinKey(parts...)); !slices.Equal(got, parts) {
			t.Errorf("%q comes back as %q", parts, got)
		}
	}
	if JoinKey("S01", "7734") != "S01/7734" {
		t.Error("plain parts need no escapes")
	}
}

func TestWith(t *testing.T) {
	r, err := ParseText(`{"a":{"b":[{"c":1.0},2]},"d":"x"}`)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"d": `{"a":{"b":[{"c":1.0},2]},"d":5}`, "a.b[0].c": `{"a":{"b":[{"c":5},2]},"d":"x"}`, "a.b[1]": `{"a":{"b":[{"c":1.0},5]},"d":"x"}`, "n.m": `{"a":{"b":[{"c":1.0},2]},"d":"x","n":{"m":5}}`,
	} {
		got, err := r.With(path, OfInt(5))
		if err != nil || got.JSON() != want {
			t.Errorf("%s gives %s, %v", path, got.JSON(), err)
		}
	}
	if got, err := r.With("d", Missing()); err != nil || got.JSON() != `{"a":{"b":[{"c":1.0},2]}}` {
		t.Errorf("taking d away gives %s, %v", got.JSON(), err)
	}
	for _, path := range []string{"d.e", "a.b[2]", "a[0]", "a.b.c", ".."} {
		if got, err := r.With(path, OfInt(5)); err == nil {
			t.Errorf("%s gives %s", path, got.JSON())
		}
	}
}

func TestDotted(t *testing.T) {
	for in, want := range map[string]string{
		`{"FBillNo":"1","FCustId.FNumber":"C","FDate":"d","FCustId.FName":"n"}`: `{"FBillNo":"1","FCustId":{"FNumber":"C","FName":"n"},"FDate":"d"}`,
		`{"a.b.c":1.0,"a.b.d":null}`: `{"a":{"b":{"c":1.0,"d":null}}}`, `{}`: `{}`,
	} {
		r, err := ParseText(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Dotted(r); err != nil || got.JSON() != want {
			t.Errorf("%s gives %s, %v", in, got.JSON(), err)
		}
	}
	for _, in := range []string{`{"a":1,"a.b":2}`, `{"a.b":2,"a":1}`, `{"a.b.c":2,"a.b":1}`} {
		r, err := ParseText(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Dotted(r); err == nil {
			t.Errorf("%s gives %s", in, got.JSON())
		}
	}
}

func TestObjects(t *testing.T) {
	base := read(t, `{"sku":"A","qty":1}`)
	o := ObjectWith(ObjectWith(base, "unit", OfText("Pcs")), "qty", OfInt(2))
	if got := o.JSON(); got != `{"sku":"A","qty":2,"unit":"Pcs"}` || o.Len() != 3 || o.Get("sku").Text() != "A" {
		t.Errorf("laid over: %s, %d members", got, o.Len())
	}
	if again := read(t, o.JSON()); HashOf(again) != HashOf(o) {
		t.Error("an object laid over another has a fingerprint of its own")
	}
	if got := ObjectWith(NullValue(), "a", OfInt(1)).JSON(); got != `{"a":1}` {
		t.Errorf("over null: %s", got)
	}
	if got := ObjectOf([]string{"a", "b", "c"}, []Value{Missing(), OfInt(1), Missing()}).JSON(); got != `{"b":1}` {
		t.Errorf("absent members: %s", got)
	}
	if got := RecordOf(o).Get("qty").JSON(); got != "2" {
		t.Errorf("as a record: %s", got)
	}
	l := ListOf([]Value{o, ListOf([]Value{OfInt(1)})})
	if l.Depth() != 2 || l.Len() != 2 || l.At(2).Kind() != Absent || l.At(-1).Kind() != Absent {
		t.Errorf("list %s", l.JSON())
	}
}

func TestInstants(t *testing.T) {
	zone := time.FixedZone("+08:00", 8*3600)
	v := OfTime(time.Date(2026, 3, 1, 23, 30, 0, 5e6, zone))
	if got := v.JSON(); got != `"2026-03-01T23:30:00.005+08:00"` {
		t.Error(got)
	}
	if same, err := Equal(v, OfTime(v.Time().UTC())); !same || err != nil || HashOf(v) != HashOf(OfTime(v.Time().UTC())) {
		t.Error("one instant in two zones differs")
	}
	if c, err := Compare(v, OfTime(v.Time().Add(time.Nanosecond))); c != -1 || err != nil {
		t.Error(c, err)
	}
	if got, ok := KeyText(v); !ok || got != "2026-03-01T23:30:00.005+08:00" {
		t.Error(got)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"a\"b\\c": `"a\"b\\c"`, "\n\r\t\x01": `"\n\r\t\u0001"`, "订😀": `"订😀"`, "a\xffb": "\"a\ufffdb\""} {
		if got := OfText(in).JSON(); got != want {
			t.Errorf("%q is written %s", in, got)
		}
		if got := OfLiteral(in).JSON(); got != want {
			t.Errorf("literal %q is written %s", in, got)
		}
	}
	raw := read(t, `["a\"\u0041","b","订"]`).List()
	if got := Concat(raw...); got.Text() != `a"Ab订` || got.JSON() != `"a\"\u0041b订"` {
		t.Errorf("joined: %s", got.JSON())
	}
	if got := Concat(raw[0], OfText("\"\n")); got.Text() != "a\"A\"\n" || got.JSON() != `"a\"A\"\n"` {
		t.Errorf("joined with what needs escapes: %s", got.JSON())
	}
	if got := Concat(raw[1], OfLiteral("-")).JSON(); got != `"b-"` {
		t.Errorf("joined with a literal: %s", got)
	}
	if got := OfText(strings.Repeat("订", 300)).Display(); len([]rune(got)) != 61 {
		t.Errorf("shown as %s", got)
	}
}

func TestReadSchema(t *testing.T) {
	s, err := ReadSchema([]byte(`{"type":"object","required":["id"],"additionalProperties":false,"properties":{
		"id":{"type":"integer","x-key":true,"title":"编号"}, "money":{"type":["string","number"],"format":"decimal","x-personal":true},
		"at":{"type":"string","format":"instant","x-zone":"UTC"}, "on":{"type":"string","format":"date","readOnly":true}, "any":{"type":["string","number"]},
		"state":{"enum":[1000000,"a",null,""]}, "lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Names, []string{"id", "money", "at", "on", "any", "state", "lines"}) || s.Open || s.Type != Object {
		t.Errorf("object %v", s.Names)
	}
	for path, ok := range map[string]func(*Schema) bool{
		"id": func(s *Schema) bool { return s.Integer && s.Type == Number && s.Key && s.Title == "编号" }, "money": func(s *Schema) bool { return s.Decimal && s.Type == Number && s.Personal },
		"at": func(s *Schema) bool { return s.Type == Instant && s.Zone == "UTC" }, "on": func(s *Schema) bool { return s.Date && s.Type == Text && s.ReadOnly },
		"any": func(s *Schema) bool { return s.Type == Absent }, "state": func(s *Schema) bool { return slices.Equal(s.Enum, []string{"1000000", "a"}) }, "lines.sku": func(s *Schema) bool { return s.Type == Text },
	} {
		if m, found := s.At(path); !found || !ok(m) {
			t.Errorf("%s is %+v", path, m)
		}
	}
	if _, found := s.At("lines.qty"); found {
		t.Error("lines.qty is found")
	}
	if got := s.Paths(); !slices.Equal(got, []string{"id", "money", "at", "on", "any", "state", "lines.sku"}) {
		t.Errorf("paths %v", got)
	}
	if w := s.With("unit", Schema{Type: Text}); !slices.Contains(w.Names, "unit") || slices.Contains(s.Names, "unit") {
		t.Error("With changes what it was given")
	}
	for _, bad := range []string{`{"type":"objekt"}`, `{"type":5}`, `{"properties":{"a":{"format":"money"}}}`, `{"type":"object","type":"array"}`, `[]`, `{"required":"a"}`} {
		if _, err := ReadSchema([]byte(bad)); err == nil {
			t.Errorf("schema %s is read", bad)
		}
	}
}

func TestWithPath(t *testing.T) {
	s, err := ReadSchema([]byte(`{"type":"object","additionalProperties":false,"properties":{"FQty":{"type":"number"},"FEntry":{"type":"array","items":{"type":"object","additionalProperties":false,"properties":{"FUnit":{"type":"string"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	more := s.WithPath("FEntry.FSalUnit", Schema{Open: true}).WithPath("FFin.FCurr", Schema{Open: true}).WithPath("FQty", Schema{Open: true})
	for path, want := range map[string]bool{"FEntry.FSalUnit": true, "FEntry.FUnit": true, "FFin.FCurr": true, "FQty": true, "FEntry.FOther": false, "FOther": false} {
		if _, ok := more.At(path); ok != want {
			t.Errorf("%s is known: %v", path, ok)
		}
	}
	if _, ok := s.At("FEntry.FSalUnit"); ok || len(s.Names) != 2 || s.Properties["FQty"].Type != Number {
		t.Errorf("the schema that was asked has changed: %v", s.Names)
	}
}
