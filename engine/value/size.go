package value

import (
	"math"
	"strings"
)

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

// Concat joins Texts. Those that came out of a record stay in JSON's escapes.
func Concat(texts ...Value) Value {
	size, flags, written := 0, uint8(0), true
	for _, t := range texts {
		size += len(t.str)
		flags |= t.flag
		written = written && t.flag != 0
	}
	var out strings.Builder
	out.Grow(size)
	if written || flags&escaped == 0 {
		for _, t := range texts {
			out.WriteString(t.str)
		}
		if !written {
			flags = 0
		}
		if flags&escaped != 0 {
			flags = escaped
		}
		return Value{kind: Text, flag: flags, str: out.String()}
	}
	for _, t := range texts {
		if t.flag == 0 {
			out.WriteString(t.str)
		} else {
			out.WriteString(t.Text())
		}
	}
	return OfText(out.String())
}

// SameText says that two Texts have the same characters.
func SameText(a, b Value) bool { return sameText(a, b) }
