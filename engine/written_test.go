package engine

import (
	"testing"

	"github.com/pipectl/pipectl/engine/value"
)

// TestWritten: what somebody writes for a place becomes what the source would send there, digit by
// digit, and what doesn't fit is refused.
func TestWritten(t *testing.T) {
	text, number := &value.Schema{Type: value.Text}, &value.Schema{Type: value.Number}
	decimal := &value.Schema{Type: value.Number, Decimal: true}
	at := func(s string) value.Value {
		v, err := value.ParseValue(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		text   string
		schema *value.Schema
		now    string // JSON of what stands there; "": nothing
		want   string // JSON, or the words of the refusal
	}{
		{"0012", text, `"0011"`, `"0012"`},
		{"true", text, ``, `"true"`},
		{"null", text, `"x"`, `null`},
		{`"null"`, text, `"x"`, `"null"`},
		{"", text, `"x"`, `""`},
		{"说 \"嗨\"", text, ``, `"说 \"嗨\""`},
		{"0.10", number, `"many"`, `0.10`},
		{"12345678901234567890.10", number, `1`, `12345678901234567890.10`},
		{"many", number, `1`, "it has to be a number"},
		{"", number, `1`, "it has to be a number"},
		{"49.90", decimal, `"49.98"`, `"49.90"`},
		{"49.90", decimal, `49.98`, `49.90`},
		{"cheap", decimal, `"49.98"`, "it has to be a number"},
		{"yes", &value.Schema{Type: value.Bool}, ``, "it has to be a truth value"},
		{"true", &value.Schema{Type: value.Bool}, ``, `true`},
		{`[{"sku":"A"}]`, &value.Schema{Type: value.List}, ``, `[{"sku":"A"}]`},
		{"2026-03-01 08:00:00", &value.Schema{Type: value.Instant}, `"2026-02-01 08:00:00"`, `"2026-03-01 08:00:00"`},
		{"1767225600", &value.Schema{Type: value.Instant}, `1767225000`, `1767225600`},
		{"tomorrow", &value.Schema{Type: value.Instant}, `1767225000`, "it has to be a number"},
		{"5", nil, `"many"`, `5`},
		{"5", nil, `"00123"`, `"5"`},
		{"5", nil, ``, `5`},
		{"five", nil, `1`, `"five"`},
		{`{"a":1}`, nil, ``, `{"a":1}`},
		{"\xff", text, ``, "it is no text in UTF-8"},
	} {
		now := value.Value{}
		if c.now != "" {
			now = at(c.now)
		}
		got := ""
		if v, err := written(c.text, c.schema, now); err != nil {
			got = err.Error()
		} else {
			got = v.JSON()
		}
		if got != c.want {
			t.Errorf("%q over %s (%v): %s, want %s", c.text, c.now, c.schema, got, c.want)
		}
	}
}
