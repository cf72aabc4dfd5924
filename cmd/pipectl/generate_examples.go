package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/tools/txtar"
)

// An example of the language is a txtar archive:
//
//	steps.yaml or pipeline.yaml   what is shown; steps stand in the frame that the page opens with
//	in.jsonl                      records for data/in.jsonl, each with a "no"; without it, the pipeline
//	                              is only checked
//	further files                 tables, data, other pipelines (run first), shown too
//
// What comes out is not written down: it is what happens.
const frame = `name: example
source: {connection: data, object: in.jsonl}
key: no
target: {connection: data, object: out.jsonl, key: no}
`

const exampleProject = `connections:
  data: {type: file, dir: data}
  lingxing: {type: lingxing, url: sandbox, app_id: "${LX_ID:-sandbox}", secret: "${LX_SECRET:-sandbox}"}
  kingdee: {type: kingdee, url: sandbox, acct_id: a, user: u, app_id: a, secret: "${KD_SECRET:-sandbox}"}
`

type example struct {
	dir   string
	shown strings.Builder
	in    []byte
	first []string // pipelines that run before it
}

// showExample runs an example and shows it with what came of it.
func showExample(name string) (string, error) {
	text, err := templates.ReadFile("templates/examples/" + name + ".txtar")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "pipectl-example-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder in the system's own temporary place
	x := &example{dir: dir}
	if err := x.write(txtar.Parse(text)); err != nil {
		return "", fmt.Errorf("example %s: %w", name, err)
	}
	result, err := x.result()
	if err != nil {
		return "", fmt.Errorf("example %s: %w", name, err)
	}
	return x.shown.String() + result, nil
}

func (x *example) write(a *txtar.Archive) error {
	files := map[string][]byte{"pipectl.yaml": []byte(exampleProject)}
	for _, f := range a.Files {
		switch f.Name {
		case "steps.yaml":
			files["pipelines/example.yaml"] = append([]byte(frame), f.Data...)
			x.show("yaml", "", f.Data)
		case "pipeline.yaml":
			files["pipelines/example.yaml"] = f.Data
			x.show("yaml", "", f.Data)
		case "in.jsonl":
			files["data/in.jsonl"], x.in = f.Data, f.Data
		default:
			files[f.Name] = f.Data
			x.show(strings.TrimPrefix(filepath.Ext(f.Name), "."), f.Name, f.Data)
			if dir, file := filepath.Split(f.Name); dir == "pipelines/" && filepath.Ext(file) == ".yaml" {
				x.first = append(x.first, strings.TrimSuffix(file, ".yaml"))
			}
		}
	}
	for name, data := range files {
		to := filepath.Join(x.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (x *example) show(language, name string, text []byte) {
	if name != "" {
		fmt.Fprintf(&x.shown, "`%s`:\n\n", name)
	}
	fmt.Fprintf(&x.shown, "```%s\n%s\n```\n\n", language, bytes.TrimSpace(text))
}

// result is what happens to the records, or what validate says where there are none.
func (x *example) result() (string, error) {
	if x.in == nil {
		_, said, code := x.pipectl("validate", x.dir)
		if code == exitDone {
			return "", nil
		}
		return "```text\n" + x.mistakes(said) + "\n```\n", nil
	}
	for _, p := range x.first {
		if _, said, code := x.pipectl("run", p); code != exitDone {
			return "", errors.New(said)
		}
	}
	if _, said, code := x.pipectl("run", "example", "-o", "json"); code != exitDone && code != exitExceptions {
		return "", errors.New(said)
	}
	return x.outcomes()
}

// pipectl runs the program in this process, as a person would in the example's folder.
func (x *example) pipectl(args ...string) (out, said string, code int) {
	var o, e bytes.Buffer
	code = execute(context.Background(), append(args, "-C", x.dir), stdio{out: &o, err: &e, env: func(string) string { return "" }})
	return o.String(), e.String(), code
}

var inFile = regexp.MustCompile(`(?m)^\S*example\.yaml`)

// mistakes are the messages without the folder, and without the closing line.
func (x *example) mistakes(said string) string {
	said = inFile.ReplaceAllString(said, "example.yaml")
	i := strings.LastIndex(strings.TrimSpace(said), "\n")
	return strings.TrimSpace(said[:max(i, 0)])
}

type exampleException struct {
	Key    string   `json:"key"`
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Field  string   `json:"field"`
	Reason string   `json:"reason"`
	More   []string `json:"more"`
}

// outcomes shows each record with the document or the exception that came of it.
func (x *example) outcomes() (string, error) {
	docs := map[string]string{}
	written, err := os.ReadFile(filepath.Join(x.dir, "data", "out.jsonl"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(written)) {
		no, err := numberOf(line)
		if err != nil {
			return "", err
		}
		docs[no] = strings.TrimSpace(line)
	}
	listed, said, code := x.pipectl("errors", "--all", "-o", "json")
	if code != exitDone {
		return "", errors.New(said)
	}
	var exceptions []exampleException
	if err := json.Unmarshal([]byte(listed), &exceptions); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("```text\n")
	for line := range strings.Lines(string(x.in)) {
		no, err := numberOf(line)
		if err != nil {
			return "", err
		}
		b.WriteString("record    " + strings.TrimSpace(line) + "\n" + outcomeOf(no, docs, exceptions) + "\n")
	}
	b.WriteString("```\n")
	return b.String(), nil
}

func outcomeOf(no string, docs map[string]string, exceptions []exampleException) string {
	for _, e := range exceptions {
		if e.Key == no {
			lines := []string{strings.TrimSpace(fmt.Sprintf("%-9s %s %s: %s", e.Kind, e.ID, e.Field, e.Reason))}
			for _, m := range e.More {
				lines = append(lines, "          "+m)
			}
			return strings.Join(lines, "\n")
		}
	}
	if doc, ok := docs[no]; ok {
		return "document  " + doc
	}
	return "filtered"
}

func numberOf(line string) (string, error) {
	var r struct {
		No any `json:"no"`
	}
	err := json.Unmarshal([]byte(line), &r)
	return fmt.Sprint(r.No), err
}
