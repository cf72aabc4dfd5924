// Package connector is the contract between the engine and a vendor's system.
//
// A connector brings data across and classifies what went wrong; it maps nothing, chooses
// nothing and repeats no write. What a system can do is told by the interfaces that its
// connection implements, found with Can.
package connector

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Conn is an open connection to one account. It is used by several pipelines and goroutines at
// once. Opening makes no request: a wrong password shows at the first call.
type Conn interface {
	// Account names the account behind the connection without a secret ("300001/65a1b2c3d4e5f6"):
	// it is part of a document's identity, so it must not change when credentials are renewed.
	Account() string
	Close() error
}

// Env is what the engine gives a connection when it opens it.
type Env struct {
	Name  string           // of the connection in pipectl.yaml
	Log   *slog.Logger     // never nil
	Now   func() time.Time // never nil
	Vault Vault            // never nil
	Meter Meter            // never nil
	Dir   string           // of the project: what relative paths are relative to
	Rate  Rate             // the connection's own budget from pipectl.yaml; zero: the connector's default
}

// Rate is a budget for requests.
type Rate struct {
	PerSecond float64
	InFlight  int
}

// Vault keeps small values (a token pair) across restarts. What goes in must be sealed by the
// connector with its own secret: the state file holds no readable secret.
type Vault interface {
	Load(ctx context.Context, key string) ([]byte, error) // nil, nil when there is none
	Save(ctx context.Context, key string, value []byte) error
}

// Meter counts requests: the numbers in a run report.
type Meter interface{ Request(connection string) }

// Can finds an ability of a connection, through wrappers that have Unwrap() Conn.
func Can[T any](c Conn) (T, bool) {
	for c != nil {
		if t, ok := c.(T); ok {
			return t, true
		}
		w, ok := c.(interface{ Unwrap() Conn })
		if !ok {
			break
		}
		c = w.Unwrap()
	}
	var zero T
	return zero, false
}

// Query says what to read.
type Query struct {
	Object   string
	Params   map[string]json.RawMessage // source.params as written, compact JSON
	Field    string                     // source.cursor.field; "" when the pipeline has no cursor
	Cursor   string                     // how far it was read before, as a Page said; "" at first
	CursorAt time.Time                  // the instant, by our clock, at which that was true; zero: not known
	Start    time.Time                  // source.cursor.start, for the first run
	Lookback time.Duration              // read again so much before Cursor; a window does not
	Window   *Window                    // a back-fill or re-read: this window only, from Cursor on
	Fields   []string                   // dotted paths that the pipeline uses; nil means all. A hint: more may come
	Limit    int                        // stop after about so many records; 0 means all
}

// From is where a reading along a change time begins, without Lookback: at the cursor, or, when that
// is earlier, where the source's own clock stood when the cursor was said. A clock that was set back
// since has stamped changes with times that lie before the cursor. Clock is the source's clock now,
// margin how far cursors stay behind it.
func (q Query) From(cursor, now, clock time.Time, margin time.Duration) time.Time {
	if q.CursorAt.IsZero() || now.Before(q.CursorAt) {
		if latest := clock.Add(-margin); latest.Before(cursor) {
			return latest
		}
		return cursor
	}
	if then := clock.Add(-now.Sub(q.CursorAt)); then.Before(cursor) {
		return then.Add(-margin)
	}
	return cursor
}

// Window is a half-open interval of change times: [From, To).
type Window struct{ From, To time.Time }

// Page is a part of what a Query finds, in the order in which it is to be processed.
type Page struct {
	Records []Record
	Asked   time.Time // the instant, by our clock, just before the page was asked for
	// Safe is the cursor that may be stored once every record of this page and of all pages
	// before it has an outcome; "" when this page proves nothing (it was read backwards, say).
	// It never lies past the source's own clock less a margin.
	Safe string
	// Complete says, on the last page, that the pages together were everything that the object
	// holds (with a Query.Start: that has changed since): what isn't there is gone, and its documents
	// may be taken back. A cursor, a window, a limit, params that leave something out never prove
	// that, nor does a list whose rows moved while it was read.
	Complete bool
}

// Record is one record as read.
type Record struct {
	Data    value.Record
	Changed time.Time      // the source's own change time as an instant; zero where there is none
	Bad     *problem.Error // this record can't be used (half of it is missing, it is no JSON); Data holds what is there
}

// Reader reads an object page by page.
type Reader interface {
	// Read yields pages until everything that the query asks for was read, or one error, after
	// which it ends. It may read ahead by a page. The caller may stop early.
	Read(ctx context.Context, q Query) iter.Seq2[Page, error]
}

// Fetcher reads single records again, newest state.
type Fetcher interface {
	// Fetch answers one Record for each ref, in order; a ref that the source does not have gives
	// a zero Record (Data.IsZero()). A ref holds the values of the key's source fields by
	// path: {"sid": 113, "amazon_order_id": "111-…"}.
	Fetch(ctx context.Context, q Query, refs []map[string]value.Value) ([]Record, error)
	// FetchFields lists the source fields by which Fetch finds a record of the object; empty
	// where the object can't be asked by key.
	FetchFields(object string) []string
}

// Find asks for rows of an object by the values of some fields.
type Find struct {
	Object string
	Match  []string          // dotted fields that are compared
	Values [][]value.Value   // the wanted combinations, each as long as Match
	Const  map[string]string // further conditions, the same for all
	Fields []string          // dotted fields that each row must carry, beside those of Match
}

// Finder finds rows by field values: look-ups and causes.
type Finder interface {
	// Find answers every row that equals one of the wanted combinations, in any order: an object
	// whose dotted fields read as nested objects. It batches as the vendor's limits ask.
	Find(ctx context.Context, f Find) ([]value.Record, error)
}

// Doc is one document on its way into the target.
type Doc struct {
	Key     string       // value of the target key
	ID      string       // the target's own id; "" creates, else this very document is updated
	Content value.Record // what is sent; for an update the whole document
}

// State is what became of one document.
type State uint8

// The states. The zero value is Unknown: what a connector forgets to say is in doubt.
const (
	Unknown   State = iota // sent, and nobody knows: the engine asks with Prober
	Written                // surely done; ID, Number, Stage say what came of it
	Refused                // surely not done, for this document's own reason: Err, classified
	Untouched              // surely not done, for a reason that isn't this document's: throttled, session lost, rolled back with its batch
	Accepted               // taken for later: ask at AskAt
)

// Outcome is what became of one document.
type Outcome struct {
	State  State
	ID     string // the target's own id
	Number string // the number that the target gave: compared with Doc.Key
	Stage  Stage
	Err    *problem.Error // of Refused, Untouched, Unknown
	AskAt  time.Time      // of Accepted
	// At, of Written, is when it was done, by the target's own clock; zero where it doesn't tell. A
	// person's later change is known by it, whatever our clock does meanwhile.
	At time.Time
	// Taken, of Unknown: the target refused the document because its key is in use: by an earlier
	// send of ours, or by somebody else's document. The engine asks whose it is.
	Taken bool
}

// Stage is how far a document has come in the target.
type Stage uint8

// Stages, in order. Objects without stages are Saved, and done.
const (
	NoStage   Stage = iota
	Draft           // stored without being checked (暂存)
	Saved           // 创建, or 重新审核 after an un-audit
	Submitted       // 审核中
	Audited         // 已审核
)

var stageNames = [...]string{"", "draft", "saved", "submitted", "audited"}

func (s Stage) String() string { return stageNames[s] }

// Op is a step on a document that exists.
type Op uint8

// The operations of a Stager. Their numbers stand in the state: new ones come last.
const (
	Submit   Op = iota + 1
	Audit       // 审核
	UnAudit     // 反审核
	Cancel      // 作废
	Delete      // 删除
	UnSubmit    // 撤销: a submitted document can be changed again
)

var opNames = [...]string{"", "submit", "audit", "un-audit", "cancel", "delete", "un-submit"}

func (o Op) String() string { return opNames[o] }

// ParseOp reads an operation as `target.then` spells it.
func ParseOp(s string) (Op, bool) {
	for i, n := range opNames {
		if i > 0 && n == s {
			return Op(i), true
		}
	}
	return 0, false
}

// Target says where documents go.
type Target struct {
	Object string
	Key    string                     // dotted path of the target key: FBillNo
	Params map[string]json.RawMessage // target.params as written
	Fields []string                   // dotted paths that documents may have, in the order of the mapping; nil: not known
	// Mark is the dotted path of the text field in which documents carry the engine's mark; "" where
	// they carry none. Write sends it as any other field; probes answer what it holds.
	Mark string
}

// Traits are what the engine must know of a target object to deliver safely.
type Traits struct {
	// RefusesSecond: the target itself refuses a second document of a key, so a create that may
	// have happened can be sent again.
	RefusesSecond bool
	// Longest is the longest time after which a request that was sent may still take effect:
	// "not there" is believed only after it.
	Longest time.Duration
	// Batch is the largest number of documents in one Write; 0 means 1.
	Batch int
	// InFlight is how many Writes may run at once; 0 means 1.
	InFlight int
	// Repeatable: an update of a document by id may be sent again without harm (it is absolute).
	Repeatable bool
	// Marks: probes answer Probed.Mark where Target.Mark names a field, and documents are found by
	// it where it is the Target.Key of a probe.
	Marks bool
	// Ops are the operations that the object has.
	Ops []Op
	// Appends: documents are only ever added at the end, and nobody can ask for one by its key:
	// the connection is an Appender for this target.
	Appends bool
	// Replaces: the object is written anew as a whole: the connection is a Finisher for this
	// target. The documents of every record go out in each run, unchanged ones too.
	Replaces bool
}

// Writer creates and updates documents.
type Writer interface {
	Traits(t Target) Traits
	// Write sends documents and answers one Outcome for each, in order. An error (and no
	// outcomes) means that no byte of a body left us. It never repeats a request.
	Write(ctx context.Context, t Target, docs []Doc) ([]Outcome, error)
}

// Appender is a target that is only ever added to (a file). What can't be asked for by key is
// settled by cutting: the engine keeps the mark in a batch's intent, and a batch without an answer
// is cut off and sent again. One Write at a time (Traits.InFlight is 1).
type Appender interface {
	// Mark tells where the target ends now; call it before the intents of a batch are stored.
	// The text is the connector's own, at most 100 bytes.
	Mark(ctx context.Context, t Target) (string, error)
	// Rewind removes what lies beyond the mark, durably; doing it twice is harmless. It refuses
	// (Held, nothing removed) where the target is no longer the one that was marked: shorter,
	// or other content before the mark.
	Rewind(ctx context.Context, t Target, mark string) error
}

// Finisher is a target that is replaced as a whole: what Write is given is visible to nobody
// before Commit, and then all of it is. Outcomes are final only after Commit; a run that ends
// without it leaves the target as it was. One replacement of a target at a time.
type Finisher interface {
	// Begin starts a replacement; what an earlier run left unfinished is thrown away.
	Begin(ctx context.Context, t Target) error
	// Commit makes what was written since Begin the content of the target, durably. After an
	// error the old content still stands, or the new does whole; the run is to be done again.
	Commit(ctx context.Context, t Target) error
	// Abort throws away what was written since Begin. Without a Begin it does nothing.
	Abort(ctx context.Context, t Target) error
}

// Ref names a document that exists.
type Ref struct{ Key, ID string }

// Stager moves documents through the target's stages, one Outcome a document, in order.
type Stager interface {
	Stage(ctx context.Context, t Target, op Op, refs []Ref) ([]Outcome, error)
}

// Probed is what a target says of one key.
type Probed struct {
	Found     bool
	Many      bool // more than one document carries the key
	ID        string
	Number    string
	Stage     Stage
	Cancelled bool      // 作废: it exists, and keeps its number
	Modified  time.Time // zero where the target doesn't tell
	Ours      Ours
	Mark      string // what the field Target.Mark holds; "" where it is empty
}

// Ours says whether a document was made by us, where the target can tell.
type Ours uint8

// Answers to "is it ours?".
const (
	CantTell Ours = iota
	MadeByUs
	MadeByAnother
)

// Prober asks the target what it holds: one answer for each key, in order.
type Prober interface {
	Probe(ctx context.Context, t Target, keys []string) ([]Probed, error)
}

// Clocked is a connection that hears its system's clock.
type Clocked interface {
	// Ahead is how far the system's clock is ahead of ours, by its newest answer; false before the
	// first one, and where answers don't tell.
	Ahead() (time.Duration, bool)
}

// IDProber asks the target about documents by its own ids, one answer for each id, in order: a
// document whose number a person has changed is found again.
type IDProber interface {
	ProbeIDs(ctx context.Context, t Target, ids []string) ([]Probed, error)
}

// Checker lets `doctor` look at a connection: address, credentials, clock, rights.
type Checker interface {
	// Check asks as cheaply as it can and tells what it saw, one line a finding, the worst first.
	Check(ctx context.Context) []Finding
}

// Pinger is a system that can be asked one cheap question: whether it is there at all.
type Pinger interface {
	// Ping makes one request, and never a second one: nil says that the system answers and lets us
	// in. Transient says that it doesn't answer; any other error is an answer.
	Ping(ctx context.Context) error
}

// Finding is one line of `doctor`.
type Finding struct {
	What   string // "credentials"
	Detail string // "accepted, user apiuser, account set 示例账套"
	Err    *problem.Error
}

// ObjectInfo describes one object of a system, as far as it is known without asking it.
type ObjectInfo struct {
	Name    string
	Title   string // "销售订单"
	Schema  value.Schema
	Read    bool
	Write   bool
	Cursors []string // fields that source.cursor may name
	Key     string   // the field that identifies a row: FBillNo
	Params  []string // names that source.params may have; nil: any
}
