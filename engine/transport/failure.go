package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/pipectl/pipectl/engine/problem"
)

// ErrNotSent marks errors of calls of which no byte of the body left us: a writer answers the
// error without outcomes. Every other error leaves a write in doubt.
var ErrNotSent = errors.New("nothing was sent")

// ErrTimedOut marks errors of calls that took longer than Options.Timeout after they were sent:
// the server may still be at work on them.
var ErrTimedOut = errors.New("no answer in time")

// Codes of what happens between us and a system.
const (
	idRefused    = "PC300"
	idUnresolved = "PC301"
	idTLS        = "PC302"
	idNoConnect  = "PC303"
	idNoAnswer   = "PC304"
	idCut        = "PC305"
	idTooLarge   = "PC306"
	idRedirect   = "PC307"
	idBadURL     = "PC308"
	idStopped    = "PC309"
	idStatus     = "PC310"
	idThrottled  = "PC311"
	idRejected   = "PC312"
	idNotJSON    = "PC313"
)

// cause is what stands below a problem: what happened, and what is known of it.
type cause struct {
	err      error
	notSent  bool
	timedOut bool
}

func (c *cause) Error() string { return c.err.Error() }
func (c *cause) Unwrap() error { return c.err }
func (c *cause) Is(target error) bool {
	return target == ErrNotSent && c.notSent || target == ErrTimedOut && c.timedOut
}

var errTooLong = errors.New("the attempt took too long")

// broken classifies an attempt that brought no whole answer. reached: a connection stood.
func (c *Client) broken(ctx context.Context, req *http.Request, t *trip, reached bool, err error) *problem.Error {
	sent := t.sent.Load()
	e := &problem.Error{Class: problem.Transient, Err: &cause{err: errors.New(c.redactor.Text(err.Error())), notSent: !sent}}
	host := req.URL.Host
	switch {
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errTooLong):
		return c.stopped(t, context.Cause(ctx))
	case errors.Is(err, errTooLarge):
		e.Class, e.ID = problem.Fatal, idTooLarge
		e.Reason = fmt.Sprintf("%s: the answer of %s is larger than %d MiB", c.o.Name, req.URL.Path, c.o.MaxAnswer>>20)
		e.Hint = "read in smaller pages or windows"
	case isTLS(err):
		e.ID, e.Reason = idTLS, fmt.Sprintf("%s: no secure connection to %s: %s", c.o.Name, host, c.short(err))
		e.Hint = "check that the url begins with the right http:// or https://, and that this machine trusts the server's certificate"
	case !reached && isDNS(err):
		e.ID, e.Reason = idUnresolved, fmt.Sprintf("%s: the host name of %s cannot be resolved", c.o.Name, host)
		e.Hint = "check the url for a typing mistake, and this machine's DNS"
	case !reached && timedOut(ctx, err):
		e.ID, e.Reason = idNoConnect, fmt.Sprintf("%s: no connection to %s within %s", c.o.Name, host, c.o.ConnectTimeout)
		e.Hint = "check address and port, and that a firewall lets this machine through"
	case !reached:
		e.ID, e.Reason = idRefused, fmt.Sprintf("%s: cannot connect to %s: %s", c.o.Name, host, c.short(err))
		e.Hint = "check that the system is running, and that address and port are right"
	case timedOut(ctx, err):
		e.ID, e.Reason = idNoAnswer, fmt.Sprintf("%s: no answer from %s within %s", c.o.Name, req.URL.Path, c.o.Timeout)
		e.Hint = "the system is slow or overloaded; `timeout` in pipectl.yaml says how long to wait"
		e.Err = &cause{err: e.Err, notSent: !sent, timedOut: sent}
	default:
		e.ID, e.Reason = idCut, fmt.Sprintf("%s: the connection broke before the answer of %s was complete: %s", c.o.Name, req.URL.Path, c.short(err))
		e.Hint = "the network or a proxy in between cut it; reads are repeated, writes are settled by asking"
	}
	return e
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	text := err.Error() // a server without TLS, or one that refuses ours, has no type of its own
	return unknown || strings.Contains(text, "tls: ") || strings.Contains(text, "server gave HTTP response to HTTPS client") ||
		strings.Contains(text, "TLS handshake timeout")
}

func isDNS(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

func timedOut(ctx context.Context, err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ctx.Err() != nil || ok && n.Timeout() || errors.Is(err, syscall.ETIMEDOUT)
}

// short is an error's innermost text, without addresses and secrets.
func (c *Client) short(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return c.redactor.Text(err.Error())
}

func (c *Client) badURL(address string, err error) *problem.Error {
	e := &problem.Error{
		Class: problem.Fatal, ID: idBadURL, Hint: "write it like https://host or https://host:port/path/",
		Reason: fmt.Sprintf("%s: %s is no address", c.o.Name, c.redactor.URL(address)),
		Err:    &cause{err: errors.New("no host"), notSent: true},
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		e.Err = &cause{err: errors.New(c.redactor.Text(u.Err.Error())), notSent: true}
	}
	return e
}

// stopped: whoever made the call doesn't want it any more.
func (c *Client) stopped(t *trip, err error) *problem.Error {
	e := &problem.Error{
		Class: problem.Transient, ID: idStopped, Reason: c.o.Name + ": the call was stopped before it was answered",
		Err: &cause{err: err, notSent: !t.sent.Load()},
	}
	if !t.sent.Load() {
		e.Reason = c.o.Name + ": the call was stopped before anything was sent"
	}
	return e
}

// unprepared keeps the connector's own problem and adds that nothing was sent.
func (c *Client) unprepared(err error) *problem.Error {
	out := *problem.As(err)
	out.Err = &cause{err: err, notSent: true}
	return &out
}

func (c *Client) redirected(t *trip, status int, to string) *problem.Error {
	return &problem.Error{
		Class: problem.Fatal, ID: idRedirect, Code: fmt.Sprint(status),
		Reason: fmt.Sprintf("%s: the server sends us on to %s", c.o.Name, c.redactor.URL(to)),
		Hint:   "set the connection's url to the address that it names; calls are never sent on by themselves",
		Err:    &cause{err: fmt.Errorf("status %d", status), notSent: !t.sent.Load()},
	}
}
