package kingdee

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// status is the vendor's ResponseStatus: what became of each document of a call.
type status struct {
	OK     flexBool `json:"IsSuccess"`
	Code   flexInt  `json:"MsgCode"`
	Errors []*fault
	Done   []*entity `json:"SuccessEntitys"`
}

// fault is one complaint. DIndex counts the documents of the request from 0.
type fault struct {
	FieldName flexText
	Message   flexText
	DIndex    flexInt
}

// entity is one document that went through.
type entity struct {
	ID     flexText `json:"Id"`
	Number flexText
	DIndex flexInt
}

// result is what stands under Result.
type result struct {
	Status *status  `json:"ResponseStatus"`
	ID     flexText `json:"Id"`
	Number flexText
	Result json.RawMessage
}

// The vendor writes numbers as texts and the other way round, by service and version.
type (
	flexText string
	flexInt  int
	flexBool bool
)

func (t *flexText) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case string(b) == "null":
		*t = ""
	default:
		*t = flexText(b) // a number keeps its digits; anything else is shown as it is
	}
	return nil
}

func (n *flexInt) UnmarshalJSON(b []byte) error {
	i, err := strconv.Atoi(strings.Trim(string(b), `" `))
	if err == nil {
		*n = flexInt(i)
	}
	return nil // null, "" and oddities count as 0, "not said"
}

func (v *flexBool) UnmarshalJSON(b []byte) error {
	*v = flexBool(strings.EqualFold(strings.Trim(string(b), `"`), "true"))
	return nil
}

var errNoJSON = errors.New("the answer is no JSON")

// peel takes off what is wrapped around an answer: a byte order mark, and the text that some
// services put the whole JSON into.
func peel(body []byte) (json.RawMessage, error) {
	raw := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	for range 3 {
		if len(raw) == 0 || raw[0] != '"' {
			break
		}
		var inner string
		if err := json.Unmarshal(raw, &inner); err != nil {
			return nil, errNoJSON
		}
		inner = strings.TrimSpace(inner)
		if !strings.HasPrefix(inner, "{") && !strings.HasPrefix(inner, "[") && !strings.HasPrefix(inner, `"`) {
			break
		}
		raw = []byte(inner)
	}
	if !readable(raw) {
		return nil, errNoJSON
	}
	return raw, nil
}

// readable: an envelope has to be JSON. Of rows only the lists have to be whole: what a cell holds
// concerns its own row, and is read with it.
func readable(raw []byte) bool {
	if len(raw) > 0 && raw[0] == '[' && !wraps(raw) {
		_, ok := value.Items(raw)
		return ok
	}
	return json.Valid(raw)
}

// envelope finds the result in an answer, whatever it is wrapped in: plain, in one list or in two
// (queries), with nulls behind it, or a bare list of faults. ok is false for rows.
func envelope(raw json.RawMessage) (r result, ok bool) {
	for range 4 {
		if len(raw) == 0 {
			return result{}, false
		}
		switch raw[0] {
		case '{':
			return envelopeObject(raw)
		case '[':
		default:
			return result{}, false
		}
		if !wraps(raw) {
			return result{}, false // rows: not worth decoding twice
		}
		items, err := list(raw)
		if err != nil || len(items) == 0 {
			return result{}, false
		}
		if r, ok := bareFaults(items); ok {
			return r, true
		}
		if len(items) != 1 {
			return result{}, false
		}
		raw = items[0]
	}
	return result{}, false
}

// wraps says whether a list may hold an envelope: its first scalar is an object.
func wraps(raw []byte) bool {
	first := bytes.TrimLeft(raw, "[ \t\r\n")
	return len(first) > 0 && first[0] == '{'
}

// list is the items of a list, without nulls at its end.
func list(raw json.RawMessage) ([]json.RawMessage, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	for len(items) > 0 && string(items[len(items)-1]) == "null" {
		items = items[:len(items)-1]
	}
	for i := range items {
		items[i] = bytes.TrimSpace(items[i])
	}
	return items, nil
}

func envelopeObject(raw json.RawMessage) (result, bool) {
	var o struct {
		Result         *json.RawMessage
		ResponseStatus *status
	}
	if json.Unmarshal(raw, &o) != nil {
		return result{}, false
	}
	if o.ResponseStatus != nil {
		return result{Status: clean(o.ResponseStatus)}, true
	}
	if o.Result == nil {
		return result{}, false
	}
	var r result
	if json.Unmarshal(*o.Result, &r) != nil {
		return result{}, false
	}
	r.Status = clean(r.Status)
	return r, true
}

// mostID is longer than every id and number: what is longer says nothing of a document.
const mostID = 200

// clean drops what says nothing: nulls, and ids that are none. Long messages are cut.
func clean(s *status) *status {
	if s == nil {
		return nil
	}
	errs, done := s.Errors[:0], s.Done[:0]
	for _, f := range s.Errors {
		if f != nil {
			f.Message, f.FieldName = flexText(problem.Cut(string(f.Message), mostSaid)), flexText(problem.Cut(string(f.FieldName), mostSaid))
			errs = append(errs, f)
		}
	}
	for _, e := range s.Done {
		if e != nil && len(e.ID) <= mostID && len(e.Number) <= mostID {
			done = append(done, e)
		}
	}
	s.Errors, s.Done = errs, done
	return s
}

// bareFaults reads a list of nothing but faults, which some queries answer.
func bareFaults(items []json.RawMessage) (result, bool) {
	s := &status{}
	for _, item := range items {
		var f struct {
			FieldName flexText
			Message   *flexText
			DIndex    *flexInt
		}
		if len(item) == 0 || item[0] != '{' || json.Unmarshal(item, &f) != nil || f.Message == nil || f.DIndex == nil {
			return result{}, false
		}
		s.Errors = append(s.Errors, &fault{FieldName: f.FieldName, Message: *f.Message, DIndex: *f.DIndex})
	}
	return result{Status: s}, true
}

// lostSession says whether the answer means that the session is gone. Only messages of errors are
// looked at: data may speak of sessions, too.
func (s *status) lostSession() bool {
	if s == nil || bool(s.OK) || len(s.Done) > 0 {
		return false
	}
	if s.Code == codeContextLost {
		return true
	}
	for _, f := range s.Errors {
		if lostText(string(f.Message)) {
			return true
		}
	}
	return false
}

func lostText(message string) bool {
	return contains(message, "会话信息已丢失", "请重新登录", "会话已过期")
}

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}
