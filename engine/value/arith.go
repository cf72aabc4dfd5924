package value

import (
	"cmp"
	"errors"
	"math/big"
	"math/bits"
)

// Errors of arithmetic. The caller knows the names of the operands, and says them.
var (
	ErrTooLong = errors.New("the number has more than 1,000 digits")
	ErrZero    = errors.New("division by zero")
	ErrPower   = errors.New("a power needs a whole exponent between -1,000 and 1,000")
)

// Precision is the number of significant digits to which a division is rounded, half to even.
const Precision = 34

func operands(a, b Value) (x, y parts, err error) {
	x, ok := a.parts()
	if !ok {
		return x, y, ErrTooLong
	}
	if y, ok = b.parts(); !ok {
		return x, y, ErrTooLong
	}
	return x, y, nil
}

func bounded(x, y parts) error {
	if !x.bounded() || !y.bounded() {
		return ErrTooLong
	}
	return nil
}

// Add is a + b, exact.
func Add(a, b Value) (Value, error) {
	x, y, err := operands(a, b)
	if err != nil {
		return Value{}, err
	}
	return add(x, y)
}

// Sub is a - b, exact.
func Sub(a, b Value) (Value, error) {
	x, y, err := operands(a, b)
	if err != nil {
		return Value{}, err
	}
	return add(x, y.negated())
}

// Neg is -a.
func Neg(a Value) (Value, error) {
	x, ok := a.parts()
	if !ok || !x.bounded() {
		return Value{}, ErrTooLong
	}
	return x.negated().number(), nil
}

// negated keeps small numbers small: no coefficient of 18 digits or of a product is the lowest
// int64, but a sum may be.
func (p parts) negated() parts {
	if p.big == nil && p.c != -1<<63 {
		p.c = -p.c
		return p
	}
	p.big = new(big.Int).Neg(p.int())
	return p
}

func add(x, y parts) (Value, error) {
	if x.big == nil && y.big == nil {
		a, b := x, y
		if a.e < b.e {
			a, b = b, a
		}
		if a.c == 0 {
			return b.checked()
		}
		if shift := a.e - b.e; shift <= 18 {
			if c, ok := mul64(a.c, powers[shift]); ok {
				if sum := c + b.c; (sum > c) == (b.c > 0) {
					return parts{c: sum, e: b.e}.checked()
				}
			}
		}
	}
	if err := bounded(x, y); err != nil {
		return Value{}, err
	}
	if x.e < y.e {
		x, y = y, x
	}
	a := new(big.Int).Set(x.int())
	if x.sign() != 0 {
		a.Mul(a, pow10(int(x.e-y.e)))
	} else {
		x.e = y.e
	}
	return parts{big: a.Add(a, y.int()), e: y.e}.checked()
}

func (p parts) checked() (Value, error) {
	if !p.bounded() {
		if p = p.trimmed(); !p.bounded() {
			return Value{}, ErrTooLong
		}
	}
	return p.number(), nil
}

func mul64(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	hi, lo := bits.Mul64(abs64(a), abs64(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func abs64(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// Mul is a * b, exact.
func Mul(a, b Value) (Value, error) {
	x, y, err := operands(a, b)
	if err != nil {
		return Value{}, err
	}
	return mul(x, y)
}

func mul(x, y parts) (Value, error) {
	if x.big == nil && y.big == nil {
		if c, ok := mul64(x.c, y.c); ok {
			return parts{c: c, e: x.e + y.e}.checked()
		}
	}
	if x.sign() == 0 || y.sign() == 0 {
		return OfInt(0), nil
	}
	if err := bounded(x, y); err != nil {
		return Value{}, err
	}
	return parts{big: new(big.Int).Mul(x.int(), y.int()), e: x.e + y.e}.checked()
}

// Quo is a / b: exact where it has at most 34 significant digits, else rounded to them, half to
// even.
func Quo(a, b Value) (Value, error) {
	x, y, err := operands(a, b)
	if err != nil {
		return Value{}, err
	}
	if y.sign() == 0 {
		return Value{}, ErrZero
	}
	if x.sign() == 0 {
		return OfInt(0), nil
	}
	if v, ok := quo64(x, y); ok {
		return v, nil
	}
	if err := bounded(x, y); err != nil {
		return Value{}, err
	}
	return quo(x, y, Precision).checked()
}

// quo64 divides while the numbers stay small and the quotient comes to an end.
func quo64(x, y parts) (Value, bool) {
	if x.big != nil || y.big != nil || x.c == -1<<63 || y.c == -1<<63 {
		return Value{}, false
	}
	c, e := x.c, x.e-y.e
	for range 18 {
		if c%y.c == 0 {
			v, err := parts{c: c / y.c, e: e}.checked()
			return v, err == nil
		}
		var ok bool
		if c, ok = mul64(c, 10); !ok {
			break
		}
		e--
	}
	return Value{}, false
}

func quo(x, y parts, precision int) parts {
	a, b := new(big.Int).Set(x.int()), y.int()
	// So many zeros that the whole part of the quotient has more digits than are kept.
	shift := max(0, precision+1+decimalLen(b)-decimalLen(a))
	a.Mul(a, pow10(shift))
	var rest big.Int
	a.QuoRem(a, b, &rest)
	p := parts{big: a, e: x.e - y.e - int64(shift)}
	extra := decimalLen(a) - precision
	if extra <= 0 {
		return p.trimmed() // never with the shift above; kept so that the rounding below is safe
	}
	return p.cut(extra, rest.Sign() != 0, halfEven).trimmed()
}

// trimmed takes zeros from the end into the exponent.
func (p parts) trimmed() parts {
	if p.big == nil {
		for p.c != 0 && p.c%10 == 0 {
			p.c, p.e = p.c/10, p.e+1
		}
		return p
	}
	if p.big.Sign() == 0 {
		return parts{}
	}
	ten := big.NewInt(10)
	b := new(big.Int).Set(p.big)
	var q, r big.Int
	for {
		if q.QuoRem(b, ten, &r); r.Sign() != 0 {
			return parts{big: b, e: p.e}
		}
		b.Set(&q)
		p.e++
	}
}

// Rem is what is left of a / b when the quotient is cut to a whole number; it has a's sign.
func Rem(a, b Value) (Value, error) {
	x, y, err := operands(a, b)
	if err != nil {
		return Value{}, err
	}
	if y.sign() == 0 {
		return Value{}, ErrZero
	}
	if err := bounded(x, y); err != nil {
		return Value{}, err
	}
	e := min(x.e, y.e)
	m := new(big.Int).Mul(x.int(), pow10(int(x.e-e)))
	return parts{big: m.Rem(m, new(big.Int).Mul(y.int(), pow10(int(y.e-e)))), e: e}.checked()
}

// Pow is a to the power of b, which is whole: exact for positive powers, rounded like a division
// for negative ones.
func Pow(a, b Value) (Value, error) {
	n, ok := b.Int64()
	if !ok || n < -1000 || n > 1000 {
		return Value{}, ErrPower
	}
	result, square := OfInt(1), a
	var err error
	for k := max(n, -n); k > 0; k >>= 1 {
		if k&1 == 1 {
			if result, err = Mul(result, square); err != nil {
				return Value{}, err
			}
		}
		if k > 1 {
			if square, err = Mul(square, square); err != nil {
				return Value{}, err
			}
		}
	}
	if n < 0 {
		return Quo(OfInt(1), result)
	}
	return result, nil
}

// Sign is -1, 0 or 1 for a Number.
func (v Value) Sign() int {
	if p, ok := v.parts(); ok {
		return p.sign()
	}
	if v.str[0] == '-' {
		return -1
	}
	return 1
}

// Cmp orders two Numbers by what they are worth, however long they are.
func Cmp(a, b Value) int {
	if a.str == "" && b.str == "" && a.ref == nil && b.ref == nil && a.exp == b.exp {
		return cmp.Compare(a.num, b.num)
	}
	x, ok1 := a.parts()
	y, ok2 := b.parts()
	if !ok1 || !ok2 {
		return cmpTokens(string(a.appendNumber(nil)), string(b.appendNumber(nil)))
	}
	if x.sign() != y.sign() {
		return cmp.Compare(x.sign(), y.sign())
	}
	if x.sign() == 0 {
		return 0
	}
	if x.big == nil && y.big == nil && x.e == y.e {
		return cmp.Compare(x.c, y.c)
	}
	if x.size() != y.size() {
		return cmp.Compare(x.size(), y.size()) * x.sign()
	}
	// Of one size, so the exponents differ by no more than the digits do.
	e := min(x.e, y.e)
	if x.big == nil && y.big == nil && x.e-e <= 18 && y.e-e <= 18 {
		c, ok1 := mul64(x.c, powers[x.e-e])
		d, ok2 := mul64(y.c, powers[y.e-e])
		if ok1 && ok2 {
			return cmp.Compare(c, d)
		}
	}
	p := new(big.Int).Mul(x.int(), pow10(int(x.e-e)))
	return p.Cmp(new(big.Int).Mul(y.int(), pow10(int(y.e-e))))
}
