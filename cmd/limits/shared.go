package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// world is one sandbox, and a project with three pipelines that read it.
type world struct {
	s      scenario
	gauge  *gauge
	server *sandbox.Server
	dir    string
	engine *engine.Engine
}

// open starts the sandbox, with its limit, and a project whose connection keeps to perSecond.
func (s scenario) open(ctx context.Context, perSecond float64) (w *world, err error) {
	w = &world{s: s}
	if w.dir, err = os.MkdirTemp("", "pipectl-limits-"); err != nil {
		return nil, err
	}
	for _, sys := range connectors.All() {
		if sys.Name != s.system {
			continue
		}
		kit := sandbox.New(sandbox.Options{Seed: 1})
		w.gauge = &gauge{System: sys.Sandbox(kit), path: s.path}
		kit.Latency.Set(s.path, s.latency)
		if err := s.limitCalls(w.gauge); err != nil {
			return nil, err
		}
		if w.server, err = sandbox.Serve(ctx, w.gauge, kit, "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	if err := w.project(perSecond); err != nil {
		return nil, err
	}
	return w, w.openEngine()
}

// limitCalls sets the limit of calls a second; that on calls at a time is always there.
func (s scenario) limitCalls(sys sandbox.System) error {
	for _, a := range sys.Actions() {
		if a.Name == "set-option" && s.perSecond > 0 {
			_, err := a.Do(json.RawMessage(fmt.Sprintf(`{"calls_per_second":%d}`, int(s.perSecond))))
			return err
		}
	}
	return nil
}

// names are the pipelines, the most urgent first.
var names = []string{"orders", "stock", "old"}

// project writes three pipelines that read the same, a row at a time.
func (w *world) project(perSecond float64) error {
	var connection strings.Builder
	fmt.Fprintf(&connection, "connections:\n  erp:\n    type: %s\n    page: 1\n    rate: {per_second: %g, in_flight: 4}\n", w.s.system, perSecond)
	for k := range w.settings() {
		fmt.Fprintf(&connection, "    %s: ${%s}\n", k, k)
	}
	files := map[string]string{"pipectl.yaml": connection.String()}
	for _, name := range names {
		text := fmt.Sprintf("name: %s\nsource: {connection: erp, object: %s}\nkey: %s\nkeep: {name: %s}\n", name, w.s.object, w.s.key, w.s.key)
		if name == "stock" {
			text += "priority: stock\n"
		}
		files["pipelines/"+name+".yaml"] = text
	}
	for name, text := range files {
		path := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) settings() map[string]string {
	out := w.server.Settings()
	if w.s.system == "kingdee" {
		delete(out, "password") // it signs in with the secret
	}
	return out
}

// openEngine opens the project.
func (w *world) openEngine() (err error) {
	settings := w.settings()
	o := engine.Options{Path: w.dir, Env: func(name string) (string, bool) { v, ok := settings[name]; return v, ok }}
	for _, s := range connectors.All() {
		o.Connectors = append(o.Connectors, s.Definition)
	}
	w.engine, err = engine.Open(o)
	return err
}

// runPipelines runs each pipeline again and again until it is stopped.
func (w *world) runPipelines(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		wg.Go(func() {
			for ctx.Err() == nil {
				rep, err := w.engine.Run(ctx, name, engine.RunOptions{Full: name == "old"})
				if err == nil && rep.Error != nil {
					err = rep.Error
				}
				if ctx.Err() == nil && err != nil {
					errs[i] = fmt.Errorf("pipeline %s: %w", name, err)
					return
				}
			}
		})
	}
	return func() error {
		cancel()
		wg.Wait()
		return errors.Join(errs...)
	}
}

func (w *world) close() {
	_ = w.engine.Close()
	w.server.Close()
	_ = os.RemoveAll(w.dir)
}
