package kingdee

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

const (
	authService = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
	// afterRefusal is how long a refused login is not tried again: five failures lock the user
	// for everybody.
	afterRefusal = 5 * time.Minute
	mostRefusals = 3
	// lockedFor is how long the server keeps a user locked when no administrator helps.
	lockedFor = 30 * time.Minute
	// young is the age below which losing a session means that somebody took it: no server
	// lets an idle one go so soon.
	young = 60 * time.Second
	// mostTaken is how many young sessions in a row are lost before we stop taking them back.
	mostTaken = 5
)

// session is one signed-in session. Without an id it is a header-signed connection's: its cookies
// only make the server faster.
type session struct {
	id    string
	since time.Time
	user  string // the user's internal id

	mu      sync.Mutex
	cookies []*http.Cookie // the whole jar: a balancer's cookie keeps us on the server that knows us
}

func (s *session) keep(h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range (&http.Response{Header: h}).Cookies() {
		s.cookies = slices.DeleteFunc(s.cookies, func(old *http.Cookie) bool { return old.Name == k.Name })
		if k.MaxAge >= 0 && k.Value != "" {
			s.cookies = append(s.cookies, &http.Cookie{Name: k.Name, Value: k.Value})
		}
	}
}

// header carries the session in both ways that servers read.
func (s *session) header() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	parts := make([]string, len(s.cookies))
	for i, k := range s.cookies {
		parts[i] = k.Name + "=" + k.Value
	}
	if len(parts) > 0 {
		h.Set("Cookie", strings.Join(parts, "; "))
	}
	if s.id != "" {
		h.Set("Kdservice-Sessionid", s.id)
	}
	return h
}

// login keeps the one session of a connection. All workers share it; whoever finds it lost takes
// a new one, once, while the others wait for that.
type login struct {
	c    *conn
	turn chan struct{} // of capacity 1: a mutex that can be given up

	// All below belongs to whoever has the turn.
	now      *session
	taken    int // young sessions lost in a row
	refusals int
	refused  *problem.Error
	until    time.Time // no attempt before, after a refusal
}

func newLogin(c *conn) *login { return &login{c: c, turn: make(chan struct{}, 1)} }

func (l *login) enter(ctx context.Context) *problem.Error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &problem.Error{Class: problem.Transient, ID: idLost, Reason: l.c.name + ": stopped while waiting for the login", Err: ctx.Err()}
	}
}

func (l *login) leave() { <-l.turn }

// session is the session to use for the next call, signed in when there is none.
func (l *login) session(ctx context.Context) (*session, *problem.Error) {
	if e := l.enter(ctx); e != nil {
		return nil, e
	}
	defer l.leave()
	if l.now != nil {
		return l.now, nil
	}
	if l.c.cfg.Auth == authHeader {
		l.now = &session{since: l.c.now()}
		return l.now, nil
	}
	if l.refused != nil && (l.refusals >= mostRefusals || l.c.now().Before(l.until)) {
		return nil, l.refused
	}
	s, e := l.signIn(ctx)
	if e != nil {
		return nil, e
	}
	l.now, l.refused, l.refusals = s, nil, 0
	return s, nil
}

// fresh makes sure of a session, and answers whether a request was made for it.
func (l *login) fresh(ctx context.Context) (bool, *problem.Error) {
	if e := l.enter(ctx); e != nil {
		return false, e
	}
	had := l.now != nil || l.c.cfg.Auth == authHeader
	l.leave()
	_, e := l.session(ctx)
	return !had, e
}

// userID is the internal id of the user that is signed in; "" where that isn't known.
func (l *login) userID() string {
	l.turn <- struct{}{}
	defer l.leave()
	if l.now == nil {
		return ""
	}
	return l.now.user
}

// lost forgets a session, unless another worker already did. It refuses to go on when somebody
// takes every new session away: two programs with one user would do that to each other forever.
func (l *login) lost(ctx context.Context, s *session) *problem.Error {
	if e := l.enter(ctx); e != nil {
		return e
	}
	defer l.leave()
	if l.now != s {
		return nil
	}
	l.now = nil
	if l.c.now().Sub(s.since) >= young {
		l.taken = 0
		return nil
	}
	l.taken++
	l.c.log.Warn("session lost right after the login: does another program use the same user?", "connection", l.c.name, "times", l.taken)
	if l.taken < mostTaken {
		return nil
	}
	l.taken = 0
	return l.c.sessionTaken()
}

func (c *conn) sessionTaken() *problem.Error {
	return &problem.Error{
		Class: problem.Fatal, ID: idTaken,
		Reason: fmt.Sprintf("%s: the session of user %s is lost within a minute of every login", c.name, c.cfg.User),
		Hint:   "another program signs in as the same user; give pipectl a user of its own (专用集成用户), or allow several logins of one user",
	}
}

// clockOff is how far two clocks may be apart before a refused signature is laid to them.
const clockOff = time.Minute

// signIn signs in. The signature holds the time, which the server holds against its own clock: what
// is refused while the clocks are found to differ is signed once more, by the server's.
func (l *login) signIn(ctx context.Context) (*session, *problem.Error) {
	signed, _ := l.c.Ahead()
	s, e := l.attempt(ctx)
	ahead, _ := l.c.Ahead()
	if e != nil && e.Login && l.c.cfg.Auth == authSign && (ahead-signed).Abs() > clockOff {
		s, e = l.attempt(ctx)
	}
	if e != nil && (e.Login || e.ID == idLocked) { // anything else says nothing about the user
		l.refuse(e)
	}
	return s, e
}

// attempt makes one attempt to sign in.
func (l *login) attempt(ctx context.Context) (*session, *problem.Error) {
	c := l.c
	s := &session{}
	service, args := c.loginCall()
	body, err := json.Marshal(map[string]any{"parameters": args})
	if err != nil {
		return nil, problem.As(err)
	}
	answer, err := c.http.Do(ctx, transport.Call{
		Method: http.MethodPost, URL: c.serviceURL(authService + service), Header: s.header(), Body: body, Bucket: bucketRead,
		Read: true, // a connection that broke says nothing about the user; a refusal is an answer, and ends it
	})
	if err != nil {
		return nil, problem.As(err)
	}
	c.hear(answer.Date)
	if e := c.badLoginAnswer(answer); e != nil {
		return nil, e
	}
	s.keep(answer.Header)
	if e := l.read(answer.Body, s); e != nil {
		return nil, e
	}
	s.since = c.now()
	return s, nil
}

func (l *login) refuse(e *problem.Error) {
	l.refused = e
	l.refusals++
	l.until = l.c.now().Add(max(afterRefusal, e.After))
}

// loginCall is the service and its arguments, in their order.
func (c *conn) loginCall() (string, []any) {
	cfg := c.cfg
	switch cfg.Auth {
	case authPassword:
		return "ValidateUser", []any{cfg.Account, cfg.User, cfg.Password, cfg.Lang}
	case authAppSecret:
		return "LoginByAppSecret", []any{cfg.Account, cfg.User, cfg.AppID, cfg.Secret, cfg.Lang}
	}
	stamp := unixSeconds(c.clock())
	return "LoginBySign", []any{cfg.Account, cfg.User, cfg.AppID, stamp, loginSign(cfg.Account, cfg.User, cfg.AppID, cfg.Secret, stamp), cfg.Lang}
}

func (c *conn) badLoginAnswer(a transport.Answer) *problem.Error {
	if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		return c.loginRefused(fmt.Sprintf("HTTP status %d", a.Status), "")
	}
	return c.http.Plain(a)
}

// loginAnswer is the part of the login's answer that counts.
type loginAnswer struct {
	Message         flexText
	MessageCode     flexText
	LoginResultType *flexInt
	KDSVCSessionID  flexText `json:"KDSVCSessionId"`
	Context         struct {
		SessionID      flexText `json:"SessionId"`
		UserID         flexText `json:"UserId"`
		DataCenterName flexText
	}
}

// read takes the session out of the answer, or tells why there is none. -4 (a warning) and -5 (a
// form to be filled in, which administrators get) count when they come with a session.
func (l *login) read(body []byte, s *session) *problem.Error {
	var a loginAnswer
	raw, err := peel(body)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil || a.LoginResultType == nil && a.Message == "" {
		return l.c.unreadable("the login", body) // no answer of a login service: a proxy, or a server going down
	}
	kind := 0
	if a.LoginResultType != nil {
		kind = int(*a.LoginResultType)
	}
	if a.KDSVCSessionID != "" && (kind == 1 || kind == -2 || kind == -4 || kind == -5) {
		s.id, s.user = string(a.KDSVCSessionID), string(a.Context.UserID)
		l.c.http.Redactor().Add(s.id)
		l.c.http.Redactor().Add(string(a.Context.SessionID))
		return nil
	}
	if strings.Contains(string(a.Message), "次数超限") {
		return &problem.Error{
			Class: problem.Transient, ID: idLocked, Code: string(a.MessageCode), After: lockedFor,
			Reason: fmt.Sprintf("%s: user %s is locked after too many wrong logins: %s", l.c.name, l.c.cfg.User, a.Message),
			Hint:   "let an administrator unlock the user (解锁), or wait half an hour; then check user, secret and password",
		}
	}
	return l.c.loginRefused(string(a.Message), string(a.MessageCode))
}

func (c *conn) loginRefused(message, code string) *problem.Error {
	what := "user, password"
	if c.cfg.Auth != authPassword {
		what = "user, app_id, secret"
	}
	e := &problem.Error{
		Class: problem.Fatal, ID: idLogin, Code: code, Login: true,
		Reason: fmt.Sprintf("%s: the login of user %s is refused: %s", c.name, c.cfg.User, c.http.Redactor().Text(message)),
		Hint:   "check " + what + " and acct_id; it is not tried again by itself until the settings change, as failed logins lock the user",
	}
	if c.cfg.Auth != authSign {
		return e
	}
	switch ahead, known := c.Ahead(); {
	case !known:
		e.Hint = "check this machine's clock (the signature holds the time), " + strings.TrimPrefix(e.Hint, "check ")
	case ahead.Abs() > clockOff:
		way := "behind"
		if ahead < 0 {
			way = "ahead of"
		}
		e.Hint = fmt.Sprintf("set this machine's clock (NTP), which is %s %s the server's, and ", ahead.Abs().Round(time.Second), way) + e.Hint
	}
	return e
}

// logout gives the session back, if it can be done at once.
func (l *login) logout() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if l.enter(ctx) != nil {
		return
	}
	defer l.leave()
	s := l.now
	l.now = nil
	if s == nil || s.id == "" {
		return
	}
	_, err := l.c.http.Do(ctx, transport.Call{
		Method: http.MethodPost, URL: l.c.serviceURL(authService + "Logout"), Header: s.header(), Body: []byte("{}"),
	})
	if err != nil {
		l.c.log.Debug("logout failed; the session ends by itself", "connection", l.c.name, "error", err)
	}
}
