package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// shop is a simulator of nothing much: it keeps the bodies that it is sent.
type shop struct {
	mu       sync.Mutex
	kept     []string
	arrived  chan struct{} // a request counts; nil: nobody listens
	answered []bool
	broken   bool // some request found its context cancelled
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.arrived != nil {
		s.arrived <- struct{}{}
	}
	sandbox.Pause(r)
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	sandbox.AtEnd(r, func(ok bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answered = append(s.answered, ok)
	})
	s.kept = append(s.kept, string(body))
	s.broken = s.broken || r.Context().Err() != nil
	w.Header().Set("X-Shop", "yes")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"stored":true}`)
}

func (s *shop) Name() string                   { return "shop" }
func (s *shop) BasePath() string               { return "/shop/" }
func (s *shop) Credentials() map[string]string { return map[string]string{"secret": "hush-hush"} }
func (s *shop) FaultKinds() map[string]string  { return map[string]string{"sold-out": "says so"} }

func (s *shop) Actions() []sandbox.Action {
	return []sandbox.Action{{
		Name: "refill", Doc: "fills the shelf", Example: `{"n":3}`,
		Do: func(args json.RawMessage) (any, error) {
			var in struct{ N int }
			if err := json.Unmarshal(args, &in); err != nil || in.N < 0 {
				return nil, errors.New("n is a number from zero on")
			}
			return map[string]int{"n": in.N}, nil
		},
	}}
}

func (s *shop) Dump() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []map[string]any{}
	for _, k := range s.kept {
		rows = append(rows, map[string]any{"id": k, "note": "<b>" + k})
	}
	return map[string]any{
		"orders": rows, "requests": map[string]int{"/buy": len(s.kept)},
		"made": sandbox.Rows{N: 25, At: func(i int) any { return map[string]int{"n": 1000 + i} }},
	}
}

func (s *shop) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

func open(t *testing.T) (*shop, *sandbox.Server) {
	t.Helper()
	s := &shop{}
	return s, sandboxtest.Start(t, s, sandbox.New(sandbox.Options{Seed: 1}))
}

// wait lets the test go on when a condition has come true.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("never came: " + what)
		}
	}
}

func TestFaults(t *testing.T) {
	cases := []struct {
		kind   string
		kept   int // of one request with the fault
		status int // 0: the connection breaks
		body   string
	}{
		{sandbox.Slow, 1, 202, `{"stored":true}`},
		{sandbox.SlowAnswer, 1, 202, `{"stored":true}`},
		{sandbox.CutBefore, 0, 0, ""},
		{sandbox.CutAfter, 1, 0, ""},
		{sandbox.CutLate, 1, 0, ""},
		{sandbox.HalfAnswer, 1, 202, `{"store`}, // and then the connection breaks
		{sandbox.Status, 0, 503, "<html>"},
		{sandbox.StatusAfter, 1, 503, "<html>"},
		{sandbox.Garbage, 1, 200, "<<not an answer>>"},
	}
	for _, c := range cases {
		t.Run(c.kind, func(t *testing.T) {
			s, srv := open(t)
			sandboxtest.Control(t, srv, "POST", "faults", `{"kind":"`+c.kind+`","path":"BUY","match":"cup","delay":"1ms"}`, nil)
			sandboxtest.Post(t, srv.URL()+"buy", "plate") // does not match
			status, body, err := sandboxtest.Try(t, "POST", srv.URL()+"buy", nil, "cup")
			if broken := c.status == 0 || c.kind == sandbox.HalfAnswer; broken != (err != nil) {
				t.Fatalf("broken connection: want %v, got %v", broken, err)
			}
			if status != c.status || !strings.Contains(string(body), c.body) {
				t.Errorf("got %d %q, want %d %q", status, body, c.status, c.body)
			}
			wait(t, "what was processed", func() bool { return s.count() == 1+c.kept })
			if s.broken {
				t.Error("the request was processed under a cancelled context")
			}
			if status, _ := sandboxtest.Post(t, srv.URL()+"buy", "cup"); status != 202 {
				t.Errorf("the fault happened twice: HTTP %d", status)
			}
			var happened map[string]int
			sandboxtest.Control(t, srv, "GET", "faults", nil, &happened)
			if happened[c.kind] != 1 || len(happened) != 1 {
				t.Errorf("happened: %v", happened)
			}
		})
	}
}

// A late commit is late by the simulator's clock: whoever moves it need not wait, and finds it done.
func TestLateCommitsFollowTheClock(t *testing.T) {
	s, srv := open(t)
	for _, late := range []string{"8m", "3m", "20m"} {
		sandboxtest.Control(t, srv, "POST", "faults", `{"kind":"cut-late","delay":"`+late+`"}`, nil)
		if _, _, err := sandboxtest.Try(t, "POST", srv.URL(), nil, late); err == nil {
			t.Fatal("the connection was not cut")
		}
	}
	for _, step := range []struct {
		by   string
		want string
	}{{"2m", ""}, {"2m", "3m"}, {"-1h", "3m"}, {"1h", "3m"}, {"10m", "3m 8m"}, {"10m", "3m 8m 20m"}} {
		sandboxtest.Control(t, srv, "POST", "clock", `{"advance":"`+step.by+`"}`, nil)
		s.mu.Lock()
		got := strings.Join(s.kept, " ")
		s.mu.Unlock()
		if got != step.want {
			t.Fatalf("after %s: processed %q, want %q", step.by, got, step.want)
		}
	}
}

// A server has one clock: its answers are dated by it.
func TestAnswersAreDatedByTheClock(t *testing.T) {
	_, srv := open(t)
	sandboxtest.Control(t, srv, "POST", "clock", `{"set":"2031-05-06T07:08:09Z"}`, nil)
	resp, err := http.Post(srv.URL(), "text/plain", nil) //nolint:noctx // a test on loopback
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Date"); !strings.HasPrefix(got, "Tue, 06 May 2031 07:08:") {
		t.Errorf("Date: %s", got)
	}
}

func TestFaultCountsAndSkips(t *testing.T) {
	_, srv := open(t)
	sandboxtest.Fault(t, srv, sandbox.Fault{Kind: sandbox.Status, Status: 502, Skip: 1, Count: 2})
	var got []int
	for range 5 {
		status, _ := sandboxtest.Post(t, srv.URL(), nil)
		got = append(got, status)
	}
	want := []int{202, 502, 502, 202, 202}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestEndSaysWhetherTheClientWasAnswered(t *testing.T) {
	s, srv := open(t)
	sandboxtest.Post(t, srv.URL(), nil)
	sandboxtest.Fault(t, srv, sandbox.Fault{Kind: sandbox.CutAfter})
	_, _, err := sandboxtest.Try(t, "POST", srv.URL(), nil, nil)
	if err == nil {
		t.Fatal("the connection was not cut")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answered) != 2 || !s.answered[0] || s.answered[1] {
		t.Errorf("answered: %v, want [true false]", s.answered)
	}
}

// A simulator that pauses inside has counted the request when the wait begins.
func TestLatencyInside(t *testing.T) {
	s := &shop{arrived: make(chan struct{}, 1)}
	kit := sandbox.New(sandbox.Options{})
	kit.PausesInside = true
	srv := sandboxtest.Start(t, s, kit)
	sandboxtest.Latency(t, srv, "buy", time.Hour)
	broken := make(chan error, 1)
	go func() {
		_, _, err := sandboxtest.Try(t, "POST", srv.URL()+"BUY", nil, "cup")
		broken <- err
	}()
	<-s.arrived // and waits an hour, with its place taken
	if n := s.count(); n != 0 {
		t.Errorf("%d requests were processed before their time", n)
	}
	var list []sandbox.PathDelay
	sandboxtest.Control(t, srv, "DELETE", "latency", nil, nil)
	sandboxtest.Control(t, srv, "GET", "latency", nil, &list)
	if len(list) != 0 {
		t.Errorf("latency after DELETE: %v", list)
	}
	sandboxtest.Post(t, srv.URL()+"buy", "plate")
	srv.Close()
	if <-broken == nil {
		t.Error("the slow request was answered")
	}
}

func TestControl(t *testing.T) {
	_, srv := open(t)
	sandboxtest.Post(t, srv.URL(), "cup")
	cases := []struct{ name, method, path, body, want string }{
		{"action", "POST", "do/refill", `{"n":3}`, `{"n":3}`},
		{"action without a body", "POST", "do/refill", ``, `{"n":0}`},
		{"action that refuses", "POST", "do/refill", `{"n":-1}`, `400 {"error":"n is a number from zero on"}`},
		{"unknown action", "POST", "do/refil", `{}`, `404 {"error":"no action \"refil\": there are refill"}`},
		{"actions", "GET", "actions", ``, `[{"name":"refill","doc":"fills the shelf","example":{"n":3}}]`},
		{"one collection", "GET", "dump?collection=orders", ``, `[{"id":"cup","note":"<b>cup"}]`},
		{"unknown collection", "GET", "dump?collection=order", ``, `404 {"error":"no collection \"order\": there are made, orders, requests"}`},
		{"rows that are made when asked for", "GET", "dump?collection=made", ``, `[{"n":1000},{"n":1001},`},
		{"fault in nanoseconds", "POST", "faults", `{"kind":"slow","delay":2000000000,"path":"nowhere"}`, `{"ok":true}`},
		{"several faults", "POST", "faults", `[{"kind":"sold-out","path":"nowhere"},{"kind":"slow","delay":"1m","path":"nowhere"}]`, `{"ok":true}`},
		{"waiting", "GET", "faults/waiting", ``, `[{"kind":"slow","path":"nowhere","count":1,"delay":"2s"},{"kind":"sold-out","path":"nowhere","count":1},{"kind":"slow","path":"nowhere","count":1,"delay":"1m0s"}]`},
		{"clear", "DELETE", "faults", ``, `{"ok":true}`},
		{"none waits", "GET", "faults/waiting", ``, `[]`},
		{"unknown kind", "POST", "faults", `{"kind":"slwo"}`, `400 {"error":"no fault kind \"slwo\": there are cut-after,`},
		{"no kind", "POST", "faults", `{}`, `400 {"error":"no fault kind`},
		{"mistyped name", "POST", "faults", `{"kind":"slow","cuont":2}`, `400 {"error":"json: unknown field \"cuont\""}`},
		{"no duration", "POST", "faults", `{"kind":"slow","delay":"soon"}`, `400 {"error":"\"soon\" is no duration`},
		{"latency", "POST", "latency", `{"path":"nowhere","delay":"2s"}`, `[{"path":"nowhere","delay":"2s"}]`},
		{"latency off", "POST", "latency", `{"path":"NOWHERE","delay":"0s"}`, `[]`},
		{"negative latency", "POST", "latency", `{"path":"x","delay":-1}`, `400 {"error":"\"-1ns\" is no duration`},
		{"set the clock", "POST", "clock", `{"set":"2026-01-01T00:00:00Z","advance":"20m"}`, `{"now":"2026-01-01T00:20:00`},
		{"clock, nothing said", "POST", "clock", `{}`, `400 {"error":"clock: say`},
		{"clock, no duration", "POST", "clock", `{"advance":"a while"}`, `400 {"error":"time: invalid duration`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, body := sandboxtest.Send(t, c.method, srv.ControlURL()+c.path, nil, c.body)
			got := strings.TrimSpace(string(body))
			if status != 200 {
				got = http.StatusText(status) + " " + got
			}
			want := strings.NewReplacer("400 ", "Bad Request ", "404 ", "Not Found ").Replace(c.want)
			if !strings.HasPrefix(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPage(t *testing.T) {
	_, srv := open(t)
	for _, id := range []string{"first", "second"} {
		sandboxtest.Post(t, srv.URL(), id)
	}
	status, body := sandboxtest.Send(t, "GET", srv.ControlURL(), nil, nil)
	page := string(body)
	if status != 200 {
		t.Fatalf("HTTP %d: %s", status, page)
	}
	for _, want := range []string{"沙箱 / sandbox", "2 rows, newest first", "25 rows", "<td>1024", "<td>1005", "<td>second", "&lt;b&gt;first", "/buy", "refill", srv.URL()} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Index(page, "<td>second") > strings.Index(page, "<td>first") {
		t.Error("the newest row does not stand first")
	}
	if strings.Contains(page, "<td>1004") {
		t.Error("the page shows more than the newest rows")
	}
	if strings.Contains(page, "hush-hush") {
		t.Error("the page shows a secret")
	}
}

func FuzzFault(f *testing.F) {
	f.Add(`{"kind":"slow","delay":"2s"}`)
	f.Add(`{"kind":"slow","delay":5,"count":-1,"match":"x"}`)
	f.Fuzz(func(t *testing.T, in string) {
		var a, b sandbox.Fault
		if json.Unmarshal([]byte(in), &a) != nil {
			return
		}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &b); err != nil || a != b {
			t.Fatalf("%s read again: %+v, %v; was %+v", raw, b, err, a)
		}
	})
}
