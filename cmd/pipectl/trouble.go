package main

import (
	"slices"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/state"
)

// alertsShown is how many alerts stand below the table of status; all are in its JSON.
const alertsShown = 5

// printTrouble prints, below the table of status, connections that are down and the newest alerts,
// each once however many pipelines it concerns.
func printTrouble(v view, all []engine.Status) {
	var down []engine.Down
	var alerts []state.Alert
	for _, s := range all {
		for _, d := range s.Down {
			if !slices.ContainsFunc(down, func(x engine.Down) bool { return x.Connection == d.Connection }) {
				down = append(down, d)
			}
		}
		for _, a := range s.Alerts {
			if !slices.ContainsFunc(alerts, func(x state.Alert) bool { return x.Once == a.Once }) {
				alerts = append(alerts, a)
			}
		}
	}
	slices.SortFunc(alerts, func(a, b state.Alert) int { return b.Last.Compare(a.Last) })
	for _, d := range down {
		next := "asked again at " + shortTime(d.Next)
		if d.Login {
			next = "not asked again by itself"
		}
		v.Line("%s %s since %s, %s: %s", v.bold(d.Connection), v.red("down"), shortTime(d.Since), next, d.Reason)
	}
	for _, a := range alerts[:min(alertsShown, len(alerts))] {
		times := ""
		if a.Times > 1 {
			times = v.dim(" (" + count(a.Times, "time") + ")")
		}
		v.Line("%s %s%s", v.dim("alert "+shortTime(a.Last)), a.Text, times)
	}
	if n := len(alerts) - alertsShown; n > 0 {
		v.Line("%s", v.dim(count(n, "older alert")+" of this week: pipectl status -o json"))
	}
}
