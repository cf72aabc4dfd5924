package engine

import (
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/let"
	"github.com/pipectl/pipectl/engine/step/lookup"
	"github.com/pipectl/pipectl/engine/step/mapping"
	"github.com/pipectl/pipectl/engine/step/validate"
	"github.com/pipectl/pipectl/engine/step/where"
)

// kinds are the kinds of steps that a pipeline may have. The parser, the schema and the reference
// read this list; a new kind is a folder below step and a line here.
var kinds = []step.Kind{where.Kind, let.Kind, lookup.Kind, mapping.Kind, validate.Kind}

// Kinds lists the kinds of steps.
func Kinds() []step.Kind { return kinds }
