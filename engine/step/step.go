// Package step is the contract of a step: what it is told when it is compiled, and what it does
// to a batch of rows.
package step

import (
	"context"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Row is one record on its way through the steps.
type Row struct {
	expr.Frame
	Record   value.Record     // as read
	Key      string           // the record's key, parts joined by "/"
	Document value.Record     // built by map; zero until then
	Dropped  bool             // a where left it out
	Problems []*problem.Error // why it can't be delivered; all of one pass are collected
	Warnings []*problem.Error // of validate with severity warn
	Masters  []Master         // documents that have to exist first (look-up with missing: create)
	Content  []value.Value    // further content of the record (live look-ups), part of its hash

	broken []bool      // by Slot: names without a value because of a problem that is told already
	key    value.Value // of the target, noted while the document was built; absent when it wasn't
	noDoc  bool        // a map failed: there is no document to look at
}

// Out says that no further step needs to look at the row.
func (r *Row) Out() bool { return r.Dropped || len(r.Problems) > 0 }

// Master is a document of another object that a look-up asks to be created before the record is
// delivered. The record waits until its last stage is reached.
type Master struct {
	Connection string
	Object     string
	KeyField   string // dotted path of its number: FNumber
	Key        string
	Document   value.Record
	Then       []string // submit, audit
	Cause      problem.Cause
}

// Step does its work on every row of a batch that is not out yet. A row's own trouble goes into
// its Problems; an error that Run returns concerns all rows (a look-up source that is down) and
// keeps its class.
type Step interface {
	Run(ctx context.Context, rows []*Row) error
}
