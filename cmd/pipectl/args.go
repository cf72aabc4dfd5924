package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// reorder puts flags before arguments, because cli v2 takes a flag that stands behind an
// argument for an argument: `run order-sync --dry-run` would be a real run. Flags before a command
// go behind its name, because cli v2 lets the command's own, unset flag of the same name win:
// `-e prod run` would run against the default environment. Everything behind "--" stays as it is.
func reorder(app *cli.App, args []string) []string {
	var path []string
	cmds, flags := app.Commands, app.Flags
	var front, back []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return slices.Concat(path, front, back, args[i:])
		case len(a) > 1 && a[0] == '-':
			front = append(front, a)
			if takesValue(flags, a) && i+1 < len(args) {
				i++
				front = append(front, args[i])
			}
		case len(back) == 0 && command(cmds, a) != nil:
			c := command(cmds, a)
			path = append(path, a)
			cmds, flags = c.Subcommands, slices.Concat(app.Flags, c.Flags)
		default:
			back = append(back, a)
		}
	}
	return slices.Concat(path, front, back)
}

func command(cmds []*cli.Command, name string) *cli.Command {
	for _, c := range cmds {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// takesValue says whether the flag as written ("-o", "--key") is followed by its value.
func takesValue(flags []cli.Flag, written string) bool {
	if strings.Contains(written, "=") {
		return false
	}
	name := strings.TrimLeft(written, "-")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}
