package value

import (
	"cmp"
	"math/big"
)

// rounding decides about the digit in front of what is cut: its parity, and how the rest compares
// with one half.
type rounding func(odd bool, half int) bool

func halfEven(odd bool, half int) bool { return half > 0 || half == 0 && odd }
func halfAway(_ bool, half int) bool   { return half >= 0 }
func toZero(bool, int) bool            { return false }

// cut takes n digits from the end; more says that something smaller follows behind them.
func (p parts) cut(n int, more bool, up rounding) parts {
	unit := pow10(n)
	var q, rest big.Int
	q.QuoRem(p.int(), unit, &rest)
	sign := int64(p.sign())
	twice := rest.Abs(&rest).Lsh(&rest, 1)
	half := twice.Cmp(unit)
	if half == 0 && more {
		half = 1
	}
	if up(q.Bit(0) == 1, half) && (rest.Sign() != 0 || more) {
		q.Add(&q, big.NewInt(sign))
	}
	return parts{big: &q, e: p.e + int64(n)}
}

// Round is a to n digits behind the point, half away from zero, as invoices are rounded; n may be
// negative.
func Round(a Value, n int) (Value, error) { return roundTo(a, n, halfAway) }

// Trunc is a without its fraction.
func Trunc(a Value) (Value, error) { return roundTo(a, 0, toZero) }

// Floor is the largest whole number that is not above a.
func Floor(a Value) (Value, error) {
	t, err := Trunc(a)
	if err != nil || a.Sign() >= 0 || Cmp(t, a) == 0 {
		return t, err
	}
	return Sub(t, OfInt(1))
}

// Ceil is the smallest whole number that is not below a.
func Ceil(a Value) (Value, error) {
	t, err := Trunc(a)
	if err != nil || a.Sign() <= 0 || Cmp(t, a) == 0 {
		return t, err
	}
	return Add(t, OfInt(1))
}

func roundTo(a Value, n int, up rounding) (Value, error) {
	p, ok := a.parts()
	if !ok || !p.bounded() {
		return Value{}, ErrTooLong
	}
	cut := -int64(n) - p.e
	switch {
	case cut <= 0:
		return p.checked()
	case cut > p.size()-p.e+1 || cut > 2*MaxDigits: // less than a tenth of the unit
		return OfInt(0), nil
	}
	if p.big == nil && cut <= 18 {
		unit := powers[cut]
		q, rest := p.c/unit, p.c%unit
		if up(q&1 == 1, cmp.Compare(2*abs64(rest), uint64(unit))) && rest != 0 {
			q += int64(p.sign())
		}
		return parts{c: q, e: p.e + cut}.checked()
	}
	return p.cut(int(cut), false, up).checked()
}
