package sandbox

import "strings"

// ownerForms says which form a multi-class field refers to, by the value of its type field.
var ownerForms = map[string]string{
	"BD_OwnerOrg": "ORG_Organizations", "BD_KeeperOrg": "ORG_Organizations", "ORG_Organizations": "ORG_Organizations",
	"BD_Customer": "BD_Customer", "BD_Supplier": "BD_Supplier", "BD_Department": "BD_Department", "BD_Empinfo": "BD_Empinfo",
}

// setReference looks base data up. What does not exist, or may not be used, is an error when the
// client wants it verified; otherwise the value is dropped, and only a required field complains.
func (s *builder) setReference(x *field, r *row, v any, line int) {
	to := x.target
	if x.kind == kindOwner {
		typ, _ := r.vals[x.ent.byKey[x.to].pos].(string)
		if to = s.box.form(ownerForms[typ]); to == nil {
			return // the type has to be set first
		}
	}
	key, given := s.wanted(v)
	if !given {
		r.put(x, nil)
		return
	}
	found, reason := s.resolve(to, v, s.orgFor(x))
	if reason != "" && s.opt.verify && !s.opt.draft {
		s.about(codeNoValue, x, line, "：编码值[\"%s\"]不存在或不可用（%s）", "the code [\"%s\"] does not exist or cannot be used (%s)", key, reason)
	}
	r.put(x, reference(found))
	if x.currency != "" && found != nil {
		s.overwriteCurrency(x.currency, r, found)
	}
}

// overwriteCurrency does what setting the customer does on the screen: a currency that was
// filled in before gives way to the customer's. Key order matters.
func (s *builder) overwriteCurrency(key string, r *row, customer *doc) {
	x := s.form.head().byKey[key]
	if r.vals[x.pos] == nil || !s.sent[r][key] {
		return
	}
	if own := customer.refAt("FTRADINGCURRID"); own != nil {
		r.put(x, own)
	}
}

// wanted is what a reference names, as text; false means that it is empty.
func (s *builder) wanted(v any) (string, bool) {
	o, ok := v.(object)
	if !ok {
		return asText(v), asText(v) != ""
	}
	keys := []string{"FNumber", "FUserID", "FName"}
	if !s.opt.numberSearch {
		keys = append(keys, "FID", "Id")
	}
	for _, k := range keys {
		if n, ok := o.fold(k); ok && strings.TrimSpace(asText(n)) != "" {
			return strings.TrimRight(asText(n), " "), true
		}
	}
	return "", false
}

// resolve finds the row of base data that a value names, as an organisation sees it.
func (s *builder) resolve(to *form, v any, org *doc) (*doc, string) {
	o, ok := v.(object)
	if !ok {
		return nil, "不是基础资料的写法"
	}
	t := s.box.table(to.id)
	var found []*doc
	if n, ok := o.fold("FNumber"); ok {
		found = t.byNumber[sameNumber(asText(n))]
	} else if n, ok := o.fold("FUserID"); ok {
		found = t.byNumber[sameNumber(asText(n))]
	} else if n, ok := o.fold("FName"); ok {
		found = t.named(asText(n))
	} else if n, ok := o.fold("FID", "Id"); ok {
		d, _ := parseNumber(asText(n))
		if d != nil {
			found = t.exactly(onKey, []any{d})
		}
	}
	return s.choose(to, found, org)
}

// named searches base data by name.
func (t *table) named(name string) []*doc {
	var out []*doc
	t.keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
		if d.name(chinese) == name {
			out = append(out, d)
		}
		return true
	})
	return out
}

func (s *builder) choose(to *form, found []*doc, org *doc) (*doc, string) {
	if len(found) == 0 {
		return nil, "不存在"
	}
	reason := "未分配到使用组织"
	for _, d := range found {
		if to.perOrg && d.refAt("FUseOrgId") != org {
			continue
		}
		if to.id == "BOS_BillType" && d.at("FBillFormID") != s.form.id {
			continue
		}
		if reason = d.usable(); reason == "" {
			return d, ""
		}
	}
	return nil, reason
}

// orgFor is the organisation whose base data a field may use. It counts even when its key
// stands further down in the Model.
func (s *builder) orgFor(x *field) *doc {
	key := x.org
	if key == "" {
		key = s.form.org
	}
	if key == "" {
		return nil
	}
	if d, ok := s.orgs[key]; ok {
		return d
	}
	d := s.orgIn(key)
	if d == nil && s.form.perOrg {
		d = s.orgIn("FCreateOrgId")
	}
	s.orgs[key] = d
	return d
}

func (s *builder) orgIn(key string) *doc {
	if v, ok := s.model.get(key); ok && s.allowed(key) {
		d, _ := s.resolve(s.box.form("ORG_Organizations"), v, nil)
		return d
	}
	d, _ := s.head.vals[s.form.head().byKey[key].pos].(*doc)
	return d
}
