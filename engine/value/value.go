// Package value holds what travels through a pipeline: records as they were read, documents as
// they will be written, and the single values inside them, exact to the last digit.
//
// A record stays the JSON text that the source sent, with an index over it; nothing is ever
// unpacked into maps. How that is stored is nobody's business outside this package.
package value

import (
	"time"
)

// Kind is what a value is.
type Kind uint8

// The kinds. Absent and Null are different things: a record has no such field, or has it as null.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	Text
	Instant
	List
	Object
)

var kindNames = [...]string{"absent", "null", "a truth value", "a number", "a text", "an instant", "a list", "an object"}

// String is the kind as it stands in a message: "a number".
func (k Kind) String() string { return kindNames[k] }

// Value is one value. The zero Value is absent. Values are immutable and may be copied freely;
// one that came out of a record keeps the record's text alive.
//
// The fields by kind: Bool: num is 0 or 1. Number: str is the token as written, or empty for a
// calculated number num·10^exp (ref.more.big for large ones). Text: str, JSON-escaped when flag
// says so. Instant: num seconds and exp nanoseconds since 1970, ref.more.zone. List and Object:
// node num of the record ref, or what was built in ref, num levels deep and exp heavy.
type Value struct {
	kind Kind
	flag uint8
	exp  int32
	num  int64
	str  string
	ref  *body
}

// Flags of a Value.
const (
	escaped uint8 = 1 << iota // str is text in JSON's escapes, valid as it stands between quotes
	plain                     // str needs no escapes between quotes
	built                     // a list or object that was put together here
)

// body is what values share: a record's text and index, or the parts of what was built.
type body struct {
	raw   string
	nodes []node
	items []Value  // of a built list; of a built object's members
	names []string // of a built object's members
	more  *more
}

type more struct {
	zone *time.Location // of an Instant
	big  *bigNumber     // of a Number
	base Value          // of an object with members laid over it
}

// Constructors.

// Missing is the absent value, said aloud.
func Missing() Value { return Value{} }

// NullValue is null.
func NullValue() Value { return Value{kind: Null} }

// OfBool is true or false.
func OfBool(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// OfText is a text.
func OfText(s string) Value { return Value{kind: Text, str: s} }

// OfLiteral is a text that is used many times: whether JSON needs escapes for it is found out now.
func OfLiteral(s string) Value {
	v := OfText(s)
	if n := len(AppendText(nil, s)); n == len(s)+2 && Valid(s) {
		v.flag = plain
	}
	return v
}

// OfInt is a whole number.
func OfInt(i int64) Value { return Value{kind: Number, num: i} }

// OfTime is an instant; its location is the zone it is shown in.
func OfTime(t time.Time) Value {
	v := Value{kind: Instant, num: t.Unix(), exp: int32(t.Nanosecond())}
	if loc := t.Location(); loc != time.UTC {
		v.ref = &body{more: &more{zone: loc}}
	}
	return v
}

// ListOf is a list; the values must not be changed afterwards.
func ListOf(items []Value) Value {
	return Value{kind: List, flag: built, num: depthOf(items) + 1, exp: weigh(items), ref: &body{items: items}}
}

func depthOf(values []Value) int64 {
	deepest := int64(0)
	for _, v := range values {
		deepest = max(deepest, int64(v.Depth()))
	}
	return deepest
}

// Depth is how many lists and objects that were built here lie in one another; what came out of a
// record counts as one, as its depth is limited. Who builds values in loops limits it, too.
func (v Value) Depth() int {
	switch {
	case v.kind < List:
		return 0
	case v.flag&built == 0:
		return 1
	}
	return int(v.num)
}

// ObjectOf is an object; names and values have the same length, no name comes twice, absent
// values are no members. The slices must not be changed afterwards.
func ObjectOf(names []string, values []Value) Value {
	for i, v := range values {
		if v.kind == Absent {
			return objectWithout(names, values, i)
		}
	}
	return Value{kind: Object, flag: built, num: depthOf(values) + 1, exp: weigh(values), ref: &body{names: names, items: values}}
}

func objectWithout(names []string, values []Value, first int) Value {
	b := &body{
		names: append(make([]string, 0, len(names)), names[:first]...),
		items: append(make([]Value, 0, len(values)), values[:first]...),
	}
	for i := first; i < len(values); i++ {
		if values[i].kind != Absent {
			b.names, b.items = append(b.names, names[i]), append(b.items, values[i])
		}
	}
	return Value{kind: Object, flag: built, num: depthOf(b.items) + 1, exp: weigh(b.items), ref: b}
}

// ObjectWith is the object v with one more member, or with another value of that member. v itself
// stays as it is, and costs nothing to copy. What isn't an object counts as an empty one.
func ObjectWith(v Value, name string, x Value) Value {
	b := &body{names: []string{name}, items: []Value{x}}
	if v.kind == Object {
		b.more = &more{base: v}
	}
	return Value{kind: Object, flag: built, num: int64(max(v.Depth(), x.Depth()+1)), exp: weigh([]Value{v, x}), ref: b}
}

// Kind is what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNone says that there is no value: absent or null.
func (v Value) IsNone() bool { return v.kind <= Null }

// Bool is the truth value of a Bool.
func (v Value) Bool() bool { return v.kind == Bool && v.num == 1 }

// Text is the decoded text of a Text; "" for every other kind.
func (v Value) Text() string {
	if v.kind != Text {
		return ""
	}
	if v.flag&escaped != 0 {
		return unescape(v.str)
	}
	return v.str
}

// Time is the time of an Instant, in its zone.
func (v Value) Time() time.Time {
	if v.kind != Instant {
		return time.Time{}
	}
	t := time.Unix(v.num, int64(v.exp))
	if v.ref != nil && v.ref.more != nil {
		return t.In(v.ref.more.zone)
	}
	return t.UTC()
}
