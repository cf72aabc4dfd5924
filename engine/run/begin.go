package run

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// begin makes a run, and refuses it when the ledger belongs to another identity.
func begin(ctx context.Context, p *Pipeline, o Options) (*runner, error) {
	r := &runner{p: p, o: o, clock: o.Clock, log: o.Log, store: o.Store, other: map[string]*sink{}, retried: newKeySet(), seen: map[string]int{}}
	if r.clock == nil {
		r.clock = systemClock{}
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.started = r.now()
	r.id = newID(r.started)
	r.busy.keys = map[string]struct{}{}
	r.probe = p.NewRow()
	if err := r.connect(); err != nil {
		r.cancel()
		return nil, err
	}
	err := r.identify()
	if err == nil {
		err = r.loadOverrides()
	}
	if err != nil {
		r.cancel()
		return nil, problem.In(err, problem.Error{Class: problem.Fatal, Pipeline: p.Name})
	}
	r.report = Report{
		Pipeline: p.Name, Environment: p.Environment, Run: r.id, Revision: p.Revision, Started: r.started,
		Cursor: CursorMove{From: r.known.Cursor, To: r.known.Cursor}, Requests: map[string]int{},
	}
	return r, nil
}

func (r *runner) connect() error {
	inFlight := 1
	if t := r.p.Target; t != nil {
		s, err := newSink(t)
		if err != nil {
			return err
		}
		r.main = s
		s.ledger = r.p.Ledger
		inFlight = cap(s.wire)
	}
	if inFlight > 1 { // while some are on the wire, others are written down
		inFlight *= 2
	}
	r.slots, r.asides = make(chan struct{}, inFlight), make(chan struct{}, 4)
	return nil
}

// identify finds the pipeline's rows and holds its identity against theirs.
func (r *runner) identify() error {
	ours := r.identity()
	check := func(tx state.Tx, create bool) error {
		id, err := state.PipelineID(tx, r.p.Name, create)
		if err != nil {
			return err
		}
		known, ok := state.Pipeline{Name: r.p.Name, Identity: ours}, false
		if id != 0 {
			stored, found, err := state.GetPipeline(tx, id)
			if err != nil {
				return err
			}
			if found {
				known, ok = stored, true
			}
		}
		if ok && r.p.Ledger {
			if err := sameIdentity(r.p.Name, known.Identity, ours); err != nil {
				return err
			}
		}
		if !ok && r.p.Ledger {
			if err := r.renamed(tx, ours); err != nil {
				return err
			}
		}
		if !ok { // it may have run before, in a state that was lost
			if span, err := state.LastRestored(tx); err != nil {
				return err
			} else if !span.At.IsZero() {
				known.Restored = &span
			}
		}
		r.pid, r.known = id, known
		r.known.Name = r.p.Name
		r.remaps = ok && known.Revision != r.p.Revision
		if r.main != nil {
			r.main.scope, err = state.ScopeID(tx, r.main.conn.Account(), r.main.to.Object, r.main.to.Key, create)
			if err != nil {
				return err
			}
			r.main.ahead = time.Duration(known.Ahead)
			r.main.proven.Store(known.Identity.Proven || r.main.trusted())
			if err := r.renumbers(known); err != nil {
				return err
			}
		}
		if !create {
			return nil
		}
		if !r.p.Ledger { // what would be refused with a ledger is of no consequence without one
			r.known.Identity = ours
		}
		return state.PutPipeline(tx, id, r.known)
	}
	var err error
	if r.o.DryRun {
		err = r.store.View(func(tx state.Tx) error { return check(tx, false) })
	} else {
		err = r.store.Update(func(tx state.Tx) error { return check(tx, true) })
	}
	if late := r.known.Asked - nanos(r.started); late > 0 {
		r.behind = instant(r.known.Asked).Sub(r.started) + 1
	}
	r.begun = nanos(r.started.Add(r.behind))
	r.turned = r.begun
	r.track.goOn(live, place{r.known.Cursor, r.known.CursorAt})
	return err
}

// renumbers refuses to go on where the target gave a document of ours another number: each run
// would make one more that nobody could find again. A person who has set the target right tries one
// record by its key; a number that comes back as sent ends it.
func (r *runner) renumbers(known state.Pipeline) error {
	if known.Renumbered == "" || r.main.proven.Load() || len(r.o.Keys) > 0 || r.o.DryRun {
		return nil
	}
	return &problem.Error{
		Class: problem.Fatal, ID: "PC413", Pipeline: r.p.Name, Reason: known.Renumbered + "; nothing more is sent",
		Hint: "allow numbers from outside there (允许手工修改), then try a record that was not sent yet: pipectl run " + r.p.Name + " --key KEY",
	}
}

func (r *runner) identity() state.Identity { return r.p.Identity() }

// Identity is what the pipeline's ledger is written under.
func (p *Pipeline) Identity() state.Identity {
	id := state.Identity{Key: p.KeyText}
	if t := p.Target; t != nil {
		id.Connection, id.Account, id.Object, id.TargetKey = t.Connection, t.Conn.Account(), t.To.Object, t.To.Key
	}
	return id
}

// sameIdentity refuses what would make every record new, and so every document a second one.
func sameIdentity(pipeline string, was, is state.Identity) error {
	var changes []string
	note := func(what, was, is string) {
		if was != is {
			changes = append(changes, fmt.Sprintf("%s was %q and is %q", what, was, is))
		}
	}
	note("key", strings.Join(was.Key, ", "), strings.Join(is.Key, ", "))
	note("target account", was.Account, is.Account)
	note("target object", was.Object, is.Object)
	note("target.key", was.TargetKey, is.TargetKey)
	if len(changes) == 0 {
		return nil
	}
	return &problem.Error{
		Class: problem.Fatal, ID: "PC450",
		Reason: "identity of the pipeline has changed since its ledger (台账) was written: " + strings.Join(changes, "; "),
		Hint:   "every record would be new, and written again. Undo the change; or " + WayOn(pipeline, was, is),
	}
}

// WayOn names the commands that carry the ledger over to another identity.
func WayOn(pipeline string, was, is state.Identity) string {
	fresh := "pipectl state fresh " + pipeline + " --reason TEXT"
	if was.Object != is.Object {
		return "begin anew in the other object: " + fresh
	}
	var ways []string
	if was.Account != is.Account {
		ways = append(ways, "when the same documents are in the new account: pipectl state move "+pipeline+" --account --reason TEXT, when they are not: "+fresh)
	}
	if strings.Join(was.Key, "\x00") != strings.Join(is.Key, "\x00") || was.TargetKey != is.TargetKey {
		ways = append(ways, "carry the ledger over: pipectl state rekey "+pipeline+" --reason TEXT")
	}
	return strings.Join(ways, "; then ")
}

// renamed refuses a new pipeline that looks like one whose file is gone: with an empty ledger it
// would write all of that one's documents again.
func (r *runner) renamed(tx state.Tx, ours state.Identity) error {
	if len(r.p.Siblings) == 0 || r.main == nil {
		return nil
	}
	old := ""
	err := state.EachPipeline(tx, func(_ state.ID, p state.Pipeline) (bool, error) {
		gone := !slices.Contains(r.p.Siblings, p.Name)
		if gone && p.Identity.Account == ours.Account && p.Identity.Object == ours.Object && p.Identity.TargetKey == ours.TargetKey {
			old = p.Name
		}
		return old == "", nil
	})
	if err != nil || old == "" {
		return err
	}
	return &problem.Error{
		Class: problem.Fatal, ID: "PC451",
		Reason: fmt.Sprintf("pipeline %s is new, and pipeline %s, which wrote to %s %s, is gone: it looks renamed", r.p.Name, old, ours.Connection, ours.Object),
		Hint:   fmt.Sprintf("give it the ledger: pipectl state move %s %s --reason TEXT; or name it %s again in its YAML", old, r.p.Name, old),
	}
}

// sink is a place that documents go to: the pipeline's target, or that of a master.
type sink struct {
	name   string
	conn   connector.Conn
	to     connector.Target
	then   []connector.Op
	target *Target
	scope  state.ID
	traits connector.Traits
	ledger bool          // what is sent there is remembered
	ahead  time.Duration // how far its clock is ahead of ours
	wire   chan struct{} // requests that may be in flight

	writer   connector.Writer
	stager   connector.Stager
	prober   connector.Prober
	appender connector.Appender
	finisher connector.Finisher

	proving
}

func newSink(t *Target) (*sink, error) {
	s := &sink{ledger: true, name: t.Connection, conn: t.Conn, to: t.To, then: t.Then, target: t}
	var ok bool
	if s.writer, ok = connector.Can[connector.Writer](t.Conn); !ok {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC422", Reason: "connection " + t.Connection + " can't be written to",
			Hint: "choose another target: pipectl connectors tells what each system can do",
		}
	}
	s.traits = s.writer.Traits(t.To)
	s.traits.Longest += lead
	s.wire = make(chan struct{}, max(1, s.traits.InFlight))
	s.stager, _ = connector.Can[connector.Stager](t.Conn)
	s.prober, _ = connector.Can[connector.Prober](t.Conn)
	if s.traits.Appends {
		s.appender, _ = connector.Can[connector.Appender](t.Conn)
		s.prober = nil // nobody can ask it for a key
	}
	if s.traits.Replaces {
		s.finisher, _ = connector.Can[connector.Finisher](t.Conn)
		s.prober = nil
	}
	for _, op := range t.Then {
		if s.stager == nil || !slices.Contains(s.traits.Ops, op) {
			return nil, &problem.Error{
				Class: problem.Fatal, ID: "PC422",
				Reason: fmt.Sprintf("%s can't %s its documents", s, op),
				Hint:   "take " + op.String() + " out of target.then",
			}
		}
	}
	return s, nil
}

// String names the place: "kingdee SAL_SaleOrder".
func (s *sink) String() string { return s.name + " " + s.to.Object }

// trusted says that the target numbers nothing by itself: nothing has to be proven.
func (s *sink) trusted() bool { return s.traits.Appends || s.traits.Replaces }

// size is how many documents go into one write.
func (s *sink) size() int {
	most := max(1, s.traits.Batch)
	if n := s.target.Batch; n > 0 && n < most {
		return n
	}
	return most
}

// goal is the stage in which a document is done.
func (s *sink) goal() connector.Stage {
	goal := connector.NoStage
	for _, op := range s.then {
		goal = max(goal, reaches(op))
	}
	return goal
}

// reaches is the stage that an operation leads to.
func reaches(op connector.Op) connector.Stage {
	switch op {
	case connector.Submit:
		return connector.Submitted
	case connector.Audit:
		return connector.Audited
	case connector.UnAudit, connector.UnSubmit:
		return connector.Saved
	case connector.Cancel, connector.Delete:
	}
	return connector.NoStage
}
