package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// usage is what a process cost.
type usage struct {
	cpu    float64 // seconds, user and system
	wall   float64 // seconds
	anon   float64 // MiB, the peak of anonymous memory: what it holds beside the files it maps
	stdout []byte
}

// runLimit ends a run that hangs.
const runLimit = 20 * time.Minute

// measure runs a program to its end. Exit code 3 is a run with exceptions, and fine.
func measure(dir, program string, args ...string) (usage, error) {
	ctx, stop := context.WithTimeout(context.Background(), runLimit)
	defer stop()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	begun := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	u := usage{}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			u.anon = max(u.anon, anonymous(cmd.Process.Pid))
		case err := <-done:
			u.wall = time.Since(begun).Seconds()
			u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
			u.stdout = out.Bytes()
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == 3 {
				err = nil
			}
			if err != nil {
				err = fmt.Errorf("%s %s: %w\n%s%s", program, strings.Join(args, " "), err, tail(out.String()), tail(errs.String()))
			}
			return u, err
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// anonymous is the process's anonymous memory in MiB now; 0 when it has ended.
func anonymous(pid int) float64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	rest, _, _ = strings.Cut(rest, " kB")
	kib, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}
