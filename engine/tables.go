package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/state"
)

// TableCheck is what there is to say of one cross-reference table.
type TableCheck struct {
	Table   string       `json:"table"`
	File    string       `json:"file"`
	Rows    int          `json:"rows"`
	UsedBy  []string     `json:"used_by"`
	Twice   []spec.Twice `json:"twice"`   // combinations of look-up values that stand in several rows
	Missing []Missing    `json:"missing"` // values that records wait for
}

// Missing is a value that is in no row, and how many records wait for it.
type Missing struct {
	Key     string `json:"key"`
	Records int    `json:"records"`
}

// CheckTables looks at tables (all for none named): who uses them, rows that stand twice, and
// values that records wait for.
func (e *Engine) CheckTables(names []string) ([]TableCheck, error) {
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(e.Project.Tables))
	}
	waits := map[problem.Cause]int{}
	err := e.EachException(Filter{All: true}, func(x state.Exception) error {
		for _, c := range x.Causes {
			waits[c]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []TableCheck
	for _, name := range names {
		t := e.Project.Tables[name]
		if t == nil {
			return nil, &problem.Error{
				Class: problem.Fatal, ID: "PC123", Reason: `table "` + name + `" is unknown`,
				Hint: problem.DidYouMean(name, slices.Sorted(maps.Keys(e.Project.Tables))),
			}
		}
		out = append(out, e.checkTable(t, waits))
	}
	return out, nil
}

func (e *Engine) checkTable(t *spec.Table, waits map[problem.Cause]int) TableCheck {
	out := TableCheck{Table: t.Name, File: t.File, Rows: len(t.Rows), UsedBy: []string{}, Twice: []spec.Twice{}, Missing: []Missing{}}
	for _, p := range e.Project.Pipelines {
		for _, a := range e.programs[p.Name.Text].steps.Asks {
			if a.Table != t.Name {
				continue
			}
			if !slices.Contains(out.UsedBy, p.Name.Text) {
				out.UsedBy = append(out.UsedBy, p.Name.Text)
			}
			out.Twice = append(out.Twice, t.Twices(a.Match)...)
		}
	}
	for c, n := range waits {
		if c.Table == t.Name {
			out.Missing = append(out.Missing, Missing{c.Key, n})
		}
	}
	slices.SortFunc(out.Missing, func(a, b Missing) int { return cmp.Or(b.Records-a.Records, cmp.Compare(a.Key, b.Key)) })
	return out
}
