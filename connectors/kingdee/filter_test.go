package kingdee

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func TestFilterOfParams(t *testing.T) {
	for name, test := range map[string]struct {
		filter, where string
		want          string // "" for a refusal
	}{
		"equal":               {filter: `{"FDocumentStatus":"C"}`, want: "FDocumentStatus='C'"},
		"number for a text":   {filter: `{"FSaleOrgId.FNumber":100}`, want: "FSaleOrgId.FNumber='100'"},
		"number for a number": {filter: `{"FSaleOrderEntry.FQty":{">":0}}`, want: "FQty>0"},
		"group falls away":    {filter: `{"FSaleOrderFinance.FSettleCurrId.FNumber":"PRE001"}`, want: "FSettleCurrId.FNumber='PRE001'"},
		"several":             {filter: `{"FDocumentStatus":["A","B"],"FDate":{">=":"2026-03-01","<":"2026-04-01"}}`, want: "FDocumentStatus in ('A','B') and FDate>='2026-03-01' and FDate<'2026-04-01'"},
		"null and bool":       {filter: `{"FNote":null,"FISINIT":false}`, want: "FNote is null and FISINIT='0'"},
		"quote":               {filter: `{"FNote":"O'Neil' or '1'='1"}`, want: "FNote='O''Neil'' or ''1''=''1'"},
		"like":                {filter: `{"FBillNo":{"like":"S01%"}}`, want: "FBillNo like 'S01%'"},
		"where":               {filter: `{"FDocumentStatus":"C"}`, where: "FDate>='2026-01-01' or FNote='(x'", want: "FDocumentStatus='C' and (FDate>='2026-01-01' or FNote='(x')"},
		"where alone":         {where: "FBillNo like 'A%'", want: "(FBillNo like 'A%')"},
		"open quote":          {where: "FNote='x"},
		"reaches out":         {where: "1=1) or (1=1"},
		"control":             {filter: `{"FNote":"a\u0007b"}`},
		"no field":            {filter: `{"1=1 or FNote":"x"}`},
		"operator":            {filter: `{"FQty":{"=>":1}}`},
		"empty list":          {filter: `{"FBillNo":[]}`},
		"list":                {filter: `["FBillNo"]`},
	} {
		t.Run(name, func(t *testing.T) {
			raw := map[string]json.RawMessage{}
			if test.filter != "" {
				raw["filter"] = json.RawMessage(test.filter)
			}
			if test.where != "" {
				raw["where"], _ = json.Marshal(test.where) //nolint:errchkjson // a text
			}
			p, err := readQueryParams(raw)
			got := ""
			if err == nil {
				got, err = p.filter(formOf("SAL_SaleOrder"))
			}
			if test.want == "" {
				if e := problem.As(err); err == nil || e.ID != idParams && e.ID != idFilter {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got  %s\nwant %s (%v)", got, test.want, err)
			}
		})
	}
	if _, err := readQueryParams(map[string]json.RawMessage{"filtre": json.RawMessage("{}")}); problem.As(err).ID != idParams {
		t.Errorf("an unknown param: %v", err)
	}
	_, err := readQueryParams(map[string]json.RawMessage{"where": json.RawMessage(`{"FNote":"x"}`)})
	if e := problem.As(err); e.ID != idParams || !strings.Contains(e.Reason, "below filter") || strings.Contains(e.Reason, "unmarshal") {
		t.Errorf("a where that should be a filter: %v", err)
	}
}

func TestMatching(t *testing.T) {
	f := formOf("BD_MATERIAL")
	var combos [][]value.Value
	for i := range 150 {
		combos = append(combos, []value.Value{value.OfText("S" + strings.Repeat("x", i)), value.OfText("100")})
	}
	combos = append(combos, []value.Value{value.OfInt(7), value.OfInt(101)}, []value.Value{value.NullValue(), value.OfText("100")})
	got, err := f.matching([]string{"FNumber", "FUseOrgId"}, combos, map[string]string{"FForbidStatus": "A"})
	if err != nil || len(got) != 3 {
		t.Fatalf("%d filters, %v", len(got), err)
	}
	if !strings.HasPrefix(got[0], "FForbidStatus='A' and FUseOrgId.FNumber='100' and FNumber in ('S','Sx',") || strings.Count(got[0], ",") != 99 {
		t.Errorf("first: %s", got[0])
	}
	if got[2] != "FForbidStatus='A' and FUseOrgId.FNumber='101' and FNumber='7'" {
		t.Errorf("last: %s", got[2])
	}
}

func TestCells(t *testing.T) {
	for name, test := range map[string]struct{ path, cell, want string }{
		"blank":           {"FNote", `" "`, `""`},
		"text":            {"FNote", `" a "`, `" a "`},
		"day":             {"FDate", `"2026-03-01T00:00:00"`, `"2026-03-01"`},
		"day by blank":    {"FDate", `"2026-03-01 00:00:00"`, `"2026-03-01"`},
		"time":            {"FModifyDate", `"2026-03-01T10:11:12.34"`, `"2026-03-01T10:11:12.34"`},
		"time by blank":   {"FModifyDate", `"2026-03-01 10:11:12.1234567"`, `"2026-03-01T10:11:12.1234567"`},
		"old time":        {"FModifyDate", `"/Date(1740794400000)/"`, `"2025-03-01T10:00:00"`},
		"old with zone":   {"FModifyDate", `"/Date(1740794400000+0800)/"`, `"2025-03-01T10:00:00"`},
		"no time":         {"FApproveDate", `"0001-01-01T00:00:00"`, `null`},
		"not a time":      {"FModifyDate", `"soon"`, `"soon"`},
		"decimal":         {"FSaleOrderEntry.FQty", `12.0000000000`, `12.0000000000`},
		"null":            {"FNote", `null`, `null`},
		"a list of names": {"FNote", `[{"Key":2052,"Value":"x"}]`, `[{"Key":2052,"Value":"x"}]`},
	} {
		if got := string(cell(formOf("SAL_SaleOrder").at(test.path), json.RawMessage(test.cell))); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// FuzzFilter looks for a text that gets out of its quotes.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"a", "O'Neil", "''", "' or 1=1 --", "\\'", "a\nb", "中'文"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := quoted(s)
		if err != nil {
			return
		}
		inside := q[1 : len(q)-1]
		if strings.Contains(strings.ReplaceAll(inside, "''", ""), "'") || q[0] != '\'' || q[len(q)-1] != '\'' {
			t.Errorf("%q becomes %s", s, q)
		}
		if strings.ReplaceAll(inside, "''", "'") != s {
			t.Errorf("%q doesn't come back from %s", s, q)
		}
		if !balanced(q) {
			t.Errorf("%s is not balanced", q)
		}
	})
}

// FuzzEnvelope looks for panics, and for data that is taken for an error.
func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{lostStatus, "[[" + lostStatus + ",null]]", `[[1,"x"],[2,null]]`, `"{\"Result\":null}"`, `[{"FieldName":null,"Message":"m","DIndex":0}]`, "[]", "null", "response_error:x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := peel(body)
		if err != nil {
			return
		}
		r, is := envelope(raw)
		r.Status.lostSession()
		if is && len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
			t.Errorf("a scalar is taken for an envelope: %s", raw)
		}
		if r.Status != nil {
			for _, e := range r.Status.Errors {
				if e == nil {
					t.Error("a null among the errors")
				}
			}
		}
	})
}

func TestMoment(t *testing.T) {
	want := time.Date(2026, 3, 1, 10, 0, 0, 0, shanghai)
	for _, text := range []string{"2026-03-01T10:00:00", "2026-03-01 10:00:00", "2026-03-01T10:00:00.0000000", "2026/3/1 10:00:00", "2026-03-01T02:00:00Z"} {
		if got, ok := moment(text); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
}
