package connectortest

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// writeCases lists the cases for one target.
func writeCases(sys System, w Write, conn connector.Conn) []Case {
	writer, ok := connector.Can[connector.Writer](conn)
	if !ok {
		return nil
	}
	w.Sent = max(w.Sent, 3)
	traits := writer.Traits(w.Target)
	if traits.Batch < w.Sent {
		w.Sent = max(traits.Batch, 1)
	}
	if traits.Appends {
		return appending(w)
	}
	if traits.Replaces {
		return replacing(w)
	}
	out := writing(w)
	if sys.Sandbox != nil {
		out = append(out, writeFaults(w)...)
	}
	if _, ok := connector.Can[connector.Prober](conn); ok {
		out = append(out, probing(sys, w)...)
		out = append(out, marking(w, traits)...)
	}
	if _, ok := connector.Can[connector.Stager](conn); ok {
		out = append(out, staging(sys, w, traits)...)
	}
	return out
}

func writing(w Write) []Case {
	cases := []Case{
		{
			Name: "one outcome a document", Why: "outcomes are joined to documents by their place",
			body: func(c *T) { c.write(w, c.Box.Open(c, nil), docs(w, 0, w.Sent)) },
		},
		{
			Name: "a second document of a key", Why: "Traits.RefusesSecond decides whether a create that may have happened is sent again, and Taken whether it is asked whose the document is",
			body: func(c *T) { c.second(w) },
		},
		{
			Name: "cancelled before the send", Why: "what never left us must not be in doubt",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				before := c.Box.Processed(w.Path)
				outs, err := ability[connector.Writer](c, conn).Write(cancelled(c), w.Target, docs(w, 0, w.Sent))
				c.nothingSent(outs, err)
				if n := c.Box.Processed(w.Path) - before; n != 0 {
					c.Errorf("%d requests went out", n)
				}
			},
		},
		{
			Name: "unknown object", Why: "what holds for every document must stop the run, and not refuse each document",
			body: func(c *T) {
				t := w.Target
				t.Object = "no_such_object"
				outs, err := ability[connector.Writer](c, c.Box.Open(c, nil)).Write(c.ctx(), t, docs(w, 0, 1))
				if err == nil && len(outs) == 1 && outs[0].Err != nil {
					err = outs[0].Err
				}
				c.is(err, problem.Fatal)
			},
		},
		{
			Name: "eight at once", Why: "a connection is shared by pipelines and batches in flight",
			body: func(c *T) { c.concurrent(w) },
		},
	}
	if w.Bad != nil {
		cases = append(cases, Case{
			Name: "one bad document in a batch", Why: "one rejected document must neither stop nor hide the others",
			body: func(c *T) { c.oneBad(w) },
		})
	}
	if w.Changed != nil {
		cases = append(cases, Case{
			Name: "update by id", Why: "an update that creates makes a duplicate",
			body: func(c *T) { c.update(w) },
		})
	}
	return cases
}

// docs makes the documents from..from+n.
func docs(w Write, from, n int) []connector.Doc {
	out := make([]connector.Doc, n)
	for i := range out {
		out[i] = w.Doc(from + i)
	}
	return out
}

// outcomes sends documents and checks what holds for every Write.
func (c *T) outcomes(w Write, conn connector.Conn, ds []connector.Doc) []connector.Outcome {
	c.Helper()
	outs, err := ability[connector.Writer](c, conn).Write(c.ctx(), w.Target, ds)
	if err != nil {
		c.Fatalf("an error and no outcomes says that no byte left us: %v", c.classified(err))
	}
	c.sound(outs, len(ds))
	return outs
}

// sound checks that outcomes are complete.
func (c *T) sound(outs []connector.Outcome, n int) {
	c.Helper()
	if len(outs) != n {
		c.Fatalf("%d outcomes for %d documents", len(outs), n)
	}
	for i, o := range outs {
		if o.State == connector.Written {
			continue
		}
		if o.State == connector.Accepted {
			if o.AskAt.IsZero() {
				c.Errorf("outcome %d: accepted, and nothing says when to ask", i)
			}
			continue
		}
		if o.Err == nil {
			c.Errorf("outcome %d: state %d without Err", i, o.State)
			continue
		}
		_ = c.classified(o.Err)
	}
}

// write sends documents that the target accepts.
func (c *T) write(w Write, conn connector.Conn, ds []connector.Doc) []connector.Outcome {
	c.Helper()
	outs := c.outcomes(w, conn, ds)
	for i, o := range outs {
		switch {
		case o.State != connector.Written:
			c.Errorf("document %d (%s): state %d, want Written: %v", i, ds[i].Key, o.State, o.Err)
		case o.ID == "":
			c.Errorf("document %d (%s): no ID: later steps are by id", i, ds[i].Key)
		case o.Number != ds[i].Key:
			c.Errorf("document %d: number %q, want %q: outcomes are out of order, or the target numbers by itself", i, o.Number, ds[i].Key)
		}
	}
	return outs
}

func (c *T) second(w Write) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	c.write(w, conn, docs(w, 0, 1))
	outs := c.outcomes(w, conn, docs(w, 0, 1))
	refuses := ability[connector.Writer](c, conn).Traits(w.Target).RefusesSecond
	if taken := outs[0].State == connector.Unknown && outs[0].Taken; taken != refuses {
		c.Errorf("a second document of key %s: state %d, taken %v, and Traits.RefusesSecond is %v (%v)", w.Doc(0).Key, outs[0].State, outs[0].Taken, refuses, outs[0].Err)
	}
}

func (c *T) oneBad(w Write) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	ds := docs(w, 0, w.Sent)
	bad := len(ds) / 2
	ds[bad] = w.Bad(bad)
	for i, o := range c.outcomes(w, conn, ds) {
		good := o.State == connector.Written || o.State == connector.Untouched
		switch {
		case i == bad && o.State != connector.Refused:
			c.Errorf("the bad document: state %d, want Refused: %v", o.State, o.Err)
		case i == bad:
			c.is(o.Err, problem.Invalid, problem.Missing)
		case !good:
			c.Errorf("document %d beside a bad one: state %d, want Written or Untouched: %v", i, o.State, o.Err)
		}
	}
}

func (c *T) update(w Write) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	first := c.write(w, conn, docs(w, 0, 1))[0]
	again := c.outcomes(w, conn, []connector.Doc{w.Changed(0, first.ID)})[0]
	if again.State != connector.Written || again.ID != first.ID {
		c.Errorf("update of %s: state %d, id %q: %v", first.ID, again.State, again.ID, again.Err)
	}
	if p, ok := connector.Can[connector.Prober](conn); ok {
		got, err := p.Probe(c.ctx(), w.Target, []string{w.Doc(0).Key})
		if err != nil || len(got) != 1 || got[0].Many || !got[0].Found {
			c.Errorf("after an update the target holds %+v, error %v; want the one document", got, err)
		}
	}
}

// concurrent writes and probes from eight goroutines.
func (c *T) concurrent(w Write) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	type answer struct {
		ds   []connector.Doc
		outs []connector.Outcome
		err  error
	}
	answers := make(chan answer)
	for g := range 8 {
		go func() {
			ds := docs(w, 100+g*w.Sent, w.Sent)
			outs, err := ability[connector.Writer](c, conn).Write(c.ctx(), w.Target, ds)
			answers <- answer{ds, outs, err}
		}()
	}
	var ids []string
	for range 8 {
		a := <-answers
		if a.err != nil || len(a.outs) != len(a.ds) {
			c.Errorf("%d outcomes for %d documents, error %v", len(a.outs), len(a.ds), c.classified(a.err))
			continue
		}
		for i, o := range a.outs {
			if o.State == connector.Untouched && o.Err != nil && c.classified(o.Err).Class == problem.Throttled {
				continue // a target may say that eight are too many
			}
			if o.State != connector.Written || o.Number != a.ds[i].Key {
				c.Errorf("document %s: state %d, number %q: %v", a.ds[i].Key, o.State, o.Number, o.Err)
			}
			ids = append(ids, o.ID)
		}
	}
	if n := len(ids); n != len(slices.Compact(slices.Sorted(slices.Values(ids)))) {
		c.Errorf("an id was answered twice among %d", n)
	}
}

// nothingSent checks the answer to a Write of which nothing left us.
func (c *T) nothingSent(outs []connector.Outcome, err error) {
	c.Helper()
	if err != nil {
		_ = c.classified(err)
		if len(outs) != 0 {
			c.Errorf("an error and %d outcomes", len(outs))
		}
		return
	}
	for i, o := range outs {
		if o.State != connector.Untouched {
			c.Errorf("outcome %d: state %d, want Untouched, or an error without outcomes: %v", i, o.State, o.Err)
		}
	}
}
