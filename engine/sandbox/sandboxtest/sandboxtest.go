// Package sandboxtest starts simulators in tests and works their control endpoint, over the same
// HTTP that a tester outside the process uses.
package sandboxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// Start serves sys on a free port of loopback until the test ends.
func Start(t testing.TB, sys sandbox.System, kit *sandbox.Kit) *sandbox.Server {
	t.Helper()
	s, err := sandbox.Serve(t.Context(), sys, kit, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Do makes an action happen and returns what it answered. args is anything that becomes JSON, JSON
// as text, or nil.
func Do(t testing.TB, s *sandbox.Server, action string, args any) map[string]any {
	t.Helper()
	var out map[string]any
	Control(t, s, http.MethodPost, "do/"+action, args, &out)
	return out
}

// Fault makes a fault wait for its request.
func Fault(t testing.TB, s *sandbox.Server, f sandbox.Fault) {
	t.Helper()
	Control(t, s, http.MethodPost, "faults", f, nil)
}

// Latency makes every request to a path take so much longer.
func Latency(t testing.TB, s *sandbox.Server, path string, d time.Duration) {
	t.Helper()
	Control(t, s, http.MethodPost, "latency", sandbox.PathDelay{Path: path, Delay: sandbox.Delay(d)}, nil)
}

// Advance moves the simulator's clock.
func Advance(t testing.TB, s *sandbox.Server, d time.Duration) {
	t.Helper()
	Control(t, s, http.MethodPost, "clock", map[string]string{"advance": d.String()}, nil)
}

// Dump is one collection of what is stored, its numbers as written.
func Dump(t testing.TB, s *sandbox.Server, collection string) []map[string]any {
	t.Helper()
	var out []map[string]any
	Control(t, s, http.MethodGet, "dump?collection="+collection, nil, &out)
	return out
}

// Control sends one request to the control endpoint and decodes what it answers; anything but 200
// fails the test.
func Control(t testing.TB, s *sandbox.Server, method, path string, body, into any) {
	t.Helper()
	status, answer := Send(t, method, s.ControlURL()+path, nil, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: HTTP %d: %s", method, path, status, answer)
	}
	if into == nil {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// Post sends a JSON body and returns status and answer.
func Post(t testing.TB, url string, body any) (int, []byte) {
	t.Helper()
	return Send(t, http.MethodPost, url, map[string]string{"Content-Type": "application/json"}, body)
}

// Send makes one request and returns status and answer; a connection that breaks fails the test.
// body is []byte or a string that is sent as it is, nil, or anything that becomes JSON.
func Send(t testing.TB, method, url string, header map[string]string, body any) (int, []byte) {
	t.Helper()
	status, answer, err := Try(t, method, url, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// patience is how long a request may take: a test that would hang says so instead.
const patience = time.Minute

// Try is Send for a test that expects the connection to break.
func Try(t testing.TB, method, url string, header map[string]string, body any) (int, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(encode(t, body)))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		return b
	case string:
		return []byte(b)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
