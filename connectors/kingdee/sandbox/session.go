package sandbox

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// session is one login that lives.
type session struct {
	id, asp string
	user    string
	lcid    int
	used    time.Time
	idle    time.Duration
	header  bool
	ended   time.Time // zero: it lives
}

// sessions are the sessions and what is remembered of failed logins.
type sessions struct {
	byID   map[string]*session
	ended  []*session           // not long ago
	failed map[string]int       // failed logins in a row, by user
	locked map[string]time.Time // until when
}

const (
	loginsAllowed = 5
	lockTime      = 30 * time.Minute
)

func newSessions() sessions {
	return sessions{byID: map[string]*session{}, failed: map[string]int{}, locked: map[string]time.Time{}}
}

// open starts a session for a user.
func (b *Box) open(user string, lcid int, now time.Time, idle time.Duration, header bool) *session {
	if b.options.SingleSession {
		for id, s := range b.sessions.byID {
			if s.user == user {
				b.end(id, now)
			}
		}
	}
	s := &session{id: guid(b.kit.Rand), asp: b.token(), user: user, lcid: lcid, used: now, idle: idle, header: header}
	b.sessions.byID[s.id] = s
	return s
}

// guid draws an identifier; the same seed gives the same ones.
func guid(r *rand.Rand) string {
	x, y := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", x>>32, x>>16&0xffff, x&0xfff, y>>52, y&0xffffffffffff)
}

// token draws what ASP.NET calls its session.
func (b *Box) token() string {
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	out := make([]byte, 24)
	for i := range out {
		out[i] = letters[b.kit.Rand.IntN(len(letters))]
	}
	return string(out)
}

// kept is how long an ended session is known: what came while it lived may be done later.
const kept = time.Hour

// end ends a session.
func (b *Box) end(id string, now time.Time) {
	if s := b.sessions.byID[id]; s != nil {
		s.ended = now
		delete(b.sessions.byID, id)
		b.sessions.ended = slices.DeleteFunc(b.sessions.ended, func(x *session) bool { return now.Sub(x.ended) > kept })
		b.sessions.ended = append(b.sessions.ended, s)
	}
}

// live is the session of an id as a request found it that came at that time; nil: it had ended, or was
// idle for too long.
func (b *Box) live(id string, came time.Time) *session {
	s := b.sessions.byID[id]
	if s == nil {
		i := slices.IndexFunc(b.sessions.ended, func(x *session) bool { return x.id == id && came.Before(x.ended) })
		if i < 0 {
			return nil
		}
		return b.sessions.ended[i]
	}
	if came.Sub(s.used) > s.idle {
		b.end(id, came)
		return nil
	}
	if came.After(s.used) {
		s.used = came
	}
	return s
}

// authenticate finds out who is calling; an answer means that nobody is. A live session is
// enough and no signature is looked at then; without one a good signature opens a session.
func (c *call) authenticate() *httpAnswer {
	c.sid = sentSession(c.r)
	c.header = c.r.Header.Get("X-Kd-Appkey") != "" || c.r.Header.Get("X-Kd-Signature") != ""
	if c.gateway && !c.gatewaySigned() {
		return textAnswer(http.StatusUnauthorized, "invalid signature")
	}
	if c.service.public {
		return nil
	}
	came := sandbox.Arrived(c.r)
	if came.IsZero() {
		came = c.now
	}
	if s := c.box.live(c.sid, came); s != nil {
		c.use(s)
		return nil
	}
	if c.header {
		return c.signedIn()
	}
	return c.lost("")
}

func (c *call) use(s *session) {
	c.session, c.sid, c.lcid = s, s.id, s.lcid
	c.user = c.box.userNamed(s.user)
}

// signedIn opens a session for a good X-Kd-Signature. A bad one is answered as a lost session,
// an unknown account set with an error page.
func (c *call) signedIn() *httpAnswer {
	raw, err := base64.StdEncoding.DecodeString(c.r.Header.Get("X-Kd-Appdata"))
	who, ok := parseIdentity(string(raw))
	if err != nil || !ok {
		return c.lost("")
	}
	if who.acct != Account {
		return textAnswer(http.StatusInternalServerError, "数据中心不存在: "+who.acct)
	}
	app := c.r.Header.Get("X-Kd-Appkey")
	good := app == AppID && c.box.knows(who.user) && c.r.Header.Get("X-Kd-Signature") == dataSignature(app, Secret, who)
	if !good {
		return c.lost("")
	}
	lcid, _ := strconv.Atoi(who.lcid)
	c.use(c.box.open(who.user, language(lcid), c.now, c.box.options.headerIdle(), true))
	return nil
}

// gatewaySigned checks the half of the headers that only the gateway looks at.
func (c *call) gatewaySigned() bool {
	h := c.r.Header
	app := h.Get("X-Kd-Appkey")
	client, _, _ := strings.Cut(app, "_")
	if app != AppID || h.Get("X-Api-ClientID") != client {
		return false
	}
	return slices.Contains(gatewaySignatures(app, c.r.URL.Path, h.Get("x-api-nonce"), h.Get("x-api-timestamp")), h.Get("X-Api-Signature"))
}

// sentSession is the session that a request names, in the header, as SID or in a cookie that may
// carry a whole Set-Cookie line.
func sentSession(r *http.Request) string {
	if id := r.Header.Get("kdservice-sessionid"); id != "" {
		return strings.TrimSpace(id)
	}
	for _, line := range r.Header.Values("Cookie") {
		i := strings.Index(strings.ToLower(line), "kdservice-sessionid=")
		if i < 0 {
			continue
		}
		val := line[i+len("kdservice-sessionid="):]
		if end := strings.IndexAny(val, ";,"); end >= 0 {
			val = val[:end]
		}
		return strings.Trim(strings.TrimSpace(val), `"`)
	}
	return r.Header.Get("SID")
}

// cookies go out with every answer: clients overwrite theirs from each. In header mode the
// cookie carries an expiry date, with its comma.
func (c *call) cookies(w http.ResponseWriter) {
	asp := "none"
	if c.session != nil {
		asp = c.session.asp
	}
	tail := "; path=/"
	if c.header {
		tail = "; expires=" + c.now.Add(24*time.Hour).UTC().Format("Mon, 02-Jan-2006 15:04:05 GMT") + tail
	}
	w.Header().Add("Set-Cookie", "ASP.NET_SessionId="+asp+"; path=/; HttpOnly; SameSite=Lax")
	w.Header().Add("Set-Cookie", "kdservice-sessionid="+c.sid+tail)
}

// The forms in which a lost session is answered by a query.
const (
	wrapSingle     = "once"        // [{…}]
	wrapDouble     = "twice"       // [[{…}]]
	wrapDoubleNull = "twice-null"  // [[{…},null]]
	wrapBare       = "bare-errors" // [{"FieldName":null,"Message":…}]
	wrapNone       = "none"        // {…}
)

// lost says that the session is gone, in the wrapping that is asked for or in the usual one.
func (c *call) lost(wrapping string) *httpAnswer {
	c.failed = true
	bad := refusal{Message: "会话信息已丢失，请重新登录", code: codeLost}
	if c.lcid == english {
		bad.Message = "Session information has been lost, please log in again"
	}
	e := envelope{result{ResponseStatus: outcome(nil, []refusal{bad})}}
	if wrapping == "" {
		wrapping = wrapNone
		if c.service.query {
			wrapping = c.box.options.LostWrapping
		}
	}
	switch wrapping {
	case wrapSingle:
		return jsonAnswer([]any{e})
	case wrapDoubleNull:
		return jsonAnswer([][]any{{e, nil}})
	case wrapBare:
		return jsonAnswer([]refusal{bad})
	case wrapNone:
		return jsonAnswer(e)
	}
	return jsonAnswer([][]any{{e}})
}
