package state

// Store is where state lies. It is used from several goroutines at once.
type Store interface {
	// View runs fn on one consistent reading of the whole. It doesn't wait for writers, and fn must
	// not wait for one: a writer may need all readers to end first.
	View(fn func(Tx) error) error
	// Update runs fn in the only writing transaction, and makes what it wrote durable before it
	// returns. When fn fails, nothing of it has happened. After another error nobody knows whether
	// it has: the caller stops and opens the store again.
	Update(fn func(Tx) error) error
	Close() error
}

// Tx is one transaction. It ends with the function that it was given to, and so do the slices that
// it hands out; none of them may be changed. It belongs to one goroutine.
type Tx interface {
	// Get is the value of a key; nil when there is none. Values are never empty.
	Get(b Bucket, key []byte) ([]byte, error)
	Put(b Bucket, key, value []byte) error
	Delete(b Bucket, key []byte) error // no error when there is none
	// Scan gives fn the keys that begin with prefix, in byte order, from the first that is not
	// below from, until fn answers false or an error. fn must not write to the bucket.
	Scan(b Bucket, prefix, from []byte, fn func(key, value []byte) (bool, error)) error
}

// Bucket is a set of keys with an order of its own.
type Bucket uint8

// The buckets. Their numbers may change, their names not: those stand in the file.
const (
	Meta       Bucket = iota // format version
	Names                    // names of pipelines and scopes, and their short numbers
	Records                  // pipeline, key
	Documents                // scope, target key
	Flights                  // pipeline, number
	Open                     // exceptions that are not resolved, waiting records: pipeline, key
	Resolved                 // exceptions that are: pipeline, key
	Payloads                 // records as read, of what stands in Open: pipeline, key
	Pipelines                // identity, cursor, revision: pipeline
	KeptRows                 // pipeline, key
	KeptValues               // pipeline, name, value, key
	Runs                     // time (newest first), run
	Vault                    // connection, key
	Notes                    // what people did to the state: time, number
	Outages                  // connection
	Alerts                   // name of what happened
	Overrides                // pipeline, key
	Overridden               // records as read, of what stands in Overrides: pipeline, key
	buckets
)

var bucketNames = [...]string{
	"meta", "names", "records", "documents", "flights", "open", "resolved", "payloads",
	"pipelines", "kept", "kept-values", "runs", "vault", "notes",
	"outages", "alerts", "overrides", "overridden",
}

// Count is how many buckets there are.
const Count = int(buckets)

func (b Bucket) String() string { return bucketNames[b] }

// Buckets lists all buckets.
func Buckets() []Bucket {
	out := make([]Bucket, buckets)
	for i := range out {
		out[i] = Bucket(i)
	}
	return out
}

// Rising says that new keys mostly come after the ones that are there, so that pages can be
// filled to the brim.
func (b Bucket) Rising() bool {
	switch b {
	case Records, Documents, Flights, KeptRows:
		return true
	}
	return false
}
