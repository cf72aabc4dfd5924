package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pipectl/pipectl"
)

// quickEnd tells the race detector not to wait a second at the end of each process, which is its
// default and costs the scripts minutes: a command ends when its goroutines have.
const quickEnd = "atexit_sleep_ms=10"

// left is a folder for what several tests share.
var left string

// tests runs all tests, and removes what they have left.
type tests struct{ *testing.M }

func (t tests) Run() int {
	var err error
	if left, err = os.MkdirTemp("", "pipectl-tests"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(left) }() // it is among the temporary files
	return t.M.Run()
}

// TestMain makes this test binary the pipectl that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"pipectl": func() {
			os.Exit(execute(context.Background(), os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv})) //nolint:forbidigo // this is the main of the scripts
		},
	})
}

// TestScripts runs the stories of testdata/script: the commands that a user types, with the real
// binary, and what it says.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", quickEnd)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("TZ", "Asia/Shanghai")
			return copyProject(filepath.Join(env.WorkDir, "shipped"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"replace": replace,
			"exits":   exits,
		},
	})
}

// copyProject puts the shipped project, examples and all, where a script can change it.
func copyProject(dir string) error {
	return fs.WalkDir(pipectl.Project, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(pipectl.Project, name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	})
}

// replace FILE OLD NEW edits a file as a person would; \n in NEW is a line break.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	file := ts.MkAbs(args[0])
	data, err := os.ReadFile(file)
	ts.Check(err)
	unescape := func(s string) []byte { return []byte(strings.ReplaceAll(s, `\n`, "\n")) }
	if !bytes.Contains(data, unescape(args[1])) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, bytes.Replace(data, unescape(args[1]), unescape(args[2]), 1), 0o644))
}

var exitStatus = regexp.MustCompile(`exit status (\d+)`)

// exits CODE COMMAND… runs a command that must end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = err.Error()
		if m := exitStatus.FindStringSubmatch(code); m != nil {
			code = m[1]
		}
	}
	if code != args[0] {
		ts.Fatalf("%s ended with %s, not with %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// TestReorder holds the order of flags and arguments: a flag behind an argument is a flag.
func TestReorder(t *testing.T) {
	app := newApp(stdio{out: os.Stdout, err: os.Stderr, env: os.Getenv})
	for _, x := range []struct{ in, want string }{
		{"run order-sync --dry-run", "run --dry-run order-sync"},
		{"run --limit 5 order-sync -o json", "run --limit 5 -o json order-sync"},
		{"run order-sync --key=113/A --key 113/B", "run --key=113/A --key 113/B order-sync"},
		{"-o json status", "status -o json"},
		{"-e prod -v run order-sync --limit 1", "run -e prod -v --limit 1 order-sync"},
		{"-C shop errors list --pipeline order-sync", "errors list -C shop --pipeline order-sync"},
		{"-o json", "-o json"},
		{"errors show order-sync 113/A -o json", "errors show -o json order-sync 113/A"},
		{"errors skip order-sync 113/A --reason test", "errors skip --reason test order-sync 113/A"},
		{"run -- --dry-run", "run -- --dry-run"},
		{"run order-sync --nonsense", "run --nonsense order-sync"},
	} {
		t.Run(x.in, func(t *testing.T) {
			got := strings.Join(reorder(app, strings.Fields(x.in)), " ")
			if got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}
