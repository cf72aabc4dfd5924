package sandbox

import (
	"strings"
	"time"
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

// inState refuses what the state machine does not have.
func (c *call) inState(d *doc, what, whatEnglish, allowed string) *refusal {
	if strings.IndexByte(allowed, d.status) >= 0 {
		return nil
	}
	return c.state("%s，单据%s，不允许%s！", "%s is %s and cannot be %s", d.called(), stateName(d.status), pick(c, what, whatEnglish))
}

func pick(c *call, zh, en string) string {
	if c.lcid == english {
		return en
	}
	return zh
}

func (c *call) state(zh, en string, args ...any) *refusal {
	return &refusal{Message: c.say(zh, en, args...), code: codeInvalid}
}

func (b *Box) submitDoc(c *call, d *doc, _ map[string]bool) *refusal {
	if d.cancelled {
		return c.state("%s已作废，不允许提交！", "%s is cancelled and cannot be submitted", d.called())
	}
	if bad := c.inState(d, "提交", "submitted", "AD"); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.status = submitted })
	return nil
}

func (b *Box) auditDoc(c *call, d *doc, flags map[string]bool) *refusal {
	if d.status == audited {
		return c.state("%s，单据已经审核！", "%s is already audited", d.called())
	}
	if bad := c.inState(d, "审核", "audited", "B"); bad != nil {
		return bad
	}
	if b.options.Workflow[d.form.id] && c.user != b.userNamed(Person) {
		return &refusal{Message: c.say("%s已启动工作流，不允许直接审核，请在工作流中审批！", "%s is in a workflow and must be approved there", d.called()), code: codeState}
	}
	if bad := b.moveStock(c, d, 1, flags); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.status, d.approver, d.approved = audited, c.user, c.now.Truncate(time.Millisecond) })
	b.execute(d, 1)
	return nil
}

func (b *Box) unAuditDoc(c *call, d *doc, flags map[string]bool) *refusal {
	if bad := c.inState(d, "反审核", "un-audited", "C"); bad != nil {
		return bad
	}
	switch {
	case len(d.downstream) > 0:
		return c.state("%s存在下游单据，不允许反审核！", "%s has downstream documents and cannot be un-audited", d.called())
	case d.cancelled || d.closed && !d.form.base:
		return c.state("%s已关闭，不允许反审核！", "%s is closed and cannot be un-audited", d.called())
	case d.forbidden:
		return c.state("%s已禁用，不允许反审核！", "%s is forbidden and cannot be un-audited", d.called())
	}
	if bad := b.moveStock(c, d, -1, flags); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.status, d.approver, d.approved = reopened, nil, time.Time{} })
	b.execute(d, -1)
	return nil
}

func (b *Box) cancelAssignDoc(c *call, d *doc, _ map[string]bool) *refusal {
	if bad := c.inState(d, "撤销", "withdrawn", "B"); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.status = reopened })
	return nil
}

func (b *Box) deleteDoc(c *call, d *doc, _ map[string]bool) *refusal {
	if strings.IndexByte("ZAD", d.status) < 0 {
		return &refusal{Message: c.say("%s：只能删除创建/暂存/重新审核状态的数据", "%s: only created, draft and re-opened data can be deleted", d.called()), code: codeState}
	}
	if len(d.downstream) > 0 {
		return c.state("%s存在下游单据，不允许删除！", "%s has downstream documents and cannot be deleted", d.called())
	}
	b.unlink(d)
	b.table(d.form.id).remove(d)
	return nil
}

func (b *Box) cancelDoc(c *call, d *doc) *refusal {
	switch {
	case d.form.base:
		return c.state("%s不支持作废！", "%s cannot be cancelled", d.called())
	case d.cancelled:
		return c.state("%s已经作废！", "%s is already cancelled", d.called())
	}
	if bad := c.inState(d, "作废", "cancelled", "AD"); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.cancelled = true })
	return nil
}

func (b *Box) unCancelDoc(c *call, d *doc) *refusal {
	if !d.cancelled {
		return c.state("%s没有作废！", "%s is not cancelled", d.called())
	}
	b.touch(c, d, func() { d.cancelled = false })
	return nil
}

func (b *Box) forbidDoc(c *call, d *doc, forbidden bool) *refusal {
	switch {
	case !d.form.base:
		return c.state("%s不支持禁用！", "%s cannot be forbidden", d.called())
	case d.forbidden == forbidden && forbidden:
		return c.state("%s已经禁用！", "%s is already forbidden", d.called())
	case d.forbidden == forbidden:
		return c.state("%s没有禁用！", "%s is not forbidden", d.called())
	}
	if bad := c.inState(d, "禁用", "forbidden", "C"); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.forbidden = forbidden })
	return nil
}

func (b *Box) closeDoc(c *call, d *doc, closed bool) *refusal {
	switch {
	case d.form.base:
		return c.state("%s不支持关闭！", "%s cannot be closed", d.called())
	case d.closed == closed && closed:
		return c.state("%s已经业务关闭！", "%s is already closed", d.called())
	case d.closed == closed:
		return c.state("%s没有关闭！", "%s is not closed", d.called())
	}
	if bad := c.inState(d, "关闭", "closed", "C"); bad != nil {
		return bad
	}
	b.touch(c, d, func() { d.closed = closed })
	return nil
}

// rowFlag sets a status of all rows of a document.
func rowFlag(key, val string) operation {
	return func(b *Box, c *call, d *doc, _ map[string]bool) *refusal {
		if bad := c.inState(d, "操作", "changed", "C"); bad != nil {
			return bad
		}
		found := false
		b.eachRow(d, func(e *entity, r *row) {
			if x := e.byKey[key]; x != nil {
				r.put(x, val)
				found = true
			}
		})
		if !found {
			return c.state("%s不支持该操作！", "%s does not know this operation", d.called())
		}
		b.touch(c, d, func() {})
		return nil
	}
}

// touch changes a document's state and its time of change.
func (b *Box) touch(c *call, d *doc, f func()) {
	b.table(d.form.id).change(d, func() {
		f()
		d.modified, d.modifier = c.now.Add(-c.late).Truncate(time.Millisecond), c.user
	})
}

// submitAndAudit goes on after a save; where it stops, the document stays.
func (b *Box) submitAndAudit(c *call, d *doc, flags map[string]bool, index int) []refusal {
	for _, op := range []operation{(*Box).submitDoc, (*Box).auditDoc} {
		if bad := op(b, c, d, flags); bad != nil {
			bad.DIndex = index
			return []refusal{*bad}
		}
	}
	return nil
}
