package spec

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/pipectl/pipectl/engine/problem"
)

// Schedule says when a pipeline starts by itself: exactly one of its ways is set.
type Schedule struct {
	Every   time.Duration
	Cron    string
	Zone    string // of Cron; "" is the machine's
	After   string // another pipeline, after each of its runs
	Webhook bool
	At      problem.Pos
}

// schedule is the mapping form.
type schedule struct {
	Every time.Duration `yaml:"every" doc:"an interval" example:"5m"`
	Cron  Text          `yaml:"cron" doc:"five fields: minute, hour, day of month, month, day of week" example:"*/5 * * * *"`
	Zone  Text          `yaml:"zone" doc:"the zone of cron" example:"Asia/Shanghai"`
	After Text          `yaml:"after" doc:"starts after each run of that pipeline" example:"products"`
}

// UnmarshalNode reads `every 5m`, `webhook`, {cron: …, zone: …}, {after: …}.
func (s *Schedule) UnmarshalNode(d *Decoder, n *Node) {
	s.At = n.At
	if n.Kind == Map {
		s.mapping(d, n)
		return
	}
	text, ok := d.scalar(n, "every 5m, webhook, {cron: …} or {after: …}")
	if !ok {
		return
	}
	every, isEvery := strings.CutPrefix(text, "every ")
	t, good := ParseDuration(strings.TrimSpace(every))
	switch {
	case text == "webhook":
		s.Webhook = true
	case isEvery && good && t > 0:
		s.Every = t
	case isEvery:
		d.Report(n.At, "PC106", `schedule is "`+text+`", which names no duration`, "write a number and a unit: every 30s, every 5m, every 6h")
	case strings.Count(text, " ") == 4:
		d.Report(n.At, "PC126", `schedule is "`+text+`", which looks like cron`, `write {cron: "`+text+`", zone: Asia/Shanghai}`)
	default:
		d.Report(n.At, "PC126", `schedule is "`+text+`", which is no schedule`, `write every 5m, webhook, {cron: "*/5 * * * *"} or {after: PIPELINE}`)
	}
}

func (s *Schedule) mapping(d *Decoder, n *Node) {
	var m schedule
	before := len(d.problems)
	d.Decode(n, &m)
	if len(d.problems) > before {
		return
	}
	s.Every, s.Cron, s.Zone, s.After = m.Every, m.Cron.Text, m.Zone.Text, m.After.Text
	ways := 0
	for _, set := range []bool{s.Every > 0, s.Cron != "", s.After != ""} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		d.Report(n.At, "PC126", "schedule must say exactly one of every, cron and after", "a pipeline has one way to start")
		return
	}
	if s.Cron != "" {
		if _, err := cron.ParseStandard(s.Cron); err != nil {
			d.Report(m.Cron.At, "PC126", `cron "`+s.Cron+`" can't be understood: `+err.Error(), `five fields: minute, hour, day, month, weekday, as in "*/5 * * * *"`)
		}
	}
	if s.Zone != "" {
		if _, err := time.LoadLocation(s.Zone); err != nil {
			d.Report(m.Zone.At, "PC126", `zone "`+s.Zone+`" is unknown`, "write a name of the tz database: Asia/Shanghai, UTC")
		}
	}
}
