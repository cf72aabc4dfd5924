package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// saveOptions are the options of Save, BatchSave and Draft. Booleans come as texts, too.
type saveOptions struct {
	creator      string
	update       map[string]bool // NeedUpDateFields; nil: all
	returns      []string
	deleteRows   bool
	verify       bool
	validate     bool
	numberSearch bool
	adjust       bool
	precision    bool
	repeat       bool
	audit        bool
	flags        map[string]bool // interactions that the client accepts
	draft        bool
}

func readSaveOptions(data object) saveOptions {
	flag := func(key string, fallback bool) bool { v, _ := data.fold(key); return truth(v, fallback) }
	text := func(key string) string { v, _ := data.fold(key); return asText(v) }
	o := saveOptions{
		creator: text("Creator"), deleteRows: flag("IsDeleteEntry", true), verify: flag("IsVerifyBaseDataField", false),
		validate: flag("ValidateFlag", true), numberSearch: flag("NumberSearch", true), adjust: flag("IsAutoAdjustField", false),
		precision: flag("IsControlPrecision", false), repeat: flag("ValidateRepeatJson", false), audit: flag("IsAutoSubmitAndAudit", false),
		flags: interactions(data),
	}
	v, _ := data.fold("NeedReturnFields")
	o.returns = texts(v)
	v, _ = data.fold("NeedUpDateFields")
	if list := texts(v); len(list) > 0 {
		o.update = map[string]bool{}
		for _, key := range list {
			o.update[key] = true
		}
	}
	return o
}

// interactions are the named questions that the client answers with yes.
func interactions(data object) map[string]bool {
	v, _ := data.fold("InterationFlags")
	out := map[string]bool{}
	for f := range strings.SplitSeq(asText(v), ";") {
		out[strings.TrimSpace(f)] = true
	}
	return out
}

// texts is a list of texts, or one text with commas.
func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			out = append(out, strings.TrimSpace(asText(x)))
		}
	case string:
		for x := range strings.SplitSeq(v, ",") {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
	}
	return out
}

func (b *Box) save(c *call) any  { return b.saveOne(c, false) }
func (b *Box) draft(c *call) any { return b.saveOne(c, true) }

// saving is what Save and BatchSave have to know before they look at a document.
func (b *Box) saving(c *call) (*form, object, any) {
	data, err := c.data(2)
	if err != nil {
		return nil, nil, responseError("请求参数不是有效的JSON: " + err.Error())
	}
	id := c.text(0, "formid")
	f := b.form(id)
	if f == nil {
		return nil, nil, c.noForm(id)
	}
	if f.readOnly {
		return nil, nil, c.fail(codeForbidden, nil, "您没有“%s”的“新增”权限，请联系系统管理员", "you do not have the right “new” for “%s”, ask the administrator", f.name)
	}
	return f, data, nil
}

func (b *Box) saveOne(c *call, asDraft bool) any {
	f, data, problem := b.saving(c)
	if problem != nil {
		return problem
	}
	opt := readSaveOptions(data)
	opt.draft = asDraft
	v, _ := data.fold("Model")
	model, ok := v.(object)
	if !ok {
		return c.fail(codeParameter, "Model", "参数错误：Model不能为空", "parameter error: Model is missing")
	}
	if bad := b.repeated(c, opt, f.id, data); bad != nil {
		return c.saved(nil, []refusal{*bad}, opt)
	}
	d, bad := b.store(c, f, opt, model, 0)
	return c.saved(d, bad, opt)
}

// saved is the answer of Save. When a step after the save fails the document stays, and the
// answer is a failure all the same.
func (c *call) saved(d *doc, bad []refusal, opt saveOptions) any {
	if d == nil || len(bad) > 0 {
		c.failed = true
		empty := ""
		return envelope{result{ResponseStatus: outcome(nil, bad), ID: "", Number: &empty, NeedReturnData: []object{{}}}}
	}
	ok := []success{{d.key(), d.number, 0}}
	return envelope{result{ResponseStatus: outcome(ok, nil), ID: d.key(), Number: &d.number, NeedReturnData: []object{d.returned(opt.returns, c.lcid)}}}
}

// repeatWindow is how long a JSON text is remembered for ValidateRepeatJson.
const repeatWindow = 10 * time.Minute

func (b *Box) repeated(c *call, opt saveOptions, form string, data object) *refusal {
	if !opt.repeat {
		return nil
	}
	sum := sha256.Sum256(append([]byte(form), compact(data)...))
	key := hex.EncodeToString(sum[:])
	then, known := b.repeats[key]
	b.repeats[key] = c.now.Unix()
	if !known || !within(c.now, then, repeatWindow) {
		return nil
	}
	return &refusal{Message: c.say("请不要重复提交相同的数据", "do not send the same data again"), code: codeInvalid}
}

// batchSave saves each document on its own: good ones stay, bad ones are reported by their place.
func (b *Box) batchSave(c *call) any {
	if c.asynchronous() {
		return b.begin(c)
	}
	return b.batch(c)
}

func (b *Box) batch(c *call) any {
	f, data, problem := b.saving(c)
	if problem != nil {
		return problem
	}
	opt := readSaveOptions(data)
	v, _ := data.fold("Model")
	models, ok := v.([]any)
	if !ok || len(models) == 0 {
		return c.fail(codeParameter, "Model", "参数错误：Model必须是数组", "parameter error: Model must be an array")
	}
	if bad := b.repeated(c, opt, f.id, data); bad != nil {
		return c.refuse(*bad)
	}
	var ok1 []success
	var bad []refusal
	returned := []object{}
	hide := c.omission(len(models))
	for i, m := range models {
		if hide.hides(i) && hide.dropped {
			continue
		}
		model, _ := m.(object)
		d, refused := b.store(c, f, opt, model, i)
		switch {
		case hide.hides(i):
		case len(refused) > 0:
			bad = append(bad, refused...)
		default:
			ok1 = append(ok1, success{d.key(), d.number, i})
			returned = append(returned, d.returned(opt.returns, c.lcid))
		}
	}
	c.failed = len(bad) > 0
	c.mix(ok1)
	return envelope{result{ResponseStatus: outcome(ok1, bad), NeedReturnData: returned}}
}

// mix puts the successes out of the order of the request: who reads the answer has to go by
// DIndex, number or id.
func (c *call) mix(ok []success) {
	c.box.kit.Rand.Shuffle(len(ok), func(i, j int) { ok[i], ok[j] = ok[j], ok[i] })
}

// returned are the values that NeedReturnFields asks for.
func (d *doc) returned(fields []string, lcid int) object {
	out := object{}
	for _, key := range fields {
		first, rest, dotted := strings.Cut(key, ".")
		e := d.form.entry(first)
		switch {
		case dotted && e != nil:
			out.addRows(d, e, rest, lcid)
		case dotted && d.form.objectName[first] != "":
			out.addInto(first, rest, d.shownAt(rest, lcid))
		case e != nil:
			out.addRows(d, e, "FEntryID", lcid)
		default:
			out.set(key, d.shownAt(key, lcid))
		}
	}
	return out
}

func (d *doc) shownAt(key string, lcid int) any {
	c, err := d.form.column(key)
	if err != nil {
		return nil
	}
	return c.shown(&rowSet{d, make([]*row, len(d.form.ents))}, lcid)
}

// addInto adds a member to an object inside the answer.
func (o *object) addInto(name, key string, val any) {
	for i := range *o {
		if inner, ok := (*o)[i].val.(object); ok && (*o)[i].key == name {
			inner.set(key, val)
			(*o)[i].val = inner
			return
		}
	}
	o.set(name, object{{key, val}})
}

// addRows adds one field of every row of an entry collection.
func (o *object) addRows(d *doc, e *entity, key string, lcid int) {
	rows := make([]object, len(d.head.subs[e.index]))
	at := -1
	for i := range *o {
		if old, ok := (*o)[i].val.([]object); ok && (*o)[i].key == e.key {
			rows, at = old, i
		}
	}
	col, err := d.form.column(e.key + "_" + key)
	if err != nil {
		col, err = d.form.column(key)
	}
	for i, r := range d.head.subs[e.index] {
		set := make([]*row, len(d.form.ents))
		set[e.index] = r
		var val any
		if err == nil {
			val = col.shown(&rowSet{d, set}, lcid)
		}
		rows[i].set(key, val)
	}
	if at < 0 {
		o.set(e.key, rows)
	}
}

// stateName is a status as people call it.
func stateName(s byte) string {
	return map[byte]string{draft: "暂存", created: "创建", submitted: "审核中", audited: "已审核", reopened: "重新审核"}[s]
}

// called is a document as messages name it.
func (d *doc) called() string {
	if d.form.base {
		return fmt.Sprintf("编码为“%s”的%s", d.number, d.form.name)
	}
	return fmt.Sprintf("单据编号为“%s”的%s", d.number, d.form.name)
}
