// Package connectortest is the conformance suite of connectors: what the engine relies on, as a
// table of cases that each connector runs against its simulator.
//
//	func TestConnector(t *testing.T) {
//		connectortest.Run(t, connectortest.System{
//			Definition: kingdee.Definition,
//			Sandbox:    func(k *sandbox.Kit) sandbox.System { return kingdeebox.New(k) },
//			Reads:      []connectortest.Read{{Object: "SAL_SaleOrder", …}},
//			Writes:     []connectortest.Write{{Target: …}},
//			Login:      &connectortest.Login{…},
//		})
//	}
//
// The abilities of a connection are discovered, not switched: a case runs where the connection
// has what it needs, and a connection with an ability that the System gives nothing to try with
// is a failure.
package connectortest

import (
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// System is what the suite must be told of a connector.
type System struct {
	Definition connector.Definition
	// Sandbox makes the simulator, one for each case; nil where the system is not behind HTTP,
	// and then the cases that need one do not apply.
	Sandbox func(kit *sandbox.Kit) sandbox.System
	Orders  int // how many orders the simulator starts with; 0: its default
	// Settings are the connection's, by the names in pipectl.yaml, over those that the
	// simulator tells itself (url and credentials).
	Settings map[string]string
	// Prepare puts things into place before a case opens its connection (files in box.Dir).
	Prepare func(tb testing.TB, box *Box)
	Reads   []Read
	Writes  []Write
	Login   *Login // nil where nobody logs in
}

// Read is an object that can be read, and how the suite learns what is in it.
type Read struct {
	Object string
	Params map[string]any
	// Path is a part of the URL path of the calls that list the object; faults aim at it.
	Path string
	// Key lists the fields (dotted paths) that together identify a record.
	Key []string
	// Keys are the keys of all records that the object holds now, their parts joined by "/",
	// taken from the simulator's own storage and not through the connector.
	Keys func(tb testing.TB, box *Box) []string
	// Cursor is the field that source.cursor names; "" where the object has none.
	Cursor   string
	Lookback time.Duration
	// Change makes something change or appear at the source, in the way that is hardest for its
	// cursor, and answers the keys that the next run must see. Nil: nothing is tried.
	Change func(tb testing.TB, box *Box) []string
	// Gone makes one record go from the source, and answers its key. Nil: nothing is tried.
	Gone func(tb testing.TB, box *Box) string
	// Find lists fields that together select rows, for a Finder; nil where the object is not
	// looked up.
	Find []string
	// Throttled is how this system says "too many requests" to a read; the zero Fault: not tried.
	Throttled sandbox.Fault
}

// Write is a target, and documents for it.
type Write struct {
	Target connector.Target
	// Path is a part of the URL path of the call by which Write sends documents.
	Path string
	// Doc makes the n-th document, counted from 0: accepted by the target, its key its own, no ID.
	Doc func(n int) connector.Doc
	// Bad makes a document that the target refuses for its own reason; nil where it takes all.
	Bad func(n int) connector.Doc
	// Changed makes the n-th document with other content, as an update of id; nil where the
	// target knows no updates.
	Changed func(n int, id string) connector.Doc
	// Stages has a part of the URL path of each operation; faults aim at it.
	Stages map[connector.Op]string
	// Throttled is how this system refuses a write for too many requests, and Partial how it
	// answers for only some documents of a batch; the zero Fault: not tried.
	Throttled, Partial sandbox.Fault
	// Mark is a text field that can carry a mark; "" where the target can't (Traits.Marks).
	Mark string
	// Sent is the number of documents to write at once; 0: 3.
	Sent int
}

// Login tells how the system knows its caller.
type Login struct {
	// Path is a part of the URL path of the login or token call; "" where each request is signed.
	Path string
	// Wrong are settings that the system refuses.
	Wrong map[string]string
	// Lose makes the session end or the token expire, as the system does by itself.
	Lose func(tb testing.TB, box *Box)
	// Use makes a call that needs a login; nil: the first Read is read.
	Use func(tb testing.TB, conn connector.Conn) error
}

// Run puts a connector through every case that applies to it.
func Run(t *testing.T, sys System) {
	for _, c := range Cases(t, sys) {
		t.Run(c.Name, func(t *testing.T) { c.Run(t) })
	}
}
