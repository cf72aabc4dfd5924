package kingdee_test

import (
	"testing"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// TestLoginOverAConnectionThatBreaks: one dropped connection is no reason to pause a pipeline.
func TestLoginOverAConnectionThatBreaks(t *testing.T) {
	for _, kind := range []string{sandbox.CutBefore, sandbox.CutAfter, sandbox.Status} {
		t.Run(kind, func(t *testing.T) {
			e := start(t, nil)
			e.kit.Faults.Add(sandbox.Fault{Kind: kind, Path: "LoginBySign"})
			if found := e.probe(orders, "NONE-1"); len(found) != 1 {
				t.Errorf("%+v", found)
			}
			if n := e.kit.Faults.Happened()[kind]; n != 1 {
				t.Errorf("the fault happened %d times", n)
			}
		})
	}
}
