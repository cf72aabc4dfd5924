package step_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/step"
)

var update = flag.Bool("update", false, "write the messages into the corpus")

// good is the project that every broken one differs from in one thing.
func good(t *testing.T) map[string]string {
	t.Helper()
	return archive(t, filepath.Join("testdata", "project.good.txtar"))
}

func archive(t *testing.T, file string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return filesOf(a)
}

func filesOf(a *txtar.Archive) map[string]string {
	out := map[string]string{}
	for _, f := range a.Files {
		out[f.Name] = string(f.Data)
	}
	return out
}

// TestGood: the project that the broken ones are made of has no mistake.
func TestGood(t *testing.T) {
	for _, dir := range []string{"testdata/*.good.txtar", "testdata/good/*.good.yaml"} {
		list, _ := filepath.Glob(dir)
		if len(list) == 0 {
			t.Errorf("no files fit %s", dir)
		}
		for _, file := range list {
			project := good(t)
			if strings.HasSuffix(file, ".yaml") {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				project["pipelines/"+filepath.Base(file)] = string(raw)
			}
			_, _, problems := load(t, write(t, project), step.World{})
			if len(problems) > 0 {
				t.Errorf("%s: %v", file, problems)
			}
		}
	}
}

// TestBroken runs the corpus: each archive is the good project with some of its files replaced, and
// begins with the exact message: one, for one mistake, and no echo of it.
func TestBroken(t *testing.T) {
	list, _ := filepath.Glob("testdata/broken/*.bad.txtar")
	if len(list) < 60 {
		t.Errorf("the corpus has %d projects", len(list))
	}
	seen := map[string]bool{}
	for _, file := range list {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bad.txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			project := good(t)
			maps.Copy(project, filesOf(a))
			for name, text := range project {
				if text == "" {
					delete(project, name)
				}
			}
			got := message(t, project)
			if n := strings.Count(got, ": error PC"); n != 1 && !strings.Contains(file, "all-mistakes") {
				t.Errorf("%d messages for one mistake:\n%s", n, got)
			}
			for _, id := range regexp.MustCompile(`PC\d+`).FindAllString(got, -1) {
				seen[id] = true
				if _, ok := problem.Page(id); !ok {
					t.Errorf("%s has no page", id)
				}
			}
			if *update {
				a.Comment = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(a.Comment); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Log(len(list), "projects,", len(seen), "codes:", slices.Sorted(maps.Keys(seen)))
}

// message is what an integrator sees: all problems, or the warnings where there is none. It is the
// same in every folder.
func message(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := write(t, files)
	project, programs, problems := load(t, dir, step.World{})
	if len(problems) == 0 {
		for _, p := range programs {
			problems = append(problems, p.Warnings...)
		}
		problems = append(problems, project.Notices...)
	}
	if len(problems) == 0 {
		return "no problem\n"
	}
	return strings.ReplaceAll(problems.Error(), dir, "DIR") + "\n"
}
