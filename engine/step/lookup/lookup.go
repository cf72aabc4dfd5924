// Package lookup binds a row of a table, of a system's object or of what another pipeline kept: for
// the record, or for every item of a list. One query serves the distinct keys of a batch.
package lookup

import (
	"context"
	"strings"
	"sync"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/document"
	"github.com/pipectl/pipectl/engine/value"
)

// Kind is the step `lookup`.
var Kind = step.Define("lookup", "binds one row of a table, of a connection's object or of what a pipeline kept", compile)

// Spec is how the step is written in YAML.
type Spec struct {
	Lookup     spec.Text             `yaml:"lookup" doc:"the name that the row is bound to" example:"shop" required:"true"`
	Table      spec.Text             `yaml:"table" doc:"a table in pipelines/tables (对照表)" example:"shops"`
	Connection spec.Text             `yaml:"connection" doc:"a connection of pipectl.yaml" example:"kingdee"`
	Object     spec.Text             `yaml:"object" doc:"what is asked in the connection" example:"BD_MATERIAL"`
	Pipeline   spec.Text             `yaml:"pipeline" doc:"a pipeline whose kept rows are asked" example:"products"`
	Match      step.Match            `yaml:"match" doc:"fields with expressions; const holds texts" example:"{sid: sid}"`
	When       spec.Expr             `yaml:"when" doc:"instead of match, for a table: the first row for which this is true; row is the row" example:"shop_name contains row.pattern"`
	Each       spec.Named[spec.Expr] `yaml:"each" doc:"looks up for every item of a list; the row is a member of the item then" example:"{line: lines}"`
	Fields     spec.Named[spec.Text] `yaml:"fields" doc:"names with fields of the row; a table and a pipeline give all theirs without" example:"{unit: FBaseUnitId.FNumber}"`
	Missing    Missing               `yaml:"missing" doc:"no row is found: hold (the default), reject, null, create, or a default row"`
	Create     *Create               `yaml:"create" doc:"the row that missing: create makes"`
	Many       spec.Text             `yaml:"many" doc:"several rows are found that differ: hold (the default), reject, first" enum:"hold,reject,first"`
	Live       bool                  `yaml:"live" doc:"the row is part of the record's content: a change in it is a change of the record"`
}

// Create is a row that is created where none is found.
type Create struct {
	Map  document.Mapping `yaml:"map" doc:"its fields with expressions" required:"true"`
	Then []spec.Text      `yaml:"then" doc:"operations after saving" example:"[submit, audit]" enum:"submit,audit"`
}

// Missing says what to do without a row.
type Missing struct {
	Policy string // hold, reject, null, create, default
	Row    spec.Named[spec.Text]
	At     problem.Pos
}

// UnmarshalNode reads a word, or a default row.
func (m *Missing) UnmarshalNode(d *spec.Decoder, n *spec.Node) {
	m.At = n.At
	if n.Kind == spec.Map {
		m.Policy = "default"
		for _, x := range n.Members {
			if x.Value.Kind != spec.Scalar {
				d.Report(x.Value.At, "PC104", "a value of the default row must be a text", "write NAME: TEXT")
				continue
			}
			m.Row = append(m.Row, spec.Entry[spec.Text]{Name: x.Name(), At: x.Key.At, Value: spec.Text{Text: x.Value.Text, At: x.Value.At}})
		}
		return
	}
	switch n.Text {
	case "hold", "reject", "null", "create":
		m.Policy = n.Text
	default:
		d.Report(n.At, "PC105", `missing can't be "`+n.Text+`"`, problem.DidYouMean(n.Text, []string{"hold", "reject", "null", "create"})+", or a default row: {NAME: TEXT}")
	}
}

// lookup is the compiled step.
type lookup struct {
	Spec
	name   string
	source source
	match  *step.Matcher // nil: when
	levels []level       // of each; empty: for the record itself
	slot   expr.Slot     // of the name; with each, of the list
	list   string        // with each, the name of the list
	absent value.Value   // with missing: default, the row
	create *document.Builder
	keyOf  value.Path // of a created row
	names  []string   // what is bound, in order, and where it stands in the source's row
	paths  []value.Path
	kept   *cache
}

// source is where rows come from.
type source interface {
	// find answers the rows for each wanted combination, in its order.
	find(ctx context.Context, l *lookup, wanted [][]value.Value) ([][]value.Value, error)
	// fields are what a match may name.
	fields() step.Fields
	// where names the source in messages, cause in an exception.
	where() string
	cause(key string) problem.Cause
}

// cache holds the rows that were found in this run. What was not found is asked again with the
// next batch: somebody may have added it.
type cache struct {
	sync.Mutex
	rows map[string]value.Value
}

const mostCached = 200_000 // rows; beyond it the cache begins anew, so that memory stays bounded

// Begin forgets the last run's rows.
func (l *lookup) Begin() {
	l.kept.Lock()
	defer l.kept.Unlock()
	l.kept.rows = map[string]value.Value{}
}

func (c *cache) get(key string) (value.Value, bool) {
	c.Lock()
	defer c.Unlock()
	v, ok := c.rows[key]
	return v, ok
}

func (c *cache) put(key string, v value.Value) {
	c.Lock()
	defer c.Unlock()
	if len(c.rows) >= mostCached {
		clear(c.rows)
	}
	c.rows[strings.Clone(key)] = v // a key may be a piece of a page, and would keep all of it alive
}

// JSONSchema says what may stand under missing.
func (Missing) JSONSchema(*spec.Describer) map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"enum": []any{"hold", "reject", "null", "create", nil}},
		map[string]any{"type": "object", "description": "a default row", "additionalProperties": map[string]any{"type": []string{"string", "number", "boolean"}}},
	}}
}
