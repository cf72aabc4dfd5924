package sandbox

import (
	"maps"
	"strings"
	"time"
)

// set puts a value from the Model into a row.
func (s *builder) set(x *field, r *row, v any, line int) {
	if s.sent[r] == nil {
		s.sent[r] = map[string]bool{}
	}
	s.sent[r][x.key] = true
	if v == nil {
		r.put(x, nil)
		return
	}
	switch x.kind {
	case kindRef, kindOwner:
		s.setReference(x, r, v, line)
	case kindLot:
		r.put(x, lotNumber(v))
	case kindFlex:
		if o, ok := v.(object); ok {
			r.put(x, dimensions(o))
		}
	case kindLang:
		old, _ := r.vals[x.pos].(names)
		r.put(x, inLanguages(v, old, s.c.lcid))
	case kindBool:
		r.put(x, truth(v, false))
	case kindNumber, kindInt:
		s.setScalar(x, r, v, line, func(t string) (any, bool) { d, ok := parseNumber(t); return d, ok })
	case kindDate, kindTime:
		s.setScalar(x, r, v, line, func(t string) (any, bool) {
			d, ok := parseTime(t)
			if x.kind == kindDate {
				d = time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone)
			}
			return d, ok
		})
	default:
		r.put(x, asText(v))
	}
}

func (s *builder) setScalar(x *field, r *row, v any, line int, parse func(string) (any, bool)) {
	t := asText(v)
	if strings.TrimSpace(t) == "" {
		r.put(x, nil)
		return
	}
	val, ok := parse(t)
	if !ok {
		s.about(codeParameter, x, line, "的值“%s”格式不正确", "has the malformed value “%s”", t)
		return
	}
	r.put(x, val)
}

func lotNumber(v any) any {
	if o, ok := v.(object); ok {
		v, _ = o.fold("FNumber")
	}
	return asText(v)
}

// dimensions reads a flex field: its keys are written with two underscores here, and with a dot
// in queries.
func dimensions(o object) any {
	out := dims{}
	for _, m := range o {
		_, dim, ok := strings.Cut(strings.ToUpper(m.key), "__")
		if inner, isObject := m.val.(object); ok && isObject {
			n, _ := inner.fold("FNumber")
			out[dim] = asText(n)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// inLanguages reads a text, or a list of texts by language.
func inLanguages(v any, old names, lcid int) any {
	out := names{}
	maps.Copy(out, old)
	list, ok := v.([]any)
	if !ok {
		if lcid == english && out[chinese] == "" {
			out[chinese] = asText(v)
		}
		out[lcid] = asText(v)
		return out
	}
	for _, item := range list {
		if o, ok := item.(object); ok {
			key, _ := o.fold("Key", "LocaleId")
			val, _ := o.fold("Value", "Name")
			if n, ok := parseNumber(asText(key)); ok {
				k, _ := n.Int64()
				out[int(k)] = asText(val)
			}
		}
	}
	return out
}
