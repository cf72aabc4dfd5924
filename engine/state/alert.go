package state

import "time"

// Alert is something that a person should hear of without looking: channels send it, once.
type Alert struct {
	Time       time.Time `json:"time"` // of the first time
	Last       time.Time `json:"last"` // of the newest one that was the same
	Times      int       `json:"times"`
	Kind       AlertKind `json:"kind"`
	Pipeline   string    `json:"pipeline,omitempty"`
	Connection string    `json:"connection,omitempty"`
	Text       string    `json:"text"`
	// Once names what happened: what is raised under the same name again is the same event.
	Once string `json:"once"`
}

// AlertKind is what an alert is about.
type AlertKind string

// The kinds.
const (
	AlertDown     AlertKind = "down"     // a connection doesn't answer, or refuses the login
	AlertUp       AlertKind = "up"       // it answers again
	AlertFailed   AlertKind = "failed"   // records have used up their retries
	AlertBackup   AlertKind = "backup"   // the scheduled copy of the state could not be made
	AlertVanished AlertKind = "vanished" // more records are gone from a source than anybody would delete
)

// Raise writes an alert. One of the same name that is there already is counted up and gets the new
// text; it goes out no second time.
func Raise(tx Tx, a Alert) error {
	var was Alert
	known, err := getJSON(tx, Alerts, []byte(a.Once), &was)
	if err != nil {
		return err
	}
	a.Last, a.Times = a.Time, 1
	if known {
		a.Time, a.Times = was.Time, was.Times+1
	}
	return putJSON(tx, Alerts, []byte(a.Once), a)
}

// EachAlert walks over the alerts that are kept, by name.
func EachAlert(tx Tx, fn func(Alert) (bool, error)) error {
	return tx.Scan(Alerts, nil, nil, func(k, v []byte) (bool, error) {
		var a Alert
		if err := readJSON(Alerts, k, v, &a); err != nil {
			return false, err
		}
		return fn(a)
	})
}

// ExpireAlerts removes alerts that happened last before the given time.
func ExpireAlerts(tx Tx, before time.Time) error {
	var old [][]byte
	err := EachAlert(tx, func(a Alert) (bool, error) {
		if a.Last.Before(before) {
			old = append(old, []byte(a.Once))
		}
		return true, nil
	})
	for _, k := range old {
		if err == nil {
			err = tx.Delete(Alerts, k)
		}
	}
	return err
}
