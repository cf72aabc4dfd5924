package engine

import (
	"context"
	"fmt"
	"os"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
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
	var out []Finding
	for _, f := range checker.Check(ctx) {
		out = append(out, finding(name, f))
	}
	return out
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
	all, err := e.Exceptions(Filter{All: true})
	if err != nil {
		return []Finding{{Subject: "state", What: "file", Detail: err.Error()}}
	}
	return []Finding{{
		Subject: "state", What: "file", OK: true,
		Detail: fmt.Sprintf("%s, %.1f MiB, %d records open", e.file, float64(info.Size())/(1<<20), len(all)),
	}}
}
