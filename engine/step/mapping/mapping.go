// Package mapping is the step `map`: it builds the document that the target gets.
package mapping

import (
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/document"
	"github.com/pipectl/pipectl/engine/value"
)

// Kind is the step `map`.
var Kind = step.Define("map", "builds the document: target fields with expressions, const, each, case, lists, copy", compile)

// Spec is how the step is written in YAML. What stands under map has a grammar of its own: see
// package document.
type Spec struct {
	Map document.Mapping `yaml:"map" doc:"target fields with expressions (字段映射)" required:"true"`
}

func compile(s Spec, in *step.Scope) (step.Step, error) {
	var schema *value.Schema
	if in.Pipeline.Target != nil {
		schema = in.Pipeline.Target.Known()
	}
	b, err := document.Compile(s.Map.Node, in, schema)
	if b == nil {
		in.SetDocument(nil, anything) // what stands below is checked as far as can be
		return nil, err
	}
	in.SetDocument(b.Schema(), b.From)
	if t := in.Pipeline.Target; t != nil {
		b.Key(t.Key.Text)
	}
	return step.Each(func(r *step.Row) error { return build(r, b, in) }), nil
}

func anything(string) ([]string, bool) { return []string{"*"}, true }

func build(r *step.Row, b *document.Builder, in *step.Scope) error {
	r.NoteKey(value.Value{}) // that of a map before doesn't count
	doc, ok, err := b.Build(r)
	if err != nil {
		return err
	}
	if !ok || len(r.Problems) > 0 {
		r.NoDocument()
		return nil
	}
	r.Document = doc
	if in.ReadsDocument() {
		r.Doc = doc.Value()
	}
	return nil
}

var _ spec.Unmarshaler = (*document.Mapping)(nil)
