package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/value"
)

// reader turns a value as the vendor wrote it into what its schema says: money that is written as
// text becomes a number, a time becomes an instant. A value of another type than the schema's, or
// one that its enum does not list, is the record's problem: to go on would be a guess.
//
// It is nil where every value may pass. Null, absent and values of the schema's plainKind need
// not be shown to it.
func (p part) reader() func(value.Value) (value.Value, error) {
	t := p.typ
	switch {
	case t == nil || t.Type == value.Absent && len(t.Enum) == 0 || t.Type == value.Null:
		return nil
	case t.Decimal:
		return p.decimal
	case t.Type == value.Instant:
		return p.instantReader()
	case t.Type == value.List && needsReading(t.Items):
		return p.listReader()
	}
	return func(v value.Value) (value.Value, error) {
		if t.Type != value.Absent && v.Kind() != t.Type && !v.IsNone() {
			return v, p.drift(v, t.Type.String())
		}
		return v, p.listed(v)
	}
}

// needsReading says that values of a schema may not be used as they are.
func needsReading(t *value.Schema) bool {
	return t != nil && (t.Decimal || t.Type == value.Instant || t.Type == value.List && needsReading(t.Items))
}

func (p part) drift(v value.Value, want string) error {
	return p.fail("PC228", fmt.Sprintf("%s is %s, %s, where the schema says %s", p.label, v.Kind(), v.Display(), want),
		"the source has changed, or the schema is wrong: compare both, then correct one")
}

func (p part) listed(v value.Value) error {
	if len(p.typ.Enum) == 0 || v.IsNone() {
		return nil
	}
	if text, ok := value.KeyText(v); ok && !slices.Contains(p.typ.Enum, text) {
		return p.fail("PC229", fmt.Sprintf("%s is %s, which the schema does not list", p.label, v.Display()),
			"known are "+strings.Join(p.typ.Enum, ", ")+"; a new value needs a decision about what it means")
	}
	return nil
}

func (p part) decimal(v value.Value) (value.Value, error) {
	switch v.Kind() {
	case value.Absent, value.Null, value.Number:
		return v, nil
	case value.Text:
		s := strings.TrimSpace(v.Text())
		if s == "" {
			return value.NullValue(), nil
		}
		if n, ok := value.ParseNumber(s); ok {
			return n, nil
		}
	}
	return v, p.drift(v, "a decimal number")
}

func (p part) instantReader() func(value.Value) (value.Value, error) {
	zone, err := loadZone(p.typ.Zone)
	return func(v value.Value) (value.Value, error) {
		if v.IsNone() || v.Kind() == value.Instant {
			return v, nil
		}
		if v.Kind() == value.Text && isNoTime(v.Text()) || v.Kind() == value.Number && v.Sign() == 0 {
			return value.NullValue(), nil
		}
		if err != nil {
			return v, p.fail("PC227", p.label+": its schema names a zone that does not exist: "+p.typ.Zone, "correct x-zone in the schema")
		}
		t, ok := readInstant(v, zone)
		if !ok {
			return v, p.drift(v, "a time")
		}
		return value.OfTime(t), nil
	}
}

func (p part) listReader() func(value.Value) (value.Value, error) {
	item := part{typ: p.typ.Items, path: p.path, label: "an item of " + p.label, at: p.at}
	read := item.reader()
	return func(v value.Value) (value.Value, error) {
		if v.IsNone() {
			return v, nil
		}
		if v.Kind() != value.List {
			return v, p.drift(v, "a list")
		}
		items := make([]value.Value, 0, v.Len())
		for x := range v.Items() {
			y, err := read(x)
			if err != nil {
				return v, err
			}
			items = append(items, y)
		}
		return value.ListOf(items), nil
	}
}

// noKind is the kind of no value at all.
const noKind = value.Kind(255)

// plainKind is the kind whose values a schema lets through without a look; noKind, where every
// value needs one.
func plainKind(t *value.Schema) value.Kind {
	if typeOf(t) <= value.Null || len(t.Enum) > 0 || needsReading(t) && !t.Decimal {
		return noKind
	}
	return t.Type
}
