package connectortest

import (
	"context"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
)

// Case is one thing that the engine relies on.
type Case struct {
	Name string // "write/SAL_SaleOrder/cut after the body"
	Why  string // what breaks in the engine otherwise; printed when the case fails
	sys  System
	body func(c *T)
}

// Run runs the case in a world of its own.
func (c Case) Run(tb testing.TB) {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("why this matters: %s", c.Why)
		}
	})
	box := newBox(tb, c.sys)
	c.body(&T{TB: tb, Box: box, sys: c.sys})
}

// Cases lists the cases that apply to a system.
func Cases(tb testing.TB, sys System) []Case {
	tb.Helper()
	conn := newBox(tb, sys).Open(tb, nil)
	var out []Case
	add := func(prefix string, cases []Case) {
		for _, c := range cases {
			c.Name, c.sys = prefix+c.Name, sys
			out = append(out, c)
		}
	}
	add("", connectionCases(sys))
	for _, r := range sys.Reads {
		add("read/"+r.Object+"/", readCases(sys, r, conn))
	}
	for _, w := range sys.Writes {
		add("write/"+w.Target.Object+"/", writeCases(sys, w, conn))
	}
	if sys.Login != nil {
		add("login/", loginCases(sys, conn))
	}
	add("ping/", pingCases(sys, conn))
	return append(out, untried(sys, conn)...)
}

// untried fails for abilities that the System gives nothing to try with.
func untried(sys System, conn connector.Conn) []Case {
	_, reads := connector.Can[connector.Reader](conn)
	_, writes := connector.Can[connector.Writer](conn)
	return []Case{{
		Name: "everything is tried", Why: "an ability that no case tries may be broken without anybody noticing", sys: sys,
		body: func(c *T) {
			if reads && len(sys.Reads) == 0 {
				c.Errorf("the connection is a Reader, and System.Reads is empty")
			}
			if writes && len(sys.Writes) == 0 {
				c.Errorf("the connection is a Writer, and System.Writes is empty")
			}
		},
	}}
}

// T is what a case works with.
type T struct {
	testing.TB
	Box *Box
	sys System
}

// ctx ends with the case.
func (c *T) ctx() context.Context { return c.Context() }
