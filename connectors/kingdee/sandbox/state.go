package sandbox

import (
	"strings"
	"time"
)

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
