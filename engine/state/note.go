package state

import (
	"encoding/binary"
	"time"
)

// Note tells what a person did to the state itself: a cursor moved, a ledger carried over to
// another name, a backup restored. Notes never expire.
type Note struct {
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Pipeline string    `json:"pipeline,omitempty"` // "" when it is about the whole
	What     string    `json:"what"`               // "cursor moved from … to …"
	Reason   string    `json:"reason,omitempty"`
}

// PutNote adds a note.
func PutNote(tx Tx, n Note) error {
	k := binary.BigEndian.AppendUint64(nil, uint64(n.At.UnixNano()))
	for i := byte(0); ; i++ { // two in one instant stand one after the other
		at := append(k[:8:8], i)
		v, err := tx.Get(Notes, at)
		if err != nil {
			return err
		}
		if v == nil {
			return putJSON(tx, Notes, at, n)
		}
	}
}

// EachNote walks over the notes, the oldest first.
func EachNote(tx Tx, fn func(Note) (bool, error)) error {
	return tx.Scan(Notes, nil, nil, func(k, v []byte) (bool, error) {
		var n Note
		if err := readJSON(Notes, k, v, &n); err != nil {
			return false, err
		}
		return fn(n)
	})
}
