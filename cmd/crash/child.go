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

// ended is how a process ended.
type ended struct {
	killed string   // where; "" when it came to its end
	points []string // of the run that were passed
	code   int
	out    string
	said   string // on standard error
}

// child runs pipectl once.
func (w *world) child(ctx context.Context, plan killPlan, args ...string) (ended, error) {
	cmd := exec.CommandContext(ctx, w.bin, append([]string{"-C", w.dir}, args...)...)
	trace := filepath.Join(w.dir, "points")
	cmd.Env = append(os.Environ(), w.env...)
	cmd.Env = append(cmd.Env, "PIPECTL_CLOCK=@"+w.clockFile(), "PIPECTL_KILL_AT="+plan.At, "PIPECTL_POINTS="+trace, "NO_COLOR=1", "TZ=UTC")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	v := victim{cmd: cmd, started: make(chan struct{}), over: make(chan struct{})}
	w.wire.arm(plan, v.kill)
	if err := cmd.Start(); err != nil {
		return ended{}, err
	}
	close(v.started)
	passing := make(chan error, 1)
	go func() { passing <- w.letTimePass(&v, plan.When == "waiting") }()
	_ = cmd.Wait() // its exit code and signal tell more
	close(v.over)
	timeErr := <-passing
	w.wire.arm(killPlan{}, nil)
	w.wire.idle()
	v.once.Do(func() {})
	e := ended{out: out.String(), said: said.String(), code: cmd.ProcessState.ExitCode()}
	if timeErr != nil {
		return e, fmt.Errorf("pipectl %s: %w\n%s", strings.Join(args, " "), timeErr, e.said)
	}
	var err error
	if e.points, err = passed(trace); err != nil {
		return e, err
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		e.killed = v.where
		if _, at, ok := strings.Cut(e.said, "killed at "); ok {
			e.killed = strings.TrimSpace(at)
		}
		if e.killed == "" {
			return e, errors.New("pipectl was killed by somebody else: out of memory?")
		}
	case e.code < 0, e.code > 3, strings.Contains(e.said, "panic:"), strings.Contains(e.said, "DATA RACE"):
		return e, fmt.Errorf("pipectl %s: exit code %d\n%s", strings.Join(args, " "), e.code, e.said)
	}
	return e, nil
}

// victim is a process that somebody may kill, once.
type victim struct {
	cmd     *exec.Cmd
	started chan struct{}
	over    chan struct{}
	once    sync.Once
	where   string
}

func (v *victim) kill(where string) {
	<-v.started
	v.once.Do(func() {
		v.where = where
		_ = v.cmd.Process.Kill()
	})
}

// passed reads which points a process has passed, and forgets them for the next one.
func passed(trace string) ([]string, error) {
	raw, err := os.ReadFile(trace)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' }), os.Remove(trace)
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
