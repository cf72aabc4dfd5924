package main

import (
	"errors"
	"io"
	"log/slog"
	"os"

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
		Path:        c.String("project"),
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

// withEngine opens the project and its state for one command.
func withEngine(c *cli.Context, std stdio, do func(*engine.Engine, view) error) error {
	v, err := viewOf(c, std)
	if err != nil {
		return err
	}
	o, err := underProof(optionsOf(c, std), std)
	if err != nil {
		return err
	}
	e, err := engine.Open(o)
	if err != nil {
		return badProject(err)
	}
	return errors.Join(badProject(do(e, v)), e.Close())
}
