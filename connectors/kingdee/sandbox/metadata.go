package sandbox

// businessInfo is QueryBusinessInfo: the fields of a form, which of them must be filled and what
// they refer to.
func (b *Box) businessInfo(c *call) any {
	data, err := c.data(1)
	if err != nil {
		return responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := firstText(data, "FormId")
	f := b.form(id)
	if f == nil {
		return c.noForm(id)
	}
	keyType := "INT64"
	if f.textKey {
		keyType = "STRING"
	}
	info := object{
		{"Id", f.id}, {"Name", localName(f.name)}, {"PkFieldName", f.pk}, {"PkFieldType", keyType}, {"Entrys", f.entriesInfo()}, {"Operations", operationsInfo(f)},
	}
	return envelope{result{ResponseStatus: outcome(nil, nil), NeedReturnData: info}}
}

func localName(name string) []object { return names{chinese: name}.byKey() }

func (f *form) entriesInfo() []object {
	var out []object
	for _, e := range f.ents {
		key, typ, pk := e.key, "EntryEntity", "FEntryID"
		if e.parent == nil {
			key, typ, pk = "FBillHead", "HeadEntity", f.pk
		} else if e.parent.parent != nil {
			typ, pk = "SubEntryEntity", "FDetailID"
		}
		fields := []object{}
		if e.parent == nil {
			for _, x := range f.kept {
				fields = append(fields, x.info())
			}
		}
		for _, x := range e.fields {
			if x.object == "" {
				fields = append(fields, x.info())
			}
		}
		out = append(out, object{{"Id", key}, {"Key", key}, {"Name", localName(e.name)}, {"EntityType", typ}, {"EntryPkFieldName", pk}, {"SeqFieldKey", "FSeq"}, {"Fields", fields}})
	}
	for _, name := range f.objects {
		fields := []object{}
		for _, x := range f.head().fields {
			if x.object == name {
				fields = append(fields, x.info())
			}
		}
		out = append(out, object{{"Id", name}, {"Key", name}, {"Name", localName(f.objectName[name])}, {"EntityType", "SubHeadEntity"}, {"EntryPkFieldName", f.pk}, {"SeqFieldKey", ""}, {"Fields", fields}})
	}
	return out
}

var elementTypes = map[kind]string{
	kindText: "TextField", kindLang: "MulLangTextField", kindNumber: "DecimalField", kindInt: "IntegerField", kindDate: "DateField", kindTime: "DateTimeField",
	kindBool: "CheckBoxField", kindRef: "BaseDataField", kindOwner: "ItemClassField", kindLot: "LotField", kindFlex: "FlexField",
}

func (x *field) info() object {
	must := 0
	if x.required {
		must = 1
	}
	o := object{{"Key", x.key}, {"Name", localName(x.name)}, {"PropertyName", property(x.key)}, {"FieldName", x.key}, {"ElementType", elementTypes[x.kind]}, {"MustInput", must}, {"Extends", extends(x.key)}}
	if x.target != nil {
		o.set("LookUpObject", object{{"FormId", x.target.id}, {"Name", localName(x.target.name)}, {"PkFieldName", x.target.pk}, {"NumberFieldName", x.target.number}, {"NameFieldName", "FName"}})
	}
	return o
}

// extends are the values of a status field.
func extends(key string) any {
	values := map[string][][2]string{
		"FDocumentStatus": {{"Z", "暂存"}, {"A", "创建"}, {"B", "审核中"}, {"C", "已审核"}, {"D", "重新审核"}},
		"FForbidStatus":   {{"A", "否"}, {"B", "是"}},
		"FCancelStatus":   {{"A", "否"}, {"B", "是"}},
		"FCloseStatus":    {{"A", "未关闭"}, {"B", "已关闭"}},
	}[key]
	if values == nil {
		return nil
	}
	var out []object
	for _, v := range values {
		out = append(out, object{{"Value", v[0]}, {"Caption", localName(v[1])}})
	}
	return out
}

func operationsInfo(f *form) []object {
	ops := []string{"Save", "Draft", "Submit", "Audit", "UnAudit", "Delete", "CancelAssign"}
	if f.base {
		ops = append(ops, "Forbid", "Enable")
	} else {
		ops = append(ops, "Cancel", "UnCancel", "BillClose", "BillUnClose", "Push")
	}
	var out []object
	for _, op := range ops {
		out = append(out, object{{"OperationId", op}, {"OperationNumber", op}})
	}
	return out
}
