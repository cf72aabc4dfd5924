package problem

import "testing"

func TestHintsAreCommandsThatCanBeCopied(t *testing.T) {
	hint := "pipectl errors retry {records}, or pipectl errors link {record} {number}"
	for _, c := range []struct {
		of   Subject
		want string
	}{
		{Subject{}, "pipectl errors retry PIPELINE KEY, or pipectl errors link PIPELINE KEY NUMBER"},
		{Subject{Pipeline: "orders", Key: "113/A-1", Number: "SO-1"}, "pipectl errors retry orders 113/A-1, or pipectl errors link orders 113/A-1 SO-1"},
		{Subject{Pipeline: "订单", Key: "A 1", Number: "it's"}, `pipectl errors retry 订单 'A 1', or pipectl errors link 订单 'A 1' 'it'\''s'`},
		{Subject{Pipeline: "orders", Key: "A-1", Cause: "BD_MATERIAL: SKU-7"}, "pipectl errors retry orders --cause 'BD_MATERIAL: SKU-7', or pipectl errors link orders KEY NUMBER"},
		{Subject{Pipeline: "orders", Key: "$(rm -r x)`;*?"}, "pipectl errors retry orders '$(rm -r x)`;*?', or pipectl errors link orders '$(rm -r x)`;*?' NUMBER"},
	} {
		if got := c.of.Fill(hint); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.of, got, c.want)
		}
	}
	e := &Error{Class: Held, Pipeline: "orders", Key: "A-1", Reason: "bill is there", Hint: "pipectl errors retry {records}"}
	if want := "held: orders, record A-1\n  bill is there\n  → pipectl errors retry orders A-1"; e.Error() != want {
		t.Errorf("got %s", e.Error())
	}
	if got := Title("PC101"); got != "unknown key" {
		t.Errorf("PC101 is called %q", got)
	}
}
