package connectortest

import (
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// broken are the ways in which an answer is lost; before says that nothing was processed.
var broken = []struct {
	name   string
	before bool
	fault  sandbox.Fault
}{
	{"cut after the body", false, sandbox.Fault{Kind: sandbox.CutAfter}},
	{"cut before it was processed", true, sandbox.Fault{Kind: sandbox.CutBefore}},
	{"half an answer", false, sandbox.Fault{Kind: sandbox.HalfAnswer}},
	{"garbage for an answer", false, sandbox.Fault{Kind: sandbox.Garbage}},
	{"503 without processing", true, sandbox.Fault{Kind: sandbox.Status, Status: 503}},
	{"502 after processing", false, sandbox.Fault{Kind: sandbox.StatusAfter, Status: 502}},
}

func readFaults(r Read) []Case {
	var cases []Case
	for _, b := range broken {
		cases = append(cases, Case{
			Name: b.name, Why: "a read that is cut short and looks whole loses what was not read",
			body: func(c *T) {
				f := b.fault
				f.Path = r.Path
				c.Box.Kit.Faults.Add(f)
				got := c.read(r, c.query(r))
				c.happened(f)
				if got.err != nil {
					c.is(got.err, problem.Transient)
					return
				}
				c.same("read through it", got.keys, r.Keys(c, c.Box))
			},
		})
	}
	cases = append(cases,
		Case{
			Name: "one 503 heals", Why: "a hiccup of the source must not cost a durable retry of five minutes",
			body: func(c *T) {
				f := sandbox.Fault{Kind: sandbox.Status, Status: 503, Path: r.Path}
				c.Box.Kit.Faults.Add(f)
				got := c.read(r, c.query(r))
				c.happened(f)
				if got.err != nil {
					c.Errorf("one 503 and then answers: %v", got.err)
				}
			},
		},
		Case{
			Name: "503 for ever", Why: "a source that is down must be seen as down, in bounded time",
			body: func(c *T) {
				f := sandbox.Fault{Kind: sandbox.Status, Status: 503, Path: r.Path, Count: -1}
				c.Box.Kit.Faults.Add(f)
				got := c.read(r, c.query(r))
				c.is(got.err, problem.Transient)
				if n := c.Box.Kit.Faults.Happened()[f.Kind]; n < 2 || n > 20 {
					c.Errorf("%d requests to a source that answers 503; want a few", n)
				}
				if got.complete || got.safe != "" && len(got.keys) == 0 {
					c.Errorf("nothing could be read, and a page says Complete or moves the cursor")
				}
			},
		},
		Case{
			Name: "nobody listens", Why: "a source that is switched off is transient, not an empty source",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				c.Box.Server.Close()
				c.is(c.readWith(conn, r, c.query(r)).err, problem.Transient)
			},
		})
	if r.Throttled.Kind != "" {
		cases = append(cases, Case{
			Name: "throttled", Why: "a rate limit is waited for; it is neither an error of the source nor its end",
			body: func(c *T) {
				f := r.Throttled
				f.Path = r.Path
				c.Box.Kit.Faults.Add(f)
				got := c.read(r, c.query(r))
				c.happened(f)
				if got.err != nil {
					c.is(got.err, problem.Throttled)
					return
				}
				c.same("read through it", got.keys, r.Keys(c, c.Box))
			},
		})
	}
	return cases
}

// happened checks that a fault met a request: otherwise the case proves nothing.
func (c *T) happened(f sandbox.Fault) {
	c.Helper()
	if c.Box.Kit.Faults.Happened()[f.Kind] == 0 {
		c.Errorf("the fault %q on path %q met no request: the case proves nothing", f.Kind, f.Path)
	}
}

func writeFaults(w Write) []Case {
	var cases []Case
	for _, b := range broken {
		cases = append(cases, Case{
			Name: b.name, Why: "a write without an answer is in doubt: called refused it is lost, repeated it is there twice",
			body: func(c *T) {
				f := b.fault
				f.Path = w.Path
				outs := c.unanswered(w, f)
				for i, o := range outs {
					if o.State != connector.Unknown {
						c.Errorf("document %d: state %d, want Unknown: %v", i, o.State, o.Err)
					}
				}
				want := 1
				if b.before {
					want = 0
				}
				if n := c.Box.Processed(w.Path); n != want {
					c.Errorf("the write was processed %d times, want %d: a write goes out once", n, want)
				}
				c.proven(w, !b.before)
			},
		})
	}
	cases = append(cases, Case{
		Name: "nobody listens", Why: "a target that is switched off holds nothing new: no document is in doubt",
		body: func(c *T) {
			conn := c.Box.Open(c, nil)
			c.Box.Server.Close()
			outs, err := ability[connector.Writer](c, conn).Write(c.ctx(), w.Target, docs(w, 0, w.Sent))
			c.nothingSent(outs, err)
			if err != nil {
				c.is(err, problem.Transient)
			}
		},
	})
	if w.Throttled.Kind != "" {
		cases = append(cases, throttledWrite(w))
	}
	if w.Partial.Kind != "" {
		cases = append(cases, partialWrite(w))
	}
	return cases
}

// unanswered writes while a fault waits. The connection is warm: its login is not what is hit.
func (c *T) unanswered(w Write, f sandbox.Fault) []connector.Outcome {
	c.Helper()
	c.Box.Kit.Faults.Add(f)
	outs := c.outcomes(w, c.Box.Open(c, nil), docs(w, 0, w.Sent))
	c.happened(f)
	return outs
}

// proven asks whether the documents are in the target.
func (c *T) proven(w Write, there bool) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	if _, ok := connector.Can[connector.Prober](conn); !ok {
		return
	}
	var keys []string
	for _, d := range docs(w, 0, w.Sent) {
		keys = append(keys, d.Key)
	}
	for i, p := range c.probe(w, conn, keys) {
		if p.Found != there || p.Many {
			c.Errorf("key %s: %+v, want found: %v, once", keys[i], p, there)
		}
	}
}

func throttledWrite(w Write) Case {
	return Case{
		Name: "throttled", Why: "what was refused for too many requests was not written: it is sent again, and no attempt is counted",
		body: func(c *T) {
			f := w.Throttled
			f.Path = w.Path
			c.Box.Kit.Faults.Add(f)
			outs, err := ability[connector.Writer](c, c.Box.Open(c, nil)).Write(c.ctx(), w.Target, docs(w, 0, w.Sent))
			c.happened(f)
			if err != nil {
				c.Fatalf("an error without outcomes, though the target answered: %v", c.classified(err))
			}
			c.sound(outs, w.Sent)
			for i, o := range outs {
				if o.State != connector.Untouched {
					c.Errorf("document %d: state %d, want Untouched: %v", i, o.State, o.Err)
				} else if o.Err != nil {
					c.is(o.Err, problem.Throttled)
				}
			}
			if n := c.Box.Processed(w.Path); n > 1 {
				c.Errorf("%d requests: the engine waits and sends again, not the connector", n)
			}
		},
	}
}

func partialWrite(w Write) Case {
	return Case{
		Name: "an answer that leaves documents out", Why: "a document that the answer does not name is in doubt, whatever became of the others",
		body: func(c *T) {
			f := w.Partial
			f.Path = w.Path
			unknown := 0
			for _, o := range c.unanswered(w, f) {
				switch o.State {
				case connector.Unknown:
					unknown++
				case connector.Refused, connector.Accepted:
					c.Errorf("state %d: nobody refused or deferred anything: %v", o.State, o.Err)
				case connector.Written, connector.Untouched:
				}
			}
			if unknown == 0 {
				c.Errorf("no document is Unknown")
			}
		},
	}
}

func stageFaults(w Write, traits connector.Traits, op connector.Op, path string) []Case {
	var cases []Case
	for _, b := range broken[:1] {
		cases = append(cases, Case{
			Name: "stage " + op.String() + ", " + b.name, Why: "an operation without an answer may have happened: it is asked for, not repeated",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				refs := c.ready(w, traits, conn, op)
				n := c.Box.Processed(path)
				f := b.fault
				f.Path = path
				c.Box.Kit.Faults.Add(f)
				for i, o := range c.staged(w, conn, op, refs) {
					if o.State != connector.Unknown && o.State != connector.Written { // asking at once is allowed
						c.Errorf("ref %d: state %d, want Unknown: %v", i, o.State, o.Err)
					}
				}
				c.happened(f)
				if n = c.Box.Processed(path) - n; n > len(refs) {
					c.Errorf("%d requests for %d documents", n, len(refs))
				}
			},
		})
	}
	return cases
}
