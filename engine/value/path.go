package value

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/pipectl/pipectl/engine/problem"
)

// Path is a compiled way to a value: "address.phone", "items[0].sku", `ext["a.b"]`. It remembers
// where it found its names last, so that records of one shape are not searched; it may be used by
// several goroutines at once.
type Path struct {
	text  string
	steps []*Name
}

// ParsePath reads a dotted path.
func ParsePath(text string) (Path, error) {
	p := Path{text: text}
	for rest := text; ; {
		s, tail, ok := nextStep(rest, len(p.steps) == 0)
		if !ok {
			return Path{}, &problem.Error{
				Class: problem.Fatal, ID: "PC201", Reason: fmt.Sprintf("path %q is not a path", text),
				Hint: `write names joined by dots, and items as numbers in brackets: items[0].sku, or ext["a.b"]`,
			}
		}
		p.steps = append(p.steps, s)
		if rest = tail; rest == "" {
			return p, nil
		}
	}
}

func nextStep(s string, first bool) (step *Name, rest string, ok bool) {
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if strings.HasPrefix(s, `["`) {
			if end = strings.Index(s, `"]`); end > 1 {
				end++
			}
		}
		if end < 0 {
			return nil, "", false
		}
		if in := s[1:end]; in != "" && in[0] == '"' {
			return &Name{name: in[1 : len(in)-1]}, s[end+1:], len(in) > 1
		}
		n, err := strconv.Atoi(s[1:end])
		return &Name{index: n, item: true}, s[end+1:], err == nil && n >= 0
	}
	if !first {
		if !strings.HasPrefix(s, ".") {
			return nil, "", false
		}
		s = s[1:]
	}
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	return &Name{name: s[:end]}, s[end:], end > 0
}

func (p Path) String() string { return p.text }

// Get follows the path from v; absent where it leads nowhere.
func (p Path) Get(v Value) Value {
	for _, s := range p.steps {
		v = s.Get(v)
	}
	return v
}

// Names are the names of the path, when it goes through objects only.
func (p Path) Names() ([]string, bool) {
	out := make([]string, len(p.steps))
	for i, s := range p.steps {
		if s.item {
			return nil, false
		}
		out[i] = s.name
	}
	return out, true
}

// Plain is the path without the numbers of items: "items.sku".
func (p Path) Plain() string {
	var names []string
	for _, s := range p.steps {
		if !s.item {
			names = append(names, s.name)
		}
	}
	return strings.Join(names, ".")
}

// Name is one step of a path: the name of a member, or the number of an item. It remembers how
// far behind its object the member stood last.
type Name struct {
	name  string
	item  bool
	index int
	hint  atomic.Uint32
}

// NameOf is the step to a member.
func NameOf(name string) *Name { return &Name{name: name} }

// Get is the member or item of v; absent where there is none.
func (s *Name) Get(v Value) Value {
	if s.item {
		return v.At(s.index)
	}
	if v.kind != Object || v.flag&built != 0 {
		return v.Get(s.name)
	}
	b, obj := v.ref, uint32(v.num)
	if hint := s.hint.Load(); hint != 0 {
		// The key must be one of this very object: another's may have the same name.
		if k := obj + hint; k < b.nodes[obj].next {
			if n := b.nodes[k]; n.meta&keyFlag != 0 && n.next == obj && n.is(b.raw, s.name) {
				return b.value(k + 1)
			}
		}
	}
	k := b.key(obj, s.name)
	if k == 0 {
		return Value{}
	}
	s.hint.Store(k - obj)
	return b.value(k + 1)
}
