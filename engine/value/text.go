package value

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanEscape checks the escape at the beginning of s and answers its length. A pair of surrogates
// is one escape; half of one stands for no character, and replacing it would change the data.
func scanEscape(s string) (int, string) {
	if len(s) < 2 {
		return 0, "the text ends inside an escape"
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
	default:
		return 0, "an escape that JSON does not have"
	}
	r, ok := hex4(s[2:])
	switch {
	case !ok:
		return 0, "\\u needs four hexadecimal digits"
	case r == 0:
		return 0, "a text contains NUL"
	case !utf16.IsSurrogate(r):
		return 6, ""
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low, ok := hex4(s[8:]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			return 12, ""
		}
	}
	return 0, "half of a surrogate pair stands for no character"
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape decodes a text whose escapes are known to be right.
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i >= 0 {
		out = append(out, s[:i]...)
		n := 2
		switch s[i+1] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(s[i+2:])
			n = 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(s[i+8:])
				r, n = utf16.DecodeRune(r, low), 12
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, s[i+1])
		}
		s = s[i+n:]
		i = strings.IndexByte(s, '\\')
	}
	return string(append(out, s...))
}

const hexDigits = "0123456789abcdef"

// AppendText appends s as a JSON text in quotes. Bytes that are no UTF-8 become U+FFFD, as JSON
// has no way to write them.
func AppendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if !special[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// Valid says that a text may be kept exactly: it is UTF-8 and holds no NUL.
func Valid(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
