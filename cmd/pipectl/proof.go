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
	// "beyond before read:1,after read:2" is the point that follows when all of these were passed.
	killAtVar = "PIPECTL_KILL_AT"
	// pointsVar names a file to which each point is appended that a run passes, a line each.
	pointsVar = "PIPECTL_POINTS"
	// clockVar moves our clock against the computer's: "+37m", "-1h30m", or "@FILE": by what stands
	// in the file, which somebody else may change at any time. Whoever sleeps, sleeps by that clock.
	clockVar = "PIPECTL_CLOCK"
)

// underProof gives an engine the clock that the environment asks for.
func underProof(o engine.Options, std stdio) (engine.Options, error) {
	text := std.env(clockVar)
	if text == "" {
		return o, nil
	}
	clock := &movedClock{}
	off, err := time.ParseDuration(text)
	if file, ok := strings.CutPrefix(text, "@"); ok {
		clock.file = file
		off, err = readOff(file)
	}
	if err != nil {
		return o, usage("%s=%s: it is a duration like +37m or -1h30m, or @ and the name of a file that holds one", clockVar, text)
	}
	clock.off = off
	_, _ = fmt.Fprintf(std.err, "The clock is moved by %s (%s): for tests only.\n", off, clockVar)
	o.Clock = clock
	return o, nil
}

func readOff(file string) (time.Duration, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return time.ParseDuration(strings.TrimSpace(string(text)))
}

// movedClock is the computer's clock at a distance.
type movedClock struct {
	file string // that holds the distance; "": it stays

	mu     sync.Mutex
	off    time.Duration
	looked time.Time // at the file, by the computer's clock
}

// often is how soon the file is looked at again: until then the clock may be behind.
const often = 2 * time.Millisecond

func (m *movedClock) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.file != "" && now.Sub(m.looked) > often {
		m.looked = now
		if off, err := readOff(m.file); err == nil { // else it is being written
			m.off = off
		}
	}
	return now.Add(m.off)
}

// Sleep waits until this clock has moved on, by itself or because somebody has moved it.
func (m *movedClock) Sleep(ctx context.Context, d time.Duration) error {
	until := m.Now().Add(d)
	for {
		left := until.Sub(m.Now())
		if left <= 0 {
			return ctx.Err()
		}
		if m.file != "" {
			left = min(left, 10*often)
		}
		t := time.NewTimer(left)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// killer counts the points that a run passes and kills the process at one of them.
type killer struct {
	std    stdio
	trace  *os.File // nil: nobody wants to know
	mu     sync.Mutex
	passed int
	any    int            // the point to die at, counting all; 0: none
	left   map[string]int // how often a named point may still be reached
	beyond bool           // all of left have to be passed, and then one more
}

// newKiller reads killAtVar and pointsVar; nil without them.
func newKiller(std stdio) (func(point string) bool, error) {
	k := &killer{std: std, left: map[string]int{}}
	if err := k.aim(std.env(killAtVar)); err != nil {
		return nil, err
	}
	if file := std.env(pointsVar); file != "" {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, usage("%s: %v", pointsVar, err)
		}
		k.trace = f // it ends with the process
	}
	if k.trace == nil && k.any == 0 && len(k.left) == 0 {
		return nil, nil // nobody is to be killed
	}
	return k.reached, nil
}

func (k *killer) aim(text string) error {
	if text == "" {
		return nil
	}
	text, k.beyond = strings.CutPrefix(text, "beyond ")
	for item := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(item); err == nil && n > 0 && !k.beyond {
			k.any = n
			continue
		}
		point, times, counted := strings.Cut(item, ":")
		n, err := 1, error(nil)
		if counted {
			n, err = strconv.Atoi(times)
		}
		if err != nil || n < 1 || point == "" {
			return usage("%s=%s: it lists points with how often they are reached (before save:3), or a number", killAtVar, text)
		}
		k.left[point] = n
	}
	return nil
}

func (k *killer) reached(point string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.trace != nil {
		_, _ = fmt.Fprintln(k.trace, point)
	}
	k.passed++
	all := k.beyond && len(k.left) == 0
	n, named := k.left[point]
	if named {
		n--
		k.left[point] = n
	}
	switch {
	case k.beyond && named && n == 0:
		delete(k.left, point)
	case all, !k.beyond && named && n == 0, k.passed == k.any:
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
