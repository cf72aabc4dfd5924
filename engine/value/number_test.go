package value

import (
	"errors"
	"math/big"
	"strings"
	"testing"
)

func num(t testing.TB, s string) Value {
	t.Helper()
	v, ok := OfNumber(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return v
}

func TestArithmetic(t *testing.T) {
	nines := strings.Repeat("9", 999)
	cases := []struct{ a, op, b, want string }{
		{"0.1", "+", "0.2", "0.3"},
		{"1", "+", "-1", "0"},
		{"-0", "+", "0", "0"},
		{"1e3", "+", "0", "1000"},
		{"12.0000", "+", "0", "12"},
		{"9223372036854775807", "+", "1", "9223372036854775808"},
		{"-9223372036854775808", "-", "1", "-9223372036854775809"},
		{"-9223372036854775808", "*", "-1", "9223372036854775808"},
		{"1e18", "+", "1e-18", "1000000000000000000.000000000000000001"},
		{"99999999999999999999", "-", "99999999999999999998", "1"},
		{"0.00000000000000000001", "*", "1e20", "1"},
		{"123456789012345678", "*", "10", "1234567890123456780"},
		{"0e999999999", "+", "1", "1"},
		{"0e999999999", "*", "1e999999999", "0"},
		{"1", "%", "0e999999999", "zero"},
		{"0e-999999999", "%", "7", "0"},
		{"1e999999999", "+", "1", "digits"},
		{"1e600", "*", "1e600", "digits"},
		{"1e-600", "*", "1e-600", "digits"},
		{nines, "+", "1", "1" + strings.Repeat("0", 999)},
		{nines + "9", "+", "1", "digits"},
		{"1", "/", "3", "0.3333333333333333333333333333333333"},
		{"2", "/", "3", "0.6666666666666666666666666666666667"},
		{"-2", "/", "3", "-0.6666666666666666666666666666666667"},
		{"1", "/", "8", "0.125"},
		{"1e20", "/", "1e-20", "1" + strings.Repeat("0", 40)},
		{"10000000000000000000000000000000005", "/", "10", "1000000000000000000000000000000000"},
		{"10000000000000000000000000000000015", "/", "10", "1000000000000000000000000000000002"},
		{"100000000000000000000000000000000051", "/", "100", "1000000000000000000000000000000001"},
		{"1", "/", "0", "zero"},
		{"0", "/", "5", "0"},
		{"7", "%", "-3", "1"},
		{"-7.5", "%", "2", "-1.5"},
		{"1", "%", "0.3", "0.1"},
		{"2", "**", "1000", new(big.Int).Lsh(big.NewInt(1), 1000).String()},
		{"2", "**", "-2", "0.25"},
		{"0", "**", "-1", "zero"},
		{"0", "**", "0", "1"},
		{"9", "**", "0.5", "power"},
		{"9", "**", "2000", "power"},
		{"1.1", "**", "1000", "digits"},
	}
	ops := map[string]func(a, b Value) (Value, error){"+": Add, "-": Sub, "*": Mul, "/": Quo, "%": Rem, "**": Pow}
	for _, c := range cases {
		got, err := ops[c.op](num(t, c.a), num(t, c.b))
		text := got.JSON()
		if err != nil {
			text = err.Error()
		}
		if text != c.want && (err == nil || !strings.Contains(text, c.want)) {
			t.Errorf("%.40s %s %.40s = %.60s, not %.60s", c.a, c.op, c.b, text, c.want)
		}
	}
}

func TestRounding(t *testing.T) {
	cases := []struct {
		x      string
		digits int
		want   string
	}{
		{"2.5", 0, "3"},
		{"-2.5", 0, "-3"},
		{"2.4999999999999999999999", 0, "2"},
		{"2.345", 2, "2.35"},
		{"1.005", 2, "1.01"},
		{"-1.005", 2, "-1.01"},
		{"1250", -2, "1300"},
		{"49", -2, "0"},
		{"50", -2, "100"},
		{"-0.4", 0, "0"},
		{"0.05", 1, "0.1"},
		{"0.04", 1, "0"},
		{"0.5", 0, "1"},
		{"0.5", -1, "0"},
		{"123456789012345678901234567890.5", 0, "123456789012345678901234567891"},
		{"1e30", 2, "1" + strings.Repeat("0", 30)},
		{"1e-999", 2, "0"},
		{"12.10", 5, "12.1"},
	}
	for _, c := range cases {
		if got, err := Round(num(t, c.x), c.digits); err != nil || got.JSON() != c.want {
			t.Errorf("round(%s, %d) = %s, %v, not %s", c.x, c.digits, got.JSON(), err, c.want)
		}
	}
	for x, want := range map[string][2]string{"1.5": {"1", "2"}, "-1.5": {"-2", "-1"}, "3.0": {"3", "3"}, "-3": {"-3", "-3"}, "0.001": {"0", "1"}, "-0.001": {"-1", "0"}, "0": {"0", "0"}} {
		floor, err1 := Floor(num(t, x))
		ceil, err2 := Ceil(num(t, x))
		if err := errors.Join(err1, err2); err != nil || floor.JSON() != want[0] || ceil.JSON() != want[1] {
			t.Errorf("floor(%s) = %s, ceil = %s, %v", x, floor.JSON(), ceil.JSON(), err)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for in, want := range map[string]string{"49.98": "49.98", " 7.50 ": "7.50", "+5": "5", "-.5": "-0.5", "5.": "5", "007": "7", "0.0": "0.0", "-0": "-0", "1e3": "1e3", "1.E2": "1E2"} {
		if v, ok := ParseNumber(in); !ok || v.JSON() != want {
			t.Errorf("%q reads as %s, %v, not %s", in, v.JSON(), ok, want)
		}
	}
	for _, in := range []string{"", " ", ".", "-", "+-5", "1,000", "1 000", "0x10", "1e", "NaN", "Inf", "10.01.0001", "１", "--1", "5e1e1"} {
		if v, ok := ParseNumber(in); ok {
			t.Errorf("%q reads as %s", in, v.JSON())
		}
	}
}

func TestInt64(t *testing.T) {
	for in, want := range map[string]int64{"3": 3, "3.0": 3, "30e-1": 3, "-0": 0, "1e3": 1000, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63, "0e999999999": 0, "10000000000000000000e-1": 1000000000000000000} {
		if got, ok := num(t, in).Int64(); !ok || got != want {
			t.Errorf("%s is %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"3.5", "9223372036854775808", "1e999999999", "1e-999999999", "0.1e0"} {
		if got, ok := num(t, in).Int64(); ok {
			t.Errorf("%s is %d", in, got)
		}
	}
}

func TestCmp(t *testing.T) {
	ordered := []string{"-1e999999999", "-1e20", "-99999999999999999999", "-1.5", "-1", "-1e-999999999", "0", "1e-999999999", "0.1", "1", "1.0000000000000000000001", "1.5", "99999999999999999999", "1e20", strings.Repeat("9", 1500), "1e999999999"}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := Cmp(num(t, a), num(t, b)); got != want {
				t.Errorf("%.30s against %.30s is %d", a, b, got)
			}
		}
	}
	for _, pair := range [][2]string{{"12.0", "12"}, {"1e3", "1000"}, {"-0", "0"}, {"0e5", "0.00"}, {"100e-2", "1"}, {strings.Repeat("9", 1500) + ".0", strings.Repeat("9", 1500)}} {
		a, b := num(t, pair[0]), num(t, pair[1])
		if Cmp(a, b) != 0 || HashOf(a) != HashOf(b) {
			t.Errorf("%.30s and %.30s differ", pair[0], pair[1])
		}
	}
}

// FuzzArithmetic compares with big.Rat, which is exact.
// What stands between digits ends no number: 0-5 is not -5.
func TestNoNumbers(t *testing.T) {
	for _, s := range []string{"0-5", "00-12.50", "0+5", "1-5", "0-", "0.-5", "00e-", "-0-5", "+0-5", "0 5", "05-"} {
		if v, ok := ParseNumber(s); ok {
			t.Errorf("%q is read as %s", s, v.JSON())
		}
	}
}

func FuzzArithmetic(f *testing.F) {
	for _, s := range [][2]string{{"0.1", "0.2"}, {"9223372036854775807", "-1"}, {"1e18", "1e-18"}, {"-123456789012345678.901", "999999999999999999"}, {"0", "-0.00"}, {"1e90", "7e-90"}} {
		f.Add(s[0], s[1], 2)
	}
	f.Fuzz(func(t *testing.T, x, y string, digits int) {
		a, ok1 := OfNumber(x)
		b, ok2 := OfNumber(y)
		if !ok1 || !ok2 || len(x) > 200 || len(y) > 200 {
			return
		}
		ra, rb, ok := rats(a, b)
		if !ok { // too far from zero for big.Rat; it must end well all the same
			for _, op := range []func(a, b Value) (Value, error){Add, Sub, Mul, Quo, Rem, Pow} {
				_, _ = op(a, b)
			}
			Cmp(a, b)
			HashOf(a, b)
			return
		}
		exact(t, "+", a, b, Add, new(big.Rat).Add(ra, rb))
		exact(t, "-", a, b, Sub, new(big.Rat).Sub(ra, rb))
		exact(t, "*", a, b, Mul, new(big.Rat).Mul(ra, rb))
		if got, want := Cmp(a, b), ra.Cmp(rb); got != want {
			t.Fatalf("%s against %s is %d, not %d", x, y, got, want)
		}
		if (HashOf(a) == HashOf(b)) != (ra.Cmp(rb) == 0) {
			t.Fatalf("fingerprints of %s and %s", x, y)
		}
		quotient(t, a, b, ra, rb)
		rounded(t, a, ra, digits%40)
	})
}

func rats(a, b Value) (x, y *big.Rat, ok bool) {
	p, ok1 := a.parts()
	q, ok2 := b.parts()
	if !ok1 || !ok2 || !p.bounded() || !q.bounded() {
		return nil, nil, false
	}
	x, ok1 = new(big.Rat).SetString(a.JSON())
	y, ok2 = new(big.Rat).SetString(b.JSON())
	return x, y, ok1 && ok2
}

func exact(t *testing.T, op string, a, b Value, calc func(a, b Value) (Value, error), want *big.Rat) {
	t.Helper()
	v, err := calc(a, b)
	if errors.Is(err, ErrTooLong) {
		return
	}
	got, ok := new(big.Rat).SetString(v.JSON())
	if err != nil || !ok || got.Cmp(want) != 0 || strings.ContainsAny(v.JSON(), "eE") || strings.HasPrefix(v.JSON(), "-0") && got.Sign() == 0 {
		t.Fatalf("%s %s %s = %s (%v), not %s", a.JSON(), op, b.JSON(), v.JSON(), err, want)
	}
}

func quotient(t *testing.T, a, b Value, ra, rb *big.Rat) {
	t.Helper()
	v, err := Quo(a, b)
	if rb.Sign() == 0 {
		if !errors.Is(err, ErrZero) {
			t.Fatalf("%s / 0 is %s", a.JSON(), v.JSON())
		}
		return
	}
	if errors.Is(err, ErrTooLong) {
		return
	}
	got, _ := new(big.Rat).SetString(v.JSON())
	want := new(big.Rat).Quo(ra, rb)
	off := new(big.Rat).Sub(got, want)
	// Half a unit of the 34th digit, relative to the number: 5e-34 of its leading digit's unit.
	limit := new(big.Rat).Mul(new(big.Rat).Abs(want), big.NewRat(1, 1))
	limit.Mul(limit, new(big.Rat).SetFrac(big.NewInt(5), new(big.Int).Exp(big.NewInt(10), big.NewInt(34), nil)))
	if off.Abs(off).Cmp(limit) > 0 {
		t.Fatalf("%s / %s = %s, off by %s", a.JSON(), b.JSON(), v.JSON(), off.FloatString(60))
	}
	digits := strings.TrimLeft(strings.NewReplacer(".", "", "-", "").Replace(v.JSON()), "0")
	if n := len(strings.TrimRight(digits, "0")); n > Precision {
		t.Fatalf("%s / %s = %s has %d digits", a.JSON(), b.JSON(), v.JSON(), n)
	}
}

func rounded(t *testing.T, a Value, ra *big.Rat, digits int) {
	t.Helper()
	v, err := Round(a, digits)
	if err != nil {
		return
	}
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(digits, -digits))), nil))
	scaled := new(big.Rat).Mul(ra, unit)
	if digits < 0 {
		scaled.Quo(ra, unit)
	}
	// Half away from zero: the whole part of |x| + 1/2.
	up := new(big.Rat).Add(new(big.Rat).Abs(scaled), big.NewRat(1, 2))
	whole := new(big.Rat).SetInt(new(big.Int).Quo(up.Num(), up.Denom()))
	if scaled.Sign() < 0 {
		whole.Neg(whole)
	}
	want := new(big.Rat).Quo(whole, unit)
	if digits < 0 {
		want.Mul(whole, unit)
	}
	if got, ok := new(big.Rat).SetString(v.JSON()); !ok || got.Cmp(want) != 0 {
		t.Fatalf("round(%s, %d) = %s, not %s", a.JSON(), digits, v.JSON(), want.RatString())
	}
}
