package state

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/value"
)

// Override is what people have set in one record: places whose values stand in for those that the
// source sends, until somebody takes them away or their time is over. It is kept beside the record,
// whatever becomes of its exceptions, and belongs to what the record says.
type Override struct {
	Key  string `json:"key"`
	Sets []Set  `json:"sets"` // in the order in which they were set; those that ended, too

	// Applied is the Print of what the record was judged with last: another one makes it due.
	Applied string  `json:"applied,omitempty"`
	Version Version `json:"version,omitzero"` // of the record that is kept with it
}

// Set is one value that somebody has set.
type Set struct {
	Path    string          `json:"path"`
	Value   json.RawMessage `json:"value"` // as it stands in the record from then on: numbers keep their digits
	By      string          `json:"by"`
	Reason  string          `json:"reason"`
	At      time.Time       `json:"at"`
	Until   time.Time       `json:"until,omitzero"`
	Ended   time.Time       `json:"ended,omitzero"`
	EndedBy string          `json:"ended_by,omitempty"` // "anna: the shop has corrected it", "its time was over"
}

// InForce are the sets that hold at an instant, in their order.
func (o Override) InForce(now time.Time) []Set {
	var out []Set
	for _, s := range o.Sets {
		if s.Ended.IsZero() && (s.Until.IsZero() || now.Before(s.Until)) {
			out = append(out, s)
		}
	}
	return out
}

// Print tells whether two lists of sets say the same; "" says nothing.
func Print(sets []Set) string {
	if len(sets) == 0 {
		return ""
	}
	var all []value.Value
	for _, s := range sets {
		all = append(all, value.OfText(s.Path), value.OfText(string(s.Value)))
	}
	return value.HashOf(all...).String()
}

// Due says that the record has to be judged anew: what holds now is not what it was judged with.
func (o Override) Due(now time.Time) bool { return Print(o.InForce(now)) != o.Applied }

// End notes that a set holds no longer.
func (o *Override) End(ended time.Time, by string, which func(Set) bool) (n int) {
	for i, s := range o.Sets {
		if s.Ended.IsZero() && which(s) {
			o.Sets[i].Ended, o.Sets[i].EndedBy = ended, by
			n++
		}
	}
	return n
}

// In is a record with the value in its place.
func (s Set) In(rec value.Record) (value.Record, error) {
	v, err := value.ParseValue(string(s.Value))
	if err != nil {
		return value.Record{}, err
	}
	return rec.With(s.Path, v)
}

// Forget drops the oldest of the sets that ended, above a number of them.
func (o *Override) Forget(most int) {
	ended := 0
	for _, s := range o.Sets {
		if !s.Ended.IsZero() {
			ended++
		}
	}
	o.Sets = slices.DeleteFunc(o.Sets, func(s Set) bool {
		if s.Ended.IsZero() || ended <= most {
			return false
		}
		ended--
		return true
	})
}

// Expire notes which sets' time was over at an instant.
func (o *Override) Expire(now time.Time) {
	for i, s := range o.Sets {
		if s.Ended.IsZero() && !s.Until.IsZero() && !now.Before(s.Until) {
			o.Sets[i].Ended, o.Sets[i].EndedBy = s.Until, "its time was over"
		}
	}
}

// GetOverride reads what was set in a record; false when nothing ever was, or it is long over.
func GetOverride(tx Tx, pipeline ID, key string) (Override, bool, error) {
	var o Override
	ok, err := getJSON(tx, Overrides, pipeline.keyText(key), &o)
	return o, ok, err
}

// PutOverride writes what was set in a record, with the record as the source sent it last; "" leaves
// the one that is there.
func PutOverride(tx Tx, pipeline ID, o Override, record string) error {
	k := pipeline.keyText(o.Key)
	if record != "" {
		if err := tx.Put(Overridden, k, seal(k, []byte(record))); err != nil {
			return err
		}
	}
	return putJSON(tx, Overrides, k, o)
}

// OverriddenRecord is a record as its source sent it last, without what was set; "" when it isn't
// known.
func OverriddenRecord(tx Tx, pipeline ID, key string) (string, error) {
	k := pipeline.keyText(key)
	v, err := tx.Get(Overridden, k)
	if v == nil || err != nil {
		return "", err
	}
	text, err := unseal(Overridden, k, v)
	return string(text), err
}

// ForgetOverridden removes the record that is kept beside an override.
func ForgetOverridden(tx Tx, pipeline ID, key string) error {
	return tx.Delete(Overridden, pipeline.keyText(key))
}

// EachOverride walks over what was set in the records of a pipeline, in the order of their keys.
func EachOverride(tx Tx, pipeline ID, fn func(Override) (bool, error)) error {
	return tx.Scan(Overrides, pipeline.key(nil), nil, func(k, v []byte) (bool, error) {
		var o Override
		if err := readJSON(Overrides, k, v, &o); err != nil {
			return false, err
		}
		return fn(o)
	})
}

// ExpireOverrides forgets what ended before the given time. What holds never expires.
func ExpireOverrides(tx Tx, pipeline ID, before time.Time) error {
	var over []Override
	err := EachOverride(tx, pipeline, func(o Override) (bool, error) {
		if len(o.Sets) == 0 || o.lastEnd().Before(before) {
			over = append(over, o)
		}
		return true, nil
	})
	for _, o := range over {
		if err == nil {
			err = tx.Delete(Overrides, pipeline.keyText(o.Key))
		}
		if err == nil {
			err = ForgetOverridden(tx, pipeline, o.Key)
		}
	}
	return err
}

// lastEnd is when the last of the sets ended; in a far future while one holds.
func (o Override) lastEnd() time.Time {
	last := slices.MaxFunc(o.Sets, func(a, b Set) int { return a.end().Compare(b.end()) })
	return last.end()
}

func (s Set) end() time.Time {
	switch {
	case !s.Ended.IsZero():
		return s.Ended
	case !s.Until.IsZero():
		return s.Until
	}
	return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
}
