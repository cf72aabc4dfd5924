package engine

import (
	"os"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// StateInfo is what `pipectl state show` tells.
type StateInfo struct {
	File      string          `json:"file"`
	Bytes     int64           `json:"bytes"`
	Format    int             `json:"format"`
	Backup    *state.Backup   `json:"backup,omitempty"`   // the last one
	Restored  *state.Restored `json:"restored,omitempty"` // when a backup was put back last
	Pipelines []PipelineInfo  `json:"pipelines"`
	Notes     []state.Note    `json:"notes"` // what people did to the state, the oldest first
}

// PipelineInfo is the part of the state that belongs to one pipeline.
type PipelineInfo struct {
	Pipeline   string          `json:"pipeline"`
	InProject  bool            `json:"in_project"` // false: its file is gone, or has another name
	Identity   state.Identity  `json:"identity"`
	Cursor     string          `json:"cursor,omitempty"`
	CursorAt   time.Time       `json:"cursor_at,omitzero"`
	Records    map[string]int  `json:"records"`   // by standing
	Documents  map[string]int  `json:"documents"` // by stage, and "in doubt"
	Exceptions map[string]int  `json:"exceptions"`
	Resolved   int             `json:"resolved"`
	Kept       int             `json:"kept"`
	InFlight   int             `json:"in_flight"`          // records of batches that an ended process left on their way
	Restored   *state.Restored `json:"restored,omitempty"` // what was written between both times is still looked at
}

// State tells what the state holds: of one pipeline, or of all for "".
func (e *Engine) State(pipeline string) (StateInfo, error) {
	out := StateInfo{File: e.file, Pipelines: []PipelineInfo{}, Notes: []state.Note{}}
	if err := e.named(Filter{Pipeline: pipeline}); err != nil {
		return out, err
	}
	if info, err := os.Stat(e.file); err == nil {
		out.Bytes = info.Size()
	}
	err := e.store.View(func(tx state.Tx) error {
		if err := out.whole(tx, pipeline); err != nil {
			return err
		}
		return state.EachPipeline(tx, func(id state.ID, p state.Pipeline) (bool, error) {
			if pipeline != "" && p.Name != pipeline {
				return true, nil
			}
			info, err := e.pipelineInfo(tx, id, p)
			out.Pipelines = append(out.Pipelines, info)
			return true, err
		})
	})
	return out, err
}

func (s *StateInfo) whole(tx state.Tx, pipeline string) (err error) {
	if s.Format, err = state.FormatOf(tx); err != nil {
		return err
	}
	backup, err := state.LastBackup(tx)
	if err != nil {
		return err
	}
	if !backup.At.IsZero() {
		s.Backup = &backup
	}
	restored, err := state.LastRestored(tx)
	if err != nil {
		return err
	}
	if !restored.At.IsZero() {
		s.Restored = &restored
	}
	return state.EachNote(tx, func(n state.Note) (bool, error) {
		if pipeline == "" || n.Pipeline == "" || n.Pipeline == pipeline {
			s.Notes = append(s.Notes, n)
		}
		return true, nil
	})
}

func (e *Engine) pipelineInfo(tx state.Tx, id state.ID, p state.Pipeline) (PipelineInfo, error) {
	_, inProject := e.programs[p.Name]
	out := PipelineInfo{
		Pipeline: p.Name, InProject: inProject, Identity: p.Identity, Cursor: p.Cursor, CursorAt: p.CursorAt, Restored: p.Restored,
		Records: map[string]int{}, Documents: map[string]int{}, Exceptions: map[string]int{},
	}
	err := state.EachRecord(tx, id, "", func(_ string, r state.Record) (bool, error) {
		out.Records[r.Standing.String()]++
		for _, ref := range r.Docs {
			d, ok, err := state.GetDocument(tx, ref)
			if err != nil {
				return false, err
			}
			if ok {
				out.document(d)
			}
		}
		return true, nil
	})
	if err != nil {
		return out, err
	}
	if err := state.EachOpen(tx, id, func(x state.Exception) (bool, error) { out.Exceptions[string(x.Kind)]++; return true, nil }); err != nil {
		return out, err
	}
	if err := state.EachResolved(tx, id, func(state.Exception) (bool, error) { out.Resolved++; return true, nil }); err != nil {
		return out, err
	}
	if err := state.EachFlight(tx, id, func(_ uint64, f state.Flight) error { out.InFlight += len(f.Records); return nil }); err != nil {
		return out, err
	}
	out.Kept, err = state.CountKept(tx, id)
	return out, err
}

func (p *PipelineInfo) document(d state.Document) {
	switch {
	case d.Confirmed != nil && d.Confirmed.Cancelled:
		p.Documents["cancelled"]++
	case d.Confirmed != nil:
		p.Documents[connector.Stage(d.Confirmed.Stage).String()]++
	}
	if d.Pending != nil {
		p.Documents["in doubt"]++
	}
}
