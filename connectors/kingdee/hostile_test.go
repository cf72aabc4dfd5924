package kingdee

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// repeated is a text n times over.
func repeated(n int, text string) string { return strings.Repeat(text, n) }

const savedOne = `{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":null,"SuccessEntitys":[{"Id":100123,"Number":"S01-1","DIndex":0}],"MsgCode":0},"Id":100123,"Number":"S01-1"}}`

// Whatever comes back from a save, the document is written, refused or in doubt, and the message is
// a sentence. Only an answer that is whole and names the document says that it was written.
func TestHostileAnswersToASave(t *testing.T) {
	fault := func(message string) string { return failedStatus("0", "FQty", message, "0") }
	for name, c := range map[string]struct {
		answer string
		want   connector.State
	}{
		"nothing":                  {"", connector.Unknown},
		"blanks":                   {" \n\t ", connector.Unknown},
		"null":                     {"null", connector.Unknown},
		"a number":                 {"1", connector.Unknown},
		"NUL":                      {"\x00\x00", connector.Unknown},
		"not UTF-8":                {"\xff\xfe\xc0", connector.Unknown},
		"a login page":             {"<html><head><title>登录</title></head><body>" + repeated(1<<20, "x") + "</body></html>", connector.Unknown},
		"20 MB of nothing":         {repeated(20<<20, "x"), connector.Unknown},
		"20 MB of brackets":        {repeated(20<<20, "["), connector.Unknown},
		"20 MB of quotes":          {repeated(20<<20, `"`), connector.Unknown},
		"rows":                     {"[[1,2],[3,4]]", connector.Unknown},
		"depth 100,000":            {repeated(100000, "[") + repeated(100000, "]"), connector.Unknown},
		"depth 100,000 of objects": {repeated(100000, `{"Result":`) + "1" + repeated(100000, "}"), connector.Unknown},
		"texts in texts":           {strings.Repeat(`"\"`, 3) + "x", connector.Unknown},
		"truncated":                {savedOne[:len(savedOne)-2], connector.Unknown},
		"something behind":         {savedOne + "}", connector.Unknown},
		"a raw NUL inside":         {strings.Replace(savedOne, "S01-1", "S01\x00-1", 1), connector.Unknown},
		"a raw line break inside":  {strings.Replace(savedOne, "S01-1", "S01\n-1", 1), connector.Unknown},
		"success of nobody":        {`{"Result":{"ResponseStatus":{"IsSuccess":true,"Errors":[],"SuccessEntitys":[null,null]}}}`, connector.Unknown},
		"success of another place": {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":1,"Number":"S01-1","DIndex":7}]}}}`, connector.Unknown},
		"a place below zero":       {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":1,"Number":"S01-1","DIndex":-9223372036854775808}]}}}`, connector.Unknown},
		"a place beyond numbers":   {`{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"x","DIndex":1e999}],"SuccessEntitys":[]}}}`, connector.Refused},
		"an id of 20 MB":           {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":"` + repeated(20<<20, "9") + `","Number":"S01-1","DIndex":0}]}}}`, connector.Unknown},
		"a number of 20 MB":        {`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":1,"Number":"` + repeated(20<<20, "9") + `","DIndex":0}]}}}`, connector.Unknown},
		"wrong kinds":              {`{"Result":{"ResponseStatus":{"IsSuccess":[],"Errors":{},"SuccessEntitys":"x","MsgCode":{}}}}`, connector.Unknown},
		"a status that is a list":  {`{"Result":{"ResponseStatus":[]}}`, connector.Unknown},
		"a result that is a text":  {`{"Result":"ok"}`, connector.Unknown},
		"a loud refusal":           {fault(repeated(20<<20, "错")), connector.Refused},
		"a refusal for a terminal": {fault(`\u001b[2J\u0007红`), connector.Refused},
		"a refusal with NUL":       {fault(`数量\u0000不对`), connector.Refused},
		"half a surrogate":         {fault(`数量\ud800不对`), connector.Refused},
		"100,000 complaints":       {`{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[` + repeated(100000, `{"FieldName":"FQty","Message":"第1行字段“数量”不对","DIndex":0},`) + `null],"SuccessEntitys":null,"MsgCode":11}}}`, connector.Refused},
		"a field name of 20 MB":    {failedStatus("0", repeated(20<<20, "F"), "x", "0"), connector.Refused},
		"an exception dump":        {"response_error:" + repeated(20<<20, "at Kingdee.BOS "), connector.Unknown},
		"written, with a mark":     {"\ufeff" + savedOne, connector.Written},
		"written, as a text":       {fmt.Sprintf("%q", savedOne), connector.Written},
		"written, and much else":   {strings.Replace(savedOne, `{"Result":`, `{"More":"`+repeated(20<<20, "x")+`","Result":`, 1), connector.Written},
	} {
		t.Run(name, func(t *testing.T) {
			c2, _ := dial(t, newStub(map[string][]string{"Save": {c.answer}}), nil)
			outs, err := c2.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "MUG-RED")})
			if err != nil || len(outs) != 1 {
				t.Fatalf("%v, %v", outs, err)
			}
			o := outs[0]
			if o.State != c.want {
				t.Errorf("state %d, want %d: %.300v", o.State, c.want, o.Err)
			}
			if (o.State == connector.Written) != (o.Err == nil) || o.Err != nil && (o.Err.Class == problem.Unclassified || o.Err.Reason == "") {
				t.Errorf("error %.300v", o.Err)
			}
			if len(o.ID) > mostID || len(o.Number) > mostID || o.Err != nil && utf8.RuneCountInString(o.Err.Reason) > 25*problem.MostReason {
				t.Errorf("much is kept: %d, %d, %d bytes", len(o.ID), len(o.Number), len(o.Err.Reason))
			}
		})
	}
}

// Bodies that HTTP itself makes hostile: a save stays in doubt, a read fails with one clear error.
func TestHostileBodies(t *testing.T) {
	gz := func(n int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		for range n >> 20 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
		_ = w.Close()
		return b.Bytes()
	}
	bomb := gz(256 << 20)
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request){
		"without an end": func(w http.ResponseWriter, r *http.Request) {
			block := bytes.Repeat([]byte("[1,2],"), 1<<16)
			for r.Context().Err() == nil {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"Result":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"a gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		},
		"gzip that is none": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, savedOne)
		},
		"less than it promised": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, savedOne)
			panic(http.ErrAbortHandler)
		},
		"more than it promised": func(w http.ResponseWriter, _ *http.Request) {
			c, b, _ := http.NewResponseController(w).Hijack()
			_, _ = b.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + savedOne)
			_ = b.Flush()
			_ = c.Close()
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			c, b, _ := http.NewResponseController(w).Hijack()
			_, _ = b.WriteString("\x00\x01\x02 garbage\r\n\r\n")
			_ = b.Flush()
			_ = c.Close()
		},
		"a head of 20 MB": func(w http.ResponseWriter, _ *http.Request) {
			c, b, _ := http.NewResponseController(w).Hijack()
			_, _ = b.WriteString("HTTP/1.1 200 OK\r\nX: " + repeated(20<<20, "x") + "\r\n\r\n" + savedOne)
			_ = b.Flush()
			_ = c.Close()
		},
		"sent on for ever": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "AuthService") {
					_, _ = io.WriteString(w, loggedIn)
					return
				}
				serve(w, r)
			}))
			defer srv.Close()
			c, _ := dial(t, newStub(nil), func(cfg *Config) { cfg.URL, cfg.Timeout = srv.URL+"/k3cloud", time.Second })
			outs, err := c.Write(t.Context(), orders, []connector.Doc{orderDoc("S01-1", "MUG-RED")})
			if err != nil || len(outs) != 1 || outs[0].State != connector.Unknown || outs[0].Err == nil || len(outs[0].Err.Error()) > 2000 {
				t.Errorf("a save: %+v, %v", outs, err)
			}
			_, err = c.Probe(t.Context(), orders, []string{"S01-1"})
			if e := problem.As(err); err == nil || e.Class != problem.Transient && e.Class != problem.Fatal || e.Reason == "" || len(e.Error()) > 2000 {
				t.Errorf("a question: %.500v", err)
			}
		})
	}
}

// One cell of a page is broken: it is one bad record, and the others come whole.
func TestOneBrokenCellCostsNothingButItsRow(t *testing.T) {
	for name, c := range map[string]struct{ cell, word string }{
		"raw NUL":          {"\"a\x00b\"", "control character"},
		"not UTF-8":        {"\"\xb6\xa9\"", "UTF-8"},
		"half a surrogate": {`"\ud800"`, "surrogate"},
		"depth 10,000":     {repeated(10000, "[") + repeated(10000, "]"), "deeper than"},
		"no value":         {`undefined`, "can't begin"},
		"key twice":        {`{"a":1,"a":2}`, "comes twice"},
		"exponent":         {`1e99999999999`, "beyond any use"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := func(from int, cell string) string {
				return fmt.Sprintf(`[[%d,"C-%d","2026-03-01T10:00:00","A"],[%d,"C-%d","2026-03-01T10:00:00",%s],[%d,"C-%d","2026-03-01T10:00:00","B"]]`, from, from, from+1, from+1, cell, from+2, from+2)
			}
			c2, _ := dial(t, newStub(map[string][]string{"ExecuteBillQuery": {rows(1, c.cell), "[]"}}), nil)
			var records []connector.Record
			for p, err := range c2.Read(t.Context(), connector.Query{Object: "BD_Currency", Fields: []string{"FName"}}) {
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, p.Records...)
			}
			if len(records) != 3 || records[0].Bad != nil || records[2].Bad != nil || records[1].Bad == nil {
				t.Fatalf("%+v", records)
			}
			bad := records[1]
			if !strings.Contains(bad.Bad.Reason, c.word) || bad.Bad.Class != problem.Invalid || bad.Data.Get("FNumber").Text() != "C-2" {
				t.Errorf("%v; %.200s", bad.Bad, bad.Data.JSON())
			}
		})
	}
}

// Pages that come again, one after the other or in turn, are no end and have none.
func TestPagesThatComeAgain(t *testing.T) {
	page := func(from int) string {
		return fmt.Sprintf(`[[%d,"C-%d","2026-03-01T10:00:00","A"],[%d,"C-%d","2026-03-01T10:00:00","B"]]`, from, from, from+1, from+1)
	}
	for name, answers := range map[string][]string{
		"the same page": {page(1), page(1)},
		"in turn":       {page(1), page(3), page(5), page(1), page(3), page(5), page(1), page(3)},
	} {
		s := newStub(map[string][]string{"ExecuteBillQuery": answers})
		c, _ := dial(t, s, func(cfg *Config) { cfg.Page = 2 })
		var last error
		for _, err := range c.Read(t.Context(), connector.Query{Object: "BD_Currency", Fields: []string{"FName"}}) {
			last = err
		}
		if e := problem.As(last); last == nil || e.Class != problem.Fatal || e.ID != idUnreadable || len(s.calls("ExecuteBillQuery")) > 4 {
			t.Errorf("%s: %v after %d questions", name, last, len(s.calls("ExecuteBillQuery")))
		}
	}
}
