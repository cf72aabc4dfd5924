package main

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine/sandbox"
)

func sandboxCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "sandbox",
		Usage:     "run vendor simulators on loopback, to develop against",
		ArgsUsage: "[NAME…]",
		Description: "Each simulator listens on a port of its own, counted from that of --addr, and is as empty of\n" +
			"surprises as the vendor's system: signatures are verified, tokens expire, limits bite.\n" +
			"Below /_sandbox/ it shows what is stored and takes commands: faults, latency, the clock, actions.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Value: "127.0.0.1:8800", Usage: "address of the first; the others follow, one port each"},
			&cli.Int64Flag{Name: "seed", Value: 1, Usage: "the same seed gives the same data"},
			&cli.IntFlag{Name: "orders", Usage: "how many orders there are at the start"},
			&cli.StringFlag{Name: "credentials", Usage: "write urls and credentials to this file, as YAML"},
		},
		Action: func(c *cli.Context) error { return runSandboxes(c, std) },
	}
}

// started is one simulator as the command prints it.
type started struct {
	Name     string            `json:"name"`
	Title    string            `json:"title"`
	Settings map[string]string `json:"settings"`
	Control  string            `json:"control"`
}

func runSandboxes(c *cli.Context, std stdio) error {
	v, err := viewOf(c, std)
	if err != nil {
		return err
	}
	systems, err := chosen(c.Args().Slice())
	if err != nil {
		return err
	}
	var all []started
	for i, s := range systems {
		addr, err := follow(c.String("addr"), i)
		if err != nil {
			return err
		}
		kit := sandbox.New(sandbox.Options{Seed: c.Int64("seed"), Orders: c.Int("orders"), Log: logger(c, std)})
		server, err := sandbox.Serve(c.Context, s.Sandbox(kit), kit, addr)
		if err != nil {
			return fmt.Errorf("sandbox %s: %w", s.Name, err)
		}
		defer server.Close()
		all = append(all, started{s.Name, s.Title, server.Settings(), server.ControlURL()})
	}
	if file := c.String("credentials"); file != "" {
		if err := writeCredentials(file, all); err != nil {
			return err
		}
	}
	if v.json {
		err = v.JSON(all)
	} else {
		printSandboxes(v, all)
	}
	if err != nil {
		return err
	}
	<-c.Done()
	return nil
}

func printSandboxes(v view, all []started) {
	for _, s := range all {
		v.Line("%s  %s", v.bold(s.Name), s.Title)
		for _, k := range slices.SortedFunc(maps.Keys(s.Settings), urlFirst) {
			v.Line("  %-10s %s", k, s.Settings[k])
		}
		v.Line("  %-10s %s", v.dim("look"), s.Control)
	}
	v.Line("%s", v.dim("Ctrl-C stops them."))
}

func urlFirst(a, b string) int {
	if (a == "url") != (b == "url") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// chosen are the systems named, or all that have a simulator.
func chosen(names []string) ([]connectors.System, error) {
	var all, out []connectors.System
	for _, s := range connectors.All() {
		if s.Sandbox != nil {
			all = append(all, s)
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	for _, n := range names {
		i := slices.IndexFunc(all, func(s connectors.System) bool { return s.Name == n })
		if i < 0 {
			var known []string
			for _, s := range all {
				known = append(known, s.Name)
			}
			return nil, usage("no sandbox %q: there are %s", n, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// follow is the address i ports after addr; port 0 stays "any free port".
func follow(addr string, i int) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", usage("--addr %s: %v", addr, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return "", usage("--addr %s: the port is no number", addr)
	}
	if n > 0 {
		n += i
	}
	return net.JoinHostPort(host, strconv.Itoa(n)), nil
}

// writeCredentials writes what a client would be given: name → settings.
func writeCredentials(file string, all []started) error {
	out := map[string]map[string]string{}
	for _, s := range all {
		values := maps.Clone(s.Settings)
		values["control"] = s.Control
		out[s.Name] = values
	}
	data, err := yaml.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}
