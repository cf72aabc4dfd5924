package state

import "time"

// Pipeline is what is remembered of a pipeline as a whole.
type Pipeline struct {
	Name     string   `json:"name"`
	Identity Identity `json:"identity"`

	Cursor   string    `json:"cursor,omitempty"`
	CursorAt time.Time `json:"cursor_at,omitzero"` // the instant, by our clock, at which it was true
	Reread   time.Time `json:"reread,omitzero"`    // when the older window was looked at last
	Source   string    `json:"source,omitempty"`   // fingerprint of connection, object and params that were read whole last
	Asked    int64     `json:"asked,omitempty"`    // the latest instant of a page: versions rise even when the clock runs back

	Rereading *Window `json:"rereading,omitempty"` // the older window, when it was not read to its end
	Backfill  *Window `json:"backfill,omitempty"`  // a window that was asked for, when it was not read to its end

	// Renumbered tells how the target gave a document of ours another number; "" when it didn't, or
	// when a number came back as sent since.
	Renumbered string `json:"renumbered,omitempty"`

	Ahead     int64      `json:"ahead,omitempty"`    // how far the target's clock is ahead of ours, in nanoseconds, as measured last
	Revision  string     `json:"revision,omitempty"` // of the last run
	Revisions []Revision `json:"revisions,omitempty"`

	Former   []Former  `json:"former,omitempty"`   // numbers under which its ledger stood before
	Restored *Restored `json:"restored,omitempty"` // until all that the lost time changed was looked at again
}

// Identity is what must not change under a ledger: with another one, every record would be new.
type Identity struct {
	Key        []string `json:"key"` // as written
	Connection string   `json:"connection,omitempty"`
	Account    string   `json:"account,omitempty"`
	Object     string   `json:"object,omitempty"`
	TargetKey  string   `json:"target_key,omitempty"`
	Proven     bool     `json:"proven,omitempty"` // a number came back as it was sent
}

// Revision is one that ran.
type Revision struct {
	ID    string    `json:"id"`
	First time.Time `json:"first"`
}

// revisionsKept bounds the list of revisions of one pipeline.
const revisionsKept = 50

// Seen notes that a revision runs. It answers whether it is another one than before.
func (p *Pipeline) Seen(revision string, now time.Time) bool {
	if p.Revision == revision {
		return false
	}
	p.Revision = revision
	p.Revisions = append(p.Revisions, Revision{revision, now})
	if n := len(p.Revisions) - revisionsKept; n > 0 {
		p.Revisions = p.Revisions[n:]
	}
	return true
}

// GetPipeline reads what is known of a pipeline; false when it has never run.
func GetPipeline(tx Tx, id ID) (Pipeline, bool, error) {
	var p Pipeline
	ok, err := getJSON(tx, Pipelines, id.key(nil), &p)
	return p, ok, err
}

// PutPipeline writes it.
func PutPipeline(tx Tx, id ID, p Pipeline) error { return putJSON(tx, Pipelines, id.key(nil), p) }

// EachPipeline walks over all pipelines that have ever run.
func EachPipeline(tx Tx, fn func(ID, Pipeline) (bool, error)) error {
	return tx.Scan(Pipelines, nil, nil, func(k, v []byte) (bool, error) {
		var p Pipeline
		if err := readJSON(Pipelines, k, v, &p); err != nil {
			return false, err
		}
		return fn(idOf(k), p)
	})
}
