package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

var (
	_ sandbox.Replayer   = (*Box)(nil)
	_ sandbox.FaultKinds = (*Box)(nil)
)

// callKind marks the calls in a journal. Only calls that write are kept: sessions do not outlive
// the process, and the next one draws what it needs anew.
const callKind = "call"

// recorded is a call that can be done again.
type recorded struct {
	At          time.Time     `json:"at"`
	Path        string        `json:"path"` // behind the base
	Body        string        `json:"body"`
	ContentType string        `json:"content_type,omitempty"`
	Begin       string        `json:"begin,omitempty"` // the header that makes a BatchSave asynchronous
	User        string        `json:"user"`
	Lcid        int           `json:"lcid"`
	Late        time.Duration `json:"late,omitempty"`
	Partial     *string       `json:"partial,omitempty"`
}

func (c *call) record() recorded {
	rest, _, _ := underBase(c.r.URL.Path)
	return recorded{
		At: c.now, Path: rest, Body: string(c.body), ContentType: c.r.Header.Get("Content-Type"), Begin: c.r.Header.Get("beginmethod"),
		User: c.session.user, Lcid: c.lcid, Late: c.late, Partial: c.partial,
	}
}

// Replay does a call of an earlier process again.
func (b *Box) Replay(_ string, data json.RawMessage) error {
	var in recorded
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, "http://sandbox"+basePath+in.Path, strings.NewReader(in.Body)) //nolint:noctx // it never leaves
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", in.ContentType)
	if in.Begin != "" {
		r.Header.Set("beginmethod", in.Begin)
	}
	c, problem := b.receive(r)
	if problem != nil {
		return nil // it was answered with an error then, too
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c.use(&session{user: in.User, lcid: in.Lcid})
	c.now, c.late, c.partial = in.At.In(zone), in.Late, in.Partial
	_ = c.do() // whoever asked has got the answer long ago
	return nil
}
