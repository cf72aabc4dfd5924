package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine"
)

// What developers set to put the promises to the proof (cmd/crash). It is read from the environment
// alone, shown by no help text, and never silent: a moved clock is said with every command.
const (
	// killAtVar lists points of a run at which the process kills itself, so that nothing of it is
	// closed, flushed or given back: "before save", "after outcome:3" (the third time), or a bare
	// number, the point that is passed as the n-th, whatever it is. The first one reached counts.
	killAtVar = "PIPECTL_KILL_AT"
	// clockVar moves our clock against the computer's: "+37m", "-1h30m".
	clockVar = "PIPECTL_CLOCK"
)

// underProof gives an engine the clock that the environment asks for.
func underProof(o engine.Options, std stdio) (engine.Options, error) {
	text := std.env(clockVar)
	if text == "" {
		return o, nil
	}
	off, err := time.ParseDuration(text)
	if err != nil {
		return o, usage("%s=%s: it is a duration like +37m or -1h30m", clockVar, text)
	}
	_, _ = fmt.Fprintf(std.err, "The clock is moved by %s (%s): for tests only.\n", off, clockVar)
	o.Clock = movedClock{off}
	return o, nil
}

// movedClock is the computer's clock at a distance. It waits like every clock.
type movedClock struct{ off time.Duration }

func (m movedClock) Now() time.Time { return time.Now().Add(m.off) }

func (movedClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// killer counts the points that a run passes and kills the process at one of them.
type killer struct {
	std    stdio
	mu     sync.Mutex
	passed int
	any    int            // the point to die at, counting all; 0: none
	left   map[string]int // how often a named point may still be reached
}

// newKiller reads killAtVar; nil without it.
func newKiller(std stdio) (func(point string) bool, error) {
	text := std.env(killAtVar)
	if text == "" {
		return nil, nil // nobody is to be killed
	}
	k := &killer{std: std, left: map[string]int{}}
	for item := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(item); err == nil && n > 0 {
			k.any = n
			continue
		}
		point, times, counted := strings.Cut(item, ":")
		n, err := 1, error(nil)
		if counted {
			n, err = strconv.Atoi(times)
		}
		if err != nil || n < 1 || point == "" {
			return nil, usage("%s=%s: it lists points with how often they are reached (before save:3), or a number", killAtVar, text)
		}
		k.left[point] = n
	}
	return k.reached, nil
}

func (k *killer) reached(point string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.passed++
	if n, named := k.left[point]; named {
		k.left[point] = n - 1
	}
	if n, named := k.left[point]; named && n == 0 || k.passed == k.any {
		k.die(point)
	}
	return true
}

// die ends the process as a power cut would: SIGKILL, no deferred call, no flush.
func (k *killer) die(point string) {
	_, _ = fmt.Fprintf(k.std.err, "killed at %s\n", point)
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // the signal is on its way
}
