package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme types what the README tells a newcomer to type, in both languages, and holds the pipeline that
// it shows against the one that `pipectl init` makes.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.ReplaceAll(string(text), "\r\n", "\n")
	dir := t.TempDir()
	for i, heading := range []string{"## A first project", "第一个项目："} {
		place := filepath.Join(dir, string(rune('a'+i)))
		if err := os.Mkdir(place, 0o700); err != nil {
			t.Fatal(err)
		}
		typeAll(t, place, block(t, readme, heading, "sh"))
	}
	made, err := os.ReadFile(filepath.Join(dir, "a", "shop", "pipelines", "first.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if shown := block(t, readme, "## A first project", "yaml"); bare(shown) != bare(string(made)) {
		t.Errorf("the README shows\n%s\nand init makes\n%s", shown, made)
	}
	demo, err := shownDemo()
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "demo"), os.DirFS(demo))
	}
	if err != nil {
		t.Fatal(err)
	}
	typeAll(t, filepath.Join(dir, "demo"), block(t, readme, "## When something is wrong", "sh"))
}

// block is the first block of code of a language behind a heading.
func block(t *testing.T, page, heading, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, heading)
	_, rest, begun := strings.Cut(rest, "```"+language+"\n")
	code, _, ended := strings.Cut(rest, "```")
	if !found || !begun || !ended {
		t.Fatalf("no block of %s behind %q", language, heading)
	}
	return code
}

// typeAll types lines one after the other, each of which must end well.
func typeAll(t *testing.T, dir, lines string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", lines)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, lines, out)
	}
}

var ornaments = regexp.MustCompile(`(?m)\s+# .*$|^#.*\n`)

// bare is YAML without its comments.
func bare(yaml string) string { return ornaments.ReplaceAllString(yaml, "") }
