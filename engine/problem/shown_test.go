package problem

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"订单 A-1\n\tsecond": "订单 A-1\n\tsecond",
		"\x1b[2J\x07a\x00": `\u001b[2J\u0007a\u0000`,
		"a\u202egpj.exe":   `a\u202egpj.exe`,
		"\u009b31m\x7f\r":  `\u009b31m\u007f\u000d`,
		"a\xffb":           "a\ufffdb",
		"":                 "",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q is shown as %q, not %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"订单号", 3, "订单号"}, {"订单号码", 3, "订单号…"}, {"", 0, ""}} {
		if got := Cut(c.in, c.most); got != c.want {
			t.Errorf("%q cut to %d is %q", c.in, c.most, got)
		}
	}
}

// A vendor that answers with megabytes, and data that holds commands for a terminal, show as a
// sentence.
func TestErrorIsBoundedAndHarmless(t *testing.T) {
	e := &Error{Class: Invalid, Key: "113/\x1b[2J", Field: strings.Repeat("f.", 1<<20), Code: strings.Repeat("9", 1<<20), Reason: strings.Repeat("错误", 10<<20), Hint: "look"}
	text := e.Error()
	if utf8.RuneCountInString(text) > 4*MostReason || strings.ContainsRune(text, 0x1b) || !strings.HasSuffix(text, "→ look") {
		t.Errorf("%d characters: %.300q", utf8.RuneCountInString(text), text)
	}
}
