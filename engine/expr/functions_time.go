package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/value"
)

func timeFunctions() []function {
	const t = `instant("2026-03-01 23:30:00", "UTC")`
	return []function{
		{
			Function: doc("time", "instant(x, zone?) → instant", "The instant that a text without a zone means there; also RFC 3339, and seconds or milliseconds since 1970 (up to eleven digits are seconds). Blank texts and 0000-00-00 are errors.",
				`instant("2026-03-01 08:00:00", "Asia/Shanghai")`, `"2026-03-01T08:00:00+08:00"`),
			params: []kinds{kText | kNumber | kInstant, kText}, least: 1, most: 2, result: answers(tInstant), check: zoneAt(1), two: instantOf,
		},
		inZone("day(t, zone) → text", "The date of an instant in a zone.", `day(`+t+`, "Asia/Shanghai")`, `"2026-03-02"`, tText, func(t time.Time) string { return t.Format(time.DateOnly) }),
		inZone("month(t, zone) → text", "The month of an instant in a zone.", `month(`+t+`, "Asia/Shanghai")`, `"2026-03"`, tText, func(t time.Time) string { return t.Format("2006-01") }),
		inZone("firstDay(t, zone) → text", "The first day of the instant's month.", `firstDay(`+t+`, "Asia/Shanghai")`, `"2026-03-01"`, tText, func(t time.Time) string { return t.Format("2006-01") + "-01" }),
		inZone("lastDay(t, zone) → text", "The last day of the instant's month.", `lastDay(`+t+`, "Asia/Shanghai")`, `"2026-03-31"`, tText, func(t time.Time) string {
			return time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		}),
		{
			Function: doc("time", "format(t, layout, zone) → text", "An instant in a zone, written as the layout says: yyyy yy MM dd HH mm ss SSS; other letters stand in '…'.",
				`format(`+t+`, "yyyyMMdd HH:mm", "Asia/Shanghai")`, `"20260302 07:30"`),
			params: []kinds{kInstant, kText, kText}, least: 3, most: 3, result: answers(tText), check: layoutAndZone, many: formatOf,
		},
		{
			Function: doc("time", "addDays(t, days, zone) → instant", "The same time of day so many days later.", `day(addDays(`+t+`, 1, "UTC"), "UTC")`, `"2026-03-02"`),
			params:   []kinds{kInstant, kNumber, kText}, least: 3, most: 3, result: answers(tInstant), check: zoneAt(2), many: addDays,
		},
		{
			Function: doc("time", "addMonths(t, months, zone) → instant", "The same day and time so many months later, or the last day of a month that is shorter.", `day(addMonths(instant("2026-01-31", "UTC"), 1, "UTC"), "UTC")`, `"2026-02-28"`),
			params:   []kinds{kInstant, kNumber, kText}, least: 3, most: 3, result: answers(tInstant), check: zoneAt(2), many: addMonths,
		},
		{
			Function: doc("time", "unix(t) → number", "Seconds since 1970.", `unix(`+t+`)`, "1772407800"),
			params:   []kinds{kInstant}, least: 1, most: 1, result: answers(tNumber), one: func(_ *Frame, _ *callee, v value.Value) (value.Value, error) {
				return value.OfInt(v.Time().Unix()), nil
			},
		},
		{
			Function: doc("time", "unixMilli(t) → number", "Milliseconds since 1970.", `unixMilli(`+t+`)`, "1772407800000"),
			params:   []kinds{kInstant}, least: 1, most: 1, result: answers(tNumber), one: func(_ *Frame, _ *callee, v value.Value) (value.Value, error) {
				return value.OfInt(v.Time().UnixMilli()), nil
			},
		},
	}
}

func instantOf(_ *Frame, c *callee, v, zone value.Value) (value.Value, error) {
	p := c.args[0]
	if v.Kind() == value.Text && isNoTime(v.Text()) {
		return v, p.fail("PC227", p.label+" is "+v.Display()+", which is no time", "write if "+p.label+` == "" { null } else { … } if it may be empty`)
	}
	loc := time.UTC
	if zone.Kind() == value.Text {
		var err error
		if loc, err = c.zone(1, zone); err != nil {
			return zone, err
		}
	}
	t, ok := readInstant(v, loc)
	if !ok {
		return v, p.fail("PC227", p.label+" is "+v.Display()+", which is no time that instant can read", "it reads 2006-01-02 15:04:05, RFC 3339, and seconds or milliseconds since 1970")
	}
	if zone.Kind() != value.Text && v.Kind() == value.Text && !hasOffset(v.Text()) {
		return v, p.fail("PC227", p.label+" is "+v.Display()+", which does not say its zone", `name it: instant(text, "Asia/Shanghai")`)
	}
	return value.OfTime(t), nil
}

// hasOffset says that a text is a time by itself: with an offset, or digits only.
func hasOffset(s string) bool {
	s = strings.TrimSpace(s)
	if strings.Trim(s, "0123456789") == "" {
		return len(s) != 8 && len(s) != 14 // 20060102 and 20060102150405
	}
	return strings.HasSuffix(s, "Z") || len(s) > 19 && strings.ContainsAny(s[19:], "+-")
}

func (c *callee) zone(i int, v value.Value) (*time.Location, error) {
	if c.loc != nil {
		return c.loc, nil
	}
	loc, err := loadZone(v.Text())
	if err != nil {
		return nil, c.args[i].fail("PC222", c.args[i].label+" is "+v.Display()+", which is no zone", zoneHint)
	}
	return loc, nil
}

const zoneHint = "zones are called Asia/Shanghai, America/Los_Angeles, UTC, or +08:00"

// zoneAt loads a zone that is written out, when the file is loaded.
func zoneAt(i int) func(*compiler, *callee) {
	return func(c *compiler, call *callee) {
		if i >= len(call.args) {
			return
		}
		if name, ok := call.args[i].constant(); ok {
			loc, err := loadZone(name)
			if err != nil || name == "" {
				c.mistake(call.args[i].at, "PC213", fmt.Sprintf("zone %q does not exist", name), zoneHint)
			}
			call.loc = loc
		}
	}
}

func inZone(signature, line, example, answer string, t *value.Schema, write func(time.Time) string) function {
	return function{
		Function: doc("time", signature, line, example, answer), params: []kinds{kInstant, kText}, least: 2, most: 2, result: answers(t), check: zoneAt(1),
		two: func(_ *Frame, c *callee, v, zone value.Value) (value.Value, error) {
			loc, err := c.zone(1, zone)
			if err != nil {
				return v, err
			}
			return value.OfText(write(v.Time().In(loc))), nil
		},
	}
}

func formatOf(f *Frame, c *callee, args []value.Value) (value.Value, error) {
	loc, err := c.zone(2, args[2])
	if err != nil {
		return args[2], err
	}
	s, why := writeTime(args[0].Time().In(loc), args[1].Text())
	if why != "" {
		return args[1], c.args[1].fail("PC222", "layout "+args[1].Display()+" "+why, layoutHint)
	}
	return c.newText(f, s)
}

const layoutHint = "a layout is made of yyyy yy MM dd HH mm ss SSS and signs: yyyy-MM-dd HH:mm:ss; letters stand in '…'"

func layoutAndZone(c *compiler, call *callee) {
	zoneAt(2)(c, call)
	if layout, ok := call.args[1].constant(); ok {
		if _, why := writeTime(time.Time{}, layout); why != "" {
			c.mistake(call.args[1].at, "PC213", fmt.Sprintf("layout %q %s", layout, why), layoutHint)
		}
	}
}

var timeParts = map[string]string{
	"yyyy": "2006", "yy": "06", "MM": "01", "dd": "02", "HH": "15", "mm": "04", "ss": "05",
}

// writeTime writes a time as a layout says, or says why the layout can't be followed: a letter
// that means nothing would silently stand in every document.
func writeTime(t time.Time, layout string) (string, string) {
	var out strings.Builder
	used := false
	for i := 0; i < len(layout); {
		ch := layout[i]
		if ch == '\'' {
			end := strings.IndexByte(layout[i+1:], '\'')
			if end < 0 {
				return "", "has a quote that does not end"
			}
			out.WriteString(layout[i+1 : i+1+end])
			i += end + 2
			continue
		}
		if (ch|0x20 < 'a' || ch|0x20 > 'z') && (ch < '0' || ch > '9') {
			out.WriteByte(ch)
			i++
			continue
		}
		n := i
		for n < len(layout) && layout[n] == ch {
			n++
		}
		word := layout[i:n]
		switch goLayout := timeParts[word]; {
		case goLayout != "":
			out.WriteString(t.Format(goLayout))
		case word == "SSS":
			fmt.Fprintf(&out, "%03d", t.Nanosecond()/1e6)
		default:
			return "", "has " + word + ", which means nothing"
		}
		i, used = n, true
	}
	if !used {
		return "", "names no part of a time"
	}
	return out.String(), ""
}

func addDays(_ *Frame, c *callee, args []value.Value) (value.Value, error) {
	n, err := c.whole(1, args[1])
	if err != nil {
		return args[1], err
	}
	loc, err := c.zone(2, args[2])
	if err != nil {
		return args[2], err
	}
	const most = 4_000_000 // days in ten thousand years
	t := wall(clockIn(args[0].Time(), loc).AddDate(0, 0, int(min(max(n, -most), most))), loc)
	if !inRange(t) {
		return args[0], c.fail("PC222", c.label+" lies beyond the years 1 to 9999", "")
	}
	return value.OfTime(t), nil
}

// addMonths stays inside the month that it comes to: a month after 31 January is the end of
// February, as invoices and settlements count it, and not 3 March.
func addMonths(_ *Frame, c *callee, args []value.Value) (value.Value, error) {
	n, err := c.whole(1, args[1])
	if err != nil {
		return args[1], err
	}
	loc, err := c.zone(2, args[2])
	if err != nil {
		return args[2], err
	}
	const most = 120_000 // months in ten thousand years
	t := clockIn(args[0].Time(), loc)
	first := t.AddDate(0, 0, 1-t.Day()).AddDate(0, int(min(max(n, -most), most)), 0)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	t = wall(first.AddDate(0, 0, min(t.Day(), last)-1), loc)
	if !inRange(t) {
		return args[0], c.fail("PC222", c.label+" lies beyond the years 1 to 9999", "")
	}
	return value.OfTime(t), nil
}
