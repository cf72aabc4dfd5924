package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/state"
)

// backupWhenDue makes the copy that `backup:` in pipectl.yaml asks for, and removes the oldest ones.
// It is done at the end of a run: what cannot be copied is told, and stops nothing.
func (e *Engine) backupWhenDue() error {
	b := e.Project.Backup
	if b == nil {
		return nil
	}
	dir := b.Dir.Text
	if dir == "" {
		dir = filepath.Join(e.Project.State, "backup")
	}
	now := e.now().UTC()
	made := e.backupsIn(dir)
	if n := len(made); n > 0 {
		last, _ := e.backupTimeOf(made[n-1])
		if age := now.Sub(last); age >= 0 && age < b.Every {
			return nil
		}
	}
	done, err := e.Backup(dir + string(filepath.Separator))
	if err != nil {
		return err
	}
	e.log.Info("the state was copied", "file", done.File, "bytes", done.Bytes)
	made = slices.DeleteFunc(e.backupsIn(dir), func(name string) bool { return filepath.Join(dir, name) == done.File })
	for len(made) >= b.Keep {
		if err := os.Remove(filepath.Join(dir, made[0])); err != nil {
			return err
		}
		made = made[1:]
	}
	return nil
}

func notCopied(err error) string {
	return "the scheduled backup of the state could not be made: " + problem.As(err).Reason
}

// noteNotCopied keeps it where people look: as an alert, one a day, and in the run's report.
func (e *Engine) noteNotCopied(pipeline string, report run.Report, why error) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	now := e.now()
	return e.store.Update(func(tx state.Tx) error {
		err := state.Raise(tx, state.Alert{Time: now, Kind: state.AlertBackup, Once: "backup/" + now.UTC().Format(time.DateOnly), Text: notCopied(why)})
		if err != nil {
			return err
		}
		return state.PutRun(tx, state.Run{ID: report.Run, Pipeline: pipeline, Started: report.Started, Report: text})
	})
}

// backupsIn lists the copies of this environment's state in a folder that have names of ours, the
// oldest first. A folder that can't be read has none: making the copy will tell why.
func (e *Engine) backupsIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, x := range entries {
		if _, ours := e.backupTimeOf(x.Name()); ours && x.Type().IsRegular() {
			out = append(out, x.Name())
		}
	}
	slices.Sort(out)
	return out
}

func (e *Engine) backupTimeOf(name string) (time.Time, bool) {
	text, ours := strings.CutPrefix(strings.TrimSuffix(name, ".db"), e.Project.Environment+"-")
	at, err := time.Parse(backupTime, text)
	return at, ours && err == nil && strings.HasSuffix(name, ".db")
}
