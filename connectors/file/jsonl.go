package file

import (
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// jsonRows reads JSON Lines: one object a line. The records share the text of their block.
type jsonRows struct {
	blocks *blocks
	line   int // of the next line
	parser value.Parser
}

func (j *jsonRows) whole() bool { return true }

func (j *jsonRows) next() ([]row, error) {
	b, err := j.blocks.next()
	if err != nil {
		return nil, err
	}
	if b.long {
		j.line++
		return []row{tooLong(b.text, j.line-1)}, nil
	}
	out := make([]row, 0, len(b.text)/256+1)
	for rest := b.text; rest != ""; {
		line, after, ended := strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		if b.lossy(line) {
			out = append(out, row{line: j.line, raw: line, bad: badEncoding(j.line)})
		} else if r, ok := j.row(line, j.line, ended); ok {
			out = append(out, r)
		}
		j.line++
		rest = after
	}
	return out, nil
}

// row reads one line; a blank one is none.
func (j *jsonRows) row(line string, n int, ended bool) (row, bool) {
	r := row{line: n}
	var err error
	if r.data, err = j.parser.ParseText(line); err == nil {
		return r, true
	}
	if strings.TrimSpace(line) == "" {
		return row{}, false
	}
	r.raw = line
	r.bad = badLine("PC337", n, problem.As(err).Reason, "correct the line at its source")
	r.bad.Field = problem.As(err).Field
	if !ended {
		r.bad.Hint = "it is the last line and has no end: whoever writes the file may not be done; the next run reads it again"
	}
	return r, true
}

func badLine(id string, n int, why, hint string) *problem.Error {
	return &problem.Error{Class: problem.Invalid, ID: id, Reason: "line " + itoa(n) + ": " + why, Hint: hint}
}

func badEncoding(n int) *problem.Error {
	return badLine("PC341", n, "it holds bytes that are no text in the file's encoding", "send the file in UTF-8, or name its `encoding` under params")
}

// tooLong is a line of which only the beginning was kept; its number tells it from others that
// begin alike.
func tooLong(head string, n int) row {
	return row{line: n, raw: head + "… (line " + itoa(n) + ")", bad: badLine("PC345", n, fmt.Sprintf("longer than %d MiB", maxLine>>20), "a record of this size is a broken file: a missing line end, or a quote that nobody closes")}
}
