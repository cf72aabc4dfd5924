package expr

import (
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
)

// The examples of the reference are what a reader tries first.
func TestExamples(t *testing.T) {
	for _, fn := range Functions() {
		t.Run(fn.Name, func(t *testing.T) {
			s := NewScope(nil)
			e, err := s.Compile(fn.Example, problem.Pos{File: "x.yaml", Line: 1, Col: 1})
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Eval(&Frame{Budget: DefaultBudget})
			if err != nil {
				t.Fatal(err)
			}
			if got := v.JSON(); got != fn.Answer {
				t.Errorf("%s\n got %s\nwant %s", fn.Example, got, fn.Answer)
			}
			if fn.Doc == "" || fn.Group == "" {
				t.Error("no description")
			}
		})
	}
}
