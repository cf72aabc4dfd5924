package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// until polls for what other goroutines bring about.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("never: " + what)
		}
	}
}

func (g *gate) queued() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

func TestTheQueueIsServedByPriorityThenAge(t *testing.T) {
	g := newGate(Options{InFlight: 1, Now: time.Now})
	leave, err := g.enter(t.Context(), "", connector.Live)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []string
	var wg sync.WaitGroup
	for i, p := range []connector.Priority{connector.BackFill, connector.Stock, connector.Live, connector.Retry, connector.Live, connector.BackFill} {
		wg.Go(func() {
			out, err := g.enter(t.Context(), "", p)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, fmt.Sprintf("%d#%d", p, i))
			mu.Unlock()
			out()
		})
		until(t, "it waits", func() bool { return g.queued() == i+1 })
	}
	leave()
	wg.Wait()
	if want := []string{"0#2", "0#4", "1#3", "2#1", "3#0", "3#5"}; !slices.Equal(order, want) {
		t.Errorf("served %v, want %v", order, want)
	}
}

func TestAFullBucketLetsOthersPass(t *testing.T) {
	g := newGate(Options{Now: time.Now, Buckets: func(string) int { return 1 }})
	leave, _ := g.enter(t.Context(), "orders", connector.Live)
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 1)
	go func() {
		_, err := g.enter(ctx, "orders", connector.Live)
		refused <- err
	}()
	until(t, "the second one waits", func() bool { return g.queued() == 1 })
	other, err := g.enter(t.Context(), "stock", connector.BackFill)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-refused; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that gave up: %v", err)
	}
	leave()
	other()
	if g.flying != 0 || g.queued() != 0 {
		t.Errorf("%d in flight, %d waiting", g.flying, g.queued())
	}
}

func TestNeverMoreInFlightThanTheBucketHolds(t *testing.T) {
	var flying, most atomic.Int32
	s, n := serve(t, func(http.ResponseWriter, *http.Request) {
		now := flying.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		flying.Add(-1)
	})
	c := client(t, Options{Buckets: func(string) int { return 2 }})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := c.Do(t.Context(), Call{Method: "POST", URL: s.URL, Bucket: "orders"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 2 || n.Load() != 40 {
		t.Errorf("%d in flight at once, %d in all", most.Load(), n.Load())
	}
}

func TestAPauseEndsByTheClock(t *testing.T) {
	var clock atomic.Int64
	now := func() time.Time { return time.Unix(clock.Load(), 0) }
	g := newGate(Options{Now: now})
	g.pause("orders", now().Add(2*time.Minute))
	in := make(chan struct{})
	go func() {
		if leave, err := g.enter(t.Context(), "orders", connector.Live); err == nil {
			leave()
			close(in)
		}
	}()
	until(t, "it waits", func() bool { return g.queued() == 1 })
	if leave, err := g.enter(t.Context(), "stock", connector.Live); err != nil {
		t.Error(err)
	} else {
		leave()
	}
	clock.Add(119)
	g.mu.Lock()
	g.serve()
	g.mu.Unlock()
	if g.queued() != 1 {
		t.Error("it went before its time")
	}
	clock.Add(1)
	<-in
}

func TestThePauseOfTheConnectionHoldsEverybody(t *testing.T) {
	s, n := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, Options{})
	c.Pause("", time.Now().Add(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		until(t, "it waits", func() bool { return c.gate.queued() == 1 })
		cancel()
	}()
	_, err := c.Do(ctx, Call{Method: "POST", URL: s.URL, Body: []byte("x"), Bucket: "orders"})
	if !errors.Is(err, ErrNotSent) || problem.As(err).ID != "PC309" || n.Load() != 0 {
		t.Errorf("error %v after %d requests", err, n.Load())
	}
}

func TestAServerThatCountsOnIsLeftAlone(t *testing.T) {
	s, n := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := client(t, Options{Timeout: 50 * time.Millisecond, Hold: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		until(t, "the second attempt waits", func() bool { return c.gate.queued() == 1 })
		cancel()
	}()
	_, err := c.Do(ctx, Call{Method: "POST", URL: s.URL, Body: []byte("x"), Bucket: "orders", Read: true})
	if err == nil || n.Load() != 1 {
		t.Errorf("%d requests came in, error %v", n.Load(), err)
	}
}
