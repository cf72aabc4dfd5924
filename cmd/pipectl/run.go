package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/spec"
)

func runCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run pipelines once",
		ArgsUsage: "PIPELINE…",
		Description: "Reads what is new since the last run, delivers it, and takes up what waits.\n" +
			"Ends with 0 when all went well (records that wait for a retry included), with 3 when new\n" +
			"exceptions came up, with 1 when it could not run or a connection is down.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "key", Usage: "only this record; parts joined by /; may be given several times"},
			&cli.StringFlag{Name: "since", Usage: "read from this time on, and leave the cursor alone: 2026-01-31, 2026-01-31T08:00:00+08:00, or 2d ago as 2d"},
			&cli.StringFlag{Name: "until", Usage: "read up to this time, and leave the cursor alone"},
			&cli.IntFlag{Name: "limit", Usage: "stop after so many records"},
			&cli.BoolFlag{Name: "full", Usage: "read everything, whatever the cursor says; unchanged records still cost nothing"},
			&cli.BoolFlag{Name: "remap", Usage: "apply today's mapping to delivered records too"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be written; write nothing, neither target nor state"},
			waitFlag(),
		},
		Action: func(c *cli.Context) error { return runPipelines(c, std) },
	}
}

// waitFlag is of commands that need the state for themselves.
func waitFlag() cli.Flag {
	return &cli.DurationFlag{Name: "wait", Value: 10 * time.Minute, Usage: "how long to wait while another process has the state, as 30s or 1h; 0s: not at all"}
}

func runPipelines(c *cli.Context, std stdio) error {
	if err := arguments(c, 1, -1, "PIPELINE…"); err != nil {
		return err
	}
	o, err := runOptions(c)
	if err != nil {
		return err
	}
	if o.Reached, err = newKiller(std); err != nil {
		return err
	}
	return withState(c, std, func(e *engine.Engine, v view) error {
		code := exitDone
		for _, name := range c.Args().Slice() {
			watch := newProgress(v, name)
			o := o
			o.Progress = watch.show
			var changes []run.Change
			if o.DryRun {
				o.Planned = func(x run.Change) { changes = append(changes, x) }
			}
			report, err := e.Run(c.Context, name, o)
			watch.done()
			if err != nil && report.Run == "" {
				return badProject(err) // it never began
			}
			code = worse(code, exitCodeOf(report))
			if !v.json {
				printReport(v, e, report, o.DryRun, changes)
			} else if err := v.JSON(report); err != nil {
				return err
			}
		}
		if code != exitDone {
			return exit{code: code}
		}
		return nil
	})
}

// worse is the exit code of two runs: one that could not run says more than one with exceptions.
func worse(a, b int) int {
	if a == exitFailed || b == exitFailed {
		return exitFailed
	}
	return max(a, b)
}

func exitCodeOf(r run.Report) int {
	switch {
	case r.Status == run.Failed || r.Status == run.Paused:
		return exitFailed
	case r.New > 0:
		return exitExceptions
	}
	return exitDone
}

func runOptions(c *cli.Context) (engine.RunOptions, error) {
	o := engine.RunOptions{
		Keys: c.StringSlice("key"), Limit: c.Int("limit"),
		Full: c.Bool("full"), Remap: c.Bool("remap"), DryRun: c.Bool("dry-run"),
	}
	if o.Limit < 0 {
		return o, usage("--limit %d: it is a number of records", o.Limit)
	}
	var errs [2]error
	o.Since, errs[0] = parseTime("since", c.String("since"), time.Now())
	o.Until, errs[1] = parseTime("until", c.String("until"), time.Now())
	if err := errors.Join(errs[:]...); err != nil {
		return o, exit{exitUsage, err}
	}
	o.Said = strings.TrimSpace(said("--since", c.String("since"), o.Since) + said(" --until", c.String("until"), o.Until))
	if !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return o, usage("--since %s is not before --until %s", c.String("since"), c.String("until"))
	}
	return o, nil
}

// said is a flag as it is remembered: how long ago as it was typed, a time with its zone.
func said(flag, text string, t time.Time) string {
	if text == "" {
		return ""
	}
	if _, ago := spec.ParseDuration(text); ago {
		return flag + " " + text
	}
	return flag + " " + t.Format(time.RFC3339)
}

// parseTime reads a time of the command line: a day (its beginning, here), a time with zone, or how
// long ago.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, ok := spec.ParseDuration(text); ok && d > 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("--%s %s: write a day (2026-01-31), a time (2026-01-31T08:00:00+08:00) or how long ago (2d, 6h)", flag, text)
}

// progress shows how far a long run has come, on a terminal only, on one line that is wiped at the
// end.
type progress struct {
	v    view
	name string
	last time.Time
	on   bool
}

func newProgress(v view, name string) *progress {
	return &progress{v: v, name: name, on: !v.json && terminal(v.err), last: time.Now()}
}

func (p *progress) show(r run.Report) {
	if !p.on || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.v.err, "\r\x1b[K%s: %d read, %d delivered, %d unchanged, %d exceptions",
		p.name, r.Read, r.Delivered, r.Unchanged, r.Invalid+r.Held+r.Failed)
}

func (p *progress) done() {
	if p.on {
		_, _ = fmt.Fprint(p.v.err, "\r\x1b[K")
	}
}

// printReport tells a person what a run did: the numbers that matter, what became an exception, and
// what to do next.
func printReport(v view, e *engine.Engine, r run.Report, dry bool, changes []run.Change) {
	note := ""
	if dry {
		note = v.dim(" (dry run: nothing was written)")
	}
	v.Line("%s  %s  %s%s", v.bold(r.Pipeline), v.status(r.Status), v.dim(took(r)), note)
	for _, n := range counters(r) {
		if n.n > 0 || n.always {
			v.Line("  %6d %-10s %s", n.n, n.name, v.dim(n.means))
		}
	}
	for _, m := range r.Masters {
		v.Line("  %6s %-10s %s", "", "+ "+m.Key, v.dim("created first, in "+m.Connection+" "+m.Object+": a look-up missed it"))
	}
	for _, note := range r.Notes {
		v.Line("  %s", note)
	}
	printChanges(v, changes)
	if r.Error != nil {
		v.Line("  %s %s", v.red(cmp.Or(r.Error.ID, r.Error.Class)), r.Error.Reason)
		if r.Error.Hint != "" {
			v.Line("  → %s", r.Error.Hint)
		}
	}
	if r.Old > 0 {
		v.Line("  %s", v.dim(fmt.Sprintf("%d delivered records keep the old mapping; pipectl run %s --remap applies the new one", r.Old, r.Pipeline)))
	}
	if !dry {
		printOpen(v, e, r)
	}
}

// mostShown is how many documents of a dry run are listed, and how many exceptions.
const mostShown = 20

// printChanges lists what a dry run would do, and what it would not: no state tells that later.
func printChanges(v view, changes []run.Change) {
	documents, problems := 0, 0
	for _, x := range changes {
		if x.Problem == nil {
			if documents++; documents <= mostShown {
				v.Line("  %s %s  %s", x.What, v.bold(cmp.Or(x.TargetKey, x.Key)), v.dim(short(x.Document.JSON(), 160)))
			}
			continue
		}
		if problems++; problems > mostShown {
			continue
		}
		v.Line("  %s %s  %s", v.kind(x.What), v.bold(x.Key), engine.Told(x.Problem.Field, x.Problem.Reason))
		if next := x.Problem.Next(); next != "" {
			v.Line("    → %s", next)
		}
	}
	if documents > mostShown {
		v.Line("  %s", v.dim(fmt.Sprintf("… and %d more documents", documents-mostShown)))
	}
	if problems > mostShown {
		v.Line("  %s", v.dim(fmt.Sprintf("… and %d more exceptions", problems-mostShown)))
	}
}

func printOpen(v view, e *engine.Engine, r run.Report) {
	if r.Invalid+r.Held+r.Failed+r.Waiting == 0 {
		return
	}
	open, err := e.Groups(engine.Filter{Pipeline: r.Pipeline, All: true, Run: r.Run}, 5)
	if err != nil {
		v.Note("%v", err)
		return
	}
	printGroups(v, open, 10)
}

type counter struct {
	n           int
	name, means string
	always      bool
}

func counters(r run.Report) []counter {
	return []counter{
		{r.Read, "read", "records from the source", true},
		{r.Created, "created", "new documents in the target", false},
		{r.Updated, "updated", "documents changed in the target", false},
		{r.Delivered, "delivered", "records that are where they belong", true},
		{r.Unchanged, "unchanged", "delivered before, and the same still", false},
		{r.Filtered, "filtered", "left out by a where", false},
		{r.Withdrawn, "withdrawn", "cancelled or gone at the source", false},
		{r.Waiting, "waiting", "tried again by themselves", false},
		{r.Invalid, "invalid", "their data is wrong", false},
		{r.Held, "held", "wait for something that is missing, or for a person", false},
		{r.Failed, "failed", "retries are used up", false},
		{r.Overridden, "overridden", "carry values that people have set", false},
		{r.InDoubt, "in doubt", "settled by asking the target", false},
	}
}

func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
