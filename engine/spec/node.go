package spec

import (
	"encoding/json"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// Kind is the shape of a node.
type Kind uint8

// The shapes.
const (
	Scalar Kind = iota
	List
	Map
)

var kindNames = [...]string{"a single value", "a list", "a mapping"}

func (k Kind) String() string { return kindNames[k] }

// Style is how a scalar is written.
type Style uint8

// The styles.
const (
	Plain Style = iota
	Quoted
	Block // | or >
)

// Node is one value of a YAML file and the place where it stands.
type Node struct {
	Kind    Kind
	Text    string // of a Scalar, as written, without quotes
	Style   Style
	At      problem.Pos
	TextAt  problem.Pos // where Text begins: behind the quote; Col is 0 where columns can't be told
	source  string      // Text with the line breaks of the file, for expressions over several lines
	Members []Member    // of a Map, in order
	Items   []*Node     // of a List
}

// Member is one key of a mapping with its value.
type Member struct {
	Key   *Node
	Value *Node
}

// Name is the key's text.
func (m Member) Name() string { return m.Key.Text }

// Get finds a member of a mapping; nil when there is none.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for _, m := range n.Members {
		if m.Name() == name {
			return m.Value
		}
	}
	return nil
}

// Keys lists the names of a mapping's members.
func (n *Node) Keys() []string {
	out := make([]string, len(n.Members))
	for i, m := range n.Members {
		out[i] = m.Name()
	}
	return out
}

// Empty says that nothing stands there.
func (n *Node) Empty() bool {
	return n.Kind == Scalar && n.Style == Plain && n.Text == ""
}

// JSON writes the node as compact JSON. A plain true, false, null or number is one; every other
// scalar is a text, as written.
func (n *Node) JSON() json.RawMessage { return n.appendJSON(nil) }

func (n *Node) appendJSON(b []byte) []byte {
	switch n.Kind {
	case List:
		b = append(b, '[')
		for i, x := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = x.appendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, quoteJSON(m.Name())...)
			b = append(b, ':')
			b = m.Value.appendJSON(b)
		}
		return append(b, '}')
	}
	switch {
	case n.Empty():
		return append(b, "null"...)
	case n.Style == Plain && isLiteral(n.Text):
		return append(b, n.Text...)
	}
	return append(b, quoteJSON(n.Text)...)
}

func quoteJSON(s string) []byte {
	b, _ := json.Marshal(s) // a string: no error
	return b
}

// isLiteral tells true, false, null and numbers from texts.
func isLiteral(s string) bool {
	switch s {
	case "true", "false", "null":
		return true
	}
	return IsNumber(s)
}

// IsNumber says that a text is a number as JSON writes one.
func IsNumber(s string) bool {
	if s == "" || !strings.ContainsRune("-0123456789", rune(s[0])) {
		return false
	}
	return json.Valid([]byte(s))
}
