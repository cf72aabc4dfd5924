package sandbox

import (
	"strings"
)

// operation is one step of the state machine for one document: it happens, or says why not.
type operation func(b *Box, c *call, d *doc, flags map[string]bool) *refusal

func (b *Box) submit(c *call) any       { return b.each(c, 2, (*Box).submitDoc) }
func (b *Box) audit(c *call) any        { return b.each(c, 2, (*Box).auditDoc) }
func (b *Box) unAudit(c *call) any      { return b.each(c, 2, (*Box).unAuditDoc) }
func (b *Box) cancelAssign(c *call) any { return b.each(c, 2, (*Box).cancelAssignDoc) }
func (b *Box) remove(c *call) any       { return b.each(c, 2, (*Box).deleteDoc) }

// operations are the opNumbers of ExecuteOperation.
var operations = map[string]operation{
	"cancel":        func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.cancelDoc(c, d) },
	"uncancel":      func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.unCancelDoc(c, d) },
	"forbid":        func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.forbidDoc(c, d, true) },
	"enable":        func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.forbidDoc(c, d, false) },
	"billclose":     func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.closeDoc(c, d, true) },
	"billunclose":   func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.closeDoc(c, d, false) },
	"freeze":        rowFlag("FFreezeStatus", "B"),
	"unfreeze":      rowFlag("FFreezeStatus", "A"),
	"terminate":     rowFlag("FTerminateStatus", "B"),
	"unterminate":   rowFlag("FTerminateStatus", "A"),
	"statusconvert": func(b *Box, c *call, d *doc, _ map[string]bool) *refusal { return b.cancelDoc(c, d) },
	"submit":        (*Box).submitDoc,
	"audit":         (*Box).auditDoc,
	"unaudit":       (*Box).unAuditDoc,
	"delete":        (*Box).deleteDoc,
	"cancelassign":  (*Box).cancelAssignDoc,
}

// operate is ExecuteOperation in both spellings.
func (b *Box) operate(c *call) any {
	if b.options.OldSpellingNil && c.service.short == "ExcuteOperation" {
		return nil
	}
	name := c.text(1, "opnumber")
	op, ok := operations[strings.ToLower(name)]
	if !ok {
		if name == "" {
			return c.fail(codeNoOp, nil, "操作为空", "the operation is empty")
		}
		return c.fail(codeNoOp, nil, "操作“%s”不存在", "the operation “%s” does not exist", name)
	}
	return b.each(c, 3, op)
}

// each does an operation to each document that is named; one that is refused does not stop the
// others.
func (b *Box) each(c *call, args int, op operation) any {
	data, err := c.data(args)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := c.text(0, "formid")
	f := b.form(id)
	if f == nil {
		return c.noForm(id)
	}
	if f.readOnly {
		return c.fail(codeForbidden, nil, "您没有“%s”的“%s”权限，请联系系统管理员", "you do not have the right “%[2]s” for “%[1]s”, ask the administrator", f.name, c.service.short)
	}
	docs, bad, problem := b.named(c, f, data)
	if problem != nil {
		return problem
	}
	if len(bad) > 0 && b.options.UnknownFails {
		return c.refuse(bad...)
	}
	var ok []success
	flags := interactions(data)
	for _, n := range docs {
		if refused := op(b, c, n.doc, flags); refused != nil {
			refused.DIndex = n.index
			bad = append(bad, *refused)
			continue
		}
		ok = append(ok, success{n.doc.key(), n.doc.number, n.index})
	}
	c.failed = len(bad) > 0
	c.mix(ok)
	return envelope{result{ResponseStatus: outcome(ok, bad)}}
}

// named is a document with its place in the request's list.
type named struct {
	doc   *doc
	index int
}

// named finds the documents of Numbers or Ids.
func (b *Box) named(c *call, f *form, data object) ([]named, []refusal, any) {
	ids, _ := data.fold("Ids")
	if _, isList := ids.([]any); isList {
		return nil, nil, c.fail(codeParameter, "Ids", "参数错误：Ids必须是以逗号分隔的文本", "parameter error: Ids must be a text with commas")
	}
	numbers, _ := data.fold("Numbers")
	byNumber, byID := texts(numbers), texts(asText(ids))
	if len(byNumber)+len(byID) == 0 {
		return nil, nil, c.fail(codeParameter, nil, "参数错误：Numbers和Ids不能同时为空", "parameter error: Numbers and Ids are both empty")
	}
	var out []named
	var bad []refusal
	for i, n := range byNumber {
		found := b.visible(b.table(f.id).byNumber[sameNumber(n)])
		if f.perOrg {
			found = ofOrg(found, data)
		}
		if len(found) == 0 {
			bad = append(bad, refusal{Message: c.say("编码值[\"%s\"]不存在", "the code [\"%s\"] does not exist", n), DIndex: i, code: codeNoValue})
		}
		for _, d := range found {
			out = append(out, named{d, i})
		}
	}
	for i, id := range byID {
		var found []*doc
		if d, ok := parseNumber(id); ok {
			found = b.visible(b.table(f.id).exactly(onKey, []any{d}))
		}
		if len(found) == 0 {
			bad = append(bad, refusal{Message: c.say("未找到对应数据：内码“%s”不存在", "no data found: the id “%s” does not exist", id), DIndex: len(byNumber) + i, code: codeNotFound})
			continue
		}
		out = append(out, named{found[0], len(byNumber) + i})
	}
	return out, bad, nil
}

// visible leaves out what belongs to an organisation that the user may not see.
func (b *Box) visible(docs []*doc) []*doc {
	var out []*doc
	for _, d := range docs {
		if org := d.organisation(); org == nil || !b.options.HiddenOrgs[org.number] {
			out = append(out, d)
		}
	}
	return out
}

// ofOrg chooses among base data of one number: those of CreateOrgId when it is given, else the
// row of the organisation that created it.
func ofOrg(docs []*doc, data object) []*doc {
	v, _ := data.fold("CreateOrgId")
	want, _ := parseNumber(asText(v))
	var out []*doc
	for _, d := range docs {
		if d.master != d {
			continue
		}
		org := d.refAt("FCreateOrgId")
		if want == nil || want.Sign() == 0 || org != nil && whole(org.id).Cmp(want) == 0 {
			out = append(out, d)
		}
	}
	return out
}
