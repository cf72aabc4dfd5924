package value

import (
	"time"
	"unicode/utf8"
)

// AppendJSON appends the value as JSON. What came out of a record is copied as it was written;
// instants are written as RFC 3339 with their offset. Absent has no form in JSON and is written
// as null: who writes members leaves absent ones out.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case Absent, Null:
		return append(dst, "null"...)
	case Bool:
		if v.num == 1 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Number:
		return v.appendNumber(dst)
	case Text:
		if v.flag != 0 {
			return append(append(append(dst, '"'), v.str...), '"')
		}
		return AppendText(dst, v.str)
	case Instant:
		dst = v.Time().AppendFormat(append(dst, '"'), time.RFC3339Nano)
		return append(dst, '"')
	case List:
		return appendList(dst, v)
	case Object:
		return appendObject(dst, v)
	}
	return dst
}

func (v Value) raw() string {
	n := v.ref.nodes[v.num]
	return v.ref.raw[n.start:n.end]
}

func appendList(dst []byte, v Value) []byte {
	if v.flag&built == 0 {
		return append(dst, v.raw()...)
	}
	dst = append(dst, '[')
	for i, x := range v.ref.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendJSON(dst, x)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, v Value) []byte {
	if v.flag&built == 0 {
		return append(dst, v.raw()...)
	}
	dst = append(dst, '{')
	first := true
	for n, x := range v.Members() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(AppendText(dst, n), ':')
		dst = AppendJSON(dst, x)
	}
	return append(dst, '}')
}

// JSON is the value as JSON text.
func (v Value) JSON() string { return string(AppendJSON(nil, v)) }

// Display is the value as it stands in a message: short, texts in quotes.
func (v Value) Display() string {
	const most = 60
	switch v.kind {
	case Absent:
		return "absent"
	case Instant:
		return v.Time().Format(time.RFC3339)
	case List, Object:
		if v.flag&built == 0 {
			return shorten(v.raw(), most)
		}
	case Text:
		if len(v.str) > 8*most {
			return shorten(`"`+v.Text(), most)
		}
	}
	return shorten(v.JSON(), most)
}

func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
