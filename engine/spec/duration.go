package spec

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	durationParts = regexp.MustCompile(`^(\d+(?:\.\d+)?(?:ms|[smhdw]))+$`)
	durationPart  = regexp.MustCompile(`(\d+(?:\.\d+)?)(ms|[smhdw])`)
	units         = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
		"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	}
)

// ParseDuration reads "5m", "1h30m", "2d": a day is 24 hours. It counts milliseconds; what is less
// than half of one, and not nothing, is no duration.
func ParseDuration(text string) (time.Duration, bool) {
	if !durationParts.MatchString(text) {
		return 0, false
	}
	var sum float64
	for _, p := range durationPart.FindAllStringSubmatch(text, -1) {
		x, _ := strconv.ParseFloat(p[1], 64) // the pattern lets numbers through only
		sum += x * float64(units[p[2]])
	}
	if sum > float64(100*365*units["d"]) {
		return 0, false
	}
	d := time.Duration(sum).Round(time.Millisecond)
	return d, d > 0 || sum == 0
}

// FormatDuration writes a duration as an integrator would: 2d, 1h30m.
func FormatDuration(t time.Duration) string {
	if t == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []string{"d", "h", "m", "s", "ms"} {
		if n := t / units[u]; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u)
			t -= n * units[u] //nolint:durationcheck // n is a count of units
		}
	}
	return b.String()
}

func (d *Decoder) duration(n *Node, v reflect.Value) {
	text, ok := d.scalar(n, "a duration")
	if !ok {
		return
	}
	t, ok := ParseDuration(text)
	if !ok {
		d.Report(n.At, "PC106", d.where()+` is "`+text+`", which is no duration`,
			"write a number and a unit: 30s, 5m, 6h, 2d")
		return
	}
	v.SetInt(int64(t))
}

// time reads an instant. Without a zone it would mean another instant on another machine.
func (d *Decoder) time(n *Node, v reflect.Value) {
	text, ok := d.scalar(n, "a time")
	if !ok {
		return
	}
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1))
	if err != nil {
		d.Report(n.At, "PC107", d.where()+` is "`+text+`", which is no time with a zone`,
			"write it like 2026-01-01T00:00:00+08:00")
		return
	}
	v.Set(reflect.ValueOf(t))
}
