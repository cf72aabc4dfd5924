package spec

import (
	"strings"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/problem"
)

// scan finds what YAML would swallow or misplace, before yaml.v3 sees the text: yaml.v3 gives no
// column, names the wrong line for `C: "EC-" + x`, and takes ` #` inside an expression for a
// comment. It knows just enough of YAML to tell keys, values and comments apart, and speaks only
// where it is sure; each mistake comes with the way to write it.
func scan(file, text string) problem.List {
	s := scanner{file: file, lines: strings.Split(text, "\n")}
	for s.row < len(s.lines) {
		s.line()
	}
	return s.problems
}

type scanner struct {
	file     string
	lines    []string
	row      int // index of the current line
	pos      int // byte offset in it
	begun    bool
	ended    bool
	problems problem.List
}

func (s *scanner) text() string { return s.lines[s.row] }
func (s *scanner) rest() string { return s.lines[s.row][s.pos:] }

func (s *scanner) here() problem.Pos { return s.place(s.row, s.pos) }

func (s *scanner) place(row, pos int) problem.Pos {
	return problem.Pos{File: s.file, Line: row + 1, Col: 1 + utf8.RuneCountInString(s.lines[row][:pos])}
}

func (s *scanner) report(at problem.Pos, id, reason, hint string) {
	s.problems.Add(mistake(at, id, reason, hint))
}

func (s *scanner) next() { s.row, s.pos = s.row+1, 0 }

// line reads one line of block YAML, and the further lines that belong to its value.
func (s *scanner) line() {
	line := s.text()
	content := strings.TrimLeft(line, " ")
	s.pos = len(line) - len(content)
	switch {
	case strings.TrimSpace(content) == "" || content[0] == '#':
		s.next()
	case content[0] == '\t':
		s.report(s.here(), "PC116", "a tab indents this line", "indent with spaces; YAML does not allow tabs")
		s.next()
	case s.marker(line):
		s.next()
	default:
		s.begun = true
		s.entry(s.pos)
	}
}

// marker reads the lines between documents.
func (s *scanner) marker(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	switch {
	case word != "---" && word != "...":
		if s.ended {
			s.report(s.here(), "PC115", "text stands behind the end of the document (...)", "delete the line with ...")
			s.row = len(s.lines) - 1
		}
		return s.ended
	case word == "...":
		s.ended = true
	case s.begun:
		s.report(s.here(), "PC115", "a second document begins here", "a file holds one pipeline: move this part to a file of its own")
		s.row = len(s.lines) - 1
	}
	return true
}

// entry reads `- `, `key:` and what stands behind them. column is where the innermost key or
// dash stands: what is indented more belongs to it.
func (s *scanner) entry(column int) {
	for {
		s.pos += spaces(s.rest())
		rest := s.rest()
		switch {
		case rest == "" || rest[0] == '#':
			s.next()
			return
		case rest == "-" || strings.HasPrefix(rest, "- "):
			column = s.pos
			s.pos++
			continue
		case rest == "?" || strings.HasPrefix(rest, "? "):
			s.report(s.here(), "PC112", `a value begins with "?"`, quoteWhole(rest))
			s.skip(column)
			return
		}
		keyAt := s.pos
		if !s.key() {
			s.value(column)
			return
		}
		column = keyAt
		s.pos += spaces(s.rest())
		if rest := s.rest(); rest != "" && rest[0] != '#' {
			s.value(column)
			return
		}
	}
}

// key moves behind `name:`, if a key stands here.
func (s *scanner) key() bool {
	rest := s.rest()
	if rest[0] == '"' || rest[0] == '\'' {
		end := closing(rest)
		if end < 0 {
			return false
		}
		after := end + spaces(rest[end:])
		if !strings.HasPrefix(rest[after:], ":") || !gap(rest[after+1:]) {
			return false
		}
		s.pos += after + 1
		return true
	}
	if strings.ContainsRune("[{|>!&*%@`", rune(rest[0])) {
		return false
	}
	end, why := plainEnd(rest)
	if why != colon {
		return false
	}
	if at := strings.Index(rest[:end], " ? "); at >= 0 {
		s.ternary(rest)
	}
	s.pos += end + 1
	return true
}

// value reads what stands behind a key or a dash.
func (s *scanner) value(column int) {
	rest := s.rest()
	switch rest[0] {
	case '|', '>':
		s.block(column)
	case '"', '\'':
		s.quoted(column)
	case '[', '{':
		s.flow(column)
	case '!', '&', '*', '%', '@', '`':
		s.reserved(rest)
		s.skip(column)
	default:
		s.plain(column)
	}
}

// reserved explains a first character that means something to YAML.
func (s *scanner) reserved(rest string) {
	what := map[byte]string{'!': "a tag", '&': "an anchor", '*': "an alias"}[rest[0]]
	if what == "" {
		what = "something reserved"
	}
	s.report(s.here(), "PC112", `the value begins with "`+rest[:1]+`", which YAML takes for `+what, quoteWhole(rest))
}

// block passes over the lines of a | or > text.
func (s *scanner) block(column int) {
	s.next()
	for s.row < len(s.lines) && (strings.TrimSpace(s.text()) == "" || indent(s.text()) > column) {
		s.next()
	}
}

// skip passes over the rest of a value that was not understood.
func (s *scanner) skip(column int) { s.block(column) }

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// quoted reads a text in quotes, which may go on over lines.
func (s *scanner) quoted(column int) {
	row, pos, open := s.row, s.pos, s.rest()
	if !s.closeQuote() {
		s.row, s.pos = row, pos
		s.report(s.here(), "PC108", "the quote that opens here is never closed", "close it, or leave it out")
		s.row = len(s.lines)
		return
	}
	after := s.pos + spaces(s.rest())
	if rest := s.text()[after:]; rest != "" && (rest[0] != '#' || after == s.pos) {
		s.pos = after
		s.report(s.here(), "PC108", "text stands behind the closing quote: YAML ends the value there", quoteWhole(open))
		s.skip(column)
		return
	}
	s.next()
}

// closeQuote moves behind the quote that closes the one that stands here.
func (s *scanner) closeQuote() bool {
	mark := s.rest()[:1]
	if end := closing(s.rest()); end >= 0 {
		s.pos += end
		return true
	}
	for s.next(); s.row < len(s.lines); s.next() {
		if end := closing(mark + s.text()); end >= 0 {
			s.pos = end - 1
			return true
		}
	}
	return false
}

// closing is the offset behind the quote that closes the one text begins with; -1 when the line
// ends first.
func closing(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[0] == '"' && text[i] == '\\':
			i++
		case text[i] == text[0]:
			if text[0] == '\'' && i+1 < len(text) && text[i+1] == '\'' {
				i++
				continue
			}
			return i + 1
		}
	}
	return -1
}
