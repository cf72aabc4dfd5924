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
	signEvery   = time.Second      // how often the holder shows that it is alive
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
	std.parsing = new(sync.Mutex)
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
	defer c.Close() //nolint:errcheck // what was to be said was said
	quiet := signs(c, signEvery)
	defer quiet()
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
	code := execute(ctx, do.Args, stdio{in: bytes.NewReader(nil), out: &out, err: &errs, env: env, held: e, dir: do.Dir, user: do.User, parsing: std.parsing})
	quiet()
	_ = c.SetWriteDeadline(time.Now().Add(errandTime))
	_ = json.NewEncoder(c).Encode(errandDone{out.Bytes(), errs.Bytes(), code}) // who asked may be gone
}

// signs tells whoever asks that this process is alive, until it is told to be quiet: a line break now and then,
// which is nothing in front of the answer. A process that is stopped gives none.
func signs(c net.Conn, every time.Duration) (quiet func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if _, err := c.Write([]byte("\n")); err != nil {
				return
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
	})
}

// abs is a path as it was typed, wherever this process stands.
func (s stdio) abs(path string) string {
	if s.dir != "" && !filepath.IsAbs(path) {
		return filepath.Join(s.dir, path)
	}
	return path
}
