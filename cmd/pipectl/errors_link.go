package main

import (
	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
)

func linkCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name: "link", Usage: "say which document in the target is a record's, or that it has none", ArgsUsage: "PIPELINE KEY [NUMBER|ID]",
		Description: "For records that are held because nobody but a person can tell what became of their document. The target is\n" +
			"asked whether the document is there; where it can't be asked, your word counts. The next run takes the record up:\n" +
			"it changes a linked document to what the record says, and creates one for a record without.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "none", Usage: "it has no document there: it was never written, or was deleted"},
			&cli.StringFlag{Name: "reason", Usage: "why; it is kept and shown"},
		},
		Action: func(c *cli.Context) error { return linkError(c, std) },
	}
}

func linkError(c *cli.Context, std stdio) error {
	if err := arguments(c, 2, 3, "PIPELINE KEY [NUMBER|ID] --reason TEXT"); err != nil {
		return err
	}
	document := c.Args().Get(2)
	if (document == "") != c.Bool("none") {
		return usage("errors link needs the number or the id of the document, or --none when there is none")
	}
	if c.String("reason") == "" {
		return usage("errors link needs --reason: it is kept beside the record, for whoever asks later")
	}
	return withEngine(c, std, func(e *engine.Engine, v view) error {
		done, err := e.Link(c.Context, c.Args().Get(0), c.Args().Get(1), document, whoami(std), c.String("reason"))
		if err != nil {
			return err
		}
		switch {
		case v.json:
			return v.JSON(done)
		case done.Number == "":
			v.Line("Record %s of %s has no document now; the next run creates one.", v.bold(done.Key), done.Pipeline)
		case !done.Asked:
			v.Line("Document %s is that of record %s of %s now, on your word: the target can't be asked.", v.bold(done.Number), done.Key, done.Pipeline)
		default:
			v.Line("Document %s (id %s, %s) is that of record %s of %s now; the next run brings it to what the record says.", v.bold(done.Number), done.ID, done.Stage, done.Key, done.Pipeline)
		}
		return nil
	})
}
