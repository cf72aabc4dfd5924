package sandbox

import (
	"strings"
	"time"
)

// The document statuses (单据状态).
const (
	draft     byte = 'Z' // 暂存
	created   byte = 'A' // 创建
	submitted byte = 'B' // 审核中
	audited   byte = 'C' // 已审核
	reopened  byte = 'D' // 重新审核
)

// doc is one stored document or one row of base data.
type doc struct {
	form   *form
	id     int64
	guid   string // instead of id where the form's key is text
	number string
	head   *row
	status byte

	forbidden, cancelled, closed bool
	creator, modifier, approver  *doc
	created, modified, approved  time.Time

	master     *doc          // base data: the row of the organisation that created it; itself there
	downstream map[*doc]bool // documents that were made from this one
}

// row is the head of a document or one row of an entry collection.
type row struct {
	id   int64
	seq  int
	vals []any          // by field.pos: nil, string, number, bool, time.Time, *doc, names, dims
	subs map[int][]*row // by index of the entity
}

// names is a text in several languages, by lcid.
type names map[int]string

// dims is the value of a flex field: code by dimension ("FF100001").
type dims map[string]string

func newRow(e *entity, id int64) *row { return &row{id: id, vals: make([]any, len(e.fields))} }

// copied is the row to change while the old one stays what is stored.
func (r *row) copied() *row {
	out := &row{id: r.id, seq: r.seq, vals: append([]any(nil), r.vals...)}
	for i, list := range r.subs {
		for _, s := range list {
			out.push(i, s.copied())
		}
	}
	return out
}

func (r *row) push(entity int, sub *row) {
	if r.subs == nil {
		r.subs = map[int][]*row{}
	}
	r.subs[entity] = append(r.subs[entity], sub)
}

func (r *row) put(x *field, v any) { r.vals[x.pos] = v }

// value is what a field of the row holds.
func (x *field) value(d *doc, r *row) any {
	if x.system != nil {
		return x.system(d, r)
	}
	if r == nil {
		return nil
	}
	return r.vals[x.pos]
}

// at is the value of a field of the head, by its key.
func (d *doc) at(key string) any {
	c := d.form.names[strings.ToLower(key)]
	if c == nil || c.ent.parent != nil {
		return nil
	}
	return c.field.value(d, d.head)
}

// refAt is the base data that a field of the head refers to.
func (d *doc) refAt(key string) *doc {
	ref, _ := d.at(key).(*doc)
	return ref
}

// organisation is where the document belongs; nil for what all organisations share.
func (d *doc) organisation() *doc {
	if d.form.org == "" {
		return nil
	}
	return d.refAt(d.form.org)
}

// key is the primary key as the server writes it.
func (d *doc) key() any {
	if d.form.textKey {
		return d.guid
	}
	return d.id
}

// name is the name of base data in a language; what was not translated is Chinese.
func (d *doc) name(lcid int) string {
	n, _ := d.at("FName").(names)
	return n.in(lcid)
}

func (n names) in(lcid int) string {
	if s, ok := n[lcid]; ok {
		return s
	}
	return n[chinese]
}

// usable says why a document cannot refer to this row of base data, or nothing.
func (d *doc) usable() string {
	switch {
	case d.status != audited:
		return "未审核"
	case d.forbidden:
		return "已禁用"
	}
	return ""
}

// column is what a query, a filter or an order can ask for.
type column struct {
	ent   *entity
	field *field
	rest  []string // what stands behind the first dot, lower case
	end   *field   // the field at the end of rest, where it is known
}

// finish adds the fields that the server keeps itself, and makes the index of names.
func (f *form) finish(forms map[string]*form) {
	head := f.head()
	f.names = map[string]*column{}
	f.keep(f.pk, "内码", kindInt, func(d *doc, _ *row) any { return d.key() })
	if f.textKey {
		f.kept[0].kind = kindText
		f.keep("FUpdateTime", "更新时间", kindTime, func(d *doc, _ *row) any { return moment(d.modified) })
	} else {
		f.keep(f.number, f.numberName(), kindText, func(d *doc, _ *row) any { return d.number })
		f.keepState()
	}
	if len(f.codes) > 0 {
		name := head.byKey["FName"]
		f.keep("FDataValue", "名称", kindLang, func(d *doc, r *row) any { return name.value(d, r) })
	}
	for _, x := range f.kept {
		x.target = forms[strings.ToLower(x.to)]
	}
	for _, e := range f.ents {
		for _, x := range e.fields {
			if x.kind == kindRef {
				x.target = forms[strings.ToLower(x.to)]
			}
			f.offer(x.key, &column{ent: e, field: x})
		}
	}
	for _, e := range f.ents[1:] {
		id := &field{key: "FEntryID", name: "分录内码", ent: e, kind: kindInt, read: true, system: func(_ *doc, r *row) any { return r.entryID() }}
		seq := &field{key: "FSeq", name: "行号", ent: e, kind: kindInt, read: true, system: func(_ *doc, r *row) any { return r.line() }}
		for _, x := range []*field{id, seq} {
			f.offer(e.key+"_"+x.key, &column{ent: e, field: x})
			f.offer(x.key, &column{ent: e, field: x})
		}
	}
}

func (r *row) entryID() any {
	if r == nil {
		return nil
	}
	return r.id
}

func (r *row) line() any {
	if r == nil {
		return nil
	}
	return int64(r.seq)
}

func (f *form) numberName() string {
	if f.base {
		return "编码"
	}
	return "单据编号"
}

func (f *form) keepState() {
	flag := func(set bool) any {
		if set {
			return "B"
		}
		return "A"
	}
	f.keep("FDocumentStatus", "数据状态", kindText, func(d *doc, _ *row) any { return string(d.status) })
	if f.base {
		f.keep("FForbidStatus", "禁用状态", kindText, func(d *doc, _ *row) any { return flag(d.forbidden) })
	} else {
		f.keep("FCancelStatus", "作废状态", kindText, func(d *doc, _ *row) any { return flag(d.cancelled) })
		f.keep("FCloseStatus", "关闭状态", kindText, func(d *doc, _ *row) any { return flag(d.closed) })
	}
	if f.perOrg {
		f.keep("FMasterId", "主内码", kindInt, func(d *doc, _ *row) any { return d.master.id })
	}
	person := func(key, name string, who func(*doc) *doc) {
		x := f.keep(key, name, kindRef, func(d *doc, _ *row) any { return reference(who(d)) })
		x.to = "SEC_User"
	}
	person("FCreatorId", "创建人", func(d *doc) *doc { return d.creator })
	f.keep("FCreateDate", "创建日期", kindTime, func(d *doc, _ *row) any { return moment(d.created) })
	person("FModifierId", "最后修改人", func(d *doc) *doc { return d.modifier })
	f.keep("FModifyDate", "最后修改日期", kindTime, func(d *doc, _ *row) any { return moment(d.modified) })
	person("FApproverId", "审核人", func(d *doc) *doc { return d.approver })
	f.keep(f.approved, "审核日期", kindTime, func(d *doc, _ *row) any { return moment(d.approved) })
}

// keep adds a field that is kept beside the values.
func (f *form) keep(key, name string, k kind, get func(*doc, *row) any) *field {
	x := &field{key: key, name: name, kind: k, ent: f.head(), read: true, system: get}
	f.kept = append(f.kept, x)
	f.offer(key, &column{ent: f.head(), field: x})
	return x
}

// offer lets queries ask for a name; the first of a name wins.
func (f *form) offer(key string, c *column) {
	key = strings.ToLower(key)
	if f.names[key] == nil {
		f.names[key] = c
	}
}

// reference keeps a nil *doc from becoming a value that is not nil.
func reference(d *doc) any {
	if d == nil {
		return nil
	}
	return d
}

// moment is a time, or nothing when it never came.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
