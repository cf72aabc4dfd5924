package connectortest

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
)

func probing(sys System, w Write) []Case {
	cases := []Case{
		{
			Name: "probe", Why: "what is in doubt is settled by asking: found means written, absent means not",
			body: func(c *T) { c.probeWritten(w) },
		},
		{
			Name: "probe none", Why: "a run that starts on an empty ledger asks for nothing",
			body: func(c *T) {
				got, err := ability[connector.Prober](c, c.Box.Open(c, nil)).Probe(c.ctx(), w.Target, nil)
				if c.classified(err) != nil || len(got) != 0 {
					c.Errorf("%d answers, error %v", len(got), err)
				}
			},
		},
		{
			Name: "probe cancelled by the caller", Why: "shutdown must not wait for a target",
			body: func(c *T) {
				_, err := ability[connector.Prober](c, c.Box.Open(c, nil)).Probe(cancelled(c), w.Target, []string{w.Doc(0).Key})
				if c.classified(err) == nil {
					c.Errorf("no error: \"absent\" would be believed")
				}
			},
		},
	}
	if sys.Sandbox == nil {
		return cases
	}
	return append(cases, Case{
		Name: "probe without an answer", Why: "a target that can't be asked is not one that holds nothing: believing so writes every document twice",
		body: func(c *T) {
			conn := c.Box.Open(c, nil)
			c.write(w, conn, docs(w, 0, 1))
			c.Box.Kit.Faults.Add(sandbox.Fault{Kind: sandbox.Status, Count: -1})
			_, err := ability[connector.Prober](c, conn).Probe(c.ctx(), w.Target, []string{w.Doc(0).Key})
			c.is(err, problem.Transient)
		},
	})
}

// probeWritten asks for what was written and for what was not, mixed.
func (c *T) probeWritten(w Write) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	ds := docs(w, 0, w.Sent)
	outs := c.write(w, conn, ds)
	keys := []string{w.Doc(900).Key}
	for _, d := range slices.Backward(ds) {
		keys = append(keys, d.Key)
	}
	keys = append(keys, w.Doc(901).Key)
	got := c.probe(w, conn, keys)
	for i, p := range got {
		if i == 0 || i == len(got)-1 {
			if p.Found {
				c.Errorf("key %s was never written, and is found", keys[i])
			}
			continue
		}
		o := outs[len(ds)-i]
		if !p.Found || p.ID != o.ID || p.Number != keys[i] || p.Stage != o.Stage || p.Many || p.Cancelled {
			c.Errorf("key %s: %+v; Write said id %q, stage %v", keys[i], p, o.ID, o.Stage)
		}
	}
}

func (c *T) probe(w Write, conn connector.Conn, keys []string) []connector.Probed {
	c.Helper()
	got, err := ability[connector.Prober](c, conn).Probe(c.ctx(), w.Target, keys)
	if err != nil {
		c.Fatalf("probe: %v", c.classified(err))
	}
	if len(got) != len(keys) {
		c.Fatalf("%d answers to %d keys", len(got), len(keys))
	}
	return got
}

func staging(sys System, w Write, traits connector.Traits) []Case {
	var cases []Case
	for _, op := range traits.Ops {
		cases = append(cases, Case{
			Name: "stage " + op.String(), Why: "a stage that is said and not reached leaves a document behind unnoticed",
			body: func(c *T) { c.stage(w, traits, op) },
		})
		if path := w.Stages[op]; sys.Sandbox != nil && path != "" {
			cases = append(cases, stageFaults(w, traits, op, path)...)
		}
	}
	if len(traits.Ops) == 0 {
		return nil
	}
	return append(cases, Case{
		Name: "stage of a document that is gone", Why: "one that is gone must not stop nor hide the others",
		body: func(c *T) {
			conn := c.Box.Open(c, nil)
			refs := c.ready(w, traits, conn, traits.Ops[0])
			mid := len(refs) / 2
			refs = slices.Insert(refs, mid, connector.Ref{Key: w.Doc(900).Key, ID: "999999999"})
			for i, o := range c.staged(w, conn, traits.Ops[0], refs) {
				if gone := i == mid; gone != (o.State == connector.Refused) {
					c.Errorf("ref %d (gone: %v): state %d: %v", i, gone, o.State, o.Err)
				}
			}
		},
	})
}

// before lists the operations that bring a saved document to where op applies.
func before(op connector.Op, have []connector.Op) []connector.Op {
	need := map[connector.Op][]connector.Op{
		connector.Audit:    {connector.Submit},
		connector.UnAudit:  {connector.Submit, connector.Audit},
		connector.UnSubmit: {connector.Submit},
	}[op]
	return slices.DeleteFunc(slices.Clone(need), func(o connector.Op) bool { return !slices.Contains(have, o) })
}

// ready writes documents and brings them to where op applies.
func (c *T) ready(w Write, traits connector.Traits, conn connector.Conn, op connector.Op) []connector.Ref {
	c.Helper()
	ds := docs(w, 0, w.Sent)
	refs := make([]connector.Ref, len(ds))
	for i, o := range c.write(w, conn, ds) {
		refs[i] = connector.Ref{Key: ds[i].Key, ID: o.ID}
	}
	for _, step := range before(op, traits.Ops) {
		for i, o := range c.staged(w, conn, step, refs) {
			if o.State != connector.Written {
				c.Fatalf("%v of %s: state %d: %v", step, refs[i].Key, o.State, o.Err)
			}
		}
	}
	return refs
}

func (c *T) staged(w Write, conn connector.Conn, op connector.Op, refs []connector.Ref) []connector.Outcome {
	c.Helper()
	outs, err := ability[connector.Stager](c, conn).Stage(c.ctx(), w.Target, op, refs)
	if err != nil {
		c.Fatalf("%v: %v", op, c.classified(err))
	}
	c.sound(outs, len(refs))
	return outs
}

// stage does op and asks the target, in another connection, what became of it.
func (c *T) stage(w Write, traits connector.Traits, op connector.Op) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	refs := c.ready(w, traits, conn, op)
	outs := c.staged(w, conn, op, refs)
	for i, o := range outs {
		if o.State != connector.Written {
			c.Errorf("%v of %s: state %d: %v", op, refs[i].Key, o.State, o.Err)
		}
	}
	if _, ok := connector.Can[connector.Prober](conn); ok {
		c.reached(w, op, refs, outs)
	}
}

func (c *T) reached(w Write, op connector.Op, refs []connector.Ref, outs []connector.Outcome) {
	c.Helper()
	want := map[connector.Op]connector.Stage{connector.Submit: connector.Submitted, connector.Audit: connector.Audited, connector.UnAudit: connector.Saved, connector.UnSubmit: connector.Saved}
	keys := make([]string, len(refs))
	for i, r := range refs {
		keys[i] = r.Key
	}
	for i, p := range c.probe(w, c.Box.Open(c, nil), keys) {
		ok := p.Found && p.ID == refs[i].ID
		switch op {
		case connector.Submit, connector.Audit, connector.UnAudit, connector.UnSubmit:
			ok = ok && p.Stage == want[op] && outs[i].Stage == p.Stage
		case connector.Cancel:
			ok = ok && p.Cancelled
		case connector.Delete:
			ok = !p.Found
		}
		if !ok {
			c.Errorf("after %v of %s the target says %+v, the outcome stage %v", op, keys[i], p, outs[i].Stage)
		}
	}
}
