package value

import "math"

// Size is about how many bytes a Text has; 0 for other kinds.
func (v Value) Size() int {
	if v.kind != Text {
		return 0
	}
	return len(v.str)
}

// Weight is about how much a value holds, all levels together: one for every value in it and one
// for every 64 bytes of text. It is known at once, also of values that hold others many times.
func (v Value) Weight() int {
	switch {
	case v.kind == Text:
		return 1 + len(v.str)/64
	case v.kind < List:
		return 1
	case v.flag&built != 0:
		return int(v.exp)
	}
	n := v.ref.nodes[v.num]
	return int(n.next) - int(v.num) + int(n.end-n.start)/64
}

func weigh(values []Value) int32 {
	sum := 1
	for _, v := range values {
		sum += v.Weight()
	}
	return int32(min(sum, math.MaxInt32)) //nolint:gosec // just bounded
}

// Concat joins two Texts. Texts that came out of a record stay in JSON's escapes.
func Concat(a, b Value) Value {
	switch {
	case a.flag == b.flag:
		return Value{kind: Text, flag: a.flag, str: a.str + b.str}
	case a.flag&escaped != 0 && b.flag&plain != 0, b.flag&escaped != 0 && a.flag&plain != 0:
		return Value{kind: Text, flag: escaped, str: a.str + b.str}
	}
	return OfText(a.Text() + b.Text())
}

// SameText says that two Texts have the same characters.
func SameText(a, b Value) bool { return sameText(a, b) }
