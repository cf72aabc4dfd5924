package sandbox

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// The server calculates in exact decimals: prices to six places, amounts to two, everything
// stored to ten at most.
const (
	pricePlaces  = 6
	amountPlaces = 2
	storedPlaces = 10
)

// exact holds more digits than any product of two stored numbers has.
var exact = func() *apd.Context {
	c := apd.BaseContext.WithPrecision(80)
	c.Rounding = apd.RoundHalfUp
	return c
}()

var zero = apd.New(0, 0)

// parseNumber reads a number as clients write it, in JSON or as text.
func parseNumber(s string) (*apd.Decimal, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 || strings.ContainsAny(s, "iInN_") {
		return nil, false
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite || d.Exponent > 40 || d.Exponent < -60 {
		return nil, false
	}
	return round(d, storedPlaces), true
}

// whole is an integer as a number.
func whole(n int64) *apd.Decimal { return apd.New(n, 0) }

// round keeps at most so many places, half away from zero.
func round(d *apd.Decimal, places int32) *apd.Decimal {
	if d.Exponent >= -places {
		return d
	}
	out := new(apd.Decimal)
	_, _ = exact.Quantize(out, d, -places) // 80 digits are enough for what parseNumber lets in
	return out
}

func add(a, b *apd.Decimal) *apd.Decimal {
	out := new(apd.Decimal)
	_, _ = exact.Add(out, a, b)
	return out
}

func sub(a, b *apd.Decimal) *apd.Decimal {
	out := new(apd.Decimal)
	_, _ = exact.Sub(out, a, b)
	return out
}

func mul(a, b *apd.Decimal) *apd.Decimal {
	out := new(apd.Decimal)
	_, _ = exact.Mul(out, a, b)
	return out
}

// quo divides; nothing here ever divides by zero.
func quo(a, b *apd.Decimal) *apd.Decimal {
	out := new(apd.Decimal)
	_, _ = exact.Quo(out, a, b)
	if out.IsZero() {
		return zero // else it would carry dozens of zeros along
	}
	return out
}

func neg(a *apd.Decimal) *apd.Decimal { return sub(whole(0), a) }

// asNumber is a stored value as a number; what was never set is zero.
func asNumber(v any) *apd.Decimal {
	if d, ok := v.(*apd.Decimal); ok {
		return d
	}
	return whole(0)
}

// plain is a number without exponent and without zeros at the end.
func plain(d *apd.Decimal) string {
	if d.IsZero() {
		return "0" // however many zeros it was written with
	}
	s := d.Text('f')
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// digits is a number as the server writes it into JSON: at least one place ("12.0").
type digits string

func (d digits) MarshalJSON() ([]byte, error) { return []byte(d), nil }

func written(d *apd.Decimal) digits {
	s := plain(d)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return digits(s)
}
