package main

import (
	"context"
	"testing"
	"time"
)

// until waits for what pipelines and loops bring about, however long it takes them.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("never: " + what)
		}
	}
}

// TestOneBudgetIsNeverRefused is `make limits` without a clock: three pipelines make sixty calls, and
// none is refused; three loops that share nothing are, on the same server. The server allows more
// than the connection keeps to, so that a slow test machine is not taken for an impolite client:
// without a common budget they would ask for half as much again as it allows.
func TestOneBudgetIsNeverRefused(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			s.latency /= 10
			kept := s.perSecond
			s.perSecond *= 2
			w, err := s.open(t.Context(), kept)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			forEver := time.Now().Add(time.Hour)
			w.gauge.begin(time.Time{}, forEver)
			stop := w.runPipelines(context.WithoutCancel(t.Context()))
			until(t, "sixty calls", func() bool { n, _ := w.gauge.counts(); return n >= 60 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if _, refused := w.gauge.counts(); refused != 0 {
				t.Errorf("%d calls were refused", refused)
			}
			w.gauge.begin(time.Time{}, forEver)
			stop = w.runLoops(t.Context())
			until(t, "a refusal", func() bool { _, n := w.gauge.counts(); return n > 0 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
