package connectortest

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// described checks an object's schema in itself.
func (c *T) described(o connector.ObjectInfo) {
	c.Helper()
	s := o.Schema
	if s.Type == value.Absent {
		return // none is known
	}
	if s.Type != value.Object {
		c.Errorf("object %s: its schema is of a %v", o.Name, s.Type)
	}
	if len(s.Names) != len(s.Properties) {
		c.Errorf("object %s: %d names and %d properties", o.Name, len(s.Names), len(s.Properties))
	}
	for _, f := range o.Cursors {
		if _, ok := under(s, f); !ok {
			c.Errorf("object %s: the cursor field %s is not in its schema", o.Name, f)
		}
	}
	if o.Key != "" {
		if _, ok := under(s, o.Key); !ok {
			c.Errorf("object %s: the key field %s is not in its schema", o.Name, o.Key)
		}
	}
	for _, f := range s.Required {
		if !slices.Contains(s.Names, f) {
			c.Errorf("object %s: the required field %s is not in its schema", o.Name, f)
		}
	}
}

// under is the schema at a dotted path.
func under(s value.Schema, path string) (value.Schema, bool) {
	for _, name := range split(path) {
		if s.Type == value.List && s.Items != nil {
			s = *s.Items
		}
		p, ok := s.Properties[name]
		if !ok {
			return s, s.Open
		}
		s = p
	}
	return s, true
}

// schema reads the object and checks that its schema tells the truth about every record.
func (c *T) schema(r Read) {
	c.Helper()
	o, ok := c.sys.Definition.Object(r.Object)
	if !ok || o.Schema.Type == value.Absent {
		return // none is known: a sample or a schema file serves
	}
	for _, rec := range c.read(r, c.query(r)).records {
		for _, wrong := range untrue(o.Schema, c.decode(rec.Data), "") {
			c.Errorf("%s", wrong)
		}
		if c.Failed() {
			return // the others would say the same
		}
	}
}

// untrue lists where a value is not what its schema says.
func untrue(s value.Schema, v any, path string) []string {
	var out []string
	wrong := func(what string) {
		out = append(out, fmt.Sprintf("%s is %s (%.60v); the schema says %v", path, what, v, s.Type))
	}
	switch x := v.(type) {
	case map[string]any:
		if s.Type != value.Object && s.Type != value.Absent {
			wrong("an object")
			break
		}
		for name, member := range x {
			at := name
			if path != "" {
				at = path + "." + name
			}
			p, known := s.Properties[name]
			if !known && !s.Open && s.Type == value.Object {
				out = append(out, at+" is read, and the schema does not know it and is not open")
			}
			if known {
				out = append(out, untrue(p, member, at)...)
			}
		}
	case []any:
		if s.Type != value.List && s.Type != value.Absent {
			wrong("a list")
			break
		}
		for i, item := range x {
			if s.Items != nil {
				out = append(out, untrue(*s.Items, item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	case string:
		if !slices.Contains([]value.Kind{value.Text, value.Instant, value.Absent}, s.Type) && !s.Decimal {
			wrong("a text")
		}
	case json.Number:
		if !slices.Contains([]value.Kind{value.Number, value.Instant, value.Absent}, s.Type) {
			wrong("a number")
		}
	case bool:
		if s.Type != value.Bool && s.Type != value.Absent {
			wrong("true or false")
		}
	}
	return out
}
