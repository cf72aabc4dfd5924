package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// cents is an amount of money. As text it has two places, "54.98"; the yen's are always zero.
type cents int64

func (c cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// MarshalText makes cents a JSON text.
func (c cents) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// numeric is an amount that the vendor sends as a number: 24.99, -5.0, and 0 for nothing.
type numeric cents

// MarshalJSON writes 24.99, -7.5, -5.0 or 0.
func (n numeric) MarshalJSON() ([]byte, error) {
	if n == 0 {
		return []byte("0"), nil
	}
	s := cents(n).String()
	return []byte(strings.TrimSuffix(s, "0")), nil
}

// parseCents reads "12", "12.5" or "12.3400"; what lies below a cent is cut.
func parseCents(s string) (cents, bool) {
	whole, part, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	n, err := strconv.ParseInt(whole, 10, 50)
	if err != nil || n < 0 || strings.Trim(part, "0123456789") != "" {
		return 0, false
	}
	c := cents(n)*100 + cents(digit(part, 0))*10 + cents(digit(part, 1))
	if strings.HasPrefix(s, "-") {
		c = -c
	}
	return c, true
}

func digit(s string, i int) int {
	if i < len(s) {
		return int(s[i] - '0')
	}
	return 0
}
