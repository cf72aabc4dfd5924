package kingdee

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// FuzzAnswer: whatever comes back from a save, each document is written, refused, untouched or in
// doubt; written only where the answer is JSON that names it, and never without a reason else.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		savedOne, lostStatus, failedStatus("11", "FQty", "第1行字段“数量”是必填项", "0"), failedStatus("0", "", "违反字段唯一性要求：编码唯一。[S01-1]在当前系统中已经被使用。", "0"),
		failedStatus("14", "", "调用限制", "0"), failedStatus("2", "", "没有权限", "0"), "response_error:x", "[[1]]", "null", `{"Result":{"ResponseStatus":{"IsSuccess":true}}}`,
	} {
		f.Add([]byte(s))
	}
	c, _ := dial(f, newStub(nil), nil)
	docs := []connector.Doc{orderDoc("S01-1", "MUG-RED"), orderDoc("S01-2", "MUG-BLUE")}
	form := formOf("SAL_SaleOrder")
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := peel(body)
		if err != nil {
			return
		}
		r, is := envelope(raw)
		if !is || r.Status == nil {
			return
		}
		if failed := c.wholeRefusal(r.Status); failed != nil {
			if failed.state == connector.Written || failed.err == nil || failed.err.Class == problem.Unclassified {
				t.Fatalf("%q: %+v", body, failed)
			}
			return
		}
		for i, o := range slices.Concat(c.settled(r.Status, form, docs), c.staged(r.Status, form, connector.Submit, []connector.Ref{{Key: "S01-1", ID: "1"}, {Key: "S01-2"}})) {
			if (o.State == connector.Written) != (o.Err == nil) {
				t.Fatalf("%q: document %d %+v", body, i, o)
			}
			if o.State == connector.Written && (!json.Valid(raw) || !strings.Contains(string(raw), "SuccessEntitys") && !strings.Contains(strings.ToLower(string(raw)), "successentitys")) {
				t.Fatalf("%q says that document %d was written", body, i)
			}
			if o.Err != nil && (o.Err.Class == problem.Unclassified || o.Err.ID == "" || o.Err.Reason == "") {
				t.Fatalf("%q: document %d: %v", body, i, o.Err)
			}
		}
	})
}

// FuzzRows: rows are taken apart as encoding/json does, and each makes a record or says why not.
func FuzzRows(f *testing.F) {
	for _, s := range []string{`[[1,"x","2026-03-01T10:00:00"],[2,null,""]]`, "[[1,\"\x00\",1]]", `[]`, `[[]]`, `[1]`, `[[1,2],[3]`, `[["/Date(1740794400000+0800)/"]]`, `[[1,"` + "\xff" + `"]]`} {
		f.Add([]byte(s))
	}
	p, err := planFor(formOf("SAL_SaleOrder"), []string{"FNote", "FDate", "FSaleOrderFinance.FIsIncludedTax"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		rows, ok := rowsOf(raw)
		var want [][]json.RawMessage
		if json.Unmarshal(raw, &want) == nil && !slices.ContainsFunc(want, func(r []json.RawMessage) bool { return r == nil }) && strings.TrimSpace(string(raw)) != "null" {
			if !ok || len(rows) != len(want) {
				t.Fatalf("%q: %d rows, %v; encoding/json finds %d", raw, len(rows), ok, len(want))
			}
		}
		for _, x := range rows {
			if len(x) == 0 {
				continue
			}
			for len(x) < len(p.head.keys) {
				x = append(x, x[0])
			}
			r, bad := parsed(p.head.object(x))
			if _, err := value.ParseText(r.JSON()); err != nil || bad != nil && bad.Class != problem.Invalid {
				t.Fatalf("%q became %q: %v, %v", raw, r.JSON(), err, bad)
			}
		}
	})
}

// FuzzMoment: a time that is read is written in one spelling, and reads back the same.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"2026-03-01T10:00:00", "2026-03-01 10:00:00.1234567", "2026-03-01", "2026/3/1 10:00:00", "/Date(1740794400000+0800)/", "/Date(-1)/", "/Date(9223372036854775807)/", "0001-01-01T00:00:00", "2026-02-30", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := moment(s)
		if !ok || at.Year() < 1 || at.Year() > 9999 {
			return
		}
		text := at.Format("2006-01-02T15:04:05.999999999")
		if again, ok := moment(text); !ok || !again.Equal(at) {
			t.Fatalf("%q is %v, and %q is %v", s, at, text, again)
		}
	})
}

// FuzzWhere: a condition of one's own can't reach out of its brackets.
func FuzzWhere(f *testing.F) {
	for _, s := range []string{"FDate>='2026-01-01' or FNote='(x'", "1=1) or (1=1", "FNote='x", "'' ')' ("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !balanced(s) {
			return
		}
		depth, quoted := 0, false
		for _, r := range s { // counted by somebody else
			switch {
			case r == '\'':
				quoted = !quoted
			case !quoted && r == '(':
				depth++
			case !quoted && r == ')':
				depth--
			}
			if depth < 0 {
				t.Fatalf("%q closes a bracket that isn't its own", s)
			}
		}
		if depth != 0 || quoted {
			t.Fatalf("%q leaves something open", s)
		}
	})
}
