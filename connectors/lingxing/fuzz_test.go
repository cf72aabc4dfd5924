package lingxing

import (
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// FuzzRefused: every answer that is no success has a class, a code and a page.
func FuzzRefused(f *testing.F) {
	for _, s := range []string{`{"code":"2001006","msg":"api sign not correct"}`, `{"code":500,"error_details":["x"]}`, `{"code":"3001008"}`, `{"code":103,"message":"\u001b"}`, `{"code":-1}`, `{"code":"","msg":""}`} {
		f.Add([]byte(s))
	}
	c := newStub(f).open(memory{}, 10)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, ok := decode(body)
		if !ok || e.success() {
			return
		}
		p := c.refused("/x", e)
		if _, page := problem.Page(p.ID); p.Class == problem.Unclassified || !page || p.Reason == "" || p.Hint == "" {
			t.Fatalf("%q: %v", body, p)
		}
		if p.Class == problem.Throttled && p.After <= 0 {
			t.Fatalf("%q: throttled without a wait", body)
		}
	})
}

// FuzzRow: a row is a record or says why not; what is there of a bad one is a record, too.
func FuzzRow(f *testing.F) {
	for _, s := range []string{`{"sid":113,"gmt_modified":"2025-10-09 16:53:20"}`, `{"sid":1,"sid":2}`, "{\"a\":\"\x00\"}", `null`, `{"gmt_modified":9223372036854775807}`, `{"gmt_modified":"9999-12-31 23:59:59"}`, `{"gmt_modified":1e18}`} {
		f.Add([]byte(s))
	}
	c := newStub(f).open(memory{}, 10)
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec := c.record(find("orders"), raw)
		if _, err := value.ParseText(rec.Data.JSON()); err != nil {
			t.Fatalf("%q became %q: %v", raw, rec.Data.JSON(), err)
		}
		if _, err := value.Parse(raw); (err == nil) != (rec.Bad == nil) {
			t.Fatalf("%q: %v, but %v", raw, err, rec.Bad)
		}
		both := joined(rec.Data, rec.Data)
		if _, err := value.ParseText(both.JSON()); err != nil && rec.Data.Get("detail").Kind() == value.Absent {
			t.Fatalf("with a detail, %q becomes %q: %v", raw, both.JSON(), err)
		}
	})
}

// FuzzVault: a sealed token opens as it was, and nothing else opens.
func FuzzVault(f *testing.F) {
	f.Add("secret", "token/a", "access", []byte("x"))
	f.Add("", "", "", []byte{})
	f.Fuzz(func(t *testing.T, secret, name, access string, junk []byte) {
		want := pair{Access: value.Head(access, 1000), Life: time.Hour}
		sealed, err := seal(secret, name, want)
		if err != nil {
			t.Fatal(err)
		}
		var got pair
		if err := unseal(secret, name, sealed, &got); err != nil || value.Valid(access) && got.Access != want.Access {
			t.Fatalf("%v; %q came back as %q", err, want.Access, got.Access)
		}
		if unseal(secret+"x", name, sealed, &got) == nil || unseal(secret, name+"x", sealed, &got) == nil {
			t.Fatal("it opens with another secret, or under another name")
		}
		if unseal(secret, name, junk, &got) == nil {
			t.Fatalf("junk opens: %q", junk)
		}
	})
}
