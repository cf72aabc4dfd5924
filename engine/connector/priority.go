package connector

import "context"

// Priority orders the calls of all pipelines that wait for one connection's budget.
type Priority uint8

// The priorities, the first served first.
const (
	Live     Priority = iota // what just happened in the source
	Retry                    // retries that are due, and what a cause has released
	Stock                    // pipelines with `priority: stock`
	BackFill                 // old windows: --since, --full, reread
)

type priorityKey struct{}

// WithPriority marks all calls made with the context.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityOf is the mark of a context; Live without one.
func PriorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}
