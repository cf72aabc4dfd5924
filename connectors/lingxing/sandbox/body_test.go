package sandbox

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseBody(t *testing.T) {
	cases := []struct {
		body string
		want string // canonical text; "!" when it is refused
	}{
		{`{"b":1,"a":"x"}`, "a=x&b=1"},
		{`{"B":1,"a":2,"A":3}`, "A=3&B=1&a=2"},
		{"  {\n\"a\" : [ 1 , \"\\u624b\" , {\"z\":1,\"y\":null} ] }\t", `a=[1,"手",{"z":1,"y":null}]`},
		{`{"a":"/<>&\"\\\u0007\n","b":["/<>&\"\\\u0007\n"]}`, "a=/<>&\"\\\a\n&b=[\"/<>&\\\"\\\\\\u0007\\n\"]"},
		{`{"a":1,"a":2}`, "a=2"},
		{`{"sign":"x","a":12345678901234567890}`, "a=12345678901234567890"},
		{`{"a":1.50,"b":1e3}`, "a=1.50&b=1e3"},
		{`{}`, ""},
		{``, ""},
		{`[]`, ""},
		{`[{"a":1}]`, ""},
		{`{"a":`, "!"},
		{`{"a":1} {}`, "!"},
		{`{"a":1}x`, "!"},
		{`"a"`, "!"},
		{`12`, "!"},
		{`[1`, "!"},
		{`{a:1}`, "!"},
	}
	for _, c := range cases {
		params, err := parseBody([]byte(c.body))
		got := vendorReading.canonical(params)
		if err != nil {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%s\n got  %q\n want %q", c.body, got, c.want)
		}
	}
}

// Whatever a JSON object holds, its values written again mean the same.
func FuzzParseBody(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\u0000\ud83d\ude00"}],"c":null}`, `{"":{"":[]}}`, `{"a":1,"a":-0.10e+7}`, `[]`, `{"a":"\\\"\u2028"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		params, err := parseBody([]byte(body))
		var want map[string]any
		if json.Unmarshal([]byte(body), &want) != nil {
			return // arrays, texts and what is no JSON
		}
		if want == nil {
			return // null
		}
		if err != nil {
			t.Fatalf("an object is refused: %v", err)
		}
		if len(params) != len(want) {
			t.Fatalf("%d parameters of %d", len(params), len(want))
		}
		for _, p := range params {
			var got any = p.text
			if p.kind != 's' {
				if err := json.Unmarshal([]byte(p.text), &got); err != nil {
					t.Fatalf("%s became %s: %v", p.name, p.text, err)
				}
			}
			if !reflect.DeepEqual(got, want[p.name]) {
				t.Fatalf("%q: %#v, want %#v", p.name, got, want[p.name])
			}
		}
	})
}

// A sign is 64 characters whose last 21 depend on the app alone.
func FuzzSeal(f *testing.F) {
	f.Add("a=1&b=2")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := seal(text, "ak_pipectl00demo")
		if err != nil || len(got) != 64 || !strings.HasSuffix(got, "IC1kQG+Z+sH7b/W2JmTf1") {
			t.Fatalf("%q %v", got, err)
		}
	})
}

func FuzzCents(f *testing.F) {
	f.Add("54.98")
	f.Add("-0.07")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseCents(s)
		if !ok {
			return
		}
		if back, ok := parseCents(c.String()); !ok || back != c {
			t.Fatalf("%q is %s, and that is %d, %v", s, c, back, ok)
		}
	})
}

func TestAmountsAsNumbers(t *testing.T) {
	for in, want := range map[numeric]string{0: "0", 2499: "24.99", -500: "-5.0", -750: "-7.5", 7: "0.07", -7: "-0.07"} {
		if got, _ := json.Marshal(in); string(got) != want {
			t.Errorf("%d: %s, want %s", in, got, want)
		}
	}
}
