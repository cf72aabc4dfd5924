package spec

import "strings"

// Why a plain scalar ends.
const (
	lineEnd = iota
	colon   // `: `
	comment // ` #`
)

// plainEnd finds where YAML ends a plain scalar of block style on its first line.
func plainEnd(text string) (int, int) {
	for i := range len(text) {
		switch {
		case text[i] == ':' && gap(text[i+1:]):
			return i, colon
		case text[i] == '#' && i > 0 && isSpace(text[i-1]):
			return i, comment
		}
	}
	return len(text), lineEnd
}

func gap(text string) bool { return text == "" || isSpace(text[0]) }

// plain reads a value without quotes and its further lines.
func (s *scanner) plain(column int) {
	var whole strings.Builder // the value so far
	for first := true; ; first = false {
		rest := s.rest()
		end, why := plainEnd(rest)
		before := whole.String()
		whole.WriteString(rest[:end])
		switch {
		case why == colon:
			s.pos += end
			s.colon(whole.String(), before+rest, first)
			s.skip(column)
			return
		case why == comment && unfinished(whole.String()):
			s.pos += end
			s.report(s.here(), "PC111", `" #" begins a comment here, and cuts the expression off`, quoteWhole(before+rest))
			s.skip(column)
			return
		}
		s.next()
		if why == comment || s.row == len(s.lines) || strings.TrimSpace(s.text()) == "" || indent(s.text()) <= column {
			return
		}
		s.pos = indent(s.text())
		if s.rest()[0] == '#' || s.rest()[0] == '\t' {
			return
		}
		whole.WriteByte(' ')
	}
}

// colon explains `: ` inside a value: half of a ternary, or a text.
func (s *scanner) colon(before, whole string, first bool) {
	if strings.Contains(before, " ? ") {
		s.ternary(whole)
		return
	}
	hint := quoteWhole(whole)
	if !first {
		hint = "a key of its own begins below the key above; a text over several lines stands in quotes or behind |"
	}
	s.report(s.here(), "PC110", `": " stands inside the value: YAML takes what is before it for a key`, hint)
}

func (s *scanner) ternary(whole string) {
	hint := `write "case:" with "when" and "else", or if CONDITION { A } else { B }, or ` + quoteWhole(whole)
	if c, a, b, ok := splitTernary(whole); ok {
		hint = "write if " + c + " { " + a + " } else { " + b + ` }, or "case:" with "when" and "else"`
	}
	s.report(s.here(), "PC109", `" ? … : " can't stand here: YAML reads ": " as the end of a key`, hint)
}

// splitTernary takes `c ? a : b` apart where it is that simple.
func splitTernary(text string) (c, a, b string, ok bool) {
	if end, why := plainEnd(text); why == comment {
		text = text[:end]
	}
	c, rest, found := strings.Cut(text, " ? ")
	a, b, also := strings.Cut(rest, " : ")
	if !found || !also || strings.Contains(b, " ? ") || strings.Contains(b, " : ") {
		return "", "", "", false
	}
	return strings.TrimSpace(c), strings.TrimSpace(a), strings.TrimSpace(b), true
}

// unfinished says that an expression can't end here: a bracket is open, or an operator waits for
// its right side.
func unfinished(text string) bool {
	text = strings.TrimRight(text, " ")
	if depth, _ := brackets(text); depth > 0 {
		return true
	}
	for _, op := range []string{"+", "*", "/", "==", "!=", ">", "<", ">=", "<=", "&&", "||", "??", "?.", ",", "|", " in", " and", " or", " not", " contains", " matches"} {
		if strings.HasSuffix(text, op) {
			return true
		}
	}
	return false
}

// brackets counts what is open at the end of text, outside of quotes, and tells the bracket that
// was opened last.
func brackets(text string) (depth int, last byte) {
	var stack []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'', '`':
			if end := closing(text[i:]); end > 0 {
				i += end - 1
			}
		case '(', '[', '{':
			stack = append(stack, c)
		case ')', ']', '}':
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		}
	}
	if len(stack) == 0 {
		return 0, 0
	}
	return len(stack), stack[len(stack)-1]
}

// quoteWhole spells a value out as YAML has to see it.
func quoteWhole(text string) string {
	if end := trailingComment(text); end > 0 {
		text = text[:end]
	}
	text = strings.TrimRight(text, " ")
	return "put quotes around the whole: '" + strings.ReplaceAll(text, "'", "''") + "'"
}

// trailingComment finds a comment that stands outside of quotes and brackets.
func trailingComment(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && isSpace(text[i-1]) {
			if depth, _ := brackets(text[:i]); depth == 0 && !unfinished(text[:i]) && i+1 < len(text) && text[i+1] == ' ' {
				return i
			}
		}
	}
	return 0
}
