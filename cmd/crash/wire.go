package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// wire stands between pipectl and both sandboxes. It counts the requests, and at the one that the
// plan names the process that made it dies: before the request goes on, while it is on its way, when
// it was processed and not answered, after half of the answer, or a little later.
type wire struct {
	mu      sync.Mutex
	n       int
	flying  int
	moved   time.Time // when a request came or went last
	plan    killPlan
	kill    func(where string)
	pending sync.WaitGroup
	client  *http.Client
}

func newWire() *wire {
	// One connection a request: the Go client repeats a read by itself when a kept one breaks.
	return &wire{client: &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// arm makes ready for the next process.
func (w *wire) arm(plan killPlan, kill func(string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n, w.plan, w.kill, w.moved = 0, plan, kill, time.Now()
}

// count is how many requests the process has made.
func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// still is for how long no request has been on its way.
func (w *wire) still() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.flying > 0 {
		return 0
	}
	return time.Since(w.moved)
}

func (w *wire) fly(by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flying += by
	w.moved = time.Now()
}

// idle waits until everything that was passed on has been processed.
func (w *wire) idle() { w.pending.Wait() }

// next counts a request; when is what is to happen at it.
func (w *wire) next() (when string, delay time.Duration, kill func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	if w.n != w.plan.Request {
		return "", 0, nil
	}
	where, do := "a request, "+w.plan.When, w.kill
	return w.plan.When, w.plan.Delay, func() { do(where) }
}

// serve listens for the requests to one sandbox, and gives the address that pipectl is told.
func (w *wire) serve(ctx context.Context, target string) (string, error) {
	to, err := url.Parse(target)
	if err != nil {
		return "", err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.pass(rw, r, to)
	})}
	go func() { _ = s.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return "http://" + l.Addr().String() + to.Path, nil
}

func cut() { panic(http.ErrAbortHandler) }

// pass takes one request to its sandbox and its answer back.
func (w *wire) pass(rw http.ResponseWriter, r *http.Request, to *url.URL) {
	w.pending.Add(1)
	defer w.pending.Done()
	w.fly(1)
	defer w.fly(-1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process died in the middle of its request
	}
	when, delay, kill := w.next()
	switch when {
	case "before":
		kill()
		cut()
	case "passed":
		kill()
	}
	got, err := w.forward(r, to, body)
	switch {
	case when == "passed" || got == nil:
		cut()
	case when == "answered":
		kill()
		cut()
	case err != nil: // the sandbox gave half an answer
		got.answer(rw, len(got.body), len(got.body)+1)
		cut()
	case when == "half":
		got.answer(rw, len(got.body)/2, len(got.body))
		kill()
		cut()
	}
	got.answer(rw, len(got.body), len(got.body))
	if when == "after" {
		_ = http.NewResponseController(rw).Flush()
		time.AfterFunc(delay, kill)
	}
}

// answered is what came of an answer, whole or not.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// forward makes the request at the sandbox, whether anybody still waits for it or not. Beside an error
// stands what came of half an answer; nil: nothing came.
func (w *wire) forward(r *http.Request, to *url.URL, body []byte) (*answered, error) {
	u := *r.URL
	u.Scheme, u.Host = to.Scheme, to.Host
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	maps.Copy(out.Header, r.Header)
	resp, err := w.client.Do(out)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return &answered{resp.StatusCode, resp.Header, got}, err
}

// answer writes the first n bytes of an answer that says it has size bytes.
func (a *answered) answer(rw http.ResponseWriter, n, size int) {
	maps.Copy(rw.Header(), a.header)
	rw.Header().Set("Content-Length", fmt.Sprint(size))
	rw.WriteHeader(a.status)
	_, _ = rw.Write(a.body[:n])
	if n < size {
		_ = http.NewResponseController(rw).Flush()
	}
}
