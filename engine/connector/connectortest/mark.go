package connectortest

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// marking lists the cases of a target whose probes read marks back.
func marking(w Write, traits connector.Traits) []Case {
	if !traits.Marks && w.Mark == "" {
		return nil
	}
	return []Case{
		{
			Name: "probe marks", Why: "a mark that is read wrong makes our own document another's, and another's ours",
			body: func(c *T) { c.probeMarks(w, traits) },
		},
		{
			Name: "probe by the mark", Why: "what the target numbers by itself is found by nothing else, and is written again",
			body: func(c *T) { c.probeByMark(w, traits) },
		},
	}
}

func markOf(n int) string { return fmt.Sprintf("pipectl:%016x:%016x", n, 77+n) }

// marked writes three documents, all but the last one with a mark.
func (c *T) marked(w Write, traits connector.Traits, conn connector.Conn) (connector.Target, []connector.Doc, []connector.Outcome) {
	c.Helper()
	if !traits.Marks || w.Mark == "" {
		c.Fatalf("Traits.Marks is %v, and Write.Mark names the field %q: a target has both or none", traits.Marks, w.Mark)
	}
	ds := docs(w, 0, 3)
	for i := range ds[:2] {
		content, err := ds[i].Content.With(w.Mark, value.OfText(markOf(i)))
		if err != nil {
			c.Fatalf("mark: %v", err)
		}
		ds[i].Content = content
	}
	w.Target.Mark = w.Mark
	return w.Target, ds, c.write(w, conn, ds)
}

func (c *T) probeMarks(w Write, traits connector.Traits) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	t, ds, outs := c.marked(w, traits, conn)
	w.Target = t
	got := c.probe(w, conn, []string{ds[2].Key, ds[1].Key, w.Doc(900).Key, ds[0].Key})
	for i, want := range []string{"", markOf(1), "", markOf(0)} {
		if got[i].Mark != want || got[i].Found == (i == 2) {
			c.Errorf("answer %d: found %v with mark %q, want %q", i, got[i].Found, got[i].Mark, want)
		}
	}
	by, ok := connector.Can[connector.IDProber](conn)
	if !ok {
		return
	}
	found, err := by.ProbeIDs(c.ctx(), t, []string{outs[2].ID, outs[0].ID})
	if err != nil || len(found) != 2 || found[0].Mark != "" || found[1].Mark != markOf(0) {
		c.Errorf("by id: %+v, %v; want no mark, and %q", found, err, markOf(0))
	}
}

func (c *T) probeByMark(w Write, traits connector.Traits) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	t, ds, outs := c.marked(w, traits, conn)
	w.Target, w.Target.Key = t, t.Mark
	got := c.probe(w, conn, []string{markOf(1), markOf(9), markOf(0)})
	if got[1].Found {
		c.Errorf("a mark that nothing carries finds %+v", got[1])
	}
	for i, n := range map[int]int{0: 1, 2: 0} {
		if p := got[i]; !p.Found || p.Many || p.ID != outs[n].ID || p.Number != ds[n].Key || p.Mark != markOf(n) {
			c.Errorf("mark %s: %+v; want id %q, number %q", markOf(n), p, outs[n].ID, ds[n].Key)
		}
	}
}
