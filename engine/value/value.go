// Package value holds what travels through a pipeline: records as they were read, documents as
// they will be written, and the single values inside them, exact to the last digit.
//
// A record stays the JSON text that the source sent, with an index over it; nothing is ever
// unpacked into maps. How that is stored is nobody's business outside this package.
package value

import "time"

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

// Value is one value. The zero Value is absent. Values are immutable and may be copied freely;
// one that came out of a record keeps the record's text alive.
type Value struct {
	kind Kind
	flag uint8
	exp  int32
	num  int64
	str  string
	ref  any
}

// Kind is what the value is.
func (v Value) Kind() Kind { return v.kind }

// Hash is a fingerprint of canonical content: 12.0 and 12 hash alike, as do objects whose members
// come in another order.
type Hash [16]byte

// OfTime is an instant.
func OfTime(t time.Time) Value { return Value{kind: Instant, ref: t} }

// OfText is a text.
func OfText(s string) Value { return Value{kind: Text, str: s} }
