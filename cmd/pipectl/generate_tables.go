package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/state"
)

// keyTable lists the YAML keys of a struct by its tags, and those of the structs inside it.
func keyTable(of any, deep bool) string {
	return markdown([]string{"key", "meaning", "example or choices"}, keyRows("", reflect.TypeOf(of), deep))
}

func keyRows(prefix string, t reflect.Type, deep bool) [][]string {
	var rows [][]string
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		meaning := f.Tag.Get("doc")
		if f.Tag.Get("required") == "true" {
			meaning += " **(required)**"
		}
		if f.Tag.Get("secret") == "true" {
			meaning += " (a secret: only `${NAME}` or `${file:PATH}`)"
		}
		example := code(f.Tag.Get("example"))
		if e := f.Tag.Get("enum"); e != "" {
			example = strings.Join(codes(strings.Split(e, ",")), " ")
		}
		if example == "" && f.Type.Kind() == reflect.Bool {
			example = "`true`"
		}
		rows = append(rows, []string{code(prefix + name), meaning, example})
		if below := structOf(f.Type); below != nil && deep {
			rows = append(rows, keyRows(prefix+name+".", below, deep)...)
		}
	}
	return rows
}

// structOf is the struct with keys of its own that a field holds, or nil.
func structOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if f.Tag.Get("yaml") != "" {
			return t
		}
	}
	return nil
}

func settingsTable(s connectors.System) string {
	var rows [][]string
	for _, x := range settings(s.New()) {
		what := x.Doc
		if x.Required {
			what += " **(required)**"
		}
		if x.Secret {
			what += " (a secret: only `${NAME}` or `${file:PATH}`)"
		}
		rows = append(rows, []string{code(x.Name), what, code(x.Default)})
	}
	return markdown([]string{"setting", "meaning", "default"}, rows)
}

func objectsTable(s connectors.System) string {
	var rows [][]string
	for _, o := range objectsOf(s.Definition) {
		does := []string{}
		if o.Read {
			does = append(does, "read")
		}
		if o.Write {
			does = append(does, "write")
		}
		file := "../../schemas/objects/" + s.Name + "/" + o.Name + ".json"
		rows = append(rows, []string{
			"[`" + o.Name + "`](" + file + ")", o.Title, strings.Join(does, ", "), code(o.Key),
			strings.Join(codes(o.Cursors), " "), strings.Join(codes(o.Params), " "),
		})
	}
	return markdown([]string{"object", "name", "can", "key", "`cursor.field`", "`source.params`"}, rows)
}

func codes(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = code(s)
	}
	return out
}

// commandSections shows each command with its flags, subcommands behind it.
func commandSections() string {
	app := newApp(stdio{env: func(string) string { return "" }})
	var b strings.Builder
	b.WriteString("Everywhere:\n\n" + flagTable(app.Flags, nil) + "\n")
	for _, c := range app.Commands {
		if !c.Hidden && c.Name != "help" {
			commandSection(&b, c, "pipectl ", app.Flags)
		}
	}
	return strings.TrimSpace(b.String())
}

func commandSection(b *strings.Builder, c *cli.Command, prefix string, common []cli.Flag) {
	title := strings.TrimSpace(prefix + c.Name + " " + c.ArgsUsage)
	fmt.Fprintf(b, "\n### `%s`\n\n%s.\n", title, strings.ToUpper(c.Usage[:1])+c.Usage[1:])
	if c.Description != "" {
		b.WriteString("\n" + strings.ReplaceAll(c.Description, "\n   ", "\n    ") + "\n")
	}
	if t := flagTable(c.Flags, common); t != "" {
		b.WriteString("\n" + t + "\n")
	}
	for _, s := range c.Subcommands {
		if s.Name != "help" {
			commandSection(b, s, prefix+c.Name+" ", common)
		}
	}
}

func flagTable(flags, without []cli.Flag) string {
	var rows [][]string
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || slices.Contains(without, f) || f.Names()[0] == "help" {
			continue
		}
		names := []string{}
		for _, n := range f.Names() {
			dash := "--"
			if len(n) == 1 {
				dash = "-"
			}
			names = append(names, "`"+dash+n+"`")
		}
		what := d.GetUsage()
		if e := d.GetEnvVars(); len(e) > 0 {
			what += " (or the variable `" + e[0] + "`)"
		}
		value := ""
		if d.TakesValue() {
			value = code(strings.Trim(d.GetDefaultText(), `"`))
		}
		rows = append(rows, []string{strings.Join(names, " "), what, value})
	}
	if rows == nil {
		return ""
	}
	return markdown([]string{"flag", "meaning", "default"}, rows)
}

func codesTable() string {
	var rows [][]string
	for _, c := range problem.Codes() {
		rows = append(rows, []string{"[" + c[0] + "](../../engine/problem/pages/" + c[0] + ".md)", c[1]})
	}
	return markdown([]string{"code", "meaning"}, rows)
}

// jsonTable lists the names and types of what a command prints. What they mean stands in the
// template, by name: a name without a meaning is an error, and so is a meaning without a name.
func jsonTable(name string, meanings ...string) (string, error) {
	types := map[string]any{
		"run": run.Report{}, "error": state.Exception{}, "group": engine.Group{}, "overridden": engine.Overridden{}, "set": state.Set{}, "status": engine.Status{}, "validate": validation{},
		"mistake": mistake{}, "doctor": engine.Finding{}, "table": engine.TableCheck{}, "sandbox": started{},
		"connector": connectorInfo{}, "object": objectInfo{}, "setting": setting{}, "field": field{},
	}
	of, ok := types[name]
	if !ok {
		return "", fmt.Errorf("no JSON of %q", name)
	}
	means := map[string]string{}
	for _, m := range meanings {
		field, text, _ := strings.Cut(m, ": ")
		means[field] = text
	}
	var rows [][]string
	for f := range reflect.TypeOf(of).Fields() {
		field, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if field == "" || field == "-" {
			continue
		}
		text, ok := means[field]
		if !ok {
			return "", fmt.Errorf("%s: nobody says what %q means", name, field)
		}
		delete(means, field)
		if option != "" {
			text += " (left out when empty)"
		}
		rows = append(rows, []string{code(field), jsonType(f.Type), text})
	}
	if len(means) > 0 {
		return "", fmt.Errorf("%s has no %v", name, slices.Sorted(maps.Keys(means)))
	}
	return markdown([]string{"name", "type", "meaning"}, rows), nil
}

func jsonType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return "any JSON"
	case t == reflect.TypeFor[time.Time]():
		return "time (RFC 3339)"
	case t.Kind() == reflect.Pointer:
		return jsonType(t.Elem()) + " or null"
	case t.Kind() == reflect.Slice:
		return "list of " + jsonType(t.Elem())
	case t.Kind() == reflect.Map:
		return "object of " + jsonType(t.Elem())
	case t.Kind() == reflect.Struct:
		return "object"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "number"
}

// controlTables lists the actions and faults of a system's simulator.
func controlTables(s connectors.System) string {
	box := s.Sandbox(sandbox.New(sandbox.Options{Seed: 1}))
	var actions, faults [][]string
	for _, a := range box.Actions() {
		actions = append(actions, []string{code(a.Name), a.Doc, code(a.Example)})
	}
	if own, ok := box.(sandbox.FaultKinds); ok {
		kinds := own.FaultKinds()
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			faults = append(faults, []string{code(k), kinds[k]})
		}
	}
	return markdown([]string{"action", "what happens", "example of its arguments"}, actions) + "\n\n" +
		"Faults of its own, beside those of every simulator:\n\n" + markdown([]string{"kind", "what happens"}, faults)
}
