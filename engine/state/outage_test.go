package state_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/state"
)

func TestOutagesAreKeptByConnection(t *testing.T) {
	s := open(t)
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	want := []state.Outage{
		{Connection: "kingdee", Since: at, Login: true, ID: "PC370", Reason: "refused", Tries: 1, Last: at, Salt: []byte{1}, Seal: []byte{2}},
		{Connection: "lingxing", Since: at, Reason: "down", Tries: 3, Next: at.Add(time.Hour), Answered: at.Add(time.Minute), Last: at},
	}
	update(t, s, func(tx state.Tx) error {
		for _, o := range want {
			if err := state.PutOutage(tx, o); err != nil {
				return err
			}
		}
		return nil
	})
	var got []state.Outage
	view(t, s, func(tx state.Tx) error {
		if _, ok, err := state.GetOutage(tx, "other"); ok || err != nil {
			t.Errorf("a connection that was never down has an outage (%v)", err)
		}
		return state.EachOutage(tx, func(o state.Outage) (bool, error) { got = append(got, o); return true, nil })
	})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !want[0].Open() || want[1].Open() {
		t.Error("an outage is over when the connection has answered")
	}
}

func TestAnAlertOfTheSameNameIsTheSameEvent(t *testing.T) {
	s := open(t)
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	raise := func(once, text string, after time.Duration) {
		update(t, s, func(tx state.Tx) error {
			return state.Raise(tx, state.Alert{Time: at.Add(after), Kind: state.AlertFailed, Text: text, Once: once})
		})
	}
	list := func() (out []state.Alert) {
		view(t, s, func(tx state.Tx) error {
			out = nil
			return state.EachAlert(tx, func(a state.Alert) (bool, error) { out = append(out, a); return true, nil })
		})
		return out
	}
	raise("a", "first", 0)
	raise("b", "other", time.Minute)
	raise("a", "again", time.Hour)
	want := []state.Alert{
		{Time: at, Last: at.Add(time.Hour), Times: 2, Kind: state.AlertFailed, Text: "again", Once: "a"},
		{Time: at.Add(time.Minute), Last: at.Add(time.Minute), Times: 1, Kind: state.AlertFailed, Text: "other", Once: "b"},
	}
	if got := list(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	update(t, s, func(tx state.Tx) error { return state.ExpireAlerts(tx, at.Add(30*time.Minute)) })
	if got := list(); len(got) != 1 || got[0].Once != "a" {
		t.Errorf("kept: %+v", got)
	}
}
