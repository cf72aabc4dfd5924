package engine

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
)

// Connect opens a connection, once for all pipelines that use it. It makes no request.
func (e *Engine) Connect(ctx context.Context, name string) (connector.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, ok := e.conns[name]; ok {
		return c, nil
	}
	cfg := e.Project.Connection(name)
	if cfg == nil {
		return nil, &problem.Error{Class: problem.Fatal, ID: "PC121", Reason: "there is no connection " + name, Hint: "pipectl.yaml names the connections"}
	}
	if err := cfg.Missing.Err(); err != nil {
		return nil, err
	}
	config := cfg.Config
	if cfg.Sandbox {
		settings, err := e.simulate(cfg)
		if err != nil {
			return nil, err
		}
		config = configured(config, settings)
	}
	c, err := cfg.Definition.Open(ctx, config, connector.Env{
		Name: name, Log: e.log.With("connection", name), Now: e.now, Dir: e.Project.Dir, Rate: cfg.Rate,
		Vault: e.vault(name), Meter: e.meter,
	})
	if err != nil {
		return nil, problem.In(err, problem.Error{Class: problem.Fatal, At: cfg.At})
	}
	if cfg.Sandbox {
		c = simulated{c, name}
	}
	e.conns[name] = c
	return c, nil
}

// simulated is a connection to a simulator in this process: another port each time, and the same
// account all the same.
type simulated struct {
	connector.Conn
	name string
}

// Account implements connector.Conn.
func (s simulated) Account() string { return "sandbox of " + s.name }

// Unwrap lets the abilities of the connection be found.
func (s simulated) Unwrap() connector.Conn { return s.Conn }

// simulate starts the simulator behind a connection. What was written into it by earlier
// processes is there again.
func (e *Engine) simulate(cfg *spec.Connection) (map[string]string, error) {
	create := e.options.Simulators[cfg.Type]
	if create == nil {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC601", At: cfg.At,
			Reason: "there is no sandbox of " + cfg.Type, Hint: "give connection " + cfg.Name + " the address of a real system",
		}
	}
	journal := filepath.Join(e.Project.State, e.Project.Environment+"."+cfg.Name+".sandbox")
	sys, kit, err := sandbox.Restore(journal, sandbox.Options{
		Seed: 1, Orders: e.options.Orders, Now: e.now, Log: e.log.With("sandbox", cfg.Name),
	}, create)
	if err != nil {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC602", At: cfg.At, Err: err,
			Reason: "the sandbox of connection " + cfg.Name + " can't go on: " + err.Error(),
			Hint:   "remove " + journal + " together with the state of this environment to start afresh",
		}
	}
	server, err := sandbox.Serve(context.Background(), sys, kit, "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sandbox of connection %s: %w", cfg.Name, err)
	}
	e.boxes[cfg.Name] = server
	return server.Settings(), nil
}

// Simulator is the running simulator behind a connection; nil when there is none.
func (e *Engine) Simulator(connection string) *sandbox.Server {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.boxes[connection]
}

// configured is a copy of a connector's configuration with settings laid over the fields of those
// names.
func configured(config any, settings map[string]string) any {
	v := reflect.New(reflect.TypeOf(config).Elem())
	v.Elem().Set(reflect.ValueOf(config).Elem())
	for i := range v.Elem().NumField() {
		name := v.Elem().Type().Field(i).Tag.Get("yaml")
		if text, ok := settings[name]; ok && v.Elem().Field(i).Kind() == reflect.String {
			v.Elem().Field(i).SetString(text)
		}
	}
	return v.Interface()
}

func (e *Engine) now() time.Time {
	if e.options.Clock == nil {
		return time.Now()
	}
	return e.options.Clock.Now()
}

func (e *Engine) clock() run.Clock { return e.options.Clock }

func (e *Engine) sleep(ctx context.Context, d time.Duration) error {
	if c := e.options.Clock; c != nil {
		return c.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (e *Engine) vault(name string) connector.Vault {
	if e.store == nil || e.reads {
		return &memory{}
	}
	return state.VaultOf{Store: e.store, Connection: name}
}

// memory is a vault that ends with the process.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memory) Save(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = value
	return nil
}

// meter counts requests by connection.
type meter struct {
	mu    sync.Mutex
	count map[string]int
}

// Request implements connector.Meter.
func (m *meter) Request(connection string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count == nil {
		m.count = map[string]int{}
	}
	m.count[connection]++
}

// since gives a function that tells the requests made from now on.
func (m *meter) since() func() map[string]int {
	before := m.counts()
	return func() map[string]int {
		out := m.counts()
		for name, n := range before {
			out[name] -= n
		}
		return out
	}
}

func (m *meter) counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count == nil {
		return map[string]int{}
	}
	return maps.Clone(m.count)
}
