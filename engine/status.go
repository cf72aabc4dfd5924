package engine

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
)

// Status is one pipeline at a glance.
type Status struct {
	Pipeline    string     `json:"pipeline"`
	Description string     `json:"description,omitempty"`
	Schedule    string     `json:"schedule,omitempty"`
	Environment string     `json:"environment"`
	Last        run.Status `json:"last,omitempty"` // how the last run ended; "" when there was none
	Started     time.Time  `json:"started,omitzero"`
	Run         string     `json:"run,omitempty"`
	Revision    string     `json:"revision"` // of the file as it is now
	Cursor      string     `json:"cursor,omitempty"`
	// Backfill is a window that was asked for and not read to its end: the same command goes on with it.
	Backfill *state.Window `json:"backfill,omitempty"`
	Waiting  int           `json:"waiting"`
	Invalid  int           `json:"invalid"`
	Held     int           `json:"held"`
	Failed   int           `json:"failed"`

	// Backup is the last copy of the state that all pipelines share; nil when there is none.
	Backup *state.Backup `json:"backup,omitempty"`

	Down   []Down        `json:"down,omitempty"`   // connections that it needs and that are down
	Alerts []state.Alert `json:"alerts,omitempty"` // of the last week, the newest first
}

// Status tells how all pipelines of the project stand.
func (e *Engine) Status() ([]Status, error) {
	var out []Status
	err := e.store.View(func(tx state.Tx) error {
		out = nil
		copied, err := state.LastBackup(tx)
		if err != nil {
			return err
		}
		for _, p := range e.Project.Pipelines {
			s := Status{Pipeline: p.Name.Text, Description: p.Description, Environment: e.Project.Environment, Revision: p.Revision}
			s.Schedule = schedule(p.Schedule)
			if !copied.At.IsZero() {
				s.Backup = &copied
			}
			if err := fillStatus(tx, &s); err != nil {
				return err
			}
			if err := e.fillTrouble(tx, &s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

func schedule(s *spec.Schedule) string {
	switch {
	case s == nil:
		return "by hand"
	case s.Webhook:
		return "webhook"
	case s.After != "":
		return "after " + s.After
	case s.Cron != "":
		return strings.TrimSpace(s.Cron + " " + s.Zone)
	}
	return "every " + spec.FormatDuration(s.Every)
}

func fillStatus(tx state.Tx, s *Status) error {
	id, err := state.PipelineID(tx, s.Pipeline, false)
	if err != nil || id == 0 {
		return err
	}
	known, _, err := state.GetPipeline(tx, id)
	if err != nil {
		return err
	}
	s.Cursor, s.Backfill = known.Cursor, known.Backfill
	err = state.EachRun(tx, s.Pipeline, func(r state.Run) (bool, error) {
		var report run.Report
		if err := json.Unmarshal(r.Report, &report); err != nil {
			return false, err
		}
		s.Last, s.Started, s.Run = report.Status, report.Started, report.Run
		return false, nil
	})
	if err != nil {
		return err
	}
	return state.EachOpen(tx, id, func(x state.Exception) (bool, error) {
		switch x.Kind {
		case state.Later:
			s.Waiting++
		case state.InvalidData:
			s.Invalid++
		case state.OnHold:
			s.Held++
		case state.GaveUp:
			s.Failed++
		}
		return true, nil
	})
}

// Runs lists the reports of past runs, the newest first; of one pipeline, or of all for "".
func (e *Engine) Runs(pipeline string, limit int) ([]run.Report, error) {
	if err := e.named(Filter{Pipeline: pipeline}); err != nil {
		return nil, err
	}
	var out []run.Report
	err := e.store.View(func(tx state.Tx) error {
		out = nil
		return state.EachRun(tx, pipeline, func(r state.Run) (bool, error) {
			var report run.Report
			if err := json.Unmarshal(r.Report, &report); err != nil {
				return false, err
			}
			out = append(out, report)
			return limit <= 0 || len(out) < limit, nil
		})
	})
	return out, err
}
