package sandbox

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// call is one request that the gateway let through.
type call struct {
	app   *app
	path  string
	body  []byte  // the parameters as a JSON object, also those of a GET
	fails *string // the item of a batch that a fault lets fail; "": the first
}

// ServeHTTP is the vendor's gateway. The order of its checks is not documented; this is the one
// that error reports suggest.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.mu.Lock()
	b.requests[r.URL.Path]++
	b.mu.Unlock()
	if r.URL.Path == pathToken || r.URL.Path == pathRefresh {
		sandbox.Pause(r)
		b.authenticate(w, r, body)
		return
	}
	c, refused := b.admit(r, body)
	if refused != nil {
		refused.write(w, b.kit.Clock.Now())
		return
	}
	sandbox.Pause(r)
	b.route(w, r, c)
}

// admit makes the gateway's checks and takes a place among the requests in flight.
func (b *Box) admit(r *http.Request, body []byte) (*call, *gatewayError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	path := r.URL.Path
	if strings.Contains(path, "//") {
		return nil, errPath
	}
	q := r.URL.Query()
	for _, name := range common {
		if q.Get(name) == "" {
			return nil, errParams
		}
	}
	a, err := b.admitApp(r, q)
	if err != nil {
		return nil, err
	}
	if err := b.admitToken(a, q.Get("access_token"), path, body); err != nil {
		return nil, err
	}
	c := &call{app: a, path: path, body: body}
	if err := b.admitSign(c, r.Method, q); err != nil {
		return nil, err
	}
	if a.revoked[path] {
		return nil, errNotGranted
	}
	if _, hit := b.kit.Faults.Take(path, body, faultThrottled); hit {
		return nil, errThrottled
	}
	f := flight{a.id, path}
	if !b.enter(f, capacityOf(path)) {
		return nil, errThrottled
	}
	if !sandbox.AtEnd(r, func(answered bool) { b.leave(f, answered) }) {
		b.flights[f].flying-- // served without the kit: nobody would give the place back
	}
	return c, nil
}

func (b *Box) admitApp(r *http.Request, q url.Values) (*app, *gatewayError) {
	a, ok := b.apps[q.Get("app_key")]
	if !ok {
		return nil, errAppUnknown
	}
	if a.refused != "" {
		return nil, refusedApp(a.refused)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err == nil && (b.banned[host] || b.banned["*"]) {
		return nil, errAddress
	}
	return a, nil
}

func (b *Box) admitToken(a *app, text, path string, body []byte) *gatewayError {
	if f, hit := b.kit.Faults.Take(path, body, faultExpired, faultLost); hit {
		switch t := a.access[text]; f.Kind {
		case faultExpired:
			t.until = b.kit.Clock.Now()
			a.access[text] = t
		default:
			b.issue(a) // the other program's; nobody here learns it
		}
	}
	return b.checkToken(a, text)
}

func (b *Box) admitSign(c *call, method string, q url.Values) *gatewayError {
	if !b.fresh(q.Get("timestamp")) {
		return errSignOld
	}
	var params []pair
	if method == http.MethodGet {
		params = parseQuery(q)
		for _, name := range common {
			q.Del(name)
		}
		c.body = queryObject(q)
	} else {
		var err error
		if params, err = parseBody(c.body); err != nil {
			return errUndecodable
		}
		for _, name := range common {
			params = put(params, pair{name, q.Get(name), 's'})
		}
	}
	sign := ""
	for _, p := range params {
		if p.name == "sign" {
			sign = p.text
		}
	}
	if !signed(sign, c.app.id, params, b.switches.StrictSign) {
		return errSign
	}
	return nil
}
