package lingxing

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/value"
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

// names are those of an envelope's members that mean something, in any case.
var names = []string{"code", "message", "msg", "error_details", "errorDetails", "request_id", "requestId", "traceId", "response_time", "data", "total"}

var bom = []byte("\xef\xbb\xbf")

// members are the members of an object that have one of these names. ok is false when it is no
// object, or one of them comes twice.
func members(raw json.RawMessage, names ...string) (found map[string]json.RawMessage, ok bool) {
	all, ok := value.Members(raw)
	found = make(map[string]json.RawMessage, len(names))
	for _, m := range all {
		for _, name := range names {
			if !m.Is(name) {
				continue
			}
			if _, twice := found[name]; twice {
				return nil, false
			}
			found[name] = m.Raw
		}
	}
	return found, ok
}

// decode reads an answer; ok is false when it is no envelope at all. What its data holds is not
// read: a row that is broken inside concerns nobody but itself.
func decode(body []byte) (e envelope, ok bool) {
	w, ok := members(bytes.TrimPrefix(body, bom), names...)
	if !ok {
		return envelope{}, false
	}
	e.code = scalar(w["code"])
	if e.code == "" {
		return envelope{}, false
	}
	e.gateway = w["code"][0] == '"'
	e.message = first(w["message"], w["msg"])
	e.request = first(w["request_id"], w["requestId"], w["traceId"])
	e.details = append(flatten(w["error_details"]), flatten(w["errorDetails"])...)
	e.time, _ = time.ParseInLocation(stamp, scalar(w["response_time"]), beijing)
	e.data, e.total = w["data"], count(w["total"])
	if e.time.IsZero() && e.gateway {
		thrown, _ := members(e.data, "throwTime")
		e.time, _ = time.ParseInLocation(stamp, scalar(thrown["throwTime"]), beijing)
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
		if json.Unmarshal(raw, &s) != nil { // broken inside; that something was said must not be lost
			s = strings.ToValidUTF8(string(bytes.Trim(raw, `"`)), "\ufffd")
		}
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
	list, _ := value.Items(raw)
	var out []string
	for _, x := range list {
		s := scalar(x)
		if s == "" {
			o, _ := members(x, "message", "msg", "error_message")
			s = first(o["message"], o["msg"], o["error_message"])
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
		d, ok := members(data, "list", "total")
		if !ok {
			return nil, false
		}
		if e.total = count(d["total"]); len(d["list"]) == 0 {
			return nil, e.total == 0
		}
		data = d["list"]
	}
	if len(data) == 0 || bytes.Equal(data, []byte("null")) || bytes.Equal(data, []byte(`""`)) {
		return nil, polite(e.message)
	}
	return value.Items(json.RawMessage(data))
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
