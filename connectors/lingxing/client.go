package lingxing

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

// endpoint is one interface of the vendor.
type endpoint struct {
	path string
	get  bool
}

// call makes one read and answers its envelope, which is a success. A reading that has patience waits
// for its turn.
func (c *conn) call(ctx context.Context, ep endpoint, params map[string]any) (envelope, error) {
	return connector.Patiently(ctx, func() (envelope, error) { return c.callOnce(ctx, ep, params) })
}

// callOnce makes one read. A token that ended and a request that grew stale are healed once.
func (c *conn) callOnce(ctx context.Context, ep endpoint, params map[string]any) (envelope, error) {
	body, err := encode(params)
	if err != nil {
		return envelope{}, c.misuse("parameters of "+ep.path+" cannot be written: "+err.Error(), "check source.params of the pipeline")
	}
	renewed, resigned, waited := false, false, false
	for {
		tok, err := c.tokens.use(ctx)
		if err != nil {
			return envelope{}, err
		}
		e, err := c.attempt(ctx, ep, body, tok)
		if err != nil && !waited && shortly(err) {
			waited = true // the path is paused for as long as the server said
			continue
		}
		if err != nil {
			return envelope{}, err
		}
		switch {
		case e.success():
			c.rested(ep.path)
			return e, nil
		case (e.code == codeExpired || e.code == codeReplaced) && e.gateway && !renewed:
			renewed = true
			if err := c.tokens.drop(ctx, tok, e.code == codeReplaced); err != nil {
				return envelope{}, err
			}
		case e.code == codeStale && !resigned:
			resigned = true // a request that waited on its way is stale too: sign again, even if no clock was told
			c.learnTime(e)
		case e.code == codeTooMany && !waited:
			waited = true // somebody's request is about to end: no need to trouble anybody
			c.http.Throttled(ep.path, c.now().Add(time.Second))
		default:
			return envelope{}, c.refused(ep.path, e)
		}
	}
}

// shortly says that a server asked for no more than a moment (Retry-After), which is cheaper to
// wait out than to end a run for.
func shortly(err error) bool {
	p := problem.As(err)
	return p.Class == problem.Throttled && p.After > 0 && p.After <= 3*time.Second
}

// attempt sends a call, signed when its turn has come, and decodes what comes back.
func (c *conn) attempt(ctx context.Context, ep endpoint, body []byte, tok string) (envelope, error) {
	call := transport.Call{
		Method: http.MethodPost, URL: c.base.String() + ep.path, Body: body, Read: true, Bucket: ep.path,
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	if ep.get {
		call.Method, call.Body, call.Header = http.MethodGet, nil, nil
	}
	call.Prepare = func(r *http.Request) error { return c.sign(r, ep, body, tok) }
	a, err := c.http.Do(ctx, call)
	if err != nil {
		return envelope{}, err
	}
	return c.read(ep.path, a)
}

// read decodes an answer. The status is looked at only where the body says nothing: the vendor
// answers 200 for nearly everything, and pages of HTML come from its proxies.
func (c *conn) read(path string, a transport.Answer) (envelope, error) {
	e, ok := decode(a.Body)
	if ok && (a.Status/100 == 2 || !e.success()) {
		c.seeTime(e)
		return e, nil
	}
	if p := c.http.Plain(a); p != nil {
		if p.Class == problem.Throttled {
			if p.After == 0 {
				p.After = c.tire(path, codeTooMany)
			}
			c.http.Throttled(path, c.now().Add(p.After))
		}
		return envelope{}, p
	}
	return envelope{}, c.shapeless(path, "something that is none of the vendor's envelopes")
}

// sign puts the common parameters and the signature of this very moment into the query.
func (c *conn) sign(r *http.Request, ep endpoint, body []byte, tok string) error {
	all, err := texts(body)
	if err != nil {
		return c.misuse("parameters of "+ep.path+" are no JSON object", "check source.params of the pipeline")
	}
	common := map[string]string{
		"access_token": tok, "app_key": c.cfg.AppID, "timestamp": strconv.FormatInt(c.vendorTime().Unix(), 10),
	}
	query := url.Values{}
	if ep.get {
		for k, v := range all {
			query.Set(k, v)
		}
	}
	maps.Copy(all, common)
	sign, err := signature(c.cfg.AppID, all)
	if err != nil {
		return err
	}
	for k, v := range common {
		query.Set(k, v)
	}
	query.Set("sign", sign)
	r.URL.RawQuery = query.Encode()
	return nil
}

// vendorTime is the vendor's clock, as far as we know it; ours before the first answer.
func (c *conn) vendorTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.ahead)
}

// seeTime notes the vendor's clock. Its answers carry whole seconds, so a difference of a second
// or two is none.
func (c *conn) seeTime(e envelope) {
	if e.time.IsZero() {
		return
	}
	d := e.time.Sub(c.now())
	if d.Abs() <= 2*time.Second {
		d = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.clocked = d, true
}

// Ahead is how far the vendor's clock is ahead of ours.
func (c *conn) Ahead() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead, c.clocked
}

// learnTime tells the operator when an answer says the vendor's clock; seeTime has set ours by it.
func (c *conn) learnTime(e envelope) {
	if !e.time.IsZero() {
		c.log.Warn("this machine's clock differs from the vendor's", "connection", c.name, "vendor", e.time)
	}
}

// list makes a read that is due a list.
func (c *conn) list(ctx context.Context, o *object, params map[string]any) (envelope, []json.RawMessage, error) {
	e, err := c.call(ctx, o.endpoint(), params)
	if err != nil {
		return envelope{}, nil, err
	}
	rows, listed := e.rows(o.nested)
	if !listed {
		said := ""
		if !polite(e.message) {
			said = ": " + problem.Cut(c.http.Redactor().Text(e.message), problem.MostReason)
		}
		return envelope{}, nil, c.shapeless(o.path, "success without the list that is due"+said)
	}
	return e, rows, nil
}
