package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine/problem"
)

// Exit codes, as cmd/pipectl/README.md lists them.
const (
	exitDone       = 0
	exitFailed     = 1 // could not run, or paused
	exitUsage      = 2 // wrong usage, unknown command, bad project
	exitExceptions = 3 // ran, and some records became exceptions
)

// exit is an error that carries its exit code; Err may be nil when all was said already.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return exit{exitUsage, fmt.Errorf(format, args...)}
}

// execute is the program: arguments in, exit code out.
func execute(ctx context.Context, args []string, std stdio) int {
	std.args = args
	if std.parsing != nil { // the command line is the library's, and some of it is shared by all apps
		std.parsing.Lock()
		std.parsed = sync.OnceFunc(std.parsing.Unlock)
		defer std.parsed()
	}
	app := newApp(std)
	err := app.RunContext(ctx, append([]string{app.Name}, reorder(app, args)...))
	code := exitDone
	if e, ok := errors.AsType[exit](err); ok {
		code = e.code
	} else if err != nil {
		code = exitFailed
		if e, ok := errors.AsType[*problem.Error](err); ok && e.Class == problem.Fatal && e.At.Line > 0 {
			code = exitUsage
		}
	}
	if err != nil && err.Error() != "" {
		_, _ = fmt.Fprintln(std.err, err.Error())
	}
	return code
}

func newApp(std stdio) *cli.App {
	app := &cli.App{
		Name:                 "pipectl",
		Usage:                "keeps business systems in agreement: pipelines in YAML, delivered exactly once",
		UsageText:            "pipectl COMMAND [ARGUMENTS] [FLAGS]",
		Version:              version,
		HideVersion:          true,
		Writer:               std.out,
		ErrWriter:            std.err,
		EnableBashCompletion: true,
		Suggest:              true,
		ExitErrHandler:       func(*cli.Context, error) {},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "text, or json for machines", Value: "text"},
			&cli.StringFlag{Name: "project", Aliases: []string{"C"}, Usage: "the project's folder, or any place below it", Value: "."},
			&cli.StringFlag{Name: "env", Aliases: []string{"e"}, Usage: "the environment of pipectl.yaml to use", EnvVars: []string{"PIPECTL_ENV"}},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log what happens, to standard error"},
		},
		OnUsageError: badFlag,
	}
	app.CommandNotFound = func(c *cli.Context, name string) {}
	app.Action = func(c *cli.Context) error {
		if name := c.Args().First(); name != "" {
			return usage("unknown command %q%s\n  → `pipectl help` lists the commands", name, didYouMean(name, app.Commands))
		}
		return cli.ShowAppHelp(c)
	}
	app.Commands = commands(std)
	for _, c := range app.Commands {
		prepare(c, app, std)
	}
	return app
}

// prepare gives every command the same manners: errors of usage exit with 2, unknown subcommands
// are named with the nearest one, and the common flags may stand behind the command.
func prepare(c *cli.Command, app *cli.App, std stdio) {
	c.OnUsageError = app.OnUsageError
	c.Flags = append(c.Flags, app.Flags...)
	own := c.Action
	if own != nil && std.parsed != nil {
		act := own
		own = func(ctx *cli.Context) error { std.parsed(); return act(ctx) }
		c.Action = own
	}
	if len(c.Subcommands) == 0 {
		return
	}
	for _, s := range c.Subcommands {
		prepare(s, app, std)
	}
	c.Action = func(ctx *cli.Context) error {
		if name := ctx.Args().First(); name != "" && own == nil {
			return usage("unknown command %q%s\n  → `pipectl %s --help` lists them", c.Name+" "+name, didYouMean(name, c.Subcommands), c.Name)
		}
		if own != nil {
			return own(ctx)
		}
		return cli.ShowSubcommandHelp(ctx)
	}
}

// badFlag names a flag as it was typed, with the nearest one that there is.
func badFlag(c *cli.Context, err error, _ bool) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return badValue(c, err)
	}
	name = strings.TrimPrefix(name, "-")
	command, flags := "", c.App.Flags
	if c.Command != nil && c.Command.Name != c.App.Name {
		command, flags = strings.TrimPrefix(c.Command.HelpName, "pipectl ")+" ", c.Command.Flags
	}
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()[0])
	}
	return usage("unknown flag --%s%s\n  → `pipectl %s--help` lists them", name, nearest(name, "--", names), command)
}

var wrongValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([\w-]+): `)

// badValue says what a flag wants, in place of what the library says.
func badValue(c *cli.Context, err error) error {
	if name, lacks := strings.CutPrefix(err.Error(), "flag needs an argument: -"); lacks {
		return usage("--%s needs a value", strings.TrimPrefix(name, "-"))
	}
	m := wrongValue.FindStringSubmatch(err.Error())
	if m == nil {
		return exit{exitUsage, err}
	}
	what := "another value"
	for _, f := range c.Command.Flags {
		if !slices.Contains(f.Names(), m[2]) {
			continue
		}
		switch f.(type) {
		case *cli.IntFlag, *cli.Int64Flag:
			what = "a whole number, as 5"
		case *cli.DurationFlag:
			what = "a duration, as 30s, 5m or 1h"
		case *cli.BoolFlag:
			what = "true or false, or stands alone"
		}
	}
	return usage("--%s %s: it is %s", m[2], m[1], what)
}

// didYouMean proposes the nearest command, or nothing.
func didYouMean(name string, cmds []*cli.Command) string {
	var names []string
	for _, c := range cmds {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return nearest(name, "", names)
}

// nearest proposes the name that is two letters away at most, or nothing.
func nearest(name, prefix string, names []string) string {
	best, at := "", 3
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), n); d < at {
			best, at = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", prefix+best)
}

// viewOf is how the command at hand shows its result.
func viewOf(c *cli.Context, std stdio) (view, error) {
	v := view{stdio: std}
	switch o := c.String("output"); o {
	case "json":
		v.json = true
	case "text":
	default:
		return v, usage("--output %s: it is text or json", o)
	}
	v.colour = !v.json && terminal(std.out) && std.env("NO_COLOR") == "" && std.env("TERM") != "dumb"
	return v, nil
}

// arguments checks how many arguments a command was given.
func arguments(c *cli.Context, least, most int, what string) error {
	n := c.Args().Len()
	if n < least || (most >= 0 && n > most) {
		return usage("usage: pipectl %s %s", strings.TrimPrefix(c.Command.HelpName, "pipectl "), what)
	}
	return nil
}

// completionScript is what is printed by `pipectl completion SHELL`.
func completionScript(w io.Writer, shell string) error {
	script, ok := map[string]string{
		"bash": `_pipectl() {
  local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  mapfile -t COMPREPLY < <(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -F _pipectl pipectl
`,
		"zsh": `#compdef pipectl
_pipectl() {
  local -a found
  found=("${(@f)$(${words[1,CURRENT-1]} --generate-bash-completion 2>/dev/null)}")
  compadd -a found
}
compdef _pipectl pipectl
`,
		"fish": `complete -c pipectl -f -a '(set -l w (commandline -opc); $w --generate-bash-completion 2>/dev/null)'
`,
	}[shell]
	if !ok {
		return usage("completion for %q: there are bash, zsh and fish", shell)
	}
	_, err := io.WriteString(w, script)
	return err
}
