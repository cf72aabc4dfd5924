package main

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
)

func statusCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "how every pipeline stands",
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 0, ""); err != nil {
				return err
			}
			return withEngine(c, std, func(e *engine.Engine, v view) error {
				all, err := e.Status()
				if err != nil {
					return err
				}
				if err := show(v, all, "the project has no pipelines", statusColumns(v)...); err != nil || v.json {
					return err
				}
				printBackfills(v, all)
				if len(all) > 0 && all[0].Backup != nil {
					v.Line("last backup %s  %s", longTime(all[0].Backup.At), v.dim(all[0].Backup.File))
				}
				printTrouble(v, all)
				return nil
			})
		},
	}
}

// printBackfills tells which windows were not read to their end, and how to go on.
func printBackfills(v view, all []engine.Status) {
	for _, s := range all {
		if w := s.Backfill; w != nil {
			v.Line("%s: a back-fill that began %s is not finished, and stands at %s", v.bold(s.Pipeline), shortTime(w.Started), cmp.Or(w.Cursor, "its beginning"))
			v.Line("  → pipectl run %s %s goes on there", s.Pipeline, w.Said)
		}
	}
}

func statusColumns(v view) []column[engine.Status] {
	count := func(n int, paint func(string) string) string {
		if n == 0 {
			return v.dim("0")
		}
		return paint(strconv.Itoa(n))
	}
	return []column[engine.Status]{
		{title: "pipeline", cell: func(s engine.Status) string { return v.bold(s.Pipeline) }},
		{title: "schedule", cell: func(s engine.Status) string { return s.Schedule }},
		{title: "last run", cell: func(s engine.Status) string {
			if s.Last == "" {
				return v.dim("never")
			}
			return v.status(s.Last) + " " + shortTime(s.Started)
		}},
		{title: "cursor", cell: func(s engine.Status) string { return s.Cursor }},
		{title: "waiting", right: true, cell: func(s engine.Status) string { return count(s.Waiting, v.yellow) }},
		{title: "invalid", right: true, cell: func(s engine.Status) string { return count(s.Invalid, v.red) }},
		{title: "held", right: true, cell: func(s engine.Status) string { return count(s.Held, v.yellow) }},
		{title: "failed", right: true, cell: func(s engine.Status) string { return count(s.Failed, v.red) }},
	}
}

func (v view) status(s run.Status) string {
	switch s {
	case run.Done:
		return v.green(string(s))
	case run.Failed:
		return v.red(string(s))
	case run.Exceptions, run.Paused:
		return v.yellow(string(s))
	}
	return string(s)
}

func shortTime(t time.Time) string { return t.Local().Format("01-02 15:04:05") }

func runsCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "runs",
		Usage:     "past runs, the newest first",
		ArgsUsage: "[PIPELINE]",
		Flags:     []cli.Flag{&cli.IntFlag{Name: "limit", Value: 20, Usage: "how many; 0 for all that are kept"}},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[PIPELINE]"); err != nil {
				return err
			}
			return withEngine(c, std, func(e *engine.Engine, v view) error {
				all, err := e.Runs(c.Args().First(), c.Int("limit"))
				if err != nil {
					return err
				}
				return show(v, all, "no runs yet", runColumns(v)...)
			})
		},
	}
}

func runColumns(v view) []column[run.Report] {
	number := func(title string, n func(run.Report) int) column[run.Report] {
		return column[run.Report]{title: title, right: true, cell: func(r run.Report) string {
			if n(r) == 0 {
				return v.dim("0")
			}
			return strconv.Itoa(n(r))
		}}
	}
	return []column[run.Report]{
		{title: "started", cell: func(r run.Report) string { return shortTime(r.Started) }},
		{title: "took", right: true, cell: func(r run.Report) string { return took(r) }},
		{title: "pipeline", cell: func(r run.Report) string { return v.bold(r.Pipeline) }},
		{title: "status", cell: func(r run.Report) string { return v.status(r.Status) }},
		number("read", func(r run.Report) int { return r.Read }),
		number("unchanged", func(r run.Report) int { return r.Unchanged }),
		number("filtered", func(r run.Report) int { return r.Filtered }),
		number("delivered", func(r run.Report) int { return r.Delivered }),
		number("withdrawn", func(r run.Report) int { return r.Withdrawn }),
		number("waiting", func(r run.Report) int { return r.Waiting }),
		number("invalid", func(r run.Report) int { return r.Invalid }),
		number("held", func(r run.Report) int { return r.Held }),
		number("failed", func(r run.Report) int { return r.Failed }),
		{title: "run", cell: func(r run.Report) string { return v.dim(r.Run) }},
	}
}

func took(r run.Report) string {
	d := r.Finished.Sub(r.Started)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
