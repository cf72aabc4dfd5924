package sandbox

import "slices"

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
		out = slices.Insert(out, at, r)
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
