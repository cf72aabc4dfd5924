package validate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
)

type schema struct {
	*jsonschema.Schema
	at     problem.Pos
	mapped bool
}

func compileSchema(name spec.Text, in *step.Scope) (check, error) {
	file := filepath.Join(in.Project.Dir, filepath.Dir(in.Pipeline.File), name.Text)
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(in.Project.Dir, name.Text)
	}
	bad := func(err error) error {
		return step.Mistake(name.At, "PC128", `schema file "`+name.Text+`" can't be used: `+firstLine(err), "its path is relative to the pipeline or to the project")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, bad(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, bad(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name.Text, doc); err != nil {
		return nil, bad(err)
	}
	compiled, err := c.Compile(name.Text)
	if err != nil {
		return nil, bad(err)
	}
	_, mapped := in.DocumentSchema()
	if !mapped {
		in.Uses("*")
	}
	return &schema{compiled, name.At, mapped}, nil
}

func firstLine(err error) string {
	if e, ok := err.(*os.PathError); ok { //nolint:errorlint // os returns it unwrapped
		return e.Err.Error()
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (x *schema) look(_ context.Context, rows []*step.Row, tell func(*step.Row, *problem.Error)) error {
	for _, r := range rows {
		text := r.Record.JSON()
		if x.mapped {
			if text = r.Document.JSON(); text == "" {
				continue // there is none: its problems are told already
			}
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("a record that was read is no JSON: %w", err)
		}
		x.judge(doc, r, tell)
	}
	return nil
}

func (x *schema) judge(doc any, r *step.Row, tell func(*step.Row, *problem.Error)) {
	bad, ok := x.Validate(doc).(*jsonschema.ValidationError) //nolint:errorlint // Validate returns no other
	if !ok {
		return
	}
	words := message.NewPrinter(language.English)
	for _, leaf := range leaves(bad) {
		for _, at := range places(leaf) {
			field := pathOf(at)
			tell(r, &problem.Error{
				Class: problem.Invalid, ID: "PC262", Field: field, At: x.at,
				Reason: "field " + field + " does not fit the schema: " + leaf.ErrorKind.LocalizedString(words),
				Hint:   "correct the record at its source, the map, or the schema",
			})
		}
	}
}

// places are the fields that a complaint is about: those that are missing, not the object that
// lacks them.
func places(e *jsonschema.ValidationError) [][]string {
	required, ok := e.ErrorKind.(*kind.Required)
	if !ok {
		return [][]string{e.InstanceLocation}
	}
	var out [][]string
	for _, name := range required.Missing {
		out = append(out, append(slices.Clone(e.InstanceLocation), name))
	}
	return out
}

// leaves are the single complaints; what holds them together says nothing.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	return out
}

// pathOf writes a place as the language does: lines[1].qty.
func pathOf(location []string) string {
	var b strings.Builder
	for _, part := range location {
		if _, err := strconv.Atoi(part); err == nil {
			b.WriteString("[" + part + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}
