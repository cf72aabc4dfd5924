package sandbox

// allocate lets other organisations use base data (分配): each gets a row of its own.
func (b *Box) allocate(c *call) any {
	data, err := c.data(2)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := c.text(0, "formid")
	f := b.form(id)
	if f == nil {
		return c.noForm(id)
	}
	if !f.perOrg {
		return c.fail(codeState, nil, "“%s”是共享型基础资料，不需要分配", "“%s” is shared and cannot be allocated", f.name)
	}
	docs, bad, problem := b.named(c, f, object{{"Ids", firstText(data, "PkIds", "Ids")}})
	if problem != nil {
		return problem
	}
	var ok []success
	for _, n := range docs {
		for _, text := range texts(firstText(data, "TOrgIds")) {
			d, refused := b.allocateTo(c, n.doc, text)
			if refused != nil {
				refused.DIndex = n.index
				bad = append(bad, *refused)
				continue
			}
			if truth(memberOf(data, "IsAutoSubmitAndAudit"), false) {
				b.touch(c, d, func() { d.status, d.approver, d.approved = audited, c.user, c.now })
			}
			ok = append(ok, success{d.key(), d.number, n.index})
		}
	}
	c.failed = len(bad) > 0
	return envelope{result{ResponseStatus: outcome(ok, bad)}}
}

// allocateTo makes the row of one organisation, created and to be audited there.
func (b *Box) allocateTo(c *call, d *doc, orgID string) (*doc, *refusal) {
	var org *doc
	if n, ok := parseNumber(orgID); ok {
		for _, o := range b.table("ORG_Organizations").exactly(onKey, []any{n}) {
			org = o
		}
	}
	if org == nil {
		return nil, &refusal{Message: c.say("未找到对应数据：组织内码“%s”不存在", "no data found: the organisation “%s” does not exist", orgID), code: codeNotFound}
	}
	if d.master.status != audited {
		return nil, c.state("%s未审核，不允许分配！", "%s is not audited and cannot be allocated", d.called())
	}
	for _, own := range b.table(d.form.id).byNumber[d.number] {
		if own.master == d.master && own.refAt("FUseOrgId") == org {
			return nil, c.state("%s已经分配到组织“%s”！", "%s is already allocated to “%s”", d.called(), org.number)
		}
	}
	own := b.allocated(d.master, org, c.now)
	b.touch(c, own, func() { own.status, own.creator, own.approver = created, c.user, nil })
	return own, nil
}
