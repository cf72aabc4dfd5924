package lingxing

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

const (
	pathToken   = "/api/auth-server/oauth/access-token"
	pathRefresh = "/api/auth-server/oauth/refresh"
)

const (
	// spacing is the least time between requests for tokens once one was refused: the vendor
	// throttles them, and a refused login is not repeated in a loop.
	spacing = time.Minute
	// quarrel is the time within which a second replaced token means that somebody else keeps
	// asking for new ones.
	quarrel = 3 * time.Minute
	// refreshLife is how long a refresh token can be used, once.
	refreshLife = 2 * time.Hour
)

// pair is what the vendor gives for the credentials.
type pair struct {
	Access  string        `json:"access"`
	Refresh string        `json:"refresh"`
	Got     time.Time     `json:"got"`
	Life    time.Duration `json:"life"`
}

// fresh: a token is renewed at four fifths of its life, or five minutes before its end.
func (p pair) fresh(now time.Time) bool {
	return p.Access != "" && !now.Before(p.Got) && now.Before(p.Got.Add(min(p.Life*4/5, max(p.Life-5*time.Minute, p.Life/2))))
}

// tokens is the one token of an application, shared by all calls of the connection.
type tokens struct {
	c     *conn
	vault connector.Vault
	// turn is held by whoever looks at or renews the token; a channel, so that waiting for it
	// ends with the caller's context.
	turn     chan struct{}
	now      pair
	loaded   bool
	replaced time.Time // when a token of ours was last replaced by somebody else's
	refusal  error     // of the last request for a token
	refused  time.Time // and when
}

func newTokens(c *conn, vault connector.Vault) *tokens {
	return &tokens{c: c, vault: vault, turn: make(chan struct{}, 1)}
}

func (t *tokens) enter(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &problem.Error{Class: problem.Transient, ID: idToken, Reason: t.c.name + ": waiting for a token was stopped", Err: ctx.Err()}
	}
}

func (t *tokens) leave() { <-t.turn }

// use answers a token that is good now, renewing it where it is not.
func (t *tokens) use(ctx context.Context) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer t.leave()
	if !t.loaded {
		t.load(ctx)
	}
	now := t.c.now()
	if t.now.fresh(now) {
		return t.now.Access, nil
	}
	if t.refusal != nil && now.Sub(t.refused).Abs() < spacing {
		return "", t.refusal
	}
	err := t.renew(ctx)
	t.refusal, t.refused = nil, t.c.now()
	if err != nil {
		if !errors.Is(err, transport.ErrNotSent) {
			t.refusal = err
		}
		return "", err
	}
	return t.now.Access, nil
}

// renewed makes sure of a token, and answers whether a request was made for it.
func (t *tokens) renewed(ctx context.Context) (bool, error) {
	before, err := t.known(ctx)
	if err != nil {
		return false, err
	}
	tok, err := t.use(ctx)
	return tok != before, err
}

func (t *tokens) known(ctx context.Context) (string, error) {
	if err := t.enter(ctx); err != nil {
		return "", err
	}
	defer t.leave()
	if !t.loaded {
		t.load(ctx)
	}
	return t.now.Access, nil
}

// drop forgets a token that the vendor refused, unless another call has renewed it already.
func (t *tokens) drop(ctx context.Context, tok string, replaced bool) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.leave()
	if t.now.Access != tok {
		return nil
	}
	t.now.Access = ""
	if !replaced {
		return nil
	}
	now := t.c.now()
	last := t.replaced
	t.replaced = now
	t.now.Refresh = "" // somebody else's pair took its place
	if !last.IsZero() && now.Sub(last).Abs() < quarrel {
		p := t.c.refused("", envelope{code: codeReplaced, gateway: true})
		p.After = spacing
		t.refusal, t.refused = p, now // no tug of war: tell a person
		return p
	}
	t.c.log.Warn("another application asked for a token with the same appId, taking ours back once", "connection", t.c.name)
	return nil
}

// renew refreshes the token where that is possible, and else asks for a new one.
func (t *tokens) renew(ctx context.Context) error {
	now := t.c.now()
	if r := t.now.Refresh; r != "" && now.Before(t.now.Got.Add(refreshLife)) && !now.Before(t.now.Got) {
		t.now.Refresh = "" // it can be used once, whatever comes of it
		err := t.ask(ctx, pathRefresh, url.Values{"appId": {t.c.cfg.AppID}, "refreshToken": {r}}, false)
		if err == nil || ctx.Err() != nil || errors.Is(err, transport.ErrNotSent) {
			return err
		}
	}
	return t.ask(ctx, pathToken, url.Values{"appId": {t.c.cfg.AppID}, "appSecret": {t.c.cfg.Secret}}, true)
}

// ask makes one request for a token, as a form: a secret has no place in a URL.
func (t *tokens) ask(ctx context.Context, path string, form url.Values, repeat bool) error {
	got := t.c.now()
	a, err := t.c.http.Do(ctx, transport.Call{
		Method: http.MethodPost, URL: t.c.base.String() + path, Body: []byte(form.Encode()), Bucket: path, Read: repeat,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		return err
	}
	e, err := t.c.read(path, a)
	if err != nil {
		return err
	}
	if !e.success() {
		return t.c.refused(path, e)
	}
	p, ok := readPair(e.data)
	if !ok {
		return t.c.shapeless(path, "success without a token")
	}
	p.Got = got
	t.c.http.Redactor().Add(p.Access)
	t.c.http.Redactor().Add(p.Refresh)
	t.now = p
	t.save(ctx)
	return nil
}

// defaultLife is how long tokens live when an answer doesn't say.
const defaultLife = 7199 * time.Second

func readPair(data json.RawMessage) (pair, bool) {
	var d struct {
		Access  string          `json:"access_token"`
		Refresh string          `json:"refresh_token"`
		Life    json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(data, &d) != nil || d.Access == "" {
		return pair{}, false
	}
	p := pair{Access: d.Access, Refresh: d.Refresh, Life: defaultLife}
	if n, err := strconv.ParseInt(scalar(d.Life), 10, 32); err == nil && n > 0 {
		p.Life = time.Duration(n) * time.Second
	}
	return p, true
}
