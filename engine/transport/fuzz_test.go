package transport

import (
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/problem"
)

// FuzzPlain: whatever a server answers, it is nothing or a classified problem of a bounded length,
// and a wait that it asks for is none into the past.
func FuzzPlain(f *testing.F) {
	f.Add(200, []byte(`{"a":1}`), "")
	f.Add(503, []byte("<html><title>维护</title></html>"), "120")
	f.Add(429, []byte("\xff\x00\x1b[2J"), "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add(302, []byte("<title>"), "-1")
	f.Add(0, []byte{}, "99999999999999999999")
	c := New(Options{Name: "erp", Secrets: []string{"canary-0000"}})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		h := http.Header{"Retry-After": {after}}
		if d, ok := RetryAfter(h, now); d < 0 || !ok && d != 0 {
			t.Fatalf("%q asks to wait %v", after, d)
		}
		p := c.Plain(Answer{Status: status, Header: h, Body: body})
		switch {
		case p == nil:
			if status/100 != 2 {
				t.Fatalf("%d is no success", status)
			}
		case p.Class == problem.Unclassified || p.ID == "" || p.Reason == "" || p.After < 0 || utf8.RuneCountInString(p.Reason) > 300:
			t.Fatalf("%d %q: %v", status, body, p)
		}
	})
}
