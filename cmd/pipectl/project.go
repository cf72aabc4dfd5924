package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// logger logs to standard error with --verbose, and nowhere without.
func logger(c *cli.Context, std stdio) *slog.Logger {
	w := io.Discard
	if c.Bool("verbose") {
		w = std.err
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// optionsOf says which project a command works on.
func optionsOf(c *cli.Context, std stdio) engine.Options {
	o := engine.Options{
		Path:        std.abs(c.String("project")),
		Environment: c.String("env"),
		Env:         os.LookupEnv,
		Log:         logger(c, std),
		Simulators:  map[string]engine.Simulator{},
	}
	for _, s := range connectors.All() {
		o.Connectors = append(o.Connectors, s.Definition)
		if s.Sandbox != nil {
			o.Simulators[s.Name] = s.Sandbox
		}
	}
	return o
}

func definitions() []connector.Definition {
	var out []connector.Definition
	for _, s := range connectors.All() {
		out = append(out, s.Definition)
	}
	return out
}

// badProject gives mistakes in the project the exit code of wrong usage: nothing was run.
func badProject(err error) error {
	if _, ok := errors.AsType[problem.List](err); ok {
		return exit{exitUsage, err}
	}
	if e, ok := errors.AsType[*problem.Error](err); ok && (e.Class == problem.Fatal && e.ID >= "PC100" && e.ID < "PC300" || e.ID == noPipeline) {
		return exit{exitUsage, err}
	}
	return err
}

// noPipeline is the code of a pipeline's name that the project doesn't have.
const noPipeline = "PC600"

// withEngine opens the project and its state for one command. While another process holds the
// state, that one does the command.
func withEngine(c *cli.Context, std stdio, do func(*engine.Engine, view) error) error {
	v, o, err := viewAndOptions(c, std)
	if err != nil {
		return err
	}
	if std.held != nil {
		e, err := std.held.Beside(o)
		if err != nil {
			return badProject(err)
		}
		return errors.Join(badProject(do(e, v)), e.Close())
	}
	e, err := openOrAsk(c.Context, o, std)
	if e == nil {
		return err
	}
	return errors.Join(badProject(do(e, v)), e.Close())
}

// soon is how long a command waits for another one that has the state for a moment and answers nobody.
const soon = 2 * time.Second

// openOrAsk opens the state, or has the process that holds it do the command: then there is no engine,
// and the error is what that one ended with.
func openOrAsk(ctx context.Context, o engine.Options, std stdio) (*engine.Engine, error) {
	brief, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	for {
		e, err := engine.Open(o)
		held, ok := errors.AsType[*problem.Error](err)
		if !ok || held.ID != "PC500" {
			return e, badProject(err)
		}
		if ended, ok := throughHolder(ctx, engine.StateFile(o), held, std); ok {
			return nil, ended
		}
		select {
		case <-brief.Done():
			return nil, err
		case <-time.After(lookAgain / 4):
		}
	}
}

// withState opens the project for a command that needs the state for itself: it waits until nobody
// else has it, and answers others while it works.
func withState(c *cli.Context, std stdio, do func(*engine.Engine, view) error) error {
	v, o, err := viewAndOptions(c, std)
	if err != nil {
		return err
	}
	e, err := openPatiently(c, v, o)
	if err != nil {
		return badProject(err)
	}
	stop := errands(c.Context, e, std)
	err = badProject(do(e, v))
	stop()
	return errors.Join(err, e.Close())
}

func viewAndOptions(c *cli.Context, std stdio) (view, engine.Options, error) {
	v, err := viewOf(c, std)
	if err != nil {
		return v, engine.Options{}, err
	}
	o, err := underProof(optionsOf(c, std), std)
	return v, o, err
}

// lookAgain is how long passes before a state that somebody else holds is tried again.
const lookAgain = 200 * time.Millisecond

// openPatiently waits for a state that another process holds, as long as --wait says, and says for
// whom.
func openPatiently(c *cli.Context, v view, o engine.Options) (*engine.Engine, error) {
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("wait"))
	defer cancel()
	told := false
	for {
		e, err := engine.Open(o)
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.ID != "PC500" || v.held != nil {
			return e, err
		}
		if !told && c.Duration("wait") > 0 {
			told = true
			v.Note("waiting: %s", p.Reason)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lookAgain):
		}
	}
}
