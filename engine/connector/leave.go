package connector

import "context"

type leaveKey struct{}

// WithLeave marks the calls of a write: leave is called at the last moment before one goes out, when
// it has waited for its turn. Whoever wrote down when it was sent may have to write it down again.
func WithLeave(ctx context.Context, leave func() error) context.Context {
	return context.WithValue(ctx, leaveKey{}, leave)
}

// Leave is to be called just before a write goes out. After an error nothing may be sent.
func Leave(ctx context.Context) error {
	leave, ok := ctx.Value(leaveKey{}).(func() error)
	if !ok {
		return nil
	}
	return leave()
}
