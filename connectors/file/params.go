package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// params is what source.params and target.params of a file may say.
type params struct {
	Encoding  string   `json:"encoding"`  // utf-8, utf-8-bom, gbk, …; empty: found out when reading, utf-8 when writing
	Separator string   `json:"separator"` // of CSV; empty: a comma
	Mode      string   `json:"mode"`      // replace (the default) or append
	Columns   []string `json:"columns"`   // of a CSV target, in order
}

// paramNames tells which names belong where, for the message about one that doesn't.
var paramNames = map[bool][]string{
	false: {"encoding", "separator"},
	true:  {"columns", "encoding", "mode", "separator"},
}

// format is how a file is written down.
type format struct {
	params
	csv bool
	gz  bool
	sep byte

	fields []string // that documents may have, as the mapping tells; nil: not known
}

// formatOf reads the format out of a file's extension and the params.
func formatOf(object string, raw map[string]json.RawMessage, target bool) (format, error) {
	var f format
	name := strings.ToLower(object)
	if s, ok := strings.CutSuffix(name, ".gz"); ok {
		f.gz, name = true, s
	}
	switch {
	case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".tsv"):
		f.csv = true
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".ndjson"):
	default:
		return f, &problem.Error{
			Class: problem.Fatal, ID: "PC334", Reason: fmt.Sprintf("file %s has no extension that pipectl knows", object),
			Hint: "name it .csv, .tsv, .jsonl or .ndjson; .gz may follow",
		}
	}
	if err := f.read(object, raw, target); err != nil {
		return f, err
	}
	f.sep = ','
	if strings.HasSuffix(name, ".tsv") {
		f.sep = '\t'
	}
	if f.Separator != "" {
		f.sep = f.Separator[0]
	}
	return f, f.check(object, target)
}

func (f *format) read(object string, raw map[string]json.RawMessage, target bool) error {
	known := paramNames[target]
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(known, name) {
			return wrongParam(object, fmt.Sprintf("has no parameter %q", name), "known here: "+strings.Join(known, ", "))
		}
	}
	text, err := json.Marshal(raw)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(text))
		err = dec.Decode(&f.params)
	}
	if err != nil {
		return wrongParam(object, "has parameters that can't be read: "+err.Error(), "`columns` is a list of texts; the others are texts")
	}
	return nil
}

func (f *format) check(object string, target bool) error {
	if !slices.Contains([]string{"", "replace", "append"}, f.Mode) {
		return wrongParam(object, fmt.Sprintf("has the mode %q", f.Mode), "known are replace and append")
	}
	if len(f.Separator) > 1 || f.sep == '"' || f.sep == '\n' || f.sep == '\r' || f.sep >= 0x80 {
		return wrongParam(object, fmt.Sprintf("has the separator %q", f.Separator), `one plain character: ",", ";", "|" or "\t"`)
	}
	if !f.csv && (f.Separator != "" || len(f.Columns) > 0) {
		return wrongParam(object, "is JSON Lines and has neither columns nor a separator", "leave them out; the document's fields are written as they are")
	}
	if len(f.Columns) > 0 {
		if _, why := newHeader(f.Columns); why != "" {
			return wrongParam(object, "can't have these columns: "+why, "name each column once")
		}
	}
	return f.checkEncoding(object, target)
}

func wrongParam(object, what, hint string) error {
	return &problem.Error{Class: problem.Fatal, ID: "PC335", Field: "params", Reason: "file " + object + " " + what, Hint: hint}
}
