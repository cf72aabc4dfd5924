package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// patience is how long a command waits for the process that holds the state and does it in its place.
type patience struct {
	quiet time.Duration // without an answer; then it says for whom it waits, and goes on waiting
	alone time.Duration // without a sign of life; then it gives up
}

// orUsual is the patience of a command, unless a test has another one. A process that is busy gives a sign
// every second; what gives none for so long is stopped, or its machine is.
func (p patience) orUsual() patience {
	return patience{cmp.Or(p.quiet, 5*time.Second), cmp.Or(p.alone, 15*time.Second)}
}

// throughHolder does the command in the process that holds the state, as held tells it, and gives what it
// ended with; false when nobody answers there. One that gives no sign of life is an end, too: it may hold
// the state for ever.
func throughHolder(ctx context.Context, file string, held *problem.Error, std stdio) (error, bool) { //nolint:revive // the error is what it ended with, not why it failed
	done, err := askHolder(ctx, file, held, std)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return bolt.Silent(file), true
	}
	if err != nil {
		return nil, false //nolint:nilerr // who found the file in use says so better
	}
	_, _ = std.out.Write(done.Out)
	_, _ = std.err.Write(done.Err)
	if done.Code != exitDone {
		return exit{code: done.Code}, true
	}
	return nil, true
}

// askHolder sends the command as it was typed, and waits for what comes of it.
func askHolder(ctx context.Context, file string, held *problem.Error, std stdio) (errandDone, error) {
	dir, err := os.Getwd()
	if err != nil {
		return errandDone{}, err
	}
	d := net.Dialer{Timeout: errandTime}
	c, err := d.DialContext(ctx, "unix", bolt.SocketPath(file))
	if err != nil {
		return errandDone{}, err
	}
	defer c.Close() //nolint:errcheck // the answer is there, or is not
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	do := errand{Args: std.args, Dir: dir, User: whoami(std), NoColor: std.env("NO_COLOR"), Env: std.env("PIPECTL_ENV")}
	if err := json.NewEncoder(c).Encode(do); err != nil {
		return errandDone{}, err
	}
	return hear(c, std.patience.orUsual(), func() { view{stdio: std}.Note("waiting: %s", held.Reason) })
}

// hear waits for the answer. After a while it calls tell, once.
func hear(c net.Conn, p patience, tell func()) (done errandDone, err error) {
	answer := make(chan error, 1)
	go func() { answer <- json.NewDecoder(alive{c, p.alone}).Decode(&done) }()
	select {
	case err = <-answer:
	case <-time.After(p.quiet):
		tell()
		err = <-answer
	}
	return done, err
}

// alive is a connection whose other side may think for long, and may not be silent for longer than this.
type alive struct {
	net.Conn
	silent time.Duration
}

func (a alive) Read(p []byte) (int, error) {
	if err := a.SetReadDeadline(time.Now().Add(a.silent)); err != nil {
		return 0, err
	}
	return a.Conn.Read(p)
}
