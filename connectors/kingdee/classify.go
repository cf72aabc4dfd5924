package kingdee

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// Our codes.
const (
	idLogin      = "PC370"
	idLocked     = "PC371"
	idLost       = "PC372"
	idTaken      = "PC373"
	idSignature  = "PC374"
	idRights     = "PC375"
	idNames      = "PC376"
	idThrottled  = "PC377"
	idUnreadable = "PC378"
	idException  = "PC379"
	idRequired   = "PC381"
	idBaseData   = "PC382"
	idState      = "PC383"
	idStock      = "PC384"
	idRejected   = "PC385"
	idOtherUser  = "PC386"
	idWorkflow   = "PC387"
	idPeriod     = "PC388"
	idFilter     = "PC389"
	idConfig     = "PC390"
	idService    = "PC391"
	idGone       = "PC392"
	idOmitted    = "PC393"
	idTooLarge   = "PC394"
	idParams     = "PC395"
	idDocument   = "PC396"
)

// DuplicateNumber is the code of a refusal because the number is taken. Its outcome is Unknown:
// an earlier send of ours may be what took it, so the target has to be asked.
const DuplicateNumber = "PC380"

// MsgCodes of the vendor.
const (
	codeContextLost   = 1
	codeNoRight       = 2
	codeNoOperation   = 3
	codeException     = 4
	codeNoForm        = 5
	codeDatabase      = 6
	codeLicence       = 7
	codeParameter     = 8
	codeNoSuchValue   = 9
	codeNotFound      = 10
	codeValidation    = 11
	codeNotOperable   = 12
	codeNetControl    = 13
	codeCallLimit     = 14
	codeAdministrator = 15
)

// How long a throttled call stays away.
const (
	netControl = 5 * time.Second
	backOff    = time.Minute
)

// rule tells a class by what a message contains: the code is often 0, and the wording differs by
// version and form.
type rule struct {
	pattern *regexp.Regexp
	class   problem.Class
	id      string
	hint    string
}

// rules, the most telling first.
var rules = []rule{
	{
		regexp.MustCompile(`字段唯一性|编码唯一|单据编号唯一|已经被使用|编号.*已存在|编码.*已存在`), problem.Held, DuplicateNumber,
		"the target is asked whose document it is; another's keeps the number, and a person decides",
	},
	{
		regexp.MustCompile(`您没有.*权限|没有.*权限|无权`), problem.Fatal, idRights,
		"let an administrator give the user the right (权限), or hide nothing from it",
	},
	{
		regexp.MustCompile(`元数据中标识为.*字段不存在|业务对象不存在`), problem.Fatal, idNames,
		"check the name and its capitals: `pipectl connectors kingdee FORM` lists the known ones, `pipectl doctor` asks the account",
	},
	{
		regexp.MustCompile(`审批流|工作流|流程实例|流程中`), problem.Held, idWorkflow,
		"a workflow is bound to the form: it stays submitted until somebody approves it in Kingdee",
	},
	{
		regexp.MustCompile(`更新库存时出现可以忽略的异常数据|负库存|库存不足|库存数量不足|是否继续`), problem.Held, idStock,
		"decide in Kingdee: correct the stock, or let negative stock pass with `params: {InterationFlags: STK_InvCheckResult}`",
	},
	{
		regexp.MustCompile(`已被其他用户修改|已被其它用户修改|数据已被修改`), problem.Transient, idOtherUser,
		"somebody saved it at the same time; it is read again and tried once more",
	},
	{
		regexp.MustCompile(`正在被用户|网络控制|网控|互斥`), problem.Throttled, idThrottled,
		"somebody works on it, or month-end work is running; it goes on by itself",
	},
	{
		regexp.MustCompile(`期间已关闭|已结账|已关账|关账日期`), problem.Invalid, idPeriod,
		"the date lies in a closed period: map another date, or open the period in Kingdee",
	},
	{
		regexp.MustCompile(`必填项|必录|不能为空|必须录入`), problem.Invalid, idRequired,
		"map the field, or give it a constant",
	},
	{
		regexp.MustCompile(`已审核|已经审核|审核中|已提交|不允许修改|不允许保存|不允许删除|只能删除|才允许|重新审核状态|业务关闭|业务终止|已作废`), problem.Invalid, idState,
		"its state in Kingdee does not allow this; look the document up there",
	},
	{
		regexp.MustCompile(`编码值\[.*\]不存在|不存在|未审核|已禁用|被禁用|未分配|不可用`), problem.Missing, idBaseData,
		"create it in Kingdee and audit it (审核), or allocate it to the organisation (分配)",
	},
}

// What is kept of complaints: a broken server may send megabytes of them.
const (
	mostSaid   = problem.MostReason
	mostFaults = 1000 // about one document, of which the field is looked for
	mostOfThem = 20   // that its text holds
)

// judge makes a problem of one complaint. Codes that say everything come first, then the text,
// then the other codes.
func (c *conn) judge(code int, message, field string) *problem.Error {
	message, field = problem.Cut(message, mostSaid), problem.Cut(field, mostSaid)
	e := &problem.Error{Reason: c.name + ": " + message, Field: field, Code: vendorCode(code)}
	if message == "" {
		e.Reason = fmt.Sprintf("%s: refused without a reason", c.name)
	}
	if e.Class, e.ID, e.Hint = byCode(code); e.Class != problem.Unclassified {
		e.After = after(code)
		if code == codeNetControl {
			e.Scope = problem.OfObject
		}
		return e
	}
	for _, r := range rules {
		if !r.pattern.MatchString(message) {
			continue
		}
		e.Class, e.ID, e.Hint = r.class, r.id, r.hint
		if r.class == problem.Throttled {
			e.Scope, e.After = problem.OfObject, netControl
		}
		return e
	}
	e.Class, e.ID, e.Hint = byWeakCode(code)
	return e
}

func vendorCode(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

// byCode classifies by codes that leave no doubt.
func byCode(code int) (problem.Class, string, string) {
	switch code {
	case codeContextLost:
		return problem.Transient, idLost, "a new login is made by itself"
	case codeNoRight, codeLicence, codeAdministrator:
		return problem.Fatal, idRights, "let an administrator look at the user's rights (权限) and licence (许可); administrators may not sign in by the API"
	case codeNoOperation, codeNoForm:
		return problem.Fatal, idNames, "the object's name is missing or unknown"
	case codeException, codeDatabase:
		return problem.Transient, idException, "the server's own trouble: reads are repeated, writes are settled by asking"
	case codeNetControl:
		return problem.Throttled, idThrottled, "somebody works on the same data (网控); it goes on by itself"
	case codeCallLimit:
		return problem.Throttled, idThrottled, "the account's call limit is reached; set the connection's `rate` lower when it happens often"
	}
	return problem.Unclassified, "", ""
}

// byWeakCode classifies what the text didn't.
func byWeakCode(code int) (problem.Class, string, string) {
	switch code {
	case codeNoSuchValue, codeNotFound:
		return problem.Missing, idBaseData, "create it in Kingdee and audit it (审核), or allocate it to the organisation (分配)"
	case codeNotOperable:
		return problem.Invalid, idState, "its state in Kingdee does not allow this; look the document up there"
	}
	return problem.Invalid, idRejected, "correct what the message names, in the source or in the mapping"
}

// severity orders the complaints about one document: the first decides what happens to it.
var severity = map[problem.Class]int{
	problem.Fatal: 7, problem.Held: 6, problem.Invalid: 5, problem.Missing: 4, problem.Throttled: 3, problem.Transient: 2,
}

// together makes one problem of all complaints about a document, none of them lost: the gravest
// decides, its text holds them all, and Err has each by itself (a problem.List when several).
func together(list problem.List) *problem.Error {
	if len(list) == 0 {
		return nil
	}
	worst := list[0]
	for _, e := range list[1:] {
		if severity[e.Class] > severity[worst.Class] {
			worst = e
		}
	}
	if len(list) == 1 {
		return worst
	}
	out := *worst
	more := 0
	for _, e := range list {
		if e == worst {
			continue
		}
		if more++; more <= mostOfThem {
			out.Reason += "; " + e.Reason
		}
	}
	if more > mostOfThem {
		out.Reason += fmt.Sprintf("; and %d more", more-mostOfThem)
	}
	out.Err = list
	return &out
}
