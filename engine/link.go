package engine

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
)

// Link says which document is that of a record that stands open, by its number or its id in the
// target; "" says that it has none there. The target is asked first where it can be. by and reason
// are kept with the exception; the next run takes the record up.
func (e *Engine) Link(ctx context.Context, pipeline, key, document, by, reason string) (run.Linked, error) {
	p, err := e.pipeline(pipeline)
	if err != nil {
		return run.Linked{}, err
	}
	ready, err := p.ready(ctx, e, RunOptions{})
	if err != nil {
		return run.Linked{}, problem.In(err, problem.Error{Pipeline: pipeline})
	}
	what := "linked to document " + document
	if document == "" {
		what = "said to have no document"
	}
	return run.SetLink(ctx, ready, run.Options{Store: e.store, Clock: e.clock(), Log: e.log.With("pipeline", pipeline)},
		run.Link{Key: key, Document: document, Note: what + " by " + by + ": " + reason})
}
