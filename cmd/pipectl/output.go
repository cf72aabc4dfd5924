package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/problem"
)

// stdio is the terminal, or what stands in for it in a test.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string

	args []string       // as they were typed
	held *engine.Engine // of the process that does this for another one, which typed it as user in dir
	dir  string
	user string

	patience patience // with whoever holds the state

	parsing *sync.Mutex // of the commands that one process does for others: one is understood at a time
	parsed  func()      // it is understood, and begins
}

// terminal says whether w is a terminal that a person looks at.
func terminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a file descriptor fits
}

// view is how one command shows its result: as JSON, or as text for people. Commands collect
// first and show once.
type view struct {
	stdio
	json   bool
	colour bool
}

// column is one column of a table of T.
type column[T any] struct {
	title string
	cell  func(T) string
	right bool
}

// show prints rows as a JSON array, or as a table. JSON of nothing is [], a table of nothing is
// the sentence empty.
func show[T any](v view, rows []T, empty string, columns ...column[T]) error {
	if v.json {
		if rows == nil {
			rows = []T{}
		}
		return v.JSON(rows)
	}
	if len(rows) == 0 {
		v.Line("%s", empty)
		return nil
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	head := make(table.Row, len(columns))
	var config []table.ColumnConfig
	for i, c := range columns {
		head[i] = v.dim(c.title)
		if c.right {
			config = append(config, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.SetColumnConfigs(config)
	t.AppendHeader(head)
	for _, r := range rows {
		line := make(table.Row, len(columns))
		for i, c := range columns {
			line[i] = c.cell(r)
		}
		t.AppendRow(line)
	}
	for line := range strings.Lines(t.Render()) {
		v.Line("%s", strings.TrimRight(line, " \n"))
	}
	return nil
}

// showAll prints as a JSON array what each gives, one after the other: there may be more than memory
// holds.
func showAll[T any](v view, each func(show func(T) error) error) error {
	n := 0
	err := each(func(x T) error {
		text, err := jsonText(x, "  ")
		if err != nil {
			return err
		}
		before := ",\n  "
		if n++; n == 1 {
			before = "[\n  "
		}
		_, err = io.WriteString(v.out, before+text)
		return err
	})
	end := "\n]\n"
	if n == 0 && err == nil {
		end = "[]\n"
	}
	if n > 0 || err == nil {
		_, _ = io.WriteString(v.out, end)
	}
	return err
}

// jsonText is a value as JSON prints it, its lines behind a prefix but for the first.
func jsonText(x any, prefix string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	err := enc.Encode(x)
	return strings.TrimRight(b.String(), "\n"), err
}

// JSON prints one value, indented, without escaping what HTML would mind.
func (v view) JSON(x any) error {
	enc := json.NewEncoder(v.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(x)
}

// Line prints one line for people.
func (v view) Line(format string, args ...any) { v.print(v.out, format, args) }

// Note prints one line beside the result: to standard error, so that the result stays clean.
func (v view) Note(format string, args ...any) { v.print(v.err, format, args) }

// print writes what was collected, our own colours and nothing else that a terminal obeys: keys and
// reasons come from strangers.
func (v view) print(to io.Writer, format string, args []any) {
	line := fmt.Sprintf(format, args...)
	var b strings.Builder
	for v.colour {
		at := colours.FindStringIndex(line)
		if at == nil {
			break
		}
		b.WriteString(problem.Printable(line[:at[0]]) + line[at[0]:at[1]])
		line = line[at[1]:]
	}
	_, _ = fmt.Fprintln(to, b.String()+problem.Printable(line))
}

var colours = regexp.MustCompile("\x1b\\[[0-9]*m")

func (v view) paint(code, s string) string {
	if !v.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (v view) bold(s string) string   { return v.paint("1", s) }
func (v view) dim(s string) string    { return v.paint("2", s) }
func (v view) red(s string) string    { return v.paint("31", s) }
func (v view) green(s string) string  { return v.paint("32", s) }
func (v view) yellow(s string) string { return v.paint("33", s) }
