package spec

import (
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// flow reads [ … ] or { … }, which may go on over lines. After a mistake the rest of it is left
// out: what follows would only be its echo.
func (s *scanner) flow(column int) {
	f := flow{scanner: s, column: column}
	opened := s.rest()
	if !f.run() {
		s.skip(column)
		return
	}
	after := s.pos + spaces(s.rest())
	if rest := s.text()[after:]; rest != "" && (rest[0] != '#' || after == s.pos) {
		s.pos = after
		s.report(s.here(), "PC113", "text stands behind the closing bracket: YAML ends the value there", quoteWhole(opened))
		s.skip(column)
		return
	}
	s.next()
}

type flow struct {
	*scanner
	open   []byte // brackets, outermost first
	where  []problem.Pos
	column int // of the key or dash that the first bracket belongs to
}

// run moves behind the bracket that closes the first one; false after a mistake, which is reported.
func (f *flow) run() bool {
	for {
		f.pos += spaces(f.rest())
		rest := f.rest()
		switch {
		case rest == "" || rest[0] == '#' && (f.pos == 0 || isSpace(f.text()[f.pos-1])):
			if f.over() {
				return f.fail(f.where[len(f.where)-1], "PC113", "the bracket that opens here is never closed", "close it, or put quotes around an expression that holds a bracket")
			}
			f.next()
			continue
		case rest[0] == '[' || rest[0] == '{':
			f.open, f.where = append(f.open, rest[0]), append(f.where, f.here())
			f.pos++
		case rest[0] == ']' || rest[0] == '}':
			if !f.shut(rest[0]) {
				return false
			}
			if len(f.open) == 0 {
				return true
			}
		case rest[0] == ',' || rest[0] == ':' && (gap(rest[1:]) || strings.ContainsRune(",]}", rune(rest[1]))):
			f.pos++
		case rest[0] == '"' || rest[0] == '\'':
			if !f.quotedItem() {
				return false
			}
		default:
			if !f.plainItem() {
				return false
			}
		}
	}
}

// over says that the next line belongs to something else: it stands no further right than the key.
func (f *flow) over() bool {
	for row := f.row + 1; row < len(f.lines); row++ {
		line := strings.TrimLeft(f.lines[row], " ")
		if line == "" || line[0] == '#' {
			continue
		}
		return len(f.lines[row])-len(line) <= f.column && line[0] != ']' && line[0] != '}'
	}
	return true
}

func (f *flow) fail(at problem.Pos, id, reason, hint string) bool {
	f.report(at, id, reason, hint)
	return false
}

func (f *flow) shut(c byte) bool {
	last := len(f.open) - 1
	if want := map[byte]byte{'[': ']', '{': '}'}[f.open[last]]; c != want {
		return f.fail(f.here(), "PC113", `"`+string(c)+`" closes what "`+string(f.open[last])+`" opened at `+lineCol(f.where[last]),
			"balance the brackets, or put quotes around an expression that holds one")
	}
	f.open, f.where = f.open[:last], f.where[:last]
	f.pos++
	return true
}

func (f *flow) quotedItem() bool {
	at, open := f.here(), f.rest()
	if !f.closeQuote() {
		f.row = len(f.lines) - 1
		f.pos = len(f.text())
		return f.fail(at, "PC108", "the quote that opens here is never closed", "close it, or leave it out")
	}
	f.pos += spaces(f.rest())
	if rest := f.rest(); rest != "" && !strings.ContainsRune(",]}:#", rune(rest[0])) {
		return f.fail(f.here(), "PC108", "text stands behind the closing quote: YAML ends the value there", quoteWhole(flowItem(open)))
	}
	return true
}

// plainItem reads a value or key without quotes inside brackets, where a comma and any bracket
// end it.
func (f *flow) plainItem() bool {
	rest := f.rest()
	if strings.ContainsRune("!&*%@`", rune(rest[0])) {
		f.reserved(flowItem(rest))
		return false
	}
	end := 1 // the first character is the item's own: run saw to the others
	for end < len(rest) && !strings.ContainsRune(",[]{}", rune(rest[end])) &&
		!(rest[end] == ':' && (gap(rest[end+1:]) || strings.ContainsRune(",]}[{", rune(rest[end+1])))) &&
		!(rest[end] == '#' && end > 0 && isSpace(rest[end-1])) {
		end++
	}
	return f.itemEnds(rest, end)
}

// itemEnds judges whether an item may end where YAML ends it.
func (f *flow) itemEnds(rest string, end int) bool {
	item, begin := rest[:end], f.pos
	f.pos += end
	var stop byte
	if end < len(rest) {
		stop = rest[end]
	}
	switch {
	case stop == '[' || stop == '{':
		return f.fail(f.here(), "PC113", `"`+string(stop)+`" stands inside a value without quotes: within brackets YAML takes it for its own`, quoteWhole(flowItem(rest)))
	case stop == '#' && unfinished(item):
		return f.fail(f.here(), "PC111", `" #" begins a comment here, and cuts the expression off`, quoteWhole(flowItem(rest)))
	case stop == ':' && strings.Contains(item, " ? "):
		f.ternary(flowItem(rest))
		return false
	case question(item, stop) >= 0:
		f.pos = begin + question(item, stop)
		return f.fail(f.here(), "PC113", `"? " ends the value here: within brackets YAML takes it for the sign of a key`, quoteWhole(flowItem(rest)))
	case stop == ':' && f.afterColon(begin):
		return f.fail(f.here(), "PC110", `": " stands inside the value: YAML takes what is before it for a key`, quoteWhole(flowItem(rest)))
	case stop != 0 && stop != ':' && opened(item):
		return f.fail(f.here(), "PC113", `"`+string(stop)+`" ends the value here: within brackets YAML splits at it`, quoteWhole(flowItem(rest)))
	}
	return true
}

// question finds the sign that ends an item before its time, most often that of a ?? b.
func question(item string, stop byte) int {
	if stop == 0 {
		item += " " // the end of the line
	}
	return strings.Index(item, "? ")
}

// opened says that a bracket of an expression is open at the end of an item.
func opened(item string) bool {
	depth, last := brackets(item)
	return depth > 0 && last == '('
}

// afterColon says that an item is a value already, so that no second colon may follow.
func (f *flow) afterColon(begin int) bool {
	before := strings.TrimRight(f.text()[:begin], " ")
	return strings.HasSuffix(before, ":") && f.open[len(f.open)-1] == '{'
}

// flowItem is what an integrator meant as one value: up to a comma or a closing bracket that is
// not inside brackets or quotes of its own.
func flowItem(text string) string {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'':
			if end := closing(text[i:]); end > 0 {
				i += end - 1
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth < 0 {
				return text[:i]
			}
		case ',':
			if depth == 0 {
				return text[:i]
			}
		}
	}
	return text
}

func lineCol(p problem.Pos) string {
	p.File = "line"
	return p.String()
}
