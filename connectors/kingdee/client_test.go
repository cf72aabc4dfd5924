package kingdee

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func oneRow(c *conn, t *testing.T) ([]row, error) {
	t.Helper()
	f := formOf("BD_UNIT")
	return c.query(t.Context(), selection{form: f, keys: []string{f.ID, "FNumber"}, order: "FUNITID ASC", limit: 10})
}

func TestLostSessionInEveryWrapping(t *testing.T) {
	for name, lost := range map[string]string{
		"plain":      lostStatus,
		"once":       "[" + lostStatus + "]",
		"twice":      "[[" + lostStatus + "]]",
		"with nulls": "[[" + lostStatus + ",null]]",
		"bare":       `[{"FieldName":null,"Message":"会话信息已丢失，请重新登录","DIndex":0}]`,
		"as text":    `"` + strings.ReplaceAll(lostStatus, `"`, `\"`) + `"`,
		"text only":  `{"Result":{"ResponseStatus":{"IsSuccess":"false","Errors":[{"Message":"会话已过期"}],"MsgCode":"0"}}}`,
		"dump":       "response_error: 会话信息已丢失，请重新登录",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"ExecuteBillQuery": {lost, `[[1,"Pcs"]]`}})
			c, _ := dial(t, s, nil)
			rows, err := oneRow(c, t)
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			if n := len(s.calls("LoginBySign")); n != 2 {
				t.Errorf("%d logins, want 2", n)
			}
		})
	}
}

func TestDataThatSpeaksOfSessionsIsData(t *testing.T) {
	s := newStub(map[string][]string{"ExecuteBillQuery": {`[[1,"会话信息已丢失，请重新登录"]]`}})
	c, _ := dial(t, s, nil)
	rows, err := oneRow(c, t)
	if err != nil || len(rows) != 1 || len(s.calls("LoginBySign")) != 1 {
		t.Errorf("%d rows, %v, %d logins", len(rows), err, len(s.calls("LoginBySign")))
	}
}

func TestLostForever(t *testing.T) {
	s := newStub(map[string][]string{"ExecuteBillQuery": {"[[" + lostStatus + "]]"}})
	c, k := dial(t, s, nil)
	for want, class := range []problem.Class{problem.Transient, problem.Transient, problem.Fatal} {
		_, err := oneRow(c, t)
		if e := problem.As(err); e.Class != class {
			t.Errorf("call %d: %v, want class %v", want, err, class)
		}
	}
	k.add(2 * time.Minute) // an old session is lost as usual
	if _, err := oneRow(c, t); problem.As(err).ID != idLost {
		t.Errorf("after a while: %v", err)
	}
}

func TestSessionTravelsInBothWays(t *testing.T) {
	s := newStub(map[string][]string{"ExecuteBillQuery": {`[]`}})
	c, _ := dial(t, s, nil)
	if _, err := oneRow(c, t); err != nil {
		t.Fatal(err)
	}
	h := s.headers["ExecuteBillQuery"][0]
	if h.Get("Kdservice-Sessionid") != "sid-0000-1" {
		t.Errorf("header: %v", h)
	}
	cookie := h.Get("Cookie")
	if !strings.Contains(cookie, "kdservice-sessionid=sid-0000-1") || !strings.Contains(cookie, "ASP.NET_SessionId=ctx-1") || strings.Contains(cookie, "expires") {
		t.Errorf("cookie: %q", cookie)
	}
}

func TestRefusedLoginIsNotRepeated(t *testing.T) {
	refused := `{"Message":"用户名或密码错误","MessageCode":"002005000003016","LoginResultType":0,"KDSVCSessionId":null}`
	s := newStub(map[string][]string{"LoginBySign": {refused}})
	c, k := dial(t, s, nil)
	for range 5 {
		_, err := oneRow(c, t)
		e := problem.As(err)
		if e.Class != problem.Fatal || e.ID != idLogin || e.Code != "002005000003016" {
			t.Fatalf("%v", err)
		}
	}
	if n := len(s.calls("LoginBySign")); n != 1 {
		t.Errorf("%d attempts within five minutes, want 1", n)
	}
	for range 10 {
		k.add(6 * time.Minute)
		_, _ = oneRow(c, t)
	}
	if n := len(s.calls("LoginBySign")); n != 3 {
		t.Errorf("%d attempts in an hour, want 3: the fifth locks the user", n)
	}
}

// The signature holds the time: what is refused while our clock is wrong is signed once more, by the
// server's clock, and so is every later login.
func TestSignedByTheServersClock(t *testing.T) {
	refused := `{"Message":"时间戳已过期","LoginResultType":-1,"KDSVCSessionId":null}`
	for _, off := range []time.Duration{-24 * time.Hour, -2 * time.Minute, 24 * time.Hour} {
		for name, answers := range map[string][]string{"and let in": {refused, loggedIn}, "and refused": {refused}} {
			t.Run(off.String()+" "+name, func(t *testing.T) {
				s := newStub(map[string][]string{"LoginBySign": answers, "ExecuteBillQuery": {`[]`, "[[" + lostStatus + "]]", `[]`}})
				s.date = func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(off) }
				c, _ := dial(t, s, nil)
				_, err := oneRow(c, t)
				calls := s.calls("LoginBySign")
				if len(calls) != 2 || strings.Contains(calls[1], `,"1772359200",`) || !strings.Contains(calls[1], fmt.Sprintf(`,"%d",`, s.date().Unix())) {
					t.Errorf("attempts: %v", calls)
				}
				if len(answers) == 2 {
					if _, again := oneRow(c, t); err != nil || again != nil || len(s.calls("LoginBySign")) != 3 {
						t.Errorf("%v, then %v after %d logins", err, again, len(s.calls("LoginBySign")))
					}
					return
				}
				e := problem.As(err)
				if way := map[bool]string{true: "ahead of", false: "behind"}[off < 0]; !e.Login || !strings.Contains(e.Hint, off.Abs().String()+" "+way+" the server's") {
					t.Errorf("%v", err)
				}
				if _, err := oneRow(c, t); problem.As(err).ID != idLogin || len(s.calls("LoginBySign")) != 2 {
					t.Errorf("%d attempts, %v", len(s.calls("LoginBySign")), err)
				}
			})
		}
	}
}

// TestLoginAnsweredBySomethingElse: what is no login answer says nothing about the user, and does
// not lock us out for five minutes.
func TestLoginAnsweredBySomethingElse(t *testing.T) {
	for name, answer := range map[string]string{
		"another service": "[[" + lostStatus + "]]", "another system": `{"code":404,"msg":"no such path"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"LoginBySign": {answer, loggedIn}, "ExecuteBillQuery": {`[[1,"Pcs"]]`}})
			c, _ := dial(t, s, nil)
			_, err := oneRow(c, t)
			if e := problem.As(err); e.ID != idUnreadable || e.Class != problem.Transient || !strings.Contains(e.Reason, "the login") {
				t.Errorf("first: %v", err)
			}
			if rows, err := oneRow(c, t); err != nil || len(rows) != 1 {
				t.Errorf("then: %d rows, %v", len(rows), err)
			}
		})
	}
}

func TestLogins(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		class  problem.Class
		id     string
	}{
		"locked":               {`{"Message":"登录失败次数超限，请30分钟后再试","LoginResultType":-1,"KDSVCSessionId":null}`, problem.Transient, idLocked},
		"expired password":     {`{"Message":"密码已过期","LoginResultType":-3,"KDSVCSessionId":"x"}`, problem.Fatal, idLogin},
		"warning":              {`{"Message":"警告","LoginResultType":-4,"KDSVCSessionId":"sid-1"}`, 0, ""},
		"form for admin":       {`{"Message":null,"LoginResultType":-5,"KDSVCSessionId":"sid-1"}`, 0, ""},
		"form without session": {`{"Message":null,"LoginResultType":-5,"KDSVCSessionId":""}`, problem.Fatal, idLogin},
		"not bound":            {`{"Message":"未绑定","LoginResultType":-6,"KDSVCSessionId":null}`, problem.Fatal, idLogin},
		"a page":               {`<html><title>维护中</title></html>`, problem.Transient, ""},
		"half":                 {`{"LoginResultType":1,`, problem.Transient, idUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"LoginBySign": {test.answer}, "ExecuteBillQuery": {`[]`}})
			c, _ := dial(t, s, nil)
			_, err := oneRow(c, t)
			switch {
			case test.class == 0 && err != nil:
				t.Fatalf("refused: %v", err)
			case test.class == 0:
			case err == nil:
				t.Fatal("accepted")
			default:
				if e := problem.As(err); e.Class != test.class || test.id != "" && e.ID != test.id {
					t.Errorf("%v, want %v %s", err, test.class, test.id)
				}
			}
		})
	}
}

func TestWaysToSignIn(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*Config)
		service string
		args    int
	}{
		"by signature":   {nil, "LoginBySign", 6},
		"by app secret":  {func(c *Config) { c.Auth = authAppSecret }, "LoginByAppSecret", 5},
		"by password":    {func(c *Config) { c.AppID, c.Secret, c.Password = "", "", "pw-demo" }, "ValidateUser", 4},
		"password asked": {func(c *Config) { c.Password, c.Auth = "pw-demo", authPassword }, "ValidateUser", 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"ExecuteBillQuery": {`[]`}})
			c, _ := dial(t, s, test.change)
			if _, err := oneRow(c, t); err != nil {
				t.Fatal(err)
			}
			calls := s.calls(test.service)
			if len(calls) != 1 || strings.Count(calls[0], ",") != test.args-1 || !strings.HasPrefix(calls[0], `{"parameters":["65a1b2c3d4e5f6","apiuser"`) {
				t.Errorf("login calls: %v", calls)
			}
		})
	}
}

func TestHeaderMode(t *testing.T) {
	s := newStub(map[string][]string{"ExecuteBillQuery": {`[[1,"Pcs"]]`, "[[" + lostStatus + "]]"}})
	c, _ := dial(t, s, func(cfg *Config) { cfg.Auth = authHeader })
	if _, err := oneRow(c, t); err != nil {
		t.Fatal(err)
	}
	h := s.headers["ExecuteBillQuery"][0]
	for _, name := range []string{"X-Api-Clientid", "X-Api-Signature", "X-Kd-Appkey", "X-Kd-Appdata", "X-Kd-Signature", "X-Api-Timestamp", "X-Api-Signheaders"} {
		if h.Get(name) == "" {
			t.Errorf("no header %s", name)
		}
	}
	_, err := oneRow(c, t)
	if e := problem.As(err); e.Class != problem.Fatal || e.ID != idSignature {
		t.Errorf("a lost session in header mode: %v", err)
	}
	if n := len(s.calls("ExecuteBillQuery")); n != 2 {
		t.Errorf("%d calls, want 2: repeating cannot help", n)
	}
	if s.headers["ExecuteBillQuery"][1].Get("Cookie") == "" {
		t.Error("the cookies of the first answer are not sent again")
	}
}

func TestConfig(t *testing.T) {
	full := Config{URL: "https://erp.example.com/k3cloud/", Account: "a", User: "u", AppID: "300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi", Secret: "s"}
	for name, test := range map[string]struct {
		change func(*Config)
		auth   string // "" for a refusal
	}{
		"private host":       {func(*Config) {}, authSign},
		"tenant":             {func(c *Config) { c.URL = "https://t.ik3cloud.com/k3cloud" }, authSign},
		"gateway":            {func(c *Config) { c.URL = "https://api.kingdee.com/galaxyapi/" }, authHeader},
		"password only":      {func(c *Config) { c.Secret, c.Password = "", "p" }, authPassword},
		"nothing to use":     {func(c *Config) { c.Secret = "" }, ""},
		"unknown way":        {func(c *Config) { c.Auth = "magic" }, ""},
		"no address":         {func(c *Config) { c.URL = "erp.example.com" }, ""},
		"half an app id":     {func(c *Config) { c.AppID, c.Auth = "300001", authHeader }, ""},
		"password missing":   {func(c *Config) { c.Auth = authPassword }, ""},
		"gateway, no secret": {func(c *Config) { c.URL, c.Secret, c.Password = "https://api.kingdee.com/galaxyapi", "", "p" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := full
			test.change(&cfg)
			got, err := open(t.Context(), cfg, connector.Env{Now: time.Now})
			if test.auth == "" {
				if e := problem.As(err); err == nil || e.ID != idConfig || e.Hint == "" {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if auth := got.(*conn).cfg.Auth; auth != test.auth { //nolint:forcetypeassert // open makes nothing else
				t.Errorf("auth %s, want %s", auth, test.auth)
			}
		})
	}
}

func TestReadAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		status int
		class  problem.Class
		id     string
	}{
		"unknown field":   {`[[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":"","Message":"元数据中标识为FCustomerId的字段不存在","DIndex":0}],"MsgCode":9}}}]]`, 0, problem.Fatal, idNames},
		"unknown form":    {`[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"标识为“XXX”的业务对象不存在，或者被删除。","DIndex":0}],"MsgCode":0}}}]]`, 0, problem.Fatal, idNames},
		"no right":        {`[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"您没有“销售订单”的“查看”权限，请联系系统管理员","DIndex":0}],"MsgCode":2}}}]]`, 0, problem.Fatal, idRights},
		"exception":       {`[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"发生未知异常","DIndex":0}],"MsgCode":4}}}]]`, 0, problem.Transient, idException},
		"bad filter":      {`[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"过滤条件语法错误","DIndex":0}],"MsgCode":4}}}]]`, 0, problem.Fatal, idParams},
		"call limit":      {`[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"调用次数超限","DIndex":0}],"MsgCode":14}}}]]`, 0, problem.Throttled, idThrottled},
		"dump":            {"response_error:发生时间:2026-03-01 错误信息: Object reference not set", 0, problem.Fatal, idUnreadable},
		"dump of timeout": {"response_error: {\"Message\":\"执行超时\"}", 0, problem.Transient, idUnreadable},
		"garbage":         {"###", 0, problem.Transient, idUnreadable},
		"not found":       {"<html><title>404</title>", http.StatusNotFound, problem.Fatal, idService},
		"too many":        {"", http.StatusTooManyRequests, problem.Throttled, idThrottled},
		"short row":       {`[[1]]`, 0, problem.Fatal, idUnreadable},
		"object":          {`{"a":1}`, 0, problem.Transient, idUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(map[string][]string{"ExecuteBillQuery": {test.answer}})
			s.status["ExecuteBillQuery"] = test.status
			c, _ := dial(t, s, nil)
			_, err := oneRow(c, t)
			if err == nil {
				t.Fatal("no error")
			}
			e := problem.As(err)
			if e.Class != test.class || e.ID != test.id {
				t.Errorf("%v, want %v %s", err, test.class, test.id)
			}
			if test.class == problem.Throttled && e.After < time.Minute {
				t.Errorf("asks to wait %v, want a minute at least", e.After)
			}
		})
	}
}

// A deadlock or an exception of the server passes: one of them doesn't end a read, two do.
func TestAQueryIsAskedTwice(t *testing.T) {
	const trouble = `[[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"数据库操作失败","DIndex":0}],"MsgCode":6}}}]]`
	for name, answers := range map[string][]string{"once": {trouble, `[]`}, "twice": {trouble, trouble, `[]`}} {
		s := newStub(map[string][]string{"ExecuteBillQuery": answers})
		c, _ := dial(t, s, nil)
		_, err := oneRow(c, t)
		if (err == nil) != (name == "once") || len(s.calls("ExecuteBillQuery")) != 2 {
			t.Errorf("%s: %v after %d queries", name, err, len(s.calls("ExecuteBillQuery")))
		}
	}
}

// orderDoc is a sales order as an integrator's mapping makes it: in any order of keys.
func orderDoc(number string, lines ...string) connector.Doc {
	var rows []string
	for _, m := range lines {
		rows = append(rows, `{"FQty":2,"FUnitID":{"FNumber":"Pcs"},"FMaterialId":{"FNumber":"`+m+`"},"FDeliveryDate":"2026-03-02T18:30:00Z"}`)
	}
	return connector.Doc{Key: number, Content: value.Known(`{"F_ABC_Text":"x","FSaleOrderEntry":[` + strings.Join(rows, ",") +
		`],"FSaleOrderFinance":{"FIsIncludedTax":true,"FSettleCurrId":{"FNumber":"PRE001"}},"FCustId":{"FNumber":"CUST-1"},"FBillNo":"` + number +
		`","FDate":"2026-03-01","FSaleOrgId":{"FNumber":"100"},"FBillTypeID":{"FNumber":"XSDD01_SYS"}}`)}
}
