package expr

import (
	"errors"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // what a date is must not depend on the machine's zone files

	"github.com/pipectl/pipectl/engine/value"
)

var errNoZone = errors.New("the machine's own zone is not a zone")

// loadZone reads the name of a zone; the empty name is UTC, and the machine's own zone is none.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if name == "Local" {
		return nil, errNoZone
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	return time.LoadLocation(name)
}

// isNoTime says that a text is one of the ways in which systems write "no time". In a field of
// times, 0 is one, too: nothing in a business system happened in the first second of 1970.
func isNoTime(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s == "0" || strings.HasPrefix(s, "0000-00-00")
}

// layouts without an offset, as systems write them. Go reads fractions of a second behind all.
var layouts = []string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02", "2006/01/02 15:04:05", "2006/01/02",
	"2006-01-02 15:04", "2006-01-02T15:04", "20060102150405", "20060102",
}

// readInstant reads a time: RFC 3339, one of the layouts above in the given zone, or seconds or
// milliseconds since 1970, as number or text. Up to eleven digits are seconds (until the year
// 5138), more are milliseconds (from 1973 on).
func readInstant(v value.Value, zone *time.Location) (time.Time, bool) {
	switch v.Kind() {
	case value.Instant:
		return v.Time(), true
	case value.Number:
		n, ok := v.Int64()
		t := sinceEpoch(n).In(zone)
		return t, ok && inRange(t)
	case value.Text:
	default:
		return time.Time{}, false
	}
	s := strings.TrimSpace(v.Text())
	if (len(s) >= 9 && len(s) <= 13) && s[0] != '0' {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
			return sinceEpoch(n).In(zone), true
		}
	}
	for _, l := range [...]string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(l, s); err == nil {
			return t, inRange(t)
		}
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			t = wall(t, zone)
			return t, inRange(t)
		}
	}
	return time.Time{}, false
}

// wall is the instant at which clocks in a zone show what naive shows in UTC. Where they show it twice,
// the first time counts; where they never do, as they were put forward, it is taken as if they had not
// been: it never falls into the day before. Go leaves open which of both it takes.
func wall(naive time.Time, zone *time.Location) time.Time {
	shown := func(offsetOf time.Time) (time.Time, bool) {
		_, offset := offsetOf.In(zone).Zone()
		t := naive.Add(-time.Duration(offset) * time.Second).In(zone)
		_, own := t.Zone()
		return t, own == offset
	}
	about := time.Date(naive.Year(), naive.Month(), naive.Day(), naive.Hour(), naive.Minute(), naive.Second(), naive.Nanosecond(), zone)
	before, ok := shown(about.Add(-24 * time.Hour))
	if ok {
		return before
	}
	if after, ok := shown(about.Add(24 * time.Hour)); ok {
		return after
	}
	return before
}

// clockIn is what clocks in a zone show at an instant, as if it were UTC: what wall takes.
func clockIn(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// inRange keeps to years that RFC 3339 can write.
func inRange(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }

func sinceEpoch(n int64) time.Time {
	if n > -1e11 && n < 1e11 {
		return time.Unix(n, 0)
	}
	return time.UnixMilli(n)
}
