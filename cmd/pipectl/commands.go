package main

import "github.com/urfave/cli/v2"

// commands is the command tree, in the order in which help shows it.
func commands(std stdio) []*cli.Command {
	return []*cli.Command{
		demoCommand(std),
		initCommand(std),
		validateCommand(std),
		doctorCommand(std),
		runCommand(std),
		statusCommand(std),
		runsCommand(std),
		errorsCommand(std),
		stateCommand(std),
		tableCommand(std),
		sandboxCommand(std),
		connectorsCommand(std),
		schemaCommand(std),
		explainCommand(std),
		completionCommand(std),
		versionCommand(std),
		generateCommand(std),
	}
}
