package lingxing

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

func TestEveryRefusalHasAClass(t *testing.T) {
	for _, c := range []struct {
		body  string
		class problem.Class
		id    string
		says  string
	}{
		{`{"code":"2001001","msg":"app not exist","data":null}`, problem.Fatal, "PC350", "app not exist"},
		{`{"code":"2001002","msg":"app secret not correct","data":null}`, problem.Fatal, "PC350", "secret"},
		{`{"code":"0001001","msg":"rsa private decrypt error","data":null}`, problem.Fatal, "PC350", "rsa"},
		{`{"code":"2001004","msg":"the api not authorized, please grant first"}`, problem.Fatal, "PC353", pathShops},
		{`{"code":"2001006","msg":" api sign not correct"}`, problem.Fatal, "PC355", pathShops},
		{`{"code":"2001007","msg":"api sign has expired"}`, problem.Fatal, "PC356", "two minutes"},
		{`{"code":"3001001","msg":"missing query param(access_token,sign,timestamp,app_key)"}`, problem.Fatal, "PC359", "missing query param"},
		{`{"code":"3001002","msg":"ip not permit, please add ip to white list first."}`, problem.Fatal, "PC352", "IP"},
		{`{"code":"401","msg":"授权被禁用，请检查授权状态"}`, problem.Fatal, "PC351", "授权被禁用"},
		{`{"code":"403","msg":"授权失效，请更新授权有效期"}`, problem.Fatal, "PC351", "授权失效"},
		{`{"code":"102","msg":"参数不合法"}`, problem.Fatal, "PC359", "参数不合法"},
		{`{"code":"500","msg":"404 NOT_FOUND"}`, problem.Fatal, "PC359", "404"},
		{`{"code":102,"message":"参数不合法","error_details":["data => data不能为空"]}`, problem.Fatal, "PC359", "data不能为空"},
		{`{"code":103,"message":"请求过于频繁,请稍后再试 [C0C1]","error_details":[],"data":[],"total":0}`, problem.Throttled, "PC358", "请求过于频繁"},
		{`{"code":104,"message":"非法请求"}`, problem.Fatal, "PC359", "非法请求"},
		{`{"code":400,"message":"服务不存在"}`, problem.Fatal, "PC359", "服务不存在"},
		{`{"code":500,"message":"内部错误","error_details":"offset 必须是非负数 [请求码:C365FF]"}`, problem.Fatal, "PC361", "offset 必须是非负数"},
		{`{"code":500,"message":"内部错误","error_details":[],"request_id":"AB-12"}`, problem.Transient, "PC360", "AB-12"},
		{`{"code":1000,"message":"业务处理失败","error_details":[{"message":"错误：重复"}]}`, problem.Fatal, "PC361", "错误：重复"},
		{`{"code":1,"message":"服务内部错误"}`, problem.Transient, "PC360", "服务内部错误"},
		{`{"code":300000,"message":"?"}`, problem.Transient, "PC360", "?"},
		{`{"code":0,"message":"服务繁忙","data":null}`, problem.Transient, "PC362", "服务繁忙"},
		{`{"code":0,"message":"success","data":{"a":1}}`, problem.Transient, "PC362", "list"},
		{`{"ok":true}`, problem.Transient, "PC362", "envelopes"},
		{`<html><title>502 Bad Gateway</title>`, problem.Transient, "PC313", "502 Bad Gateway"},
	} {
		s := newStub(t)
		s.answer = func(string, map[string]any) string { return c.body }
		err := s.shops(s.open(memory{}, 100))
		wants(t, err, c.class, c.id)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", c.body, err, c.says)
		}
		want := 1
		if c.id == "PC356" {
			want = 2 // signed again once
		}
		if n := s.count(pathShops); n != want {
			t.Errorf("%s: %d calls", c.body, n)
		}
		if e := problem.As(err); c.class == problem.Throttled && (e.After == 0 || e.Scope != problem.OfPath) {
			t.Errorf("%s: after %v, scope %v", c.body, e.After, e.Scope)
		}
	}
}

func TestWaitsGrowWithEachRefusalAndEndWithSuccess(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return s.list(nil, 0) }
	c := s.open(memory{}, 100)
	var got []time.Duration
	for range 6 {
		got = append(got, c.tire(pathShops, codeTooMany))
	}
	if fmt.Sprint(got) != "[5s 15s 30s 1m0s 2m0s 2m0s]" {
		t.Errorf("waits %v", got)
	}
	if err := s.shops(c); err != nil {
		t.Fatal(err)
	}
	if d := c.tire(pathShops, "103"); d != 30*time.Second {
		t.Errorf("a busy service after a success: %v", d)
	}
}

// One place in flight is taken by somebody else: the call waits a moment and goes through.
func TestOneRefusalForTooManyIsWaitedOut(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string {
		if n := len(s.calls); n == 2 { // the token, and this
			s.now = s.now.Add(2 * time.Second) // the wait is measured by this clock
			return fmt.Sprintf(codeAnswer, codeTooMany)
		}
		s.now = s.now.Add(2 * time.Second)
		return s.list(nil, 0)
	}
	c := s.open(memory{}, 100)
	done := make(chan error)
	go func() { done <- s.shops(c) }()
	for {
		select {
		case err := <-done:
			if err != nil || s.count(pathShops) != 2 {
				t.Errorf("%v after %d calls", err, s.count(pathShops))
			}
			return
		case <-t.Context().Done():
			return
		default:
			s.advance(time.Millisecond)
		}
	}
}

// A server that says how short a moment it needs gets it; one that needs long is the engine's to wait for.
func TestAMomentThatAServerAsksForIsGranted(t *testing.T) {
	for after, want := range map[string]int{"1": 2, "60": 1} {
		s := newStub(t)
		calls := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.advance(2 * time.Second)
			if strings.HasPrefix(r.URL.Path, "/api/") {
				fmt.Fprint(w, token(1))
			} else if calls++; calls == 1 {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(http.StatusTooManyRequests)
			} else {
				fmt.Fprint(w, `{"code":0,"message":"success","data":[]}`)
			}
		}))
		s.url = srv.URL
		c := s.open(memory{}, 100)
		done := make(chan error)
		go func() { done <- s.shops(c) }()
		var err error
		for waiting := true; waiting; {
			select {
			case err = <-done:
				waiting = false
			default:
				s.advance(time.Millisecond)
			}
		}
		srv.Close()
		if calls != want || (want == 2) != (err == nil) {
			t.Errorf("Retry-After %s: %d calls, %v", after, calls, err)
		}
	}
}

func TestAWrongClockIsCorrectedOnce(t *testing.T) {
	s := newStub(t)
	ahead := 10 * time.Minute
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var at int64
		_, _ = fmt.Sscan(r.URL.Query().Get("timestamp"), &at)
		vendor := s.clock().Add(ahead)
		if strings.HasPrefix(r.URL.Path, "/api/") {
			fmt.Fprint(w, token(1))
		} else if vendor.Sub(time.Unix(at, 0)).Abs() > 2*time.Minute {
			fmt.Fprintf(w, `{"code":"2001007","msg":"api sign has expired","data":{"throwTime":"%s"}}`, vendor.In(beijing).Format(stamp))
		} else {
			fmt.Fprintf(w, `{"code":0,"message":"success","data":[],"response_time":"%s"}`, vendor.In(beijing).Format(stamp))
		}
	}))
	defer srv.Close()
	s.url = srv.URL
	c := s.open(memory{}, 100)
	if err := s.shops(c); err != nil {
		t.Fatal(err)
	}
	if f := c.checkClock(); f.Err == nil || f.Err.ID != idClock || !strings.Contains(f.Err.Reason, "10m0s") {
		t.Errorf("finding %+v", f)
	}
}

func TestHTTPStatusCountsWhereThereIsNoEnvelope(t *testing.T) {
	for status, want := range map[int]problem.Class{405: problem.Fatal, 429: problem.Throttled, 504: problem.Transient} {
		s := newStub(t)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				fmt.Fprint(w, token(1))
				return
			}
			w.WriteHeader(status)
			fmt.Fprint(w, "<html><title>nginx</title>")
		}))
		defer srv.Close()
		s.url = srv.URL
		if e := problem.As(s.shops(s.open(memory{}, 100))); e.Class != want || want == problem.Throttled && e.After == 0 {
			t.Errorf("%d: %v, after %v", status, e, e.After)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []Config{
		{URL: "openapi.example.com", AppID: vectorApp},
		{URL: "ftp://x", AppID: vectorApp},
		{URL: "", AppID: vectorApp},
		{URL: "https://openapi.example.com", AppID: "ak_short"},
	} {
		if _, err := open(t.Context(), c, connector.Env{}); problem.As(err).Class != problem.Fatal {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
