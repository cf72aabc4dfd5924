package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
)

func stateCommand(std stdio) *cli.Command {
	reason := &cli.StringFlag{Name: "reason", Usage: "why; it is kept with the state and shown"}
	dry := &cli.BoolFlag{Name: "dry-run", Usage: "only say what would be done"}
	return &cli.Command{
		Name:  "state",
		Usage: "what pipectl remembers: look at it, back it up, put it back (状态、备份与恢复)",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "the file, and what it holds of each pipeline", ArgsUsage: "[PIPELINE]",
				Action: func(c *cli.Context) error { return showState(c, std) },
			},
			{
				Name: "set-cursor", Usage: "read on from another place", ArgsUsage: "PIPELINE TIME|TEXT", Flags: []cli.Flag{reason, dry, waitFlag()},
				Action: func(c *cli.Context) error { return setCursor(c, std) },
			},
			{
				Name: "move", Usage: "the pipeline was renamed, or its connection points to another account with the same documents", ArgsUsage: "OLD NEW | PIPELINE --account",
				Flags:  []cli.Flag{reason, dry, waitFlag(), &cli.BoolFlag{Name: "account", Usage: "the documents are in the account that the connection points to now"}},
				Action: func(c *cli.Context) error { return moveState(c, std) },
			},
			{
				Name: "rekey", Usage: "the pipeline's key or target key was changed: its records keep their documents", ArgsUsage: "PIPELINE", Flags: []cli.Flag{reason, dry, waitFlag()},
				Action: func(c *cli.Context) error { return carryState(c, std, (*engine.Engine).Rekey) },
			},
			{
				Name: "fresh", Usage: "begin with an empty ledger: every record is new; known documents of the same number are taken over", ArgsUsage: "PIPELINE", Flags: []cli.Flag{reason, dry, waitFlag()},
				Action: func(c *cli.Context) error { return carryState(c, std, (*engine.Engine).Fresh) },
			},
			{
				Name: "backup", Usage: "copy the state, also while runs go on", ArgsUsage: "[FILE|FOLDER]",
				Action: func(c *cli.Context) error { return backupState(c, std) },
			},
			{
				Name: "restore", Usage: "put a backup in the place of the state; what was there is kept beside it", ArgsUsage: "FILE",
				Flags:  []cli.Flag{reason, &cli.BoolFlag{Name: "force", Usage: "also over a state that is whole and newer"}},
				Action: func(c *cli.Context) error { return restoreState(c, std) },
			},
			{
				Name: "compact", Usage: "write the file anew, without the room that removed rows have left",
				Action: func(c *cli.Context) error { return compactState(c, std) },
			},
		},
	}
}

// decisionOf is who changes the state, and why: without a reason nobody does.
func decisionOf(c *cli.Context, std stdio) (engine.Decision, error) {
	d := engine.Decision{By: whoami(std), Reason: c.String("reason"), DryRun: c.Bool("dry-run")}
	if d.Reason == "" && !d.DryRun {
		return d, usage("%s needs --reason: it is kept with the state, for whoever asks later", strings.TrimPrefix(c.Command.HelpName, "pipectl "))
	}
	return d, nil
}

func showState(c *cli.Context, std stdio) error {
	if err := arguments(c, 0, 1, "[PIPELINE]"); err != nil {
		return err
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		s, err := e.State(c.Args().First())
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(s)
		}
		v.Line("%s  %s, format %d", v.bold(s.File), sizeText(s.Bytes), s.Format)
		if s.Backup != nil {
			v.fact("last backup", longTime(s.Backup.At)+"  "+s.Backup.File)
		} else {
			v.fact("last backup", v.yellow("never")+"  → pipectl state backup")
		}
		if s.Restored != nil {
			v.fact("restored", longTime(s.Restored.At)+", from a backup of "+longTime(s.Restored.Backup))
		}
		for _, p := range s.Pipelines {
			showPipeline(v, p)
		}
		if len(s.Notes) > 0 {
			v.Line("%s", v.bold("by hand"))
		}
		for _, n := range s.Notes {
			v.Line("  %s  %s  %s", longTime(n.At), n.By, strings.TrimSpace(n.Pipeline+" "+n.What))
			if n.Reason != "" {
				v.Line("    %s", v.dim(n.Reason))
			}
		}
		return nil
	})
}

func showPipeline(v view, p engine.PipelineInfo) {
	name := v.bold(p.Pipeline)
	if !p.InProject {
		name += "  " + v.yellow("not in the project any more")
	}
	v.Line("%s", name)
	v.fact("key", strings.Join(p.Identity.Key, ", "))
	if p.Identity.Object != "" {
		v.fact("target", fmt.Sprintf("%s %s by %s, account %s", p.Identity.Connection, p.Identity.Object, p.Identity.TargetKey, p.Identity.Account))
	}
	v.fact("cursor", p.Cursor)
	v.fact("records", counts(p.Records))
	v.fact("documents", counts(p.Documents))
	v.fact("exceptions", counts(p.Exceptions))
	if p.Resolved > 0 {
		v.fact("closed", count(p.Resolved, "exception"))
	}
	if p.Kept > 0 {
		v.fact("kept", count(p.Kept, "row"))
	}
	if p.InFlight > 0 {
		v.fact("on their way", count(p.InFlight, "record")+" when the process ended; the next run settles them")
	}
	if p.Restored != nil {
		v.fact("in doubt", "what was written between "+longTime(p.Restored.Backup)+" and "+longTime(p.Restored.At)+" is asked for in the target")
	}
}

// fact shows one line of a description; nothing for nothing.
func (v view) fact(name, text string) {
	if text != "" {
		v.Line("  %-12s %s", name, text)
	}
}

// counts shows numbers by name: "1,204 delivered, 3 held".
func counts(n map[string]int) string {
	var out []string
	for _, name := range slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], strings.Compare(a, b)) }) {
		out = append(out, fmt.Sprintf("%d %s", n[name], name))
	}
	return strings.Join(out, ", ")
}

func longTime(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// sizeText shows a size: "16.8 MB".
func sizeText(n int64) string {
	size, unit := float64(n), 0
	for ; size >= 1000 && unit < 4; unit++ {
		size /= 1000
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %cB", size, "kMGT"[unit-1])
}

func setCursor(c *cli.Context, std stdio) error {
	if err := arguments(c, 2, 2, "PIPELINE TIME|TEXT --reason TEXT"); err != nil {
		return err
	}
	d, err := decisionOf(c, std)
	if err != nil {
		return err
	}
	return withState(c, std, func(e *engine.Engine, v view) error {
		at, err := parseTime("to", c.Args().Get(1), time.Now())
		if err != nil {
			at = time.Time{} // it may be what the connector understands
		}
		m, err := e.SetCursor(c.Args().First(), c.Args().Get(1), at, d)
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(m)
		}
		v.Line("%s: cursor %s → %s%s", v.bold(m.Pipeline), cmp.Or(m.From, "none"), v.bold(m.To), dryNote(d))
		if m.To > m.From && m.From != "" {
			v.Line("  → what changed between both is not read: `pipectl run %s --since %s --until %s` would", m.Pipeline, m.From, m.To)
		}
		return nil
	})
}

func moveState(c *cli.Context, std stdio) error {
	if c.Bool("account") {
		return carryState(c, std, (*engine.Engine).MoveAccount)
	}
	if err := arguments(c, 2, 2, "OLD NEW --reason TEXT, or PIPELINE --account --reason TEXT"); err != nil {
		return err
	}
	d, err := decisionOf(c, std)
	if err != nil {
		return err
	}
	return withState(c, std, func(e *engine.Engine, v view) error {
		done, err := e.Move(c.Args().Get(0), c.Args().Get(1), d)
		if err != nil {
			return err
		}
		return showCarried(v, done)
	})
}

// carryState is one of the ways on after the identity of a pipeline was edited.
func carryState(c *cli.Context, std stdio, do func(*engine.Engine, context.Context, string, engine.Decision) (engine.Carried, error)) error {
	if err := arguments(c, 1, 1, "PIPELINE --reason TEXT"); err != nil {
		return err
	}
	d, err := decisionOf(c, std)
	if err != nil {
		return err
	}
	return withState(c, std, func(e *engine.Engine, v view) error {
		done, err := do(e, c.Context, c.Args().First(), d)
		if err != nil {
			return err
		}
		return showCarried(v, done)
	})
}

func showCarried(v view, done engine.Carried) error {
	if v.json {
		return v.JSON(done)
	}
	v.Line("%s: %s%s", v.bold(done.Pipeline), done.What, dryNote(engine.Decision{DryRun: done.DryRun}))
	v.fact("ledger", count(done.Records, "record")+", "+count(done.Exceptions, "exception"))
	if len(done.Also) > 1 {
		v.fact("with it", strings.Join(done.Also, ", "))
	}
	return nil
}

func dryNote(d engine.Decision) string {
	if d.DryRun {
		return "  (nothing was changed: --dry-run)"
	}
	return ""
}

func backupState(c *cli.Context, std stdio) error {
	if err := arguments(c, 0, 1, "[FILE|FOLDER]"); err != nil {
		return err
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		to := c.Args().First()
		if to != "" {
			to = std.abs(to)
		}
		made, err := e.Backup(to)
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(made)
		}
		v.Line("%s  %s, every row read and found whole", v.bold(made.File), sizeText(made.Bytes))
		v.Line("  → put it back with: pipectl state restore %s", made.File)
		return nil
	})
}

func restoreState(c *cli.Context, std stdio) error {
	if err := arguments(c, 1, 1, "FILE --reason TEXT [--force]"); err != nil {
		return err
	}
	v, err := viewOf(c, std)
	if err != nil {
		return err
	}
	d, err := decisionOf(c, std)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(c.Args().First())
	if err != nil {
		return err
	}
	back, err := engine.Restore(optionsOf(c, std), file, c.Bool("force"), d)
	if err != nil {
		return badProject(err)
	}
	if v.json {
		return v.JSON(back)
	}
	v.Line("%s is the backup of %s now", v.bold(back.State), longTime(back.Backup))
	if back.Old != "" {
		v.Line("  the state that was there: %s", back.Old)
	}
	v.Line("  → documents written since the backup are asked for in the target before anything is sent: go on with pipectl run")
	return nil
}

func compactState(c *cli.Context, std stdio) error {
	if err := arguments(c, 0, 0, ""); err != nil {
		return err
	}
	v, err := viewOf(c, std)
	if err != nil {
		return err
	}
	done, err := engine.Compact(optionsOf(c, std))
	if err != nil {
		return badProject(err)
	}
	if v.json {
		return v.JSON(done)
	}
	v.Line("%s: %s before, %s after", v.bold(done.File), sizeText(done.Before), sizeText(done.After))
	return nil
}
