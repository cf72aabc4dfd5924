package lingxing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// One row of a page is broken: it is one bad record, under its own key where that can be read, and
// the rows beside it come whole.
func TestOneBrokenRowCostsNothingButItself(t *testing.T) {
	const good = `{"sid":1,"mid":1,"name":"A","id":"7"}`
	for name, c := range map[string]struct{ row, sid, word string }{
		"raw NUL":           {"{\"sid\":2,\"name\":\"a\x00b\"}", "2", "control character"},
		"escaped NUL":       {`{"sid":2,"name":"\u0000"}`, "2", "NUL"},
		"line break":        {"{\"sid\":2,\"name\":\"a\nb\"}", "2", "control character"},
		"not UTF-8":         {"{\"sid\":2,\"name\":\"\xb6\xa9\"}", "2", "UTF-8"},
		"half a surrogate":  {`{"sid":2,"name":"\ud800"}`, "2", "surrogate"},
		"key twice":         {`{"sid":2,"name":"a","name":"b"}`, "2", "comes twice"},
		"the key's field":   {`{"sid":2,"sid":3}`, "", "comes twice"},
		"depth 10,000":      {`{"sid":2,"name":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`, "2", "deeper than 1000"},
		"depth of objects":  {`{"sid":2,"name":` + strings.Repeat(`{"a":`, 100000) + "1" + strings.Repeat("}", 100000) + `}`, "2", "deeper than 1000"},
		"not a number":      {`{"sid":2,"n":01}`, "2", "needless zero"},
		"exponent":          {`{"sid":2,"n":1e99999999999}`, "2", "beyond any use"},
		"a word":            {`{"sid":2,"n":undefined}`, "2", "can't begin"},
		"no object":         {`[2]`, "", "not an object"},
		"null":              {`null`, "", "not an object"},
		"a text":            {`"2"`, "", "not an object"},
		"an escape":         {`{"sid":2,"n":"\x41"}`, "2", "escape"},
		"20 MB, then wrong": {`{"sid":2,"big":"` + strings.Repeat("x", 20<<20) + `","n":tru}`, "2", "can't begin"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer = func(string, map[string]any) string { return s.list([]string{good, c.row, good}, 3) }
			records, _, _, err := readAll(t, s.open(memory{}, 200), connector.Query{Object: "shops"})
			if err != nil || len(records) != 3 {
				t.Fatalf("%d records, %v", len(records), err)
			}
			for _, i := range []int{0, 2} {
				if records[i].Bad != nil || records[i].Data.JSON() != good {
					t.Errorf("its neighbour became %v", records[i].Bad)
				}
			}
			bad := records[1]
			wants(t, bad.Bad, problem.Invalid, idRow)
			if !strings.Contains(bad.Bad.Reason, c.word) || len(bad.Bad.Error()) > 1000 {
				t.Errorf("says %.300s", bad.Bad)
			}
			if sid := bad.Data.Get("sid").Display(); c.sid != "" && sid != c.sid || c.sid == "" && sid != "absent" {
				t.Errorf("its sid reads as %s", sid)
			}
			if bad.Data.Get("unreadable").Get("text").Text() == "" {
				t.Errorf("what came is not kept: %.200s", bad.Data.JSON())
			}
		})
	}
}

// What is said of numbers, and of sound rows of any size, is nobody's fault.
func TestOddRowsAreSound(t *testing.T) {
	for _, field := range []string{
		strings.Repeat("9", 400), "-0." + strings.Repeat("3", 400), "1e999", "1e-999999999", `"` + strings.Repeat("x", 20<<20) + `"`,
		`"\ufeff\u202e\u0001"`, strings.Repeat("[", 900) + strings.Repeat("]", 900), `[` + strings.Repeat(`{"sku":"A","qty":1},`, 99999) + `{"sku":"B"}]`, `{"a.b":{"":null}}`,
	} {
		s := newStub(t)
		row := `{"sid":2,"x":` + field + `}`
		s.answer = func(string, map[string]any) string { return s.list([]string{row}, 1) }
		records, _, _, err := readAll(t, s.open(memory{}, 200), connector.Query{Object: "shops"})
		if err != nil || len(records) != 1 || records[0].Bad != nil || records[0].Data.JSON() != row {
			t.Errorf("%.60s: %d records, %v", field, len(records), err)
		}
	}
}

// An answer that isn't whole is no answer: nothing of it is taken.
func TestNoAnswer(t *testing.T) {
	row := `{"sid":1}`
	for name, c := range map[string]struct{ body, id string }{
		"truncated":         {`{"code":0,"message":"success","data":[` + row + `,{"si`, idShape},
		"a row cut off":     {`{"code":0,"message":"success","data":[` + row + `,{"sid":2],"total":2}`, idShape},
		"quotes of step":    {`{"code":0,"message":"success","data":[{"name":"5" pipe","sid":1},` + row + `],"total":2}`, idShape},
		"something behind":  {`{"code":0,"message":"success","data":[` + row + `],"total":1}}`, idShape},
		"data twice":        {`{"code":0,"message":"success","data":[],"data":[` + row + `],"total":1}`, idShape},
		"code twice":        {`{"code":500,"code":0,"data":[` + row + `],"total":1}`, idShape},
		"a login page":      {`<html><head><title>登录</title></head></html>`, "PC313"},
		"nothing":           {``, idShape},
		"no list":           {`{"code":0,"message":"success","data":{"a":1},"total":1}`, idShape},
		"a broken message":  {"{\"code\":0,\"message\":\"服务\x00繁忙\",\"data\":null,\"total\":0}", idShape},
		"a loud one":        {`{"code":500,"message":"` + strings.Repeat("内部错误", 1<<20) + `"}`, idInternal},
		"a thousand causes": {`{"code":500,"message":"x","error_details":[` + strings.Repeat(`{"message":"错"},`, 100000) + `"b"]}`, idRefused},
		"deep brackets":     {strings.Repeat("[", 2<<20), idShape},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer = func(string, map[string]any) string { return c.body }
			records, _, complete, err := readAll(t, s.open(memory{}, 200), connector.Query{Object: "shops"})
			if e := problem.As(err); len(records) > 0 || complete || e.ID != c.id || e.Class != problem.Transient && e.Class != problem.Fatal || len(e.Error()) > 5000 {
				t.Errorf("%d records, complete %v: %.300v", len(records), complete, err)
			}
		})
	}
}

// A null list with the vendor's polite words is an empty one.
func TestNullList(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return `{"code":0,"message":"success","data":null,"total":0}` }
	records, _, complete, err := readAll(t, s.open(memory{}, 200), connector.Query{Object: "shops"})
	if err != nil || len(records) != 0 || !complete {
		t.Errorf("%d records, complete %v: %v", len(records), complete, err)
	}
}

// A list that is read whole: what its total says is not believed against its pages.
func TestTotalsOfAWholeList(t *testing.T) {
	for name, c := range map[string]struct {
		rows, hole int
		total      func(offset, rows int) int
		want       int // rows; -1: refused
		complete   bool
	}{
		"of the page":         {25, 0, func(_, rows int) int { return rows }, 25, true},
		"too small":           {25, 0, func(int, int) int { return 12 }, 25, true},
		"too small by a page": {30, 0, func(int, int) int { return 20 }, 30, true},
		"nothing":             {30, 0, func(int, int) int { return 0 }, 30, true},
		"too large":           {25, 0, func(int, int) int { return 99 }, 25, false},
		"never said":          {30, 0, func(int, int) int { return -1 }, 30, true},
		"growing":             {25, 0, func(offset, _ int) int { return offset + 100 }, 25, false},
		"a hole":              {30, 10, func(int, int) int { return 30 }, -1, false},
		"a hole, too large":   {30, 10, func(int, int) int { return 99 }, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.answer = func(_ string, body map[string]any) string {
				var rows []string
				offset := int(body["offset"].(float64))
				for i := offset; i < c.rows && len(rows) < 10; i++ {
					rows = append(rows, fmt.Sprintf(`{"wid":1300,"product_id":%d,"sku":"S-%d"}`, i, i))
				}
				if c.hole > 0 && offset == c.hole {
					rows = nil
				}
				return s.list(rows, c.total(offset, len(rows)))
			}
			records, _, complete, err := readAll(t, s.open(memory{}, 10), connector.Query{Object: "stock"})
			if c.want < 0 {
				wants(t, err, problem.Transient, idPaging)
				return
			}
			if err != nil || len(records) != c.want || complete != c.complete {
				t.Errorf("%d records, complete %v, %v", len(records), complete, err)
			}
		})
	}
}

// A row that nobody can read may be any: what else is not there isn't gone.
func TestABrokenRowProvesNothing(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return s.list([]string{`{"sid":1}`, `{"sid":` + "\x00" + `}`}, 2) }
	records, _, complete, err := readAll(t, s.open(memory{}, 200), connector.Query{Object: "shops"})
	if err != nil || len(records) != 2 || complete {
		t.Errorf("%d records, complete %v, %v", len(records), complete, err)
	}
}
