package run

import (
	"context"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// lead is how long a request may wait for its turn in the connection's queue before its time of
// sending is written down anew. "Not there" is believed so much later.
const lead = 30 * time.Second

// leaving makes calls note when they really leave: after a long wait in the queue, what the state
// says of the time of sending is too early, and a late landing would be taken for none.
func (r *runner) leaving(ctx context.Context, s *sink, group []*move) context.Context {
	var once sync.Mutex // a connector may send a group in several calls at once
	return connector.WithLeave(ctx, func() error {
		once.Lock()
		defer once.Unlock()
		if r.dead.Load() {
			return ErrAbandoned
		}
		now, late := r.now(), false
		for _, mv := range group {
			if x := mv.doc.Pending; x != nil && now.Sub(instant(x.Sent)) > lead {
				again := *x
				again.Sent = nanos(now)
				mv.doc.Pending, mv.dirty, late = &again, true, true
			}
		}
		if !late {
			return nil
		}
		return r.commit("intent", nil, func(tx state.Tx) error { return r.putRows(tx, s, group) })
	})
}
