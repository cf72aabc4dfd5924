package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
)

// adder creates a material or a customer.
func (b *Box) adder(form string) func(json.RawMessage) (any, error) {
	return func(args json.RawMessage) (any, error) {
		in := struct {
			Number, Name, Org string
			Audit             bool
			Allocate          []string
			Model             json.RawMessage
		}{Org: "100", Audit: true}
		if err := strict(args, &in); err != nil {
			return nil, err
		}
		extra, err := modelOf(in.Model)
		if err != nil {
			return nil, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		f, c := b.form(form), b.byHand()
		model := append(b.sampleModel(f), extra...)
		model = append(model, member{"FNumber", in.Number}, member{"FName", orElse(in.Name, in.Number)}, member{"FCreateOrgId", object{{"FNumber", in.Org}}})
		d, bad := b.store(c, f, saveOptions{validate: true, verify: true, numberSearch: true, audit: in.Audit}, model, 0)
		if len(bad) > 0 {
			return nil, errors.New(bad[0].Message)
		}
		for _, org := range in.Allocate {
			if err := b.giveTo(c, d, org); err != nil {
				return nil, err
			}
		}
		return d.dump(), nil
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// giveTo allocates base data to an organisation and audits it there.
func (b *Box) giveTo(c *call, d *doc, org string) error {
	o := b.byNumber("ORG_Organizations", org)
	if o == nil {
		return fmt.Errorf("organisation %q does not exist", org)
	}
	own, bad := b.allocateTo(c, d.master, fmt.Sprint(o.id))
	if bad != nil {
		return errors.New(bad.Message)
	}
	b.touch(c, own, func() { own.status, own.approver, own.approved = audited, c.user, c.now })
	return nil
}

func (b *Box) allocateByHand(args json.RawMessage) (any, error) {
	var in target
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	docs, err := b.find(target{Form: in.Form, Number: in.Number})
	if err != nil {
		return nil, err
	}
	if !docs[0].form.perOrg {
		return nil, fmt.Errorf("%s is shared by all organisations", in.Form)
	}
	if err := b.giveTo(b.byHand(), docs[0], in.Org); err != nil {
		return nil, err
	}
	return docs[0].dump(), nil
}

// auditBase brings base data to C from wherever it is.
func (b *Box) auditBase(args json.RawMessage) (any, error) {
	in := target{Form: "BD_MATERIAL"}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	docs, err := b.find(in)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		c := b.byHand()
		if d.status == created || d.status == reopened {
			if bad := b.submitDoc(c, d, nil); bad != nil {
				return nil, errors.New(bad.Message)
			}
		}
		if d.status == submitted {
			if bad := b.auditDoc(c, d, nil); bad != nil {
				return nil, errors.New(bad.Message)
			}
		}
	}
	return docs[0].dump(), nil
}

func (b *Box) setStock(args json.RawMessage) (any, error) {
	in := struct{ Material, Stock, Qty, Lot, Org string }{Org: "100"}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	qty, ok := parseNumber(in.Qty)
	if !ok {
		return nil, fmt.Errorf("qty: %q is no number", in.Qty)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	org := b.byNumber("ORG_Organizations", in.Org)
	k := stockKey{
		org: org, owner: org, keeper: org, material: b.byNumber("BD_MATERIAL", in.Material), stock: b.byNumber("BD_STOCK", in.Stock),
		status: b.code("BD_StockStatus", "KCZT01_SYS"), lot: in.Lot, ownerType: "BD_OwnerOrg", keeperType: "BD_KeeperOrg",
	}
	if k.org == nil || k.material == nil || k.stock == nil {
		return nil, errors.New("organisation, material or warehouse does not exist")
	}
	return b.changeStock(change{k, sub(qty, b.onHand(k))}, b.kit.Clock.Now().In(zone)).dump(), nil
}

func (b *Box) killSessions(args json.RawMessage) (any, error) {
	var in struct{ Wrapping string }
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch in.Wrapping {
	case "":
	case wrapSingle, wrapDouble, wrapDoubleNull, wrapBare, wrapNone:
		b.options.LostWrapping = in.Wrapping
	default:
		return nil, fmt.Errorf("wrapping %q does not exist", in.Wrapping)
	}
	n := len(b.sessions.byID)
	for id := range b.sessions.byID {
		b.end(id, b.kit.Clock.Now())
	}
	return map[string]int{"ended": n}, nil
}

func (b *Box) lockUser(args json.RawMessage) (any, error) {
	in := struct{ User string }{User}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions.locked[in.User] = b.kit.Clock.Now().Add(lockTime)
	return map[string]string{"locked": in.User}, nil
}

func (b *Box) unlockUser(args json.RawMessage) (any, error) {
	in := struct{ User string }{User}
	if err := strict(args, &in); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions.locked, in.User)
	b.sessions.failed[in.User] = 0
	return map[string]string{"unlocked": in.User}, nil
}
