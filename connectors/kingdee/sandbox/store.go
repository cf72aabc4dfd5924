package sandbox

import (
	"fmt"
	"strings"
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
