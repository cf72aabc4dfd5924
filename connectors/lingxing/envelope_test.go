package lingxing

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/pipectl/pipectl/engine/value"
)

func TestEnvelopes(t *testing.T) {
	for _, c := range []struct {
		name, body string
		nested     bool
		code       string
		gateway    bool
		message    string
		details    []string
		rows       int
		listed     bool
		total      int
		success    bool
	}{
		{
			name: "A", body: `{"code":0,"message":"success","error_details":[],"request_id":"4E0C","response_time":"2025-10-09 16:53:20","data":[{"a":1},{"a":2}],"total":905}`,
			code: "0", message: "success", rows: 2, listed: true, total: 905, success: true,
		},
		{
			name: "B", body: `{"code":0,"message":"操作成功","request_id":"532e","data":{"total":"1","list":[{}]}}`, nested: true,
			code: "0", message: "操作成功", rows: 1, listed: true, total: 1, success: true,
		},
		{name: "B, nothing", body: `{"code":0,"message":"操作成功","data":{"total":"0"}}`, nested: true, code: "0", message: "操作成功", listed: true, success: true},
		{name: "B, a list that is missing", body: `{"code":0,"data":{"total":"7"}}`, nested: true, code: "0", total: 7, success: true},
		{name: "no total", body: `{"code":0,"message":"","data":[{}]}`, code: "0", rows: 1, listed: true, total: -1, success: true},
		{name: "null that is empty", body: `{"code":"0","message":"成功","data":null,"total":0}`, code: "0", gateway: true, message: "成功", listed: true, success: true},
		{name: "null that is a failure", body: `{"code":0,"message":"服务繁忙","data":null}`, code: "0", message: "服务繁忙", total: -1, success: true},
		{name: "an object for a list", body: `{"code":0,"data":{"a":1}}`, code: "0", total: -1, success: true},
		{
			name: "gateway", body: `{"code":"2001006","msg":" api sign not correct","data":{"throwable":"x","throwTime":"2025-10-09 16:53:20"}}`,
			code: "2001006", gateway: true, message: "api sign not correct", total: -1,
		},
		{
			name: "details as a text", body: `{"code":500,"message":"内部错误","error_details":"offset 必须是非负数 [请求码:C365FF]","data":[]}`,
			code: "500", message: "内部错误", details: []string{"offset 必须是非负数 [请求码:C365FF]"}, listed: false, total: -1,
		},
		{
			name: "details as texts", body: `{"code":102,"message":"参数不合法","errorDetails":["data => data不能为空"]}`,
			code: "102", message: "参数不合法", details: []string{"data => data不能为空"}, total: -1,
		},
		{
			name: "details as objects", body: `{"code":1000,"message":"业务处理失败","error_details":[{"params":{},"message":"错误：重复"},{"error_message":"b"}]}`,
			code: "1000", message: "业务处理失败", details: []string{"错误：重复", "b"}, total: -1,
		},
	} {
		e, ok := decode([]byte(c.body))
		if !ok {
			t.Errorf("%s: not read", c.name)
			continue
		}
		rows, listed := e.rows(c.nested)
		if c.message != "内部错误" && listed != c.listed || len(rows) != c.rows || e.total != c.total {
			t.Errorf("%s: %d rows of %d, listed %v; want %d of %d, %v", c.name, len(rows), e.total, listed, c.rows, c.total, c.listed)
		}
		if e.code != c.code || e.gateway != c.gateway || e.message != c.message || !slices.Equal(e.details, c.details) || e.success() != c.success {
			t.Errorf("%s: read as %+v", c.name, e)
		}
	}
	e, _ := decode([]byte(`{"code":"2001007","msg":"x","data":{"throwTime":"2025-10-09 16:53:20"}}`))
	if e.time.UTC().Format(stamp) != "2025-10-09 08:53:20" {
		t.Errorf("time %v", e.time)
	}
}

func TestNoEnvelope(t *testing.T) {
	for _, body := range []string{"", "<html>502</html>", "[]", "null", `{"data":[]}`, `{"code":null}`, `{"code":0`, `{"code":{}}`} {
		if e, ok := decode([]byte(body)); ok {
			t.Errorf("%q was read as %+v", body, e)
		}
	}
}

// byTheBook is how encoding/json reads an envelope.
func byTheBook(body []byte) (code, message string, data json.RawMessage, ok bool) {
	var w struct{ Code, Message, Msg, Data json.RawMessage }
	if json.Unmarshal(trimBOM(body), &w) != nil {
		return "", "", nil, false
	}
	return scalar(w.Code), first(w.Message, w.Msg), w.Data, true
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"code":0,"message":"success","data":[{"a":1}],"total":1}`))
	f.Add([]byte(`{"code":"200","msg":"OK","data":{"list":[],"total":"0"}}`))
	f.Add([]byte(`{"code":500,"error_details":[{"message":[1]},"x",2]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, ok := decode(body)
		code, message, data, valid := byTheBook(body)
		if valid && ok && (e.code != code || e.message != message || string(e.data) != string(data)) {
			t.Errorf("%q was read as %+v; by the book %s %q %s", body, e, code, message, data)
		}
		if valid && !ok && code != "" {
			if all, whole := value.Members(trimBOM(body)); !whole || len(all) < 2 {
				t.Errorf("%q was not read", body) // but for names that come twice
			}
		}
		if !ok {
			return
		}
		if e.code == "" {
			t.Errorf("%q was read as %+v", body, e)
		}
		for _, nested := range []bool{false, true} {
			rows, listed := e.rows(nested)
			if !listed && len(rows) > 0 {
				t.Errorf("rows of no list: %q", body)
			}
			if again, ok := value.Items(slices.Concat([]byte("["), bytes.Join(asBytes(rows), []byte(",")), []byte("]"))); listed && (!ok || len(again) != len(rows)) {
				t.Errorf("rows %q of %q", rows, body)
			}
		}
	})
}

func asBytes(rows []json.RawMessage) (out [][]byte) {
	for _, r := range rows {
		out = append(out, r)
	}
	return out
}

func trimBOM(b []byte) []byte {
	if len(b) >= 3 && string(b[:3]) == string(bom) {
		return b[3:]
	}
	return b
}
