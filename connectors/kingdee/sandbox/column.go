package sandbox

import (
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// unknownField is a name that a form does not have.
type unknownField string

func (e unknownField) Error() string {
	return "元数据中标识为" + string(e) + "的字段不存在"
}

// column finds what a name in FieldKeys, FilterString or OrderString means; cases do not matter
// here.
func (f *form) column(name string) (*column, error) {
	first, rest, dotted := strings.Cut(strings.ToLower(name), ".")
	c := f.names[first]
	if c == nil || c.field.hidden {
		return nil, unknownField(name)
	}
	if c.field.kind == kindFlex && (!dotted || strings.Contains(rest, "__")) {
		return nil, unknownField(name)
	}
	if !dotted {
		return c, nil
	}
	out := &column{ent: c.ent, field: c.field, rest: strings.Split(rest, ".")}
	if !out.follow() {
		return nil, unknownField(name)
	}
	return out, nil
}

// follow goes along the path behind the first dot and remembers the field at its end, where it
// can be known without a row.
func (c *column) follow() bool {
	switch c.field.kind {
	case kindRef:
		at := c.field
		for _, part := range c.rest {
			if at.kind != kindRef || at.target == nil {
				return false
			}
			next := at.target.names[part]
			if next == nil || next.ent.parent != nil || next.field.hidden {
				return false
			}
			at = next.field
		}
		c.end = at
		return true
	case kindOwner, kindLot:
		return len(c.rest) == 1 && (c.rest[0] == "fnumber" || c.rest[0] == "fname")
	case kindFlex:
		return len(c.rest) <= 2
	}
	return false
}

// raw is the stored value and the field it is of.
func (c *column) raw(rs *rowSet) (any, *field) {
	r := rs.doc.head
	if c.ent.parent != nil {
		r = rs.rows[c.ent.index]
	}
	v, x := c.field.value(rs.doc, r), c.field
	for _, part := range c.rest {
		switch at := v.(type) {
		case *doc:
			next := at.form.names[part]
			if next == nil || next.ent.parent != nil {
				return nil, x
			}
			v, x = next.field.value(at, at.head), next.field
		case dims:
			return at[strings.ToUpper(part)], textField
		default:
			if c.field.kind == kindLot {
				return v, textField
			}
			return nil, c.last()
		}
	}
	return v, x
}

var textField = &field{kind: kindText}

// last is the field at the end of the path, as far as it can be known without a row.
func (c *column) last() *field {
	switch {
	case len(c.rest) == 0:
		return c.field
	case c.end != nil:
		return c.end
	}
	return textField
}

// comparable is the value as a condition or an order sees it: text, number or time.
func (c *column) comparable(rs *rowSet) any {
	v, x := c.raw(rs)
	switch v := v.(type) {
	case nil:
		return absent(x)
	case int64:
		return whole(v)
	case bool:
		if v {
			return whole(1)
		}
		return whole(0)
	case *doc:
		return whole(v.id)
	case names:
		return v.in(chinese)
	}
	return v
}

// absent is what the database holds for a value that was never set.
func absent(x *field) any {
	switch x.kind {
	case kindNumber, kindInt, kindRef, kindOwner, kindBool:
		return whole(0)
	case kindDate, kindTime:
		return nil
	}
	return ""
}

// literal turns a literal into the type that the column is compared in.
func (c *column) literal(v any) (any, error) { return fits(v, c.last().kind) }

// shown is the value as an answer of a query writes it.
func (c *column) shown(rs *rowSet, lcid int) any {
	v, x := c.raw(rs)
	if v == nil && c.ent.parent != nil && rs.rows[c.ent.index] == nil {
		return nil // no row: the join found nothing
	}
	return shown(v, x, lcid)
}

func shown(v any, x *field, lcid int) any {
	switch v := v.(type) {
	case nil:
		return shownAbsent(x)
	case *apd.Decimal:
		if x.kind == kindInt {
			n, err := strconv.ParseInt(plain(v), 10, 64)
			if err == nil {
				return n
			}
		}
		return written(v)
	case time.Time:
		return v.Format(timeLayout)
	case *doc:
		return v.key()
	case names:
		return v.in(lcid)
	case string:
		if v == "" && x.blank {
			return " "
		}
	}
	return v
}

func shownAbsent(x *field) any {
	switch x.kind {
	case kindNumber:
		return digits("0.0")
	case kindInt, kindRef, kindOwner, kindLot:
		return 0
	case kindBool:
		return false
	case kindText:
		if x.blank {
			return " "
		}
		return ""
	case kindLang:
		return ""
	}
	return nil
}
