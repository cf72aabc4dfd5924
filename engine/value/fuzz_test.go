package value

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

// FuzzKey: the parts of a key come back whole whatever stands in them, and no two keys are one.
func FuzzKey(f *testing.F) {
	for _, s := range [][2]string{{"113", "111-1"}, {"a/b", `c\`}, {`\/`, "/"}, {"\x00", "\n"}, {"", "订单"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		key := JoinKey(a, b)
		if got := SplitKey(key); !slices.Equal(got, []string{a, b}) {
			t.Fatalf("%q, %q are joined as %q and come back as %q", a, b, key, got)
		}
		if one := SplitKey(JoinKey(a)); len(one) != 1 || one[0] != a {
			t.Fatalf("%q comes back as %q", a, one)
		}
		if text, ok := KeyText(OfText(a)); ok {
			if again, ok := KeyText(OfText(text)); !ok || again != text {
				t.Fatalf("key part %q becomes %q and then %q", a, text, again)
			}
		}
	})
}

// FuzzNumber: what is read as a number is the number that is written there, as math/big reads it.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"12.50", " +1.5 ", ".5", "5.", "007", "1e3", "-0.0", "1e999", "1e-999999999", "1,000", "", "-", "+-1", "0x10", strings.Repeat("9", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := ParseNumber(s)
		if !ok {
			return
		}
		token := v.JSON()
		if w, ok := OfNumber(token); !ok || HashOf(w) != HashOf(v) {
			t.Fatalf("%q is read as %q, which is another number or none", s, token)
		}
		if i := strings.IndexAny(token, "eE"); i >= 0 && len(token)-i > 5 {
			return // math/big would write it out
		}
		want, ok := new(big.Rat).SetString(strings.TrimSpace(s))
		got, ok2 := new(big.Rat).SetString(token)
		if !ok || !ok2 || want.Cmp(got) != 0 {
			t.Fatalf("%q is read as %q", s, token)
		}
	})
}

// FuzzPath: a path is read or refused, and what is read finds what it names.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a", "a.b[0].c", `["a.b"].c`, `[""]`, `["]`, `a["`, "a[9999999999999999999]", "..", "订.单"} {
		f.Add(s, `{"a":{"b":[{"c":1}]},"a.b":{"c":2},"":3}`)
	}
	f.Fuzz(func(t *testing.T, path, record string) {
		p, err := ParsePath(path)
		r, bad := ParseText(record)
		if err != nil || bad != nil {
			return
		}
		first, second := p.Get(r.Value()), p.Get(r.Value())
		if HashOf(first) != HashOf(second) {
			t.Fatalf("%q finds %s and then %s", path, first.Display(), second.Display())
		}
		if !strings.ContainsAny(path, ".[") && HashOf(first) != HashOf(r.Get(path)) {
			t.Fatalf("%q finds %s, not %s", path, first.Display(), r.Get(path).Display())
		}
	})
}
