package connectortest

import (
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// pingCases are for connections that can be asked whether they are there.
func pingCases(sys System, conn connector.Conn) []Case {
	if _, ok := connector.Can[connector.Pinger](conn); !ok || sys.Sandbox == nil {
		return nil
	}
	cases := []Case{
		{
			Name: "one request", Why: "a system that is just coming up again is asked one question, by everybody",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				for i := 1; i <= 3; i++ {
					if err := c.pingWith(conn); err != nil {
						c.Errorf("question %d: %v", i, err)
					}
					if n := c.Box.Processed(""); n != i {
						c.Errorf("%d questions made %d requests", i, n)
					}
				}
			},
		},
		{
			Name: "no answer is told, and not asked for again", Why: "a single question at growing intervals is what a system that is down gets",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				c.Box.Kit.Faults.Add(sandbox.Fault{Kind: sandbox.CutBefore, Count: -1})
				c.is(c.pingWith(conn), problem.Transient)
				if n := c.Box.Requests(""); n != 1 {
					c.Errorf("one question made %d requests", n)
				}
				c.Box.Server.Close()
				c.is(c.pingWith(conn), problem.Transient)
			},
		},
	}
	if l := sys.Login; l != nil && len(l.Wrong) > 0 {
		cases = append(cases, Case{
			Name: "a refused login says so", Why: "it is not asked again until a person has looked; anything else is",
			body: func(c *T) {
				err := c.pingWith(c.Box.Open(c, l.Wrong))
				c.is(err, problem.Fatal)
				if err != nil && !problem.As(err).Login {
					c.Errorf("a refused login is not marked as one: %v", err)
				}
			},
		})
	}
	return cases
}

func (c *T) pingWith(conn connector.Conn) error {
	c.Helper()
	p, _ := connector.Can[connector.Pinger](conn)
	return p.Ping(c.ctx())
}
