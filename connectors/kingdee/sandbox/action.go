package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// Actions are what people do in the ERP while pipelines run, and what befalls the server.
func (b *Box) Actions() []sandbox.Action {
	out := append(b.billActions(), b.baseActions()...)
	return append(out, b.serverActions()...)
}

// target names a document: base data of several organisations all at once, or one of them.
type target struct {
	Form   string `json:"form"`
	Number string `json:"number"`
	Org    string `json:"org"`
}

func (b *Box) billActions() []sandbox.Action {
	step := func(name, doc string, op operation) sandbox.Action {
		return sandbox.Action{Name: name, Doc: doc, Example: `{"form":"SAL_SaleOrder","number":"113-A1"}`, Do: b.person(op)}
	}
	return []sandbox.Action{
		{
			Name: "create-bill", Doc: "A person creates a document under a number, so that it is another's; model and modified (a time, for a late row) are optional.",
			Example: `{"form":"SAL_SaleOrder","number":"113-A1","model":{"FNote":"by hand"},"modified":"2026-03-01 10:00:00"}`, Do: b.createBill,
		},
		{
			Name: "create-bills", Doc: "Many sales orders at once, PREFIX-000001 and so on, audited; for reading large amounts. modified (a time) makes it the time of all.",
			Example: `{"count":1000,"prefix":"BULK","modified":"2026-03-01 10:00:00"}`, Do: b.createBills,
		},
		{
			Name: "edit-bill", Doc: "A person changes fields of a document, which must be editable; set is written like a Model, rows with FEntryID.",
			Example: `{"form":"SAL_SaleOrder","number":"113-A1","set":{"FNote":"call first"}}`, Do: b.editBill,
		},
		step("submit", "A person submits a document.", (*Box).submitDoc),
		step("audit", "A person audits a submitted document, also one in a workflow.", (*Box).auditDoc),
		step("un-audit", "A person takes an audit back.", (*Box).unAuditDoc),
		step("delete", "A person deletes a document.", (*Box).deleteDoc),
		step("cancel", "A person cancels a document (作废); its number stays taken.", operations["cancel"]),
		step("uncancel", "A person takes the cancelling back.", operations["uncancel"]),
		step("close", "A person closes an order (业务关闭).", operations["billclose"]),
		step("unclose", "A person opens a closed order again.", operations["billunclose"]),
	}
}

func (b *Box) baseActions() []sandbox.Action {
	return []sandbox.Action{
		{
			Name: "add-material", Doc: "A person creates a material in organisation 100; audited and allocated where that is said.",
			Example: `{"number":"NEW-POSTER","name":"Sample poster","audit":true,"allocate":["101"]}`, Do: b.adder("BD_MATERIAL"),
		},
		{
			Name: "add-customer", Doc: "A person creates a customer in organisation 100; audited and allocated where that is said.",
			Example: `{"number":"CUST-NEW","name":"Sample customer","audit":true,"allocate":["101"]}`, Do: b.adder("BD_Customer"),
		},
		{
			Name: "audit-material", Doc: "A person submits and audits a material or a customer.",
			Example: `{"form":"BD_MATERIAL","number":"NEW-POSTER"}`, Do: b.auditBase,
		},
		{
			Name: "forbid", Doc: "A person forbids base data, in one organisation or in all.",
			Example: `{"form":"BD_MATERIAL","number":"MUG-RED","org":"101"}`, Do: b.person(operations["forbid"]),
		},
		{
			Name: "enable", Doc: "A person enables forbidden base data.",
			Example: `{"form":"BD_MATERIAL","number":"MUG-RED"}`, Do: b.person(operations["enable"]),
		},
		{
			Name: "allocate", Doc: "A person allocates base data to an organisation, audited there.",
			Example: `{"form":"BD_MATERIAL","number":"CABLE-USBC","org":"101"}`, Do: b.allocateByHand,
		},
		{
			Name: "set-stock", Doc: "Somebody counts: so many pieces lie in a warehouse of organisation 100.",
			Example: `{"material":"MUG-RED","stock":"CK001","qty":"5","lot":""}`, Do: b.setStock,
		},
	}
}

func (b *Box) serverActions() []sandbox.Action {
	return []sandbox.Action{
		{Name: "expire-sessions", Doc: "All sessions end, as if they had been idle for too long.", Example: `{}`, Do: b.killSessions},
		{
			Name: "kill-sessions", Doc: "All sessions end; wrapping says how queries answer that from now on: twice, once, twice-null, bare-errors, none.",
			Example: `{"wrapping":"twice-null"}`, Do: b.killSessions,
		},
		{
			Name: "lock-user", Doc: "A user is locked, as after too many failed logins, until the clock has moved on by 30 minutes.",
			Example: `{"user":"apiuser"}`, Do: b.lockUser,
		},
		{Name: "unlock-user", Doc: "An administrator unlocks a user.", Example: `{"user":"apiuser"}`, Do: b.unlockUser},
		{
			Name: "set-option", Doc: "Changes how the server is set up; the answer shows all options.",
			Example: `{"auto_number":{"XSDD01_SYS":true},"workflow":{"SAL_SaleOrder":true},"query_cap":2000,"hidden_orgs":{"101":true},"negative_stock":"refuse","idle_minutes":20,"calls_per_second":20}`, Do: b.withLock(b.setOption),
		},
	}
}

// byHand is a call that a person makes on the screen.
func (b *Box) byHand() *call {
	return &call{box: b, lcid: chinese, user: b.userNamed(Person), now: b.kit.Clock.Now().In(zone)}
}

func (b *Box) withLock(f func(json.RawMessage) (any, error)) func(json.RawMessage) (any, error) {
	return func(args json.RawMessage) (any, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return f(args)
	}
}

// strict reads arguments and refuses what nobody asked for.
func strict(args json.RawMessage, into any) error {
	if len(bytes.TrimSpace(args)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(args))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// find finds the documents that a target names.
func (b *Box) find(t target) ([]*doc, error) {
	f := b.form(t.Form)
	if f == nil {
		return nil, fmt.Errorf("form %q does not exist", t.Form)
	}
	var out []*doc
	for _, d := range b.table(f.id).byNumber[sameNumber(t.Number)] {
		if t.Org == "" || numberOf(d.organisation()) == t.Org {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s %q does not exist", f.id, t.Number)
	}
	return out, nil
}

// person is an operation as a person starts it.
func (b *Box) person(op operation) func(json.RawMessage) (any, error) {
	return b.withLock(func(args json.RawMessage) (any, error) {
		var t target
		if err := strict(args, &t); err != nil {
			return nil, err
		}
		docs, err := b.find(t)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if bad := op(b, b.byHand(), d, map[string]bool{}); bad != nil {
				return nil, errors.New(bad.Message)
			}
		}
		return docs[0].dump(), nil
	})
}

func (b *Box) createBill(args json.RawMessage) (any, error) {
	var in struct {
		Form, Number, Modified string
		Model                  json.RawMessage
	}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.form(in.Form)
	if f == nil || f.readOnly {
		return nil, fmt.Errorf("form %q does not exist or cannot be written", in.Form)
	}
	extra, err := modelOf(in.Model)
	if err != nil {
		return nil, err
	}
	c := b.byHand()
	if err := c.at(in.Modified); err != nil {
		return nil, err
	}
	model := append(b.sampleModel(f), extra...)
	return b.storeByHand(c, f, append(model, member{f.number, in.Number}))
}

// at makes a time the one of the call; "" leaves it.
func (c *call) at(modified string) error {
	if modified == "" {
		return nil
	}
	at, ok := parseTime(modified)
	if !ok {
		return fmt.Errorf("modified: %q is no time", modified)
	}
	c.now = at
	return nil
}

func modelOf(raw json.RawMessage) (object, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	o, _ := v.(object)
	return o, nil
}

func (b *Box) storeByHand(c *call, f *form, model object) (any, error) {
	d, bad := b.store(c, f, saveOptions{validate: true, verify: true, numberSearch: true}, model, 0)
	if len(bad) > 0 {
		return nil, errors.New(bad[0].Message)
	}
	return d.dump(), nil
}

// sampleModel is a document that a form accepts: what is required, with the first value that fits.
func (b *Box) sampleModel(f *form) object {
	day := b.kit.Clock.Now().In(zone).Format(time.DateOnly)
	sample := func(x *field) any {
		switch x.kind {
		case kindRef:
			return b.sampleReference(f, x)
		case kindOwner:
			return object{{"FNumber", "CUST-RETAIL"}}
		case kindDate, kindTime:
			return day
		case kindNumber:
			return json.Number("1")
		}
		if strings.HasSuffix(x.key, "TYPE") {
			return "BD_Customer"
		}
		return "1"
	}
	model := object{}
	for _, x := range f.head().fields {
		if x.required && x.object == "" {
			model.set(x.key, sample(x))
		} else if x.required {
			model.addInto(x.object, x.key, sample(x))
		}
	}
	for _, e := range f.ents[1:] {
		if e.optional {
			continue
		}
		row := object{}
		for _, x := range e.fields {
			if x.required {
				row.set(x.key, sample(x))
			}
		}
		if e.price != nil {
			row.set(e.price.gross, json.Number("10"))
		}
		model.set(e.key, []any{row})
	}
	return model
}

func (b *Box) sampleReference(f *form, x *field) object {
	number := map[string]string{"ORG_Organizations": "100", "BD_MATERIAL": "MUG-RED", "BD_Customer": "CUST-RETAIL", "BD_Supplier": "VEN-SAMPLE", "BD_STOCK": "CK001", "BD_UNIT": "Pcs", "BD_Currency": "PRE001"}[x.target.id]
	if number == "" && len(x.target.codes) > 0 {
		number = x.target.codes[0][0]
		for _, c := range x.target.codes {
			if len(c) == 3 && c[2] == f.id {
				number = c[0]
				break
			}
		}
	}
	return object{{"FNumber", number}}
}

func (b *Box) createBills(args json.RawMessage) (any, error) {
	in := struct {
		Count            int
		Prefix, Modified string
	}{Count: 100, Prefix: "BULK"}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f, c := b.form("SAL_SaleOrder"), b.byHand()
	model, opt := b.sampleModel(f), saveOptions{validate: true, numberSearch: true, audit: true}
	if err := c.at(in.Modified); err != nil {
		return nil, err
	}
	for i := range in.Count {
		if in.Modified == "" {
			c.now = c.now.Add(time.Millisecond) // no two at the same instant
		}
		_, bad := b.store(c, f, opt, append(slices.Clip(model), member{f.number, fmt.Sprintf("%s-%06d", in.Prefix, i+1)}), 0)
		if len(bad) > 0 {
			return nil, errors.New(bad[0].Message)
		}
	}
	return map[string]int{"created": in.Count}, nil
}

func (b *Box) editBill(args json.RawMessage) (any, error) {
	var in struct {
		Form, Number string
		Set          json.RawMessage
	}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	set, err := modelOf(in.Set)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	docs, err := b.find(target{Form: in.Form, Number: in.Number})
	if err != nil {
		return nil, err
	}
	d := docs[0]
	return b.storeByHand(b.byHand(), d.form, append(object{{d.form.pk, json.Number(fmt.Sprint(d.id))}}, set...))
}
