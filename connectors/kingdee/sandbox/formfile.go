package sandbox

import (
	"bufio"
	"embed"
	"fmt"
	"slices"
	"strings"
)

// The forms are data: forms/*.txt says which fields each has, what is required, what is
// computed and what moves stock. No form has code of its own.
//
//go:embed forms/*.txt
var formFiles embed.FS

var kinds = map[string]kind{
	"text": kindText, "lang": kindLang, "number": kindNumber, "int": kindInt, "date": kindDate, "time": kindTime,
	"bool": kindBool, "ref": kindRef, "owner": kindOwner, "lot": kindLot, "flex": kindFlex,
}

// loadForms reads all form files. They are part of the program, so a mistake in one is found by
// the first test.
func loadForms() map[string]*form {
	files, err := formFiles.ReadDir("forms")
	if err != nil {
		panic(err)
	}
	forms := map[string]*form{}
	for _, f := range files {
		text, err := formFiles.ReadFile("forms/" + f.Name())
		if err != nil {
			panic(err)
		}
		if err := parseForms(string(text), forms); err != nil {
			panic(fmt.Errorf("%s: %w", f.Name(), err))
		}
	}
	for _, f := range forms {
		f.finish(forms)
	}
	return forms
}

// parseForms reads one file: "form", "codes", "object", "entry", "sub", "link" begin a part,
// "=" is a row of a list of codes, everything else is a field.
func parseForms(text string, forms map[string]*form) error {
	var p formParser
	sc := bufio.NewScanner(strings.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		words := strings.Fields(sc.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := p.line(words); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if p.form != nil {
			forms[strings.ToLower(p.form.id)] = p.form
		}
	}
	return sc.Err()
}

type formParser struct {
	form   *form
	ent    *entity
	object string
	hidden bool
}

func (p *formParser) line(words []string) error {
	switch words[0] {
	case "form", "codes":
		return p.begin(words)
	case "=":
		p.form.codes = append(p.form.codes, words[1:])
		return nil
	case "object":
		p.ent, p.object, p.hidden = p.form.head(), words[1], slices.Contains(words[3:], "no-query")
		p.form.objects = append(p.form.objects, words[1])
		p.form.objectName[words[1]] = words[2]
		return nil
	case "entry", "sub":
		return p.entry(words)
	case "link":
		p.link(words[1], words[2])
		return nil
	}
	return p.field(words)
}

func (p *formParser) begin(words []string) error {
	f := &form{id: words[1], name: words[2], pk: "FID", number: "FBillNo", approved: "FApproveDate", objectName: map[string]string{}}
	for _, w := range words[3:] {
		key, val, _ := strings.Cut(w, "=")
		switch key {
		case "pk":
			f.pk = val
		case "org":
			f.org = val
		case "prefix":
			f.prefix = val
		case "table":
			f.tableName = val
		case "approved":
			f.approved = val
		case "base":
			f.base, f.number = true, "FNumber"
		case "per-org":
			f.perOrg, f.org = true, "FUseOrgId"
		case "read-only":
			f.readOnly = true
		case "text-key":
			f.textKey, f.number = true, ""
		case "bill", "stock":
		default:
			return fmt.Errorf("form: %q", w)
		}
	}
	if words[0] == "codes" {
		f.base, f.readOnly, f.number = true, true, "FNumber"
	}
	*p = formParser{form: f, ent: &entity{form: f, name: "单据头", byKey: map[string]*field{}}}
	f.ents = []*entity{p.ent}
	if f.perOrg {
		p.ent.add(&field{key: "FCreateOrgId", name: "创建组织", kind: kindRef, to: "ORG_Organizations", required: true})
		p.ent.add(&field{key: "FUseOrgId", name: "使用组织", kind: kindRef, to: "ORG_Organizations", same: "FCreateOrgId"})
	}
	if f.base {
		p.ent.add(&field{key: "FName", name: "名称", kind: kindLang, required: true})
		p.ent.add(&field{key: "FDescription", name: "描述", kind: kindLang})
	}
	if f.id == "BOS_BillType" {
		p.ent.add(&field{key: "FBillFormID", name: "单据", kind: kindText})
	}
	return nil
}

func (p *formParser) entry(words []string) error {
	e := &entity{key: words[1], name: words[2], form: p.form, parent: p.form.head(), byKey: map[string]*field{}}
	if words[0] == "sub" {
		e.parent, e.optional = p.lastEntry(), true
	}
	for _, w := range words[3:] {
		key, val, _ := strings.Cut(w, "=")
		switch key {
		case "optional":
			e.optional = true
		case "gifts":
			e.gifts = true
		case "price":
			k := strings.Split(val, ",")
			e.price = &pricing{qty: k[0], net: k[1], gross: k[2], rate: k[3], amount: k[4], tax: k[5], all: k[6]}
		case "stock":
			e.stock = parseMovement(val)
		default:
			return fmt.Errorf("entry: %q", w)
		}
	}
	p.addEntity(e)
	return nil
}

func (p *formParser) addEntity(e *entity) {
	e.index = len(p.form.ents)
	p.form.ents = append(p.form.ents, e)
	p.ent, p.object, p.hidden = e, "", false
}

// lastEntry is the entry collection that a sub-collection belongs to.
func (p *formParser) lastEntry() *entity {
	for i := len(p.form.ents) - 1; ; i-- {
		if e := p.form.ents[i]; e.parent == nil || e.parent.parent == nil {
			return e
		}
	}
}

// link adds the collection that ties a row to the row that it was made from.
func (p *formParser) link(key, qty string) {
	e := &entity{key: key, name: "关联", form: p.form, parent: p.lastEntry(), optional: true, link: qty, byKey: map[string]*field{}}
	p.addEntity(e)
	for _, k := range []string{"FRuleId", "FSTableName", "FSBillId", "FSId"} {
		e.add(&field{key: key + "_" + k, name: k, kind: kindText})
	}
	e.add(&field{key: key + "_FBaseUnitQtyOld", name: "原始携带量", kind: kindNumber})
	e.add(&field{key: key + "_FBaseUnitQty", name: "修改携带量", kind: kindNumber})
}

// parseMovement reads "out:org,stock,status,qty", for a transfer with ">org,stock,status" behind.
func parseMovement(text string) *movement {
	kind, rest, _ := strings.Cut(text, ":")
	from, to, moves := strings.Cut(rest, ">")
	k := strings.Split(from, ",")
	m := &movement{kind: kind, org: k[0], stock: k[1], status: k[2], qty: k[3]}
	if moves {
		k = strings.Split(to, ",")
		m.targetOrg, m.targetStock, m.targetStat = k[0], k[1], k[2]
	}
	return m
}

func (p *formParser) field(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("field: %q", words)
	}
	typ, to, _ := strings.Cut(words[2], ":")
	k, ok := kinds[typ]
	if !ok {
		return fmt.Errorf("field %s: type %q", words[0], typ)
	}
	x := &field{key: words[0], name: words[1], kind: k, to: to, object: p.object, hidden: p.hidden}
	for _, w := range words[3:] {
		key, val, _ := strings.Cut(w, "=")
		switch key {
		case "required":
			x.required = true
		case "read":
			x.read = true
		case "blank":
			x.blank = true
		case "def":
			x.def = val
		case "same":
			x.same = val
		case "from":
			x.from = val
		case "org":
			x.org = val
		case "currency":
			x.currency = val
		case "sum":
			x.sum = val
		default:
			return fmt.Errorf("field %s: %q", words[0], w)
		}
	}
	p.ent.add(x)
	return nil
}

func (e *entity) add(x *field) {
	x.ent, x.pos = e, len(e.fields)
	e.fields = append(e.fields, x)
	e.byKey[x.key] = x
}
