package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A process that makes no request and computes nothing waits: for a vendor who told it to, or for its
// own clock. Nobody has to sit that out: time passes for all three of them, more and more until it goes
// on.
const (
	waiting = "waiting for a vendor"
	look    = 25 * time.Millisecond
	looks   = 6 // so many find it waiting, since its last request
	little  = 2 * time.Second
	much    = 4 * time.Minute
	tooLong = 2 * time.Minute // then it hangs, and waits for nobody
)

// letTimePass moves the clocks while a process waits, or kills it there.
func (w *world) letTimePass(v *victim, kill bool) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	begun, step, idle := time.Now(), little, 0
	for {
		select {
		case <-v.over:
			return nil
		case <-tick.C:
		}
		idle++
		switch still := w.wire.still(); {
		case time.Since(begun) > tooLong:
			v.kill("nobody's word")
			return errors.New("it hangs")
		case still < look:
			step, idle = little, 0
		case computes(v.cmd.Process.Pid):
			idle-- // not counted; on a busy machine, one that wakes only to look at its clock is seen so, too
		case idle < looks:
		case kill:
			v.kill(waiting)
		default:
			if err := w.advance(step); err != nil {
				return err
			}
			step, idle = min(2*step, much), 0
		}
	}
}

// computes says that a thread of a process runs, wants to, or waits for a disk. Where a system does not
// tell, nothing is known of it.
func computes(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // the pattern is sound
	for _, t := range threads {
		raw, err := os.ReadFile(t)
		if err != nil {
			continue // it has ended
		}
		_, state, ok := bytes.Cut(raw, []byte(") ")) // its name stands before, in brackets
		if ok && len(state) > 0 && state[0] != 'S' {
			return true
		}
	}
	return false
}

// setDrift moves pipectl's clock against the vendors'. Before it runs ahead of them, what they still
// have to do is done: else it would believe that ten minutes were over for them, too, and no client
// can know better.
func (w *world) setDrift(to time.Duration) error {
	if to > w.drift {
		if err := w.forget("cut-late"); err != nil {
			return err
		}
		if err := w.advance(10 * time.Minute); err != nil {
			return err
		}
	}
	w.clock.Lock()
	w.drift = to
	w.clock.Unlock()
	return w.setClock()
}

// advance lets time pass: first for the vendors, so that pipectl's clock is never the first.
func (w *world) advance(d time.Duration) error {
	if err := w.source.advance(d); err != nil {
		return err
	}
	if err := w.target.advance(d); err != nil {
		return err
	}
	w.clock.Lock()
	w.moved += d
	w.clock.Unlock()
	return w.setClock()
}

func (w *world) clockFile() string { return filepath.Join(w.dir, "clock") }

// setClock writes down where pipectl's clock is.
func (w *world) setClock() error {
	w.clock.Lock()
	defer w.clock.Unlock()
	file := w.clockFile()
	if err := os.WriteFile(file+".new", []byte((w.moved + w.drift).String()), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
