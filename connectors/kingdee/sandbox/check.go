package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// longestNumber is what the database has room for.
const longestNumber = 80

// check finds everything that speaks against a save, not only the first thing.
func (s *builder) check() {
	refusedBefore := map[string]bool{}
	for _, r := range s.bad {
		refusedBefore[r.Message] = true
	}
	s.checkRow(s.form.head(), s.head, 0)
	for _, e := range s.form.ents[1:] {
		if e.parent.parent != nil {
			continue
		}
		rows := s.head.subs[e.index]
		if len(rows) == 0 && !e.optional {
			s.refuse(codeInvalid, e.key, "单据体“%s”不能为空，至少需要一行", "%s must have at least one row", e.name)
		}
		for i, r := range rows {
			s.checkRow(e, r, i+1)
			s.checkLot(e, r, i+1)
			s.checkPrice(e, r, i+1)
			s.checkPrecision(e, r, i+1)
			s.checkLinks(e, r, i+1)
		}
	}
}

func (s *builder) checkRow(e *entity, r *row, line int) {
	for _, x := range e.fields {
		if x.required && empty(r.vals[x.pos]) && !s.complained(x, line) {
			s.about(codeDefault, x, line, "是必填项", "is required")
		}
	}
}

// complained avoids a second message about a field whose value was refused.
func (s *builder) complained(x *field, line int) bool {
	place := s.place(x, line)
	if s.c.lcid == english {
		place = s.placeEnglish(x, line)
	}
	return slices.ContainsFunc(s.bad, func(r refusal) bool {
		return r.FieldName == x.key && len(r.Message) >= len(place) && r.Message[:len(place)] == place
	})
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return sameNumber(v) == ""
	case *apd.Decimal:
		return v.Sign() == 0
	case names:
		return sameNumber(v.in(chinese)) == ""
	}
	return false
}

// checkLot wants a lot number on stock documents for materials that are managed by lots.
func (s *builder) checkLot(e *entity, r *row, line int) {
	if e.stock == nil {
		return
	}
	material, _ := rowRef(e, r, kindRef, "BD_MATERIAL")
	for _, x := range e.fields {
		if x.kind == kindLot && material != nil && truth(material.at("FIsBatchManage"), false) && empty(r.vals[x.pos]) {
			s.about(codeDefault, x, line, "是必填项", "is required")
		}
	}
}

// rowRef is the first reference of a row to a form, and its field.
func rowRef(e *entity, r *row, k kind, to string) (*doc, *field) {
	for _, x := range e.fields {
		if x.kind == k && x.to == to {
			d, _ := r.vals[x.pos].(*doc)
			return d, x
		}
	}
	return nil, nil
}

// checkPrice wants a gift to be marked as one.
func (s *builder) checkPrice(e *entity, r *row, line int) {
	if e.price == nil || !e.gifts || s.isFree(e, r) {
		return
	}
	x := e.byKey[e.price.gross]
	if asNumber(r.vals[x.pos]).Sign() == 0 {
		s.about(codeInvalid, x, line, "：非赠品的价格不允许为零", "a price of zero is allowed for gifts only")
	}
}

// checkPrecision refuses quantities with more decimals than their unit has, when asked to.
func (s *builder) checkPrecision(e *entity, r *row, line int) {
	if !s.opt.precision {
		return
	}
	unit, _ := rowRef(e, r, kindRef, "BD_UNIT")
	for _, key := range []string{"FQty", "FRealQty", "FPriceQty"} {
		x := e.byKey[key]
		if x == nil || unit == nil {
			continue
		}
		places, err := asNumber(unit.at("FPrecision")).Int64()
		q := asNumber(r.vals[x.pos])
		if err == nil && round(q, int32(places)).Cmp(q) != 0 {
			s.about(codeInvalid, x, line, "的小数位数超过计量单位的精度%d", "has more decimals than the precision %d of its unit", places)
		}
	}
}

// checkNumber keeps numbers unique: of bills per form over all organisations, cancelled ones
// included; of base data per form and creating organisation.
func (s *builder) checkNumber() {
	if len([]rune(s.number)) > longestNumber {
		s.refuse(codeInvalid, s.form.number, "编码长度超限：最多%d个字符", "the number is too long: at most %d characters", longestNumber)
		return
	}
	if s.number == "" || s.old == nil && s.ignoresNumber() {
		return
	}
	for _, d := range s.box.table(s.form.id).byNumber[s.number] {
		if d != s.old && s.sameSpace(d) {
			s.refuse(codeInvalid, s.form.number, "违反字段唯一性要求：编码唯一。[%s]在当前系统中已经被使用。", "violates the uniqueness of a field: the number [%s] is already used in this system.", s.number)
			return
		}
	}
}

func (s *builder) sameSpace(d *doc) bool {
	if !s.form.perOrg {
		return true
	}
	if s.old != nil && d.master == s.old.master {
		return false // the same base data, allocated to another organisation
	}
	org := s.form.head().byKey["FCreateOrgId"]
	return org.value(d, d.head) == s.head.vals[org.pos]
}

// ignoresNumber says whether the bill type numbers by itself, whatever was sent.
func (s *builder) ignoresNumber() bool {
	x := s.form.head().byKey["FBillTypeID"]
	if x == nil {
		return false
	}
	typ, _ := s.head.vals[x.pos].(*doc)
	return typ != nil && s.box.options.AutoNumber[typ.number]
}

// commit stores what was built.
func (s *builder) commit() *doc {
	now := s.c.now.Add(-s.c.late).Truncate(time.Millisecond)
	t := s.box.table(s.form.id)
	if !s.opt.draft && s.number == "" || s.old == nil && s.ignoresNumber() {
		s.number = t.nextNumber()
	}
	d := s.old
	if d == nil {
		d = &doc{form: s.form, id: s.box.newID(), number: s.number, head: s.head, status: created, created: now, modified: now, creator: s.creator(), modifier: s.c.user}
		d.master, d.head.id = d, d.id
		if s.opt.draft {
			d.status = draft
		}
		t.add(d)
	} else {
		t.change(d, func() {
			s.box.unlink(d)
			d.number, d.head, d.modified, d.modifier = s.number, s.head, now, s.c.user
			if d.status == draft && !s.opt.draft {
				d.status = created
			}
		})
	}
	s.box.link(d)
	return d
}

// creator is the API's user, or whom the option Creator names.
func (s *builder) creator() *doc {
	users := s.box.table("SEC_User")
	if list := users.byNumber[s.opt.creator]; s.opt.creator != "" && len(list) > 0 {
		return list[0]
	}
	if d, ok := parseNumber(s.opt.creator); ok {
		if list := users.exactly(onKey, []any{d}); len(list) > 0 {
			return list[0]
		}
	}
	return s.c.user
}

// nextNumber is the next number of the form's rule that is free.
func (t *table) nextNumber() string {
	for {
		t.last++
		n := fmt.Sprintf("%s%06d", t.form.prefix, t.last)
		if len(t.byNumber[n]) == 0 {
			return n
		}
	}
}
