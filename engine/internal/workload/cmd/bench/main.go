// Command bench measures pipectl against programs written by hand for the same orders, in pairs and
// in the same run, and prints one closing line:
//
//		bench: w1_typed=0.82 w1_ledger=0.44 w3=7.4 w2_cpu=1.9 w2_wall=1.1 … w4=0.8 … rss_mib=44 …
//
//	  - w1_typed and w1_ledger are a typed-struct program's CPU time divided by pipectl's, without and
//	    with the ledger.
//	  - w3 is the CPU time of a first run with the ledger divided by that of a second one with one
//	    order in a thousand changed.
//	  - w2…_cpu and w2…_wall are pipectl's CPU and wall time, with the ledger, divided by those of a
//	    client written by hand with the same concurrency, against an API that takes 20 ms (w2: 4 pages
//	    and 8 posts at once; w2_wide: 8 and 32) or no time (w2_fast); w2_paced is the share of the least
//	    possible time where the sink takes ten posts a second.
//	  - w4 and w4_random are the ledger's upserts a second divided by raw bbolt's.
//	  - rss_mib and rss_large_mib are the peaks of anonymous memory of W1 at the two sizes, and
//	    rss_ledger_mib and rss_ledger_large_mib those with the ledger, which maps its file besides.
//
// Each is the median over the rounds; CPU time is user and system time of the whole process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pipectl/pipectl/engine/internal/workload"
)

func main() {
	if known, err := side(os.Args[1:]); known { // the other side of each pair
		exit(err)
		return
	}
	b := bench{}
	flag.IntVar(&b.records, "records", 200_000, "orders of the paired runs")
	flag.IntVar(&b.api, "api", 100_000, "orders of the paired runs against an API; 0 leaves them out")
	flag.IntVar(&b.pacedOrders, "paced", 20_000, "orders of the run against a paced API; 0 leaves it out")
	flag.IntVar(&b.large, "large", 1_000_000, "orders of the memory run; 0 leaves it out")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of the paired runs")
	flag.StringVar(&b.only, "only", "", "w1, w2 or w4: only these workloads (w3 belongs to w1)")
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
	api, pacedOrders       int
	dir, binary, only      string

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
		for _, w := range []struct {
			name  string
			round func(int) error
		}{{"w1", b.round}, {"w2", b.roundAPI}, {"w4", b.roundUpserts}} {
			if !b.wants(w.name) {
				continue
			}
			if err := w.round(i); err != nil {
				return fmt.Errorf("round %d: %w", i+1, err)
			}
		}
	}
	if b.pacedOrders > 0 && b.wants("w2") {
		if err := b.paced(); err != nil {
			return err
		}
	}
	if b.large > 0 && b.wants("w1") {
		if err := b.memory(); err != nil {
			return err
		}
	}
	b.report()
	return nil
}

// wants says that a workload is to be measured.
func (b *bench) wants(workload string) bool {
	return (b.only == "" || b.only == workload) && (workload != "w2" || b.api > 0)
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
	if !b.wants("w1") {
		return nil
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
