package transport

import (
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// A call whose moment comes between two looks at the clock, the one that finds it too early and the one
// that asks for how long, is not forgotten: nobody else would serve it.
func TestACallThatBecomesDueWhileItIsLookedAtGoes(t *testing.T) {
	g := newGate(Options{PerSecond: 1000, Now: time.Now})
	begin := time.Now()
	looks, early := 0, false
	g.tick = func() time.Time { // under the gate's lock
		if early {
			if looks++; looks == 1 || looks == 2 { // as the call arrives, and as serve looks
				return begin
			}
		}
		return begin.Add(time.Duration(looks) * time.Hour)
	}
	leave, err := g.enter(t.Context(), "", connector.Live)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	g.mu.Lock()
	early = true
	g.mu.Unlock()
	served := make(chan error, 1)
	go func() {
		_, err := g.enter(t.Context(), "", connector.Live)
		served <- err
	}()
	select {
	case err := <-served:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the call waits for ever")
	}
}
