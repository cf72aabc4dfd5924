package kingdee

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// stub answers calls with texts, one after the other for each service; the last one stays.
type stub struct {
	mu      sync.Mutex
	answers map[string][]string // by the service's last name; "" for none: logins succeed
	status  map[string]int
	bodies  map[string][]string
	headers map[string][]http.Header
	met     func(name string) // what happens while a call is on its way; nil: nothing
	date    func() time.Time  // the server's clock; nil: the computer's
}

const loggedIn = `{"Message":null,"LoginResultType":1,"Context":{"SessionId":"ctx-1","UserId":178301},"KDSVCSessionId":"sid-0000-1","IsSuccessByAPI":true}`

func newStub(answers map[string][]string) *stub {
	return &stub{answers: answers, status: map[string]int{}, bodies: map[string][]string{}, headers: map[string][]http.Header{}}
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := shortService(strings.TrimSuffix(r.URL.Path, ".common.kdsvc"))
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.met != nil {
		s.met(name)
	}
	if s.date != nil {
		w.Header().Set("Date", s.date().UTC().Format(http.TimeFormat))
	}
	s.bodies[name] = append(s.bodies[name], string(body))
	s.headers[name] = append(s.headers[name], r.Header.Clone())
	answer := loggedIn
	if list := s.answers[name]; len(list) > 0 {
		answer = list[0]
		if len(list) > 1 {
			s.answers[name] = list[1:]
		}
	}
	w.Header().Add("Set-Cookie", "kdservice-sessionid=sid-0000-1; path=/; expires=Wed, 25-Nov-2026 08:00:00 GMT; HttpOnly")
	w.Header().Add("Set-Cookie", "ASP.NET_SessionId=ctx-1; path=/")
	if code := s.status[name]; code != 0 {
		w.WriteHeader(code)
	}
	_, _ = io.WriteString(w, answer)
}

func (s *stub) calls(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[name]
}

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// dial opens a connection to a stub.
func dial(t testing.TB, s *stub, change func(*Config)) (*conn, *clock) {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	cfg := Config{
		URL: srv.URL + "/k3cloud", Account: "65a1b2c3d4e5f6", User: "apiuser", AppID: "300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi",
		Secret: "secret-0000-canary", Lang: 2052, Org: "0", Timeout: 10 * time.Second, Page: 2000,
	}
	if change != nil {
		change(&cfg)
	}
	k := &clock{t: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	if s.date == nil {
		s.date = k.now
	}
	c, err := open(context.Background(), cfg, connector.Env{
		Name: "kd", Log: slog.New(slog.DiscardHandler), Now: k.now, Rate: connector.Rate{PerSecond: 10000, InFlight: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := c.(*conn) //nolint:forcetypeassert // open makes nothing else
	return out, k
}

// data is the "data" of a request's body.
func data(t *testing.T, body string) map[string]any {
	t.Helper()
	var b struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return b.Data
}

const lostStatus = `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":null,"Message":"会话信息已丢失，请重新登录","DIndex":0}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":1}}}`
