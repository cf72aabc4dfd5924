package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGenerated: what `make generate` writes is what stands in the repository. Making it runs every
// example of the language's page.
func TestGenerated(t *testing.T) {
	root := filepath.Join("..", "..")
	want, err := generated(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(bytes.ReplaceAll(have, []byte("\r\n"), []byte("\n")), text) {
			t.Errorf("%s is not what the program says: make generate", name)
		}
	}
	files, err := fs.Glob(os.DirFS(root), "schemas/objects/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if want[f] == nil {
			t.Errorf("%s is left over from an object that is gone", f)
		}
	}
}

// TestExamplesShown: every example is on a page; one that nobody shows is run by nobody.
func TestExamplesShown(t *testing.T) {
	all, err := fs.Glob(templates, "templates/examples/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := fs.Glob(templates, "templates/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, p := range pages {
		page, err := fs.ReadFile(templates, p)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(page)
	}
	for _, f := range all {
		name := strings.TrimSuffix(path.Base(f), ".txtar")
		if !strings.Contains(text.String(), `[[example "`+name+`"]]`) {
			t.Errorf("example %s is on no page", name)
		}
	}
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]*)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fenced   = regexp.MustCompile("(?s)```.*?```")
	unspoken = regexp.MustCompile(`[^\pL\pN _-]`)
)

// TestLinks: what a page links to is there, heading and all.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	pages := []string{"README.md", "schemas/README.md", "cmd/pipectl/README.md", "docs/README.md", "docs/operations.md", "docs/limits.md"}
	more, err := fs.Glob(os.DirFS(root), "connectors/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			to := page
			if file != "" {
				to = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which isn't there", page, m[1])
			} else if anchor != "" && !anchors(t, filepath.Join(root, to))[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", page, m[1])
			}
		}
	}
}

// anchors are the headings of a page as links name them.
func anchors(t *testing.T, file string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		out[strings.ReplaceAll(unspoken.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// TestShownProject: the pipectl.yaml of the page is one.
func TestShownProject(t *testing.T) {
	page, err := fs.ReadFile(templates, "templates/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## The project")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the page shows no project")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pipectl.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if code := execute(t.Context(), []string{"validate", dir, "-e", "prod"}, stdio{out: &said, err: &said, env: os.Getenv}); code != exitDone {
		t.Errorf("exit code %d:\n%s", code, said.String())
	}
}
