package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// envelope is how a service wraps what it answers.
type envelope int

const (
	classic envelope = iota // data and total side by side, error_details always there
	multi                   // list and total, a text, inside data; no error_details
	plain                   // data as it is; no error_details, no total
	success                 // as plain, with "success": true
	records                 // records and total, a number, inside data; error_details
)

// reply is a service's answer before it is wrapped.
type reply struct {
	data    any
	total   int    // noTotal leaves it out, in the multi-platform envelope with the list around it
	message string // "" means the envelope's own word
	code    int    // the outcome of a batch edit, where code is not only 0
	newer   bool   // a newer service behind a classic path: other request ids
}

const noTotal = -1

// list is one page of something with all its matches counted.
func list[T any](rows []T, total int) reply {
	if rows == nil {
		rows = []T{}
	}
	return reply{data: rows, total: total}
}

func one(v any) reply { return reply{data: v} }

type classicAnswer struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details any    `json:"error_details"`
	ID      string `json:"request_id"`
	Time    string `json:"response_time"`
	Data    any    `json:"data"`
	Total   *int   `json:"total,omitempty"`
}

type multiAnswer struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	ID      string `json:"request_id"`
	Time    string `json:"response_time"`
	Data    any    `json:"data"`
	Success *bool  `json:"success,omitempty"`
}

// page is the data of the multi-platform envelope; its count is a text.
type page struct {
	Total string `json:"total"`
	List  any    `json:"list"`
}

type recordPage struct {
	Total   int `json:"total"`
	Records any `json:"records"`
}

func (b *Box) wrap(e envelope, r reply) any {
	if e == records {
		return classicAnswer{
			Code: r.code, Message: or(r.message, "操作成功"), Details: []string{}, ID: b.requestID(true), Time: b.now(),
			Data: recordPage{r.total, r.data},
		}
	}
	if e == classic {
		out := classicAnswer{Code: r.code, Message: or(r.message, "success"), Details: []string{}, ID: b.requestID(r.newer), Time: b.now(), Data: r.data}
		if r.total != noTotal {
			out.Total = &r.total
		}
		return out
	}
	out := multiAnswer{Code: r.code, Message: or(r.message, "操作成功"), ID: b.requestID(true), Time: b.now(), Data: r.data}
	switch e {
	case multi:
		if r.total != noTotal {
			out.Data = page{strconv.Itoa(r.total), r.data}
		}
	case success:
		yes := true
		out.Success = &yes
	}
	return out
}

// wrapRefusal wraps a business refusal. The multi-platform services say the reason in the message.
func (b *Box) wrapRefusal(e envelope, r *refusal) any {
	if e == classic || e == records {
		out := classicAnswer{Code: r.code, Message: r.message, Details: r.details, ID: b.requestID(false), Time: b.now(), Data: []any{}, Total: new(int)}
		if r.details == nil {
			out.Details = []string{}
		}
		return out
	}
	out := multiAnswer{Code: r.code, Message: r.message, ID: b.requestID(true), Time: b.now()}
	if d, ok := r.details.([]string); ok && len(d) > 0 {
		out.Message = d[0]
	}
	return out
}

func (b *Box) busy(e envelope) any {
	return b.wrapRefusal(e, &refusal{code: 103, message: "请求过于频繁,请稍后再试 [" + b.requestID(false) + "]"})
}

// requestID is an upper-case UUID of the older services or a trace id of the newer.
func (b *Box) requestID(newer bool) string {
	if !newer {
		return strings.ToUpper(b.uuid())
	}
	return fmt.Sprintf("%016x%016x.%d", b.ids.Uint64(), b.ids.Uint64(), b.kit.Clock.Now().UnixMilli())
}

func (b *Box) now() string { return beijing(b.kit.Clock.Now().Unix()) }

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func writeStatus(w http.ResponseWriter, code int, header map[string]string, body string) {
	w.Header().Set("Content-Type", "text/html")
	for k, v := range header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body))
}
