package expr

import (
	"fmt"
	"sort"
	"strings"

	"github.com/pipectl/pipectl/engine/value"
)

func numberFunctions() []function {
	kNumbers := kNumber | kList
	return []function{
		{
			Function: doc("number", "number(x) → number", "The exact number in a text; a text that holds none is an error. No thousands separators.", `number("49.98")`, "49.98"),
			params:   []kinds{kText | kNumber}, least: 1, most: 1, result: answers(tNumber), one: numberOf,
		},
		{
			Function: doc("number", "float(x) → number", "The same as number(x): there is no binary floating point.", `float("1.5")`, "1.5"),
			params:   []kinds{kText | kNumber}, least: 1, most: 1, result: answers(tNumber), one: numberOf,
		},
		{
			Function: doc("number", "int(x) → number", "A number without its fraction, or the whole number in a text.", "int(2.9)", "2"),
			params:   []kinds{kText | kNumber}, least: 1, most: 1, result: answers(tNumber), one: intOf,
		},
		{
			Function: doc("number", "round(x, digits?) → number", "Rounds to so many digits behind the point (0), half away from zero, as invoices do.", "round(2.345, 2)", "2.35"),
			params:   []kinds{kNumber}, least: 1, most: 2, result: answers(tNumber), two: roundOf,
		},
		onNumber("floor(x) → number", "The largest whole number not above x.", "floor(-1.5)", "-2", value.Floor),
		onNumber("ceil(x) → number", "The smallest whole number not below x.", "ceil(1.2)", "2", value.Ceil),
		onNumber("abs(x) → number", "x without its sign.", "abs(-3)", "3", absOf),
		folded(kNumbers, "max(x, …) → number", "The largest of numbers and lists of numbers.", "max(1, [3, 2])", "3", largest),
		folded(kNumbers, "min(x, …) → number", "The smallest of numbers and lists of numbers.", "min(1, [3, 2])", "1", smallest),
		folded(kNumbers, "mean(x, …) → number", "The average; of nothing, 0.", "mean([1, 2])", "1.5", mean),
		folded(kNumbers, "median(x, …) → number", "The number in the middle; of nothing, 0.", "median([1, 5, 2])", "2", median),
		bits("bitand(a, b) → number", "a AND b, bit by bit.", "bitand(6, 3)", "2", func(a, b int64) int64 { return a & b }),
		bits("bitor(a, b) → number", "a OR b, bit by bit.", "bitor(6, 3)", "7", func(a, b int64) int64 { return a | b }),
		bits("bitxor(a, b) → number", "a XOR b, bit by bit.", "bitxor(6, 3)", "5", func(a, b int64) int64 { return a ^ b }),
		bits("bitnand(a, b) → number", "a AND NOT b, bit by bit.", "bitnand(6, 3)", "4", func(a, b int64) int64 { return a &^ b }),
		{
			Function: doc("number", "bitnot(a) → number", "NOT a, bit by bit.", "bitnot(6)", "-7"),
			params:   []kinds{kNumber}, least: 1, most: 1, result: answers(tNumber), one: func(_ *Frame, c *callee, a value.Value) (value.Value, error) {
				n, err := c.whole(0, a)
				return value.OfInt(^n), err
			},
		},
	}
}

func numberOf(_ *Frame, c *callee, a value.Value) (value.Value, error) {
	if a.Kind() == value.Number {
		return a, nil
	}
	if v, ok := value.ParseNumber(a.Text()); ok {
		return v, nil
	}
	return a, c.args[0].fail("PC226", fmt.Sprintf("%s is %s, which is no number", c.args[0].label, a.Display()), "take other characters away with replace or trim first")
}

func intOf(f *Frame, c *callee, a value.Value) (value.Value, error) {
	v, err := numberOf(f, c, a)
	if err != nil {
		return v, err
	}
	t, err := value.Trunc(v)
	if err == nil && a.Kind() == value.Text && value.Cmp(t, v) != 0 {
		return a, c.args[0].fail("PC226", fmt.Sprintf("%s is %s, which is no whole number", c.args[0].label, a.Display()), "int(number(x)) cuts the fraction off")
	}
	return c.calculated(t, err)
}

func roundOf(_ *Frame, c *callee, x, digits value.Value) (value.Value, error) {
	n := int64(0)
	if digits.Kind() == value.Number {
		var err error
		if n, err = c.whole(1, digits); err != nil {
			return digits, err
		}
	}
	return c.calculated(value.Round(x, int(min(max(n, -value.MaxDigits), value.MaxDigits))))
}

// whole is an argument that has to be a whole number.
func (c *callee) whole(i int, v value.Value) (int64, error) {
	n, ok := v.Int64()
	if !ok {
		return 0, c.args[i].fail("PC222", fmt.Sprintf("%s is %s, and a whole number is needed", c.args[i].label, v.Display()), "")
	}
	return n, nil
}

func onNumber(signature, line, example, answer string, calc func(value.Value) (value.Value, error)) function {
	return function{
		Function: doc("number", signature, line, example, answer), params: []kinds{kNumber}, least: 1, most: 1, result: answers(tNumber),
		one: func(_ *Frame, c *callee, a value.Value) (value.Value, error) { return c.calculated(calc(a)) },
	}
}

func absOf(v value.Value) (value.Value, error) {
	if v.Sign() < 0 {
		return value.Neg(v)
	}
	return v, nil
}

func bits(signature, line, example, answer string, calc func(a, b int64) int64) function {
	return function{
		Function: doc("number", signature, line, example, answer), params: []kinds{kNumber}, least: 2, most: 2, result: answers(tNumber),
		two: func(_ *Frame, c *callee, x, y value.Value) (value.Value, error) {
			a, err := c.whole(0, x)
			if err != nil {
				return x, err
			}
			b, err := c.whole(1, y)
			return value.OfInt(calc(a, b)), err
		},
	}
}

// folded is a function of numbers and of lists of numbers in any depth.
func folded(params kinds, signature, line, example, answer string, fold func([]value.Value) (value.Value, error)) function {
	name, _, _ := strings.Cut(signature, "(")
	return function{
		Function: doc("number", signature, line, example, answer), params: []kinds{params}, least: 1, result: answers(tNumber),
		many: func(f *Frame, c *callee, args []value.Value) (value.Value, error) {
			var all []value.Value
			for i, a := range args {
				var err error
				if all, err = c.numbers(f, name, i, a, all); err != nil {
					return a, err
				}
			}
			if len(all) == 0 && strings.HasPrefix(name, "m") && len(name) == 3 {
				return value.NullValue(), nil
			}
			return c.calculated(fold(all))
		},
	}
}

func (c *callee) numbers(f *Frame, name string, i int, v value.Value, all []value.Value) ([]value.Value, error) {
	if err := f.spend(&c.part, 1); err != nil {
		return all, err
	}
	switch v.Kind() {
	case value.Number:
		return append(all, v), nil
	case value.List:
		for x := range v.Items() {
			var err error
			if all, err = c.numbers(f, name, i, x, all); err != nil {
				return all, err
			}
		}
		return all, nil
	}
	p := c.args[i]
	p.label = "an item of " + p.label
	return all, p.unfit(v, name, kNumber)
}

func largest(all []value.Value) (value.Value, error) {
	best := all[0]
	for _, v := range all[1:] {
		if value.Cmp(v, best) > 0 {
			best = v
		}
	}
	return best, nil
}

func smallest(all []value.Value) (value.Value, error) {
	best := all[0]
	for _, v := range all[1:] {
		if value.Cmp(v, best) < 0 {
			best = v
		}
	}
	return best, nil
}

func total(all []value.Value) (sum value.Value, err error) {
	sum = value.OfInt(0)
	for _, v := range all {
		if sum, err = value.Add(sum, v); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func mean(all []value.Value) (value.Value, error) {
	sum, err := total(all)
	if err != nil || len(all) == 0 {
		return sum, err
	}
	return value.Quo(sum, value.OfInt(int64(len(all))))
}

func median(all []value.Value) (value.Value, error) {
	if len(all) == 0 {
		return value.OfInt(0), nil
	}
	sort.SliceStable(all, func(i, j int) bool { return value.Cmp(all[i], all[j]) < 0 })
	mid := len(all) / 2
	if len(all)%2 == 1 {
		return all[mid], nil
	}
	return mean(all[mid-1 : mid+1])
}
