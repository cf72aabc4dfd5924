package sandbox

import "github.com/cockroachdb/apd/v3"

// origin is the row that another row was made from.
type origin struct {
	doc *doc
	row *row
	ent *entity
}

// origins are what the links of a row point at.
func (b *Box) origins(e *entity, r *row) []origin {
	var out []origin
	for _, le := range e.form.ents {
		if le.link == "" || le.parent != e {
			continue
		}
		for _, l := range r.subs[le.index] {
			if o, ok := b.origin(le, l); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

func (b *Box) origin(le *entity, l *row) (origin, bool) {
	text := func(key string) string { return asText(l.vals[le.byKey[le.key+"_"+key].pos]) }
	id, ok1 := parseNumber(text("FSBillId"))
	rowID, ok2 := parseNumber(text("FSId"))
	if !ok1 || !ok2 {
		return origin{}, false
	}
	for _, f := range b.forms {
		if f.tableName == "" || f.tableName != text("FSTableName") {
			continue
		}
		for _, d := range b.table(f.id).exactly(onKey, []any{id}) {
			if r, e := d.rowWith(rowID); r != nil {
				return origin{d, r, e}, true
			}
		}
	}
	return origin{}, false
}

// rowWith finds a row of an entry collection by its id.
func (d *doc) rowWith(id *apd.Decimal) (*row, *entity) {
	for _, e := range d.form.ents[1:] {
		for _, r := range d.head.subs[e.index] {
			if whole(r.id).Cmp(id) == 0 {
				return r, e
			}
		}
	}
	return nil, nil
}

// link remembers at the documents that d was made from that d exists, unlink forgets it.
func (b *Box) link(d *doc)   { b.eachOrigin(d, func(o origin) { o.doc.made(d) }) }
func (b *Box) unlink(d *doc) { b.eachOrigin(d, func(o origin) { delete(o.doc.downstream, d) }) }

func (d *doc) made(target *doc) {
	if d.downstream == nil {
		d.downstream = map[*doc]bool{}
	}
	d.downstream[target] = true
}

func (b *Box) eachOrigin(d *doc, visit func(origin)) {
	for _, e := range d.form.ents[1:] {
		for _, r := range d.head.subs[e.index] {
			for _, o := range b.origins(e, r) {
				visit(o)
			}
		}
	}
}

// drawn is how much of a row other documents have taken, without those of one document.
func (b *Box) drawn(o origin, without *doc) *apd.Decimal {
	total := zero
	for d := range o.doc.downstream {
		if d == without || d.cancelled {
			continue
		}
		for _, e := range d.form.ents[1:] {
			for _, r := range d.head.subs[e.index] {
				for _, other := range b.origins(e, r) {
					if other.row == o.row {
						total = add(total, e.linkedQuantity(r))
					}
				}
			}
		}
	}
	return total
}

// linkedQuantity is the quantity that a row takes from where it was made.
func (e *entity) linkedQuantity(r *row) *apd.Decimal {
	for _, le := range e.form.ents {
		if le.link != "" && le.parent == e {
			return asNumber(r.vals[e.byKey[le.link].pos])
		}
	}
	return zero
}

// checkLinks refuses to deliver more than was ordered.
func (s *builder) checkLinks(e *entity, r *row, line int) {
	for _, o := range s.box.origins(e, r) {
		x := o.ent.byKey["FQty"]
		if x == nil {
			continue
		}
		ordered := asNumber(o.row.vals[x.pos])
		if taken := add(s.box.drawn(o, s.old), e.linkedQuantity(r)); taken.Cmp(ordered) > 0 {
			s.refuse(codeInvalid, e.key, "单据体“%s”第%d行：关联数量%s已达源单数量%s，不允许超额", "%s, row %d: the linked quantity %s exceeds that of the source, %s", e.name, line, plain(taken), plain(ordered))
		}
	}
}

// execute writes back, at audit, what a stock document delivered of an order; sign is -1 when
// the audit is taken back. An order that is delivered whole closes itself.
func (b *Box) execute(d *doc, sign int64) {
	b.eachRow(d, func(e *entity, r *row) {
		if e.stock == nil {
			return
		}
		for _, o := range b.origins(e, r) {
			b.writeBack(o, mul(e.linkedQuantity(r), whole(sign)))
		}
	})
}

func (b *Box) eachRow(d *doc, visit func(*entity, *row)) {
	for _, e := range d.form.ents[1:] {
		if e.parent.parent == nil {
			for _, r := range d.head.subs[e.index] {
				visit(e, r)
			}
		}
	}
}

func (b *Box) writeBack(o origin, qty *apd.Decimal) {
	for _, key := range []string{"FStockOutQty", "FSumOutQty", "FStockInQty"} {
		x := o.ent.byKey[key]
		if x == nil {
			continue
		}
		done := add(asNumber(o.row.vals[x.pos]), qty)
		o.row.put(x, done)
		left := sub(asNumber(o.row.vals[o.ent.byKey["FQty"].pos]), done)
		if y := o.ent.byKey["FRemainOutQty"]; y != nil {
			o.row.put(y, left)
		}
		for _, key := range []string{"FMrpCloseStatus", "FMRPCloseStatus"} {
			if y := o.ent.byKey[key]; y != nil {
				o.row.put(y, map[bool]string{true: "B", false: "A"}[left.Sign() <= 0])
			}
		}
	}
	// A delivery notice's own order is written back as well.
	for _, further := range b.origins(o.ent, o.row) {
		b.writeBack(further, qty)
	}
	o.doc.closed = b.delivered(o.doc)
}

// delivered says whether nothing is left of an order.
func (b *Box) delivered(d *doc) bool {
	all, any := true, false
	b.eachRow(d, func(e *entity, r *row) {
		for _, key := range []string{"FMrpCloseStatus", "FMRPCloseStatus"} {
			if x := e.byKey[key]; x != nil {
				any, all = true, all && r.vals[x.pos] == "B"
			}
		}
	})
	return any && all
}
