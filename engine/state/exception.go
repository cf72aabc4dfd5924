package state

import (
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// Exception is a record that could not be delivered, or waits for its next attempt.
type Exception struct {
	Pipeline string `json:"pipeline"`
	Key      string `json:"key"`
	Kind     Kind   `json:"kind"`
	Status   Status `json:"status"`

	Class  string          `json:"class"`
	ID     string          `json:"id,omitempty"` // our code, PCnnn
	Field  string          `json:"field,omitempty"`
	At     string          `json:"at,omitempty"` // file:line:col of the YAML
	Reason string          `json:"reason"`
	Hint   string          `json:"hint,omitempty"`
	Code   string          `json:"code,omitempty"` // the vendor's own
	Causes []problem.Cause `json:"causes,omitempty"`
	More   []string        `json:"more,omitempty"` // further problems of the same record

	Overridden []string `json:"overridden,omitempty"` // paths that people had set when it was tried last

	TargetKey string    `json:"target_key,omitempty"`
	Amount    string    `json:"amount,omitempty"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Attempts  int       `json:"attempts"`
	Due       time.Time `json:"due,omitzero"`    // of the next attempt
	Asked     int       `json:"asked,omitempty"` // times that its causes had appeared and it was refused again
	Revision  string    `json:"revision"`
	Run       string    `json:"run"`

	Resolved   time.Time  `json:"resolved,omitzero"`
	ResolvedBy string     `json:"resolved_by,omitempty"` // "delivered in run …", "anna: test order"
	RetryBy    string     `json:"retry_by,omitempty"`    // who asked for the retry, while Retrying
	Was        Kind       `json:"was,omitempty"`         // of a Later record that was an exception before: the kind
	Withdrawn  Withdrawal `json:"withdrawn,omitempty"`   // its document is to be taken back

	// What people agreed on among themselves.
	Owner    string    `json:"owner,omitempty"`
	Note     string    `json:"note,omitempty"`
	Deadline time.Time `json:"deadline,omitzero"`

	// Partial: the record could not be read whole. Its payload is what could be, for a person to
	// look at, and never the input of an attempt.
	Partial bool `json:"partial,omitempty"`

	// Version is that of Payload; it goes into the ledger with the outcome of the next attempt.
	Version Version `json:"version"`
}

// Withdrawal is why a record that has a document is withdrawn.
type Withdrawal string

// The reasons. What is gone can't be read again; what is cancelled can.
const (
	Cancelled Withdrawal = "cancelled"
	Gone      Withdrawal = "gone"
)

// Kind is why a record stands here.
type Kind string

// The kinds. A Later record is no exception yet: it has attempts left.
const (
	Later       Kind = "waiting"
	InvalidData Kind = "invalid"
	OnHold      Kind = "held"
	GaveUp      Kind = "failed"
)

// Status is how far somebody has come with an exception.
type Status string

// The statuses.
const (
	IsOpen   Status = "open"
	Retrying Status = "retrying" // asked for by hand: the next run takes it up, whatever its due time
	Closed   Status = "resolved"
)

// DueAt says that its time has come. A clock that runs behind the row's own last time ran back,
// and nobody knows how long it has waited.
func (e Exception) DueAt(now time.Time) bool {
	return e.Status == Retrying || e.Kind == Later && (!now.Before(e.Due) || now.Before(e.Last))
}

// GetException reads what is open of a record; false when there is nothing.
func GetException(tx Tx, pipeline ID, key string) (Exception, bool, error) {
	var e Exception
	ok, err := getJSON(tx, Open, pipeline.keyText(key), &e)
	return e, ok, err
}

// PutException writes what is open of a record, with the record as it was read: the evidence, and
// the input of the next attempt where the source can't be asked. An empty payload leaves the one
// that is there.
func PutException(tx Tx, pipeline ID, e Exception, payload string) error {
	k := pipeline.keyText(e.Key)
	if payload != "" {
		if err := tx.Put(Payloads, k, seal(k, []byte(payload))); err != nil {
			return err
		}
	}
	return putJSON(tx, Open, k, e)
}

// Payload is a record as it was read when it became an exception; "" when it is not kept.
func Payload(tx Tx, pipeline ID, key string) (string, error) {
	k := pipeline.keyText(key)
	v, err := tx.Get(Payloads, k)
	if v == nil || err != nil {
		return "", err
	}
	text, err := unseal(Payloads, k, v)
	return string(text), err
}

// Resolve closes what is open of a record, and says by what. It answers false when nothing was.
// The payload stays until it expires.
func Resolve(tx Tx, pipeline ID, key, by string, at time.Time) (bool, error) {
	e, ok, err := GetException(tx, pipeline, key)
	if !ok || err != nil {
		return false, err
	}
	k := pipeline.keyText(key)
	e.Status, e.Resolved, e.ResolvedBy, e.Due = Closed, at, by, time.Time{}
	if err := tx.Delete(Open, k); err != nil {
		return false, err
	}
	if e.Kind == Later && e.Was == "" { // it never was an exception
		return true, tx.Delete(Payloads, k)
	}
	return true, putJSON(tx, Resolved, k, e)
}

// GetResolved reads the exception of a record that was closed last.
func GetResolved(tx Tx, pipeline ID, key string) (Exception, bool, error) {
	var e Exception
	ok, err := getJSON(tx, Resolved, pipeline.keyText(key), &e)
	return e, ok, err
}

// EachOpen walks over what is open of a pipeline, in the order of the keys.
func EachOpen(tx Tx, pipeline ID, fn func(Exception) (bool, error)) error {
	return EachOpenFrom(tx, pipeline, "", fn)
}

// EachOpenFrom does so from a key on.
func EachOpenFrom(tx Tx, pipeline ID, from string, fn func(Exception) (bool, error)) error {
	return eachException(tx, Open, pipeline, from, fn)
}

// EachResolved walks over the closed exceptions of a pipeline, in the order of the keys.
func EachResolved(tx Tx, pipeline ID, fn func(Exception) (bool, error)) error {
	return eachException(tx, Resolved, pipeline, "", fn)
}

func eachException(tx Tx, b Bucket, pipeline ID, from string, fn func(Exception) (bool, error)) error {
	return tx.Scan(b, pipeline.key(nil), pipeline.keyText(from), func(k, v []byte) (bool, error) {
		var e Exception
		if err := readJSON(b, k, v, &e); err != nil {
			return false, err
		}
		return fn(e)
	})
}

// Expire removes closed exceptions, and their payloads, that were closed before the given time.
// What is open never expires.
func Expire(tx Tx, pipeline ID, before time.Time) (int, error) {
	var old []string
	err := EachResolved(tx, pipeline, func(e Exception) (bool, error) {
		if e.Resolved.Before(before) {
			old = append(old, e.Key)
		}
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range old {
		k := pipeline.keyText(key)
		open, err := tx.Get(Open, k)
		if err != nil {
			return 0, err
		}
		if err := tx.Delete(Resolved, k); err != nil {
			return 0, err
		}
		if open != nil {
			continue // its payload belongs to the open one
		}
		if err := tx.Delete(Payloads, k); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
