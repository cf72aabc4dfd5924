package sandbox

import (
	"encoding/json"
	"fmt"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// The changes that a journal keeps, so that a sandbox inside a project is there again, with what was
// written to it, in the next process. Tokens are not among them: they are secrets, and a client
// that meets a sandbox without its token asks for another.
const (
	changeCall   = "call"   // a write, with callRecord
	changeSettle = "settle" // shipments that were due were done
	changeTouch  = "touch"  // orders changed while they were read, with their places
)

var _ sandbox.Replayer = (*Box)(nil)

type callRecord struct {
	Path  string          `json:"path"`
	Body  json.RawMessage `json:"body,omitempty"`
	Fails *string         `json:"fails,omitempty"`
}

// record keeps a change. A journal that cannot be written is a matter for the log: the change has
// happened, and its answer goes out.
func (b *Box) record(kind string, v any) {
	if err := b.kit.Record(kind, v); err != nil {
		b.kit.Log.Error("journal", "kind", kind, "error", err)
	}
}

// Replay lets a recorded change happen again.
func (b *Box) Replay(kind string, data json.RawMessage) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch kind {
	case changeCall:
		return b.replayCall(data)
	case changeSettle:
		b.settle()
		return nil
	case changeTouch:
		return b.replayTouch(data)
	}
	return fmt.Errorf("no change of kind %q", kind)
}

func (b *Box) replayCall(data json.RawMessage) error {
	var in callRecord
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	to, ok := routes[in.Path]
	if !ok {
		return fmt.Errorf("no path %q", in.Path)
	}
	b.call = &call{path: in.Path, body: in.Body, fails: in.Fails}
	_, err := to.serve(b, b.call)
	return err
}

func (b *Box) replayTouch(data json.RawMessage) error {
	var places []int
	if err := json.Unmarshal(data, &places); err != nil {
		return err
	}
	for _, i := range places {
		if i < 0 || i >= len(b.orders) {
			return fmt.Errorf("no order at place %d", i)
		}
		b.touch(b.orders[i])
	}
	return nil
}
