package bolt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// The lock itself is the operating system's, on the state file. Beside it stands a file that tells
// a second process who has it; nobody believes it while the lock is free.

func holderPath(path string) string { return path + ".holder" }

func signHolder(path string) error {
	command := make([]string, 0, len(os.Args))
	for i, a := range os.Args {
		if i == 0 {
			a = filepath.Base(a)
		}
		command = append(command, a)
	}
	text := fmt.Sprintf("%d\n%s\n%s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339), strings.Join(command, " "))
	err := os.WriteFile(holderPath(path), []byte(text), 0o600)
	if err != nil && diskFull(err) { // looking needs no room, and what writes will say it
		unsignHolder(path)
		return nil
	}
	if err != nil {
		return cannotOpen(path, err)
	}
	return nil
}

func unsignHolder(path string) { _ = os.Remove(holderPath(path)) } // stale, it would only be a wrong hint

// holder tells who has the file: its process id, and that process in words.
func holder(path string) (pid, who string) {
	if text, err := os.ReadFile(holderPath(path)); err == nil {
		if lines := strings.SplitN(strings.TrimSpace(string(text)), "\n", 3); len(lines) == 3 {
			return lines[0], fmt.Sprintf("process %s (%s, since %s)", lines[0], lines[2], lines[1])
		}
	}
	return "PID", "another process"
}

func held(path string) error {
	_, who := holder(path)
	return &problem.Error{
		Class: problem.Fatal, ID: "PC500",
		Reason: fmt.Sprintf("state file %s is in use by %s", path, who),
		Hint:   "wait until it has ended, or stop it: one environment's state belongs to one process at a time; run waits by itself, as long as --wait says",
	}
}

// Silent is the error of a file whose holder was asked, and gave no sign of life.
func Silent(path string) error {
	pid, who := holder(path)
	return &problem.Error{
		Class: problem.Fatal, ID: "PC514",
		Reason: fmt.Sprintf("state file %s is in use by %s, which gives no sign of life", path, who),
		Hint:   fmt.Sprintf("when it was stopped (Ctrl-Z), kill -CONT %s lets it go on; when it is stuck, kill -9 %s ends it, and the next run settles what was under way", pid, pid),
	}
}
