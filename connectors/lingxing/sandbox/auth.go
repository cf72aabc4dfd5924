package sandbox

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	pathToken   = "/api/auth-server/oauth/access-token"
	pathRefresh = "/api/auth-server/oauth/refresh"
	tokenLife   = 2 * time.Hour
)

// app is one application of the account, with its tokens.
type app struct {
	id, secret string
	refused    string          // "401" disabled, "403" expired; "" works
	revoked    map[string]bool // paths without a grant
	access     map[string]token
	refresh    map[string]token
	lastAsked  time.Time
}

type token struct {
	until time.Time
	dead  bool // an access token that another replaced, a refresh token that was used
}

func newApp(id, secret string) *app {
	return &app{id: id, secret: secret, revoked: map[string]bool{}, access: map[string]token{}, refresh: map[string]token{}}
}

// tokenPair is what the token calls answer.
type tokenPair struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ExpiresIn int    `json:"expires_in"`
}

// issue makes a new pair. Unless switched otherwise, it replaces all pairs before it.
func (b *Box) issue(a *app) tokenPair {
	if !b.switches.ManyTokens {
		a.replace()
	}
	p := tokenPair{b.uuid(), b.uuid(), int(tokenLife/time.Second) - 1}
	until := b.kit.Clock.Now().Add(tokenLife)
	a.access[p.Access] = token{until: until}
	a.refresh[p.Refresh] = token{until: until}
	return p
}

func (a *app) replace() {
	for _, m := range []map[string]token{a.access, a.refresh} {
		for k, t := range m {
			t.dead = true
			m[k] = t
		}
	}
}

func (a *app) expire(now time.Time) {
	for _, m := range []map[string]token{a.access, a.refresh} {
		for k, t := range m {
			t.until = now.Add(-time.Second)
			m[k] = t
		}
	}
}

// checkToken is the gateway's verdict on an access token; nil when it is good.
func (b *Box) checkToken(a *app, text string) *gatewayError {
	t, known := a.access[text]
	switch {
	case !known || !b.kit.Clock.Now().Before(t.until):
		return errTokenExpired
	case t.dead:
		return errTokenReplaced
	}
	return nil
}

// authenticate answers the two token calls, which are neither signed nor bound to an address.
func (b *Box) authenticate(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method != http.MethodPost {
		notAllowed(w)
		return
	}
	in := authParams(r, body)
	b.mu.Lock()
	pair, refusal := b.token(r.URL.Path, in, body)
	b.mu.Unlock()
	if refusal != nil {
		refusal.write(w, b.kit.Clock.Now())
		return
	}
	writeJSON(w, struct {
		Code string    `json:"code"`
		Msg  string    `json:"msg"`
		Data tokenPair `json:"data"`
	}{"200", "OK", pair})
}

func (b *Box) token(path string, in url.Values, body []byte) (tokenPair, *gatewayError) {
	a, ok := b.apps[in.Get("appId")]
	if !ok {
		return tokenPair{}, errAppUnknown.short()
	}
	if a.refused != "" {
		return tokenPair{}, refusedApp(a.refused)
	}
	now := b.kit.Clock.Now()
	tooSoon := b.switches.TokenEvery > 0 && now.Sub(a.lastAsked) < time.Duration(b.switches.TokenEvery)*time.Second
	if _, hit := b.kit.Faults.Take(path, body, faultThrottled); hit || tooSoon {
		return tokenPair{}, errThrottled
	}
	a.lastAsked = now
	if path == pathRefresh {
		return b.refreshed(a, in.Get("refreshToken"))
	}
	if got := in.Get("appSecret"); got != a.secret {
		if strings.ContainsAny(got, " %") { // a + that was not encoded, or a % that was encoded twice
			return tokenPair{}, errSecretMangled
		}
		return tokenPair{}, errSecretWrong
	}
	return b.issue(a), nil
}

func (b *Box) refreshed(a *app, text string) (tokenPair, *gatewayError) {
	t, known := a.refresh[text]
	switch {
	case !known || t.dead:
		return tokenPair{}, errRefreshInvalid
	case !b.kit.Clock.Now().Before(t.until):
		return tokenPair{}, errRefreshExpired
	}
	t.dead = true
	a.refresh[text] = t
	return b.issue(a), nil
}

// authParams takes the credentials from wherever known clients put them: the query, a form, or a
// multipart form. A JSON body is none of these, and the vendor does not read it either.
func authParams(r *http.Request, body []byte) url.Values {
	out := r.URL.Query()
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err == nil {
			merge(out, form)
		}
	case "multipart/form-data":
		if r.ParseMultipartForm(1<<20) == nil {
			merge(out, r.MultipartForm.Value)
		}
	}
	return out
}

func merge(into, from url.Values) {
	maps.Copy(into, from)
}

// uuid is one of the sandbox's own, from the seed.
func (b *Box) uuid() string {
	hi, lo := b.ids.Uint64(), b.ids.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, lo>>48&0x3fff|0x8000, lo&0xffffffffffff)
}

// clockSkew is a difference between the vendor's clock and the client's that the client can notice.
type clockSkew struct {
	on bool
	by time.Duration
}

// fresh says whether a signature's timestamp is at most two minutes off.
func (b *Box) fresh(timestamp string) bool {
	n, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || len(timestamp) != 10 {
		return false
	}
	near := func(now time.Time) bool { return now.Sub(time.Unix(n, 0)).Abs() <= 2*time.Minute }
	if b.skew.on {
		return near(b.kit.Now().Add(b.skew.by))
	}
	return near(b.kit.Clock.Now()) || near(b.kit.Now())
}
