package problem

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MostReason is how many characters of a reason are kept and shown: a vendor may answer with
// megabytes, and the beginning tells what a person needs.
const MostReason = 1000

// Cut is the beginning of a text, at most so many characters of it.
func Cut(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	for i := range s {
		if most == 0 {
			return s[:i] + "…"
		}
		most--
	}
	return s
}

// Printable is a text as a terminal may see it. Data can hold characters that would clear the
// screen, ring the bell or turn the reading direction; they are written out as \u001b. Line breaks
// and tabs stay.
func Printable(s string) string {
	if strings.IndexFunc(s, obeyed) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// obeyed says of a character that a terminal acts on it, in place of showing it.
func obeyed(r rune) bool {
	if r == '\n' || r == '\t' {
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
