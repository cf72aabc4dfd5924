// Command limits measures how politely, and how fully, several pipelines use one account. It is a
// developer's program: `make limits`.
//
// Three pipelines (live records, stock levels, an old window) run at once in one engine, over real
// HTTP, against the sandboxes: one that allows so many calls a second (Kingdee), and one that allows
// so many at a time on each path (Lingxing). In the same minute three loops that know nothing of each
// other send the same request to the same server, as three programs on one account do: each keeps the
// limit by itself, and stays away for a second when it is refused.
//
//	main.go   what is measured, and the lines that are printed
//	gauge.go  stands before a sandbox and sees what it is asked
//	shared.go three pipelines, one budget
//	apart.go  three loops, no budget in common
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// scenario is one way in which a vendor limits.
type scenario struct {
	name, limit string
	system      string        // a connector's name
	perSecond   float64       // calls a second; 0: the limit is on calls at a time
	path        string        // part of the paths that are limited
	latency     time.Duration // of an answer
	object      string        // what the pipelines read
	key         string
}

var scenarios = []scenario{
	{name: "kingdee", limit: "20 calls a second", system: "kingdee", perSecond: 20, path: "ExecuteBillQuery", object: "BD_MATERIAL", key: "FNumber"},
	{name: "lingxing", limit: "1 call at a time on a path", system: "lingxing", path: "productList", latency: 250 * time.Millisecond, object: "products", key: "sku"},
}

// warmUp passes before anything is measured, span is for how long it is.
const (
	warmUp = 1500 * time.Millisecond
	span   = 8 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measureAll(ctx)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func measureAll(ctx context.Context) error {
	worst, throttled := 100.0, 0
	for _, s := range scenarios {
		shared, apart, err := s.measure(ctx)
		if err != nil {
			return err
		}
		s.print("three pipelines, one budget", shared)
		s.print("three programs of their own", apart)
		worst, throttled = min(worst, shared.used), throttled+shared.throttled
	}
	say("limits: used=%.1f throttled=%d", worst, throttled)
	if worst < 98 || throttled > 0 {
		return errors.New("at least 98 % of the limit is to be used, and nothing refused; other work on this computer costs turns: try again when it is quiet")
	}
	return nil
}

// measure lets both ways use the limit, one after the other, on one server.
func (s scenario) measure(ctx context.Context) (shared, apart reading, err error) {
	w, err := s.open(ctx, s.perSecond)
	if err != nil {
		return shared, apart, err
	}
	defer w.close()
	stop := w.runPipelines(ctx)
	shared = w.gauge.measure(ctx, s, warmUp, span)
	if err := stop(); err != nil {
		return shared, apart, err
	}
	stop = w.runLoops(ctx)
	apart = w.gauge.measure(ctx, s, warmUp, span)
	return shared, apart, stop()
}

func (s scenario) print(what string, r reading) {
	say("%-9s %-27s %s: %5.1f %% used, %3d calls, %3d refused", s.name, s.limit, what, r.used, r.taken, r.throttled)
}

func say(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, format+"\n", args...) }
