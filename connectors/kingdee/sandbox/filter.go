package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// tri is SQL's truth: a comparison with nothing is neither true nor false.
type tri int8

const (
	no tri = iota
	yes
	unknown
)

func truly(ok bool) tri {
	if ok {
		return yes
	}
	return no
}

// rowSet is one row of a flat join: the head and at most one row of each entry collection.
type rowSet struct {
	doc  *doc
	rows []*row // by index of the entity
}

// condition is a parsed FilterString.
type condition interface {
	holds(rs *rowSet) tri
	entities(seen map[int]bool)
}

type both struct{ a, b condition }

func (x both) holds(rs *rowSet) tri {
	a := x.a.holds(rs)
	if a == no {
		return no
	}
	b := x.b.holds(rs)
	if b == no {
		return no
	}
	return max(a, b)
}

func (x both) entities(seen map[int]bool) { x.a.entities(seen); x.b.entities(seen) }

type either struct{ a, b condition }

func (x either) holds(rs *rowSet) tri {
	a, b := x.a.holds(rs), x.b.holds(rs)
	if a == yes || b == yes {
		return yes
	}
	return max(a, b)
}

func (x either) entities(seen map[int]bool) { x.a.entities(seen); x.b.entities(seen) }

type not struct{ a condition }

func (x not) holds(rs *rowSet) tri {
	switch x.a.holds(rs) {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

func (x not) entities(seen map[int]bool) { x.a.entities(seen) }

// operand is one side of a comparison: a column or a literal.
type operand struct {
	col *column
	lit any // string or number; nil for a column
}

func (o operand) value(rs *rowSet) any {
	if o.col == nil {
		return o.lit
	}
	return o.col.comparable(rs)
}

func (o operand) entities(seen map[int]bool) {
	if o.col != nil && o.col.ent.parent != nil {
		seen[o.col.ent.index] = true
	}
}

type comparison struct {
	op   string // = <> > >= < <=
	a, b operand
}

func (x comparison) holds(rs *rowSet) tri {
	a, b := x.a.value(rs), x.b.value(rs)
	if a == nil || b == nil {
		return unknown
	}
	c := order(a, b)
	switch x.op {
	case "=":
		return truly(c == 0)
	case "<>":
		return truly(c != 0)
	case ">":
		return truly(c > 0)
	case ">=":
		return truly(c >= 0)
	case "<":
		return truly(c < 0)
	}
	return truly(c <= 0)
}

func (x comparison) entities(seen map[int]bool) { x.a.entities(seen); x.b.entities(seen) }

type membership struct {
	a    operand
	list []any
	set  map[string]bool // the list, by canonical text: thousands of keys are looked up at once
}

func newMembership(a operand, list []any) membership {
	m := membership{a: a, list: list, set: map[string]bool{}}
	for _, v := range list {
		m.set[canonical(v)] = true
	}
	return m
}

func (x membership) holds(rs *rowSet) tri {
	a := x.a.value(rs)
	if a == nil {
		return unknown
	}
	return truly(x.set[canonical(a)])
}

func (x membership) entities(seen map[int]bool) { x.a.entities(seen) }

type likeness struct {
	a       operand
	pattern []rune
}

func (x likeness) holds(rs *rowSet) tri {
	a := x.a.value(rs)
	if a == nil {
		return unknown
	}
	return truly(like([]rune(canonical(a)), x.pattern))
}

func (x likeness) entities(seen map[int]bool) { x.a.entities(seen) }

type nothing struct{ a operand }

func (x nothing) holds(rs *rowSet) tri { return truly(x.a.value(rs) == nil) }

func (x nothing) entities(seen map[int]bool) { x.a.entities(seen) }

// like matches % and _; it goes back to the last % only, so it stays fast.
func like(s, p []rune) bool {
	si, pi, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(p) && p[pi] == '%':
			star, mark = pi, si
			pi++
		case pi < len(p) && (p[pi] == '_' || p[pi] == s[si]):
			si++
			pi++
		case star >= 0:
			mark++
			si, pi = mark, star+1
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '%' {
		pi++
	}
	return pi == len(p)
}

// order compares two values of one type; texts without the blanks at their end, as the database
// does.
func order(a, b any) int {
	switch a := a.(type) {
	case *apd.Decimal:
		if b, ok := b.(*apd.Decimal); ok {
			return a.Cmp(b)
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b)
		}
	}
	return strings.Compare(canonical(a), canonical(b))
}

// canonical is a value as text, one text for all ways to write it.
func canonical(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimRight(v, " ")
	case *apd.Decimal:
		return plain(v)
	case time.Time:
		return v.Format(timeLayout)
	}
	return ""
}

// fits turns a literal into the type of a column.
func fits(lit any, k kind) (any, error) {
	s := canonical(lit)
	switch k {
	case kindText, kindLang, kindLot, kindFlex:
		return s, nil
	case kindBool:
		switch strings.ToLower(s) {
		case "1", "true":
			return whole(1), nil
		case "0", "false", "":
			return whole(0), nil
		}
		return nil, fmt.Errorf("%q is no boolean", s)
	case kindDate, kindTime:
		t, ok := parseTime(s)
		if !ok {
			return nil, fmt.Errorf("%q is no date", s)
		}
		return t, nil
	}
	d, ok := parseNumber(s)
	if !ok {
		return nil, fmt.Errorf("%q is no number", s)
	}
	return d, nil
}

const timeLayout = "2006-01-02T15:04:05.999"

var timeLayouts = []string{
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02",
	"2006/01/02 15:04:05", "2006/01/02", "2006/1/2", "2006-1-2", time.RFC3339Nano,
}

// parseTime reads a time in the server's zone; one that names its zone is moved there.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.In(zone).Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}

var errFilter = errors.New("filter")
