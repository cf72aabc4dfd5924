package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine/problem"
)

func explainCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "what an error code means and what to do",
		ArgsUsage: "PCnnn",
		Action: func(c *cli.Context) error {
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			if err := arguments(c, 0, 1, "PCnnn"); err != nil {
				return err
			}
			if c.Args().Len() == 0 {
				return listCodes(v)
			}
			page, ok := problem.Page(c.Args().First())
			if !ok {
				page, ok = problem.Page("PC" + c.Args().First())
			}
			if !ok {
				return usage("no error code %q\n  → `pipectl explain` lists them all", c.Args().First())
			}
			if v.json {
				return v.JSON(map[string]string{"code": strings.ToUpper(c.Args().First()), "page": page})
			}
			_, err = io.WriteString(v.out, page)
			return err
		},
	}
}

func listCodes(v view) error {
	type code struct {
		Code  string `json:"code"`
		Title string `json:"title"`
	}
	var all []code
	for _, c := range problem.Codes() {
		all = append(all, code{c[0], c[1]})
	}
	return show(v, all, "no codes",
		column[code]{title: "code", cell: func(c code) string { return c.Code }},
		column[code]{title: "meaning", cell: func(c code) string { return c.Title }})
}

func completionCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "a completion script for your shell",
		ArgsUsage: "bash|zsh|fish",
		Description: "Put this into your shell's start file:\n" +
			"   source <(pipectl completion bash)",
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "bash|zsh|fish"); err != nil {
				return err
			}
			return completionScript(std.out, c.Args().First())
		},
	}
}

func versionCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "the program's version",
		Action: func(c *cli.Context) error {
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			if v.json {
				return v.JSON(map[string]string{"version": version})
			}
			_, err = fmt.Fprintln(v.out, "pipectl "+version)
			return err
		},
	}
}
