package lingxing

import (
	"crypto/md5" //nolint:gosec // the vendor's signature asks for it
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

//go:embed testdata/sign.txt
var vectorText string

const (
	vectorApp   = "ak_pipectl00demo"
	vectorToken = "6d1f0c52-8a34-4be7-9c11-2f5e7a9b0d43"
	vectorTime  = "1760000000"
)

type vector struct{ name, body, canonical, md5, sign string }

func vectors(t *testing.T) []vector {
	t.Helper()
	var out []vector
	for line := range strings.Lines(vectorText) {
		line = strings.TrimRight(line, "\n")
		kind, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimLeft(rest, " ")
		switch {
		case line == "" || kind == "#":
		case len(out) == 0 || !strings.Contains(" body canonical md5 sign ", " "+kind+" "):
			out = append(out, vector{name: line})
		case kind == "body":
			out[len(out)-1].body = rest
		case kind == "canonical":
			out[len(out)-1].canonical = rest
		case kind == "md5":
			out[len(out)-1].md5 = rest
		default:
			out[len(out)-1].sign = rest
		}
	}
	if len(out) != 12 {
		t.Fatalf("%d vectors were read, want 12", len(out))
	}
	return out
}

// vectorTexts are the texts of a body with the three common parameters.
func vectorTexts(t *testing.T, body string) map[string]string {
	t.Helper()
	all, err := texts([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	all["access_token"], all["app_key"], all["timestamp"] = vectorToken, vectorApp, vectorTime
	return all
}

func TestSignatureVectors(t *testing.T) {
	shorts := strings.NewReplacer("AT&AK", "access_token="+vectorToken+"&app_key="+vectorApp, "&TS", "&timestamp="+vectorTime)
	for _, v := range vectors(t) {
		all := vectorTexts(t, v.body)
		text := canonical(all)
		if want := shorts.Replace(v.canonical); v.canonical != "" && text != want {
			t.Errorf("%s: canonical text\n got %s\nwant %s", v.name, text, want)
		}
		sum := md5.Sum([]byte(text)) //nolint:gosec // see above
		if got := strings.ToUpper(hex.EncodeToString(sum[:])); got != v.md5 {
			t.Errorf("%s: md5 %s, want %s", v.name, got, v.md5)
		}
		if got, err := signature(vectorApp, all); err != nil || got != v.sign {
			t.Errorf("%s: signature %s (%v), want %s", v.name, got, err, v.sign)
		}
	}
}

func TestABodyThatEveryoneSignsAlike(t *testing.T) {
	for _, c := range []struct {
		name   string
		params map[string]any
		want   string
	}{
		{"nothing", nil, `{}`},
		{"sorted, nothing empty", map[string]any{"b": 1, "a": "", "c": nil, "B": "x"}, `{"B":"x","b":1}`},
		{"trimmed", map[string]any{"remark": "  a b  ", "blank": "  "}, `{"remark":"a b"}`},
		{"nothing escaped", map[string]any{"n": "手机壳/红色&款=A\u2028<新>"}, "{\"n\":\"手机壳/红色&款=A\u2028<新>\"}"},
		{"no null below", map[string]any{"l": []any{map[string]any{"z": nil, "b": "2", "a": json.Number("1")}, nil}}, `{"l":[{"a":1,"b":"2"}]}`},
		{"no empty object", map[string]any{"param": map[string]any{}, "list": []any{}}, `{"list":[]}`},
		{"an escape before a separator", map[string]any{"n": "\\u2028"}, `{"n":"\\u2028"}`},
		{"digits stay", map[string]any{"id": json.Number("110268822038528000"), "x": json.Number("3.0")}, `{"id":110268822038528000,"x":3.0}`},
	} {
		got, err := encode(c.params)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestAnAppIDIsAKey(t *testing.T) {
	for id, ok := range map[string]bool{vectorApp: true, "": false, "ak_short": false, strings.Repeat("k", 32): true} {
		if err := checkKey(id); (err == nil) != ok {
			t.Errorf("appId %q: %v", id, err)
		}
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("a", "b", int64(1))
	f.Add("名", " \u2028<&>\"\\", int64(-9))
	f.Fuzz(func(t *testing.T, name, text string, number int64) {
		if !utf8.ValidString(name) || !utf8.ValidString(text) || name == "n" || name == "" {
			return
		}
		body, err := encode(map[string]any{name: text, "n": number, "l": []any{map[string]any{name: text}}})
		if err != nil {
			t.Fatal(err)
		}
		all, err := texts(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if want := strings.TrimSpace(text); all[name] != want && name != "l" {
			t.Errorf("text %q became %q", want, all[name])
		}
		sign, err := signature(vectorApp, all)
		if err != nil || len(sign) != 64 || !strings.HasSuffix(sign, "IC1kQG+Z+sH7b/W2JmTf1") {
			t.Errorf("signature %q: %v", sign, err)
		}
	})
}
