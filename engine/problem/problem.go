// Package problem is the one error value of pipectl: what went wrong, where in the YAML, for
// which record and field, and what to do next.
//
// Each layer fills in what it alone knows (see In): a connector the class, field and the
// vendor's code; a step the place in the YAML; the run the pipeline and the record's key.
package problem

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Class decides what the engine does with an error.
type Class uint8

// The classes. The zero value means that whoever made the error forgot to classify it; the
// conformance suite of connectors refuses it.
const (
	Unclassified Class = iota
	Transient          // may go away by itself: time-out, connection reset, 5xx, one document locked
	Throttled          // too many requests: wait as told, no attempt is counted
	Invalid            // the record's data: exception "invalid"
	Missing            // something that the record refers to does not exist: by policy, else "held"
	Held               // a person decides: exception "held"
	Fatal              // holds for every record: the run stops, nothing is skipped
)

var classNames = [...]string{"unclassified", "transient", "throttled", "invalid", "missing", "held", "fatal"}

func (c Class) String() string { return classNames[c] }

// Pos is a place in a file; the zero value is no place. Lines and columns count from 1, columns
// in characters. Col 0 means the whole line.
type Pos struct {
	File      string
	Line, Col int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Scope is what a throttled answer throttles.
type Scope uint8

// Scopes of throttling, widest first.
const (
	OfConnection Scope = iota
	OfPath
	OfObject
)

// Cause is what an exception waits for: a row of a table, or a row of an object in a connection.
type Cause struct {
	Table      string `json:"table,omitempty"`
	Connection string `json:"connection,omitempty"`
	Object     string `json:"object,omitempty"`
	Key        string `json:"key"` // the values looked for, joined by "/": "SKU-77"
}

func (c Cause) String() string {
	switch {
	case c.Table != "":
		return "table " + c.Table + ": " + c.Key
	case c.Object != "":
		return c.Connection + " " + c.Object + ": " + c.Key
	}
	return c.Key
}

// Error is one problem. Reason is one sentence that begins with the thing ("material SKU-77 does
// not exist in kingdee BD_MATERIAL"); Hint says what to do next. Neither ever holds a secret.
type Error struct {
	Class    Class
	ID       string // our code, PCnnn; `pipectl explain PCnnn` shows its page
	Pipeline string
	Key      string // key of the record, parts joined by "/"
	Field    string // path in the document or the source: FSaleOrderEntry[1].FQty
	At       Pos    // the YAML that asked for it
	Reason   string
	Hint     string        // what to do next; {record} and the like are filled in by Next
	Code     string        // the vendor's own code
	Scope    Scope         // of a Throttled error
	After    time.Duration // how long a Throttled or Transient error asks to wait; 0: not said
	Cause    *Cause        // of a Missing error: what is missing

	// Connection is the one that spoke, where the caller has not named it himself.
	Connection string
	// Login: the system refused who we say we are. It is not asked again until a person has looked:
	// wrong logins lock a user for everybody.
	Login bool

	Err error // what is below, for errors.Is; never shown beside Reason
}

// Error shows the problem on one to three lines: place, class and record; the reason; the way on.
// What stops a run is called an error, which it is for whoever reads it.
func (e *Error) Error() string {
	if e.Class == Fatal {
		return e.text("error")
	}
	return e.text(e.Class.String())
}

// Notice shows a problem that stops nothing now.
func (e *Error) Notice() string { return e.text("notice") }

func (e *Error) text(label string) string {
	var b strings.Builder
	if at := e.At.String(); at != "" {
		b.WriteString(at + ": ")
	}
	b.WriteString(label)
	if e.ID != "" {
		b.WriteString(" " + e.ID)
	}
	b.WriteString(":")
	if where := e.where(); where != "" {
		b.WriteString(" " + where + "\n ")
	}
	b.WriteString(" " + e.reason())
	if next := e.Next(); next != "" {
		b.WriteString("\n  → " + next)
	}
	return Printable(b.String())
}

func (e *Error) where() string {
	var parts []string
	if e.Pipeline != "" {
		parts = append(parts, e.Pipeline)
	}
	if e.Key != "" {
		parts = append(parts, "record "+Cut(e.Key, MostReason))
	}
	if e.Field != "" {
		parts = append(parts, Cut(e.Field, MostReason))
	}
	return strings.Join(parts, ", ")
}

func (e *Error) reason() string {
	r := e.Reason
	if r == "" && e.Err != nil {
		r = e.Err.Error()
	}
	r = Cut(r, MostReason)
	if e.Code != "" {
		r += " [" + Cut(e.Code, MostReason) + "]"
	}
	return r
}

// Unwrap gives what is below.
func (e *Error) Unwrap() error { return e.Err }

// In returns err with the empty places filled from where. What the inner layer said stays.
func In(err error, where Error) error {
	switch e := err.(type) { //nolint:errorlint // a list is filled member by member
	case nil:
		return nil
	case List:
		out := make(List, len(e))
		for i, x := range e {
			out[i] = fill(x, where)
		}
		return out
	}
	return fill(err, where)
}

func fill(err error, where Error) *Error {
	inner, ok := errors.AsType[*Error](err)
	if !ok {
		where.Err = err
		return &where
	}
	out := *inner
	if out.Class == Unclassified {
		out.Class = where.Class
	}
	if out.At == (Pos{}) {
		out.At = where.At
	}
	out.ID = cmp.Or(out.ID, where.ID)
	out.Pipeline = cmp.Or(out.Pipeline, where.Pipeline)
	out.Key = cmp.Or(out.Key, where.Key)
	out.Field = cmp.Or(out.Field, where.Field)
	out.Reason = cmp.Or(out.Reason, where.Reason)
	out.Hint = cmp.Or(out.Hint, where.Hint)
	out.Code = cmp.Or(out.Code, where.Code)
	out.Connection = cmp.Or(out.Connection, where.Connection)
	return &out
}

// As gives the *Error inside err; one that was not made by us becomes a Fatal one around it, so
// that an unforeseen error stops a run and is never taken for a record's.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Class: Fatal, Err: err}
}

// List is several problems found together: all mistakes of all files of a project.
type List []*Error

func (l List) Error() string {
	parts := make([]string, len(l))
	for i, e := range l {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "\n")
}

// Unwrap gives the members.
func (l List) Unwrap() []error {
	out := make([]error, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

// Err is the list as an error: nil when it is empty; sorted by place, without repetitions.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Col, b.At.Col))
	})
	return slices.CompactFunc(l, func(a, b *Error) bool { return a.Error() == b.Error() })
}

// Add puts the problems of err, one or many, into the list.
func (l *List) Add(err error) {
	switch e := err.(type) { //nolint:errorlint // only an outermost list is taken apart
	case nil:
	case List:
		*l = append(*l, e...)
	default:
		*l = append(*l, As(err))
	}
}
