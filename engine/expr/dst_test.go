package expr

import (
	"fmt"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Times of shops carry no zone, and a shop's clock jumps twice a year. An hour that it skips is taken
// as it would have been without the jump, so that it never falls into the day before; of an hour that
// it goes through twice, the first one counts.
func TestInstantsWhereClocksJump(t *testing.T) {
	for _, c := range []struct{ text, zone, want, day string }{
		{"2026-03-08 01:59:59", "America/New_York", "2026-03-08T06:59:59Z", "2026-03-08"},
		{"2026-03-08 02:00:00", "America/New_York", "2026-03-08T07:00:00Z", "2026-03-08"}, // skipped
		{"2026-03-08 02:30:00", "America/New_York", "2026-03-08T07:30:00Z", "2026-03-08"}, // skipped
		{"2026-03-08 03:00:00", "America/New_York", "2026-03-08T07:00:00Z", "2026-03-08"},
		{"2026-03-08", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08"},
		{"2026-11-01 00:59:59", "America/New_York", "2026-11-01T04:59:59Z", "2026-11-01"},
		{"2026-11-01 01:30:00", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01"}, // twice: the first
		{"2026-11-01 02:00:00", "America/New_York", "2026-11-01T07:00:00Z", "2026-11-01"},
		{"2026-11-01T01:30:00-05:00", "America/New_York", "2026-11-01T06:30:00Z", "2026-11-01"}, // says which
		{"2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T01:30:00Z", "2026-03-29"},          // skipped
		{"2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25"},          // twice
		{"2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24"},                    // its midnight is skipped
		{"2026-04-24 00:30:00", "Africa/Cairo", "2026-04-23T22:30:00Z", "2026-04-24"},           // skipped
		{"2018-11-04 00:00:00", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"},      // skipped
		{"2026-04-05 01:45:00", "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-05"},    // half an hour, twice
		{"2026-03-08 02:30:00", "Asia/Shanghai", "2026-03-07T18:30:00Z", "2026-03-08"},
		{"2026-03-08 02:30:00", "UTC", "2026-03-08T02:30:00Z", "2026-03-08"},
		{"2011-12-30 12:00:00", "Pacific/Apia", "2011-12-30T22:00:00Z", "2011-12-31"}, // a day that never was
	} {
		at, ok := evaluated(t, fmt.Sprintf("instant(%q, %q)", c.text, c.zone))
		if !ok || at.Time().UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%s in %s is %s, want %s", c.text, c.zone, at.Display(), c.want)
		}
		if day, ok := evaluated(t, fmt.Sprintf("day(instant(%q, %q), %q)", c.text, c.zone, c.zone)); !ok || day.Text() != c.day {
			t.Errorf("the day of %s in %s is %s, want %s", c.text, c.zone, day.Display(), c.day)
		}
	}
}

// Every hour of a year, written without its zone and read again, is itself, but for the second time
// through an hour.
func TestLocalTimesRoundTrip(t *testing.T) {
	for _, name := range []string{"America/New_York", "America/Los_Angeles", "Europe/London", "Africa/Cairo", "Australia/Sydney", "Asia/Shanghai", "America/Santiago"} {
		zone, err := loadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		twice := 0
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := begin; at.Year() == 2026; at = at.Add(30 * time.Minute) {
			got, ok := readInstant(value.OfText(at.In(zone).Format("2006-01-02 15:04:05")), zone)
			switch {
			case !ok || got.After(at):
				t.Fatalf("%s: %s is read as %s", name, at.In(zone), got)
			case !got.Equal(at):
				if twice++; at.Sub(got) != time.Hour {
					t.Fatalf("%s: %s is read as %s", name, at.In(zone), got)
				}
			}
		}
		if twice > 2 {
			t.Errorf("%s: %d half hours are not read as themselves", name, twice)
		}
	}
}

// The same time of day, so many days later, is on that day also where its midnight is skipped.
func TestDaysLaterWhereClocksJump(t *testing.T) {
	for text, want := range map[string]string{
		`addDays(instant("2018-11-03", "America/Sao_Paulo"), 1, "America/Sao_Paulo")`:          "2018-11-04T03:00:00Z",
		`addDays(instant("2026-03-07 12:00:00", "America/New_York"), 1, "America/New_York")`:   "2026-03-08T16:00:00Z",
		`addMonths(instant("2018-10-04", "America/Sao_Paulo"), 1, "America/Sao_Paulo")`:        "2018-11-04T03:00:00Z",
		`addMonths(instant("2026-01-31 23:30:00", "America/New_York"), 1, "America/New_York")`: "2026-03-01T04:30:00Z",
		`addDays(instant("2026-10-31 01:30:00", "America/New_York"), 1, "America/New_York")`:   "2026-11-01T05:30:00Z",
		`addDays(instant("2026-11-02 01:30:00", "America/New_York"), -1, "America/New_York")`:  "2026-11-01T05:30:00Z",
		`addMonths(instant("2026-03-31 08:00:00", "Asia/Shanghai"), -1, "Asia/Shanghai")`:      "2026-02-28T00:00:00Z",
		`addDays(instant("2026-03-01T08:00:00+08:00"), 30, "Asia/Shanghai")`:                   "2026-03-31T00:00:00Z",
	} {
		if got, ok := evaluated(t, text); !ok || got.Time().UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %s, want %s", text, got.Display(), want)
		}
	}
}

func evaluated(t *testing.T, text string) (value.Value, bool) {
	t.Helper()
	e, err := NewScope(nil).Compile(text, problem.Pos{File: "x.yaml", Line: 1, Col: 1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Eval(&Frame{Budget: DefaultBudget})
	return v, err == nil
}
