package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// builder turns a Model into a document. Nothing that is stored changes before commit, so a
// document is saved whole or not at all.
type builder struct {
	c      *call
	box    *Box
	form   *form
	opt    saveOptions
	model  object
	index  int // place in the batch
	old    *doc
	head   *row
	number string
	sent   map[*row]map[string]bool // which keys the client sent
	orgs   map[string]*doc
	bad    []refusal
}

// store saves one document, or says all that speaks against it.
func (b *Box) store(c *call, f *form, opt saveOptions, model object, index int) (*doc, []refusal) {
	s := &builder{c: c, box: b, form: f, opt: opt, model: model, index: index, sent: map[*row]map[string]bool{}, orgs: map[string]*doc{}}
	if !s.begin() {
		return nil, s.bad
	}
	s.apply()
	s.complete()
	if !opt.draft && opt.validate {
		s.check()
	}
	s.checkNumber()
	if len(s.bad) > 0 {
		return nil, s.bad
	}
	d := s.commit()
	if opt.audit && !opt.draft {
		s.bad = b.submitAndAudit(c, d, opt.flags, index)
	}
	return d, s.bad
}

// refuse adds a reason.
func (s *builder) refuse(code int, field any, zh, en string, args ...any) {
	s.bad = append(s.bad, refusal{FieldName: field, Message: s.c.say(zh, en, args...), DIndex: s.index, code: code})
}

// begin finds the document to change, or makes a new one.
func (s *builder) begin() bool {
	v, _ := s.model.get(s.form.pk)
	id, _ := parseNumber(asText(v))
	if id == nil || id.Sign() <= 0 {
		s.head = newRow(s.form.head(), 0)
		s.defaults(s.head, s.form.head())
		return true
	}
	n, err := id.Int64()
	s.old = s.box.table(s.form.id).byID[n]
	if err != nil || s.old == nil {
		s.refuse(codeNotFound, s.form.pk, "未找到对应数据，内码为“%s”的%s不存在", "no data found: %[2]s with the id “%[1]s” does not exist", plain(id), s.form.name)
		return false
	}
	if !s.editable() {
		return false
	}
	s.head, s.number = s.old.head.copied(), s.old.number
	return true
}

func (s *builder) editable() bool {
	d := s.old
	switch {
	case d.status == submitted || d.status == audited:
		s.refuse(codeState, s.form.number, "%s%s，不允许修改！", "%s is %s and must not be changed", d.called(), stateName(d.status))
	case d.cancelled:
		s.refuse(codeState, s.form.number, "%s已作废，不允许修改！", "%s is cancelled and must not be changed", d.called())
	case d.forbidden:
		s.refuse(codeState, s.form.number, "%s已禁用，不允许修改！", "%s is forbidden and must not be changed", d.called())
	}
	return len(s.bad) == 0
}

// apply goes through the Model in its order; keys that the form does not have are ignored
// without a word.
func (s *builder) apply() {
	s.applyObject(s.model, s.form.head(), s.head, "", 0)
}

func (s *builder) applyObject(o object, e *entity, r *row, inside string, line int) {
	if s.opt.adjust {
		o = inFormOrder(o, e)
	}
	for _, m := range o {
		if e.parent == nil && inside == "" && s.isNumber(m.key) {
			if s.allowed(m.key) {
				s.number = strings.TrimRight(asText(m.val), " ")
			}
			continue
		}
		if x := e.byKey[m.key]; x != nil && x.object == inside {
			if !x.read && s.allowed(m.key) {
				s.set(x, r, m.val, line)
			}
			continue
		}
		if inner, ok := m.val.(object); ok && inside == "" && e.parent == nil && s.form.objectName[m.key] != "" {
			s.applyObject(inner, e, r, m.key, 0)
			continue
		}
		if rows, ok := m.val.([]any); ok {
			if sub := s.form.entry(m.key); sub != nil && sub.parent == e && s.allowed(m.key) {
				s.applyRows(rows, sub, r)
			}
		}
	}
}

func (s *builder) isNumber(key string) bool {
	return key == s.form.number || s.form.base && strings.EqualFold(key, "FNumber")
}

// allowed says whether an update may touch a key. NeedUpDateFields counts for updates only.
func (s *builder) allowed(key string) bool {
	return s.old == nil || s.opt.update == nil || s.opt.update[key]
}

// inFormOrder sorts the members as the form has its fields.
func inFormOrder(o object, e *entity) object {
	out := make(object, 0, len(o))
	used := map[int]bool{}
	for _, x := range e.fields {
		for i, m := range o {
			if m.key == x.key {
				out, used[i] = append(out, m), true
			}
		}
	}
	for i, m := range o {
		if !used[i] {
			out = append(out, m)
		}
	}
	return out
}

// applyRows brings an entry collection to what was sent: rows with an id are changed, others are
// new, and those not sent are deleted unless IsDeleteEntry says no.
func (s *builder) applyRows(list []any, e *entity, above *row) {
	old := map[int64]*row{}
	for _, r := range above.subs[e.index] {
		old[r.id] = r
	}
	var rows []*row
	named := map[*row]bool{}
	for i, v := range list {
		o, ok := v.(object)
		if !ok {
			continue
		}
		r := s.rowFor(o, e, old, i+1)
		if r == nil {
			continue
		}
		named[r] = true
		rows = append(rows, r)
		s.applyObject(o, e, r, "", i+1)
	}
	if !s.opt.deleteRows {
		var kept []*row
		for _, r := range above.subs[e.index] {
			if !named[r] {
				kept = append(kept, r)
			}
		}
		rows = mergeRows(kept, rows)
	}
	if above.subs == nil {
		above.subs = map[int][]*row{}
	}
	above.subs[e.index] = rows
	for i, r := range rows {
		r.seq = i + 1
	}
}

// mergeRows keeps old rows at their places and new ones behind them.
func mergeRows(kept, sent []*row) []*row {
	out := append([]*row(nil), kept...)
	for _, r := range sent {
		at := len(out)
		if r.seq > 0 {
			for at > 0 && out[at-1].seq > r.seq {
				at--
			}
		}
		out = append(out[:at], append([]*row{r}, out[at:]...)...)
	}
	return out
}

// rowFor is the row that FEntryID names, or a new one.
func (s *builder) rowFor(o object, e *entity, old map[int64]*row, line int) *row {
	v, _ := o.get("FEntryID")
	if v == nil {
		v, _ = o.get("FEntryId")
	}
	id, ok := parseNumber(asText(v))
	if ok && id.Sign() > 0 {
		n, _ := id.Int64()
		if r := old[n]; r != nil {
			return r
		}
		s.refuse(codeNotFound, e.key, "单据体“%s”第%d行：分录内码“%s”不存在", "%s, row %d: the entry id “%s” does not exist", e.name, line, plain(id))
		return nil
	}
	r := newRow(e, s.box.newEntryID())
	s.defaults(r, e)
	return r
}

func (s *builder) defaults(r *row, e *entity) {
	for _, x := range e.fields {
		if x.def == "" {
			continue
		}
		switch x.kind {
		case kindBool:
			r.put(x, x.def == "true")
		case kindNumber:
			d, _ := parseNumber(x.def)
			r.put(x, d)
		case kindRef:
			r.put(x, reference(s.box.byNumber(x.target.id, x.def)))
		default:
			r.put(x, x.def)
		}
	}
}

// place says where a field stands, for messages.
func (s *builder) place(x *field, line int) string {
	if x.ent.parent == nil {
		return fmt.Sprintf("字段“%s”", x.name)
	}
	return fmt.Sprintf("单据体“%s”第%d行字段“%s”", x.ent.name, line, x.name)
}

func (s *builder) placeEnglish(x *field, line int) string {
	if x.ent.parent == nil {
		return "field “" + x.key + "”"
	}
	return fmt.Sprintf("%s, row %d, field “%s”", x.ent.key, line, x.key)
}

// about adds a reason that is about a field.
func (s *builder) about(code int, x *field, line int, zh, en string, args ...any) {
	msg := s.place(x, line) + fmt.Sprintf(zh, args...)
	if s.c.lcid == english {
		msg = s.placeEnglish(x, line) + " " + fmt.Sprintf(en, args...)
	}
	s.bad = append(s.bad, refusal{FieldName: x.key, Message: msg, DIndex: s.index, code: code})
}

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
	for k, t := range old {
		out[k] = t
	}
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
