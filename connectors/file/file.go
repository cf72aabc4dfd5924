// Package file reads and writes files in a folder: CSV and JSON Lines, plain or gzipped.
//
//	connections:
//	  data: {type: file, dir: data}
//
// An object is a file's name in that folder ("orders.csv", "2026/orders.jsonl.gz"); its
// extension tells the format. A file holds no change times, so it is always read whole, and the
// ledger sees what is unchanged. As a target it is replaced at once at the end of a run, or
// added to: `params: {mode: replace | append}`.
package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// Definition is what pipectl.yaml calls `type: file`.
var Definition = connector.Define("file", "文件 CSV / JSON Lines", Config{}, open)

// Config is a connection in pipectl.yaml.
type Config struct {
	Dir string `yaml:"dir" doc:"folder of the files (文件夹), relative to the project" required:"true" example:"data"`
}

var ( // what files can do, kept true by the compiler
	_ connector.Reader   = (*conn)(nil)
	_ connector.Finder   = (*conn)(nil)
	_ connector.Writer   = (*conn)(nil)
	_ connector.Appender = (*conn)(nil)
	_ connector.Finisher = (*conn)(nil)
	_ connector.Checker  = (*conn)(nil)
)

// conn is one folder. Nothing can be reached outside of it, not even by a link inside.
type conn struct {
	account string
	dir     string
	now     func() time.Time

	mu    sync.Mutex
	box   *os.Root                // opened at the first use
	marks map[string]int64        // the length of appended files, as we left them
	news  map[string]*replacement // the files that are being replaced
}

func open(_ context.Context, cfg Config, env connector.Env) (connector.Conn, error) {
	if cfg.Dir == "" {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC332", Reason: "connection " + env.Name + " names no folder",
			Hint: "say where the files are: `dir: data`, relative to pipectl.yaml",
		}
	}
	dir := cfg.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(env.Dir, dir)
	}
	return &conn{
		account: filepath.ToSlash(filepath.Clean(cfg.Dir)), dir: dir, now: env.Now,
		marks: map[string]int64{}, news: map[string]*replacement{},
	}, nil
}

// Account is the folder as the project names it: a project that moves keeps its ledger.
func (c *conn) Account() string { return c.account }

// Close throws away replacements that nobody committed.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for object, r := range c.news {
		r.drop()
		delete(c.news, object)
	}
	if c.box == nil {
		return nil
	}
	err := c.box.Close()
	c.box = nil
	return err
}

// root is the folder, opened at the first use: opening a connection touches nothing.
func (c *conn) root() (*os.Root, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.box != nil {
		return c.box, nil
	}
	root, err := os.OpenRoot(c.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC332", Err: err, Reason: "folder " + c.account + " does not exist",
			Hint: "create it, or correct `dir` of the connection in pipectl.yaml",
		}
	}
	if err != nil {
		return nil, c.trouble(c.account, err)
	}
	c.box = root
	return root, nil
}

// Check looks at the folder.
func (c *conn) Check(context.Context) []connector.Finding {
	root, err := c.root()
	if err != nil {
		return []connector.Finding{{What: "folder", Err: problem.As(err)}}
	}
	f, err := root.Open(".")
	if err == nil {
		defer func() { _ = f.Close() }() // it was only looked at
		_, err = f.Readdirnames(1)
	}
	if err != nil && f != nil && errors.Is(err, errEnd) {
		return []connector.Finding{{What: "folder", Detail: c.account + " is there, and empty"}}
	}
	if err != nil {
		return []connector.Finding{{What: "folder", Err: problem.As(c.trouble(c.account, err))}}
	}
	return []connector.Finding{{What: "folder", Detail: c.account + " can be read"}}
}
