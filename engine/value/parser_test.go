package value

import (
	"fmt"
	"strings"
	"testing"
)

// TestParser: records whose indexes share memory don't disturb each other, whatever stands between
// them: broken texts, and ones that are larger than a slab.
func TestParser(t *testing.T) {
	text := func(i int) string {
		list := strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`{"n":%d},`, i), i*i%9*200+1), ",")
		return fmt.Sprintf(`{"id":"R-%d","items":[%s],"last":%d}`, i, list, i)
	}
	var p Parser
	var all []Record
	for i := range 300 {
		r, err := p.ParseText(text(i))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
		for _, bad := range []string{`{"a":1,"a":2}`, `{"a":[1,2,{"b":`, `[1]`, ``} {
			_, err := p.ParseText(bad)
			_, alone := ParseText(bad)
			if err == nil || err.Error() != alone.Error() {
				t.Fatalf("%s: %v, alone %v", bad, err, alone)
			}
		}
	}
	for i, r := range all {
		alone, err := ParseText(text(i))
		if err != nil {
			t.Fatal(err)
		}
		if r.JSON() != alone.JSON() || r.Hash() != alone.Hash() || r.Get("last").Display() != fmt.Sprint(i) {
			t.Fatalf("record %d is %.80s", i, r.JSON())
		}
		for item := range r.Get("items").Items() {
			if n, ok := item.Get("n").Int64(); !ok || n != int64(i) {
				t.Fatalf("record %d has an item of %d", i, n)
			}
		}
	}
}

// TestKeysThatLookAlike: keys of one length with the same ends are told apart, and found twice.
func TestKeysThatLookAlike(t *testing.T) {
	if _, err := ParseText(`{"axb":1,"ayb":2,"azb":3}`); err != nil {
		t.Error(err)
	}
	for _, twice := range []string{`{"axb":1,"ayb":2,"axb":3}`, `{"":1,"b":2,"":3}`} {
		if _, err := ParseText(twice); err == nil {
			t.Errorf("accepted: %s", twice)
		}
	}
}

// TestHashWithoutIndex: a document that nobody looked into hashes as one that was, and a text that
// isn't valid after all as the empty record that it shows as.
func TestHashWithoutIndex(t *testing.T) {
	for _, raw := range []string{`{"b":1.0,"a":[{"x":"\u0041"},null]}`, `{}`, `{"a":`, `[1]`} {
		looked := Known(raw)
		looked.Value()
		if Known(raw).Hash() != looked.Hash() {
			t.Errorf("%s hashes differently", raw)
		}
	}
}

// TestClone: a copy is the same record, whether it was looked into or not.
func TestClone(t *testing.T) {
	if !(Record{}).Clone().IsZero() {
		t.Error("a copy of nothing is something")
	}
	r, err := ParseText(order)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []Record{r, Known(order)} {
		c := x.Clone()
		if c.JSON() != order || c.Hash() != r.Hash() || c.Get("address").Get("phone").Text() != "13800000000" {
			t.Errorf("the copy is %s", c.JSON())
		}
	}
}
