package value

import (
	"cmp"
	"strconv"
	"strings"
)

// canonical is a number token taken apart into sign, digits without zeros at either end, and the
// exponent of the last digit. It works for tokens of any length.
func canonical(token string) (negative bool, digits string, exp int64) {
	s := token
	if s[0] == '-' {
		negative, s = true, s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exp, _ = strconv.ParseInt(s[i+1:], 10, 64) // nine digits at most, so it fits
		s = s[:i]
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok {
		exp -= int64(len(fraction))
		s = whole + fraction
	}
	s = strings.TrimLeft(s, "0")
	short := strings.TrimRight(s, "0")
	if short == "" {
		return false, "", 0
	}
	return negative, short, exp + int64(len(s)-len(short))
}

func cmpTokens(a, b string) int {
	an, ad, ae := canonical(a)
	bn, bd, be := canonical(b)
	if an != bn {
		if an {
			return -1
		}
		return 1
	}
	order := cmpDigits(ad, bd, ae, be)
	if an {
		return -order
	}
	return order
}

func cmpDigits(ad, bd string, ae, be int64) int {
	if ad == "" || bd == "" {
		return cmp.Compare(len(ad), len(bd))
	}
	if c := cmp.Compare(int64(len(ad))+ae, int64(len(bd))+be); c != 0 {
		return c
	}
	return cmp.Compare(ad, bd) // digits of one size order like texts
}

// appendCanonical writes a number in the one form that fingerprints and keys use.
func (v Value) appendCanonical(dst []byte) []byte {
	if p, ok := v.parts(); ok && p.big == nil {
		p = p.trimmed()
		if p.c == 0 {
			p.e = 0
		}
		dst = strconv.AppendInt(dst, p.c, 10)
		return strconv.AppendInt(append(dst, 'e'), p.e, 10)
	}
	negative, digits, exp := canonical(string(v.appendNumber(nil)))
	if negative {
		dst = append(dst, '-')
	}
	if digits == "" {
		digits = "0"
	}
	return strconv.AppendInt(append(append(dst, digits...), 'e'), exp, 10)
}
