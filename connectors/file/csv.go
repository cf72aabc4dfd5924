package file

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

func itoa(n int) string { return strconv.Itoa(n) }

// csvRows reads CSV: the first line names the columns, and each further row is an object of
// texts. A column "a.b" reads as the member b of an object a.
type csvRows struct {
	blocks *blocks
	object string
	sep    byte
	line   int // of the next row
	head   *header
	open   string // a row that the last block left open: a quote is to be closed
	cells  []string
	buf    []byte
	done   bool
}

// whole: a file without even a header was not written to its end, and proves nothing.
func (c *csvRows) whole() bool { return c.head != nil }

func (c *csvRows) next() ([]row, error) {
	for {
		if c.done {
			return nil, io.EOF
		}
		b, err := c.blocks.next()
		if errors.Is(err, io.EOF) && c.open != "" {
			b, err = block{last: true}, nil
		}
		if err != nil {
			return nil, err
		}
		if b.long {
			n := c.line
			c.open, c.line = "", c.line+strings.Count(c.open, "\n")+1
			return []row{tooLong(b.text, n)}, nil
		}
		c.done = b.last
		b.text = c.open + b.text
		out, err := c.block(b)
		if err != nil || len(out) > 0 {
			return out, err
		}
	}
}

// block takes the rows out of a piece of text; what is left open waits for the next piece.
func (c *csvRows) block(b block) ([]row, error) {
	text := b.text
	out := make([]row, 0, len(text)/128+1)
	spans := make([][2]int, 0, cap(out)) // where the texts of good rows lie in buf
	c.buf = c.buf[:0]
	for text != "" {
		n, what := splitRow(text, c.sep, &c.cells)
		if what == openQuote && !b.last && len(text) < maxLine {
			break
		}
		if what == openQuote || what == afterQuote { // the lines behind it are rows of their own
			n = lineEnd(text, 0)
		}
		raw := text[:n]
		text = text[n:]
		if c.head == nil {
			if what == fine && blank(raw) {
				c.line++
				continue
			}
			if err := c.header(raw, what); err != nil {
				return nil, err
			}
		} else if r, ok := c.row(raw, what, b.lossy(raw)); ok {
			spans = append(spans, [2]int{len(c.buf), 0})
			if r.bad == nil {
				c.buf = c.head.appendObject(c.buf, c.cells)
			}
			spans[len(spans)-1][1] = len(c.buf)
			out = append(out, r)
		}
		c.line += strings.Count(raw, "\n")
	}
	c.open = text
	all := string(c.buf)
	for i, s := range spans {
		if out[i].bad == nil {
			out[i].data = value.Known(all[s[0]:s[1]])
		}
	}
	return out, nil
}

func (c *csvRows) header(raw string, what splitting) error {
	head, why := newHeader(c.cells)
	if what != fine {
		why = what.String()
	}
	if !value.Valid(raw) {
		why = "it is not in the encoding that the other lines are in"
	}
	if why != "" {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC339", Reason: "file " + c.object + ", line " + itoa(c.line) + ": the header can't be used: " + why,
			Hint: "the first line names the columns, each once",
		}
	}
	c.head = head
	return nil
}

// row checks one row; a blank line is none.
func (c *csvRows) row(raw string, what splitting, lossy bool) (row, bool) {
	r := row{line: c.line}
	why := ""
	switch {
	case what != fine:
		why = what.String()
	case blank(raw):
		return r, false
	case lossy || !value.Valid(raw):
		r.bad = badEncoding(c.line)
	default:
		why = c.head.refuses(c.cells)
	}
	if why != "" {
		r.bad = badLine("PC338", c.line, why, "correct the line at its source; a cell with a comma, a quote or a line break stands in quotes")
	}
	if r.bad != nil {
		r.raw = strings.ToValidUTF8(raw, "\ufffd")
	}
	return r, true
}

func blank(raw string) bool { return strings.TrimSpace(raw) == "" }

// splitting is how the splitting of a row ended.
type splitting uint8

const (
	fine splitting = iota
	openQuote
	afterQuote
)

func (s splitting) String() string {
	return [...]string{"", "a quote is opened and never closed", "text stands behind a closing quote"}[s]
}

// splitRow splits the first row of text into cells and tells its length, line end included. A
// cell that doesn't begin with a quote is taken as it is, quotes inside included (5" pipe).
func splitRow(text string, sep byte, cells *[]string) (int, splitting) {
	out := (*cells)[:0]
	defer func() { *cells = out }()
	for i := 0; ; {
		var cell string
		if i < len(text) && text[i] == '"' {
			end, doubled := quoteEnd(text, i+1)
			if end < 0 {
				return len(text), openQuote
			}
			cell = text[i+1 : end]
			if doubled {
				cell = strings.ReplaceAll(cell, `""`, `"`)
			}
			i = end + 1
			if i < len(text) && text[i] != sep && !atEnd(text, i) {
				return i, afterQuote
			}
		} else {
			end := plainEnd(text, i, sep)
			cell, i = text[i:end], end
		}
		out = append(out, cell)
		if i < len(text) && text[i] == sep {
			i++
			continue
		}
		return lineEnd(text, i), fine
	}
}

// quoteEnd finds the closing quote of a cell that begins at i.
func quoteEnd(text string, i int) (end int, doubled bool) {
	for {
		n := strings.IndexByte(text[i:], '"')
		if n < 0 {
			return -1, doubled
		}
		i += n
		if i+1 >= len(text) || text[i+1] != '"' {
			return i, doubled
		}
		doubled = true
		i += 2
	}
}

// plainEnd finds the end of a cell without quotes.
func plainEnd(text string, i int, sep byte) int {
	for ; i < len(text); i++ {
		if text[i] == sep || text[i] == '\n' || text[i] == '\r' && atEnd(text, i) {
			return i
		}
	}
	return i
}

// atEnd says that a line ends at i: \n, \r\n, or the end of the text.
func atEnd(text string, i int) bool {
	return text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] == '\n')
}

// lineEnd is the place behind the next line end.
func lineEnd(text string, i int) int {
	n := strings.IndexByte(text[i:], '\n')
	if n < 0 {
		return len(text)
	}
	return i + n + 1
}
