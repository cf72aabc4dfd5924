package spec

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/pipectl/pipectl/engine/problem"
)

// Parse reads one YAML file. A mistake in its syntax gives no node.
func Parse(file string, data []byte) (*Node, problem.List) {
	text, problems := decodeText(file, data)
	if len(problems) > 0 {
		return nil, problems
	}
	if problems = scan(file, text); len(problems) > 0 {
		return nil, problems
	}
	var doc yaml.Node
	switch err := yaml.NewDecoder(strings.NewReader(text)).Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, problem.List{mistake(problem.Pos{File: file}, "PC143", "the file is empty",
			"write at least its first key, or delete it")}
	case err != nil:
		return nil, problem.List{syntax(file, err)}
	}
	c := converter{file: file, lines: strings.Split(text, "\n")}
	root := c.node(doc.Content[0])
	if c.broken {
		return nil, c.problems
	}
	return root, c.problems
}

// mistake is a problem found while loading: it holds for every record.
func mistake(at problem.Pos, id, reason, hint string) *problem.Error {
	return &problem.Error{Class: problem.Fatal, ID: id, At: at, Reason: reason, Hint: hint}
}

const bom = "\ufeff"

// decodeText checks that the file is UTF-8. One byte order mark at its beginning is harmless and
// is left out; Windows editors write it.
func decodeText(file string, data []byte) (string, problem.List) {
	text := strings.TrimPrefix(string(data), bom)
	if len(data) > 1 && (data[0] == 0xff && data[1] == 0xfe || data[0] == 0xfe && data[1] == 0xff) {
		return "", problem.List{mistake(problem.Pos{File: file, Line: 1, Col: 1}, "PC117",
			"the file is UTF-16", "save it as UTF-8")}
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for i, line := range strings.Split(text, "\n") {
		at := problem.Pos{File: file, Line: i + 1}
		if !utf8.ValidString(line) {
			good := strings.ToValidUTF8(line, "\x00")
			at.Col = 1 + utf8.RuneCountInString(good[:strings.IndexByte(good, 0)])
			return "", problem.List{mistake(at, "PC117", "the text is not UTF-8 here",
				"save the file as UTF-8 (a Windows editor may have written GBK)")}
		}
		if before, _, ok := strings.Cut(line, bom); ok {
			at.Col = 1 + utf8.RuneCountInString(before)
			return "", problem.List{mistake(at, "PC117", "a byte order mark (U+FEFF) stands inside the file",
				"delete the invisible character; it comes from joining two files")}
		}
	}
	return text, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax tells what yaml.v3 does not understand. It knows the line at best.
func syntax(file string, err error) *problem.Error {
	at := problem.Pos{File: file}
	reason := err.Error()
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		at.Line, _ = strconv.Atoi(m[1]) // digits, or nothing
		reason = m[2]
	}
	if at.Line == 0 {
		at.Line = 1
	}
	return mistake(at, "PC100", "YAML syntax: "+reason,
		"check the indentation of this line and the one above")
}

// converter turns yaml.v3's tree into ours.
type converter struct {
	file     string
	lines    []string
	problems problem.List
	broken   bool // the tree lacks a part, and what it lacks would be told as further mistakes
}

func (c *converter) node(y *yaml.Node) *Node {
	n := &Node{At: c.at(y)}
	n.TextAt = n.At
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind = Map
		c.members(n, y.Content)
	case yaml.SequenceNode:
		n.Kind = List
		for _, x := range y.Content {
			n.Items = append(n.Items, c.node(x))
		}
	default: // aliases and documents within documents don't come this far: see scan
		c.scalar(n, y)
	}
	return n
}

func (c *converter) at(y *yaml.Node) problem.Pos {
	return problem.Pos{File: c.file, Line: y.Line, Col: y.Column}
}

func (c *converter) members(n *Node, content []*yaml.Node) {
	seen := map[string]problem.Pos{}
	for i := 0; i+1 < len(content); i += 2 {
		key := c.node(content[i])
		first, twice := seen[key.Text]
		switch {
		case key.Kind != Scalar:
			c.problems.Add(mistake(key.At, "PC104", "a key is "+key.Kind.String(), "a key is a plain name; quote it if it holds brackets"))
			continue
		case key.Text == "<<":
			c.problems.Add(mistake(key.At, "PC114", `"<<" would merge another mapping into this one`,
				"write the keys out: a pipeline says everything where it stands"))
			c.broken = true
			continue
		case twice:
			c.problems.Add(mistake(key.At, "PC102", `key "`+key.Text+`" stands here a second time`,
				"it stands at line "+strconv.Itoa(first.Line)+" already; delete one of the two"))
			continue
		}
		seen[key.Text] = key.At
		n.Members = append(n.Members, Member{Key: key, Value: c.node(content[i+1])})
	}
}

func (c *converter) scalar(n *Node, y *yaml.Node) {
	n.Text, n.source = y.Value, y.Value
	switch {
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		n.Style = Block
		n.TextAt.Line, n.TextAt.Col = n.At.Line+1, 0
	case y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		n.Style = Quoted
		n.TextAt.Col++
	}
	n.TextAt, n.source = c.locate(n.Text, n.TextAt)
}

// locate finds a scalar's text in the file. Where the file has it letter by letter, columns hold;
// where lines were folded, the text is taken as the file has it, so that lines hold; else (an
// escape, a text that is broken inside quotes) the place of its beginning must do.
func (c *converter) locate(text string, at problem.Pos) (problem.Pos, string) {
	if at.Line < 1 || at.Line > len(c.lines) {
		return at, text
	}
	first := cutRunes(c.lines[at.Line-1], max(at.Col-1, 0))
	if at.Col > 0 && strings.HasPrefix(first, text) {
		return at, text
	}
	rest := strings.Join(append([]string{first}, c.lines[at.Line:]...), "\n")
	at.Col = 0
	if written, ok := unfold(text, rest); ok {
		return at, written
	}
	return at, text
}

// unfold follows text through rest, which differs in white space only, and returns the part of
// rest that it covers.
func unfold(text, rest string) (string, bool) {
	quoted := false
	j := 0
	for i := 0; i < len(text); {
		if isSpace(text[i]) {
			ti, tj := spaces(text[i:]), spaces(rest[j:])
			if tj == 0 || quoted && text[i:i+ti] != rest[j:j+tj] {
				return "", false
			}
			i, j = i+ti, j+tj
			continue
		}
		if i == 0 {
			j += spaces(rest[j:])
		}
		if j >= len(rest) || text[i] != rest[j] {
			return "", false
		}
		if text[i] == '"' {
			quoted = !quoted
		}
		i, j = i+1, j+1
	}
	return rest[:j], true
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

func spaces(s string) int {
	n := 0
	for n < len(s) && isSpace(s[n]) {
		n++
	}
	return n
}

// cutRunes drops the first n characters.
func cutRunes(s string, n int) string {
	for ; n > 0 && s != ""; n-- {
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
	}
	return s
}
