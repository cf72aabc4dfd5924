package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
)

func validateCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:        "validate",
		Usage:       "everything that can be known without a network",
		ArgsUsage:   "[PATH…]",
		Description: "Reads pipectl.yaml, all pipelines and tables, and reports every mistake of every file at\nonce, with line, column and the nearest name that exists. PATH is a project, or a file of it.",
		Action: func(c *cli.Context) error {
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			paths := c.Args().Slice()
			if len(paths) == 0 {
				paths = []string{c.String("project")}
			}
			return validate(c, std, v, paths)
		},
	}
}

// mistake is one problem as JSON shows it.
type mistake struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}

type validation struct {
	Valid     bool      `json:"valid"`
	Pipelines []string  `json:"pipelines"`
	Problems  []mistake `json:"problems"`
	Notices   []mistake `json:"notices"`
}

func validate(c *cli.Context, std stdio, v view, paths []string) error {
	var problems, notices problem.List
	out := validation{Pipelines: []string{}, Problems: []mistake{}, Notices: []mistake{}}
	for _, p := range paths {
		o := optionsOf(c, std)
		o.Path = p
		e, found := engine.Check(o)
		problems = append(problems, found...)
		if e == nil {
			continue
		}
		notices = append(notices, e.Project.Notices...)
		for _, x := range e.Project.Pipelines {
			out.Pipelines = append(out.Pipelines, x.Name.Text)
		}
	}
	out.Valid = len(problems) == 0
	out.Problems, out.Notices = mistakes(problems), mistakes(notices)
	if v.json {
		if err := v.JSON(out); err != nil {
			return err
		}
	} else {
		for _, n := range notices {
			v.Note("%s", n.Notice())
		}
	}
	if out.Valid {
		if !v.json {
			v.Line("%s %s: %s", v.green("valid"), count(len(out.Pipelines), "pipeline"), strings.Join(out.Pipelines, ", "))
		}
		return nil
	}
	if v.json {
		return exit{code: exitUsage}
	}
	return exit{exitUsage, errors.New(problems.Error() + "\n" + count(len(problems), "mistake") + "; nothing was run")}
}

func mistakes(list problem.List) []mistake {
	out := []mistake{}
	for _, e := range list {
		out = append(out, mistake{e.At.File, e.At.Line, e.At.Col, e.ID, e.Reason, e.Hint})
	}
	return out
}

func doctorCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "address, credentials, clock, allow-list, rights, state",
		ArgsUsage: "[CONNECTION…]",
		Action: func(c *cli.Context) error {
			return withEngine(c, std, func(e *engine.Engine, v view) error {
				all, err := e.Doctor(c.Context, c.Args().Slice())
				if err != nil {
					return badProject(err)
				}
				bad := 0
				for _, f := range all {
					if !f.OK {
						bad++
					}
				}
				if v.json {
					err = v.JSON(all)
				} else {
					printFindings(v, all)
				}
				if err == nil && bad > 0 {
					err = exit{code: exitFailed}
				}
				return err
			})
		},
	}
}

func printFindings(v view, all []engine.Finding) {
	subject := ""
	for _, f := range all {
		if f.Subject != subject {
			subject = f.Subject
			v.Line("%s", v.bold(subject))
		}
		mark := v.green("ok ")
		if !f.OK {
			mark = v.red("bad")
		}
		v.Line("  %s %-14s %s", mark, f.What, strings.TrimSpace(f.Code+" "+f.Detail))
		if f.Hint != "" {
			v.Line("      → %s", f.Hint)
		}
	}
}

func tableCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:  "table",
		Usage: "cross-reference tables (对照表)",
		Subcommands: []*cli.Command{{
			Name:      "check",
			Usage:     "columns, rows that stand twice, values that records wait for",
			ArgsUsage: "[TABLE…]",
			Action: func(c *cli.Context) error {
				return withEngine(c, std, func(e *engine.Engine, v view) error {
					all, err := e.CheckTables(c.Args().Slice())
					if err != nil {
						return badProject(err)
					}
					return show(v, all, "the project has no tables",
						column[engine.TableCheck]{title: "table", cell: func(t engine.TableCheck) string { return v.bold(t.Table) }},
						column[engine.TableCheck]{title: "rows", right: true, cell: func(t engine.TableCheck) string { return strconv.Itoa(t.Rows) }},
						column[engine.TableCheck]{title: "used by", cell: func(t engine.TableCheck) string { return strings.Join(t.UsedBy, ", ") }},
						column[engine.TableCheck]{title: "twice", cell: func(t engine.TableCheck) string { return twice(t) }},
						column[engine.TableCheck]{title: "missing, and how many wait", cell: func(t engine.TableCheck) string { return missing(v, t) }})
				})
			},
		}},
	}
}

func twice(t engine.TableCheck) string {
	var parts []string
	for _, d := range t.Twice {
		parts = append(parts, fmt.Sprintf("%s (lines %v)", strings.Join(d.Values, "/"), strings.Trim(fmt.Sprint(d.Lines), "[]")))
	}
	return strings.Join(parts, "; ")
}

func missing(v view, t engine.TableCheck) string {
	var parts []string
	for _, m := range t.Missing {
		parts = append(parts, v.yellow(fmt.Sprintf("%s: %d", m.Key, m.Records)))
	}
	return strings.Join(parts, "; ")
}
