package sandbox

import "github.com/cockroachdb/apd/v3"

// complete fills in what the server fills in: values that follow from others, amounts, totals.
func (s *builder) complete() {
	if s.form.perOrg && s.old == nil {
		// New base data belongs to the organisation that creates it; others get it by allocation.
		head := s.form.head()
		s.head.put(head.byKey["FUseOrgId"], s.head.vals[head.byKey["FCreateOrgId"].pos])
	}
	s.follow(s.form.head(), s.head)
	for _, e := range s.form.ents[1:] {
		if e.parent.parent != nil {
			continue
		}
		for _, r := range s.head.subs[e.index] {
			s.follow(e, r)
			if e.price != nil {
				s.price(e, r)
			}
			s.remaining(e, r)
		}
	}
	s.totals()
}

// follow gives fields that were left out the value of another field.
func (s *builder) follow(e *entity, r *row) {
	for _, x := range e.fields {
		if x.same != "" && (r.vals[x.pos] == nil || x.read) {
			r.put(x, s.valueNear(x.same, e, r))
		}
		if x.from != "" && r.vals[x.pos] == nil {
			if material, ok := r.vals[e.byKey[x.from].pos].(*doc); ok {
				r.put(x, material.at("FBaseUnitId"))
			}
		}
	}
}

// valueNear is a value of the same row, or else of the head.
func (s *builder) valueNear(key string, e *entity, r *row) any {
	if x := e.byKey[key]; x != nil {
		return r.vals[x.pos]
	}
	if x := s.form.head().byKey[key]; x != nil {
		return s.head.vals[x.pos]
	}
	return nil
}

// price computes a row's amounts. With FIsIncludedTax the gross price counts: the gross amount is
// quantity × gross price to the cent, less the discount, and net and tax follow from it.
func (s *builder) price(e *entity, r *row) {
	p := e.price
	get := func(key string) *apd.Decimal {
		if x := e.byKey[key]; x != nil {
			return asNumber(r.vals[x.pos])
		}
		return zero
	}
	put := func(key string, d *apd.Decimal) {
		if x := e.byKey[key]; x != nil {
			r.put(x, d)
		}
	}
	factor := add(whole(1), quo(get(p.rate), whole(100)))
	if factor.Sign() <= 0 {
		factor = whole(1)
	}
	fromGross := s.grossCounts(e, r)
	gross, net := get(p.gross), get(p.net)
	if s.isFree(e, r) {
		gross, net = zero, zero
	}
	if fromGross {
		net = round(quo(gross, factor), pricePlaces)
	} else {
		gross = round(mul(net, factor), pricePlaces)
	}
	all := round(mul(get(p.qty), gross), amountPlaces)
	if !fromGross {
		base := round(mul(get(p.qty), net), amountPlaces)
		all = add(base, round(mul(base, sub(factor, whole(1))), amountPlaces))
	}
	discount := s.discount(e, r, all, get)
	put("FDiscount", discount)
	all = sub(all, discount)
	amount := round(quo(all, factor), amountPlaces)
	put(p.gross, gross)
	put(p.net, net)
	put(p.all, all)
	put(p.amount, amount)
	put(p.tax, sub(all, amount))
}

// grossCounts says which of the two prices is the one that was meant.
func (s *builder) grossCounts(e *entity, r *row) bool {
	sent := s.sent[r]
	switch {
	case sent[e.price.net] && !sent[e.price.gross]:
		return false
	case sent[e.price.gross] && !sent[e.price.net]:
		return true
	}
	for _, key := range []string{"FIsIncludedTax", "FISTAX"} {
		if x := s.form.head().byKey[key]; x != nil {
			return truth(s.head.vals[x.pos], true)
		}
	}
	return true
}

func (s *builder) discount(e *entity, r *row, all *apd.Decimal, get func(string) *apd.Decimal) *apd.Decimal {
	rate := get("FDiscountRate")
	if rate.Sign() != 0 && !s.sent[r]["FDiscount"] {
		return round(quo(mul(all, rate), whole(100)), amountPlaces)
	}
	if all.Sign() == 0 {
		return zero
	}
	return get("FDiscount")
}

func (s *builder) isFree(e *entity, r *row) bool {
	for _, key := range []string{"FIsFree", "FGiveAway"} {
		if x := e.byKey[key]; x != nil && truth(r.vals[x.pos], false) {
			return true
		}
	}
	return false
}

// remaining is what has not been delivered of an order's row.
func (s *builder) remaining(e *entity, r *row) {
	out, left := e.byKey["FStockOutQty"], e.byKey["FRemainOutQty"]
	if out != nil && left != nil {
		r.put(left, sub(asNumber(r.vals[e.byKey["FQty"].pos]), asNumber(r.vals[out.pos])))
	}
}

// totals adds the rows up into the head.
func (s *builder) totals() {
	head := s.form.head()
	for _, x := range head.fields {
		if x.sum == "" {
			continue
		}
		total := zero
		for _, e := range s.form.ents[1:] {
			if y := e.byKey[x.sum]; y != nil && e.parent == head {
				for _, r := range s.head.subs[e.index] {
					total = add(total, asNumber(r.vals[y.pos]))
				}
			}
		}
		s.head.put(x, total)
	}
}
