package sandbox

import (
	"fmt"
	"strings"
)

// parseFilter reads a FilterString: a predicate like that of SQL over the fields of a form.
func parseFilter(f *form, text string) (condition, error) {
	toks, err := lex(text)
	if err != nil || len(toks) == 0 {
		return nil, err
	}
	p := &filterParser{form: f, toks: toks}
	cond, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.toks) {
		return nil, fmt.Errorf("%w: unexpected %q", errFilter, p.toks[p.pos].text)
	}
	return cond, nil
}

type token struct {
	kind byte // 'i' name or keyword, 's' text, 'n' number, 'o' operator or bracket
	text string
}

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'':
			text, n, err := quoted(s[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, token{'s', text})
			i += n
		case strings.IndexByte("(),{}", c) >= 0:
			out = append(out, token{'o', string(c)})
			i++
		case strings.IndexByte("=<>!", c) >= 0:
			n := 1
			if i+1 < len(s) && strings.IndexByte("=>", s[i+1]) >= 0 {
				n = 2
			}
			out = append(out, token{'o', s[i : i+n]})
			i += n
		default:
			n := word(s[i:])
			if n == 0 {
				return nil, fmt.Errorf("%w: unexpected %q", errFilter, s[i:min(i+1, len(s))])
			}
			k := byte('i')
			if c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
				k = 'n'
			}
			out = append(out, token{k, s[i : i+n]})
			i += n
		}
	}
	return out, nil
}

// quoted reads a text in single quotes, in which a quote is written twice.
func quoted(s string) (text string, length int, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 == len(s) || s[i+1] != '\'' {
			return b.String(), i + 1, nil
		}
		b.WriteByte('\'')
		i++
	}
	return "", 0, fmt.Errorf("%w: a text does not end", errFilter)
}

// word is how many bytes belong to a name or a number.
func word(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c >= 0x80
		if !letter && (i > 0 || c != '-' && c != '+') {
			return i
		}
	}
	return len(s)
}

type filterParser struct {
	form  *form
	toks  []token
	pos   int
	depth int
}

func (p *filterParser) peek() token {
	if p.pos < len(p.toks) {
		return p.toks[p.pos]
	}
	return token{}
}

// word takes a keyword or an operator if it comes next.
func (p *filterParser) accept(text string) bool {
	t := p.peek()
	if (t.kind == 'i' || t.kind == 'o') && strings.EqualFold(t.text, text) {
		p.pos++
		return true
	}
	return false
}

func (p *filterParser) or() (condition, error) {
	a, err := p.and()
	for err == nil && p.accept("or") {
		var b condition
		if b, err = p.and(); err == nil {
			a = either{a, b}
		}
	}
	return a, err
}

func (p *filterParser) and() (condition, error) {
	a, err := p.term()
	for err == nil && p.accept("and") {
		var b condition
		if b, err = p.term(); err == nil {
			a = both{a, b}
		}
	}
	return a, err
}

func (p *filterParser) term() (condition, error) {
	if p.depth++; p.depth > deepest {
		return nil, errDeep
	}
	defer func() { p.depth-- }()
	if p.accept("not") {
		c, err := p.term()
		return not{c}, err
	}
	if p.accept("(") {
		c, err := p.or()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("%w: a bracket does not close", errFilter)
		}
		return c, err
	}
	return p.predicate()
}

func (p *filterParser) predicate() (condition, error) {
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	negated := p.accept("not")
	c, err := p.rest(a, negated)
	if negated && err == nil {
		c = not{c}
	}
	return c, err
}

func (p *filterParser) rest(a operand, negated bool) (condition, error) {
	switch {
	case p.accept("in"):
		return p.in(a)
	case p.accept("like"):
		b, err := p.operand()
		if err != nil {
			return nil, err
		}
		s, ok := b.lit.(string)
		if !ok {
			return nil, fmt.Errorf("%w: like wants a text", errFilter)
		}
		return likeness{a, []rune(s)}, nil
	case negated:
		return nil, fmt.Errorf("%w: in or like must follow not", errFilter)
	case p.accept("is"):
		isNot := p.accept("not")
		if !p.accept("null") {
			return nil, fmt.Errorf("%w: null must follow is", errFilter)
		}
		if isNot {
			return not{nothing{a}}, nil
		}
		return nothing{a}, nil
	}
	return p.compare(a)
}

var operators = map[string]string{"=": "=", "<>": "<>", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}

func (p *filterParser) compare(a operand) (condition, error) {
	t := p.peek()
	op, ok := operators[t.text]
	if t.kind != 'o' || !ok {
		return nil, fmt.Errorf("%w: a comparison is missing at %q", errFilter, t.text)
	}
	p.pos++
	b, err := p.operand()
	if err != nil {
		return nil, err
	}
	if a.col != nil && b.col == nil {
		b.lit, err = a.col.literal(b.lit)
	} else if b.col != nil && a.col == nil {
		a.lit, err = b.col.literal(a.lit)
	}
	return comparison{op, a, b}, err
}

func (p *filterParser) in(a operand) (condition, error) {
	if !p.accept("(") {
		return nil, fmt.Errorf("%w: a list must follow in", errFilter)
	}
	var list []any
	for {
		o, err := p.operand()
		if err == nil && a.col != nil {
			o.lit, err = a.col.literal(o.lit)
		}
		if err != nil {
			return nil, err
		}
		if o.col != nil {
			return nil, fmt.Errorf("%w: a list holds values only", errFilter)
		}
		list = append(list, o.lit)
		if p.accept(")") {
			return newMembership(a, list), nil
		}
		if !p.accept(",") {
			return nil, fmt.Errorf("%w: a list does not end", errFilter)
		}
	}
}

// operand reads a column, a literal, or {ts'…'}, as K-SQL writes times.
func (p *filterParser) operand() (operand, error) {
	t := p.peek()
	p.pos++
	switch t.kind {
	case 's':
		return operand{lit: t.text}, nil
	case 'n':
		d, ok := parseNumber(t.text)
		if !ok {
			return operand{}, fmt.Errorf("%w: %q is no number", errFilter, t.text)
		}
		return operand{lit: d}, nil
	case 'i':
		if keyword(t.text) {
			return operand{}, fmt.Errorf("%w: unexpected %q", errFilter, t.text)
		}
		col, err := p.form.column(t.text)
		return operand{col: col}, err
	}
	if t.text == "{" && strings.EqualFold(p.peek().text, "ts") {
		p.pos++
		o, err := p.operand()
		if err == nil && !p.accept("}") {
			err = fmt.Errorf("%w: a bracket does not close", errFilter)
		}
		return o, err
	}
	return operand{}, fmt.Errorf("%w: a value is missing at %q", errFilter, t.text)
}

func keyword(s string) bool {
	switch strings.ToLower(s) {
	case "and", "or", "not", "in", "like", "is", "null":
		return true
	}
	return false
}
