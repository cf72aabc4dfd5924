package spec

import (
	"strings"
	"testing"
)

// TestScan holds what YAML would swallow: the code, the place, and the fix that is spelled out.
func TestScan(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"text behind a double quote", `C: "EC-" + x`, `f:1:10: error PC108|'"EC-" + x'`},
		{"text behind a single quote", `C: 'EC-' + x # why`, `f:1:10: error PC108|'''EC-'' + x'`},
		{"behind Chinese text", `订单: "单号" + x`, `f:1:10: error PC108|'"单号" + x'`},
		{"ternary", `x: a == 1 ? b : c`, `f:1:15: error PC109|if a == 1 { b } else { c }`},
		{"ternary on the next line", "x: a == 1\n  ? b : c", `f:2:7: error PC109|if a == 1 { b } else { c }`},
		{"ternary in a list", "key:\n  - a ? b : c", `f:2:5: error PC109|if a { b } else { c }`},
		{"ternary in brackets", `let: {x: a ? b : c}`, `f:1:16: error PC109|if a { b } else { c }`},
		{"colon", `message: 错误: no lines`, `f:1:12: error PC110|'错误: no lines'`},
		{"colon in brackets", `let: {x: a: b}`, `f:1:11: error PC110|'a: b'`},
		{"comment in an open bracket", `x: all(items, # > 0)`, `f:1:15: error PC111|'all(items, # > 0)'`},
		{"comment after an operator", `x: a + # b`, `f:1:8: error PC111|'a + # b'`},
		{"comment in brackets", "let: {x: sum(a | # .b\n}", `f:1:18: error PC111|'sum(a | # .b'`},
		{"tag", `where: !paid`, `f:1:8: error PC112|'!paid'`},
		{"anchor", `where: &a b`, `f:1:8: error PC112|'&a b'`},
		{"alias", `where: *a`, `f:1:8: error PC112|'*a'`},
		{"percent", `where: %a`, `f:1:8: error PC112|'%a'`},
		{"at", `- where: @a`, `f:1:10: error PC112|'@a'`},
		{"backtick", "x: `a b`", "f:1:4: error PC112|'`a b`'"},
		{"tag in brackets", `{when: !paid, const: x}`, `f:1:8: error PC112|'!paid'`},
		{"text behind a list", `x: [1, 2][0]`, `f:1:10: error PC113|'[1, 2][0]'`},
		{"text behind an object", `x: {"a": b}.a`, `f:1:12: error PC113|'{"a": b}.a'`},
		{"comma of a call in brackets", `match: {a: text(b, c), d: e}`, `f:1:18: error PC113|'text(b, c)'`},
		{"index in brackets", `match: {a: b[0], d: e}`, `f:1:13: error PC113|'b[0]'`},
		{"wrong bracket", `params: {a: [b}`, `f:1:15: error PC113|balance`},
		{"open bracket", "params: {a: b\nname: x", `f:1:9: error PC113|close it`},
		{"quote in brackets", `{when: "a" + b, const: x}`, `f:1:12: error PC108|'"a" + b'`},
		{"open quote", `x: "a`, `f:1:4: error PC108|close it`},
		{"second document", "a: b\n---\nc: d", `f:2:1: error PC115|a file of its own`},
		{"end of document", "a: b\n...\nc: d", `f:3:1: error PC115|...`},
		{"tab", "a:\n\tb: c", `f:2:1: error PC116|spaces`},
		{"not UTF-8", "a: 中\xb6\xa9", `f:1:5: error PC117|UTF-8`},
		{"UTF-16", "\xff\xfea\x00", `f:1:1: error PC117|UTF-8`},
		{"byte order mark inside", "a: b\n\ufeffc: d", `f:2:1: error PC117|delete`},
		{"merge", "a:\n  <<: {b: c}", `f:2:3: error PC114|write the keys out`},
		{"key twice", "a: b\nc: d\na: e", `f:3:1: error PC102|line 1`},
		{"empty", "# nothing\n", `f: error PC143|first key`},
		{"complex key", "? a\n: b", `f:1:1: error PC112|'? a'`},
		{"indentation", "a: b\n   c: d", `f:2:5: error PC110|below the key above`},
		{"what only yaml.v3 sees", "a:\n  - b\n c: d", `f:2: error PC100|indentation`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := Parse("f", []byte(c.yaml))
			if len(problems) != 1 {
				t.Fatalf("%d problems: %v", len(problems), problems)
			}
			begin, hint, _ := strings.Cut(c.want, "|")
			got := problems[0].Error()
			if !strings.HasPrefix(got, begin+":") || !strings.Contains(problems[0].Hint, hint) {
				t.Errorf("got  %s\nwant %s … %s", got, begin, hint)
			}
		})
	}
}

// TestScanAccepts holds good YAML that looks like a trap.
func TestScanAccepts(t *testing.T) {
	for _, text := range []string{
		"\ufeffname: x # a comment\n",
		"---\nname: x\n",
		"a: |\n  text: with \"quotes\" and ? a : b # kept\n\n  more\nb: c",
		"a: >-\n  x(\n    b, # kept\n  )\nb: c",
		"- key: |\n    a: b: c\n  other: d",
		"a: if b { c } else { d }",
		"a: x + y # comment (with bracket",
		"a: filter(items, .x > 0) # comment",
		`a: "quoted: text # no comment" # comment`,
		"a: 'it''s' # comment",
		`a: "a \" b"`,
		"a: {b: c, d: [e, f], 'g h': \"i\"} # comment",
		"a: {\n  b: c, # comment\n  d: e\n}",
		"a: [Unshipped, # comment\n  Shipped]",
		"a: \"over\n  two lines\"\nb: c",
		"a: b +\n  c +\n  d\nb: c",
		"url: http://x:80/y",
		"a: b?.c ?? d",
		"a: x#y",
		"\"a b\": c\n'd': e",
		"a:\n- b\n- c: d\n  e: f",
		"a:\n  # comment\n\n  b: c",
		"a:\r\n  b: c\r\n",
		"time: 2026-01-01T00:00:00+08:00",
		"a: \"${X:-y}\"",
		"a: {when: x == \"CNY\", const: PRE001}",
	} {
		if _, problems := Parse("f", []byte(text)); len(problems) > 0 {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

// FuzzParse: whatever stands in a file, it is read or refused with a place; a file that yaml.v3
// and we both accept loses nothing.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: {b: c}", "a: \"b\" + c", "- a\n- b: |\n   c", "a: [", "a: b ? c : d", "? x", "a: 'b\nc'", "{a: b\n}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, problems := Parse("f", data)
		if root == nil && len(problems) == 0 {
			t.Fatal("neither a tree nor a problem")
		}
		for _, p := range problems {
			if p.ID == "" || p.At.File != "f" || p.Reason == "" {
				t.Fatalf("a problem without code, place or reason: %v", p)
			}
		}
	})
}
