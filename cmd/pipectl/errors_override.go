package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

func overrideCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "override",
		Usage:     "set values in a record before the steps, or take them away (人工修正)",
		ArgsUsage: "PIPELINE KEY FIELD=VALUE…",
		Description: "The values stand in for what the source sends, also when the record changes there, until somebody\n" +
			"takes them away or their time is over. The next run takes the record up with them.\n" +
			"FIELD is a path in the record: qty, lines[0].sku. VALUE is written as the source would send it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why; it is kept and shown"},
			&cli.StringFlag{Name: "until", Usage: "they hold until then: a day (2026-01-31), a time (2026-01-31T08:00:00+08:00), or for so long (2d, 6h)"},
			&cli.BoolFlag{Name: "remove", Usage: "take away what is set at these FIELDs, or everything that is set in the record"},
		},
		Action: func(c *cli.Context) error { return overrideRecord(c, std) },
	}
}

func overrideRecord(c *cli.Context, std stdio) error {
	least, what := 3, "PIPELINE KEY FIELD=VALUE… --reason TEXT [--until TIME]"
	if c.Bool("remove") {
		least, what = 2, "PIPELINE KEY [FIELD…] --remove --reason TEXT"
	}
	if err := arguments(c, least, -1, what); err != nil {
		return err
	}
	if c.String("reason") == "" {
		return usage("errors override needs --reason: it is kept beside the record, for whoever asks later")
	}
	pipeline, key, rest := c.Args().Get(0), c.Args().Get(1), c.Args().Slice()[2:]
	until, err := parseUntil(c.String("until"), time.Now())
	if err != nil {
		return exit{exitUsage, err}
	}
	var values []engine.Setting
	for _, arg := range rest {
		path, text, ok := strings.Cut(arg, "=")
		if ok == c.Bool("remove") || path == "" {
			return usage("%s: write %s", arg, what)
		}
		values = append(values, engine.Setting{Path: path, Text: text})
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		var done engine.Overridden
		if c.Bool("remove") {
			done, err = e.RemoveOverride(pipeline, key, rest, whoami(std), c.String("reason"))
		} else {
			done, err = e.Override(pipeline, key, values, whoami(std), c.String("reason"), until)
		}
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(done)
		}
		if len(done.Sets) == 0 {
			v.Line("Nothing is set in record %s any more: the next run takes it up as its source sends it.", key)
			return nil
		}
		v.Line("In record %s of %s is set, from the next run on:", v.bold(key), v.bold(pipeline))
		for _, s := range done.Sets {
			v.Line("  %s", setLine(s, ""))
		}
		return nil
	})
}

// parseUntil reads a time to come: as --until of run, but 2d are two days from now.
func parseUntil(text string, now time.Time) (time.Time, error) {
	t, err := parseTime("until", text, now)
	if err != nil {
		return t, fmt.Errorf("--until %s: write a day (2026-01-31), a time (2026-01-31T08:00:00+08:00) or for how long (2d, 6h)", text)
	}
	if t.Before(now) && !strings.ContainsAny(text, "-:T") && text != "" {
		return now.Add(now.Sub(t)), nil // 2d and 6h are how long
	}
	return t, nil
}

func overridesCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name: "overrides", Usage: "values that people have set in records", ArgsUsage: "[PIPELINE]",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "also those that no longer hold"}},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[PIPELINE]"); err != nil {
				return err
			}
			return withEngine(c, std, func(e *engine.Engine, v view) error {
				all, err := e.Overrides(c.Args().First(), c.Bool("all"))
				if err != nil {
					return err
				}
				if v.json || len(all) == 0 {
					return show(v, all, "Nothing is set in any record. (没有人工修正)")
				}
				for _, o := range all {
					v.Line("%s  %s", v.bold(o.Pipeline), v.bold(o.Key))
					for _, s := range o.Sets {
						v.Line("  %s", setLine(s, ""))
					}
					for _, s := range o.Ended {
						v.Line("  %s", v.dim(setLine(s, "")))
					}
				}
				return nil
			})
		},
	}
}

// setLine tells one set value: what, instead of what, who, when, why, and until when.
func setLine(s state.Set, instead string) string {
	line := s.Path + " = " + string(s.Value)
	if instead != "" {
		line += " (the source sends " + instead + ")"
	}
	line += fmt.Sprintf(", by %s, %s: %s", s.By, shortTime(s.At), s.Reason)
	switch {
	case !s.Ended.IsZero():
		line += fmt.Sprintf("; ended %s, %s", shortTime(s.Ended), s.EndedBy)
	case !s.Until.IsZero():
		line += "; until " + shortTime(s.Until)
	}
	return line
}

// fromSource is what the source sends in the place of a set value.
func fromSource(payload string, s state.Set) string {
	rec, err := value.ParseText(payload)
	path, err2 := value.ParsePath(s.Path)
	if err != nil || err2 != nil {
		return ""
	}
	return path.Get(rec.Value()).Display()
}
