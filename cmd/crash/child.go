package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// binary is the pipectl to kill, and how to remove it again.
func binary(ctx context.Context, o options) (path string, clean func(), err error) {
	clean = func() {}
	if o.bin != "" {
		path, err = filepath.Abs(o.bin)
		return path, clean, err
	}
	dir, err := os.MkdirTemp("", "pipectl-crash-bin-")
	if err != nil {
		return "", clean, err
	}
	clean = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "pipectl")
	args := []string{"build", "-trimpath", "-o", path}
	switch o.twin {
	case "":
	case "intent", "probe":
		args = append(args, "-tags", "twin_no"+o.twin)
	default:
		return "", clean, fmt.Errorf("-twin %s: there are intent and probe", o.twin)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/pipectl/pipectl/cmd/pipectl")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		clean()
		return "", func() {}, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, clean, nil
}

// A run that waits for a vendor who told it to wait is killed for that: nobody moves its clock
// meanwhile. In peace nobody tells it to.
const (
	tooLong      = 6 * time.Second
	tooLongPeace = 2 * time.Minute
)

// ended is how a process ended.
type ended struct {
	killed string // where; "" when it came to its end
	code   int
	out    string
	said   string // on standard error
}

// child runs pipectl once.
func (w *world) child(ctx context.Context, plan killPlan, args ...string) (ended, error) {
	cmd := exec.CommandContext(ctx, w.bin, append([]string{"-C", w.dir}, args...)...)
	cmd.Env = append(os.Environ(), w.env...)
	cmd.Env = append(cmd.Env, "PIPECTL_CLOCK="+(w.moved+w.drift).String(), "PIPECTL_KILL_AT="+plan.At, "NO_COLOR=1", "TZ=UTC")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	var once sync.Once
	where := ""
	kill := func(at string) {
		once.Do(func() {
			where = at
			_ = cmd.Process.Kill()
		})
	}
	started := make(chan struct{})
	w.wire.arm(plan, func(at string) { <-started; kill(at) })
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	close(started)
	patience := tooLong
	if w.peaceful {
		patience = tooLongPeace
	}
	watchdog := time.AfterFunc(patience, func() { kill("waiting for a vendor") })
	err := cmd.Wait()
	watchdog.Stop()
	w.wire.arm(killPlan{}, nil)
	w.wire.idle()
	once.Do(func() {})
	e := ended{out: out.String(), said: said.String(), code: cmd.ProcessState.ExitCode()}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		e.killed = where
		if _, at, ok := strings.Cut(e.said, "killed at "); ok {
			e.killed = strings.TrimSpace(at)
		}
		if e.killed == "" {
			return e, errors.New("pipectl was killed by somebody else: out of memory?")
		}
	case err != nil && e.code < 0, e.code > 3, strings.Contains(e.said, "panic:"), strings.Contains(e.said, "DATA RACE"):
		return e, fmt.Errorf("pipectl %s: %w\n%s", strings.Join(args, " "), err, e.said)
	}
	return e, nil
}

// results reads the objects that `-o json` prints one after the other.
func results[T any](out string) ([]T, error) {
	var all []T
	dec := json.NewDecoder(strings.NewReader(out))
	for {
		var v T
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w: %s", err, out)
		}
		all = append(all, v)
	}
}
