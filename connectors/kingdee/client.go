package kingdee

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

const formService = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."

// reply is an answer that could be read.
type reply struct {
	raw    json.RawMessage
	result result
	rows   bool      // it isn't an envelope
	date   time.Time // the server's clock
}

// failure is a call without a readable answer about its documents.
type failure struct {
	err *problem.Error
	// state is what is known of the documents of a write: Untouched, or Unknown.
	state connector.State
	// notSent: no byte of the body left us.
	notSent bool
}

func untouched(e *problem.Error) *failure { return &failure{err: e, state: connector.Untouched} }
func inDoubt(e *problem.Error) *failure   { return &failure{err: e, state: connector.Unknown} }

// call makes one call of a form service. A lost session is taken anew, and the call made again:
// an answer that says so guarantees that nothing was done. Nothing else is repeated here.
func (c *conn) call(ctx context.Context, service string, body []byte, read bool) (reply, *failure) {
	for again := false; ; again = true {
		s, e := c.login.session(ctx)
		if e != nil {
			return reply{}, &failure{err: e, notSent: !again, state: connector.Untouched}
		}
		answer, err := c.http.Do(ctx, c.request(s, service, body, read))
		if err != nil {
			notSent := errors.Is(err, transport.ErrNotSent)
			if notSent {
				return reply{}, &failure{err: problem.As(err), notSent: !again, state: connector.Untouched}
			}
			return reply{}, inDoubt(problem.As(err))
		}
		s.keep(answer.Header)
		r, lost, f := c.open(service, answer, read)
		if !lost {
			return r, f
		}
		if c.cfg.Auth == authHeader {
			return reply{}, untouched(c.signatureRefused(r))
		}
		if e := c.login.lost(ctx, s); e != nil {
			return reply{}, untouched(e)
		}
		if again {
			return reply{}, untouched(&problem.Error{
				Class: problem.Transient, ID: idLost, Code: "1",
				Reason: c.name + ": the session was lost again right after a new login",
				Hint:   "the call goes out again later; when it lasts, look for another program that uses user " + c.cfg.User,
			})
		}
	}
}

func (c *conn) serviceURL(service string) string { return c.base.String() + service + ".common.kdsvc" }

func (c *conn) request(s *session, service string, body []byte, read bool) transport.Call {
	call := transport.Call{
		Method: http.MethodPost, URL: c.serviceURL(service), Header: s.header(), Body: body, Read: read, Bucket: bucketRead,
	}
	if !read {
		call.Bucket = bucketWrite
	}
	if c.cfg.Auth == authHeader {
		call.Prepare = func(r *http.Request) error {
			h, err := c.identity().headers(r.URL.Path, unixSeconds(c.now()))
			if err != nil {
				return err
			}
			maps.Copy(r.Header, h)
			return nil
		}
	}
	return call
}

func (c *conn) identity() identity {
	return identity{
		account: c.cfg.Account, user: c.cfg.User, appID: c.cfg.AppID, secret: c.cfg.Secret, org: c.cfg.Org, lang: c.cfg.Lang,
	}
}

// signatureRefused: with a signature in every request a lost session is impossible, the server
// would open a new one; so the answer means that it doesn't believe the signature.
func (c *conn) signatureRefused(r reply) *problem.Error {
	e := &problem.Error{
		Class: problem.Fatal, ID: idSignature, Code: "1", Login: true,
		Reason: fmt.Sprintf("%s: the signature of user %s is refused", c.name, c.cfg.User),
		Hint:   "check secret, app_id, user and acct_id; trying again cannot help",
	}
	if s := r.result.Status; s != nil && len(s.Errors) > 0 {
		e.Reason += ": " + string(s.Errors[0].Message)
	}
	return e
}

// open reads an answer. lost: the session is gone, and nothing was done.
func (c *conn) open(service string, a transport.Answer, read bool) (r reply, lost bool, f *failure) {
	if f, lost := c.httpFailure(service, a); f != nil || lost {
		return reply{}, lost, f
	}
	text := strings.TrimSpace(string(a.Body[:min(len(a.Body), 64)]))
	if strings.HasPrefix(strings.TrimPrefix(text, "\ufeff"), "response_error") {
		return c.serviceError(service, a.Body, read)
	}
	raw, err := peel(a.Body)
	if err != nil {
		return reply{}, false, inDoubt(c.unreadable(service, a.Body))
	}
	res, is := envelope(raw)
	if is && res.Status.lostSession() {
		return reply{result: res}, true, nil
	}
	return reply{raw: raw, result: res, rows: !is, date: a.Date}, false, nil
}

// httpFailure judges what isn't a success by its status alone.
func (c *conn) httpFailure(service string, a transport.Answer) (f *failure, lost bool) {
	switch {
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		return nil, true
	case a.Status == http.StatusTooManyRequests:
		e := c.http.Plain(a)
		e.ID, e.Scope, e.After = idThrottled, problem.OfConnection, max(e.After, backOff)
		return untouched(c.tap(e)), false
	case a.Status == http.StatusRequestEntityTooLarge:
		return untouched(&problem.Error{
			Class: problem.Invalid, ID: idTooLarge, Code: "413",
			Reason: c.name + ": the request is too large for the server", Hint: "lower `batch`, or split documents with very many lines",
		}), false
	case a.Status >= 400 && a.Status < 500:
		e := c.http.Plain(a)
		e.ID = idService
		e.Hint = "check the connection's url (it ends in /k3cloud/), and that this server has the service " + service
		return untouched(e), false
	case a.Status/100 != 2:
		e := c.http.Plain(a)
		e.ID = idUnreadable
		return inDoubt(e), false
	}
	return nil, false
}

// serviceError reads the dump that a service writes in place of an answer. For a write it proves
// nothing; for a read the text decides.
func (c *conn) serviceError(service string, body []byte, read bool) (reply, bool, *failure) {
	text := excerpt(body)
	if lostText(string(body)) && read {
		return reply{}, true, nil
	}
	e := c.unreadable(service, body)
	e.Reason = fmt.Sprintf("%s: %s broke off with an exception: %s", c.name, shortService(service), text)
	if read && !contains(strings.ToLower(string(body)), "timeout", "time out", "超时", "deadlock", "死锁", "连接") {
		e.Class = problem.Fatal
		e.Hint = "the server's own log (日志) has the rest; check field names and the filter"
	}
	return reply{}, false, inDoubt(e)
}

func (c *conn) unreadable(service string, body []byte) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: idUnreadable,
		Reason: fmt.Sprintf("%s: the answer of %s is not one of Kingdee's: %s", c.name, shortService(service), c.http.Redactor().Text(excerpt(body))),
		Hint:   "a proxy or a restarting server answered in its place; reads are repeated, writes are settled by asking",
	}
}

func shortService(service string) string { return service[strings.LastIndexByte(service, '.')+1:] }

// excerpt is the beginning of a text, on one line.
func excerpt(body []byte) string {
	text := strings.ToValidUTF8(string(body[:min(len(body), 2000)]), "?")
	if _, rest, ok := strings.Cut(text, "<title>"); ok {
		text, _, _ = strings.Cut(rest, "</title>")
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if r := []rune(text); len(r) > 160 {
		text = string(r[:160]) + "…"
	}
	if text == "" {
		return "(empty)"
	}
	return text
}

// tap closes the tap when the account's call limit is reached: calls wait in the queue, for all
// pipelines. What only one object has to wait for (somebody's lock) is the engine's to wait for.
func (c *conn) tap(e *problem.Error) *problem.Error {
	if e.Class == problem.Throttled && e.Scope == problem.OfConnection {
		c.http.Throttled("", c.now().Add(e.After))
	}
	return e
}

// after is how long to stay away, by the vendor's code.
func after(code int) time.Duration {
	switch code {
	case codeNetControl:
		return netControl
	case codeCallLimit:
		return backOff
	}
	return 0
}
