package value

import (
	"fmt"
	"unicode/utf8"
)

// special marks the bytes at which reading a text has to look closer.
var special = func() (t [256]bool) {
	for i := range t {
		t[i] = i < 0x20 || i == '"' || i == '\\' || i >= 0x80
	}
	return t
}()

// text reads a text whose opening quote stands at i.
func (p *parser) text(i int, meta uint32) (int, bool) {
	s, start, wide := p.s, i+1, false
	p.add(start, start, meta)
	for i = start; ; i++ {
		for i < len(s) && !special[s[i]] {
			i++
		}
		if i >= len(s) {
			return p.fail(i, "the text ends inside quotes")
		}
		switch c := s[i]; {
		case c == '"':
			if wide && !utf8.ValidString(s[start:i]) {
				return p.fail(start, "a text is not valid UTF-8")
			}
			n := &p.nodes[len(p.nodes)-1]
			n.end, n.meta = uint32(i), meta
			return i + 1, true
		case c == '\\':
			meta |= escFlag
			n, why := scanEscape(s[i:])
			if why != "" {
				return p.fail(i, why)
			}
			i += n - 1
		case c < 0x20:
			return p.fail(i, "a control character stands inside a text")
		default:
			wide = true
		}
	}
}

// unique refuses a key that comes twice in an object: which of the two counts would be a guess.
func (p *parser) unique(self, end int) (int, bool) {
	obj := p.nodes[self]
	if obj.meta>>countShift > 24 {
		return p.uniqueOfMany(self, end)
	}
	var keys [24]uint32
	n, met := 0, uint64(0) // met has a bit for each key's length and ends: most keys need no comparison
	for k := uint32(self) + 1; k < obj.next; k = p.nodes[k+1].next {
		key := p.nodes[k]
		if key.meta&escFlag != 0 {
			return p.uniqueOfMany(self, end)
		}
		text := p.s[key.start:key.end]
		bit := uint64(1)
		if len(text) > 0 {
			bit <<= (uint(len(text))*7 + uint(text[0]) + uint(text[len(text)-1])*5) & 63
		}
		if met&bit != 0 {
			for _, o := range keys[:n] {
				other := p.nodes[o]
				if other.end-other.start == uint32(len(text)) && p.s[other.start:other.end] == text {
					return p.fail(int(key.start), fmt.Sprintf("the key %q comes twice", shorten(text, 60)))
				}
			}
		}
		met |= bit
		keys[n] = k
		n++
	}
	return end, true
}

func (p *parser) uniqueOfMany(self, end int) (int, bool) {
	obj := p.nodes[self]
	seen := make(map[string]struct{}, obj.meta>>countShift)
	for k := uint32(self) + 1; k < obj.next; k = p.nodes[k+1].next {
		text := p.nodes[k].text(p.s)
		if _, twice := seen[text]; twice {
			return p.fail(int(p.nodes[k].start), fmt.Sprintf("the key %q comes twice", shorten(text, 60)))
		}
		seen[text] = struct{}{}
	}
	return end, true
}
