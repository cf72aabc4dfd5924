// Package engine puts the parts of pipectl together: it reads a project, opens its connections and
// its state, and hands compiled pipelines to the run.
//
// An Engine is a value: nothing of it is shared with another one, so two can work in one process.
package engine

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"syscall"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
	"github.com/pipectl/pipectl/engine/transport"
)

// Options say which project is worked on, and with what.
type Options struct {
	Path        string                           // the project's folder, or any place below it
	Environment string                           // of pipectl.yaml; "" takes the connections as they stand
	Connectors  []connector.Definition           // the systems that there are
	Simulators  map[string]Simulator             // by connector; for connections with `url: sandbox`
	Env         func(name string) (string, bool) // of the process; nil: the process's own
	Clock       run.Clock                        // nil: the computer's
	Log         *slog.Logger                     // nil: nothing is logged
	Orders      int                              // how many orders a simulator starts with; 0: its default
}

// Simulator makes one vendor's sandbox.
type Simulator func(*sandbox.Kit) sandbox.System

// Engine is a project that is open: its connections can be used, its state is ours.
type Engine struct {
	Project *spec.Project

	options  Options
	log      *slog.Logger
	store    state.Store
	file     string // of the state
	reads    bool   // the state can't be written
	meter    *meter
	programs map[string]*program // compiled pipelines, by name

	mu    sync.Mutex
	conns map[string]connector.Conn
	turns map[string]*turn // by pipeline
	boxes map[string]*sandbox.Server
}

// Open reads and checks the project, and opens its state. Connections are opened when they are
// first needed. Every mistake of every file is in the error, a problem.List.
func Open(o Options) (*Engine, error) {
	e, problems := check(o)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	e.file = e.statePath()
	store, err := bolt.Open(e.file)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) { // it can still be looked at
		if reader, failed := bolt.OpenReadOnly(e.file); failed == nil {
			store, err, e.reads = reader, nil, true
		}
	}
	if err != nil {
		return nil, err
	}
	e.store = store
	return e, nil
}

// Beside opens the project anew, as its files are now, over the state that e has open. The state
// stays e's: closing the new engine leaves it open.
func (e *Engine) Beside(o Options) (*Engine, error) {
	other, problems := check(o)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	other.file = other.statePath()
	if other.file != e.file {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC500", Reason: "state file " + other.file + " is not the one that this process holds",
			Hint: "name the same project and environment",
		}
	}
	other.store = borrowed{e.store}
	return other, nil
}

// borrowed is a store that somebody else closes.
type borrowed struct{ state.Store }

func (borrowed) Close() error { return nil }

// StateFile is where the state of a project lies; "" when the project can't be read.
func StateFile(o Options) string {
	e, _ := check(o)
	if e == nil {
		return ""
	}
	return e.statePath()
}

// Check reads and checks the project: everything that can be known without a network or a state.
// The engine that it returns has neither, and can only tell what the project holds.
func Check(o Options) (*Engine, problem.List) { return check(o) }

func check(o Options) (*Engine, problem.List) {
	project, problems := spec.Load(o.Path, spec.Options{Connectors: o.Connectors, Environment: o.Environment, Env: o.Env})
	if project == nil {
		return nil, problems
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		Project:  project,
		options:  o,
		log:      slog.New(redacting{o.Log.Handler(), transport.NewRedactor(project.Secrets...)}),
		meter:    &meter{},
		programs: map[string]*program{},
		conns:    map[string]connector.Conn{},
		turns:    map[string]*turn{},
		boxes:    map[string]*sandbox.Server{},
	}
	for _, p := range project.Pipelines {
		compiled, found := e.compile(p)
		problems.Add(found)
		e.programs[p.Name.Text] = compiled
	}
	list, _ := problems.Err().(problem.List) //nolint:errorlint // Err gives the list itself
	return e, list
}

// StateFile is where the state lies.
func (e *Engine) StateFile() string { return e.file }

// Close closes connections, simulators and the state.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, c := range e.conns {
		errs = append(errs, c.Close())
	}
	for _, b := range e.boxes {
		b.Close()
	}
	e.conns, e.boxes = nil, nil
	if e.store != nil {
		errs = append(errs, e.store.Close())
		e.store = nil
	}
	return errors.Join(errs...)
}

// pipeline finds a compiled pipeline, or says which there are.
func (e *Engine) pipeline(name string) (*program, error) {
	if p, ok := e.programs[name]; ok {
		return p, nil
	}
	var names []string
	for _, p := range e.Project.Pipelines {
		names = append(names, p.Name.Text)
	}
	return nil, &problem.Error{
		Class: problem.Fatal, ID: "PC600", Reason: "there is no pipeline " + name + " in " + e.Project.Dir,
		Hint: problem.DidYouMean(name, names),
	}
}

// redacting takes the project's secrets out of everything that is logged.
type redacting struct {
	slog.Handler
	hide *transport.Redactor
}

func (r redacting) Handle(ctx context.Context, rec slog.Record) error {
	out := slog.NewRecord(rec.Time, rec.Level, r.hide.Text(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(r.hidden(a))
		return true
	})
	return r.Handler.Handle(ctx, out)
}

func (r redacting) hidden(a slog.Attr) slog.Attr {
	return slog.String(a.Key, r.hide.Text(a.Value.Resolve().String()))
}

func (r redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = r.hidden(a)
	}
	return redacting{r.Handler.WithAttrs(clean), r.hide}
}

func (r redacting) WithGroup(name string) slog.Handler {
	return redacting{r.Handler.WithGroup(name), r.hide}
}
