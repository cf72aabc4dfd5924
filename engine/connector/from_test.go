package connector

import (
	"testing"
	"time"
)

// Reading begins at the cursor, unless the source's clock stood before it when the cursor was said.
func TestFrom(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const margin = time.Minute
	for _, c := range []struct {
		why           string
		said          time.Duration // when the cursor was said, by our clock; before now
		unsaid        bool
		clock, cursor time.Duration // the source's clock and the cursor, from noon
		want          time.Duration
	}{
		{"as always", 5 * time.Minute, false, 0, -6 * time.Minute, -6 * time.Minute},
		{"the cursor lags behind", 5 * time.Minute, false, 0, -3 * time.Hour, -3 * time.Hour},
		{"the source is a day ahead, and stays so", 5 * time.Minute, false, 24 * time.Hour, 24*time.Hour - 6*time.Minute, 24*time.Hour - 6*time.Minute},
		{"the source was set back by a day", 5 * time.Minute, false, 0, 24*time.Hour - 6*time.Minute, -6 * time.Minute},
		{"the source was set back, and has passed the cursor again", time.Hour, false, 0, -31 * time.Minute, -61 * time.Minute},
		{"the source was set back by less than the margin", 5 * time.Minute, false, 0, -5*time.Minute - 30*time.Second, -5*time.Minute - 30*time.Second},
		{"our clock has jumped ahead by a day", 24*time.Hour + 5*time.Minute, false, 0, -6 * time.Minute, -24*time.Hour - 6*time.Minute},
		{"our clock was set back by a day", -24 * time.Hour, false, 0, -6 * time.Minute, -6 * time.Minute},
		{"both were set back", -24 * time.Hour, false, 0, 24 * time.Hour, -margin},
		{"nobody knows when, and the cursor lies ahead", 0, true, 0, 24 * time.Hour, -margin},
		{"nobody knows when", 0, true, 0, -time.Hour, -time.Hour},
	} {
		q := Query{CursorAt: noon.Add(-c.said)}
		if c.unsaid {
			q.CursorAt = time.Time{}
		}
		if got := q.From(noon.Add(c.cursor), noon, noon.Add(c.clock), margin).Sub(noon); got != c.want {
			t.Errorf("%s: it begins at %s from noon, want %s", c.why, got, c.want)
		}
	}
}
