package document

import "github.com/pipectl/pipectl/engine/spec"

type dict = map[string]any

// JSONSchema says what may stand under map.
func (Mapping) JSONSchema(d *spec.Describer) map[string]any {
	return d.Define("mapping", func() map[string]any {
		expression := spec.Expr{}.JSONSchema(d)
		texts := d.Define("texts", func() map[string]any {
			return dict{"anyOf": []any{
				dict{"type": []string{"string", "number", "boolean"}},
				dict{"type": "array", "items": dict{"$ref": "#/$defs/texts"}},
				dict{"type": "object", "additionalProperties": dict{"$ref": "#/$defs/texts"}},
			}}
		})
		value := d.Define("value", func() map[string]any {
			return dict{"anyOf": []any{
				expression,
				dict{"type": "array", "items": dict{"$ref": "#/$defs/value"}},
				dict{"$ref": "#/$defs/choice"},
				dict{"$ref": "#/$defs/mapping"},
			}}
		})
		d.Define("choice", func() map[string]any { return choiceSchema(expression, texts, value) })
		return dict{
			"type": "object",
			"properties": dict{
				"const":  dict{"anyOf": []any{texts}, "description": "texts that are the same for every document (固定值); everything here is text, as written"},
				"copy":   dict{"anyOf": []any{dict{"const": "all"}, dict{"type": "array", "items": dict{"type": "string"}}}, "description": "takes fields over as they are"},
				"except": dict{"type": "array", "items": dict{"type": "string"}, "description": "fields that copy: all leaves out"},
				"fields": dict{"type": "object", "additionalProperties": value, "description": "fields whose names are words of the language"},
				"each":   dict{"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": expression, "description": "an object for each item of a list (表体): {line: lines}, or {line: lines, part: line.parts}"},
				"where":  dict{"anyOf": []any{expression}, "description": "leaves the item out where this is false"},
				"case":   false, // beside fields it has no meaning
				"else":   false,
				"let":    dict{"type": "object", "additionalProperties": expression, "description": "names computed values for this object"},
			},
			"additionalProperties": value,
		}
	})
}

func choiceSchema(expression, texts, value any) map[string]any {
	return dict{
		"type": "object", "required": []string{"case"}, "additionalProperties": false,
		"properties": dict{
			"case": dict{"type": "array", "minItems": 1, "description": "the first that fits", "items": dict{
				"type": "object", "required": []string{"when"}, "additionalProperties": false,
				"properties": dict{"when": expression, "const": texts, "value": value},
			}},
			"else": dict{"anyOf": []any{dict{"const": "reject"}, value}, "description": "what fits no case: reject (the default) makes the record an exception"},
		},
	}
}
