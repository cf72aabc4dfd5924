package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// One process holds the state, and others want to look at it or to say "retry this". So the holder
// answers on a socket beside the file: another process sends it the command as it was typed, and
// shows what comes back. Whoever may open the folder of the state may ask; nobody else can.

// errand is a command that another process asks for.
type errand struct {
	Args    []string `json:"args"`
	Dir     string   `json:"dir"` // where it was typed: paths are meant from there
	User    string   `json:"user"`
	NoColor string   `json:"no_color,omitempty"`
	Env     string   `json:"env,omitempty"` // PIPECTL_ENV
}

// errandDone is what the command said, and its exit code.
type errandDone struct {
	Out  []byte `json:"out"`
	Err  []byte `json:"err"`
	Code int    `json:"code"`
}

const (
	errandLimit = 1 << 20          // bytes of an errand
	errandTime  = 10 * time.Second // for an errand to arrive, and for the holder to be reached
)

// errands answers other processes until stop is called, which waits for those under way. Where no
// socket can be made, others are told who holds the file, as before.
func errands(ctx context.Context, e *engine.Engine, std stdio) (stop func()) {
	path := bolt.SocketPath(e.StateFile())
	if err := bolt.ClearSocket(path); err != nil {
		return func() {}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return func() {}
	}
	_ = os.Chmod(path, 0o600) // its folder lets nobody else in anyway
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			busy.Go(func() { errandOf(ctx, c, e, std) })
		}
	})
	return func() {
		_ = l.Close() // which removes the socket
		busy.Wait()
	}
}

func errandOf(ctx context.Context, c net.Conn, e *engine.Engine, std stdio) {
	defer c.Close()                                   //nolint:errcheck // what was to be said was said
	_ = c.SetReadDeadline(time.Now().Add(errandTime)) // a connection that cannot is as good as closed
	var do errand
	if err := json.NewDecoder(io.LimitReader(c, errandLimit)).Decode(&do); err != nil {
		return
	}
	var out, errs bytes.Buffer
	env := func(name string) string {
		switch name {
		case "NO_COLOR":
			return cmp.Or(do.NoColor, "1")
		case "PIPECTL_ENV":
			return do.Env
		}
		return std.env(name)
	}
	code := execute(ctx, do.Args, stdio{in: bytes.NewReader(nil), out: &out, err: &errs, env: env, held: e, dir: do.Dir, user: do.User})
	_ = c.SetWriteDeadline(time.Now().Add(errandTime))
	_ = json.NewEncoder(c).Encode(errandDone{out.Bytes(), errs.Bytes(), code}) // who asked may be gone
}

// askHolder lets the process that holds the state do this command. False: it doesn't answer.
func askHolder(ctx context.Context, file string, std stdio) (errandDone, bool) {
	var done errandDone
	dir, err := os.Getwd()
	if err != nil {
		return done, false
	}
	d := net.Dialer{Timeout: errandTime}
	c, err := d.DialContext(ctx, "unix", bolt.SocketPath(file))
	if err != nil {
		return done, false
	}
	defer c.Close() //nolint:errcheck // the answer is there, or is not
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	do := errand{Args: std.args, Dir: dir, User: whoami(std), NoColor: std.env("NO_COLOR"), Env: std.env("PIPECTL_ENV")}
	if err := json.NewEncoder(c).Encode(do); err != nil {
		return done, false
	}
	return done, json.NewDecoder(c).Decode(&done) == nil
}

// throughHolder does the command in the process that holds the state, and answers what it ended with;
// false when that one doesn't answer.
func throughHolder(ctx context.Context, file string, std stdio) (error, bool) { //nolint:revive // the error is what it ended with, not why it failed
	done, ok := askHolder(ctx, file, std)
	if !ok {
		return nil, false
	}
	_, _ = std.out.Write(done.Out)
	_, _ = std.err.Write(done.Err)
	if done.Code != exitDone {
		return exit{code: done.Code}, true
	}
	return nil, true
}

// abs is a path as it was typed, wherever this process stands.
func (s stdio) abs(path string) string {
	if s.dir != "" && !filepath.IsAbs(path) {
		return filepath.Join(s.dir, path)
	}
	return path
}
