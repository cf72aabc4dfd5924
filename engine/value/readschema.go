package value

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// document is the JSON form of a Schema.
type document struct {
	Type       any                        `json:"type"`
	Format     string                     `json:"format"`
	Zone       string                     `json:"x-zone"`
	Title      string                     `json:"title"`
	Doc        string                     `json:"description"`
	Enum       []json.RawMessage          `json:"enum"`
	Required   []string                   `json:"required"`
	ReadOnly   bool                       `json:"readOnly"`
	Personal   bool                       `json:"x-personal"`
	Key        bool                       `json:"x-key"`
	More       *bool                      `json:"additionalProperties"`
	Properties json.RawMessage            `json:"properties"`
	Patterns   map[string]json.RawMessage `json:"patternProperties"`
	Items      json.RawMessage            `json:"items"`
}

// ReadSchema reads a schema from the JSON form that Schema describes. The order of properties is
// kept.
func ReadSchema(text []byte) (Schema, error) {
	if _, err := Parse(text); err != nil {
		return Schema{}, err
	}
	s, err := readSchema(text, "")
	if err != nil {
		return Schema{}, &problem.Error{
			Class: problem.Fatal, ID: "PC204", Reason: "schema" + err.Error(),
			Hint: "types are object, array, string, number, integer, boolean; formats are decimal, instant, date",
		}
	}
	return s, nil
}

func readSchema(text []byte, at string) (Schema, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return Schema{}, fmt.Errorf("%s: %w", at, err)
	}
	s := Schema{
		Zone: d.Zone, Title: d.Title, Doc: d.Doc, Required: d.Required,
		ReadOnly: d.ReadOnly, Personal: d.Personal, Key: d.Key, Open: d.More == nil || *d.More,
	}
	if err := s.setType(d); err != nil {
		return Schema{}, fmt.Errorf("%s: %w", at, err)
	}
	for pattern := range d.Patterns {
		s.Prefix = strings.TrimPrefix(pattern, "^")
	}
	for _, e := range d.Enum {
		v, err := ParseValue(string(e))
		if err != nil {
			return Schema{}, err
		}
		if text, ok := KeyText(v); ok { // null and "" are always allowed: the field has no value
			s.Enum = append(s.Enum, text)
		}
	}
	return s, s.setMembers(d, at)
}

func (s *Schema) setType(d document) error {
	switch t := d.Type.(type) {
	case nil:
		if d.Properties != nil {
			s.Type = Object
		}
	case string:
		if err := s.addType(t); err != nil {
			return err
		}
	case []any:
		kinds := 0
		for _, x := range t {
			name, _ := x.(string)
			if name == "null" {
				continue
			}
			kinds++
			if err := s.addType(name); err != nil {
				return err
			}
		}
		if kinds > 1 && d.Format != "decimal" && d.Format != "instant" {
			s.Type, s.Integer = Absent, false
		}
	default:
		return fmt.Errorf("type is %v, not a name or a list of names", d.Type)
	}
	return s.setFormat(d.Format)
}

func (s *Schema) addType(name string) error {
	switch name {
	case "object":
		s.Type = Object
	case "array":
		s.Type = List
	case "string":
		s.Type = Text
	case "number":
		s.Type = Number
	case "integer":
		s.Type, s.Integer = Number, true
	case "boolean":
		s.Type = Bool
	case "null":
	default:
		return fmt.Errorf("type %q is unknown", name)
	}
	return nil
}

func (s *Schema) setFormat(format string) error {
	switch format {
	case "decimal":
		s.Type, s.Decimal = Number, true
	case "instant":
		s.Type, s.Integer = Instant, false
	case "date":
		s.Date = true
	case "":
	default:
		return fmt.Errorf("format %q is unknown; it may be decimal, instant or date", format)
	}
	return nil
}

func (s *Schema) setMembers(d document, at string) error {
	if d.Items != nil {
		items, err := readSchema(d.Items, at+"[]")
		if err != nil {
			return err
		}
		s.Items = &items
	}
	if d.Properties == nil {
		return nil
	}
	props, err := Parse(d.Properties)
	if err != nil {
		return err
	}
	s.Properties = map[string]Schema{}
	for name, v := range props.Value().Members() {
		p, err := readSchema([]byte(v.JSON()), strings.TrimPrefix(at+"."+name, "."))
		if err != nil {
			return err
		}
		s.Names = append(s.Names, name)
		s.Properties[name] = p
	}
	return nil
}
