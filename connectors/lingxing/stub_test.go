package lingxing

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// stub is a vendor that answers whatever a test says, by path.
type stub struct {
	t   testing.TB
	url string

	mu     sync.Mutex
	now    time.Time
	calls  []call
	tokens int
	// answer makes the answer of a business call; body is decoded.
	answer func(path string, body map[string]any) string
	// grant makes the answer of the token calls; nil: a new token each time.
	grant func(path string, form string) string
}

type call struct {
	path, token string
	body        map[string]any
}

func newStub(t testing.TB) *stub {
	t.Helper()
	s := &stub{t: t, now: time.Date(2025, 10, 9, 8, 53, 20, 0, time.UTC)}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	var body map[string]any
	if strings.HasPrefix(r.URL.Path, "/api/auth-server/") {
		s.calls = append(s.calls, call{path: r.URL.Path})
		_, _ = io.WriteString(w, s.granted(r.URL.Path, string(text)))
		return
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &body); err != nil {
			s.t.Errorf("%s: body %q: %v", r.URL.Path, text, err)
		}
	}
	s.calls = append(s.calls, call{r.URL.Path, r.URL.Query().Get("access_token"), body})
	_, _ = io.WriteString(w, s.answer(r.URL.Path, body))
}

func (s *stub) granted(path, form string) string {
	if s.grant != nil {
		return s.grant(path, form)
	}
	s.tokens++
	return token(s.tokens)
}

func token(n int) string {
	return fmt.Sprintf(`{"code":"200","msg":"OK","data":{"access_token":"access-token-%d","refresh_token":"refresh-token-%d","expires_in":7199}}`, n, n)
}

// count is how many calls went to a path.
func (s *stub) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.calls), func(c call) bool { return c.path != path }))
}

func (s *stub) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stub) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// list is an answer of the usual shape. Call it from answer: the lock is held.
func (s *stub) list(rows []string, total int) string {
	return fmt.Sprintf(`{"code":0,"message":"success","error_details":[],"response_time":"%s","data":[%s],"total":%d}`,
		s.now.In(beijing).Format(stamp), strings.Join(rows, ","), total)
}

type memory map[string][]byte

func (m memory) Load(_ context.Context, key string) ([]byte, error) { return m[key], nil }
func (m memory) Save(_ context.Context, key string, v []byte) error { m[key] = v; return nil }

func (s *stub) open(vault connector.Vault, page int) *conn {
	s.t.Helper()
	c, err := open(s.t.Context(), Config{URL: s.url + "/", AppID: vectorApp, Secret: "c2VjcmV0LW9mLXRoZS1zdHVi", Timeout: 10 * time.Second, Page: page},
		connector.Env{Name: "erp", Now: s.clock, Vault: vault})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c.(*conn)
}

// shops makes any call.
func (s *stub) shops(c *conn) error {
	_, _, err := c.list(s.t.Context(), find("shops"), nil)
	return err
}

// readAll reads a query to its end.
func readAll(t *testing.T, c *conn, q connector.Query) (records []connector.Record, safe string, complete bool, err error) {
	t.Helper()
	for p, e := range c.Read(t.Context(), q) {
		if e != nil {
			return records, safe, complete, e
		}
		records = append(records, p.Records...)
		complete = p.Complete
		if p.Safe != "" {
			safe = p.Safe
		}
	}
	return records, safe, complete, nil
}

func wants(t *testing.T, err error, class problem.Class, id string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", id)
		return
	}
	e := problem.As(err)
	if e.Class != class || e.ID != id {
		t.Errorf("%v; want %v %s", err, class, id)
	}
	if e.Reason == "" || strings.Contains(err.Error(), "c2VjcmV0") || strings.Contains(err.Error(), "access-token") {
		t.Errorf("message %q", err)
	}
	if _, ok := problem.Page(e.ID); !ok {
		t.Errorf("%s has no page", e.ID)
	}
}
