package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// gauge stands before a sandbox. It counts what is taken and what is refused, for how long a place is
// occupied, and keeps one request for those who know no vendor.
type gauge struct {
	sandbox.System
	path string

	mu        sync.Mutex
	from, to  time.Time // of the measurement
	occupied  time.Duration
	taken     int
	throttled int
	sample    *sampled
}

// sampled is a request as it came.
type sampled struct {
	method, uri string
	header      http.Header
	body        []byte
}

// reading is what was measured.
type reading struct {
	used             float64 // percent of the limit
	taken, throttled int
}

// refusals are how the vendors say "too many requests".
var refusals = []string{`"3001008"`, `"MsgCode":14`}

func (g *gauge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.URL.Path, g.path) {
		g.System.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &seen{ResponseWriter: w}
	begun := time.Now()
	g.System.ServeHTTP(seen, r)
	g.note(begun, time.Now(), seen.refused())
	g.mu.Lock()
	defer g.mu.Unlock()
	if !seen.refused() {
		g.sample = &sampled{r.Method, r.URL.RequestURI(), r.Header.Clone(), body}
	}
}

// note counts a request as far as it lies within the measurement.
func (g *gauge) note(begun, ended time.Time, refused bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case refused && begun.After(g.from) && begun.Before(g.to):
		g.throttled++
	case refused:
	default:
		if begun.After(g.from) && begun.Before(g.to) {
			g.taken++
		}
		if begun.Before(g.from) {
			begun = g.from
		}
		if ended.After(g.to) {
			ended = g.to
		}
		g.occupied += max(0, ended.Sub(begun))
	}
}

// measure waits until the use is steady, measures for a while, and says how much of the limit it was.
func (g *gauge) measure(ctx context.Context, s scenario, warmUp, span time.Duration) reading {
	from := time.Now().Add(warmUp)
	g.begin(from, from.Add(span))
	select {
	case <-time.After(warmUp + span + 2*s.latency): // what began within it has ended
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := reading{taken: g.taken, throttled: g.throttled, used: 100 * g.occupied.Seconds() / span.Seconds()}
	if s.perSecond > 0 {
		r.used = 100 * float64(g.taken) / (s.perSecond * span.Seconds())
	}
	return r
}

func (g *gauge) begin(from, to time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.from, g.to, g.occupied, g.taken, g.throttled = from, to, 0, 0, 0
}

func (g *gauge) counts() (taken, throttled int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.taken, g.throttled
}

// seen keeps the beginning of an answer.
type seen struct {
	http.ResponseWriter
	head []byte
}

func (s *seen) Write(b []byte) (int, error) {
	s.head = append(s.head, b[:min(len(b), max(0, 600-len(s.head)))]...)
	return s.ResponseWriter.Write(b)
}

func (s *seen) refused() bool {
	for _, r := range refusals {
		if bytes.Contains(s.head, []byte(r)) {
			return true
		}
	}
	return false
}
