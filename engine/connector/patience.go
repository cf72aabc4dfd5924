package connector

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
)

// A system that says "too many requests" in the middle of a long reading is asked for the same page
// again: what was read before it is not read twice. How long to wait, and for how long at all, is
// the engine's to say; it travels with the context of Read.

type patienceKey struct{}

// WithPatience lets a reader under ctx wait. wait comes back when it may ask again, or with the error
// that ends the reading.
func WithPatience(ctx context.Context, wait func(context.Context, *problem.Error) error) context.Context {
	return context.WithValue(ctx, patienceKey{}, wait)
}

// Patiently asks, and asks again as long as the answer is "too many requests" and the context has
// patience. Only for what may be asked twice.
func Patiently[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	wait, _ := ctx.Value(patienceKey{}).(func(context.Context, *problem.Error) error)
	for {
		out, err := ask()
		if err == nil || wait == nil {
			return out, err
		}
		p := problem.As(err)
		if p.Class != problem.Throttled {
			return out, err
		}
		if err := wait(ctx, p); err != nil {
			return out, err
		}
	}
}
