// Command crash puts the promises of a run to the proof. It is a developer's program: `make crash`.
//
// It takes the binary that is shipped, starts the sandboxes of both vendors as processes of their
// own, and runs pipelines between them again and again, as separate processes that it kills: at the
// named points of a run, at chosen moments of a request, and at moments that only chance chooses.
// Meanwhile the vendors answer late, half, wrongly, twice or never, orders change, are cancelled and
// arrive late, and clocks jump. Then there is peace, and it runs until all is quiet. In the end what
// the source says, what the ledger says and what the target holds must agree to the last document.
//
//	main.go     flags, and worlds side by side
//	plan.go     what happens in a world: a pure function of seed and number
//	aim.go      the points of a run in turn, each with what leads there
//	world.go    sandboxes, a project, and the steps of a plan
//	happen.go   what buyers and people do in the source
//	child.go    one run of the binary, and its death
//	time.go     the clocks of all three, and what waits for them
//	wire.go     between the binary and the sandboxes: where kills are placed from outside
//	vendor.go   the control endpoints of the sandboxes
//	peace.go    how it comes to rest, with what people would do
//	expect.go   what the document of an order must be, worked out apart from pipectl
//	claim.go    what all records demand of the target, and what it holds
//	judge.go    the three truths
//	report.go   the tables and the closing line
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

// options are the flags.
type options struct {
	kills    int
	seed     uint64
	bin      string
	twin     string
	world    int
	replay   string
	keep     string
	parallel int
	verbose  bool
}

func main() {
	var o options
	flag.IntVar(&o.kills, "n", 1000, "kills in all")
	flag.Uint64Var(&o.seed, "seed", 1, "what happens is a function of it")
	flag.StringVar(&o.bin, "bin", "", "the pipectl to kill; built when left out")
	flag.StringVar(&o.twin, "twin", "", "build a pipectl without one of its promises: intent or probe; it has to fail")
	flag.IntVar(&o.world, "world", -1, "only this world of the seed")
	flag.StringVar(&o.replay, "replay", "", "tell the story again that a failed run has written down")
	flag.StringVar(&o.keep, "keep", "", "leave the projects of failed worlds in this folder")
	flag.IntVar(&o.parallel, "parallel", 3*runtime.NumCPU(), "worlds side by side")
	flag.BoolVar(&o.verbose, "v", false, "tell every step")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := 0
	if sum, err := crash(ctx, o, os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 2
	} else if !sum.clean() {
		code = 1
	}
	stop()
	os.Exit(code)
}

// perWorld is how many kills one world takes: enough for its state to grow old, few enough for many
// worlds.
const perWorld = 20

// crash lives through all worlds and tells what came of them.
func crash(ctx context.Context, o options, out io.Writer) (summary, error) {
	plans, err := o.plans()
	if err != nil {
		return summary{}, err
	}
	bin, clean, err := binary(ctx, o)
	if err != nil {
		return summary{}, err
	}
	defer clean()
	sum := newSummary(o)
	work := make(chan worldPlan)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range max(1, min(o.parallel, len(plans))) {
		wg.Go(func() {
			for p := range work {
				r, err := live(ctx, p, bin, o)
				mu.Lock()
				if err != nil {
					_, _ = out.Write(r.story.Bytes())
					errs = append(errs, fmt.Errorf("world %d: %w", p.Number, err))
				} else {
					sum.add(r)
					sum.progress(out, len(plans), r)
				}
				mu.Unlock()
			}
		})
	}
	for _, p := range plans {
		if ctx.Err() != nil {
			break
		}
		work <- p
	}
	close(work)
	wg.Wait()
	if err := errors.Join(errs...); err != nil || ctx.Err() != nil {
		return sum, errors.Join(err, ctx.Err())
	}
	return sum, sum.print(out)
}

// plans are the worlds to live through.
func (o options) plans() ([]worldPlan, error) {
	if o.replay != "" {
		p, err := readJournal(o.replay)
		return []worldPlan{p}, err
	}
	var out []worldPlan
	worlds := max(1, (o.kills+perWorld-1)/perWorld)
	for i := range worlds {
		kills := o.kills*(i+1)/worlds - o.kills*i/worlds
		if o.world < 0 || o.world == i {
			out = append(out, planWorld(o.seed, i, kills))
		}
	}
	return out, nil
}
