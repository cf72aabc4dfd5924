package transport

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// drive lets a queue that is never empty go through a pace for a while, served late by what late says,
// and answers when the requests came to the server, which is transit after they went.
func drive(p *pace, d time.Duration, late, transit func() time.Duration) []time.Time {
	var came []time.Time
	now := epoch
	for now.Before(epoch.Add(d)) {
		if at := p.ready(1); at.After(now) {
			now = at.Add(late())
			continue
		}
		at := now.Add(transit())
		p.take(now, epoch, 1)(at.Add(2 * time.Millisecond))
		came = append(came, at)
	}
	slices.SortFunc(came, time.Time.Compare)
	return came
}

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// Nearly all of the limit is used, however late our own timers and single requests are, and no window
// of the vendor's ever holds more than its limit.
func TestThePaceUsesTheLimitAndNeverPassesIt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	sometimes := func(usual, rare time.Duration) func() time.Duration {
		return func() time.Duration {
			if rnd.IntN(40) == 0 {
				return rare
			}
			return usual + time.Duration(rnd.IntN(1500))*time.Microsecond
		}
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name          string
		late, transit func() time.Duration
	}{
		{"on time", always(0), always(ms)},
		{"far away", always(0), always(180 * ms)},
		{"timers a little late", sometimes(0, 2*ms), always(ms)},
		{"timers stall", sometimes(0, 80*ms), always(ms)},
		{"requests are late", sometimes(0, 2*ms), sometimes(ms, 70*ms)},
	} {
		for _, rate := range []float64{0.5, 1, 2.5, 5, 20, 100} {
			t.Run(fmt.Sprint(c.name, ", ", rate, " a second"), func(t *testing.T) {
				const span = 400 * time.Second
				came := drive(newPace(rate), span, c.late, c.transit)
				if used := float64(len(came)) / (rate * span.Seconds()); used < 0.98 {
					t.Errorf("%.1f %% of the limit used", 100*used)
				}
				count := max(1, int(rate))
				window := time.Duration(float64(count) / rate * float64(time.Second))
				for i := count; i < len(came); i++ {
					if d := came[i].Sub(came[i-count]); d < window {
						t.Fatalf("%d requests came within %s", count+1, d)
					}
				}
			})
		}
	}
}

func TestThePaceIsEven(t *testing.T) {
	sent := drive(newPace(10), 20*time.Second, always(0), always(time.Millisecond))
	for i := 20; i < len(sent); i++ {
		if d := sent[i].Sub(sent[i-1]); d < 95*time.Millisecond || d > 105*time.Millisecond {
			t.Fatalf("%s between two requests, at 10 a second", d)
		}
	}
}

// ticking is a gate whose clock stands until a test moves it.
type ticking struct {
	*gate
	at atomic.Int64
}

func newTicking(o Options) *ticking {
	k := &ticking{}
	k.at.Store(epoch.UnixNano())
	o.Now = func() time.Time { return time.Unix(0, k.at.Load()) }
	k.gate = newGate(o)
	k.tick = o.Now
	return k
}

// forward moves the clock in steps and lets in whoever may go.
func (k *ticking) forward(t *testing.T, d time.Duration) {
	t.Helper()
	for range d / (10 * time.Millisecond) {
		k.at.Add(int64(10 * time.Millisecond))
		k.mu.Lock()
		k.serve()
		k.mu.Unlock()
		until(t, "all have left", func() bool {
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.flying == 0
		})
	}
}

// crowd puts calls of one priority into the queue and tells the order in which all of them go.
type crowd struct {
	mu    sync.Mutex
	order []connector.Priority
	wg    sync.WaitGroup
}

func (c *crowd) join(t *testing.T, k *ticking, bucket string, p connector.Priority, n int) {
	t.Helper()
	for range n {
		before := k.queued() + c.gone()
		c.wg.Go(func() {
			leave, err := k.enter(t.Context(), bucket, p)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.order = append(c.order, p)
			c.mu.Unlock()
			leave()
		})
		until(t, "it has come", func() bool { return k.queued()+c.gone() == before+1 })
	}
}

func (c *crowd) gone() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.order)
}

func TestTheRateIsKept(t *testing.T) {
	k := newTicking(Options{PerSecond: 10})
	var c crowd
	c.join(t, k, "", connector.Live, 101)
	until(t, "one goes at once", func() bool { return c.gone() == 1 })
	k.forward(t, 5*time.Second)
	until(t, "half of the others have gone", func() bool { return c.gone() >= 48 })
	if n := c.gone(); n > 51 {
		t.Errorf("%d requests in 5 s at 10 a second", n)
	}
	k.forward(t, 6*time.Second)
	c.wg.Wait()
}

func TestABackFillIsNotStarved(t *testing.T) {
	k := newTicking(Options{InFlight: 1})
	hold, err := k.enter(t.Context(), "", connector.Live)
	if err != nil {
		t.Fatal(err)
	}
	var c crowd
	c.join(t, k, "", connector.BackFill, 3)
	c.join(t, k, "", connector.Live, 40)
	hold()
	c.wg.Wait()
	for i, p := range c.order {
		if want := i == 9 || i == 19 || i == 29; (p == connector.BackFill) != want {
			t.Fatalf("turn %d went to %v: want one back-fill in ten: %v", i, p, c.order)
		}
	}
}

// Who waits for another path's place was overtaken by nobody.
func TestWaitingForAPlaceIsNotBeingOvertaken(t *testing.T) {
	k := newTicking(Options{Buckets: func(string) int { return 1 }})
	full, err := k.enter(t.Context(), "orders", connector.Live)
	if err != nil {
		t.Fatal(err)
	}
	var c crowd
	c.join(t, k, "orders", connector.BackFill, 1)
	c.join(t, k, "stock", connector.Live, 20)
	until(t, "the others are through", func() bool { return c.gone() == 20 })
	c.join(t, k, "orders", connector.Live, 1)
	full()
	c.wg.Wait()
	if c.order[20] != connector.Live {
		t.Errorf("order %v", c.order)
	}
}

func TestTooManyRequestsShrinksTheBudgetAndItGrowsBack(t *testing.T) {
	k := newTicking(Options{PerSecond: 10, InFlight: 8, Buckets: func(string) int { return 8 }})
	now := k.now()
	limits := func() [2]int {
		k.mu.Lock()
		defer k.mu.Unlock()
		return [2]int{k.bucket("").of(k.most, k.clock()), k.bucket("orders").of(8, k.clock())}
	}
	k.throttled("orders", now.Add(time.Second))
	k.throttled("orders", now.Add(2*time.Second)) // another answer of the same moment
	if got := limits(); got != [2]int{8, 4} {
		t.Errorf("a path's refusal leaves %v, want 8 and 4", got)
	}
	k.throttled("", now.Add(time.Second))
	if got := limits(); got != [2]int{4, 4} {
		t.Errorf("the connection's refusal leaves %v, want 4 and 4", got)
	}
	if p := k.pace.ready(k.bucket("").shareAt(now)); p.After(now.Add(time.Second)) {
		t.Errorf("the first request after the pause is due at %s", p)
	}
	var c crowd
	c.join(t, k, "", connector.Live, 40)
	k.forward(t, 4*time.Second)
	until(t, "half the rate", func() bool { return c.gone() > 10 })
	if n := c.gone(); n > 20 {
		t.Errorf("%d requests in 3 s after a refusal, want about 15", n)
	}
	k.forward(t, recovery/4)
	if got := limits(); got != [2]int{6, 6} {
		t.Errorf("a quarter of the recovery later %v, want 6 and 6", got)
	}
	k.forward(t, recovery/2)
	if got := limits(); got != [2]int{8, 8} {
		t.Errorf("at the end %v, want all", got)
	}
	for range 10 {
		k.at.Add(int64(10 * time.Second))
		k.throttled("orders", k.now())
	}
	if got := limits()[1]; got != 1 {
		t.Errorf("refused again and again it has %d places, want one", got)
	}
}

func TestAClockThatRanBackStopsNobody(t *testing.T) {
	k := newTicking(Options{})
	var c crowd
	c.join(t, k, "", connector.Live, 1)
	until(t, "the first is through", func() bool { return c.gone() == 1 })
	k.pause("", k.now().Add(time.Minute))
	k.at.Add(-int64(24 * time.Hour))
	c.join(t, k, "", connector.Live, 1)
	k.forward(t, 59*time.Second)
	if c.gone() != 1 {
		t.Error("the pause was forgotten")
	}
	k.forward(t, 2*time.Second)
	until(t, "the pause is over", func() bool { return c.gone() == 2 })
}

// Time goes on between the look that finds nobody's turn come and the one that sets the timer.
func TestATurnThatComesWhileTheTimerIsSetIsNotLost(t *testing.T) {
	for each := 5 * time.Microsecond; each < 200*time.Microsecond; each += 7 * time.Microsecond {
		k := newTicking(Options{PerSecond: 5000})
		var at atomic.Int64
		k.tick = func() time.Time { return epoch.Add(time.Duration(at.Add(int64(each)))) }
		through := make(chan struct{})
		go func() {
			defer close(through)
			for range 20 {
				leave, err := k.enter(t.Context(), "", connector.Live)
				if err != nil {
					return
				}
				leave()
			}
		}()
		select {
		case <-through:
		case <-time.After(20 * time.Second):
			t.Fatalf("a call waits for a turn that nobody gives it, when each look takes %s", each)
		}
	}
}
