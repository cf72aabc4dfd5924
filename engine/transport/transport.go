// Package transport carries a connector's calls over HTTP, so that every connector keeps the same
// promises: a write goes out once, a read that failed on its way is repeated, all pipelines of a
// connection share one budget, half an answer is an error, and no secret is shown.
//
// It knows no vendor: what an answer means is the connector's business.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/pipectl/pipectl/engine/problem"
)

// Options say how the client of one connection behaves. Zero values mean the defaults.
type Options struct {
	Name           string                  // of the connection: begins every message
	Timeout        time.Duration           // of one attempt, from dialling to the last byte of the answer; 60 s
	ConnectTimeout time.Duration           // of dialling and of the TLS handshake, each; 10 s
	PerSecond      float64                 // requests per second of the whole connection; 0: no limit
	InFlight       int                     // requests in flight of the whole connection; 0: no limit
	Buckets        func(bucket string) int // requests in flight of one bucket; nil or 0: no limit
	Secrets        []string                // never shown; more can be added to Redactor
	MaxAnswer      int64                   // bytes of an answer; 64 MiB
	HTTP1Only      bool
	// Hold is for how long after its beginning a server goes on counting a request that we gave
	// up: so long nobody else enters its bucket. 0: it forgets at once.
	Hold   time.Duration
	Now    func() time.Time // the clock that Pause is measured by; time.Now
	Log    *slog.Logger     // nil discards
	Meter  Meter            // counts every attempt; may be nil
	Record func(Exchange)   // sees every attempt, redacted; may be nil
}

// Meter counts requests by connection.
type Meter interface{ Request(connection string) }

// Client makes the calls of one connection. It is used from many goroutines.
type Client struct {
	o        Options
	redactor *Redactor
	gate     *gate
	http     *retryablehttp.Client
	wire     *http.Transport
}

// Call is one request.
type Call struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	// Read: the call changes nothing in the target, so an attempt that failed on its way is
	// repeated (vendors read by POST, too). Every other call goes out once, and tells with
	// connector.Leave when it does.
	Read   bool
	Bucket string // whose limit of requests in flight counts; "": only the connection's
	// Prepare is called before every attempt, when its turn has come: a signature with a time in
	// it must not grow old in the queue. It may be nil.
	Prepare func(*http.Request) error
}

type onceKey struct{}

// Once marks calls that are not repeated, reads neither: whoever asks whether a system is there wants
// to ask once.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// Answer is a whole answer, of whatever status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Date   time.Time // the server's clock, from the header Date; zero when it doesn't say
}

// New makes a client. It opens no connection.
func New(o Options) *Client {
	defaults(&o)
	c := &Client{o: o, redactor: NewRedactor(o.Secrets...), gate: newGate(o), wire: wire(o)}
	c.http = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     attempts{c},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:     maxTries - 1,
		RetryWaitMin: 200 * time.Millisecond,
		RetryWaitMax: 2 * time.Second,
		CheckRetry:   again,
		Backoff:      backoff(o.Now),
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	return c
}

func defaults(o *Options) {
	if o.Timeout <= 0 {
		o.Timeout = 60 * time.Second
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 64 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// idle is how many connections are kept open for the next calls: more than any system lets be in flight,
// else they would be opened anew all the time.
const idle = 256

// writeBuffer holds the requests of most batches whole: they go out in one piece, and are copied through
// no second buffer.
const writeBuffer = 64 << 10

func wire(o Options) *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: o.ConnectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   o.ConnectTimeout,
		MaxIdleConnsPerHost:   idle,
		WriteBufferSize:       writeBuffer,
		IdleConnTimeout:       30 * time.Second,
		ExpectContinueTimeout: time.Second,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:     !o.HTTP1Only,
	}
	if o.HTTP1Only {
		t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return t
}

// Do makes a call and reads the whole answer. A status is not judged: 404 and 500 are answers.
// An error is a *problem.Error; errors.Is(err, ErrNotSent) says that nothing of the call left us.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	t := &trip{call: call}
	req, err := retryablehttp.NewRequestWithContext(context.WithValue(ctx, tripKey{}, t), call.Method, call.URL, nil)
	if err != nil || req.URL.Host == "" {
		return Answer{}, c.badURL(call.URL, err)
	}
	req.Header.Set("User-Agent", "pipectl")
	maps.Copy(req.Header, call.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, c.failed(ctx, t, err)
	}
	_ = resp.Body.Close() // it is in memory, see attempts
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: t.body}
	a.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	return a, nil
}

// failed finds the problem that an attempt made; what ended between attempts is the caller's end.
func (c *Client) failed(ctx context.Context, t *trip, err error) error {
	if e, ok := errors.AsType[*problem.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return c.stopped(t, err)
}

// Redactor hides this connection's secrets; tokens that come later are added to it.
func (c *Client) Redactor() *Redactor { return c.redactor }

// Pause closes the tap until t: of one bucket, or with "" of the whole connection. Calls wait in
// the queue. A later pause wins over an earlier one.
func (c *Client) Pause(bucket string, until time.Time) { c.gate.pause(bucket, until) }

// Throttled closes the tap as Pause does, because the server has said "too many requests", and makes
// the budget smaller: of one bucket, or with "" of the whole connection. It grows back by itself.
func (c *Client) Throttled(bucket string, until time.Time) { c.gate.throttled(bucket, until) }

// Close ends idle connections.
func (c *Client) Close() { c.wire.CloseIdleConnections() }
