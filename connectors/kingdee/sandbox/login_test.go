package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
)

const (
	acct = kingdeebox.Account
	user = kingdeebox.User
	app  = kingdeebox.AppID
)

func signed(stamp string) string {
	parts := []string{acct, user, app, kingdeebox.Secret, stamp}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func TestLoginForms(t *testing.T) {
	stamp := strconv.FormatInt(start.Unix(), 10)
	late := strconv.FormatInt(start.Add(-6*time.Minute).Unix(), 10)
	text, _ := json.Marshal([]any{acct, user, kingdeebox.Password, 2052})
	for name, x := range map[string]struct {
		service string
		body    any
		want    string
	}{
		"by position":            {"ValidateUser", obj{"parameters": []any{acct, user, kingdeebox.Password, 2052}}, "1"},
		"by name":                {"ValidateUser", obj{"acctID": acct, "username": user, "password": kingdeebox.Password, "lcid": 2052}, "1"},
		"other spelling":         {"validateuser", obj{"acctid": acct, "userName": user, "Password": kingdeebox.Password, "lcid": "2052", "format": 1, "v": "1.0"}, "1"},
		"parameters as text":     {"ValidateUser", obj{"parameters": string(text), "format": 1}, "1"},
		"wrong password":         {"ValidateUser", obj{"parameters": []any{acct, user, "no", 2052}}, "0"},
		"unknown user":           {"ValidateUser", obj{"parameters": []any{acct, "nobody", kingdeebox.Password, 2052}}, "0"},
		"wrong account set":      {"ValidateUser", obj{"parameters": []any{"000", user, kingdeebox.Password, 2052}}, "0"},
		"secret by position":     {"LoginByAppSecret", obj{"parameters": []any{acct, user, app, kingdeebox.Secret, 2052}}, "1"},
		"secret by name":         {"LoginByAppSecret", obj{"acctID": acct, "username": user, "appId": app, "appSecret": kingdeebox.Secret, "lcid": 2052}, "1"},
		"wrong secret":           {"LoginByAppSecret", obj{"parameters": []any{acct, user, app, "no", 2052}}, "0"},
		"sign, text":             {"LoginBySign", obj{"parameters": []any{acct, user, app, stamp, signed(stamp), 2052}}, "1"},
		"sign, number":           {"LoginBySign", obj{"parameters": []any{acct, user, app, start.Unix(), signed(stamp), 2052}}, "1"},
		"sign by name":           {"LoginBySign", obj{"acctID": acct, "username": user, "appId": app, "timestamp": stamp, "sign": signed(stamp), "lcid": 2052}, "1"},
		"sign of another moment": {"LoginBySign", obj{"parameters": []any{acct, user, app, late, signed(late), 2052}}, "0"},
		"wrong sign":             {"LoginBySign", obj{"parameters": []any{acct, user, app, stamp, signed("1"), 2052}}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := serve(t).post(authService+x.service, x.body).(obj)
			if got := a["LoginResultType"].(json.Number).String(); got != x.want {
				t.Fatalf("LoginResultType %s: %v", got, a["Message"])
			}
			if _, in := a["KDSVCSessionId"].(string); in != (x.want == "1") {
				t.Errorf("KDSVCSessionId: %v", a["KDSVCSessionId"])
			}
			if (a["IsSuccessByAPI"] == true) != (x.want == "1") {
				t.Errorf("IsSuccessByAPI: %v", a["IsSuccessByAPI"])
			}
		})
	}
}

func TestLockOut(t *testing.T) {
	c := serve(t)
	try := func(password string) obj {
		return c.post(authService+"ValidateUser", obj{"parameters": []any{acct, user, password, 2052}}).(obj)
	}
	for range 5 {
		if a := try("no"); a["LoginResultType"] != json.Number("0") {
			t.Fatalf("a wrong password: %v", a)
		}
	}
	a := try(kingdeebox.Password)
	if a["LoginResultType"] != json.Number("-1") || !strings.Contains(a["Message"].(string), "次数超限") {
		t.Fatalf("the right password after five wrong ones: %v", a)
	}
	c.kit.Clock.Advance(31 * time.Minute)
	if a := try(kingdeebox.Password); a["LoginResultType"] != json.Number("1") {
		t.Errorf("half an hour later: %v", a)
	}
}

func TestSessionEnds(t *testing.T) {
	c := loggedIn(t)
	c.kit.Clock.Advance(19 * time.Minute)
	c.query("BD_UNIT", "FNumber", "")
	c.kit.Clock.Advance(19 * time.Minute)
	c.query("BD_UNIT", "FNumber", "") // each call keeps it alive
	c.kit.Clock.Advance(21 * time.Minute)
	_, code := c.refused(c.call("Save", "SAL_SaleOrder", obj{"Model": salesOrder("S-1")}))
	if code != "1" {
		t.Errorf("MsgCode %s", code)
	}
	c.login()
	if rows := c.query("SAL_SaleOrder", "FBillNo", ""); len(rows) != 0 {
		t.Errorf("a call without a session saved something: %v", rows)
	}
}

func TestLostSessionInAllWrappings(t *testing.T) {
	const status = `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":null,"Message":"会话信息已丢失，请重新登录","DIndex":0}],"SuccessEntitys":[],"SuccessMessages":[],"MsgCode":1}}}`
	for wrapping, want := range map[string]string{
		"none": status, "once": "[" + status + "]", "twice": "[[" + status + "]]", "twice-null": "[[" + status + ",null]]",
		"bare-errors": `[{"FieldName":null,"Message":"会话信息已丢失，请重新登录","DIndex":0}]`,
	} {
		c := loggedIn(t)
		c.act("kill-sessions", `{"wrapping":"`+wrapping+`"}`)
		if got := string(c.raw(formService+"ExecuteBillQuery", obj{"data": obj{"FormId": "BD_UNIT", "FieldKeys": "FNumber"}})); got != want {
			t.Errorf("%s:\n got %s\nwant %s", wrapping, got, want)
		}
		if got := string(c.raw(formService+"Save", obj{"formid": "SAL_SaleOrder", "data": obj{"Model": obj{}}})); got != status {
			t.Errorf("%s: Save answers %s", wrapping, got)
		}
	}
}

func TestSessionInHeaderOrCookie(t *testing.T) {
	c := loggedIn(t)
	body := []byte(`{"parameters":["{\"FormId\":\"BD_UNIT\",\"FieldKeys\":\"FNumber\"}"]}`)
	for name, h := range map[string]http.Header{
		"header":                  {"Kdservice-Sessionid": {c.sid}},
		"cookie":                  {"Cookie": {"a=b; kdservice-sessionid=" + c.sid}},
		"cookie with attributes":  {"Cookie": {"kdservice-sessionid=" + c.sid + "; path=/; HttpOnly"}},
		"cookie and a dead other": {"Cookie": {"ASP.NET_SessionId=zzz; Kdservice-SessionId=" + c.sid}},
	} {
		sid := c.sid
		c.sid = ""
		resp, text := c.send(c.url(formService+"ExecuteBillQuery"), body, h)
		c.sid = sid
		if !strings.Contains(string(text), "Pcs") {
			t.Errorf("%s: %s", name, text)
		}
		cookies := strings.Join(resp.Header.Values("Set-Cookie"), "\n")
		if !strings.Contains(cookies, "kdservice-sessionid="+sid) || !strings.Contains(cookies, "ASP.NET_SessionId=") {
			t.Errorf("%s: cookies %q", name, cookies)
		}
	}
}

func TestLogoutAndDataCenters(t *testing.T) {
	c := loggedIn(t)
	if got := string(c.raw(authService+"Logout", "{}")); got != "true" {
		t.Errorf("Logout: %s", got)
	}
	_, code := c.refused(c.call("View", "BD_UNIT", obj{"Number": "Pcs"}))
	if code != "1" {
		t.Errorf("after Logout: MsgCode %s", code)
	}
	list := c.post("Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList", "{}").([]any)
	if list[0].(obj)["Id"] != acct {
		t.Errorf("GetDataCenterList: %v", list)
	}
}

// headers are those of the vendor's SDKs.
func headers(secret, path string) http.Header {
	sign := func(key, text string) string {
		m := hmac.New(sha256.New, []byte(key))
		m.Write([]byte(text))
		return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(m.Sum(nil))))
	}
	client, hidden, _ := strings.Cut(app, "_")
	raw, _ := base64.StdEncoding.DecodeString(hidden)
	for i := range raw {
		raw[i] ^= "0054f397c6234378b09ca7d3e5debce7"[i]
	}
	who := acct + "," + user + ",2052,0"
	const stamp = "1767225600" // nobody looks whether it is now
	h := http.Header{}
	for k, v := range map[string]string{
		"X-Api-ClientID": client, "X-Api-Auth-Version": "2.0", "x-api-timestamp": stamp, "x-api-nonce": stamp, "x-api-signheaders": "X-Api-TimeStamp,X-Api-Nonce",
		"X-Api-Signature": sign(base64.StdEncoding.EncodeToString(raw), "POST\n"+strings.ReplaceAll(path, "/", "%2F")+"\n\nx-api-nonce:"+stamp+"\nx-api-timestamp:"+stamp+"\n"),
		"X-Kd-Appkey":     app, "X-Kd-Appdata": base64.StdEncoding.EncodeToString([]byte(who)), "X-Kd-Signature": sign(secret, app+who),
	} {
		h.Set(k, v)
	}
	return h
}

func TestHeaderSignIn(t *testing.T) {
	c := serve(t)
	query := []byte(`{"data":{"FormId":"BD_UNIT","FieldKeys":"FNumber"}}`)
	root := strings.TrimSuffix(c.srv.URL(), "/k3cloud/")
	ask := func(base string, h http.Header) (int, string, string) {
		resp, text := c.send(root+base+formService+"ExecuteBillQuery"+suffix, query, h)
		return resp.StatusCode, string(text), strings.Join(resp.Header.Values("Set-Cookie"), "\n")
	}
	path := "/k3cloud/" + formService + "ExecuteBillQuery" + suffix
	code, text, cookies := ask("/k3cloud/", headers(kingdeebox.Secret, path))
	if code != 200 || !strings.Contains(text, "Pcs") || !strings.Contains(cookies, "expires=") {
		t.Fatalf("a good signature: %d %s %s", code, text, cookies)
	}
	_, after, _ := strings.Cut(cookies, "kdservice-sessionid=")
	sid, _, _ := strings.Cut(after, ";")

	h := headers("wrong", path)
	if _, text, _ := ask("/k3cloud/", h); !strings.HasPrefix(text, "[[{") || !strings.Contains(text, `"MsgCode":1`) {
		t.Errorf("a wrong secret: %s", text)
	}
	h.Set("SID", sid)
	if _, text, _ := ask("/k3cloud/", h); !strings.Contains(text, "Pcs") {
		t.Errorf("a live session with a wrong secret: %s", text)
	}
	h = headers(kingdeebox.Secret, path)
	h.Set("kdservice-sessionid", "dead")
	if _, text, _ := ask("/k3cloud/", h); !strings.Contains(text, "Pcs") {
		t.Errorf("a dead session with a good signature: %s", text)
	}
	h = headers(kingdeebox.Secret, path)
	h.Set("X-Kd-Appdata", base64.StdEncoding.EncodeToString([]byte("000,apiuser,2052,0")))
	if code, _, _ := ask("/k3cloud/", h); code == 200 {
		t.Error("an unknown account set is answered with 200")
	}
	h = headers(kingdeebox.Secret, path)
	h.Set("X-Api-Signature", "whatever")
	if _, text, _ := ask("/K3Cloud/", h); !strings.Contains(text, "Pcs") {
		t.Errorf("a private host looked at X-Api-Signature: %s", text)
	}
	gateway := "/galaxyapi/" + formService + "ExecuteBillQuery" + suffix
	if code, text, _ := ask("/galaxyapi/", headers(kingdeebox.Secret, gateway)); code != 200 || !strings.Contains(text, "Pcs") {
		t.Errorf("the gateway: %d %s", code, text)
	}
	if code, _, _ := ask("/galaxyapi/", headers(kingdeebox.Secret, path)); code != 401 {
		t.Errorf("the gateway with a signature of another path: %d", code)
	}
	if code, _, _ := ask("/galaxyapi/", http.Header{"Kdservice-Sessionid": {sid}}); code != 401 {
		t.Errorf("the gateway with a session only: %d", code)
	}
}

func TestServicesAndMethods(t *testing.T) {
	c := loggedIn(t)
	resp, _ := c.send(c.url(formService+"Nonsense"), []byte("{}"), nil)
	if resp.StatusCode != 500 {
		t.Errorf("an unknown service: %d", resp.StatusCode)
	}
	resp, _ = c.send(strings.Replace(c.url(formService+"Save"), "k3cloud", "other", 1), []byte("{}"), nil)
	if resp.StatusCode != 404 {
		t.Errorf("another base: %d", resp.StatusCode)
	}
	if text := string(c.raw(formService+"Save", "{broken")); !strings.HasPrefix(text, "response_error:") {
		t.Errorf("a broken body: %s", text)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url(formService+"Save"), nil)
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Body.Close()
	if got.StatusCode != 405 {
		t.Errorf("GET: %d", got.StatusCode)
	}
}
