package main

import (
	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
)

func schemaCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "the JSON Schema of a project or pipeline file, for editors",
		ArgsUsage: "pipeline|project",
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "pipeline|project"); err != nil {
				return err
			}
			var schema []byte
			switch name := c.Args().First(); name {
			case "pipeline":
				schema = engine.PipelineSchema()
			case "project":
				schema = engine.ProjectSchema(definitions())
			default:
				return usage("no schema %q: there are pipeline and project\n  → the fields of a system's objects: pipectl connectors NAME OBJECT", name)
			}
			_, err := std.out.Write(schema)
			return err
		},
	}
}
