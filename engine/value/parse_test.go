package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/problem"
)

func TestParseRefuses(t *testing.T) {
	cases := []struct{ text, field, word string }{
		{``, "", "ends too early"},
		{`{`, "", "key in quotes"},
		{`[]`, "", "a list, not an object"},
		{`1`, "", "a number, not an object"},
		{`{} x`, "", "follows after the end"},
		{`{"a":1,"a":2}`, "", `"a" comes twice`},
		{`{"a":1,"\u0061":2}`, "", `"a" comes twice`},
		{`{"b":{"c":[1,{"d":1,"d":2}]}}`, "b.c[1]", `"d" comes twice`},
		{`{"a":{"b":tru}}`, "a.b", "can't begin"},
		{`{"a":[1,2,]}`, "a[2]", "can't begin"},
		{`{"a":1,}`, "", "key in quotes"},
		{`{"a" 1}`, "", "colon"},
		{`{"a":1 "b":2}`, "", "comma or }"},
		{`{"a":[1 2]}`, "a", "comma or ]"},
		{"{\"a\":\"\x01\"}", "a", "control character"},
		{"{\"a\":\"\xff\"}", "a", "UTF-8"},
		{"{\"\xff\":1}", "", "UTF-8"},
		{`{"a":"\x"}`, "a", "escape"},
		{`{"a":"\u12"}`, "a", "hexadecimal"},
		{`{"a":"\u0000"}`, "a", "NUL"},
		{`{"a":"\ud800"}`, "a", "surrogate"},
		{`{"a":"\udc00\ud800"}`, "a", "surrogate"},
		{`{"a":"\ud800A"}`, "a", "surrogate"},
		{`{"a":"x`, "a", "inside quotes"},
		{`{"a":"\`, "a", "inside an escape"},
		{`{"a":01}`, "a", "needless zero"},
		{`{"a":-}`, "a", "no digits"},
		{`{"a":1.}`, "a", "behind its point"},
		{`{"a":1e}`, "a", "exponent"},
		{`{"a":1e9999999999}`, "a", "beyond any use"},
		{`{"a":+1}`, "a", "can't begin"},
		{`{"a":.5}`, "a", "can't begin"},
		{`{"a":NaN}`, "a", "can't begin"},
		{`{"a":` + strings.Repeat("[", 1001) + strings.Repeat("]", 1001) + `}`, "a" + strings.Repeat("[0]", 7) + "…[0][0][0][0]", "deeper than 1000"},
		{"\ufeff{}", "", "can't begin"},
	}
	for _, c := range cases {
		_, err := ParseText(c.text)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.ID != "PC200" || p.Class != problem.Invalid || p.Field != c.field || !strings.Contains(p.Reason, c.word) {
			t.Errorf("%.80q gives field %.40q: %v\nwant field %.40q, %q", c.text, p.Field, err, c.field, c.word)
		}
	}
}

func TestParseManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	if _, err := ParseText("{" + b.String() + `"z":1}`); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseText("{" + b.String() + `"k7":1}`); err == nil {
		t.Fatal("a key that comes twice among many was not seen")
	}
}

func TestRecord(t *testing.T) {
	r, err := ParseText(` {"a":{"b":[1,2.50,{"c":"x\n\u8ba2\ud83d\ude00"}],"a":7},"n":null,"t":true,"e":{},"l":[]} `)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"a.b[2].c": `"x\n\u8ba2\ud83d\ude00"`, "a.a": "7", "a.b[1]": "2.50", "a.b": `[1,2.50,{"c":"x\n\u8ba2\ud83d\ude00"}]`, "n": "null", "t": "true", "e": "{}", "l": "[]", `["a"].a`: "7",
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time, the way is remembered
			if got := p.Get(r.Value()).JSON(); got != want {
				t.Errorf("%s is %s, not %s", path, got, want)
			}
		}
	}
	if got := r.Get("a").Get("b").At(2).Get("c").Text(); got != "x\n订😀" {
		t.Errorf("text is %q", got)
	}
	for _, path := range []string{"a.x", "x", "a.b[3]", "t.x", "n.x", "b"} {
		p, _ := ParsePath(path)
		if v := p.Get(r.Value()); v.Kind() != Absent {
			t.Errorf("%s is %s", path, v.Display())
		}
	}
	for _, path := range []string{"", ".", "a.", "a..b", "a[x]", "a[1", `a["b`, "a[-1]", "[0]x"} {
		if _, err := ParsePath(path); err == nil {
			t.Errorf("path %q was read", path)
		}
	}
}

// A remembered place must not lead into another object that has a member of the same name.
func TestPathRemembersTheObject(t *testing.T) {
	p, _ := ParsePath("name")
	first, _ := ParseText(`{"x":{"y":1},"name":"first"}`)
	second, _ := ParseText(`{"x":{"name":"inner"},"other":2,"name":"second"}`)
	third, _ := ParseText(`{"x":{"name":"inner","z":{"name":"deep"}}}`)
	for range 3 {
		for want, r := range map[string]Record{"first": first, "second": second, "": third} {
			if got := p.Get(r.Value()).Text(); got != want {
				t.Fatalf("name is %q, not %q", got, want)
			}
		}
	}
}

func TestKnownIsIndexedOnUse(t *testing.T) {
	r := Known(`{"a":1}`)
	if r.JSON() != `{"a":1}` || r.Get("a").JSON() != "1" {
		t.Error("a known record doesn't read")
	}
	if bad := Known(`{"a"`); bad.Get("a").Kind() != Absent || bad.Value().Len() != 0 {
		t.Error("a wrong text shows members")
	}
}

// refused lists what encoding/json takes and we don't: whoever adds to it changes the contract.
var refused = []string{"comes twice", "NUL", "surrogate", "UTF-8", "beyond any use", "deeper than", "larger than"}

func FuzzParse(f *testing.F) {
	for _, s := range []string{order, `{"a":[1,2,{"b":"\u00e9"}]}`, `{"a":"\ud83d\ude00"}`, `{"a":1e5,"b":-0.0,"c":null}`, `{"":""}`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `[1]`, `{"a":"\u0000"}`, `{"a":01}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := ParseValue(string(raw))
		if err != nil {
			why := err.Error()
			for _, r := range refused {
				if strings.Contains(why, r) {
					return
				}
			}
			if json.Valid(raw) {
				t.Fatalf("encoding/json takes %q; we say %v", raw, err)
			}
			return
		}
		if !json.Valid(raw) || !utf8.Valid(raw) {
			t.Fatalf("we take %q; encoding/json doesn't", raw)
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&want); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !sameAsAny(v, want) {
			t.Fatalf("%q reads as %s", raw, v.JSON())
		}
		again, err := ParseValue(rebuilt(v).JSON())
		if err != nil || HashOf(again) != HashOf(v) {
			t.Fatalf("%q doesn't survive being built again: %v", raw, err)
		}
	})
}

func sameAsAny(v Value, want any) bool {
	switch w := want.(type) {
	case nil:
		return v.Kind() == Null
	case bool:
		return v.Kind() == Bool && v.Bool() == w
	case json.Number:
		return v.Kind() == Number && v.JSON() == w.String()
	case string:
		return v.Kind() == Text && v.Text() == w
	case []any:
		ok := v.Kind() == List && v.Len() == len(w)
		for i, x := range w {
			ok = ok && sameAsAny(v.At(i), x)
		}
		return ok
	case map[string]any:
		ok := v.Kind() == Object && v.Len() == len(w)
		for n, x := range w {
			ok = ok && sameAsAny(v.Get(n), x)
		}
		return ok
	}
	return false
}

// rebuilt is the same value, put together from its parts.
func rebuilt(v Value) Value {
	switch v.Kind() {
	case Text:
		return OfText(v.Text())
	case List:
		var items []Value
		for x := range v.Items() {
			items = append(items, rebuilt(x))
		}
		return ListOf(items)
	case Object:
		var names []string
		var values []Value
		for n, x := range v.Members() {
			names, values = append(names, n), append(values, rebuilt(x))
		}
		return ObjectOf(names, values)
	default:
		return v
	}
}
