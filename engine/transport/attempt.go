package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// trip is one call on its way; it travels in the context through the repeating client.
type trip struct {
	call Call
	sent atomic.Bool // something of the newest attempt may have left us
	body []byte      // of the newest attempt's answer
}

type tripKey struct{}

// Exchange is one attempt as a recording keeps it: nothing in it is secret.
type Exchange struct {
	Method, URL   string
	Status        int // 0: no answer
	Request, Body string
	Took          time.Duration // without the wait for its turn
	Err           error
}

// attempts makes single attempts: waits for the budget, sends, reads the whole answer. The place
// in flight is given back when the answer is here, never during a wait between attempts.
type attempts struct{ c *Client }

func (a attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	c, ctx := a.c, req.Context()
	t, _ := ctx.Value(tripKey{}).(*trip)
	t.sent.Store(false)
	done, err := c.gate.enter(ctx, t.call.Bucket, connector.PriorityOf(ctx))
	if err != nil {
		return nil, c.stopped(t, err)
	}
	defer done()
	if !t.call.Read {
		if err := connector.Leave(ctx); err != nil {
			return nil, c.unprepared(err)
		}
	}
	timed, cancel := context.WithTimeoutCause(ctx, c.o.Timeout, errTooLong)
	defer cancel()
	out, reached := c.outgoing(timed, req, t)
	if t.call.Prepare != nil {
		if err := t.call.Prepare(out); err != nil {
			return nil, c.unprepared(err)
		}
	}
	return c.send(timed, out, t, reached)
}

// outgoing is a fresh request that tells when the call begins to leave us. Its body is a plain reader of
// bytes: with any other, net/http sends the head for itself and copies the body through one more buffer.
func (c *Client) outgoing(ctx context.Context, req *http.Request, t *trip) (*http.Request, *atomic.Bool) {
	reached := new(atomic.Bool)
	out := req.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			reached.Store(true)
			if len(t.call.Body) == 0 {
				t.sent.Store(true) // without a body, the head is the call
			}
		},
		// The body comes next: from here on nobody knows how much of it has left us.
		WroteHeaders: func() { t.sent.Store(true) },
	}))
	if len(t.call.Body) > 0 {
		out.ContentLength = int64(len(t.call.Body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.call.Body)), nil }
		out.Body, _ = out.GetBody() // never fails
	}
	return out, reached
}

// send makes the attempt and puts the whole answer into memory.
func (c *Client) send(ctx context.Context, req *http.Request, t *trip, reached *atomic.Bool) (*http.Response, error) {
	if c.o.Meter != nil {
		c.o.Meter.Request(c.o.Name)
	}
	begun, at := time.Now(), c.o.Now()
	resp, err := c.wire.RoundTrip(req)
	var body []byte
	if err == nil {
		body, err = readAll(resp, c.o.MaxAnswer)
	}
	if err != nil {
		if ctx.Err() != nil && t.sent.Load() && c.o.Hold > 0 {
			c.gate.pause(t.call.Bucket, at.Add(c.o.Hold))
		}
		err = c.broken(ctx, req, t, reached.Load(), err)
		c.record(req, t, 0, nil, begun, err)
		return nil, err
	}
	c.record(req, t, resp.StatusCode, body, begun, nil)
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
		return nil, c.redirected(t, resp.StatusCode, to)
	}
	t.body, resp.Body = body, http.NoBody
	return resp, nil
}

var errTooLarge = errors.New("answer too large")

// readAll reads an answer to its end, or to the limit. What the server says of its length is only
// where the room for it begins.
func readAll(resp *http.Response, most int64) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	said := min(max(resp.ContentLength, 0), most, 1<<20)
	body := bytes.NewBuffer(make([]byte, 0, said+bytes.MinRead))
	_, err := body.ReadFrom(io.LimitReader(resp.Body, most+1))
	if err == nil && int64(body.Len()) > most {
		err = errTooLarge
	}
	return body.Bytes(), err
}

func (c *Client) record(req *http.Request, t *trip, status int, body []byte, begun time.Time, err error) {
	took := time.Since(begun)
	c.o.Log.Debug("request", "connection", c.o.Name, "method", req.Method, "url", c.redactor.URL(req.URL.String()),
		"status", status, "bytes", len(body), "took", took, "error", err)
	if c.o.Record != nil {
		c.o.Record(Exchange{
			Method: req.Method, URL: c.redactor.URL(req.URL.String()), Status: status,
			Request: c.redactor.Text(string(t.call.Body)), Body: c.redactor.Text(string(body)), Took: took, Err: err,
		})
	}
}
