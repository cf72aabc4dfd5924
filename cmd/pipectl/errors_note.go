package main

import (
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
)

func groupsCommand(std stdio, filters []cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "groups", Usage: "one line a cause: how many records, since when, how much money", Flags: filters,
		Action: func(c *cli.Context) error {
			f, err := filterOf(c)
			if err != nil {
				return err
			}
			return withEngine(c, std, func(e *engine.Engine, v view) error {
				groups, err := e.Groups(f, 1)
				if err != nil {
					return err
				}
				return show(v, groups, nothingOpen, groupColumns(v)...)
			})
		},
	}
}

func groupColumns(v view) []column[engine.Group] {
	return []column[engine.Group]{
		{title: "pipeline", cell: func(g engine.Group) string { return v.bold(g.Pipeline) }},
		{title: "kind", cell: func(g engine.Group) string { return v.kind(g.Kind) }},
		{title: "records", right: true, cell: func(g engine.Group) string { return strconv.Itoa(g.Count) }},
		{title: "amount", right: true, cell: func(g engine.Group) string { return g.Amount }},
		{title: "since", cell: func(g engine.Group) string { return shortTime(g.Oldest) }},
		{title: "cause", cell: func(g engine.Group) string { return short(g.Cause, 100) }},
	}
}

func noteCommand(std stdio, filters []cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "note", Usage: "say who takes care of exceptions, what is to be known, and until when", ArgsUsage: "PIPELINE [KEY]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "owner", Usage: "who takes care"},
			&cli.StringFlag{Name: "note", Usage: "a remark"},
			&cli.StringFlag{Name: "due", Usage: "to be settled by then: a day, a time, or in 2d, 6h"},
		}, filters...),
		Action: func(c *cli.Context) error { return noteErrors(c, std) },
	}
}

func noteErrors(c *cli.Context, std stdio) error {
	if err := arguments(c, 1, 2, "PIPELINE [KEY] [--owner NAME] [--note TEXT] [--due TIME]"); err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	due, err := parseUntil(c.String("due"), time.Now())
	if err != nil {
		return usage("--due %s: write a day (2026-01-31), a time (2026-01-31T08:00:00+08:00) or in how long (2d, 6h)", c.String("due"))
	}
	given := func(name string) *string {
		if text := c.String(name); c.IsSet(name) {
			return &text
		}
		return nil
	}
	var deadline *time.Time
	if c.IsSet("due") {
		deadline = &due
	}
	if given("owner") == nil && given("note") == nil && deadline == nil {
		return usage("errors note needs --owner, --note or --due")
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		n, err := e.Note(f, given("owner"), given("note"), deadline)
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(n)
		}
		v.Line("%s noted.", count(n.Records, "record"))
		return nil
	})
}
