package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/pipectl/pipectl/engine/problem"
)

// Table is a cross-reference table (对照表): a CSV file below pipelines/tables. Cells are texts, as
// they stand there; an empty cell holds no value.
type Table struct {
	Name    string
	File    string
	Columns []string
	Rows    [][]string
	Lines   []int // of each row in the file
	hash    [32]byte
}

// Column is the place of a column; -1 when there is none.
func (t *Table) Column(name string) int { return slices.Index(t.Columns, name) }

// Twice is a combination of values that stands in several rows.
type Twice struct {
	Values []string `json:"values"`
	Lines  []int    `json:"lines"`
}

// Twices lists combinations of the columns' values that stand in several rows.
func (t *Table) Twices(columns []string) []Twice {
	at := make([]int, len(columns))
	for i, c := range columns {
		if at[i] = t.Column(c); at[i] < 0 {
			return nil
		}
	}
	var order []string
	seen := map[string]*Twice{}
	for i, row := range t.Rows {
		values := make([]string, len(at))
		for j, c := range at {
			values[j] = row[c]
		}
		key := strings.Join(values, "\x00")
		if seen[key] == nil {
			seen[key] = &Twice{Values: values}
			order = append(order, key)
		}
		seen[key].Lines = append(seen[key].Lines, t.Lines[i])
	}
	var out []Twice
	for _, key := range order {
		if len(seen[key].Lines) > 1 {
			out = append(out, *seen[key])
		}
	}
	return out
}

// ReadTable reads a CSV file: UTF-8 with or without a byte order mark, or GBK as a Chinese Excel
// writes it. The first line names the columns.
func ReadTable(path, shown string) (*Table, problem.List) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.List{unreadable(shown, err)}
	}
	t := &Table{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), File: shown, hash: sha256.Sum256(unixLines(raw))}
	text := bytes.TrimPrefix(raw, []byte(bom))
	if !utf8.Valid(text) {
		if text, err = simplifiedchinese.GB18030.NewDecoder().Bytes(text); err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return t, problem.List{mistake(problem.Pos{File: shown}, "PC129", "the table is neither UTF-8 nor GBK", "save it as CSV UTF-8")}
		}
	}
	return t, t.read(text)
}

func (t *Table) read(text []byte) problem.List {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	var problems problem.List
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			problems.Add(mistake(problem.Pos{File: t.File, Line: bad.Line}, "PC129", "the line is no CSV: "+bad.Err.Error(),
				`a text with a quote or comma stands in quotes, and a quote in it is doubled: "a ""b"""`))
			return problems
		}
		line, _ := r.FieldPos(0)
		problems.Add(listErr(t.add(row, line)))
		if t.Columns == nil && len(problems) > 0 || len(problems) > 20 {
			break
		}
	}
	if t.Columns == nil && len(problems) == 0 {
		problems.Add(mistake(problem.Pos{File: t.File}, "PC129", "the table is empty", "its first line names the columns"))
	}
	return problems
}

func listErr(e *problem.Error) error {
	if e == nil {
		return nil
	}
	return e
}

func (t *Table) add(row []string, line int) *problem.Error {
	if t.Columns != nil {
		if len(row) != len(t.Columns) {
			return mistake(problem.Pos{File: t.File, Line: line}, "PC129",
				"the row has "+strconv.Itoa(len(row))+" cells, and there are "+strconv.Itoa(len(t.Columns))+" columns", "each row has one cell a column; quote a cell that holds a comma")
		}
		t.Rows, t.Lines = append(t.Rows, row), append(t.Lines, line)
		return nil
	}
	for i, name := range row {
		row[i] = strings.TrimSpace(name)
		if row[i] == "" || slices.Contains(row[:i], row[i]) {
			return mistake(problem.Pos{File: t.File, Line: line}, "PC129",
				"column "+strconv.Itoa(i+1)+` is named "`+row[i]+`", which is empty or stands there twice`, "give each column a name of its own")
		}
	}
	t.Columns = row
	return nil
}
