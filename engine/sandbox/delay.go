package sandbox

import (
	"encoding/json"
	"fmt"
	"time"
)

// Delay is a duration that JSON writes as "2s", and reads as "2s" or as nanoseconds.
type Delay time.Duration

// MarshalJSON writes "2s".
func (d Delay) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "2s" or a whole number of nanoseconds, neither of them negative.
func (d *Delay) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		var n int64
		if err := json.Unmarshal(b, &n); err != nil {
			return fmt.Errorf(`%s is no duration: write "2s" or whole nanoseconds`, b)
		}
		text = time.Duration(n).String()
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return fmt.Errorf(`%q is no duration from zero on: write it like "2s" or "1m30s"`, text)
	}
	*d = Delay(v)
	return nil
}
