package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// typed is a command as another process would do it.
func typed(args ...string) (out, errs string, code int) {
	var o, e bytes.Buffer
	code = execute(context.Background(), args, stdio{in: strings.NewReader(""), out: &o, err: &e, env: func(string) string { return "" }})
	return o.String(), e.String(), code
}

// shownDemo is a project that a demo has left behind, to be copied.
var shownDemo = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(left, "demo")
	if _, errs, code := typed("demo", "--keep", dir); code != 0 {
		return "", fmt.Errorf("demo ended with %d: %s", code, errs)
	}
	return dir, nil
})

// holding opens a shipped project as a run would, and answers others.
func holding(t *testing.T, dir string) (file string, release func()) {
	t.Helper()
	demo, err := shownDemo()
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(demo))
	}
	if err != nil {
		t.Fatal(err)
	}
	o := engine.Options{Path: dir, Connectors: definitions()}
	e, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	stop := errands(t.Context(), e, stdio{out: io.Discard, err: io.Discard, env: os.Getenv})
	var once sync.Once
	release = func() {
		once.Do(func() {
			stop()
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(release)
	return e.StateFile(), release
}

// TestHolderAnswersOthers: while a process has the state, another one sees it, retries, and makes a
// backup; by the words that it would use alone.
func TestHolderAnswersOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file, release := holding(t, dir)
	for _, x := range []struct{ args, want string }{
		{"status", "order-sync"},
		{"errors", "held"},
		{"errors list -o json", `"pipeline": "order-sync"`},
		{"errors retry order-sync", "will be taken up by the next run"},
		{"state show", "format 2"},
		{"runs", "order-sync"},
		{"state backup " + filepath.Join(dir, "copy.db"), "every row read and found whole"},
	} {
		out, errs, code := typed(append(strings.Fields(x.args), "-C", dir)...)
		if code != 0 || !strings.Contains(out, x.want) || errs != "" {
			t.Errorf("%s ended with %d: %s%s", x.args, code, out, errs)
		}
	}
	if err := bolt.Verify(filepath.Join(dir, "copy.db")); err != nil {
		t.Error(err)
	}
	if _, errs, code := typed("errors", "show", "order-sync", "nobody", "-C", dir); code != 1 || !strings.Contains(errs, "PC603") {
		t.Errorf("a wrong key ended with %d: %s", code, errs)
	}
	if _, errs, code := typed("state", "compact", "-C", dir); code != 1 || !strings.Contains(errs, "PC500") {
		t.Errorf("compact ended with %d: %s", code, errs)
	}
	if _, errs, code := typed("run", "order-sync", "--wait", "0s", "-C", dir); code != 1 || !strings.Contains(errs, "PC500") || !strings.Contains(errs, "process ") {
		t.Errorf("a second run ended with %d: %s", code, errs)
	}
	var people sync.WaitGroup
	for range 8 { // at once, in one process: the race detector looks on
		people.Go(func() {
			std := stdio{err: io.Discard, args: []string{"status", "-C", dir}, env: func(string) string { return "" }}
			if done, err := askHolder(t.Context(), file, &problem.Error{}, std); err != nil || done.Code != 0 || !strings.Contains(string(done.Out), "order-sync") {
				t.Errorf("one of many: %v, %+v", err, done)
			}
		})
	}
	people.Wait()
	socket := bolt.SocketPath(file)
	if _, err := os.Stat(socket); err != nil {
		t.Error(err)
	}
	release()
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
	if out, _, code := typed("status", "-C", dir); code != 0 || !strings.Contains(out, "order-sync") {
		t.Errorf("alone again: %d %s", code, out)
	}
}

// TestSecondRunWaits: it says for whom, and goes on when the other one has ended.
func TestSecondRunWaits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	_, release := holding(t, dir)
	errs, told := io.Pipe()
	ended := make(chan int)
	go func() {
		ended <- execute(context.Background(), []string{"run", "order-sync", "-C", dir}, stdio{out: io.Discard, err: told, env: func(string) string { return "" }})
		_ = told.Close()
	}()
	line := make([]byte, 500)
	n, err := errs.Read(line)
	if err != nil || !strings.Contains(string(line[:n]), "waiting: state file") || !strings.Contains(string(line[:n]), "is in use by process") {
		t.Errorf("it says %q, %v", line[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, errs) }()
	release()
	select {
	case code := <-ended:
		if code == exitFailed || code == exitUsage {
			t.Errorf("the second run ended with %d", code)
		}
	case <-time.After(time.Minute):
		t.Fatal("the second run never went on")
	}
}

// TestStaleSocket: a process that was killed leaves its socket; nobody waits for it, and the next
// holder takes its place. A path that is too long for a socket has one elsewhere.
func TestStaleSocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-name/", 12), "shop")
	file, release := holding(t, dir)
	release()
	socket := bolt.SocketPath(file)
	if len(socket) > 100 {
		t.Fatalf("socket %s is too long", socket)
	}
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := engine.Options{Path: dir, Connectors: definitions()}
	e, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, errs, code := typed("status", "-C", dir); code != 1 || !strings.Contains(errs, "PC500") {
		t.Errorf("with a dead socket: %d %s", code, errs)
	}
	stop := errands(t.Context(), e, stdio{out: io.Discard, err: io.Discard, env: os.Getenv})
	defer stop()
	if out, errs, code := typed("status", "-C", dir); code != 0 || !strings.Contains(out, "order-sync") {
		t.Errorf("with a new holder: %d %s", code, errs)
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode()&os.ModeSocket == 0 {
		t.Errorf("socket: %v %v", info, err)
	}
}

// TestAStoppedHolder: a run that somebody has stopped (Ctrl-Z) holds the state and answers nobody. Who asks
// it is told for whom it waits, and is not left waiting; when the run goes on, it answers.
func TestAStoppedHolder(t *testing.T) {
	dir := hostileProject(t, map[string]string{
		"pipectl.yaml":     "connections:\n  data: {type: file, dir: .}\n",
		"pipelines/p.yaml": "name: p\nsource: {connection: data, object: in.jsonl}\nkey: no\nsteps:\n  - map: {number: no}\ntarget: {connection: data, object: out.jsonl, key: number}\n",
	})
	source := filepath.Join(dir, "in.jsonl") // a pipe that nobody writes to: the run stands there
	if err := exec.CommandContext(t.Context(), "mkfifo", source).Run(); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	name, err := plainBinary()
	if err != nil {
		t.Fatal(err)
	}
	holder := exec.CommandContext(t.Context(), name, "run", "p", "-C", dir)
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	}()
	for socket := bolt.SocketPath(filepath.Join(dir, ".pipectl", "default.db")); ; {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(often) //nolint:forbidigo // the process is a real one
	}
	signal := func(sign string) {
		if err := exec.CommandContext(t.Context(), "kill", sign, strconv.Itoa(holder.Process.Pid)).Run(); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(alone time.Duration) (string, int) {
		var errs bytes.Buffer
		code := execute(t.Context(), []string{"status", "-C", dir}, stdio{
			out: io.Discard, err: &errs, env: func(string) string { return "" },
			patience: patience{quiet: time.Millisecond, alone: alone},
		})
		return errs.String(), code
	}
	signal("-STOP")
	said, code := ask(100 * time.Millisecond)
	for _, want := range []string{
		"waiting: state file", fmt.Sprintf("is in use by process %d (pipectl run p", holder.Process.Pid),
		"PC514", "gives no sign of life", fmt.Sprintf("kill -CONT %d", holder.Process.Pid),
	} {
		if code != exitFailed || !strings.Contains(said, want) {
			t.Errorf("exit %d without %q: %s", code, want, said)
		}
	}
	signal("-CONT")
	if said, code := ask(time.Minute); code != exitDone {
		t.Errorf("it goes on, and doesn't answer: exit %d, %s", code, said)
	}
}

// TestABusyHolder: one that takes its time and shows that it is alive is waited for; one that is silent isn't.
func TestABusyHolder(t *testing.T) {
	t.Parallel()
	const silent = time.Second
	for _, busy := range []bool{true, false} {
		asks, holds := net.Pipe()
		told := false
		go func() {
			if !busy {
				return
			}
			quiet := signs(holds, silent/100)
			time.Sleep(silent * 3 / 2) //nolint:forbidigo // deadlines of connections are of real time
			quiet()
			_ = json.NewEncoder(holds).Encode(errandDone{Code: 3})
		}()
		done, err := hear(asks, patience{quiet: time.Millisecond, alone: silent}, func() { told = true })
		if !told {
			t.Error("nobody is told that one waits")
		}
		if busy && (err != nil || done.Code != 3) {
			t.Errorf("a busy holder is not waited for: %+v, %v", done, err)
		}
		if !busy && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("waits for one that says nothing: %+v, %v", done, err)
		}
		_, _ = asks.Close(), holds.Close()
	}
}
