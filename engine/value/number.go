package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// bigNumber is coef·10^exp where int64 doesn't reach. It is never changed once made.
type bigNumber struct {
	coef big.Int
	exp  int32
}

// MaxDigits is how many digits a calculated number may have, on both sides of the point together.
const MaxDigits = 1000

// scanNumber checks the JSON number at i and answers where it ends, or why it is none.
func scanNumber(s string, i int) (end int, why string) {
	start := i
	if i < len(s) && s[i] == '-' {
		i++
	}
	from := i
	i = digits(s, i)
	switch {
	case i == from && from == start:
		return i, "a value can't begin like this"
	case i == from:
		return i, "a number has no digits"
	case s[from] == '0' && i > from+1:
		return from, "a number begins with a needless zero"
	}
	if i < len(s) && s[i] == '.' {
		from = i + 1
		if i = digits(s, from); i == from {
			return i, "a number has no digits behind its point"
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		from = i
		if i = digits(s, i); i == from {
			return i, "a number has no digits in its exponent"
		}
		if len(strings.TrimLeft(s[from:i], "0")) > maxExponentDigits {
			return from, "a number's exponent is beyond any use"
		}
	}
	return i, ""
}

func digits(s string, i int) int {
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

// OfNumber is the number written as token, which keeps its digits while it is only moved. It
// answers false where the token is not a JSON number.
func OfNumber(token string) (Value, bool) {
	if end, why := scanNumber(token, 0); why != "" || end != len(token) {
		return Value{}, false
	}
	return Value{kind: Number, str: token}, true
}

// ParseNumber reads a number as people and vendors write it into texts: blanks around it, a plus
// sign, a point without digits on one side, needless zeros. Anything else is no number; thousands
// separators are not, as a comma means something else elsewhere.
func ParseNumber(s string) (Value, bool) {
	s = strings.TrimSpace(s)
	if v, ok := OfNumber(s); ok {
		return v, true
	}
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = strings.TrimPrefix(s[:1], "+"), s[1:]
	}
	if s == "" || s[0] == '+' || s[0] == '-' {
		return Value{}, false
	}
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" || strings.ContainsAny(whole, "+-") { // 0-5 is no number, although -5 is one
		return Value{}, false
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return OfNumber(sign + whole + fraction + exponent)
}

// parts is a number as coefficient and exponent: c·10^e, or big·10^e. ok is false where the
// token is too long or too far from zero to calculate with.
type parts struct {
	c   int64
	e   int64
	big *big.Int
}

func (v Value) parts() (parts, bool) {
	if v.str == "" {
		if v.ref != nil {
			b := v.ref.more.big
			return parts{e: int64(b.exp), big: &b.coef}, true
		}
		return parts{c: v.num, e: int64(v.exp)}, true
	}
	return tokenParts(v.str)
}

func tokenParts(s string) (parts, bool) {
	var c, e int64
	n, i := 0, 0
	if s[0] == '-' {
		i = 1
	}
	for point := false; i < len(s); i++ {
		d := s[i]
		if d == '.' {
			point = true
			continue
		}
		if d-'0' > 9 {
			break
		}
		if c != 0 || d != '0' {
			n++
		}
		if n <= 18 {
			c = c*10 + int64(d-'0')
		}
		if point {
			e--
		}
	}
	mantissa := s[:i]
	if i < len(s) {
		x, err := strconv.ParseInt(s[i+1:], 10, 64) // at most nine digits behind zeros
		if err != nil {
			return parts{}, false
		}
		e += x
	}
	if n == 0 {
		return parts{}, true // however far its exponent reaches
	}
	if n <= 18 {
		if s[0] == '-' {
			c = -c
		}
		return parts{c: c, e: e}, true
	}
	if n > MaxDigits {
		return parts{}, false
	}
	b, _ := new(big.Int).SetString(strings.Replace(mantissa, ".", "", 1), 10) // digits only: always a number
	return parts{e: e, big: b}, true
}

func (p parts) sign() int {
	if p.big != nil {
		return p.big.Sign()
	}
	switch {
	case p.c < 0:
		return -1
	case p.c > 0:
		return 1
	}
	return 0
}

func (p parts) int() *big.Int {
	if p.big != nil {
		return p.big
	}
	return big.NewInt(p.c)
}

// size is the number of digits before the point of the leading digit: 12.5 has 2, 0.05 has -1.
func (p parts) size() int64 {
	if p.big != nil {
		return int64(decimalLen(p.big)) + p.e
	}
	return int64(intLen(p.c)) + p.e
}

// bounded says that the number's plain form has at most MaxDigits digits, so that calculating
// with it costs little.
func (p parts) bounded() bool {
	if p.sign() == 0 || p.big == nil && p.e > -900 && p.e < 900 {
		return true
	}
	return p.size() <= MaxDigits && p.e >= -MaxDigits && max(p.size(), 1)-min(p.e, 0) <= MaxDigits
}

func intLen(c int64) int {
	n := 1
	for c/10 != 0 {
		c /= 10
		n++
	}
	return n
}

func decimalLen(b *big.Int) int {
	if b.Sign() == 0 {
		return 1
	}
	n := int(float64(b.BitLen()-1)*math.Log10(2)) + 1 // right, or one too few
	if b.CmpAbs(pow10(n)) >= 0 {
		n++
	}
	return n
}

func pow10(n int) *big.Int {
	if n <= 18 {
		return big.NewInt(powers[n])
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// number is the Value of parts, in canonical form: no zeros at the end of a fraction.
func (p parts) number() Value {
	if p.big != nil {
		if p.big.IsInt64() {
			return parts{c: p.big.Int64(), e: p.e}.number()
		}
		return Value{kind: Number, ref: &body{more: &more{big: &bigNumber{coef: *p.big, exp: int32(p.e)}}}}
	}
	if p.c == 0 {
		return Value{kind: Number}
	}
	return Value{kind: Number, num: p.c, exp: int32(p.e)}
}

// appendNumber writes the number as JSON: as it was written, or plain, with no zeros at the end of a
// fraction, no exponent and no negative zero.
func (v Value) appendNumber(dst []byte) []byte {
	switch {
	case v.str != "":
		return append(dst, v.str...)
	case v.ref != nil:
		b := v.ref.more.big
		return appendPlain(dst, b.coef.String(), int(b.exp))
	case v.exp == 0:
		return strconv.AppendInt(dst, v.num, 10)
	}
	var buf [20]byte
	return appendPlain(dst, string(strconv.AppendInt(buf[:0], v.num, 10)), int(v.exp))
}

func appendPlain(dst []byte, digits string, exp int) []byte {
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if exp >= 0 {
		dst = append(dst, digits...)
		for range exp {
			dst = append(dst, '0')
		}
		return dst
	}
	for exp < 0 && len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits, exp = digits[:len(digits)-1], exp+1
	}
	if exp == 0 {
		return append(dst, digits...)
	}
	point := len(digits) + exp
	if point > 0 {
		return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
	}
	dst = append(dst, '0', '.')
	for range -point {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// Int64 is a whole Number that fits; false for fractions, larger numbers and other kinds. How it
// is written doesn't matter: 3, 3.0 and 30e-1 are whole.
func (v Value) Int64() (int64, bool) {
	if v.kind != Number {
		return 0, false
	}
	if v.str == "" && v.ref == nil && v.exp == 0 {
		return v.num, true
	}
	p, ok := v.parts()
	if !ok {
		return 0, false
	}
	if p.big == nil {
		for p.e < 0 && p.c%10 == 0 && p.c != 0 {
			p.c, p.e = p.c/10, p.e+1
		}
		switch {
		case p.e == 0 || p.c == 0:
			return p.c, true
		case p.e < 0:
			return 0, false
		}
	}
	if !p.bounded() {
		return 0, false
	}
	b := new(big.Int).Set(p.int())
	if p.e >= 0 {
		b.Mul(b, pow10(int(p.e)))
	} else {
		var rest big.Int
		if b.QuoRem(b, pow10(int(-p.e)), &rest); rest.Sign() != 0 {
			return 0, false
		}
	}
	return b.Int64(), b.IsInt64()
}
