package spec

import (
	"encoding/json"
	"maps"
	"reflect"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// Schemas for editors are made of the same structs and tags that the decoder reads, so that they
// can't say anything else.

// Described is a type that reads its own YAML and says what may stand there.
type Described interface {
	JSONSchema(d *Describer) map[string]any
}

// Describer makes a JSON Schema.
type Describer struct{ defs map[string]any }

// Kind of step, as far as the schema goes.
type StepKind struct {
	Name, Doc string
	Spec      any
}

const dialect = "https://json-schema.org/draft/2020-12/schema"

// PipelineSchema is the JSON Schema of a pipeline file.
func PipelineSchema(kinds []StepKind) []byte {
	d := &Describer{defs: map[string]any{}}
	root := d.object(reflect.TypeFor[Pipeline]())
	var steps []any
	for _, k := range kinds {
		s := d.object(reflect.TypeOf(k.Spec))
		s["description"], s["title"] = k.Doc, k.Name
		s["required"] = []string{k.Name}
		steps = append(steps, s)
	}
	d.defs["step"] = map[string]any{"anyOf": steps}
	return d.file(root, "pipectl pipeline", "One pipeline: source object → steps → target object")
}

// ProjectSchema is the JSON Schema of pipectl.yaml.
func ProjectSchema(connectors []connector.Definition) []byte {
	d := &Describer{defs: map[string]any{}}
	var types []any
	for _, c := range connectors {
		s := d.object(reflect.TypeOf(c.New()).Elem())
		props := s["properties"].(map[string]any) //nolint:forcetypeassert // object makes it
		maps.Copy(props, d.object(reflect.TypeFor[connectionKeys]())["properties"].(map[string]any))
		props["type"] = map[string]any{"const": c.Name, "description": c.Title}
		s["title"], s["required"] = c.Title, []string{"type"} // an environment may bring the rest
		types = append(types, s)
	}
	d.defs["connection"] = map[string]any{"anyOf": types}
	if len(types) == 0 {
		d.defs["connection"] = map[string]any{"type": "object"}
	}
	return d.file(d.object(reflect.TypeFor[file]()), "pipectl project", "Connections, environments, alert channels and console of a project")
}

func (d *Describer) file(root map[string]any, title, doc string) []byte {
	root["$schema"], root["title"], root["description"] = dialect, title, doc
	root["$defs"] = d.defs
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps of plain values
	}
	return append(b, '\n')
}

// Define keeps a part of the schema under a name, and gives the reference to it.
func (d *Describer) Define(name string, make func() map[string]any) map[string]any {
	if _, ok := d.defs[name]; !ok {
		d.defs[name] = true // for what refers to itself
		d.defs[name] = make()
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

// Of describes a type.
func (d *Describer) Of(t reflect.Type) map[string]any {
	if s, ok := reflect.TypeAssert[Described](reflect.New(t)); ok {
		return s.JSONSchema(d)
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": durationParts.String(), "examples": []string{"30s", "5m", "2d"}}
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.Of(t.Elem())
	case reflect.Struct:
		return d.object(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.Of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.Of(t.Elem())}
	case reflect.Bool:
		return orReference(map[string]any{"type": "boolean"})
	case reflect.Int, reflect.Int64, reflect.Int32:
		return orReference(map[string]any{"type": "integer"})
	case reflect.Float64:
		return orReference(map[string]any{"type": "number"})
	default:
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	}
}

// orReference allows ${NAME} in place of the value.
func orReference(s map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": `\$\{`}}}
}

// object describes a struct by its tags.
func (d *Describer) object(t reflect.Type) map[string]any {
	props := map[string]any{}
	var required []string
	for _, f := range fieldsOf(t) {
		s := d.Of(f.typ)
		if f.enum != nil {
			s = map[string]any{"enum": f.enum}
			if f.typ.Kind() == reflect.Slice {
				s = map[string]any{"type": "array", "items": s}
			}
		}
		s["description"] = f.doc
		if f.secret {
			s["description"] = f.doc + "; a secret: write ${NAME} or ${file:PATH}"
		}
		if f.example != "" {
			s["examples"] = []any{f.example}
			var x any
			if json.Unmarshal([]byte(f.example), &x) == nil {
				s["examples"] = []any{x}
			}
		}
		if f.required {
			required = append(required, f.name)
		}
		props[f.name] = s
	}
	out := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if required != nil {
		out["required"] = required
	}
	return out
}

// JSONSchema of an expression.
func (Expr) JSONSchema(d *Describer) map[string]any {
	return d.Define("expression", func() map[string]any {
		return map[string]any{"type": []string{"string", "number", "boolean", "null"}, "description": "an expression; its text counts, never what YAML makes of it"}
	})
}

// JSONSchema of one expression or a list.
func (Exprs) JSONSchema(d *Describer) map[string]any {
	one := Expr{}.JSONSchema(d)
	return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "minItems": 1, "items": one}}}
}

// JSONSchema of a text.
func (Text) JSONSchema(*Describer) map[string]any {
	return map[string]any{"type": []string{"string", "number", "boolean"}}
}

// JSONSchema of a mapping with free names.
func (Named[T]) JSONSchema(d *Describer) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": d.Of(reflect.TypeFor[T]())}
}

// JSONSchema of parameters.
func (Params) JSONSchema(*Describer) map[string]any { return map[string]any{"type": "object"} }

// JSONSchema of a step.
func (Step) JSONSchema(*Describer) map[string]any { return map[string]any{"$ref": "#/$defs/step"} }

// JSONSchema of a schedule.
func (Schedule) JSONSchema(d *Describer) map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "string", "pattern": `^(every \d.*|webhook)$`},
		d.object(reflect.TypeFor[schedule]()),
	}}
}

// JSONSchema of a connection.
func (rawConnection) JSONSchema(*Describer) map[string]any {
	return map[string]any{"$ref": "#/$defs/connection"}
}

// JSONSchema of an environment: the connections in it say only what differs.
func (Environment) JSONSchema(*Describer) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{
		"protected":   map[string]any{"type": "boolean", "description": "runs only what an approved plan says"},
		"connections": map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "object"}, "description": "the keys that differ from the connections above"},
	}}
}
