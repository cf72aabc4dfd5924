package main

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
