package expr

import (
	"strings"

	"github.com/pipectl/pipectl/engine/value"
)

// kinds is a set of value kinds; empty means any.
type kinds uint16

const (
	kNone    = kinds(1<<value.Absent | 1<<value.Null)
	kBool    = kinds(1 << value.Bool)
	kNumber  = kinds(1 << value.Number)
	kText    = kinds(1 << value.Text)
	kInstant = kinds(1 << value.Instant)
	kList    = kinds(1 << value.List)
	kObject  = kinds(1 << value.Object)
	kSome    = kBool | kNumber | kText | kInstant | kList | kObject
	kAny     = kSome | kNone
)

func kindsOf(ks []value.Kind) (set kinds) {
	for _, k := range ks {
		set |= 1 << k
	}
	return set
}

func (k kinds) has(x value.Kind) bool { return k&(1<<x) != 0 }

// String lists the kinds as in "a number or a text"; null and absent are not worth a word where
// something else may come.
func (k kinds) String() string {
	if k&kSome == kSome {
		return "a value"
	}
	var names []string
	for x := value.Absent; x <= value.Object; x++ {
		if k.has(x) && (x > value.Null || k&kSome == 0) {
			names = append(names, x.String())
		}
	}
	return strings.Join(names, " or ")
}

// The schemas of what is calculated.
var (
	tBool     = &value.Schema{Type: value.Bool}
	tNumber   = &value.Schema{Type: value.Number}
	tText     = &value.Schema{Type: value.Text}
	tInstant  = &value.Schema{Type: value.Instant}
	tObject   = &value.Schema{Type: value.Object, Open: true}
	tNull     = &value.Schema{Type: value.Null}
	tTexts    = listOf(tText)
	tNumbers  = listOf(tNumber)
	tAnything *value.Schema
)

func listOf(items *value.Schema) *value.Schema {
	return &value.Schema{Type: value.List, Items: items}
}

func typeOf(s *value.Schema) value.Kind {
	if s == nil {
		return value.Absent
	}
	return s.Type
}

func itemsOf(s *value.Schema) *value.Schema {
	if s == nil || s.Type != value.List {
		return nil
	}
	return s.Items
}

// common is what holds for both: the schema of a choice between them.
func common(a, b *value.Schema) *value.Schema {
	switch {
	case a == nil || b == nil:
		return nil
	case a == b || b.Type == value.Null:
		return a
	case a.Type == value.Null:
		return b
	case a.Type != b.Type:
		return nil
	case same(a, b):
		return a
	case a.Type == value.List:
		return listOf(common(a.Items, b.Items))
	case a.Type == value.Object:
		return tObject
	}
	return &value.Schema{Type: a.Type}
}

// same says that values of both schemas read alike, down to the last member.
func same(a, b *value.Schema) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Type != b.Type || a.Decimal != b.Decimal || a.Zone != b.Zone || len(a.Names) != len(b.Names) || !same(a.Items, b.Items) {
		return false
	}
	for _, n := range a.Names {
		x := a.Properties[n]
		y, ok := b.Properties[n]
		if !ok || !same(&x, &y) {
			return false
		}
	}
	return true
}
