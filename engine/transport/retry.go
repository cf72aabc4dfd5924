package transport

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/pipectl/pipectl/engine/problem"
)

// maxTries is how often a read goes out in one call. What lasts longer is the engine's to wait for.
const maxTries = 3

// longestWait is how long a server may make a read wait inside one call.
const longestWait = 10 * time.Second

// again decides whether an attempt is repeated: reads only, and only what may go away by itself.
// 429 is no such thing: the connector closes the tap and the engine waits.
func again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	t, ok := ctx.Value(tripKey{}).(*trip)
	if !ok || !t.call.Read || ctx.Err() != nil || ctx.Value(onceKey{}) != nil {
		return false, nil //nolint:nilerr // the client hands the attempt's own error on
	}
	if err != nil {
		p := problem.As(err)
		return p.Class == problem.Transient && p.ID != idTLS, nil
	}
	return resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented, nil
}

func backoff(now func() time.Time) retryablehttp.Backoff {
	return func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
		if resp != nil {
			if d, ok := RetryAfter(resp.Header, now()); ok {
				return min(d, longestWait)
			}
		}
		return min(least<<attempt, most)
	}
}

// RetryAfter reads the header Retry-After, which is a number of seconds or a date.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
