package engine

import (
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/spec"
)

// PipelineSchema is the JSON Schema of a pipeline file, for editors.
func PipelineSchema() []byte {
	list := make([]spec.StepKind, len(kinds))
	for i, k := range kinds {
		list[i] = spec.StepKind{Name: k.Name, Doc: k.Doc, Spec: k.Spec}
	}
	return spec.PipelineSchema(list)
}

// ProjectSchema is the JSON Schema of pipectl.yaml with these connectors, for editors.
func ProjectSchema(connectors []connector.Definition) []byte { return spec.ProjectSchema(connectors) }
