// Command bench measures pipectl against a typed-struct program on the same orders, in pairs and
// in the same run, and prints one closing line:
//
//	bench: w1_typed=0.71 w1_ledger=0.42 w3=7.3 rss_mib=41 rss_large_mib=43 rss_ledger_mib=50 rss_ledger_large_mib=52
//
// w1_typed and w1_ledger are the typed program's CPU time divided by pipectl's, without and with
// the ledger; w3 is the CPU time of a first run with the ledger divided by that of a second one
// with one order in a thousand changed; rss_mib and rss_large_mib are the peaks of anonymous
// memory of W1 at the two sizes, and rss_ledger_mib and rss_ledger_large_mib those with the ledger,
// which maps its file besides. Each is the median over the rounds; CPU time is user and system
// time of the whole process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pipectl/pipectl/engine/internal/workload"
	"github.com/pipectl/pipectl/engine/internal/workload/typed"
)

func main() {
	if len(os.Args) == 6 && os.Args[1] == "typed" { // the other side of each pair
		n, err := typed.Run(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
		if err == nil {
			err = json.NewEncoder(os.Stdout).Encode(n)
		}
		exit(err)
		return
	}
	b := bench{}
	flag.IntVar(&b.records, "records", 200_000, "orders of the paired runs")
	flag.IntVar(&b.large, "large", 1_000_000, "orders of the memory run; 0 leaves it out")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of the paired runs")
	flag.StringVar(&b.dir, "dir", ".bench", "where data and results are written")
	flag.StringVar(&b.binary, "pipectl", "", "a pipectl to measure; empty builds ./cmd/pipectl")
	flag.Parse()
	exit(b.run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one measurement.
type bench struct {
	records, large, rounds int
	dir, binary            string

	self    string
	project string
	first   string // fingerprint of the output that every run must equal
	samples map[string][]float64
}

func (b *bench) run() error {
	if err := b.prepare(); err != nil {
		return err
	}
	for i := range b.rounds {
		if err := b.round(i); err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
	}
	if b.large > 0 {
		if err := b.memory(); err != nil {
			return err
		}
	}
	b.report()
	return nil
}

// prepare builds the binary and writes the project with its data.
func (b *bench) prepare() error {
	var err error
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.samples = map[string][]float64{}
	b.project = filepath.Join(b.dir, "w1")
	if err := errors.Join(os.RemoveAll(b.project), os.MkdirAll(b.dir, 0o755)); err != nil {
		return err
	}
	if b.binary == "" {
		b.binary = filepath.Join(b.dir, "pipectl")
		build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "./cmd/pipectl")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building pipectl: %w", err)
		}
	}
	fmt.Printf("writing %d orders below %s\n", b.records, b.project)
	return workload.Write(b.project, 1, b.records)
}
