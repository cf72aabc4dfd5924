package lingxing

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// beijing is the zone of the vendor's clock and of its times without a zone.
var beijing = time.FixedZone("UTC+8", 8*60*60)

const stamp = "2006-01-02 15:04:05"

// envelope is an answer of any of the vendor's shapes, put into one.
type envelope struct {
	code    string // as text: numbers and texts both occur
	gateway bool   // the code came as a text: authorisation, signature, limits
	message string
	details []string
	request string // the vendor's id of the request
	time    time.Time
	data    json.RawMessage
	total   int // -1: not said
}

// wireEnvelope has every name that is used for the same thing.
type wireEnvelope struct {
	Code          json.RawMessage
	Message, Msg  json.RawMessage
	ErrorDetails  json.RawMessage `json:"error_details"`
	ErrorDetails2 json.RawMessage `json:"errorDetails"`
	RequestID     json.RawMessage `json:"request_id"`
	RequestID2    json.RawMessage `json:"requestId"`
	TraceID       json.RawMessage `json:"traceId"`
	ResponseTime  json.RawMessage `json:"response_time"`
	Data          json.RawMessage
	Total         json.RawMessage
}

var bom = []byte("\xef\xbb\xbf")

// decode reads an answer; ok is false when it is no envelope at all.
func decode(body []byte) (e envelope, ok bool) {
	var w wireEnvelope
	if json.Unmarshal(bytes.TrimPrefix(body, bom), &w) != nil {
		return envelope{}, false
	}
	e.code = scalar(w.Code)
	if e.code == "" {
		return envelope{}, false
	}
	e.gateway = w.Code[0] == '"'
	e.message = first(w.Message, w.Msg)
	e.request = first(w.RequestID, w.RequestID2, w.TraceID)
	e.details = append(flatten(w.ErrorDetails), flatten(w.ErrorDetails2)...)
	e.time, _ = time.ParseInLocation(stamp, scalar(w.ResponseTime), beijing)
	e.data, e.total = w.Data, count(w.Total)
	if e.time.IsZero() && e.gateway {
		var thrown struct{ ThrowTime string }
		if json.Unmarshal(w.Data, &thrown) == nil {
			e.time, _ = time.ParseInLocation(stamp, thrown.ThrowTime, beijing)
		}
	}
	return e, true
}

// success: the vendor says 0; some services and the token service say 200.
func (e envelope) success() bool { return e.code == "0" || e.code == "200" }

// scalar is a text or number as text; "" for everything else.
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '"' {
		var s string
		_ = json.Unmarshal(raw, &s) // it is part of a document that was read
		return strings.TrimSpace(s)
	}
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		return string(raw)
	}
	return ""
}

func first(raws ...json.RawMessage) string {
	for _, r := range raws {
		if s := scalar(r); s != "" {
			return s
		}
	}
	return ""
}

// count reads a number of rows, which may be written as a text.
func count(raw json.RawMessage) int {
	n, err := strconv.Atoi(scalar(raw))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// flatten reads error details: nothing, a text, a list of texts, or a list of objects.
func flatten(raw json.RawMessage) []string {
	if s := scalar(raw); s != "" {
		return []string{s}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var out []string
	for _, x := range list {
		var o struct {
			Message, Msg json.RawMessage
			ErrorMessage json.RawMessage `json:"error_message"`
		}
		s := scalar(x)
		if s == "" && json.Unmarshal(x, &o) == nil {
			s = first(o.Message, o.Msg, o.ErrorMessage)
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// rows are the rows of a list answer: in data itself, or in data.list with data.total. listed is
// false when there is no list where one is due.
func (e *envelope) rows(nested bool) (rows []json.RawMessage, listed bool) {
	data := bytes.TrimSpace(e.data)
	if nested && len(data) > 0 && data[0] == '{' {
		var d struct{ List, Total json.RawMessage }
		if json.Unmarshal(data, &d) != nil {
			return nil, false
		}
		if e.total = count(d.Total); len(d.List) == 0 {
			return nil, e.total == 0
		}
		data = bytes.TrimSpace(d.List)
	}
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")) || bytes.Equal(data, []byte(`""`)):
		return nil, polite(e.message)
	case json.Unmarshal(data, &rows) != nil:
		return nil, false
	}
	return rows, true
}

// polite says that a message is one of those that come with success. An empty answer with any
// other message is a failure in disguise.
func polite(message string) bool {
	switch strings.ToLower(message) {
	case "", "success", "ok", "操作成功", "成功", "请求成功":
		return true
	}
	return false
}
