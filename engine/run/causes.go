package run

import (
	"errors"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// questions are the causes that a run has asked for: each once, however many records wait for it.
type questions struct {
	run   *runner
	there map[problem.Cause]bool
	mute  bool // they could not be asked for: the next run asks
}

// remembered bounds how many answers are kept.
const remembered = 20 * span

// released gives the records that wait for nothing any more; the causes are asked for together.
func (q *questions) released(asking []state.Exception) ([]open, error) {
	if len(asking) == 0 {
		return nil, nil
	}
	if q.run.p.Ask != nil {
		if err := q.ask(asking); err != nil || q.mute {
			return nil, err
		}
	}
	var out []open
	for _, e := range asking {
		names := make([]string, len(e.Causes))
		all := true
		for i, c := range e.Causes {
			all = all && (q.run.p.Ask == nil || q.there[c])
			names[i] = c.String()
		}
		if all {
			out = append(out, open{key: e.Key, because: "; what it waited for has appeared: " + strings.Join(names, ", ")})
		}
	}
	return out, nil
}

func (q *questions) ask(asking []state.Exception) error {
	if q.mute {
		return nil
	}
	if len(q.there) > remembered {
		clear(q.there)
	}
	var causes []problem.Cause
	for _, e := range asking {
		for _, c := range e.Causes {
			if _, known := q.there[c]; !known {
				q.there[c] = false
				causes = append(causes, c)
			}
		}
	}
	if len(causes) == 0 {
		return nil
	}
	present, err := asked(q.run, "causes", func() ([]bool, error) { return q.run.p.Ask(q.run.ctx, causes) })
	if errors.Is(err, ErrAbandoned) {
		return err
	}
	if err != nil {
		p := problem.As(err)
		if p.Class == problem.Fatal || p.Class == problem.Transient {
			return q.run.down("the system of a look-up", err)
		}
		q.run.log.Warn("causes could not be asked for: their records wait for the next run", "reason", p.Reason)
		q.mute = true
		return nil
	}
	for i, c := range causes {
		q.there[c] = present[i]
	}
	return nil
}
