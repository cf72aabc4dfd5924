package value

import (
	"cmp"
	"errors"
	"maps"
	"strings"
)

// ErrMixed says that two values of different kinds were compared. The caller names them.
var ErrMixed = errors.New("values of different kinds can't be compared")

// Equal says whether two values are the same: numbers by worth, texts by characters, instants by
// time, lists item by item, objects member by member whatever their order. Null equals null only.
// Values of two different kinds, a number and a text above all, give ErrMixed: false would be a
// guess. Inside lists and objects a different kind is simply a difference.
func Equal(a, b Value) (bool, error) {
	switch {
	case a.kind <= Null || b.kind <= Null:
		return a.kind == b.kind, nil
	case a.kind != b.kind:
		return false, ErrMixed
	}
	return equal(a, b), nil
}

func equal(a, b Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case Bool:
		return a.num == b.num
	case Number:
		return Cmp(a, b) == 0
	case Text:
		return sameText(a, b)
	case Instant:
		return a.num == b.num && a.exp == b.exp
	case List:
		return equalLists(a, b)
	case Object:
		return equalObjects(a, b)
	default:
		return true
	}
}

func sameText(a, b Value) bool {
	if (a.flag|b.flag)&escaped == 0 {
		return a.str == b.str
	}
	return a.Text() == b.Text()
}

func equalLists(a, b Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	others := b.List()
	i := 0
	for x := range a.Items() {
		if !equal(x, others[i]) {
			return false
		}
		i++
	}
	return true
}

func equalObjects(a, b Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	var others map[string]Value
	if b.Len() > 16 { // a walk for every member would be quadratic
		others = maps.Collect(b.Members())
	}
	for n, x := range a.Members() {
		y := others[n]
		if others == nil {
			y = b.Get(n)
		}
		if !equal(x, y) {
			return false
		}
	}
	return true
}

// Compare orders two numbers, two texts (by their bytes, which is the order of Unicode code
// points), two instants or two truth values (false first). Everything else gives ErrMixed.
func Compare(a, b Value) (int, error) {
	if a.kind != b.kind {
		return 0, ErrMixed
	}
	switch a.kind {
	case Number:
		return Cmp(a, b), nil
	case Text:
		return strings.Compare(a.Text(), b.Text()), nil
	case Instant:
		return cmp.Or(cmp.Compare(a.num, b.num), cmp.Compare(a.exp, b.exp)), nil
	case Bool:
		return cmp.Compare(a.num, b.num), nil
	default:
		return 0, ErrMixed
	}
}

// KeyText is the one text that a value has as a part of a key: 113, 113.0 and "113" are all 113.
// Null, absent, empty and blank texts, lists and objects are no part of a key.
func KeyText(v Value) (string, bool) {
	switch v.kind {
	case Text:
		s := strings.TrimSpace(v.Text())
		return s, s != ""
	case Number:
		return numberText(v)
	case Bool:
		return v.JSON(), true
	case Instant:
		return strings.Trim(v.JSON(), `"`), true
	default:
		return "", false
	}
}

// numberText is a number in its plain form, whatever way it is written.
func numberText(v Value) (string, bool) {
	if v.str != "" {
		p, ok := v.parts()
		if !ok || !p.bounded() {
			return v.str, true
		}
		v = p.number()
	}
	return string(v.appendNumber(nil)), true
}

// Plain is a Number in its plain form: without exponent and without zeros at the end of its
// fraction, as if it had been calculated.
func (v Value) Plain() string {
	if v.kind != Number {
		return ""
	}
	s, _ := numberText(v)
	return s
}

var keyEscapes = strings.NewReplacer(`\`, `\\`, `/`, `\/`)

// JoinKey joins the parts of a key by "/"; a "/" or "\" inside a part gets a "\" in front.
func JoinKey(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = keyEscapes.Replace(p)
	}
	return strings.Join(escaped, "/")
}

// SplitKey is the reverse of JoinKey.
func SplitKey(key string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(key); i++ {
		switch {
		case key[i] == '\\' && i+1 < len(key):
			i++
			part.WriteByte(key[i])
		case key[i] == '/':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(key[i])
		}
	}
	return append(parts, part.String())
}
