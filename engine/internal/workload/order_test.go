package workload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

type order struct {
	OrderID  string `json:"order_id"`
	BuyerID  string `json:"buyer_id"`
	Currency string
	Amount   float64
	Updated  string
	Items    []struct {
		Qty   int
		Price float64
	}
}

func parse(t *testing.T, line []byte) order {
	t.Helper()
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return o
}

// TestOrders: the shares that the workload promises, over a hundred thousand orders.
func TestOrders(t *testing.T) {
	const n = 100_000
	bad, miss, size, cny, changed := 0, 0, 0, 0, 0
	var line, later []byte
	for i := range n {
		line = AppendOrder(line[:0], 1, i)
		later = AppendLater(later[:0], 1, i)
		if line[len(line)-1] != '\n' || bytes.Count(line, []byte("\n")) != 1 {
			t.Fatalf("not one line: %q", line)
		}
		size += len(line)
		if !bytes.Equal(line, later) {
			changed++
			if a, b := parse(t, line), parse(t, later); a.Amount == b.Amount || a.Updated == b.Updated || a.OrderID != b.OrderID {
				t.Fatalf("changed in another way: %s%s", line, later)
			}
		}
		if i%10 != 0 {
			continue
		}
		o := parse(t, line)
		if right(o) == Bad(1, i) {
			t.Fatalf("bad: %v, and the order is %s", Bad(1, i), line)
		}
		if o.Currency == "CNY" {
			cny++
		}
		if o.BuyerID >= "B0010000" {
			miss++
		}
	}
	for i := range n {
		if Bad(1, i) {
			bad++
		}
	}
	for _, x := range []struct {
		what             string
		got, least, most int
	}{
		{"bad", bad, 900, 1100},
		{"bytes a line", size / n, 600, 660},
		{"in CNY of 10,000", cny, 5800, 6200},
		{"unknown buyers of 10,000", miss, 25, 75},
		{"changed", changed, 70, 130},
	} {
		if x.got < x.least || x.got > x.most {
			t.Errorf("%s: %d, want %d to %d", x.what, x.got, x.least, x.most)
		}
		t.Logf("%s: %d", x.what, x.got)
	}
}

func right(o order) bool {
	ok := o.Amount > 0 && len(o.Items) > 0 && strings.Contains("CNY USD EUR HKD JPY", o.Currency)
	sum := 0.0
	for _, it := range o.Items {
		ok = ok && it.Qty > 0
		sum += float64(it.Qty) * it.Price
	}
	return ok && math.Abs(sum-o.Amount) < 0.02
}

// TestStable: the bytes are the same on every machine and for ever; a change here makes all
// earlier measurements incomparable.
func TestStable(t *testing.T) {
	h := sha256.New()
	var b []byte
	for i := range 1000 {
		b = AppendOrder(b[:0], 1, i)
		h.Write(b)
		b = AppendCustomer(b[:0], i)
		h.Write(b)
	}
	const want = "b5168c1e6d1e3305"
	if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
		t.Errorf("the first thousand orders hash to %s, want %s", got, want)
	}
	var n [3]int
	for i := range 1_000_000 {
		if !Bad(1, i) {
			continue
		}
		for k, size := range []int{100_000, 200_000, 1_000_000} {
			if i < size {
				n[k]++
			}
		}
	}
	if n != [3]int{979, 1982, 10147} {
		t.Errorf("bad orders of seed 1: %v", n)
	}
}

func BenchmarkAppendOrder(b *testing.B) {
	b.ReportAllocs()
	var line []byte
	for i := 0; b.Loop(); i++ {
		line = AppendOrder(line[:0], 1, i)
	}
	b.SetBytes(int64(len(line)))
}
