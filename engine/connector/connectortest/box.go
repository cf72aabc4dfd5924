package connectortest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// Box is the world of one case: a fresh simulator and an empty project folder.
type Box struct {
	Server *sandbox.Server // nil where the system is not behind HTTP
	Kit    *sandbox.Kit    // its clock is also the connection's
	Dir    string          // of the project
	Log    *Log            // what the connection logged
	Vault  *Vault

	sys   System
	seen  *counter
	meter meter
}

// newBox starts the world of a case.
func newBox(tb testing.TB, sys System) *Box {
	tb.Helper()
	b := &Box{sys: sys, Dir: tb.TempDir(), Log: &Log{}, Vault: &Vault{}, meter: meter{}}
	b.Kit = sandbox.New(sandbox.Options{Seed: 1, Orders: sys.Orders})
	if sys.Sandbox != nil {
		b.seen = &counter{System: sys.Sandbox(b.Kit)}
		s, err := sandbox.Serve(tb.Context(), b.seen, b.Kit, "127.0.0.1:0")
		if err != nil {
			tb.Fatalf("the simulator does not start: %v", err)
		}
		tb.Cleanup(s.Close)
		b.Server = s
	}
	if sys.Prepare != nil {
		sys.Prepare(tb, b)
	}
	return b
}

// Open opens a connection; over replaces settings.
func (b *Box) Open(tb testing.TB, over map[string]string) connector.Conn {
	tb.Helper()
	conn, err := b.sys.Definition.Open(tb.Context(), b.config(tb, over), connector.Env{
		Name: b.sys.Definition.Name, Log: slog.New(slog.NewJSONHandler(b.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: b.Kit.Clock.Now, Vault: b.Vault, Meter: b.meter, Dir: b.Dir,
		Rate: connector.Rate{PerSecond: 5000, InFlight: 16},
	})
	if err != nil {
		tb.Fatalf("the connection does not open: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// settings are what a connection is given, over included.
func (b *Box) settings(over map[string]string) map[string]string {
	all := map[string]string{}
	if b.Server != nil {
		all = b.Server.Settings()
	}
	for _, m := range []map[string]string{b.sys.Settings, over} {
		maps.Copy(all, m)
	}
	return all
}

// config fills the connector's Config by its yaml tags; settings that it doesn't have (a
// password that is for another kind of login) are left out.
func (b *Box) config(tb testing.TB, over map[string]string) any {
	tb.Helper()
	cfg := b.sys.Definition.New()
	known := fields(cfg)
	doc := yaml.Node{Kind: yaml.MappingNode}
	for k, v := range b.settings(over) {
		if _, ok := known[k]; ok { // plain scalars: the field's type says what they are
			doc.Content = append(doc.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: k}, &yaml.Node{Kind: yaml.ScalarNode, Value: v})
		}
	}
	if err := doc.Decode(cfg); err != nil {
		tb.Fatalf("the settings %v don't fit the connector's Config: %v", b.sys.Settings, err)
	}
	return cfg
}

// secrets are the values of the settings that the connector marks as secret.
func (b *Box) secrets(over map[string]string) []string {
	var out []string
	known := fields(b.sys.Definition.New())
	for name, v := range b.settings(over) {
		if known[name] && len(v) >= 6 {
			out = append(out, v)
		}
	}
	return out
}

// Do makes one of the simulator's actions happen.
func (b *Box) Do(tb testing.TB, action string, args any) any {
	tb.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		tb.Fatalf("arguments of %s: %v", action, err)
	}
	for _, a := range b.seen.Actions() {
		if a.Name == action {
			out, err := a.Do(body)
			if err != nil {
				tb.Fatalf("action %s %s: %v", action, body, err)
			}
			return out
		}
	}
	tb.Fatalf("the simulator has no action %q", action)
	return nil
}

// Dump is a collection of what the simulator stores, as decoded JSON.
func (b *Box) Dump(tb testing.TB, collection string) []map[string]any {
	tb.Helper()
	text, err := json.Marshal(b.seen.Dump()[collection])
	if err != nil {
		tb.Fatalf("dump of %s: %v", collection, err)
	}
	var rows []map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&rows); err != nil {
		tb.Fatalf("dump of %s is no list of rows: %v", collection, err)
	}
	return rows
}

// Processed counts the requests whose path holds part (in any case) that the simulator processed;
// those that a fault stopped before are not among them.
func (b *Box) Processed(part string) int { return b.seen.count(part) }

// Requests counts all requests, by path, that reached the system or a fault in front of it.
func (b *Box) Requests(part string) int {
	n := b.Processed(part)
	for kind, k := range b.Kit.Faults.Happened() {
		if kind == sandbox.Status || kind == sandbox.CutBefore {
			n += k
		}
	}
	return n
}

// counter notes the path of every request that a simulator processes.
type counter struct {
	sandbox.System
	mu    sync.Mutex
	paths []string
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.paths = append(c.paths, strings.ToLower(r.URL.Path))
	c.mu.Unlock()
	c.System.ServeHTTP(w, r)
}

func (c *counter) count(part string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.paths {
		if strings.Contains(p, strings.ToLower(part)) {
			n++
		}
	}
	return n
}

// Log keeps what a connection logs.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

var _ io.Writer = (*Log)(nil)

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

type meter struct{}

func (meter) Request(string) {}

// tick is how far the shared clock moves where a case needs time to pass.
const tick = time.Second
