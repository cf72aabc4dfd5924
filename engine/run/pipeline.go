package run

import (
	"context"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// Pipeline is a compiled pipeline: all that a run has to know, and nothing of how it was written.
// It is not changed by a run and may be run again.
type Pipeline struct {
	Name        string
	Environment string
	Revision    string   // content hash of the pipeline with its tables and functions
	Siblings    []string // names of all pipelines of the project, this one too: a rename is noticed by them

	Uses     []Use              // the connections of source, target and look-ups, each once
	Priority connector.Priority // the most urgent that its calls are: Stock for stock levels
	Source   Source
	Prepare  []step.Step // where, let, look-ups, map, validate, in order
	Target   *Target     // nil: the pipeline only keeps rows for others

	// KeyText is the key as it is written, one text a part: it is part of the pipeline's identity.
	KeyText []string
	// Key gives a record's key, parts joined by "/" (value.KeyText). Row.Record and Frame.Source
	// are set. An error is the record's own (Invalid).
	Key func(*step.Row) (string, error)

	// NewRow makes an empty row with the slots that the expressions need. Free, when not nil, gets
	// back a row that nobody looks at any more.
	NewRow func() *step.Row
	Free   func(*step.Row)

	// Live says that Row.Content belongs to the record's content, so that nothing is known to be
	// unchanged before the steps have run.
	Live bool
	// Keep gives the row that other pipelines may look up, an object; nil when nothing is kept.
	Keep func(*step.Row) (value.Record, error)
	// Amount gives the money that hangs on a record, for lists of exceptions; nil when not said.
	Amount func(*step.Row) string
	// Retry is the ladder of durable retries; its length is their number.
	Retry []time.Duration

	// Masters gives the target in which a look-up with `missing: create` creates a row.
	Masters func(connectionName, object, keyField string) (*Target, error)
	// Ask tells which of the causes are there now: a row was added to a table, a material was
	// created. nil: causes are found out by trying.
	Ask func(context.Context, []problem.Cause) (present []bool, err error)

	// Former are the numbers and keys under which its ledger stood before (state rekey), the newest
	// last. Key nil: its documents are free for whoever builds their number (state fresh).
	Former []Former

	// Ledger false: `state: none`. Nothing is remembered but exceptions and the report.
	Ledger bool
}

// Former is a number under which the ledger stood before, and the key that its records had then.
type Former struct {
	ID  state.ID
	Key func(value.Record) (string, error)
}

// Source is where records come from.
type Source struct {
	Connection string // its name in pipectl.yaml
	Conn       connector.Conn
	Query      connector.Query // Object, Params, Field, Start, Lookback, Fields
	Reread     Reread
	// Ref names a record for Fetcher by the values of the key's source fields; nil, or false,
	// where it can't be asked by key.
	Ref func(value.Record) (map[string]value.Value, bool)
	// RefOfKey does so for a key as text, its parts in order; nil where the key isn't made of
	// plain fields.
	RefOfKey func(parts []string) (map[string]value.Value, bool)
}

// Reread looks again at an older window at its own pace (补漏). Every 0: never.
type Reread struct{ Every, Window time.Duration }

// Target is where documents go.
type Target struct {
	Connection string
	Conn       connector.Conn
	To         connector.Target
	// Key gives the target key of the row's document. An error is the record's own (Invalid).
	// It is not used for masters.
	Key       func(*step.Row) (string, error)
	Then      []connector.Op // the stages to go through after a save: submit, audit
	Batch     int            // documents in one write; 0: what the target takes at most
	Changed   Changed
	Withdrawn Withdrawn
	Found     Found
	Shared    bool // several pipelines write one document, each only its own fields

	At struct{ Key, Changed, Withdrawn problem.Pos } // where its YAML says so; zero where it doesn't
}

// Changed says what happens when a delivered record changes.
type Changed uint8

// What `target.changed` may say.
const (
	Update     Changed = iota // while the document is editable, else hold
	Reopen                    // un-audit, save, and through the stages again
	Skip                      // leave the document as it is
	HoldChange                // a person decides
)

// Withdrawn says what happens when a delivered record is cancelled at its source.
type Withdrawn uint8

// What `target.withdrawn` may say.
const (
	HoldWithdrawn Withdrawn = iota
	IgnoreWithdrawn
	CancelWithdrawn
	DeleteWithdrawn
)

// Found says what happens when the target already has a document of our key that the ledger does
// not know.
type Found uint8

// What `target.found` may say.
const (
	HoldFound Found = iota
	AdoptFound
)
