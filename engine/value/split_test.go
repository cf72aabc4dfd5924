package value

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestItems(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want []string // nil: not whole
	}{
		{`[]`, []string{}},
		{" [ ] \n", []string{}},
		{`[1]`, []string{"1"}},
		{`[ 1 , "a" ,{"b":[2,3]}, null ]`, []string{"1", `"a"`, `{"b":[2,3]}`, "null"}},
		{`["a\"]",2]`, []string{`"a\"]"`, "2"}},
		{`["\\"]`, []string{`"\\"`}},
		{`[{"a":"},{"},{"b":"]"}]`, []string{`{"a":"},{"}`, `{"b":"]"}`}},
		// broken inside: the neighbours stand
		{"[{\"a\":\"\x00\n\"},{\"b\":1}]", []string{"{\"a\":\"\x00\n\"}", `{"b":1}`}},
		{"[{\"a\":\"\xff\"},2]", []string{"{\"a\":\"\xff\"}", "2"}},
		{`[{"a":01,"a":tru},"\x",+1]`, []string{`{"a":01,"a":tru}`, `"\x"`, "+1"}},
		{`[` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `,1]`, []string{strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "1"}},
		// nobody knows where a row ends
		{``, nil},
		{`{}`, nil},
		{`[`, nil},
		{`[1`, nil},
		{`[1,`, nil},
		{`[1,]`, nil},
		{`[,1]`, nil},
		{`[1 2]`, nil},
		{`[1]x`, nil},
		{`[1]]`, nil},
		{`[{]}]`, nil},
		{`[{"a":[}]`, nil},
		{`["a]`, nil},
		{`["a\"]`, nil},
		{`[{"a":"5" pipe"},{"b":"x"}]`, nil},
		{`[{"a":"5"" "}]`, nil},
		{`[{"a":x"y"}]`, nil},
		{`["a""b"]`, nil},
		{`["a"{}]`, nil},
		{`[{"a":"b"{}}]`, nil},
		{strings.Repeat("[", deepest+2), nil},
	} {
		got, ok := Items(c.raw)
		if ok != (c.want != nil) || ok && strings.Join(got, "¦") != strings.Join(c.want, "¦") {
			t.Errorf("%.60q: %.60q, %v", c.raw, got, ok)
		}
		if b, bytesOK := Items([]byte(c.raw)); bytesOK != ok || len(b) != len(got) {
			t.Errorf("%.60q is another thing as bytes", c.raw)
		}
	}
}

func TestSalvage(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"{\"sid\":113,\"note\":\"a\x00b\",\"id\":\"1\"}", `{"sid":113,"id":"1"}`},
		{`{"id":"1","qty":1,"qty":2}`, `{"id":"1"}`},
		{`{"id":"1","id":"1"}`, `{}`},
		{`{"id":"1","\u0069d":"2","n":1}`, `{"n":1}`},
		{`{"id":"1","deep":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, `{"id":"1"}`},
		{"{\"id\":\"1\",\"\xff\":2,\"\xfe\":3}", `{"id":"1"}`},
		{`{"id":1e9999999999,"n":-0}`, `{"n":-0}`},
		{`{"unreadable":1,"n":2}`, `{"n":2}`},
		{`{"id":"1"`, `{}`},
		{`[1]`, `{}`},
		{`null`, `{}`},
		{``, `{}`},
		{"\x00\xff", `{}`},
	} {
		got := Salvage(c.raw)
		if !json.Valid([]byte(got.JSON())) {
			t.Errorf("%.60q becomes %.200q", c.raw, got.JSON())
		}
		rest, found := strings.CutSuffix(got.JSON()[:strings.Index(got.JSON(), `"unreadable":`)], ",")
		if !found && rest != "{" || rest+"}" != c.want {
			t.Errorf("%.60q: %.200s, want %s", c.raw, rest+"}", c.want)
		}
	}
	long := strings.Repeat("订单", 10000)
	a, b := Salvage(long), Salvage(long+"x")
	if len(a.JSON()) > evidence+200 || a.Hash() == b.Hash() {
		t.Errorf("%d bytes of evidence; two texts alike: %v", len(a.JSON()), a.Hash() == b.Hash())
	}
}

// FuzzItems: what encoding/json takes is taken apart as it does; whatever is taken apart can be put
// together again, and no row reaches into the next.
func FuzzItems(f *testing.F) {
	for _, s := range []string{`[1,"a",{"b":[2]}]`, `{"a":{"b":"\"]"},"c":1}`, "[\"\x00\",{\"a\":01}]", `[{"a":"5" pipe"}]`, ` [ ] `, `[[[]],{}]`, `{"a":1,"a":2}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		items, ok := Items(raw)
		var list []json.RawMessage
		if json.Valid([]byte(raw)) && json.Unmarshal([]byte(raw), &list) == nil && raw != "null" && strings.TrimSpace(raw) != "null" {
			if !ok || len(items) != len(list) {
				t.Fatalf("%q: %d items, %v; encoding/json finds %d", raw, len(items), ok, len(list))
			}
			for i := range list {
				if string(list[i]) != items[i] {
					t.Fatalf("%q: item %d is %q, not %q", raw, i, items[i], list[i])
				}
			}
		}
		if ok {
			again, ok := Items("[" + strings.Join(items, ",") + "]")
			if !ok || strings.Join(again, "¦") != strings.Join(items, "¦") {
				t.Fatalf("%q: %q, and then %q", raw, items, again)
			}
		}
		if members, ok := Members(raw); ok && json.Valid([]byte(raw)) {
			var all map[string]json.RawMessage
			if err := json.Unmarshal([]byte(raw), &all); err != nil || len(all) > len(members) {
				t.Fatalf("%q: %d members, encoding/json finds %d (%v)", raw, len(members), len(all), err)
			}
		}
		s := Salvage(raw)
		if _, err := Parse([]byte(s.JSON())); err != nil {
			t.Fatalf("%q is salvaged as %q: %v", raw, s.JSON(), err)
		}
		if r, err := ParseText(raw); err == nil && s.Value().Len() < r.Value().Len() {
			t.Fatalf("%q is sound and salvaged as %s", raw, s.JSON())
		}
	})
}
