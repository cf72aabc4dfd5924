package problem_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pipectl/pipectl/engine/problem"
)

func TestErrorReadsAloud(t *testing.T) {
	e := &problem.Error{
		Class: problem.Missing, ID: "PC416", Pipeline: "order-sync", Key: "S01/7734", Field: "FSaleOrderEntry[1].FUnitID.FNumber",
		At: problem.Pos{File: "order-sync.yaml", Line: 41, Col: 21}, Reason: "material SKU-77 does not exist in kingdee BD_MATERIAL",
		Hint: `create it there, or write "missing: create" in the look-up at line 24`, Code: "9",
	}
	want := "order-sync.yaml:41:21: missing PC416: order-sync, record S01/7734, FSaleOrderEntry[1].FUnitID.FNumber\n" +
		"  material SKU-77 does not exist in kingdee BD_MATERIAL [9]\n" +
		"  → create it there, or write \"missing: create\" in the look-up at line 24"
	if diff := cmp.Diff(want, e.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestInFillsOnlyWhatIsEmpty(t *testing.T) {
	inner := &problem.Error{Class: problem.Invalid, Field: "FQty", Reason: "quantity is below zero"}
	wrapped := fmt.Errorf("writing: %w", inner)
	got := problem.As(problem.In(wrapped, problem.Error{Class: problem.Fatal, Pipeline: "p", Key: "1", Field: "other", Reason: "other"}))
	if got.Class != problem.Invalid || got.Field != "FQty" || got.Reason != "quantity is below zero" {
		t.Errorf("what the inner layer said was overwritten: %+v", got)
	}
	if got.Pipeline != "p" || got.Key != "1" {
		t.Errorf("the empty places were not filled: %+v", got)
	}
	if inner.Pipeline != "" {
		t.Error("the error below was changed: it may be shown elsewhere")
	}
	if problem.In(nil, problem.Error{Key: "1"}) != nil {
		t.Error("no error became one")
	}
	foreign := problem.As(errors.New("boom"))
	if foreign.Class != problem.Fatal {
		t.Errorf("an unforeseen error must stop the run, and is %s", foreign.Class)
	}
}

func TestListIsSortedAndTellsEachOnce(t *testing.T) {
	at := func(line int) *problem.Error {
		return &problem.Error{Class: problem.Fatal, ID: "PC101", At: problem.Pos{File: "a.yaml", Line: line}, Reason: "r"}
	}
	var l problem.List
	l.Add(at(9))
	l.Add(problem.List{at(2), at(9)})
	l.Add(nil)
	err := l.Err()
	if got := strings.Count(err.Error(), "PC101"); got != 2 {
		t.Errorf("%d problems are told, not 2:\n%v", got, err)
	}
	if !strings.HasPrefix(err.Error(), "a.yaml:2") {
		t.Errorf("they are not in the order of the file:\n%v", err)
	}
	if (problem.List{}).Err() != nil {
		t.Error("an empty list is an error")
	}
}

var code = regexp.MustCompile(`"(PC\d{3})"`)

// TestEveryCodeHasAPage reads the codes out of the sources: one without a page can't be explained,
// and a page without a code explains nothing.
func TestEveryCodeHasAPage(t *testing.T) {
	used := map[string]string{}
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		src, err := os.ReadFile(name)
		for _, m := range code.FindAllSubmatch(src, -1) {
			used[string(m[1])] = name
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) < 100 {
		t.Fatalf("only %d codes were found: the search is wrong", len(used))
	}
	for id, file := range used {
		page, ok := problem.Page(id)
		switch {
		case !ok:
			t.Errorf("%s (%s) has no page", id, file)
		case !strings.HasPrefix(page, "# "+id+" ") || !strings.Contains(page, "\n## Cause\n") || !strings.Contains(page, "\n## Next step\n"):
			t.Errorf("the page of %s lacks its title, cause or next step", id)
		}
	}
	for _, c := range problem.Codes() {
		if used[c[0]] == "" {
			t.Errorf("nothing has the code %s (%s)", c[0], c[1])
		}
	}
}
