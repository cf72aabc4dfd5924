package sandbox

import (
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// view answers one document whole, nested, under the names of the object model: BillNo, not
// FBillNo.
func (b *Box) view(c *call) any {
	data, err := c.data(2)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := c.text(0, "formid")
	f := b.form(id)
	if f == nil {
		return c.noForm(id)
	}
	number, _ := data.fold("Number")
	if n, key := asText(number), firstText(data, "Id", "Ids"); n != "" {
		data = object{{"Numbers", []any{n}}, {"CreateOrgId", memberOf(data, "CreateOrgId")}}
	} else if f.textKey {
		return b.viewByGUID(c, f, key)
	} else {
		data = object{{"Ids", key}}
	}
	docs, bad, problem := b.named(c, f, data)
	switch {
	case problem != nil:
		return problem
	case len(docs) == 0:
		return c.refuse(bad...)
	}
	return envelope{result{ResponseStatus: outcome(nil, nil), Result: b.whole(docs[0].doc)}}
}

func (b *Box) viewByGUID(c *call, f *form, key string) any {
	d := b.table(f.id).byGUID[key]
	if d == nil {
		return c.fail(codeNotFound, nil, "未找到对应数据：内码“%s”不存在", "no data found: the id “%s” does not exist", key)
	}
	return envelope{result{ResponseStatus: outcome(nil, nil), Result: b.whole(d)}}
}

func firstText(data object, keys ...string) string {
	v, _ := data.fold(keys...)
	return asText(v)
}

func memberOf(data object, key string) any {
	v, _ := data.fold(key)
	return v
}

// whole is a document as View shows it.
func (b *Box) whole(d *doc) object {
	out := object{{"Id", d.key()}}
	if d.form.perOrg {
		out.set("msterID", d.master.id)
	}
	for _, x := range d.form.kept[1:] {
		x.inView(&out, d, d.head)
	}
	for _, x := range d.form.head().fields {
		if x.object == "" {
			x.inView(&out, d, d.head)
		}
	}
	for _, name := range d.form.objects {
		inner := object{{"Id", d.key()}}
		for _, x := range d.form.head().fields {
			if x.object == name {
				x.inView(&inner, d, d.head)
			}
		}
		out.set(property(name), []object{inner})
	}
	b.rowsInView(&out, d, d.form.head(), d.head)
	return out
}

func (b *Box) rowsInView(out *object, d *doc, above *entity, r *row) {
	for _, e := range d.form.ents[1:] {
		if e.parent != above {
			continue
		}
		list := []object{}
		for _, sub := range r.subs[e.index] {
			o := object{{"Id", sub.id}, {"Seq", sub.seq}}
			for _, x := range e.fields {
				x.inView(&o, d, sub)
			}
			b.rowsInView(&o, d, e, sub)
			list = append(list, o)
		}
		out.set(property(e.key), list)
	}
}

// property is the name of a field in the object model.
func property(key string) string {
	if strings.HasPrefix(key, "F") && len(key) > 1 {
		return key[1:]
	}
	return key
}

func (x *field) inView(out *object, d *doc, r *row) {
	name, v := property(x.key), x.value(d, r)
	switch v := v.(type) {
	case *doc:
		out.set(name+"_Id", v.key())
		out.set(name, v.short())
	case names:
		out.set(name, v.byKey())
		out.set(name+"_MultiLanguageText", v.byLocale())
	case dims:
		o := object{}
		for dim, code := range v {
			o.set(dim, object{{"Number", code}})
		}
		out.set(name, o)
	case time.Time:
		out.set(name, v.Format(timeLayout))
	case *apd.Decimal:
		out.set(name, shown(v, x, chinese))
	case nil:
		x.emptyInView(out, name)
	default:
		out.set(name, shown(v, x, chinese))
	}
	if x.key == "FName" {
		n, _ := v.(names)
		out.set("MultiLanguageText", n.byLocale())
	}
}

func (x *field) emptyInView(out *object, name string) {
	switch x.kind {
	case kindRef, kindOwner:
		out.set(name+"_Id", 0)
		out.set(name, nil)
	case kindLang:
		out.set(name, []object{})
	case kindFlex, kindLot:
		out.set(name, nil)
	default:
		out.set(name, shownAbsent(x))
	}
}

// short is base data inside another document.
func (d *doc) short() object {
	n, _ := d.at("FName").(names)
	out := object{{"Id", d.key()}}
	if d.form.perOrg {
		out.set("msterID", d.master.id)
	}
	out.set("MultiLanguageText", n.byLocale())
	out.set("Name", n.byKey())
	out.set("Number", d.number)
	return out
}

// Names come in two forms; servers have been seen to give either, and here both are given.
func (n names) byKey() []object {
	return n.list(func(lcid int, s string) object { return object{{"Key", lcid}, {"Value", s}} })
}

func (n names) byLocale() []object {
	return n.list(func(lcid int, s string) object {
		return object{{"PkId", strconv.Itoa(lcid)}, {"LocaleId", lcid}, {"Name", s}}
	})
}

func (n names) list(f func(int, string) object) []object {
	out := []object{}
	for _, lcid := range []int{english, chinese, traditional} {
		if s, ok := n[lcid]; ok {
			out = append(out, f(lcid, s))
		}
	}
	return out
}
