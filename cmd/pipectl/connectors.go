package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

func connectorsCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "connectors",
		Usage:     "the systems that pipectl speaks, their settings, objects and fields",
		ArgsUsage: "[NAME [OBJECT]]",
		Action: func(c *cli.Context) error {
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			if err := arguments(c, 0, 2, "[NAME [OBJECT]]"); err != nil {
				return err
			}
			switch c.Args().Len() {
			case 0:
				return listConnectors(v)
			case 1:
				return describeConnector(v, c.Args().First())
			}
			return describeObject(v, c.Args().Get(0), c.Args().Get(1))
		},
	}
}

// connectorInfo is one system as JSON shows it.
type connectorInfo struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Sandbox  bool         `json:"sandbox"`
	Settings []setting    `json:"settings,omitempty"`
	Objects  []objectInfo `json:"objects,omitempty"`
}

type setting struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Default  string `json:"default,omitempty"`
	Required bool   `json:"required"`
	Secret   bool   `json:"secret"`
}

type objectInfo struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Key     string   `json:"key,omitempty"`
	Read    bool     `json:"read"`
	Write   bool     `json:"write"`
	Cursors []string `json:"cursors,omitempty"`
	Params  []string `json:"params,omitempty"`
	Fields  []field  `json:"fields,omitempty"`
}

type field struct {
	Path     string `json:"path"`
	Type     string `json:"type"`
	Title    string `json:"title,omitempty"`
	Required bool   `json:"required,omitempty"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

func describe(s connectors.System) connectorInfo {
	out := connectorInfo{Name: s.Name, Title: s.Title, Sandbox: s.Sandbox != nil, Settings: settings(s.New())}
	if s.Objects != nil {
		for _, o := range s.Objects() {
			out.Objects = append(out.Objects, objectInfo{o.Name, o.Title, o.Key, o.Read, o.Write, o.Cursors, o.Params, nil})
		}
	}
	return out
}

// settings reads a connector's configuration from its tags.
func settings(config any) []setting {
	v := reflect.ValueOf(config).Elem()
	var out []setting
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		s := setting{Name: tag.Get("yaml"), Doc: tag.Get("doc"), Required: tag.Get("required") == "true", Secret: tag.Get("secret") == "true"}
		if f := v.Field(i); s.Name != "" && s.Name != "-" {
			if !f.IsZero() && !s.Secret {
				s.Default = plain(f)
			}
			out = append(out, s)
		}
	}
	return out
}

func find(name string) (connectors.System, error) {
	all := connectors.All()
	i := slices.IndexFunc(all, func(s connectors.System) bool { return s.Name == name })
	if i < 0 {
		var known []string
		for _, s := range all {
			known = append(known, s.Name)
		}
		return connectors.System{}, usage("no connector %q: there are %s", name, strings.Join(known, ", "))
	}
	return all[i], nil
}

func listConnectors(v view) error {
	var all []connectorInfo
	for _, s := range connectors.All() {
		all = append(all, describe(s))
	}
	return show(v, all, "",
		column[connectorInfo]{title: "connector", cell: func(c connectorInfo) string { return v.bold(c.Name) }},
		column[connectorInfo]{title: "system", cell: func(c connectorInfo) string { return c.Title }},
		column[connectorInfo]{title: "sandbox", cell: func(c connectorInfo) string { return yes(c.Sandbox) }},
		column[connectorInfo]{title: "objects", cell: func(c connectorInfo) string {
			var names []string
			for _, o := range c.Objects {
				names = append(names, o.Name)
			}
			if names == nil {
				return "any file"
			}
			return short(strings.Join(names, ", "), 90)
		}})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func describeConnector(v view, name string) error {
	s, err := find(name)
	if err != nil {
		return err
	}
	info := describe(s)
	if v.json {
		return v.JSON(info)
	}
	v.Line("%s  %s", v.bold(info.Name), info.Title)
	v.Line("settings:")
	for _, f := range info.Settings {
		v.Line("  %-14s %s", f.Name, f.Doc+marks(f))
	}
	if len(info.Objects) == 0 {
		return nil
	}
	v.Line("objects:")
	for _, o := range info.Objects {
		var can []string
		if o.Read {
			can = append(can, "read")
		}
		if o.Write {
			can = append(can, "write")
		}
		v.Line("  %-20s %s  %s", o.Name, o.Title, v.dim(strings.Join(can, ", ")))
	}
	v.Line("%s", v.dim("pipectl connectors "+name+" OBJECT lists an object's fields."))
	return nil
}

func marks(s setting) string {
	var out []string
	if s.Required {
		out = append(out, "required")
	}
	if s.Secret {
		out = append(out, "secret: only as ${NAME} or ${file:PATH}")
	}
	if s.Default != "" {
		out = append(out, "default "+s.Default)
	}
	if out == nil {
		return ""
	}
	return " (" + strings.Join(out, "; ") + ")"
}

func describeObject(v view, name, object string) error {
	s, err := find(name)
	if err != nil {
		return err
	}
	o, ok := s.Object(object)
	if !ok {
		return usage("%s has no object %q\n  → pipectl connectors %s lists them", name, object, name)
	}
	info := objectInfo{o.Name, o.Title, o.Key, o.Read, o.Write, o.Cursors, o.Params, fields("", o.Schema)}
	if v.json {
		return v.JSON(info)
	}
	v.Line("%s  %s", v.bold(o.Name), o.Title)
	if len(o.Cursors) > 0 {
		v.Line("cursors: %s", strings.Join(o.Cursors, ", "))
	}
	if len(o.Params) > 0 {
		v.Line("params: %s", strings.Join(o.Params, ", "))
	}
	return show(v, info.Fields, "no fields are known",
		column[field]{title: "field", cell: func(f field) string { return f.Path }},
		column[field]{title: "type", cell: func(f field) string { return f.Type }},
		column[field]{title: "name", cell: func(f field) string { return f.Title }},
		column[field]{title: "", cell: func(f field) string {
			switch {
			case f.Required:
				return "required"
			case f.ReadOnly:
				return "read only"
			}
			return ""
		}})
}

// fields lists a schema's fields as dotted paths; a list's items stand behind [].
func fields(prefix string, s value.Schema) []field {
	var out []field
	for _, name := range s.Names {
		p := s.Properties[name]
		path := prefix + name
		out = append(out, field{path, typeName(p), p.Title, slices.Contains(s.Required, name), p.ReadOnly})
		switch {
		case p.Type == value.Object:
			out = append(out, fields(path+".", p)...)
		case p.Type == value.List && p.Items != nil && p.Items.Type == value.Object:
			out = append(out, fields(path+"[].", *p.Items)...)
		}
	}
	return out
}

func typeName(s value.Schema) string {
	switch {
	case s.Decimal:
		return "decimal"
	case s.Integer:
		return "integer"
	case s.Date:
		return "date"
	case s.Type == value.Instant && s.Zone != "":
		return "instant, " + s.Zone
	case s.Type == value.List && s.Items != nil && s.Items.Type != value.Object:
		return "list of " + typeName(*s.Items)
	}
	switch s.Type {
	case value.Absent, value.Null:
		return "any"
	case value.Bool:
		return "boolean"
	case value.Number:
		return "number"
	case value.Text:
		return "text"
	case value.Instant:
		return "instant"
	case value.List:
		return "list"
	case value.Object:
		return "object"
	}
	return "any"
}

// objectsOf lists a system's objects; none when it can hold anything.
func objectsOf(d connector.Definition) []connector.ObjectInfo {
	if d.Objects == nil {
		return nil
	}
	return d.Objects()
}

// plain is a default as a person would write it in YAML.
func plain(v reflect.Value) string {
	if d, ok := reflect.TypeAssert[time.Duration](v); ok {
		return spec.FormatDuration(d)
	}
	return fmt.Sprint(v.Interface())
}
