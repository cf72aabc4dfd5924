package value

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The decoder is held against the grammar of RFC 8259, case by case, in the classes that public
// suites use: what every parser must accept, what every parser must reject, and what is left free.
// Where this decoder decides otherwise than the grammar or than encoding/json does, `why` says so:
// those lines are the whole list of its peculiarities.

type verdict byte

const (
	accept verdict = 'a'
	reject verdict = 'r'
	free   verdict = 'f' // the grammar allows it, and what becomes of it is left to the parser
)

type conformance struct {
	text    string
	grammar verdict
	ours    verdict // accept or reject
	golang  verdict // encoding/json's json.Valid
	why     string  // needed where ours is not golang, or not the grammar's
}

// The reasons for being stricter than encoding/json.
const (
	whyTwice     = "a key that comes twice: which of the two counts would be a guess"
	whyNUL       = "NUL: databases and vendors cut a text at it"
	whySurrogate = "half of a surrogate pair: it stands for no character, and replacing it would change the data"
	whyUTF8      = "bytes that are no UTF-8: replacing them would change the data"
	whyExponent  = "an exponent of ten digits: no amount, and arithmetic on it can't be bounded"
	whyDepth     = "deeper than 1,000"
)

func cases(class, ours, golang verdict, why string, texts ...string) []conformance {
	out := make([]conformance, len(texts))
	for i, t := range texts {
		out[i] = conformance{t, class, ours, golang, why}
	}
	return out
}

func conformances() []conformance {
	var all []conformance
	yes := func(texts ...string) { all = append(all, cases(accept, accept, accept, "", texts...)...) }
	no := func(texts ...string) { all = append(all, cases(reject, reject, reject, "", texts...)...) }
	strict := func(why string, texts ...string) { all = append(all, cases(free, reject, accept, why, texts...)...) }
	both := func(ours verdict, texts ...string) { all = append(all, cases(free, ours, ours, "", texts...)...) }

	// Structure: one value, blanks around it.
	yes(`null`, `true`, `false`, `0`, `-1`, `"a"`, `[]`, `{}`, ` null`, "null\n", "\t[\r\n]\t", " {\n} ", `[[]]`, `[{}]`, `{"a":{}}`, `""`, `[""]`, `{"":0}`)
	no(``, ` `, "\n", "\t\r\n ", `,`, `:`, `[`, `]`, `{`, `}`, `[]]`, `{}}`, `[}`, `{]`, `[{]}`, `{[}]`, `1 2`, `null null`, `[]{}`, `{},{}`, `[1],`, `{"a":1}#`, `{"a":1}//x`, `/**/{}`, `{}/**/`,
		`{"a":/**/1}`, "{}\x00", "\x00", "\x00{}", "\x0c[]", "[\x0c]", "\x0b1", "\u00a0[]", "[\u00a0]", "\u2028[]", "[\u2060]", "\u3000{}", "\x1a[]", "<null>", "<html></html>", `a`, `å`, `*`, `'a'`, "`a`", `nul`, `nulll`, `NULL`, `Null`, `True`, `TRUE`, `tru`, `fals`,
		`FALSE`, `undefined`, `nil`, `none`, `NaN`, `Infinity`, `-Infinity`, `\u0031`, `"a"b`, `1a`, `truefalse`, `[true`, `[tru`, `[nul]`, `[True]`, `{"a":true`, `{"a":tru}`)

	// A byte order mark is none of JSON's blanks; connectors take it off a file or an answer.
	no("\ufeff{}", "\ufeff", "\ufeff\"a\"", "{}\ufeff", "[\ufeff]", "\xfe\xff\x00{\x00}", "\xff\xfe{\x00}\x00", "\x00{\x00}")
	yes("\"\ufeff\"", "{\"\ufeff\":1}")

	// Lists.
	yes(`[1]`, `[1,2]`, `[ 1 , 2 ]`, "[1\n,2]", `[1,"a",null,true,{},[]]`, `[null]`, `[false]`, `[[1],[2]]`, `[1,null,null,null,2]`, `[[[[[[[[[[]]]]]]]]]]`, `[""  ]`, `[	1]`)
	no(`[,]`, `[1,]`, `[,1]`, `[1,,2]`, `[1,,]`, `[1 2]`, `["a" "b"]`, `[1`, `[1,`, `[1,2`, `[1;2]`, `[1:2]`, `["a":1]`, `["a"`, `["a",`, `["a`, `[1]x`, `[x]`, `[x`, `[*]`, `[1,*]`, "[\"a\",\n4\n,1,", `[""],`, `["",]`, `[[]`, `[3[4]]`, `[1,[2]`,
		`[ , ""]`, `["x", truth]`, `[1,true false]`, `[-]`, `[--1]`, `[(1)]`, `[{}`, `[{]`, `[{"a":1}`)

	// Objects.
	yes(`{"a":1}`, `{ "a" : 1 }`, "{\n\"a\"\n:\n1\n}", `{"a":1,"b":2}`, `{"a":{"b":{"c":{}}}}`, `{"a":[]}`, `{"a":null}`, `{"a":[{"b":1},{"b":2}]}`, `{"a":1,"A":2}`, `{"\u0061b":1}`, `{"a\nb":1}`, `{"订单":"一"}`, `{"a":"a","b":"b"}`, `{"min":-1.0e+28,"max":1.0e+28}`,
		`{"a.b":1}`, `{"a":{"a":{"a":1}}}`, `{"x":[{"id":"x"}],"id":"x"}`, `{" ":1}`, `{"a ":1,"a":2}`)
	no(`{"a"}`, `{"a":}`, `{:1}`, `{"a" 1}`, `{"a",1}`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a":1 "b":2}`, `{"a":1`, `{"a":`, `{"a"`, `{"a`, `{a:1}`, `{'a':1}`, `{1:1}`, `{null:1}`, `{true:1}`, `{[]:1}`, `{{}:1}`, `{"a":1;"b":2}`, `{"a"=1}`, `{"a"=>1}`,
		`{"a"::1}`, `{"a":1:2}`, `{"a":1}}`, `{"a":"b"}#{}`, `{"a":'b'}`, `{"a":b}`, `{"a":1, "b"}`, `{"a":[}`, `{"a":[1}`, `{"a":{`, `{"a":{"b":1}`, `{"a":1,"a"}`, `{é:1}`, `{"a":"a`, `{"a":"a"`, `{"a":"a",`, `{ "foo" : "bar", "a" }`, `{"a":/1}`, `{"x", null}`, `{"x"::"b"}`, `{1:1}`, `{9999E9999:1}`, `{🇨🇭}`)
	strict(whyTwice, `{"a":1,"a":2}`, `{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"a":{"b":1,"b":2}}`, `[{"a":1,"a":2}]`, `{"a":null,"a":null}`, `{"订单":1,"\u8ba2\u5355":2}`, `{"😀":1,"\ud83d\ude00":2}`)

	// Texts: escapes.
	yes(`"\""`, `"\\"`, `"\/"`, `"/"`, `"\b\f\n\r\t"`, `"\u0041"`, `"\u00e9\u00E9"`, `"\u8ba2\u5355"`, `"\uFFFF"`, `"\uffff"`, `"\uFFFE"`, `"\uFDD0"`, `"\u0001"`, `"\u001f"`, `"\u007f"`, `"\u2028\u2029"`, `"\u200B\u2064"`, `"\u0060\u012a\u12AB"`, `"\\u0000"`, `"\\u000"`, `"\"\\\/\b\f\n\r\t"`, `"\u0022"`, `"\u005C"`,
		`"\ud83d\ude00"`, `"\uD834\uDD1E"`, `"\uD801\udc37"`, `"\ud83d\ude39\ud83d\udc8d"`, `"\uDBFF\uDFFF"`, `"\uD83F\uDFFE"`, `"\uD800\uDC00"`, `"\uA66D"`, `"a/*b*/c/*d//e"`, `"\\a"`, `"\\n"`)
	no(`"`, `"a`, `"\"`, `"\\\"`, `"\`, `"\u`, `"\u"`, `"\u1"`, `"\u12"`, `"\u123"`, `"\u12G4"`, `"\u00A"`, `"\u+123"`, `"\u 123"`, `"\u-123"`, `"\x41"`, `"\x"`, `"\a"`, `"\v"`, `"\0"`, `"\'"`, `"\e"`, `"\ "`, `"\U0041"`, `"\u{41}"`, `"\🌀"`, `"\é"`, "\"\\\x00\"", "\"\\\n\"", "\"\\\t\"", `"\uqqqq"`, `"\uD834\uDd"`, `"\uD800\u"`, `"\uD800\u1"`,
		`"\uD800\u1x"`, `"\ud83d\"`, `\"a\"`, `"a" \`, `["\`, `["\u00A"]`, `["\uD834\uD"]`, `'`, `"a'`, `“a”`, `"a\`)
	strict(whyNUL, `"\u0000"`, `"a\u0000b"`, `{"\u0000":1}`, `["\u0000"]`)
	strict(whySurrogate, `"\ud800"`, `"\uDC00"`, `"\udbff"`, `"\uDfff"`, `"\ud800\ud800"`, `"\udc00\ud800"`, `"\ud800a"`, `"\ud800\n"`, `"a\ud83d"`, `"\ud83d \ude00"`, `"\uD888\u1234"`, `{"\uDFAA":0}`, `"\uD800\uD800\n"`, `"\ud83d\\ude00"`, `"\uDd1e\uD834"`)

	// Texts: raw characters.
	yes(`"a"`, `" "`, `"   a   "`, `"'"`, `"a, b: [c] {d}"`, "\"\x7f\"", `"é"`, `"订单"`, `"😀"`, `"𝄞"`, "\"\u2028\u2029\"", "\"\u0080\"", "\"\u00a0\"", "\"\u200b\"", "\"\ufffd\"", "\"\uffff\"", "\"\ufdd0\"", "\"\U0010ffff\"", "\"\ue000\"", "\"\u0300\"", "\"\u202e\"", `"asd "`, `"<script>&amp;"`, "\"\xf4\x8f\xbf\xbf\"", "\"\xc2\x80\"", "\"\xe0\xa0\x80\"", "\"\xf0\x90\x80\x80\"")
	no("\"\x00\"", "\"\x01\"", "\"\x1f\"", "\"\n\"", "\"\r\"", "\"\t\"", "\"a\nb\"", "\"a\x00b\"", "\"\x08\"", "\"\x1b[2J\"", "{\"a\nb\":1}", "{\"a\x00b\":1}", "[\"new\nline\"]", "[\"\t\"]")
	strict(whyUTF8, "\"\x80\"", "\"\xff\"", "\"\xfe\"", "\"\xc0\xaf\"", "\"\xc1\xbf\"", "\"\xe0\x80\xaf\"", "\"\xf0\x80\x80\xaf\"", "\"\xfc\x80\x80\x80\x80\xaf\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xed\xa0\xbd\xed\xb8\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
		"\"\xe8\xae\"", "\"\xc3\"", "\"\xf0\x9f\x98\"", "\"\xc3(\"", "\"\xe2(\xa1\"", "\"a\xffb\"", "\"\xb6\xa9\xb5\xa5\"", "{\"\xff\":1}", "[\"\xe9\"]", "\"\xe6\x97\xa5\xd1\x88\xfa\"", "\"\x81\"")
	no("\xff", "\xc3\xa9", "[\xff]", "[1\xe5]", "[a\xe5]", "{\xff:1}", "[-1\xe5]", "[1e1\xe5]", "[0\xe5]", "\xe5", "[\"\\u\xe5\"]", "[\"\\\xe5\"]", "{\"a\":\"b\"}\xff", "[\xe9]")

	// Numbers.
	yes(`-0`, `0.0`, `-0.0`, `1`, `10`, `123456789`, `1.5`, `-1.5`, `0.1`, `0.01`, `1e1`, `1E1`, `1e+1`, `1E+1`, `1e-1`, `1E-1`, `1.5e10`, `0e0`, `0e+1`, `0E1`, `0.0e-0`, `123.456e78`, `1e01`, `1e00`, `1E+00`, `1.000`, `100`, `-123`, `20e1`, `[ 4]`, `123.456789`, `-0.000000000000000000000000000000000000000000000000000000000000000000000000000001`, `12.50`, `1.10`)
	no(`+1`, `01`, `00`, `-01`, `-00`, `007`, `012`, `-012`, `-`, `--1`, `+-1`, `-+1`, `.5`, `-.5`, `5.`, `-5.`, `0.`, `1.e1`, `0.e1`, `2.e3`, `2.e-3`, `2.e+3`, `1e`, `1E`, `1e+`, `1e-`, `0e`, `0e+`, `0E`, `1.0e`, `1.0e+`, `1.0e-`, `0.3e`, `0.3e+`, `1ee1`, `1e1e1`, `1e1.5`, `1e 1`, `1 e1`, `1.5.5`, `1..5`, `1eE2`, `9.e+`, `1,5`, `1_000`, `1 000`, `1,000`,
		`0x1`, `0x42`, `0xF`, `0b1`, `0o7`, `1f`, `1.5f`, `1L`, `1n`, `1/2`, `1+2`, `1-2`, `- 1`, `-1x`, `1a`, `[1.8011670033376514H-308]`, `[+Inf]`, `[-NaN]`, `[NaN]`, `[Infinity]`, `[-foo]`, `[1ea]`, `[0.1.2]`, `[.-1]`, `[.2e-3]`, `[-1.0.]`, `[-2.]`, `[1+2]`, `[0e+-1]`, `[1.2a-3]`, `[0e+`, `１`, `[１]`, `١`, `½`, `¥5`, `5%`, `[++1234]`, `[0.3e]`, `[1 000.0]`, `1e٣`)
	both(accept, `1e999`, `-1e999`, `1e-999`, `1e-999999999`, `1e999999999`, `1e000000000000001`, `123456789012345678901234567890`, `-9223372036854775809`, `18446744073709551616`, `0.1e00000000000000000000000000000000000001`, `1.7976931348623157e309`, `5e-325`, `123.456e-789`, `0.4e00669999999`, strings.Repeat("9", 400), "-0."+strings.Repeat("3", 400), "1"+strings.Repeat("0", 100000), `[-1e+9999]`, `[1.5e+9999]`, `[100000000000000000000]`, `[-237462374673276894279832749832423479823246327846]`)
	strict(whyExponent, `1e1000000000`, `1e-1000000000`, `1e99999999999999999999`, `-1E+12345678901`, `0e9999999999`, `[0.4e006699999999999999999999999999]`)

	// Depth. Ours is 1,000 levels; encoding/json's 10,000.
	nest := func(n int, open, inner, shut string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	both(accept, nest(500, `[`, ``, `]`), nest(1000, `[`, ``, `]`), nest(1000, `{"a":`, `1`, `}`), nest(500, `[{"a":`, `1`, `}]`))
	strict(whyDepth, nest(1001, `[`, ``, `]`), nest(1001, `{"a":`, `1`, `}`), nest(501, `[{"a":`, `1`, `}]`), nest(10000, `[`, ``, `]`))
	both(reject, nest(10001, `[`, ``, `]`), nest(100000, `[`, ``, `]`), nest(100000, `{"a":`, `1`, `}`))
	no(strings.Repeat(`[`, 100000), strings.Repeat(`{"a":`, 100000), strings.Repeat(`[{"":`, 50000), strings.Repeat(`[`, 500)+strings.Repeat(`]`, 499))

	// Length by itself is no fault.
	yes(`"`+strings.Repeat("a", 1<<20)+`"`, `"`+strings.Repeat(`\u8ba2`, 1<<16)+`"`, `[`+strings.Repeat(`1,`, 100000)+`1]`, `{"`+strings.Repeat("k", 1<<20)+`":1}`, strings.Repeat(" ", 100000)+"1")
	return all
}

func TestConformance(t *testing.T) {
	all := conformances()
	counts := map[verdict]int{}
	peculiar := map[string]int{}
	for _, c := range all {
		counts[c.grammar]++
		if c.grammar != free && c.ours != c.grammar {
			t.Errorf("%.60q: the grammar leaves no choice", c.text)
		}
		if c.ours != c.golang {
			peculiar[c.why]++
			if c.why == "" {
				t.Errorf("%.60q: nothing says why we differ from encoding/json", c.text)
			}
		}
		if got := verdictOf(json.Valid([]byte(c.text))); got != c.golang {
			t.Errorf("%.60q: encoding/json says %c, the table %c", c.text, got, c.golang)
		}
		v, err := ParseValue(c.text)
		if got := verdictOf(err == nil); got != c.ours {
			t.Errorf("%.60q: we say %c, the table %c: %v", c.text, got, c.ours, err)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%.60q: the message has %d bytes", c.text, len(err.Error()))
		}
		if err == nil && v.JSON() != strings.Trim(c.text, " \t\r\n") {
			t.Errorf("%.60q is kept as %.60q", c.text, v.JSON())
		}
	}
	if len(peculiar) != 6 {
		t.Errorf("peculiarities: %v", peculiar)
	}
	t.Logf("%d cases: %d to accept, %d to reject, %d free; %v", len(all), counts[accept], counts[reject], counts[free], peculiar)
}

func verdictOf(accepted bool) verdict {
	if accepted {
		return accept
	}
	return reject
}

// The limits that are told are those that hold.
func TestLimitsAreTold(t *testing.T) {
	text, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("as JSON | %d MiB", MaxSize>>20), fmt.Sprintf("| %d,000 levels", MaxDepth/1000), fmt.Sprintf("| %d million", MaxNodes>>20),
		fmt.Sprintf("| %d digits", maxExponentDigits), fmt.Sprintf("calculated with %d,000", MaxDigits/1000),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/limits.md doesn't say %q", want)
		}
	}
}

// What a hostile text costs is bounded by its length: long names on a long way, and more names and
// values than are allowed.
func TestHostileTextsEnd(t *testing.T) {
	for name, c := range map[string]struct{ text, word string }{
		"long names, deep":  {strings.Repeat(`{"`+strings.Repeat("n", 30_000)+`":`, 999) + "x", "can't begin"},
		"a long name twice": {`{"` + strings.Repeat("n", 1<<20) + `":1,"` + strings.Repeat("n", 1<<20) + `":2}`, "comes twice"},
		"many values":       {"[" + strings.Repeat("1,", MaxNodes) + "1]", "more than 8388608"},
		"too long":          {strings.Repeat(" ", MaxSize+1), "larger than 64 MiB"},
	} {
		_, err := ParseValue(c.text)
		if err == nil || !strings.Contains(err.Error(), c.word) || len(err.Error()) > 1500 {
			t.Errorf("%s: %.1500v", name, err)
		}
	}
}
