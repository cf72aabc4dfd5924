package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// program is a pipeline that is compiled and not yet connected.
type program struct {
	spec  *spec.Pipeline
	steps *step.Program
}

// ladder is the default of `retry`.
var ladder = []time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute}

func (e *Engine) compile(p *spec.Pipeline) (*program, problem.List) {
	steps, problems := step.Compile(p, kinds, step.World{Project: e.Project, Find: e.find, Kept: e.kept})
	e.Project.Notices.Add(noticesOf(steps))
	return &program{p, steps}, problems
}

func noticesOf(p *step.Program) error {
	if p == nil {
		return nil
	}
	return p.Warnings.Err()
}

// ready connects a program for one run.
func (p *program) ready(ctx context.Context, e *Engine, o RunOptions) (*run.Pipeline, error) {
	source, err := p.source(ctx, e)
	if err != nil {
		return nil, err
	}
	target, err := p.target(ctx, e)
	if err != nil {
		return nil, err
	}
	p.steps.Begin()
	rows := pool{steps: p.steps, time: e.now()}
	out := &run.Pipeline{
		Name:        p.spec.Name.Text,
		Environment: e.Project.Environment,
		Revision:    p.spec.Revision,
		Uses:        p.uses(e),
		Source:      source,
		Prepare:     p.steps.Steps,
		Target:      target,
		Key:         p.steps.KeyOf,
		NewRow:      rows.get,
		Free:        rows.put,
		Live:        p.steps.Live,
		Retry:       p.spec.Retry,
		Masters:     e.masters(ctx),
		Ask:         e.asker(p.steps.Asks),
		Ledger:      p.spec.State.Text != "none",
	}
	if out.Former, err = e.former(p.spec); err != nil {
		return nil, err
	}
	if p.spec.Priority.Text == "stock" {
		out.Priority = connector.Stock
	}
	if out.Retry == nil {
		out.Retry = ladder
	}
	for _, k := range p.spec.Key {
		out.KeyText = append(out.KeyText, k.Text)
	}
	for _, s := range e.Project.Pipelines {
		out.Siblings = append(out.Siblings, s.Name.Text)
	}
	if len(p.steps.Keep) > 0 {
		out.Keep = p.steps.Kept
	}
	if len(p.steps.Amounts) > 0 {
		out.Amount = p.amount
	}
	return out, nil
}

// amount is the money that hangs on a record, as it is shown; nothing where it can't be told.
func (p *program) amount(r *step.Row) string {
	v, err := p.steps.Amounts[0].Eval(r)
	if err != nil {
		return ""
	}
	text, _ := value.KeyText(v)
	return text
}

func (p *program) source(ctx context.Context, e *Engine) (run.Source, error) {
	s := p.spec.Source
	conn, err := e.Connect(ctx, s.Connection.Text)
	if err != nil {
		return run.Source{}, err
	}
	if _, ok := connector.Can[connector.Reader](conn); !ok {
		return run.Source{}, cannot(s.Connection, "be read from")
	}
	out := run.Source{
		Connection: s.Connection.Text, Conn: conn,
		Query: connector.Query{Object: s.Object.Text, Params: s.Params.Raw(), Fields: p.steps.Fields},
	}
	if c := s.Cursor; c != nil {
		out.Query.Field, out.Query.Start, out.Query.Lookback = c.Field.Text, c.Start, c.Lookback
	}
	if r := s.Reread; r != nil {
		out.Reread = run.Reread{Every: r.Every, Window: r.Window}
	}
	out.Ref, out.RefOfKey = p.refs(conn)
	return out, nil
}

// refs tells how a record is asked for by its key: where all fields that the source wants for
// that are plain parts of the key.
func (p *program) refs(conn connector.Conn) (func(value.Record) (map[string]value.Value, bool), func([]string) (map[string]value.Value, bool)) {
	fetcher, can := connector.Can[connector.Fetcher](conn)
	fields, plain := step.KeyFields(p.spec.Key)
	if !can || !plain {
		return nil, nil
	}
	wanted := fetcher.FetchFields(p.spec.Source.Object.Text)
	if len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(fields, w) }) {
		return nil, nil
	}
	paths := make([]value.Path, len(fields))
	for i, f := range fields {
		path, err := value.ParsePath(f)
		if err != nil {
			return nil, nil // not a plain field after all
		}
		paths[i] = path
	}
	ofRecord := func(r value.Record) (map[string]value.Value, bool) {
		out := map[string]value.Value{}
		for i, f := range fields {
			v := paths[i].Get(r.Value())
			if _, ok := value.KeyText(v); !ok {
				return nil, false
			}
			out[f] = v
		}
		return out, true
	}
	ofKey := func(parts []string) (map[string]value.Value, bool) {
		if len(parts) != len(fields) {
			return nil, false
		}
		out := map[string]value.Value{}
		for i, f := range fields {
			out[f] = value.OfText(parts[i])
		}
		return out, true
	}
	return ofRecord, ofKey
}

func (p *program) target(ctx context.Context, e *Engine) (*run.Target, error) {
	t := p.spec.Target
	if t == nil {
		return nil, nil
	}
	out, err := e.target(ctx, t.Connection, t.Object.Text, t.Key.Text)
	if err != nil {
		return nil, err
	}
	out.To.Params = t.Params.Raw()
	out.To.Fields = p.steps.DocumentFields()
	if out.To.Mark = t.Mark.Text; out.To.Mark != "" && out.To.Fields != nil {
		out.To.Fields = append(out.To.Fields, out.To.Mark)
	}
	writer, _ := connector.Can[connector.Writer](out.Conn) // e.target made sure of it
	traits := writer.Traits(out.To)
	if _, asks := connector.Can[connector.Prober](out.Conn); out.To.Mark != "" && (!asks || !traits.Marks) {
		return nil, cannotAt(t.Mark.At, t.Connection.Text, "be asked for target.mark: "+out.To.Mark)
	}
	if err := t.CheckOps(traits.Ops).Err(); err != nil {
		return nil, err
	}
	if p.spec.State.Text == "none" && !traits.Replaces {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC138", At: p.spec.State.At,
			Reason: "state: none goes only with a target that is replaced as a whole, and " + t.Object.Text + " in " + t.Connection.Text + " is not",
			Hint:   "leave state out: without a ledger every run would write every record again",
		}
	}
	out.Key = p.steps.TargetKey
	out.Batch = t.Batch
	for _, op := range t.Then {
		o, _ := connector.ParseOp(op.Text) // spec lets only known ones through
		out.Then = append(out.Then, o)
	}
	out.Changed = map[string]run.Changed{"reopen": run.Reopen, "skip": run.Skip, "hold": run.HoldChange}[t.Changed.Text]
	out.Withdrawn = map[string]run.Withdrawn{"ignore": run.IgnoreWithdrawn, "cancel": run.CancelWithdrawn, "delete": run.DeleteWithdrawn}[t.Withdrawn.Text]
	if t.Found.Text == "adopt" {
		out.Found = run.AdoptFound
	}
	out.Shared = !t.Shared.IsZero()
	out.At.Key, out.At.Changed, out.At.Withdrawn = t.Key.At, t.Changed.At, t.Withdrawn.At
	return out, nil
}

// target connects a place that documents go to.
func (e *Engine) target(ctx context.Context, connection spec.Text, object, key string) (*run.Target, error) {
	conn, err := e.Connect(ctx, connection.Text)
	if err != nil {
		return nil, err
	}
	if _, ok := connector.Can[connector.Writer](conn); !ok {
		return nil, cannot(connection, "be written to")
	}
	return &run.Target{Connection: connection.Text, Conn: conn, To: connector.Target{Object: object, Key: key}}, nil
}

func (e *Engine) masters(ctx context.Context) func(connection, object, key string) (*run.Target, error) {
	return func(connection, object, key string) (*run.Target, error) {
		return e.target(ctx, spec.Text{Text: connection}, object, key)
	}
}

func cannot(connection spec.Text, what string) error {
	return cannotAt(connection.At, connection.Text, what)
}

func cannotAt(at problem.Pos, connection, what string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC606", At: at,
		Reason: "connection " + connection + " can't " + what,
		Hint:   "pipectl connectors tells what each system can do",
	}
}

// pool hands out rows and takes them back, so that a long run makes few of them.
type pool struct {
	steps *step.Program
	time  time.Time
	free  sync.Pool
}

func (p *pool) get() *step.Row {
	r, ok := p.free.Get().(*step.Row)
	if !ok {
		r = p.steps.NewRow()
	}
	r.Time = p.time
	return r
}

func (p *pool) put(r *step.Row) {
	r.Reset(value.Record{})
	p.free.Put(r)
}

// askOf finds the look-up that a cause comes from.
func askOf(asks []step.Ask, c problem.Cause, parts int) (step.Ask, bool) {
	i := slices.IndexFunc(asks, func(a step.Ask) bool {
		of := problem.Cause{Table: a.Table, Connection: a.Connection, Object: a.Object, Key: c.Key}
		if a.Pipeline != "" {
			of.Connection, of.Object = "pipeline", a.Pipeline // as the look-up names it
		}
		return of == c && len(a.Match) == parts
	})
	if i < 0 {
		return step.Ask{}, false
	}
	return asks[i], true
}
