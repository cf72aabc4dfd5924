package problem

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzShown: whatever data and vendors say, an error is a few lines that no terminal obeys.
func FuzzShown(f *testing.F) {
	f.Add("113/A", "FQty", "不对 \x1b[2J", "7")
	f.Add("\u202e", "\x9b", "\xff", "\r\n")
	f.Fuzz(func(t *testing.T, key, field, reason, code string) {
		for _, s := range []string{key, field, reason, code} {
			if once := Printable(s); Printable(once) != once {
				t.Fatalf("%q is shown as %q, and that as %q", s, once, Printable(once))
			}
			if c := Cut(s, 5); utf8.RuneCountInString(c) > 6 || !strings.HasPrefix(s, strings.TrimSuffix(c, "…")) {
				t.Fatalf("%q is cut to %q", s, c)
			}
		}
		text := (&Error{Class: Invalid, Key: key, Field: field, Reason: reason, Code: code, Hint: "look"}).Error()
		if !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) >= 0 {
			t.Fatalf("%q", text)
		}
	})
}
