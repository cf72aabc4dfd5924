package connectortest

import (
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

func split(path string) []string { return strings.Split(path, ".") }

// appending lists the cases of targets that are added to.
func appending(w Write) []Case {
	return []Case{
		{
			Name: "append", Why: "one outcome a document, and all of them there",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				c.add(w, conn, 0, w.Sent)
				c.add(w, conn, w.Sent, w.Sent)
				c.holds(w, 2*w.Sent)
			},
		},
		{
			Name: "cut back to the mark", Why: "a batch without an answer is cut off and sent again: what stood before it must stay, and nothing may be there twice",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				a := ability[connector.Appender](c, conn)
				c.add(w, conn, 0, w.Sent)
				mark, err := a.Mark(c.ctx(), w.Target)
				if err != nil || mark == "" || len(mark) > 100 {
					c.Fatalf("mark %q: %v", mark, c.classified(err))
				}
				c.add(w, conn, w.Sent, w.Sent)
				for range 2 {
					fresh := c.Box.Open(c, nil) // recovery is another process
					if err := ability[connector.Appender](c, fresh).Rewind(c.ctx(), w.Target, mark); err != nil {
						c.Fatalf("rewind to %q: %v", mark, c.classified(err))
					}
					c.holds(w, w.Sent)
				}
				c.add(w, c.Box.Open(c, nil), w.Sent, w.Sent)
				c.holds(w, 2*w.Sent)
			},
		},
		{
			Name: "a mark of the empty target", Why: "the first batch can be in doubt, too",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				a := ability[connector.Appender](c, conn)
				mark, err := a.Mark(c.ctx(), w.Target)
				if err != nil {
					c.Fatalf("mark: %v", c.classified(err))
				}
				c.add(w, conn, 0, w.Sent)
				if err := a.Rewind(c.ctx(), w.Target, mark); err != nil {
					c.Fatalf("rewind: %v", c.classified(err))
				}
				c.add(w, conn, 0, w.Sent)
				c.holds(w, w.Sent)
			},
		},
		{
			Name: "a mark of another target", Why: "a file that was exchanged behind our back is nobody's to cut",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				a := ability[connector.Appender](c, conn)
				c.add(w, conn, 0, 2*w.Sent)
				mark, err := a.Mark(c.ctx(), w.Target)
				if err == nil {
					none := w.Target
					none.Object = "another-" + none.Object
					err = a.Rewind(c.ctx(), none, mark)
				}
				c.is(err, problem.Held)
			},
		},
	}
}

// replacing lists the cases of targets that are written anew as a whole.
func replacing(w Write) []Case {
	return []Case{
		{
			Name: "invisible before the commit", Why: "whoever reads the target while a run writes must see a whole one",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				f := ability[connector.Finisher](c, conn)
				c.replace(w, conn, 0, w.Sent)
				c.holds(w, w.Sent)
				c.must(f.Begin(c.ctx(), w.Target))
				c.add(w, conn, 0, 1)
				c.holds(w, w.Sent)
				c.must(f.Commit(c.ctx(), w.Target))
				c.holds(w, 1)
			},
		},
		{
			Name: "abort", Why: "a run that fails must leave the target as it was",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				f := ability[connector.Finisher](c, conn)
				c.must(f.Abort(c.ctx(), w.Target))
				c.replace(w, conn, 0, w.Sent)
				c.must(f.Begin(c.ctx(), w.Target))
				c.add(w, conn, 0, 1)
				c.must(f.Abort(c.ctx(), w.Target))
				c.holds(w, w.Sent)
			},
		},
		{
			Name: "begun and left", Why: "a killed run must not show in what the next one writes",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				c.must(ability[connector.Finisher](c, conn).Begin(c.ctx(), w.Target))
				c.add(w, conn, 0, w.Sent)
				c.replace(w, c.Box.Open(c, nil), w.Sent, 1)
				c.holds(w, 1)
			},
		},
		{
			Name: "an empty replacement", Why: "a source without records makes an empty target, not an old one",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				c.replace(w, conn, 0, w.Sent)
				c.replace(w, conn, 0, 0)
				c.holds(w, 0)
			},
		},
	}
}

func (c *T) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatalf("%v", c.classified(err))
	}
}

// add writes the documents from..from+n to a target that is not asked by key.
func (c *T) add(w Write, conn connector.Conn, from, n int) {
	c.Helper()
	for chunk := range slices.Chunk(docs(w, from, n), w.Sent) {
		for i, o := range c.outcomes(w, conn, chunk) {
			if o.State != connector.Written {
				c.Fatalf("document %d: state %d: %v", from+i, o.State, o.Err)
			}
		}
	}
}

func (c *T) replace(w Write, conn connector.Conn, from, n int) {
	c.Helper()
	f := ability[connector.Finisher](c, conn)
	c.must(f.Begin(c.ctx(), w.Target))
	c.add(w, conn, from, n)
	c.must(f.Commit(c.ctx(), w.Target))
}

// holds reads the target back and counts. What can be written whole can be read.
func (c *T) holds(w Write, want int) {
	c.Helper()
	r := Read{Object: w.Target.Object, Key: []string{w.Target.Key}, Params: map[string]any{}}
	for k, v := range w.Target.Params {
		if k != "mode" && k != "columns" {
			r.Params[k] = v
		}
	}
	got := c.read(r, c.query(r))
	if got.err != nil || len(got.records) != want {
		c.Errorf("the target holds %d documents, want %d (%v)", len(got.records), want, got.err)
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(got.keys)))); n != len(got.keys) {
		c.Errorf("a key is there twice")
	}
}
