package sandbox_test

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	lingxingbox "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// The client below was written for these tests from the vendor's description alone.

const (
	vectorApp   = "ak_pipectl00demo"
	vectorToken = "6d1f0c52-8a34-4be7-9c11-2f5e7a9b0d43"
	vectorTime  = 1760000000
)

// noon is when tests begin: the time of the signature vectors, 2025-10-09 16:53:20 in Beijing.
func noon() time.Time { return time.Unix(vectorTime, 0) }

type client struct {
	t      *testing.T
	srv    *sandbox.Server
	app    string
	secret string
	token  string
	now    func() time.Time
}

// start opens a sandbox whose clock stands still at noon unless a test moves it.
func start(t *testing.T, o sandbox.Options) *client {
	t.Helper()
	if o.Now == nil {
		o.Now = noon
	}
	kit := sandbox.New(o)
	box := lingxingbox.New(kit)
	c := &client{t: t, srv: sandboxtest.Start(t, box, kit), now: o.Now}
	set := c.srv.Settings()
	c.app, c.secret = set["app_id"], set["secret"]
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	q := url.Values{"appId": {c.app}, "appSecret": {c.secret}}
	_, raw := sandboxtest.Post(c.t, c.srv.URL()+"/api/auth-server/oauth/access-token?"+q.Encode(), nil)
	var out struct {
		Code string
		Data struct {
			Token string `json:"access_token"`
		}
	}
	if err := json.Unmarshal(raw, &out); err != nil || out.Code != "200" || out.Data.Token == "" {
		c.t.Fatalf("token: %v in %s", err, raw)
	}
	c.token = out.Data.Token
}

// digest is the base64 of AES-ECB over an upper-case MD5 and one block of padding.
func digest(app, md5hex string) string {
	block, err := aes.NewCipher([]byte(app))
	if err != nil {
		panic(err)
	}
	out := append([]byte(md5hex), bytes.Repeat([]byte{16}, 16)...)
	for i := 0; i < len(out); i += 16 {
		block.Encrypt(out[i:i+16], out[i:i+16])
	}
	return base64.StdEncoding.EncodeToString(out)
}

func signText(app string, params map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if params[k] != "" {
			parts = append(parts, k+"="+params[k])
		}
	}
	return digest(app, strings.ToUpper(fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, "&"))))))
}

// query makes the four common parameters for a body that is compact already.
func (c *client) query(body string) url.Values {
	params := map[string]string{}
	var top map[string]json.RawMessage
	if strings.HasPrefix(body, "{") {
		if err := json.Unmarshal([]byte(body), &top); err != nil {
			c.t.Fatal(err)
		}
	}
	for k, raw := range top {
		params[k] = string(raw)
		var s string
		if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			params[k] = s
		}
	}
	return c.signed(params)
}

func (c *client) signed(params map[string]string) url.Values {
	q := url.Values{"access_token": {c.token}, "app_key": {c.app}, "timestamp": {strconv.FormatInt(c.now().Unix(), 10)}}
	for k := range q {
		params[k] = q.Get(k)
	}
	q.Set("sign", signText(c.app, params))
	return q
}

// raw posts a compact body and returns status and answer.
func (c *client) raw(path, body string) (int, []byte) {
	c.t.Helper()
	return sandboxtest.Post(c.t, c.srv.URL()+path+"?"+c.query(body).Encode(), body)
}

// get signs business parameters of the query, too.
func (c *client) get(path string, params map[string]string) (int, []byte) {
	c.t.Helper()
	all := map[string]string{}
	maps.Copy(all, params)
	q := c.signed(all)
	for k, v := range params {
		q.Set(k, v)
	}
	return sandboxtest.Send(c.t, "GET", c.srv.URL()+path+"?"+q.Encode(), nil, nil)
}

// answer is any answer of the vendor, undecoded where types differ.
type answer struct {
	Code    json.RawMessage
	Message string
	Msg     string
	Details json.RawMessage `json:"error_details"`
	ID      string          `json:"request_id"`
	Time    string          `json:"response_time"`
	Data    json.RawMessage
	Total   json.RawMessage
	Success json.RawMessage
}

// call posts and decodes the envelope.
func (c *client) call(path, body string) answer {
	c.t.Helper()
	status, raw := c.raw(path, body)
	if status != 200 {
		c.t.Fatalf("%s: HTTP %d: %s", path, status, raw)
	}
	return envelope(c.t, raw)
}

func envelope(t *testing.T, raw []byte) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return a
}

// code is the outcome as written: 0 or "2001006".
func (a answer) code() string { return string(a.Code) }

// rows decodes a list of data.
func (c *client) rows(a answer) []map[string]any {
	c.t.Helper()
	if a.code() != "0" {
		c.t.Fatalf("code %s: %s%s %s", a.Code, a.Message, a.Msg, a.Details)
	}
	var out []map[string]any
	decode(c.t, a.Data, &out)
	return out
}

// page decodes a list inside data, with its total as a text.
func (c *client) page(a answer) (rows []map[string]any, total string) {
	c.t.Helper()
	if a.code() != "0" {
		c.t.Fatalf("code %s: %s %s", a.Code, a.Message, a.Details)
	}
	var out struct {
		Total string
		List  []map[string]any
	}
	decode(c.t, a.Data, &out)
	return out.List, out.Total
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
}

// pluck is one field of every row, as text.
func pluck(rows []map[string]any, field string) []string {
	out := make([]string, 0, len(rows))
	for _, r := range rows {
		out = append(out, fmt.Sprint(r[field]))
	}
	return out
}

const ordersPath = "/erp/sc/data/mws/orders"

// orders asks for a window of the last 30 days by change time, with further parameters.
func (c *client) orders(more string) answer {
	c.t.Helper()
	return c.call(ordersPath, `{"date_type":2,"start_date":"2025-09-09 00:00:00","end_date":"2025-10-09 23:59:59"`+more+`}`)
}

// do makes an action happen.
func (c *client) do(action, args string) map[string]any {
	c.t.Helper()
	return sandboxtest.Do(c.t, c.srv, action, args)
}

func (c *client) fault(f sandbox.Fault) {
	c.t.Helper()
	sandboxtest.Fault(c.t, c.srv, f)
}
