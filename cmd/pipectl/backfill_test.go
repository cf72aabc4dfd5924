package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/state"
)

// The same window is told by the same words: how long ago as it was typed, a time with its zone.
func TestWindowsAreRememberedAsTheyWereAskedFor(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"":                          "",
		"2d":                        "--since 2d",
		"2026-01-31T08:00:00+08:00": "--since 2026-01-31T08:00:00+08:00",
		"2026-01-31":                "--since " + time.Date(2026, 1, 31, 0, 0, 0, 0, time.Local).Format(time.RFC3339),
	} {
		at, err := parseTime("since", text, now)
		if got := said("--since", text, at); err != nil || got != want {
			t.Errorf("%q is remembered as %q, want %q; %v", text, got, want, err)
		}
	}
}

func TestStatusTellsOfAnUnfinishedBackfill(t *testing.T) {
	var out bytes.Buffer
	v := view{stdio: stdio{out: &out}}
	printBackfills(v, []engine.Status{{Pipeline: "products"}, {Pipeline: "order-sync", Backfill: &state.Window{
		Said: "--since 2d", Cursor: "2026-02-28T10:00:00+08:00", Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}}})
	for _, want := range []string{"order-sync", "stands at 2026-02-28T10:00:00+08:00", "pipectl run order-sync --since 2d"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("status lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "products") {
		t.Errorf("status tells of a back-fill that is none:\n%s", out.String())
	}
}
