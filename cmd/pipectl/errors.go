package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

func errorsCommand(std stdio) *cli.Command {
	filters := []cli.Flag{
		&cli.StringFlag{Name: "pipeline", Usage: "of this pipeline only"},
		&cli.StringFlag{Name: "kind", Usage: "waiting, invalid, held or failed only"},
		&cli.StringFlag{Name: "cause", Usage: "whose cause holds this text: a SKU, a table's name"},
		&cli.StringFlag{Name: "field", Usage: "whose field holds this text"},
		&cli.StringFlag{Name: "older-than", Usage: "that came up before then: 2d ago as 2d, or a time"},
	}
	listed := []cli.Flag{
		&cli.BoolFlag{Name: "all", Usage: "waiting records too, which are no exceptions yet"},
		&cli.IntFlag{Name: "limit", Value: 50, Usage: "so many keys of a cause, the oldest; 0: all"},
	}
	list := func(c *cli.Context) error { return listErrors(c, std) }
	return &cli.Command{
		Name:  "errors",
		Usage: "records that could not be delivered: why, and the way out (异常数据)",
		Flags: append(listed, filters...),
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 0 {
				return usage("unknown command %q%s\n  → pipectl errors [list|groups|show|retry|link|skip|note|override|overrides]", "errors "+c.Args().First(), didYouMean(c.Args().First(), c.Command.Subcommands))
			}
			return listErrors(c, std)
		},
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "what is open, by cause, with the keys", ArgsUsage: "[PIPELINE]", Flags: append(listed, filters...), Action: list},
			{Name: "show", Usage: "one exception whole, with the record as it was read", ArgsUsage: "PIPELINE KEY", Action: func(c *cli.Context) error { return showError(c, std) }},
			{
				Name: "retry", Usage: "the next run takes these up, whatever their due time", ArgsUsage: "[PIPELINE [KEY]]",
				Flags: filters, Action: func(c *cli.Context) error { return retryErrors(c, std) },
			},
			linkCommand(std),
			{
				Name: "skip", Usage: "leave these records alone until they change at the source", ArgsUsage: "PIPELINE [KEY]",
				Flags:  append([]cli.Flag{&cli.StringFlag{Name: "reason", Usage: "why; it is kept and shown"}}, filters...),
				Action: func(c *cli.Context) error { return skipErrors(c, std) },
			},
			groupsCommand(std, filters),
			noteCommand(std, filters),
			overrideCommand(std),
			overridesCommand(std),
		},
	}
}

func filterOf(c *cli.Context) (engine.Filter, error) {
	f := engine.Filter{
		Pipeline: cmp.Or(c.Args().Get(0), c.String("pipeline")), Key: c.Args().Get(1),
		Kind: c.String("kind"), Cause: c.String("cause"), Field: c.String("field"), All: c.Bool("all"),
	}
	var err error
	if f.Before, err = parseTime("older-than", c.String("older-than"), time.Now()); err != nil {
		return f, exit{exitUsage, err}
	}
	switch f.Kind {
	case "", "waiting", "invalid", "held", "failed":
		return f, nil
	}
	return f, usage("--kind %s: it is waiting, invalid, held or failed", f.Kind)
}

func listErrors(c *cli.Context, std stdio) error {
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	if c.Int("limit") < 0 {
		return usage("--limit %d: it is a number of keys, or 0 for all", c.Int("limit"))
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		if v.json {
			return showAll(v, func(show func(state.Exception) error) error {
				return e.EachException(f, func(x state.Exception) error {
					x.Hint = engine.Next(x)
					return show(x)
				})
			})
		}
		groups, err := e.Groups(f, c.Int("limit"))
		if err != nil {
			return err
		}
		if len(groups) == 0 {
			v.Line("%s", nothingOpen)
			return nil
		}
		printGroups(v, groups, 100)
		v.Line("%s", v.dim("pipectl errors show PIPELINE KEY shows one whole; errors retry and errors skip act on them."))
		return nil
	})
}

const nothingOpen = "Nothing is open. (没有异常数据)"

// printGroups tells what is open, a paragraph a cause, at most so many: since when, how much money,
// the keys, and the way out.
func printGroups(v view, groups []engine.Group, most int) {
	for i, g := range groups {
		if i == most {
			v.Line("%s", v.dim("… and "+count(len(groups)-i, "more cause")+": pipectl errors groups"))
			break
		}
		v.Line("%s  %s%s", v.kind(g.Kind), v.bold(count(g.Count, "record")+" of "+g.Pipeline), v.dim(groupLine(g)))
		v.Line("  %s", cmp.Or(g.Reason, g.Cause))
		for _, m := range g.Members {
			v.Line("%s", memberLine(v, g, m))
		}
		if more := g.Count - len(g.Members); more > 0 {
			v.Line("  %s", v.dim("… and "+strconv.Itoa(more)+" more: "+g.List()+" --limit 0"))
		}
		if g.Hint != "" {
			v.Line("  → %s", g.Hint)
		}
	}
}

// memberLine is one record below its cause.
func memberLine(v view, g engine.Group, m engine.Member) string {
	line := "  " + m.Key
	if m.Field != "" && g.Count > 1 && !strings.HasPrefix(g.Cause, m.Field) {
		line += "  " + m.Field
	}
	if m.Amount != "" {
		line += "  " + m.Amount
	}
	if !m.Due.IsZero() {
		line += "  " + v.dim("next attempt "+shortTime(m.Due))
	}
	return line
}

// groupLine is what hangs on a group: since when, and how much money.
func groupLine(g engine.Group) string {
	line := ", since " + shortTime(g.Oldest)
	if g.Amount != "" {
		line += ", amount " + g.Amount
	}
	if g.Unknown > 0 {
		line += fmt.Sprintf(" without %d that tell none", g.Unknown)
	}
	return line
}

func (v view) kind(k string) string {
	switch k {
	case "invalid", "failed":
		return v.red(k)
	}
	return v.yellow(k)
}

// count is a number with its noun: "1 record", "3 records".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func showError(c *cli.Context, std stdio) error {
	if err := arguments(c, 2, 2, "PIPELINE KEY"); err != nil {
		return err
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		x, err := e.Exception(c.Args().Get(0), c.Args().Get(1))
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(x)
		}
		v.Line("%s %s, record %s  %s", v.kind(string(x.Kind)), v.bold(x.Pipeline), v.bold(x.Key), v.dim(string(x.Status)))
		for _, row := range [][2]string{
			{"field", x.Field},
			{"reason", x.Reason},
			{"code", strings.Join(strings.Fields(x.ID+" "+x.Code), " ")},
			{"written at", x.At},
			{"document", x.TargetKey},
			{"amount", x.Amount},
			{"since", shortTime(x.First)},
			{"last attempt", shortTime(x.Last)},
			{"attempts", strconv.Itoa(x.Attempts)},
			{"owner", x.Owner},
			{"note", x.Note},
			{"to settle by", dayTime(x.Deadline)},
			{"closed", closedLine(x.Exception)},
		} {
			if row[1] != "" {
				v.Line("  %-13s %s", row[0], row[1])
			}
		}
		for _, s := range x.Set {
			v.Line("  %-13s %s", "set", setLine(s, fromSource(x.Payload, s)))
		}
		for _, cause := range x.Causes {
			v.Line("  %-13s %s", "waits for", cause.String())
		}
		for _, m := range x.More {
			v.Line("  %-13s %s", "also", m)
		}
		if x.Hint != "" && x.Status != state.Closed {
			v.Line("  → %s", x.Hint)
		}
		if x.Payload != "" {
			title := "the record as it was read:"
			if x.Partial {
				title = "what could be read of the record:"
			}
			v.Line("%s", v.dim(title))
			text := indented(x.Payload)
			v.Line("%s", problem.Cut(text, mostOfRecord))
			if len(text) > mostOfRecord {
				v.Line("%s", v.dim("it has "+strconv.Itoa(len(x.Payload))+" bytes; -o json shows all of them"))
			}
		}
		return nil
	})
}

func dayTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

func closedLine(x state.Exception) string {
	if x.Status != state.Closed {
		return ""
	}
	return shortTime(x.Resolved) + ", " + x.ResolvedBy
}

// mostOfRecord is how much of a record is shown to a person.
const mostOfRecord = 16 << 10

func indented(raw string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(json.RawMessage(raw)); err != nil {
		return raw // what can't be read as JSON is shown as it is
	}
	return strings.TrimSpace(b.String())
}

func retryErrors(c *cli.Context, std stdio) error {
	if err := arguments(c, 0, 2, "[PIPELINE [KEY]]"); err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		n, err := e.Retry(f, whoami(std))
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(n)
		}
		v.Line("%s will be taken up by the next run.", count(n.Records, "record"))
		return nil
	})
}

func skipErrors(c *cli.Context, std stdio) error {
	if err := arguments(c, 1, 2, "PIPELINE [KEY] --reason TEXT"); err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	if c.String("reason") == "" {
		return usage("errors skip needs --reason: it is kept beside the record, for whoever asks later")
	}
	if f.Key == "" && f.Cause == "" && f.Field == "" && f.Kind == "" && f.Before.IsZero() {
		return usage("errors skip needs a key, or --cause, --field or --kind\n  → to skip everything of a pipeline give --kind for each kind")
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		n, err := e.Skip(f, whoami(std), c.String("reason"))
		if err != nil {
			return err
		}
		if v.json {
			return v.JSON(n)
		}
		v.Line("%s skipped: left alone until the source changes them.", count(n.Records, "record"))
		if n.Left > 0 {
			v.Line("%s in doubt: the next run asks the target first.", count(n.Left, "record")+" not skipped,")
		}
		return nil
	})
}

func whoami(std stdio) string {
	if std.user != "" {
		return std.user
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
