package engine

import (
	"context"
	"fmt"
	"os"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/state"
)

// Finding is one line of `pipectl doctor`.
type Finding struct {
	Subject string `json:"subject"` // a connection, or "state"
	What    string `json:"what"`
	OK      bool   `json:"ok"`
	Detail  string `json:"detail,omitempty"`
	Code    string `json:"code,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Doctor looks at connections (all for none named) and at the state.
func (e *Engine) Doctor(ctx context.Context, names []string) ([]Finding, error) {
	if len(names) == 0 {
		for _, c := range e.Project.Connections {
			names = append(names, c.Name)
		}
	}
	var out []Finding
	for _, name := range names {
		if e.Project.Connection(name) == nil {
			return nil, &problem.Error{Class: problem.Fatal, ID: "PC121", Reason: "there is no connection " + name, Hint: "pipectl.yaml names the connections"}
		}
		out = append(out, e.examine(ctx, name)...)
	}
	return append(out, e.examineState()...), nil
}

func (e *Engine) examine(ctx context.Context, name string) []Finding {
	c, err := e.Connect(ctx, name)
	if err != nil {
		return []Finding{finding(name, connector.Finding{What: "settings", Err: problem.As(err)})}
	}
	checker, ok := connector.Can[connector.Checker](c)
	if !ok {
		return []Finding{{Subject: name, What: "settings", OK: true, Detail: "account " + c.Account()}}
	}
	found := checker.Check(ctx)
	var out []Finding
	for _, f := range found {
		out = append(out, finding(name, f))
	}
	if err := e.learn(name, found); err != nil {
		e.log.Warn("what doctor saw could not be noted", "connection", name, "reason", err)
	}
	return out
}

// learn notes what doctor saw for the runs: a connection that was noted as down and answers is asked
// again at once, and one that refuses the login isn't.
func (e *Engine) learn(name string, found []connector.Finding) error {
	var down *problem.Error
	for _, f := range found {
		if f.Err != nil && (f.Err.Login || f.Err.Class == problem.Transient && down == nil) {
			down = f.Err
		}
	}
	was, known, err := e.outage(name)
	if err != nil || !known && (down == nil || !down.Login) {
		return err
	}
	return e.store.Update(func(tx state.Tx) error {
		switch {
		case down == nil:
			return run.Up(tx, name, e.now())
		case down.Login || was.Open():
			return run.Down(tx, e.use(name), down, e.now())
		}
		return nil
	})
}

func (e *Engine) outage(name string) (o state.Outage, known bool, err error) {
	err = e.store.View(func(tx state.Tx) (err error) {
		o, known, err = state.GetOutage(tx, name)
		return err
	})
	return o, known, err
}

func finding(subject string, f connector.Finding) Finding {
	out := Finding{Subject: subject, What: f.What, OK: f.Err == nil, Detail: f.Detail}
	if f.Err != nil {
		out.Code, out.Hint = f.Err.ID, f.Err.Hint
		if out.Detail == "" {
			out.Detail = f.Err.Reason
		}
		if f.Err.Code != "" {
			out.Detail += " [" + f.Err.Code + "]"
		}
	}
	return out
}

func (e *Engine) examineState() []Finding {
	info, err := os.Stat(e.file)
	if err != nil {
		return []Finding{{Subject: "state", What: "file", Detail: err.Error(), Hint: "the folder must be writable"}}
	}
	open := 0
	if err := e.EachException(Filter{All: true}, func(state.Exception) error { open++; return nil }); err != nil {
		return []Finding{{Subject: "state", What: "file", Detail: err.Error()}}
	}
	out := Finding{
		Subject: "state", What: "file", OK: true,
		Detail: fmt.Sprintf("%s, %.1f MB, %d records open", e.file, float64(info.Size())/1e6, open),
	}
	if e.reads {
		out.OK, out.Code, out.Hint = false, "PC512", "make it and its folder writable for this user: nothing can be run"
		out.Detail += ", and it can only be read"
	}
	return []Finding{out}
}
