package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Hostile answers of a Kingdee, with the real binary: each is one exception or one clear error, what
// stands beside it is delivered, nothing is written twice, and memory stays bounded.

// mockERP speaks just enough of Kingdee's protocol; what it answers to one kind of call can be put
// in its place, after the work was done.
type mockERP struct {
	mu     sync.Mutex
	rows   []map[string]string // what a query lists: JSON texts by field
	deaf   bool                // heeds no filter: the same page for ever
	bills  map[string]int      // numbers that were saved → id
	second int                 // saves of a number that was there
	spoilt map[string][]string // answers to the next calls of a service, in place of its own
}

var quoted = regexp.MustCompile(`'([^']*)'`)

func (m *mockERP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	name := strings.TrimSuffix(r.URL.Path, ".common.kdsvc")
	name = name[strings.LastIndexByte(name, '.')+1:]
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := m.answer(name, body)
	if list := m.spoilt[name]; len(list) > 0 {
		answer, m.spoilt[name] = list[0], list[1:]
	}
	_, _ = io.WriteString(w, answer)
}

// with changes what the server holds, or looks at it, between two requests.
func (m *mockERP) with(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

func (m *mockERP) answer(name string, body []byte) string {
	var in struct {
		Data struct {
			FieldKeys, FilterString string
			Model                   json.RawMessage
		} `json:"data"`
	}
	_ = json.Unmarshal(body, &in)
	switch name {
	case "LoginBySign":
		return `{"LoginResultType":1,"KDSVCSessionId":"sid-0123456789","Context":{"UserId":7}}`
	case "ExecuteBillQuery":
		return m.query(strings.Split(in.Data.FieldKeys, ","), in.Data.FilterString)
	case "Save", "BatchSave":
		list := string(in.Data.Model)
		if name == "Save" {
			list = "[" + list + "]"
		}
		return m.save(list)
	}
	return `true`
}

func (m *mockERP) query(fields []string, filter string) string {
	var out []string
	list := func(cells map[string]string) {
		row := make([]string, len(fields))
		for i, f := range fields {
			if row[i] = cells[f]; row[i] == "" {
				row[i] = "null"
			}
		}
		out = append(out, "["+strings.Join(row, ",")+"]")
	}
	for _, no := range quoted.FindAllStringSubmatch(filter, -1) {
		if id, ok := m.bills[no[1]]; ok {
			list(map[string]string{"FID": fmt.Sprint(id), "FBillNo": `"` + no[1] + `"`, "FDocumentStatus": `"A"`, "FCancelStatus": `"A"`})
		}
	}
	if !strings.Contains(filter, ">") || m.deaf { // the first page is all there is
		for _, cells := range m.rows {
			list(cells)
		}
	}
	return "[" + strings.Join(out, ",") + "]"
}

func (m *mockERP) save(list string) string {
	var model []struct{ FBillNo string }
	_ = json.Unmarshal([]byte(list), &model)
	var done, failed []string
	for i, x := range model {
		if _, there := m.bills[x.FBillNo]; there {
			m.second++
			failed = append(failed, fmt.Sprintf(`{"FieldName":"FBillNo","Message":"违反字段唯一性要求：编码唯一。[%s]在当前系统中已经被使用。","DIndex":%d}`, x.FBillNo, i))
			continue
		}
		m.bills[x.FBillNo] = 100001 + len(m.bills)
		done = append(done, fmt.Sprintf(`{"Id":%d,"Number":"%s","DIndex":%d}`, m.bills[x.FBillNo], x.FBillNo, i))
	}
	return fmt.Sprintf(`{"Result":{"ResponseStatus":{"IsSuccess":%t,"Errors":[%s],"SuccessEntitys":[%s],"MsgCode":%d}}}`,
		failed == nil, strings.Join(failed, ","), strings.Join(done, ","), 11*min(len(failed), 1))
}

func newMock(t *testing.T, files map[string]string) (*mockERP, string) {
	t.Helper()
	m := &mockERP{bills: map[string]int{}, spoilt: map[string][]string{}}
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	files["pipectl.yaml"] = "connections:\n  data: {type: file, dir: .}\n  erp: {type: kingdee, url: \"" + srv.URL +
		"/k3cloud/\", acct_id: 65a1b2c3d4e5f6, user: apiuser, app_id: 300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi, secret: \"${KD_SECRET}\", page: 50, rate: {per_second: 1000}}\n"
	files[".env"] = "KD_SECRET=secret-of-the-mock\n"
	return m, hostileProject(t, files)
}

const unitsPipeline = `name: p
source: {connection: erp, object: BD_UNIT}
key: FNumber
steps:
  - map:
      id: FNumber
      name: "FName ?? absent"
target: {connection: data, object: out.jsonl, key: id, params: {mode: append}}
`

func unit(i int, name string) map[string]string {
	return map[string]string{"FUNITID": fmt.Sprint(i), "FNumber": fmt.Sprintf(`"U-%d"`, i), "FName": name, "FModifyDate": `"2026-03-01T10:11:12.34"`}
}

// One broken cell costs its row, and no other.
func TestHostileCellsOfKingdee(t *testing.T) {
	t.Parallel()
	m, dir := newMock(t, map[string]string{"pipelines/p.yaml": unitsPipeline})
	bad := []string{
		times(10000, "[") + times(10000, "]"),
		"\"\xff\xfe\"", `"\u0000"`, `"\ud83d"`, `{"a":1,"a":2}`, `1e9999999999`, `1e999`, times(400, "9"), `[1,2]`,
	}
	good := 0
	m.with(func() {
		for i := range 40 {
			m.rows = append(m.rows, unit(2*i+1, fmt.Sprintf(`"good-%d"`, i)))
			if good++; i < len(bad) {
				m.rows = append(m.rows, unit(2*i+2, bad[i]))
			}
		}
	})
	out, code, most := runPlain(t, dir, "run", "p", "-o", "json")
	var report struct{ Read, Delivered, Invalid int }
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitExceptions || report.Delivered < good || report.Delivered+report.Invalid != good+len(bad) || report.Invalid < 5 {
		t.Errorf("exit %d, %+v, %v: %.1500q", code, report, err, out)
	}
	within(t, "the run", most)
	text, _, _ := runPlain(t, dir, "errors", "list")
	if len(text) > 50<<10 || strings.ContainsAny(text, "\x00\x1b") || strings.Contains(text, "\xff") {
		t.Errorf("%d bytes: %.1500q", len(text), text)
	}
}

// An answer that is none ends the reading with one clear error; the cursor stays, and the next run
// reads everything.
func TestHostilePagesOfKingdee(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"20 MB of nothing":       times(20<<20, "x"),
		"20 MB of one cell, cut": `[[1,"` + times(20<<20, "x"),
		"depth 10,000":           times(10000, "[") + times(10000, "]"),
		"a page of HTML":         `<html><head><title>登录</title></head></html>`,
		"another count of cells": `[[1]]`,
		"half":                   `[[1,"U-1"`,
		"an object":              `{"total":3}`,
		"duplicate keys":         `{"Result":{"ResponseStatus":{"IsSuccess":false,"IsSuccess":true}}}`,
		"a text":                 `"[[1"`,
		"null":                   `null`,
		"nothing":                ``,
		"NUL":                    "\x00\x00\x00",
		"not UTF-8":              "\xff\xfe[[1]]",
		"400 digits":             times(400, "9"),
		"1e999":                  `1e999`,
		"half, after whole rows": `[[1,"U-1","x","2026-03-01T10:11:12.34"],[2,"U-2"`,
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := newMock(t, map[string]string{"pipelines/p.yaml": unitsPipeline})
			m.with(func() {
				for i := range 5 {
					m.rows = append(m.rows, unit(i+1, `"x"`))
				}
				m.spoilt["ExecuteBillQuery"] = []string{answer, answer, answer, answer, answer, answer, answer, answer}
			})
			out, code, most := runPlain(t, dir, "run", "p", "-o", "json")
			var report struct {
				Delivered int
				Error     *struct{ ID, Reason, Hint string }
			}
			err := json.Unmarshal([]byte(out), &report)
			if err != nil || code != exitFailed || report.Delivered != 0 || report.Error == nil || report.Error.ID == "" || report.Error.Hint == "" || len(report.Error.Reason) > 1000 {
				t.Errorf("exit %d, %+v, %v: %.1500q", code, report, err, out)
			}
			within(t, "the run", most)
			m.with(func() { m.spoilt = map[string][]string{} })
			if out, code, _ := runLater(t, 20*time.Minute, dir, "run", "p", "-o", "json"); code != exitDone || !strings.Contains(out, `"delivered": 5`) {
				t.Errorf("afterwards: exit %d, %.1500q", code, out)
			}
		})
	}
}

// A server that heeds no filter gives the same page for ever: that is an error, and no loop.
func TestKingdeesPageThatComesForEver(t *testing.T) {
	t.Parallel()
	m, dir := newMock(t, map[string]string{"pipelines/p.yaml": unitsPipeline})
	m.with(func() {
		m.deaf = true
		for i := range 50 {
			m.rows = append(m.rows, unit(i+1, `"x"`))
		}
	})
	out, code, most := runPlain(t, dir, "run", "p")
	if code != exitFailed || !strings.Contains(out, "PC378") || !strings.Contains(out, "the same page again and again") {
		t.Errorf("exit %d: %.1500s", code, out)
	}
	within(t, "the run", most)
}

// An answer to a save that is none says nothing of what was saved: the target is asked, and each bill
// stands there once.
func TestHostileAnswersOfKingdeeToASave(t *testing.T) {
	t.Parallel()
	ok := `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"SuccessEntitys":[%s],"MsgCode":0}}}`
	for name, answer := range map[string]string{
		"20 MB":             `{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessMessages":["` + times(20<<20, "x") + `"]}}}`,
		"depth 10,000":      times(10000, `{"Result":`) + "1" + times(10000, "}"),
		"not UTF-8":         "{\"Result\":{\"ResponseStatus\":{\"IsSuccess\":true,\"Errors\":[{\"Message\":\"\xff\xfe\x00\"}]}}}",
		"keys twice":        `{"Result":{"ResponseStatus":{"IsSuccess":false}},"Result":{"ResponseStatus":{"IsSuccess":true}}}`,
		"an index too high": fmt.Sprintf(ok, `{"Id":1,"Number":"SO-1","DIndex":99999999999999999999}`),
		"an index below 0":  fmt.Sprintf(ok, `{"Id":1,"Number":"SO-1","DIndex":-1}`),
		"an index of 1e999": fmt.Sprintf(ok, `{"Id":1,"Number":"SO-1","DIndex":1e999}`),
		"an id of 1e999":    fmt.Sprintf(ok, `{"Id":1e999,"Number":"SO-1","DIndex":0}`),
		"one index twice":   fmt.Sprintf(ok, `{"Id":1,"Number":"SO-1","DIndex":0},{"Id":2,"Number":"SO-2","DIndex":0}`),
		"another's number":  fmt.Sprintf(ok, `{"Id":1,"Number":"SO-2","DIndex":0},{"Id":2,"Number":"SO-1","DIndex":1}`),
		"a code as a list":  `{"Result":{"ResponseStatus":{"IsSuccess":true,"MsgCode":[1]}}}`,
		"Result is a text":  `{"Result":"ok"}`,
		"NUL":               "\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := newMock(t, map[string]string{
				"pipelines/bills.yaml": strings.Replace(billsPipeline, ", then: [submit, audit]", "", 1),
				"orders.jsonl":         bills(1, 2, 3),
			})
			m.with(func() {
				m.bills["proven"] = 1
				m.spoilt["Save"] = []string{answer}
			})
			var out string
			for i := range 5 {
				var code int
				var most int64
				out, code, most = runLater(t, time.Duration(i)*20*time.Minute, dir, "run", "bills", "-o", "json")
				within(t, "the run", most)
				if len(out) > 20<<10 || code != exitDone && code != exitExceptions && code != exitFailed {
					t.Errorf("exit %d: %.1500q", code, out)
				}
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if name == "one index twice" || name == "another's number" { // it numbers by itself: nothing more is sent
				if len(m.bills) != 2 || !strings.Contains(out, "PC413") {
					t.Errorf("the ERP holds %v; %.1500s", m.bills, out)
				}
				return
			}
			if len(m.bills) != 4 {
				t.Errorf("the ERP holds %v", m.bills)
			}
			text, _, _ := runLater(t, 80*time.Minute, dir, "errors", "list", "--all")
			if !strings.Contains(text, "Nothing is open") {
				t.Errorf("%.3000s\n%s", text, out)
			}
		})
	}
}
