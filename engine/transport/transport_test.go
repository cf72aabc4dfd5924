package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// serve counts the requests that came in.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	n := new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, n
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Name == "" {
		o.Name = "shop"
	}
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func cutter(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"code":0,`)
}

func TestWhatGoesWrongIsNamed(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		url     string // instead of the handler's
		o       Options
		class   problem.Class
		id      string
		notSent bool
		tries   int32 // of a read
	}{
		{"refused", nil, closed.URL, Options{}, problem.Transient, "PC300", true, 0},
		{"unresolved", nil, "http://nowhere.invalid/", Options{}, problem.Transient, "PC301", true, 0},
		{"untrusted", nil, secure.URL, Options{}, problem.Transient, "PC302", true, 0},
		{"plain", func(http.ResponseWriter, *http.Request) {}, "https", Options{}, problem.Transient, "PC302", true, 0},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "", Options{Timeout: 60 * time.Millisecond}, problem.Transient, "PC304", false, 3},
		{"cut", cutter, "", Options{}, problem.Transient, "PC305", false, 3},
		{"half", half, "", Options{}, problem.Transient, "PC305", false, 3},
		{"large", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") }, "", Options{MaxAnswer: 9}, problem.Fatal, "PC306", false, 1},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/login?token=abc", http.StatusFound)
		}, "", Options{}, problem.Fatal, "PC307", false, 1},
		{"no host", nil, "lingxing.example", Options{}, problem.Fatal, "PC308", true, 0},
	} {
		for _, read := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s read=%v", c.name, read), func(t *testing.T) {
				t.Parallel()
				url, n := c.url, new(atomic.Int32)
				if c.handler != nil {
					var s *httptest.Server
					if s, n = serve(t, c.handler); url == "" {
						url = s.URL
					} else {
						url = "https" + strings.TrimPrefix(s.URL, "http")
					}
				}
				_, err := client(t, c.o).Do(t.Context(), Call{Method: "POST", URL: url, Body: []byte(`{"a":1}`), Read: read})
				e, ok := errors.AsType[*problem.Error](err)
				if !ok {
					t.Fatalf("error %v is no problem", err)
				}
				if e.Class != c.class || e.ID != c.id {
					t.Errorf("got %v %s (%v), want %v %s", e.Class, e.ID, e, c.class, c.id)
				}
				if errors.Is(err, ErrNotSent) != c.notSent {
					t.Errorf("ErrNotSent is %v, want %v", !c.notSent, c.notSent)
				}
				if errors.Is(err, ErrTimedOut) != (c.id == "PC304") {
					t.Errorf("ErrTimedOut is wrong for %s", c.id)
				}
				want := c.tries
				if !read {
					want = min(want, 1)
				}
				if n.Load() != want {
					t.Errorf("%d requests came in, want %d", n.Load(), want)
				}
				if !strings.HasPrefix(e.Reason, "shop: ") || e.Hint == "" || strings.Contains(e.Error(), "token=abc") {
					t.Errorf("message: %v", e)
				}
				if _, ok := problem.Page(e.ID); !ok {
					t.Errorf("%s has no page", e.ID)
				}
			})
		}
	}
}

func TestReadsAreRepeatedAndPreparedAnew(t *testing.T) {
	s, n := serve(t, nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if n.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "%s %s", r.URL.RawQuery, body)
	})
	var signed int
	a, err := client(t, Options{}).Do(t.Context(), Call{Method: "POST", URL: s.URL, Body: []byte("body"), Read: true, Prepare: func(r *http.Request) error {
		signed++
		r.URL.RawQuery = fmt.Sprintf("sign=%d", signed)
		return nil
	}})
	if err != nil || a.Status != 200 || string(a.Body) != "sign=3 body" || a.Date.IsZero() {
		t.Errorf("answer %d %q date %v, error %v", a.Status, a.Body, a.Date, err)
	}
}

func TestAnAnswerThatStaysBadIsHandedOver(t *testing.T) {
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><title>502 Bad Gateway</title>")
	})
	c := client(t, Options{Name: "shop"})
	for read, want := range map[bool]int32{true: 3, false: 1} {
		n.Store(0)
		a, err := c.Do(t.Context(), Call{Method: "POST", URL: s.URL, Read: read})
		if err != nil || a.Status != 502 || n.Load() != want {
			t.Errorf("read %v: status %d after %d requests, error %v", read, a.Status, n.Load(), err)
		}
		if e := c.Plain(a); e == nil || e.Class != problem.Transient || !strings.Contains(e.Reason, "502 Bad Gateway") {
			t.Errorf("problem %v", e)
		}
	}
}

func TestPrepareThatFailsSendsNothing(t *testing.T) {
	s, n := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, err := client(t, Options{}).Do(t.Context(), Call{Method: "POST", URL: s.URL, Prepare: func(*http.Request) error {
		return &problem.Error{Class: problem.Fatal, ID: "PC350", Reason: "no token"}
	}})
	if e := problem.As(err); !errors.Is(err, ErrNotSent) || e.ID != "PC350" || n.Load() != 0 {
		t.Errorf("error %v after %d requests", err, n.Load())
	}
}

func TestPlain(t *testing.T) {
	c := client(t, Options{Secrets: []string{"canary-1"}})
	for _, x := range []struct {
		a     Answer
		class problem.Class
		id    string
	}{
		{Answer{Status: 200, Body: []byte(` {"a":1}`)}, 0, ""},
		{Answer{Status: 204}, 0, ""},
		{Answer{Status: 200, Body: []byte("<html>canary-1")}, problem.Transient, "PC313"},
		{Answer{Status: 404, Body: []byte("nothing here canary-1")}, problem.Fatal, "PC312"},
		{Answer{Status: 500}, problem.Transient, "PC310"},
		{Answer{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, problem.Throttled, "PC311"},
	} {
		e := c.Plain(x.a)
		if e == nil {
			if x.id != "" {
				t.Errorf("%d: no problem", x.a.Status)
			}
			continue
		}
		if e.Class != x.class || e.ID != x.id || strings.Contains(e.Error(), "canary") {
			t.Errorf("%d: %v", x.a.Status, e)
		}
		if x.a.Status == 429 && e.After != 7*time.Second {
			t.Errorf("429 waits %v", e.After)
		}
		if _, ok := problem.Page(e.ID); !ok {
			t.Errorf("%s has no page", e.ID)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":    -1,
		"120": 2 * time.Minute,
		"0":   0,
		"-3":  -1,
		"x":   -1,
		now.Add(30 * time.Second).Format(http.TimeFormat): 30 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		"99999999999999999999":                            -1,
	} {
		d, ok := RetryAfter(http.Header{"Retry-After": {text}}, now)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q: %v %v, want %v", text, d, ok, want)
		}
	}
}

func TestARecordingHoldsNoSecret(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "it was hush+hush/1=") })
	var seen []Exchange
	c := client(t, Options{Secrets: []string{"hush+hush/1="}, Record: func(e Exchange) { seen = append(seen, e) }})
	_, err := c.Do(t.Context(), Call{Method: "POST", URL: s.URL + "/p?secret=x1y2&a=hush%2Bhush%2F1%3D", Body: []byte(`{"s":"hush+hush/1="}`)})
	if err != nil || len(seen) != 1 {
		t.Fatalf("%d exchanges, error %v", len(seen), err)
	}
	e := seen[0]
	if !strings.HasSuffix(e.URL, "/p?secret=***&a=***") || e.Request != `{"s":"***"}` || e.Body != "it was ***" || e.Status != 200 {
		t.Errorf("recorded %+v", e)
	}
}

func TestARequestThatIsStoppedInFlightIsInDoubt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := client(t, Options{}).Do(ctx, Call{Method: "POST", URL: s.URL, Body: []byte("x")})
	if errors.Is(err, ErrNotSent) || problem.As(err).ID != "PC309" || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
