package engine

import (
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/state"
)

// Down is a connection that doesn't answer, or that refuses the login.
type Down struct {
	Connection string    `json:"connection"`
	Since      time.Time `json:"since"`
	Login      bool      `json:"login,omitempty"` // the login is refused: it is not asked again by itself
	Reason     string    `json:"reason"`
	Next       time.Time `json:"next,omitzero"` // when it is asked again
}

// recent is how long status shows an alert.
const recent = 7 * 24 * time.Hour

// fillTrouble adds what stands in a pipeline's way as a whole: connections that are down, and what a
// person should have heard of.
func (e *Engine) fillTrouble(tx state.Tx, s *Status) error {
	var uses []string
	if p := e.programs[s.Pipeline]; p != nil && p.steps != nil {
		uses = p.connections()
	}
	err := state.EachOutage(tx, func(o state.Outage) (bool, error) {
		if o.Open() && slices.Contains(uses, o.Connection) {
			s.Down = append(s.Down, Down{o.Connection, o.Since, o.Login, o.Reason, o.Next})
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	since := e.now().Add(-recent)
	err = state.EachAlert(tx, func(a state.Alert) (bool, error) {
		ours := a.Pipeline == s.Pipeline || a.Kind == state.AlertBackup || a.Pipeline == "" && slices.Contains(uses, a.Connection)
		if ours && a.Last.After(since) {
			s.Alerts = append(s.Alerts, a)
		}
		return true, nil
	})
	slices.SortFunc(s.Alerts, func(a, b state.Alert) int { return b.Last.Compare(a.Last) })
	return err
}
