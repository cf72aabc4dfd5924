package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// zone is the server's: all times are written and read in it, without saying so.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// The languages that texts come in.
const (
	chinese = 2052
	english = 1033
)

// The codes of the envelope (MsgCode).
const (
	codeDefault    = 0
	codeLost       = 1
	codeForbidden  = 2
	codeNoOp       = 3
	codeException  = 4
	codeNoForm     = 5
	codeDatabase   = 6
	codeParameter  = 8
	codeNoValue    = 9
	codeNotFound   = 10
	codeInvalid    = 11
	codeState      = 12
	codeNetControl = 13
	codeThrottled  = 14
)

// envelope is what most services answer. The order of the members is the server's: clients have
// been seen to search the text for ,"IsSuccess":false, instead of reading it.
type envelope struct {
	Result result `json:"Result"`
}

type result struct {
	ResponseStatus *status `json:"ResponseStatus"`
	Convert        *status `json:"ConvertResponseStatus,omitempty"`
	ID             any     `json:"Id,omitempty"`
	Number         *string `json:"Number,omitempty"`
	NeedReturnData any     `json:"NeedReturnData,omitempty"`
	Result         any     `json:"Result,omitempty"`
}

type status struct {
	ErrorCode       int       `json:"ErrorCode,omitempty"`
	IsSuccess       bool      `json:"IsSuccess"`
	Errors          []refusal `json:"Errors"`
	SuccessEntitys  []success `json:"SuccessEntitys"`
	SuccessMessages []string  `json:"SuccessMessages"`
	MsgCode         int       `json:"MsgCode"`
}

type success struct {
	ID     any    `json:"Id"`
	Number string `json:"Number"`
	DIndex int    `json:"DIndex"`
}

// refusal is one reason why something was not done.
type refusal struct {
	FieldName any    `json:"FieldName"` // a key, or null
	Message   string `json:"Message"`
	DIndex    int    `json:"DIndex"`
	code      int
}

// outcome puts a status together: it is a success when nothing was refused.
func outcome(ok []success, bad []refusal) *status {
	s := &status{IsSuccess: len(bad) == 0, Errors: bad, SuccessEntitys: ok, SuccessMessages: []string{}}
	if s.Errors == nil {
		s.Errors = []refusal{}
	}
	if s.SuccessEntitys == nil {
		s.SuccessEntitys = []success{}
	}
	if !s.IsSuccess {
		s.ErrorCode, s.MsgCode = http.StatusInternalServerError, bad[0].code
	}
	return s
}

// fail answers with one refusal that holds for the whole call, wrapped as the service wraps.
func (c *call) fail(code int, field any, zh, en string, args ...any) any {
	return c.refuse(refusal{FieldName: field, Message: c.say(zh, en, args...), code: code})
}

func (c *call) refuse(bad ...refusal) any {
	c.failed = true
	e := envelope{result{ResponseStatus: outcome(nil, bad)}}
	if c.service.query {
		return [][]any{{e}}
	}
	return e
}

// say is a text in the language of the session.
func (c *call) say(zh, en string, args ...any) string {
	if c.lcid == english {
		return fmt.Sprintf(en, args...)
	}
	return fmt.Sprintf(zh, args...)
}

// responseError is the dump that the server answers, with status 200, when a service breaks down.
func responseError(reason string) *httpAnswer {
	return textAnswer(http.StatusOK, `response_error:{"Message":"`+reason+`","InnerExWrapper":null,"StackTrace":"   在 Kingdee.BOS.ServiceFacade.KDServiceFx.KDServiceContext"}`)
}

// noForm is the answer for a form that does not exist, or whose id is missing.
func (c *call) noForm(id string) any {
	if id == "" {
		return c.fail(codeNoForm, nil, "单据标识为空", "the form id is empty")
	}
	return c.fail(codeDefault, nil, "标识为“%s”的业务对象不存在，或者被删除。", "the business object “%s” does not exist or was deleted.", id)
}
