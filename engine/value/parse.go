package value

import (
	"fmt"
	"strings"
	"sync"

	"github.com/pipectl/pipectl/engine/problem"
)

// node is one place of a record's text. The nodes of a record stand in the order of the text:
// an object, then for each member its key and its value; a list, then its items.
//
// Of a value, next is the node after it and all that it contains. Of a key, next is the object
// it belongs to, which lets a remembered place be checked without walking.
type node struct {
	start, end uint32 // the text: between the quotes of a text or key, the whole token otherwise
	next       uint32
	meta       uint32 // kind, flags, number of members or items
}

const (
	kindMask   = 7
	keyFlag    = 1 << 3
	escFlag    = 1 << 4
	countShift = 5
)

// Limits of a text that is accepted as a record. They keep a hostile or broken source from
// costing more than its record. docs/limits.md tells them.
const (
	MaxSize  = 64 << 20 // bytes
	MaxDepth = 1000     // lists and objects in one another
	MaxNodes = 8 << 20  // names and values: an order of 100,000 lines of 30 fields has 6 million
	// maxExponent is far beyond every amount; it lets exponents be calculated with in int64.
	maxExponentDigits = 9
)

// Parse reads one JSON object strictly: UTF-8, no key twice in one object, no half surrogate
// pairs, no NUL, nothing behind it. The error names the place and the path.
func Parse(raw []byte) (Record, error) { return ParseText(string(raw)) }

// ParseText reads one JSON object out of a string, without a copy.
func ParseText(raw string) (Record, error) {
	b, err := parse(raw)
	if err != nil {
		return Record{}, err
	}
	return objectOf(b)
}

func objectOf(b *body) (Record, error) {
	if k := Kind(b.nodes[0].meta & kindMask); k != Object {
		return Record{}, refuse(0, "", "the text is "+k.String()+", not an object")
	}
	return Record{b}, nil
}

// ParseValue reads one JSON value of any kind, as strictly as Parse.
func ParseValue(raw string) (Value, error) {
	b, err := parse(raw)
	if err != nil {
		return Value{}, err
	}
	return b.value(0), nil
}

var scratch = sync.Pool{New: func() any { return &parser{nodes: make([]node, 0, 256)} }}

func parse(raw string) (*body, error) {
	p := scratch.Get().(*parser) //nolint:forcetypeassert // the pool holds nothing else
	defer p.release()
	nodes, err := p.read(raw, p.nodes[:0])
	if err != nil {
		return nil, err
	}
	if len(nodes) > giant { // it is not kept twice, not even for a moment
		p.nodes = nil
		return &body{raw: raw, nodes: nodes}, nil
	}
	return &body{raw: raw, nodes: append(make([]node, 0, len(nodes)), nodes...)}, nil
}

// giant is the number of nodes from which on a record's index is no longer worth sharing.
const giant = 1 << 16

// release gives a parser of the pool back.
func (p *parser) release() {
	if cap(p.nodes) < giant { // a giant's scratch is not kept
		scratch.Put(p)
	}
}

// Parser reads many records whose indexes share memory, as those of a page do, which come and go
// together: one that is kept keeps some dozens of others. It belongs to one goroutine.
type Parser struct {
	parser parser
	free   []node // empty; the room behind it is for the next indexes
	bodies []body // for the next records
}

const (
	slabNodes  = 4096 // for some dozens of records
	slabLeast  = 64   // less room than this is not begun with
	slabBodies = 32
)

// ParseText reads one JSON object as the function of this name does.
func (p *Parser) ParseText(raw string) (Record, error) {
	if cap(p.free) < slabLeast {
		p.free = make([]node, 0, slabNodes)
	}
	nodes, err := p.parser.read(raw, p.free)
	if err != nil {
		return Record{}, err
	}
	n := len(nodes)
	p.free = nodes[n:]
	if n > slabNodes { // a giant's index shares its memory with nobody
		p.free = nil
	}
	if len(p.bodies) == 0 {
		p.bodies = make([]body, slabBodies)
	}
	b := &p.bodies[0]
	p.bodies = p.bodies[1:]
	b.raw, b.nodes = raw, nodes[:n:n]
	return objectOf(b)
}

// read parses one text, and appends its index to nodes.
func (p *parser) read(raw string, nodes []node) ([]node, error) {
	if len(raw) > MaxSize {
		return nodes, refuse(MaxSize, "", fmt.Sprintf("the text is larger than %d MiB", MaxSize>>20))
	}
	p.s, p.nodes, p.why, p.trail = raw, nodes, "", p.trail[:0]
	var err error
	if !p.document() {
		err = refuse(p.bad, p.path(), p.why)
	}
	p.s = "" // it is not kept alive
	return p.nodes, err
}

func refuse(at int, path, why string) error {
	return &problem.Error{
		Class: problem.Invalid, ID: "PC200", Field: path,
		Reason: fmt.Sprintf("JSON text at byte %d: %s", at, why),
		Hint:   "the source has to send valid JSON; nothing is guessed or repaired",
	}
}

type parser struct {
	s     string
	nodes []node
	bad   int    // where it went wrong
	why   string // and why
	trail []crumb
}

// crumb is one step of the way to the place where it went wrong, noted on the way out: the key's
// node of an object, or the number of a list's item.
type crumb struct {
	at   uint32
	list bool
}

// path is the way from the outside to the place. A hostile text can make it as long as itself, so
// its middle and the ends of its names are left out.
func (p *parser) path() string {
	const head, tail, name = 8, 4, 40
	var b strings.Builder
	for i := len(p.trail) - 1; i >= 0; i-- {
		if n := len(p.trail) - 1 - i; n == head && i >= tail {
			b.WriteString("…")
			i = tail - 1
		}
		switch c := p.trail[i]; {
		case c.list:
			fmt.Fprintf(&b, "[%d]", c.at)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(shorten(p.nodes[c.at].text(p.s), name))
		}
	}
	return b.String()
}

func (p *parser) fail(at int, why string) (int, bool) {
	p.bad, p.why = at, why
	return at, false
}

func (p *parser) document() bool {
	i, ok := p.value(p.space(0), 0)
	if !ok {
		return false
	}
	if i = p.space(i); i < len(p.s) {
		_, ok = p.fail(i, "something follows after the end")
	}
	return ok
}

func (p *parser) space(i int) int {
	for i < len(p.s) {
		switch p.s[i] {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// value reads the value that begins at i and answers where it ends.
func (p *parser) value(i, depth int) (int, bool) {
	if i >= len(p.s) {
		return p.fail(i, "the text ends too early")
	}
	if len(p.nodes) >= MaxNodes {
		return p.fail(i, fmt.Sprintf("more than %d names and values", MaxNodes))
	}
	switch c := p.s[i]; c {
	case '"':
		end, ok := p.text(i, uint32(Text))
		p.nodes[len(p.nodes)-1].next = uint32(len(p.nodes))
		return end, ok
	case '{':
		return p.object(i, depth+1)
	case '[':
		return p.list(i, depth+1)
	case 't':
		return p.word(i, "true", Bool)
	case 'f':
		return p.word(i, "false", Bool)
	case 'n':
		return p.word(i, "null", Null)
	}
	end, why := scanNumber(p.s, i)
	if why != "" {
		return p.fail(end, why)
	}
	p.add(i, end, uint32(Number))
	return end, true
}

func (p *parser) add(start, end int, meta uint32) {
	p.nodes = append(p.nodes, node{uint32(start), uint32(end), uint32(len(p.nodes) + 1), meta})
}

func (p *parser) word(i int, w string, k Kind) (int, bool) {
	if !strings.HasPrefix(p.s[i:], w) {
		return p.fail(i, "a value can't begin like this")
	}
	p.add(i, i+len(w), uint32(k))
	return i + len(w), true
}

func (p *parser) list(i, depth int) (int, bool) {
	if depth > MaxDepth {
		return p.fail(i, fmt.Sprintf("nested deeper than %d", MaxDepth))
	}
	self, count := len(p.nodes), uint32(0)
	p.add(i, i, uint32(List))
	i = p.space(i + 1)
	if i < len(p.s) && p.s[i] == ']' {
		return p.close(self, i+1, 0)
	}
	for {
		var ok bool
		if i, ok = p.value(i, depth); !ok {
			p.trail = append(p.trail, crumb{count, true})
			return i, false
		}
		count++
		if i = p.space(i); i >= len(p.s) {
			return p.fail(i, "the text ends too early")
		}
		switch p.s[i] {
		case ',':
			i = p.space(i + 1)
		case ']':
			return p.close(self, i+1, count)
		default:
			return p.fail(i, "a comma or ] is missing")
		}
	}
}

func (p *parser) close(self, end int, count uint32) (int, bool) {
	n := &p.nodes[self]
	n.end, n.next, n.meta = uint32(end), uint32(len(p.nodes)), n.meta|count<<countShift
	return end, true
}

func (p *parser) object(i, depth int) (int, bool) {
	if depth > MaxDepth {
		return p.fail(i, fmt.Sprintf("nested deeper than %d", MaxDepth))
	}
	self, count := len(p.nodes), uint32(0)
	p.add(i, i, uint32(Object))
	i = p.space(i + 1)
	if i < len(p.s) && p.s[i] == '}' {
		return p.close(self, i+1, 0)
	}
	for {
		key := len(p.nodes)
		var ok bool
		if i, ok = p.key(i, self); !ok {
			return i, false
		}
		if i, ok = p.value(p.space(i), depth); !ok {
			p.trail = append(p.trail, crumb{uint32(key), false})
			return i, false
		}
		count++
		if i = p.space(i); i >= len(p.s) {
			return p.fail(i, "the text ends too early")
		}
		switch p.s[i] {
		case ',':
			i = p.space(i + 1)
		case '}':
			p.close(self, i+1, count)
			return p.unique(self, i+1)
		default:
			return p.fail(i, "a comma or } is missing")
		}
	}
}

// key reads a key and its colon.
func (p *parser) key(i, object int) (int, bool) {
	if i >= len(p.s) || p.s[i] != '"' {
		return p.fail(i, "a key in quotes is missing")
	}
	i, ok := p.text(i, uint32(Text)|keyFlag)
	if !ok {
		return i, false
	}
	p.nodes[len(p.nodes)-1].next = uint32(object)
	if i = p.space(i); i >= len(p.s) || p.s[i] != ':' {
		return p.fail(i, "a colon is missing")
	}
	return i + 1, true
}
