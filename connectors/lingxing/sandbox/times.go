package sandbox

import (
	"time"
	_ "time/tzdata" // shop-local times must come right where the machine knows no zones
)

const stampLayout = "2006-01-02 15:04:05"

// beijingZone is the zone of the ERP's own times.
var beijingZone = time.FixedZone("Asia/Shanghai", 8*3600)

// wallZone reads a text as what a clock on the wall shows, see wall.
var wallZone = time.UTC

// stamp is a time as text in a zone; what has not happened is "".
func stamp(sec int64, zone *time.Location) string {
	if sec == 0 {
		return ""
	}
	return time.Unix(sec, 0).In(zone).Format(stampLayout)
}

func beijing(sec int64) string { return stamp(sec, beijingZone) }

func utc(sec int64) string { return stamp(sec, time.UTC) }

// iso is a time as Amazon sends it.
func iso(sec int64) string {
	if sec == 0 {
		return ""
	}
	return time.Unix(sec, 0).UTC().Format(time.RFC3339)
}

// never is the other way in which the ERP says that something has not happened.
func never(sec int64) string {
	if sec == 0 {
		return "0000-00-00 00:00:00"
	}
	return beijing(sec)
}

// wall is what the clock on the wall shows in a zone, as if that were UTC: windows in shop-local time
// are compared by it, over shops of all zones.
func wall(sec int64, zone *time.Location) int64 {
	_, off := time.Unix(sec, 0).In(zone).Zone()
	return sec + int64(off)
}

// parseStamp reads "Y-m-d H:i:s" or "Y-m-d"; day tells which.
func parseStamp(s string, zone *time.Location) (sec int64, day bool, ok bool) {
	if t, err := time.ParseInLocation(stampLayout, s, zone); err == nil {
		return t.Unix(), false, true
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	return t.Unix(), true, err == nil
}

// days reads a window of whole days that both count, in Beijing time.
func days(start, end text) (lo, hi int64, err error) {
	lo, hi = 0, 1<<62
	if start != "" {
		v, _, ok := parseStamp(string(start), beijingZone)
		if !ok {
			return 0, 0, invalid("start_date 格式不正确")
		}
		lo = v
	}
	if end != "" {
		v, day, ok := parseStamp(string(end), beijingZone)
		if !ok {
			return 0, 0, invalid("end_date 格式不正确")
		}
		if hi = v + 1; day {
			hi = v + 24*3600
		}
	}
	return lo, hi, nil
}
