package state

import "time"

// Window is a reading of an interval of change times that is on its way: [From, To). It stays here
// until all that it brings has an outcome, so that what it read is never lost with the process.
type Window struct {
	Said    string    `json:"said,omitempty"` // how it was asked for: the same words go on with it
	From    time.Time `json:"from,omitzero"`  // zero: from the beginning
	To      time.Time `json:"to"`
	Cursor  string    `json:"cursor,omitempty"` // how far it was read; "": from its beginning
	Started time.Time `json:"started"`
	Run     string    `json:"run"` // that began it
}

// Advance notes how far a window was read; one that is over needs no note.
func (w *Window) Advance(cursor string) {
	if w != nil {
		w.Cursor = cursor
	}
}
