package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/value"
)

const kPart = kText | kNumber | kBool

func textFunctions() []function {
	return []function{
		{
			Function: doc("text", "text(part, …) → text", "Joins texts and numbers into one text; a part that is null or absent is an error.", `text(113, "-", "A1")`, `"113-A1"`),
			params:   []kinds{kPart}, least: 1, result: answers(tText), many: textOf,
		},
		{
			Function: doc("text", "string(x) → text", "A number or truth value as text; null and absent are errors.", "string(12.50)", `"12.5"`),
			params:   []kinds{kPart | kInstant | kList | kObject}, least: 1, most: 1, result: answers(tText), one: stringOf,
		},
		onText("trim(text, characters?) → text", "Takes blanks, or the given characters, from both ends.", `trim("  A1 ")`, `"A1"`, strings.TrimSpace, strings.Trim),
		onText("trimPrefix(text, prefix?) → text", "Takes a prefix away, where there is one.", `trimPrefix("SO-1", "SO-")`, `"1"`, strings.TrimSpace, strings.TrimPrefix),
		onText("trimSuffix(text, suffix?) → text", "Takes a suffix away, where there is one.", `trimSuffix("1.pdf", ".pdf")`, `"1"`, strings.TrimSpace, strings.TrimSuffix),
		onText("upper(text) → text", "Upper case.", `upper("sku-1")`, `"SKU-1"`, strings.ToUpper, nil),
		onText("lower(text) → text", "Lower case.", `lower("SKU-1")`, `"sku-1"`, strings.ToLower, nil),
		{
			Function: doc("text", "split(text, separator, most?) → list", "The parts of a text between separators, at most so many.", `split("a,b", ",")`, `["a","b"]`),
			params:   []kinds{kText, kText, kNumber}, least: 2, most: 3, result: answers(tTexts), many: splitter(strings.SplitN),
		},
		{
			Function: doc("text", "splitAfter(text, separator, most?) → list", "As split; the parts keep their separators.", `splitAfter("a,b", ",")`, `["a,","b"]`),
			params:   []kinds{kText, kText, kNumber}, least: 2, most: 3, result: answers(tTexts), many: splitter(strings.SplitAfterN),
		},
		{
			Function: doc("text", "join(list, separator?) → text", "Joins a list of texts.", `join(["a", "b"], "/")`, `"a/b"`),
			params:   []kinds{kList, kText}, least: 1, most: 2, result: answers(tText), two: joinList,
		},
		{
			Function: doc("text", "replace(text, old, new, most?) → text", "Replaces a part of a text everywhere, or at most so many times.", `replace("a-b-c", "-", "/")`, `"a/b/c"`),
			params:   []kinds{kText, kText, kText, kNumber}, least: 3, most: 4, result: answers(tText), many: replaceText,
		},
		{
			Function: doc("text", "repeat(text, times) → text", "A text several times.", `repeat("ab", 2)`, `"abab"`),
			params:   []kinds{kText, kNumber}, least: 2, most: 2, result: answers(tText), two: repeatText,
		},
		{
			Function: doc("text", "indexOf(text, part) → number", "Where a part begins, counted in characters from 0; -1 where it isn't in the text.", `indexOf("订单A", "A")`, "2"),
			params:   []kinds{kText}, least: 2, most: 2, result: answers(tNumber), two: whereIs(strings.Index),
		},
		{
			Function: doc("text", "lastIndexOf(text, part) → number", "As indexOf, from the end.", `lastIndexOf("a-b-c", "-")`, "3"),
			params:   []kinds{kText}, least: 2, most: 2, result: answers(tNumber), two: whereIs(strings.LastIndex),
		},
		textPredicate("hasPrefix(text, prefix) → truth", "Whether a text begins so; also `text startsWith prefix`.", `hasPrefix("SO-1", "SO")`, "true", strings.HasPrefix),
		textPredicate("hasSuffix(text, suffix) → truth", "Whether a text ends so; also `text endsWith suffix`.", `hasSuffix("SO-1", "2")`, "false", strings.HasSuffix),
		{
			Function: doc("text", "filled(x) → x", "x itself; absent where it is null, absent, an empty or blank text.", `filled("A1")`, `"A1"`),
			params:   []kinds{kAny}, least: 1, most: 1, result: likeFirst, one: filled, lenient: true,
		},
	}
}

func onText(signature, line, example, answer string, plain func(string) string, with func(s, x string) string) function {
	fn := function{Function: doc("text", signature, line, example, answer), params: []kinds{kText}, least: 1, most: 1, result: answers(tText)}
	if with != nil {
		fn.most = 2
	}
	fn.two = func(f *Frame, c *callee, a, b value.Value) (value.Value, error) {
		s := a.Text()
		if b.Kind() == value.Text {
			s = with(s, b.Text())
		} else {
			s = plain(s)
		}
		return c.newText(f, s)
	}
	return fn
}

func textPredicate(signature, line, example, answer string, test func(s, x string) bool) function {
	return function{
		Function: doc("text", signature, line, example, answer), params: []kinds{kText}, least: 2, most: 2, result: answers(tBool),
		two: func(f *Frame, c *callee, a, b value.Value) (value.Value, error) {
			return value.OfBool(test(a.Text(), b.Text())), f.spend(&c.part, a.Size()>>10)
		},
	}
}

// textOf keeps the digits of numbers as they are written: 12.50 stays 12.50.
func textOf(f *Frame, c *callee, args []value.Value) (value.Value, error) {
	for i, a := range args {
		if a.Kind() != value.Text {
			args[i] = value.OfLiteral(a.JSON())
		}
	}
	return c.join(f, args...)
}

func stringOf(f *Frame, c *callee, a value.Value) (value.Value, error) {
	switch a.Kind() {
	case value.Text:
		return a, nil
	case value.Number:
		return value.OfText(a.Plain()), nil
	case value.Instant:
		return value.OfText(strings.Trim(a.JSON(), `"`)), nil
	}
	return c.newText(f, a.JSON())
}

func splitter(split func(s, sep string, n int) []string) func(*Frame, *callee, []value.Value) (value.Value, error) {
	return func(f *Frame, c *callee, args []value.Value) (value.Value, error) {
		most := int64(-1)
		if len(args) > 2 {
			var ok bool
			if most, ok = args[2].Int64(); !ok {
				return args[2], c.args[2].unfit(args[2], "split", kNumber)
			}
		}
		s, sep := args[0].Text(), args[1].Text()
		if n := strings.Count(s, sep); n > maxList && (most < 0 || most > maxList) {
			return value.Value{}, c.tooLarge(fmt.Sprintf("a list of %d items", n))
		}
		parts := split(s, sep, int(min(max(most, -1), maxList+1)))
		items := make([]value.Value, len(parts))
		for i, p := range parts {
			items[i] = value.OfText(p)
		}
		return c.newList(f, items)
	}
}

func joinList(f *Frame, c *callee, list, sep value.Value) (value.Value, error) {
	parts := make([]string, 0, list.Len())
	size := 0
	for x := range list.Items() {
		if x.Kind() != value.Text {
			item := part{label: fmt.Sprintf("item %d of %s", len(parts), c.args[0].label), path: c.args[0].path, at: c.at}
			return x, item.unfit(x, "join", kText)
		}
		s := x.Text()
		if size += len(s) + sep.Size(); size > maxText {
			return value.Value{}, c.tooLarge("a text of more than 16 MiB")
		}
		parts = append(parts, s)
	}
	if err := f.spend(&c.part, len(parts)); err != nil {
		return list, err
	}
	return c.newText(f, strings.Join(parts, sep.Text()))
}

func replaceText(f *Frame, c *callee, args []value.Value) (value.Value, error) {
	most := int64(-1)
	if len(args) > 3 {
		var ok bool
		if most, ok = args[3].Int64(); !ok {
			return args[3], c.args[3].unfit(args[3], "replace", kNumber)
		}
	}
	s, from, to := args[0].Text(), args[1].Text(), args[2].Text()
	n := strings.Count(s, from)
	if most >= 0 {
		n = int(min(int64(n), most))
	}
	if len(s)+n*(len(to)-len(from)) > maxText {
		return value.Value{}, c.tooLarge("a text of more than 16 MiB")
	}
	return c.newText(f, strings.Replace(s, from, to, n))
}

func repeatText(f *Frame, c *callee, s, n value.Value) (value.Value, error) {
	times, ok := n.Int64()
	if !ok || times < 0 {
		return n, c.args[1].fail("PC222", c.args[1].label+" is "+n.Display()+", and repeat needs a whole number from 0 on", "")
	}
	text := s.Text()
	if text == "" {
		return s, nil
	}
	if times > maxText/int64(len(text)) {
		return value.Value{}, c.tooLarge("a text of more than 16 MiB")
	}
	return c.newText(f, strings.Repeat(text, int(times)))
}

func whereIs(find func(s, x string) int) func(*Frame, *callee, value.Value, value.Value) (value.Value, error) {
	return func(f *Frame, c *callee, a, b value.Value) (value.Value, error) {
		s := a.Text()
		i := find(s, b.Text())
		if i > 0 {
			i = utf8.RuneCountInString(s[:i])
		}
		return value.OfInt(int64(i)), f.spend(&c.part, len(s)>>10)
	}
}

func filled(_ *Frame, _ *callee, v value.Value) (value.Value, error) {
	if v.Kind() == value.Null || v.Kind() == value.Text && strings.TrimSpace(v.Text()) == "" {
		return value.Missing(), nil
	}
	return v, nil
}

// bounds is where a slice begins and ends, as in expr-lang: negative numbers count from the end,
// and what lies outside is cut off.
func bounds(size, from, to int) (int, int) {
	if from < 0 {
		from = max(size+from, 0)
	}
	if to < 0 {
		to = max(size+to, 0)
	}
	to = min(to, size)
	return min(from, to), to
}

// sliceText counts characters, not bytes.
func sliceText(s string, from, to int) string {
	if len(s) == utf8.RuneCountInString(s) {
		from, to = bounds(len(s), from, to)
		return s[from:to]
	}
	r := []rune(s)
	from, to = bounds(len(r), from, to)
	return string(r[from:to])
}
