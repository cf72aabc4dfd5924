package sandbox_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// Raw requests with the signs of eight independent clients, byte for byte as they were captured; where
// clients disagree, what the server is known to take and what it is known to refuse.
func TestVectors(t *testing.T) {
	const end = "IC1kQG+Z+sH7b/W2JmTf1"
	byMD5 := func(hex string) string { return digest(vectorApp, hex) }
	nested := `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"PC-20251009-0001","product_list":[{"sku":"MUG-RED","good_num":10,"bad_num":0,"price":"8.66","seller_id":0,"fnsku":""}]}`
	empty := `{"sku":"","remark":null,"offset":0,"wid":"1300"}`
	cjk := `{"sku":"MUG-RED","product_name":"手机壳/红色&款=A <新>","include_delete":true,"special_attr":[7],"picture_list":[{"is_primary":1,"pic_url":"https://img.example.com/手机壳.jpg"}]}`
	cases := []struct {
		name, path, body, sign string
		refused                bool
	}{
		{"V2 flat", ordersPath, `{"date_type":2,"start_date":"2025-10-01 00:00:00","end_date":"2025-10-09 08:53:20","offset":0,"length":1000,"sid":113}`, "xaTSGqqqkz/azUlCwhHWRZygCVJKXIuK8poOY8VhFMA" + end, false},
		{"V3 lists", ordersPath, `{"date_type":2,"start_date":"2025-10-01 00:00:00","end_date":"2025-10-09 08:53:20","sid_list":[113,112],"order_status":["Unshipped","Shipped"],"offset":0,"length":1000}`, "Ztce0F8h5WmtW5UKYzUWfR2VCTdzUBXY1BWxC025jHA" + end, false},
		{"V3 with spaces and escapes in the body", ordersPath, `{ "date_type": 2, "start_date": "2025-10-01 00:00:00", "end_date": "2025-10-09 08:53:20", "sid_list": [113, 112], "order_status": ["Un\u0073hipped", "Shipped"], "offset": 0, "length": 1000 }`, "Ztce0F8h5WmtW5UKYzUWfR2VCTdzUBXY1BWxC025jHA" + end, false},
		{"V4a nested, as inserted", "/erp/sc/routing/storage/storage/orderAdd", nested, "AOOBLz2KPGSIwc1Pi5gwH7SQLeqLktBAI5yKFRNw1XQ" + end, false},
		{"V4b nested, sorted", "/erp/sc/routing/storage/storage/orderAdd", `{"sys_wid":1300,"type":1,"inbound_idempotent_code":"PC-20251009-0001","product_list":[{"bad_num":0,"fnsku":"","good_num":10,"price":"8.66","seller_id":0,"sku":"MUG-RED"}]}`, "j7GZ/66SSxLuG+J8q2udhHgV1XrReXMnwmfgDDSDOZ0" + end, false},
		{"V4 sorted by the signer alone", "/erp/sc/routing/storage/storage/orderAdd", nested, "j7GZ/66SSxLuG+J8q2udhHgV1XrReXMnwmfgDDSDOZ0" + end, true},
		{"V5 the vendor's text", "/erp/sc/routing/data/local_inventory/inventoryDetails", empty, "YoZd6O+wRXI2E2rU0rVb7XNWHCYh9QjQvtsV7Wf3TkM" + end, false},
		{"V5 keeping the empty", "/erp/sc/routing/data/local_inventory/inventoryDetails", empty, "2ZpzHQKeyrIq+kTGbu78WFaLoiu6r7P5LUvh8ZEF9Nc" + end, false},
		{"V5 dropping both", "/erp/sc/routing/data/local_inventory/inventoryDetails", empty, byMD5("4253DF20C39F1D24F4268A30109DE835"), false},
		{"V5 both empty", "/erp/sc/routing/data/local_inventory/inventoryDetails", empty, byMD5("1A54463C7EC43CE894BB0B8A6FA3B806"), false},
		{"V5 None", "/erp/sc/routing/data/local_inventory/inventoryDetails", empty, byMD5("1821BDFF087870C4A4FE0E640D0E15EB"), true},
		{"V6 Chinese, true, HTML", "/erp/sc/routing/storage/product/set", cjk, "ghgbJvl3Sya54U+/VWkUqeMqKM99KpgmGV0xkFnapeM" + end, false},
		{"V6 True", "/erp/sc/routing/storage/product/set", cjk, byMD5("670E4B51BDE061BC2800573830995C5C"), true},
		{"V6 True and escapes", "/erp/sc/routing/storage/product/set", cjk, byMD5("E7C51974327D7B1210C6A670AA51E047"), true},
		{"V7 floats as sent", ordersPath, `{"price":12.5,"whole":3.0,"rate":0.1}`, "1m/yVHpord6KG02iA1YRkLkkmD3q+8pTsFnO51Yw60Q" + end, false},
		{"V7 floats shortened", ordersPath, `{"price":12.5,"whole":3.0,"rate":0.1}`, byMD5("4C390E85D882A5A069CE30DD5C29BDFE"), false},
		{"V8 nested null", ordersPath, `{"order_list":[{"global_order_no":"103000000000000001","remark":null}]}`, "HIK0VIK/qsD/d7npB/wqPgxtx8GkDWc00j+KXxKYRXg" + end, false},
		{"V8 nested null removed", ordersPath, `{"order_list":[{"global_order_no":"103000000000000001","remark":null}]}`, byMD5("952599AA44119885E9B369399AEBE249"), true},
		{"V9 outer spaces", ordersPath, `{"remark":"  a b  ","offset":0}`, "An/qVolCkN8DtvSQicv9KJEfzLPzaRqofceaZdRXGws" + end, false},
		{"V9 trimmed", ordersPath, `{"remark":"  a b  ","offset":0}`, byMD5("84CC279341A97A432D47E84458AA49A4"), false},
		{"V10 empty containers", ordersPath, `{"product_list":[],"param":{},"offset":0}`, "hVWMMzGemmJIS24Kl06Vi+Am3QwPUf5voS+8zyxRG6I" + end, false},
		{"V11 nested object", "/erp/sc/routing/wms/WmsLogistics/listUsedLogisticsType", `{"param":{"provider_type":2,"page":1,"length":30}}`, "XDWAqokg1/nsVsrPxhskjuqlyvkigWk7LeA2+tH7q3s" + end, false},
		{"V11 sorted by the signer alone", "/erp/sc/routing/wms/WmsLogistics/listUsedLogisticsType", `{"param":{"provider_type":2,"page":1,"length":30}}`, byMD5("B24C9BEE49EF3BEF5360C6191C8CC3D2"), true},
	}
	c := start(t, sandbox.Options{})
	c.do("give-token", `{"access_token":"`+vectorToken+`"}`)
	common := "access_token=" + vectorToken + "&app_key=" + vectorApp + "&timestamp=1760000000&sign="
	for _, v := range cases {
		for how, sign := range encodings(v.sign) {
			t.Run(v.name+"/"+how, func(t *testing.T) {
				status, raw := sandboxtest.Post(t, c.srv.URL()+v.path+"?"+common+sign, v.body)
				refused := envelope(t, raw).code() == `"2001006"`
				if status != 200 || refused != v.refused {
					t.Errorf("refused: %v, want %v; HTTP %d %s", refused, v.refused, status, raw)
				}
			})
		}
	}
	t.Run("V1 GET", func(t *testing.T) {
		_, raw := sandboxtest.Send(t, "GET", c.srv.URL()+"/erp/sc/data/seller/lists?offset=0&length=100&"+common+
			"AFKVm3RdtAngCEja24y0Y17ioY65Ukpfzn7fef9yWusIC1kQG%2BZ%2BsH7b%2FW2JmTf1", nil, nil)
		if a := envelope(t, raw); a.code() != "0" {
			t.Errorf("%s", raw)
		}
	})
	t.Run("strict", func(t *testing.T) {
		c.do("switch", `{"strict_sign":true}`)
		_, raw := sandboxtest.Post(t, c.srv.URL()+"/erp/sc/routing/data/local_inventory/inventoryDetails?"+common+url.QueryEscape(cases[7].sign), empty)
		if a := envelope(t, raw); a.code() != `"2001006"` {
			t.Errorf("the strict switch still takes sku=: %s", raw)
		}
	})
}

// encodings are the ways in which clients put one sign into a query.
func encodings(sign string) map[string]string {
	once := url.QueryEscape(sign)
	return map[string]string{"once": once, "twice": url.QueryEscape(once), "not at all": sign}
}

func TestTokenCall(t *testing.T) {
	c := start(t, sandbox.Options{})
	path := c.srv.URL() + "/api/auth-server/oauth/access-token"
	form := url.Values{"appId": {c.app}, "appSecret": {c.secret}}
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	for k := range form {
		if err := w.WriteField(k, form.Get(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, url, kind, body, want string }{
		{"query", path + "?" + form.Encode(), "", "", `{"code":"200","msg":"OK","data":{"access_token":"`},
		{"query with a JSON type", path + "?" + form.Encode(), "application/json", "", `{"code":"200"`},
		{"form", path, "application/x-www-form-urlencoded", form.Encode(), `{"code":"200"`},
		{"multipart", path, w.FormDataContentType(), multi.String(), `{"code":"200"`},
		{"a JSON body is not read", path, "application/json", `{"appId":"` + c.app + `","appSecret":"x"}`, `{"code":"2001001","msg":"app not exist","data":null}`},
		{"unknown app", path + "?appId=ak_nobody0000000&appSecret=x", "", "", `{"code":"2001001","msg":"app not exist","data":null}`},
		{"wrong secret", path + "?appId=" + c.app + "&appSecret=x", "", "", `{"code":"2001002","msg":"app secret not correct","data":null}`},
		{"secret not encoded", path + "?appId=" + c.app + "&appSecret=" + c.secret, "", "", `{"code":"0001001","msg":"rsa private decrypt error","data":null}`},
		{"unknown refresh token", c.srv.URL() + "/api/auth-server/oauth/refresh?appId=" + c.app + "&refreshToken=x", "", "", `{"code":"2001009","msg":"refresh token is invalid","data":null}`},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			status, raw := sandboxtest.Send(t, "POST", x.url, map[string]string{"Content-Type": x.kind}, x.body)
			if status != 200 || !strings.HasPrefix(string(raw), x.want) {
				t.Errorf("HTTP %d %s", status, raw)
			}
		})
	}
}

// pair asks for tokens and returns them with the code.
func (c *client) pair(path string, params url.Values) (access, refresh, code string) {
	c.t.Helper()
	params.Set("appId", c.app)
	_, raw := sandboxtest.Post(c.t, c.srv.URL()+"/api/auth-server/oauth/"+path+"?"+params.Encode(), nil)
	var out struct {
		Code string
		Data struct {
			Access  string      `json:"access_token"`
			Refresh string      `json:"refresh_token"`
			Life    json.Number `json:"expires_in"`
		}
	}
	decode(c.t, raw, &out)
	if out.Code == "200" && out.Data.Life != "7199" {
		c.t.Errorf("expires_in %s", out.Data.Life)
	}
	return out.Data.Access, out.Data.Refresh, out.Code
}

func (c *client) code() string { return c.call("/erp/sc/data/local_inventory/warehouse", `{}`).code() }

func TestTokenLife(t *testing.T) {
	c := start(t, sandbox.Options{})
	secret := url.Values{"appSecret": {c.secret}}
	_, refresh, _ := c.pair("access-token", secret)
	if got := c.code(); got != `"2001005"` {
		t.Fatalf("a replaced token answers %s", got)
	}
	access, second, code := c.pair("refresh", url.Values{"refreshToken": {refresh}})
	if c.token = access; code != "200" || c.code() != "0" {
		t.Fatalf("refreshed: %s, then %s", code, c.code())
	}
	if _, _, code := c.pair("refresh", url.Values{"refreshToken": {refresh}}); code != "2001009" {
		t.Errorf("a used refresh token answers %s", code)
	}
	sandboxtest.Advance(t, c.srv, 2*time.Hour+time.Second)
	if got := c.code(); got != `"2001003"` {
		t.Errorf("an old token answers %s", got)
	}
	if _, _, code := c.pair("refresh", url.Values{"refreshToken": {second}}); code != "2001008" {
		t.Errorf("an old refresh token answers %s", code)
	}
	c.login()
	if got := c.code(); got != "0" {
		t.Errorf("a new token answers %s after the clock was moved", got)
	}
	c.do("take-token", `{}`)
	if got := c.code(); got != `"2001005"` {
		t.Errorf("a taken token answers %s", got)
	}
	c.login()
	c.do("expire-tokens", `{}`)
	if got := c.code(); got != `"2001003"` {
		t.Errorf("an expired token answers %s", got)
	}
	c.do("switch", `{"many_tokens":true}`)
	c.login()
	c.pair("access-token", secret)
	if got := c.code(); got != "0" {
		t.Errorf("where many may live, an older token answers %s", got)
	}
	_, refresh, _ = c.pair("access-token", secret)
	for i, want := range []string{"200", "2001009"} { // used once, also where nothing replaces it
		if _, _, code := c.pair("refresh", url.Values{"refreshToken": {refresh}}); code != want {
			t.Errorf("refresh %d of one token: %s, want %s", i+1, code, want)
		}
	}
	c.do("switch", `{"token_every":60}`)
	if _, _, code := c.pair("access-token", secret); code != "3001008" {
		t.Errorf("a token asked for too soon answers %s", code)
	}
}

func TestGateway(t *testing.T) {
	const path, body = ordersPath, `{"offset":0}`
	c := start(t, sandbox.Options{})
	change := func(f func(url.Values)) func() string {
		return func() string {
			q := c.query(body)
			f(q)
			return path + "?" + q.Encode()
		}
	}
	none := func(url.Values) {}
	skewed := func(d time.Duration) func() string {
		return func() string {
			ahead := *c
			ahead.now = func() time.Time { return c.now().Add(d) }
			return path + "?" + ahead.query(body).Encode()
		}
	}
	long := func(code, msg string) string {
		return `{"code":"` + code + `","msg":"` + msg + `","data":{"throwable":"` + msg + `","throwTime":"2025-10-09 16:53:20","message":null,"stackTrace":null,"metadata":{}}}`
	}
	cases := []struct {
		name     string
		url      func() string
		do, undo [2]string
		want     string
	}{
		{"no sign", change(func(q url.Values) { q.Del("sign") }), [2]string{}, [2]string{}, long("3001001", "missing query param(access_token,sign,timestamp,app_key)")},
		{"empty token", change(func(q url.Values) { q.Set("access_token", "") }), [2]string{}, [2]string{}, long("3001001", "missing query param(access_token,sign,timestamp,app_key)")},
		{"unknown app", change(func(q url.Values) { q.Set("app_key", "ak_nobody0000000") }), [2]string{}, [2]string{}, long("2001001", "app not exist")},
		{"unknown token", change(func(q url.Values) { q.Set("access_token", "x") }), [2]string{}, [2]string{}, long("2001003", "access token is missing or expire")},
		{"two minutes old", skewed(-2 * time.Minute), [2]string{}, [2]string{}, `{"code":102`},
		{"older than two minutes", skewed(-121 * time.Second), [2]string{}, [2]string{}, long("2001007", "api sign has expired")},
		{"two minutes ahead", skewed(2 * time.Minute), [2]string{}, [2]string{}, `{"code":102`},
		{"more than two minutes ahead", skewed(121 * time.Second), [2]string{}, [2]string{}, long("2001007", "api sign has expired")},
		{"milliseconds", change(func(q url.Values) { q.Set("timestamp", q.Get("timestamp")+"000") }), [2]string{}, [2]string{}, long("2001007", "api sign has expired")},
		{"wrong sign", change(func(q url.Values) { q.Set("sign", strings.Repeat("A", 64)) }), [2]string{}, [2]string{}, long("2001006", " api sign not correct")},
		{"sign of another body", change(func(q url.Values) { q.Set("sign", c.query(`{"offset":1}`).Get("sign")) }), [2]string{}, [2]string{}, long("2001006", " api sign not correct")},
		{"business parameters in the query of a POST go unread", change(func(q url.Values) { q.Set("start_date", "2025-10-01") }), [2]string{}, [2]string{}, `{"code":102`},
		{"double slash", func() string { return "/" + change(none)() }, [2]string{}, [2]string{}, `{"code":"500","msg":"404 NOT_FOUND","data":null}`},
		{"unknown path", func() string { return "/api/orders/list?" + c.query(body).Encode() }, [2]string{}, [2]string{}, `{"code":400,"message":"服务不存在","error_details":[],"request_id":"`},
		{"unknown path without a sign", func() string { return "/api/orders/list" }, [2]string{}, [2]string{}, `{"code":"3001001"`},
		{"disabled", change(none), [2]string{"disable-app", `{}`}, [2]string{"enable-app", `{}`}, `{"code":"401","msg":"授权被禁用，请检查授权状态","data":null}`},
		{"grant ran out", change(none), [2]string{"disable-app", `{"code":"403"}`}, [2]string{"enable-app", `{}`}, `{"code":"403","msg":"授权失效，请更新授权有效期","data":null}`},
		{"address", change(none), [2]string{"ban-ip", `{"ip":"127.0.0.1"}`}, [2]string{"allow-ip", `{"ip":"127.0.0.1"}`}, long("3001002", "ip not permit, please add ip to white list first.")},
		{"not granted", change(none), [2]string{"revoke-api", `{"path":"` + path + `"}`}, [2]string{"grant-api", `{"path":"` + path + `"}`}, `{"code":"2001004","msg":"the api not authorized, please grant first","data":null}`},
		{"a place that somebody else holds", change(none), [2]string{"take-place", `{"path":"` + path + `","for":"1m"}`}, [2]string{}, `{"code":"3001008","msg":"new requests too frequently. please request later.","data":null}`},
		{"skewed clock", change(none), [2]string{"clock-skew", `{"by":"5m"}`}, [2]string{"clock-skew", `{"off":true}`}, `{"code":"2001007"`},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			if x.do[0] != "" {
				c.do(x.do[0], x.do[1])
			}
			_, raw := sandboxtest.Post(t, c.srv.URL()+x.url(), body)
			if !strings.HasPrefix(strings.TrimSpace(string(raw)), x.want) {
				t.Errorf("got  %s\nwant %s", raw, x.want)
			}
			if x.undo[0] != "" {
				c.do(x.undo[0], x.undo[1])
			}
			if x.do[0] == "take-place" {
				sandboxtest.Advance(t, c.srv, time.Minute)
				defer sandboxtest.Advance(t, c.srv, -time.Minute)
			}
			if a := c.call("/erp/sc/data/local_inventory/warehouse", `{}`); a.code() != "0" {
				t.Fatalf("afterwards: %s %s", a.Code, a.Msg)
			}
			if a := c.call(path, body); a.code() != "102" {
				t.Fatalf("afterwards: %s %s", a.Code, a.Msg)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	c := start(t, sandbox.Options{})
	const warehouses = "/erp/sc/data/local_inventory/warehouse"
	cases := []struct{ name, path, body, want string }{
		{"empty", warehouses, "", "0"},
		{"an empty PHP map", warehouses, "[]", "0"},
		{"numbers as texts", warehouses, `{"type":"3","offset":"0"}`, "0"},
		{"unknown fields", warehouses, `{"colour":"red"}`, "0"},
		{"common parameters in the body", warehouses, `{"access_token":"` + c.token + `","app_key":"` + c.app + `","timestamp":"1760000000"}`, "0"},
		{"an array sent as a text", ordersPath, `{"sid_list":"[113]"}`, `"102"`},
		{"a text where a number belongs", warehouses, `{"offset":"ten"}`, `"102"`},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			if a := c.call(x.path, x.body); a.code() != x.want {
				t.Errorf("%s %s%s", a.Code, a.Message, a.Msg)
			}
		})
	}
	t.Run("no JSON", func(t *testing.T) {
		_, raw := sandboxtest.Post(t, c.srv.URL()+warehouses+"?"+c.query("").Encode(), `{"offset":`)
		if a := envelope(t, raw); a.code() != `"102"` || a.Msg != "参数不合法" {
			t.Errorf("%s", raw)
		}
	})
	t.Run("wrong method", func(t *testing.T) {
		for _, x := range []struct{ method, path string }{{"GET", ordersPath}, {"POST", "/erp/sc/data/seller/lists"}} {
			status, raw := sandboxtest.Send(t, x.method, c.srv.URL()+x.path+"?"+c.query("").Encode(), nil, nil)
			if status != http.StatusMethodNotAllowed || !bytes.Contains(raw, []byte("<center>nginx</center>")) {
				t.Errorf("%s %s: HTTP %d %s", x.method, x.path, status, raw)
			}
		}
	})
}

// One place on most paths, ten on the multi-platform ones; buckets are kept by path.
// TestCompact: clients compare and search the text of an answer, so nothing follows its last brace.
func TestCompact(t *testing.T) {
	c := start(t, sandbox.Options{})
	for _, path := range []string{"/erp/sc/data/mws/orders", "/pb/mp/shop/v2/getSellerList", "/no/such/service"} {
		if _, body := c.raw(path, `{}`); !bytes.HasSuffix(body, []byte("}")) {
			t.Errorf("%s ends in %q", path, body[len(body)-2:])
		}
	}
}

func TestPlaces(t *testing.T) {
	const many, body = "/pb/mp/shop/v2/getSellerList", `{"offset":0,"length":20}`
	c := start(t, sandbox.Options{})
	sandboxtest.Latency(t, c.srv, "orders", time.Hour)
	sandboxtest.Latency(t, c.srv, "getSellerList", time.Hour)
	gone := make(chan error)
	fly := func(path string) {
		url := c.srv.URL() + path + "?" + c.query(body).Encode()
		go func() {
			_, _, err := sandboxtest.Try(t, "POST", url, nil, body)
			gone <- err
		}()
	}
	flying := func(path string) json.Number {
		var n map[string]json.Number
		sandboxtest.Control(t, c.srv, "GET", "dump?collection=in_flight", nil, &n)
		return n[c.app+" "+path]
	}
	for path, places := range map[string]int{ordersPath: 1, many: 10} {
		for range places {
			fly(path)
		}
		poll(t, func() bool { return flying(path).String() == strconv.Itoa(places) })
		if a := c.call(path, body); a.code() != `"3001008"` {
			t.Errorf("%s: call %d at once answers %s", path, places+1, a.Code)
		}
	}
	if got := c.code(); got != "0" {
		t.Errorf("another path answers %s", got)
	}
	c.srv.Close()
	for range 11 {
		if <-gone == nil {
			t.Error("a slow call was answered")
		}
	}
}

// poll waits until something has become true.
func poll(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never came")
		}
	}
}

// One call after the other is never too fast.
func TestPlacesComeBack(t *testing.T) {
	c := start(t, sandbox.Options{})
	for range 50 {
		if a := c.call(ordersPath, `{"offset":0}`); a.code() != "102" {
			t.Fatalf("a place was not given back: %s", a.Code)
		}
	}
}

// A client that goes away may keep its place for two minutes.
func TestPlaceHeldAfterACut(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.do("switch", `{"hold_on_abort":true}`)
	c.fault(sandbox.Fault{Kind: sandbox.CutAfter, Path: "warehouse"})
	if _, _, err := sandboxtest.Try(t, "POST", c.srv.URL()+"/erp/sc/data/local_inventory/warehouse?"+c.query("").Encode(), nil, nil); err == nil {
		t.Fatal("the connection was not cut")
	}
	if got := c.code(); got != `"3001008"` {
		t.Errorf("right after the cut: %s", got)
	}
	sandboxtest.Advance(t, c.srv, 119*time.Second)
	if got := c.code(); got != `"3001008"` {
		t.Errorf("after 119 s: %s", got)
	}
	sandboxtest.Advance(t, c.srv, time.Second)
	if got := c.code(); got != "0" {
		t.Errorf("after two minutes: %s", got)
	}
}

func TestVendorFaults(t *testing.T) {
	cases := []struct {
		fault sandbox.Fault
		first string // of the next call
		then  string // of the one after
	}{
		{sandbox.Fault{Kind: "throttled"}, `"3001008"`, "0"},
		{sandbox.Fault{Kind: "busy"}, "103", "0"},
		{sandbox.Fault{Kind: "busy-after"}, "103", "0"},
		{sandbox.Fault{Kind: "error-500", Arg: "仓库不存在"}, "500", "0"},
		{sandbox.Fault{Kind: "expired-token"}, `"2001003"`, `"2001003"`},
		{sandbox.Fault{Kind: "lost-token"}, `"2001005"`, `"2001005"`},
		{sandbox.Fault{Kind: "null-data", Arg: "部分数据异常"}, "0", "0"},
	}
	for _, x := range cases {
		t.Run(x.fault.Kind, func(t *testing.T) {
			c := start(t, sandbox.Options{})
			x.fault.Path = "warehouse"
			c.fault(x.fault)
			a := c.call("/erp/sc/data/local_inventory/warehouse", `{}`)
			if a.code() != x.first {
				t.Errorf("first: %s %s%s", a.Code, a.Message, a.Msg)
			}
			switch x.fault.Kind {
			case "busy":
				if !strings.HasPrefix(a.Message, "请求过于频繁,请稍后再试 [") || string(a.Data) != "[]" || string(a.Total) != "0" {
					t.Errorf("%+v", a)
				}
			case "error-500":
				if a.Message != "内部错误" || string(a.Details) != `"仓库不存在"` {
					t.Errorf("%s %s", a.Message, a.Details)
				}
			case "null-data":
				if a.Message != "部分数据异常" || string(a.Data) != "null" {
					t.Errorf("%s %s", a.Message, a.Data)
				}
			}
			if got := c.code(); got != x.then {
				t.Errorf("then: %s", got)
			}
		})
	}
	t.Run("too-many", func(t *testing.T) {
		c := start(t, sandbox.Options{})
		c.fault(sandbox.Fault{Kind: "too-many", Arg: "7"})
		req, err := http.NewRequestWithContext(t.Context(), "POST", c.srv.URL()+ordersPath+"?"+c.query("{}").Encode(), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" {
			t.Errorf("HTTP %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	})
}
