package state

import "time"

// Restored is what a pipeline's ledger has to know after a backup was put back: what was written
// between both instants, by our clock, is not in it.
type Restored struct {
	Backup time.Time `json:"backup,omitzero"` // no later than the copy was made; zero: nobody knows
	At     time.Time `json:"at"`              // when it was put back
}

var (
	stampKey    = []byte("stamp")    // of the copy that was made last, or begun
	backupKey   = []byte("backup")   // of the copy that was made last, and found whole
	restoredKey = []byte("restored") // of the last backup that was put back
)

// Backup is a copy of the state.
type Backup struct {
	At   time.Time `json:"at"`
	File string    `json:"file,omitempty"`
}

// StampBackup notes that a copy is about to be made: it stands in the copy, and tells how old it is.
func StampBackup(tx Tx, at time.Time) error {
	return putJSON(tx, Meta, stampKey, Backup{At: at})
}

// PutBackup notes that a copy was made.
func PutBackup(tx Tx, b Backup) error { return putJSON(tx, Meta, backupKey, b) }

// LastBackup is the copy that was made last; the zero Backup when there is none.
func LastBackup(tx Tx) (Backup, error) {
	var b Backup
	_, err := getJSON(tx, Meta, backupKey, &b)
	return b, err
}

// LastRestored tells of the last backup that was put back; the zero Restored when there was none.
func LastRestored(tx Tx) (Restored, error) {
	var r Restored
	_, err := getJSON(tx, Meta, restoredKey, &r)
	return r, err
}

// MarkRestored notes in a copy that it was put back: what its pipelines wrote since it was made is
// in doubt from now on.
func MarkRestored(tx Tx, at time.Time) (Restored, error) {
	r := Restored{At: at}
	var err error
	if r.Backup, err = Age(tx); err != nil {
		return r, err
	}
	type row struct {
		id ID
		p  Pipeline
	}
	var rows []row
	err = EachPipeline(tx, func(id ID, p Pipeline) (bool, error) {
		if p.Restored != nil && !p.Restored.Backup.After(r.Backup) { // put back twice: the longer span counts
			p.Restored = &Restored{p.Restored.Backup, at}
		} else {
			p.Restored = &r
		}
		rows = append(rows, row{id, p})
		return true, nil
	})
	for _, x := range rows {
		if err == nil {
			err = PutPipeline(tx, x.id, x.p)
		}
	}
	if err != nil {
		return r, err
	}
	return r, putJSON(tx, Meta, restoredKey, r)
}

// Age is the latest instant at which the state surely stood as it does: of the copy, or of the last
// run that ended before a file was copied by hand. Zero when nothing tells.
func Age(tx Tx) (time.Time, error) {
	var b Backup
	if _, err := getJSON(tx, Meta, stampKey, &b); err != nil {
		return time.Time{}, err
	}
	at := b.At
	err := EachRun(tx, "", func(r Run) (bool, error) {
		if r.Started.After(at) {
			at = r.Started
		}
		return false, nil
	})
	return at, err
}
