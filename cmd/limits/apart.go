package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// backOff is how long a loop stays away when it was refused.
const backOff = time.Second

// runLoops sends the request that the pipelines sent last from three loops that know nothing of each
// other: each keeps to the whole limit by itself, as a program does that believes to be alone.
func (w *world) runLoops(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range names {
		wg.Go(func() { w.loop(ctx) })
	}
	return func() error {
		cancel()
		wg.Wait()
		return nil
	}
}

func (w *world) loop(ctx context.Context) {
	limit := rate.Inf
	if w.s.perSecond > 0 {
		limit = rate.Limit(w.s.perSecond)
	}
	limiter := rate.NewLimiter(limit, 1)
	w.gauge.mu.Lock()
	s := *w.gauge.sample
	w.gauge.mu.Unlock()
	for limiter.Wait(ctx) == nil {
		if !w.send(ctx, s) {
			continue
		}
		select {
		case <-time.After(backOff):
		case <-ctx.Done():
		}
	}
}

// host is the server's address without a path.
func (w *world) host() string {
	u, err := url.Parse(w.server.URL())
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// send sends the request once more, and says whether it was refused.
func (w *world) send(ctx context.Context, s sampled) bool {
	req, err := http.NewRequestWithContext(ctx, s.method, w.host()+s.uri, bytes.NewReader(s.body))
	if err != nil {
		return false
	}
	req.Header = s.header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return err == nil && (&seen{head: body}).refused()
}
