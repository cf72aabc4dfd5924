package connectortest

import (
	"errors"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
)

func connectionCases(sys System) []Case {
	cases := []Case{
		{
			Name: "account", Why: "the account is part of every document's identity: when it changes, every document is new",
			body: func(c *T) { c.account() },
		},
		{
			Name: "opening asks nobody", Why: "`validate` and a run of another pipeline must not need this system",
			body: func(c *T) {
				c.Box.Open(c, nil)
				if c.Box.Server != nil && c.Box.Processed("") != 0 {
					c.Errorf("opening made %d requests", c.Box.Processed(""))
				}
			},
		},
		{
			Name: "definition", Why: "the reference, the schema and the checks at load are made of it",
			body: func(c *T) { c.definition() },
		},
	}
	if sys.Sandbox == nil {
		return cases
	}
	return append(cases, Case{
		Name: "secrets stay inside", Why: "logs and errors are mailed around",
		body: func(c *T) { c.secretive() },
	})
}

func (c *T) account() {
	c.Helper()
	conn := c.Box.Open(c, nil)
	name := conn.Account()
	if name == "" {
		c.Errorf("the account has no name")
	}
	c.clean("the account", name)
	if err := c.use(conn); err != nil {
		c.Errorf("the connection does not work: %v", err)
	}
	if again := conn.Account(); again != name {
		c.Errorf("the account is %q at first and %q after a call", name, again)
	}
	if again := c.Box.Open(c, nil).Account(); again != name {
		c.Errorf("the account is %q and, opened again, %q", name, again)
	}
}

// use makes any call that needs the system.
func (c *T) use(conn connector.Conn) error {
	c.Helper()
	if l := c.sys.Login; l != nil && l.Use != nil {
		return l.Use(c, conn)
	}
	if len(c.sys.Reads) > 0 {
		return c.readWith(conn, c.sys.Reads[0], c.query(c.sys.Reads[0])).err
	}
	for _, w := range asked(c.sys, conn) {
		if p, ok := connector.Can[connector.Prober](conn); ok {
			_, err := p.Probe(c.ctx(), w.Target, []string{w.Doc(902).Key})
			return err
		}
	}
	return nil
}

func (c *T) definition() {
	c.Helper()
	d := c.sys.Definition
	if d.Name == "" || d.Title == "" {
		c.Errorf("the definition has name %q and title %q", d.Name, d.Title)
	}
	if d.Name != strings.ToLower(d.Name) {
		c.Errorf("the name %q is not lower case", d.Name)
	}
	if d.Objects == nil {
		return
	}
	seen := map[string]bool{}
	for _, o := range d.Objects() {
		if o.Name == "" || seen[o.Name] {
			c.Errorf("object %q is listed twice, or has no name", o.Name)
		}
		seen[o.Name] = true
		if !o.Read && !o.Write {
			c.Errorf("object %s can neither be read nor written", o.Name)
		}
		c.described(o)
	}
	for _, r := range c.sys.Reads {
		if !seen[r.Object] {
			c.Errorf("object %s can be read and is not listed", r.Object)
		}
	}
}

// secretive makes calls that succeed and calls that fail in every way, and looks at all that was
// said about them. classified looks at the errors; the log and the vault are looked at here.
func (c *T) secretive() {
	c.Helper()
	conn := c.Box.Open(c, nil)
	for _, f := range broken {
		c.Box.Kit.Faults.Add(f.fault)
		_ = c.classified(c.use(conn))
	}
	c.Box.Kit.Faults.Add(sandbox.Fault{Kind: sandbox.Status, Count: -1, Status: 500})
	_ = c.classified(c.use(conn))
	c.Box.Kit.Faults.Clear()
	_ = c.classified(c.use(c.Box.Open(c, nil)))
	c.clean("the log", c.Box.Log.String())
	c.clean("the vault", c.Box.Vault.String())
}

func loginCases(sys System, conn connector.Conn) []Case {
	l := sys.Login
	var cases []Case
	if len(l.Wrong) > 0 {
		cases = append(cases, Case{
			Name: "wrong credentials", Why: "a refused login stops the run; repeated in a loop it locks the account",
			body: func(c *T) {
				conn := c.Box.Open(c, l.Wrong)
				c.is(c.use(conn), problem.Fatal)
				if n := c.Box.Processed(l.Path); l.Path != "" && n != 1 {
					c.Errorf("%d login requests for one call, want 1", n)
				}
				c.refusedForAll(conn)
				c.cleanOf(l.Wrong)
			},
		})
	}
	if l.Path != "" {
		cases = append(cases, Case{
			Name: "one login for many calls", Why: "systems count logins, and a second one may end the first",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				done := make(chan error)
				for range 8 {
					go func() {
						err := errors.New("the call did not return")
						defer func() { done <- err }()
						err = c.use(conn)
					}()
				}
				for range 8 {
					if err := <-done; err != nil {
						c.Errorf("%v", c.classified(err))
					}
				}
				if n := c.Box.Processed(l.Path); n != 1 {
					c.Errorf("%d logins for eight calls at once, want 1", n)
				}
			},
		})
	}
	if l.Lose != nil {
		cases = append(cases, Case{
			Name: "a lost session heals", Why: "sessions end by themselves: nobody should be called for it at night",
			body: func(c *T) { c.heals(l) },
		})
		for _, w := range asked(sys, conn) {
			cases = append(cases, Case{
				Name: "a lost session heals at a write to " + w.Target.Object, Why: "a write refused for a lost session was not done: it is not in doubt, and goes out again",
				body: func(c *T) { c.healsWriting(l, w) },
			})
		}
	}
	return cases
}

// asked are the targets that are a system's: a file beside it knows no login.
func asked(sys System, conn connector.Conn) []Write {
	writer, ok := connector.Can[connector.Writer](conn)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(sys.Writes), func(w Write) bool {
		t := writer.Traits(w.Target)
		return t.Appends || t.Replaces
	})
}

// refusedForAll checks that no answer passes for one where the login is refused.
func (c *T) refusedForAll(conn connector.Conn) {
	c.Helper()
	for _, w := range asked(c.sys, conn) {
		if writer, ok := connector.Can[connector.Writer](conn); ok {
			outs, err := writer.Write(c.ctx(), w.Target, docs(w, 0, 1))
			if err == nil && len(outs) == 1 && outs[0].State == connector.Untouched && outs[0].Err != nil {
				err = outs[0].Err
			}
			c.is(err, problem.Fatal)
		}
		if p, ok := connector.Can[connector.Prober](conn); ok {
			_, err := p.Probe(c.ctx(), w.Target, []string{w.Doc(0).Key})
			c.is(err, problem.Fatal)
		}
	}
}

// cleanOf checks the log for secrets that were given in place of the right ones.
func (c *T) cleanOf(over map[string]string) {
	c.Helper()
	log := c.Box.Log.String()
	for _, s := range c.Box.secrets(over) {
		if strings.Contains(log, s) {
			c.Errorf("the log shows a secret")
		}
	}
}

func (c *T) heals(l *Login) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	for range 3 {
		if err := c.use(conn); err != nil {
			c.Fatalf("%v", c.classified(err))
		}
		l.Lose(c, c.Box)
	}
	if err := c.use(conn); err != nil {
		c.Errorf("after the session was lost: %v", c.classified(err))
	}
}

func (c *T) healsWriting(l *Login, w Write) {
	c.Helper()
	w.Sent = max(w.Sent, 2)
	conn := c.Box.Open(c, nil)
	if _, ok := connector.Can[connector.Writer](conn); !ok {
		return
	}
	if err := c.use(conn); err != nil {
		c.Fatalf("%v", c.classified(err))
	}
	l.Lose(c, c.Box)
	outs, err := ability[connector.Writer](c, conn).Write(c.ctx(), w.Target, docs(w, 0, w.Sent))
	_ = c.classified(err)
	for i, o := range outs {
		if o.State != connector.Written && o.State != connector.Untouched {
			c.Errorf("document %d: state %d, want Written or Untouched: %v", i, o.State, o.Err)
		}
	}
	if err != nil || outs[0].State == connector.Untouched {
		c.write(w, conn, docs(w, 0, w.Sent))
	}
	c.proven(w, true)
}
