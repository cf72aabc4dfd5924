package state

import "time"

// Outage is a connection that was found down, or whose login was refused. One row a connection; it
// stays when the connection answers again, so that one that goes up and down is one outage.
type Outage struct {
	Connection string    `json:"connection"`
	Since      time.Time `json:"since"`
	Login      bool      `json:"login,omitempty"` // the login was refused: asking again by itself can do harm
	ID         string    `json:"id,omitempty"`    // our code of what was found last, PCnnn
	Code       string    `json:"code,omitempty"`  // the vendor's own
	Reason     string    `json:"reason"`
	Hint       string    `json:"hint,omitempty"`
	Tries      int       `json:"tries"`             // times that it was asked without an answer
	Next       time.Time `json:"next,omitzero"`     // when it may be asked again; of a login: never by itself
	Answered   time.Time `json:"answered,omitzero"` // it is over since then
	Last       time.Time `json:"last"`              // when the row was written

	// Salt and Seal tell other settings from those that the login was refused with, and tell nobody
	// what those are.
	Salt []byte `json:"salt,omitempty"`
	Seal []byte `json:"seal,omitempty"`
}

// Open says that it isn't over.
func (o Outage) Open() bool { return o.Answered.IsZero() }

// GetOutage reads the newest outage of a connection; false when there never was one.
func GetOutage(tx Tx, connection string) (Outage, bool, error) {
	var o Outage
	ok, err := getJSON(tx, Outages, []byte(connection), &o)
	return o, ok, err
}

// PutOutage writes it.
func PutOutage(tx Tx, o Outage) error { return putJSON(tx, Outages, []byte(o.Connection), o) }

// EachOutage walks over the newest outage of every connection that ever had one, by name.
func EachOutage(tx Tx, fn func(Outage) (bool, error)) error {
	return tx.Scan(Outages, nil, nil, func(k, v []byte) (bool, error) {
		var o Outage
		if err := readJSON(Outages, k, v, &o); err != nil {
			return false, err
		}
		return fn(o)
	})
}
