package value

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// A page of a hundred rows is one JSON text, and one row that is broken inside must not cost the
// other ninety-nine. So a page is taken apart by its brackets, quotes and commas alone, and each
// row is read by itself, strictly. What would let a row begin or end in the wrong place is refused:
// brackets that don't match, a quote where none may stand.

type text interface{ ~string | ~[]byte }

// Member is one member of an object: its name as written, quotes included, and its value.
type Member[T text] struct{ Name, Raw T }

// Items are the items of a JSON list, not read. ok is false where the list isn't whole.
func Items[T text](raw T) (items []T, ok bool) {
	if !splitUp(raw, '[', func(_, item T) { items = append(items, item) }) {
		return nil, false
	}
	return items, true
}

// Members are the members of a JSON object, not read. ok is false where the object isn't whole.
func Members[T text](raw T) (members []Member[T], ok bool) {
	if !splitUp(raw, '{', func(name, x T) { members = append(members, Member[T]{name, x}) }) {
		return nil, false
	}
	return members, true
}

// Is says that a member has this name, in any case, and with no escapes in it: as vendors spell
// the names of an envelope.
func (m Member[T]) Is(name string) bool {
	return len(m.Name) == len(name)+2 && strings.EqualFold(string(m.Name[1:len(m.Name)-1]), name)
}

// splitUp gives the items of a list or the members of an object.
func splitUp[T text](s T, open byte, each func(name, x T)) bool {
	i := blanks(s, 0)
	if i >= len(s) || s[i] != open {
		return false
	}
	shut := open + 2 // } and ] stand two behind { and [
	for i = blanks(s, i+1); i < len(s); {
		if s[i] == shut {
			return blanks(s, i+1) == len(s)
		}
		var name T
		if open == '{' {
			end := textEnd(s, i)
			if end < 0 {
				return false
			}
			name = s[i:end]
			if i = blanks(s, end); i >= len(s) || s[i] != ':' {
				return false
			}
			i = blanks(s, i+1)
		}
		end := valueEnd(s, i)
		if end < 0 {
			return false
		}
		each(name, s[i:end])
		i = blanks(s, end)
		switch {
		case i >= len(s):
			return false
		case s[i] == ',':
			if i = blanks(s, i+1); i < len(s) && s[i] == shut {
				return false
			}
		case s[i] != shut:
			return false
		}
	}
	return false
}

func blanks[T text](s T, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// textEnd is the place behind the text that begins at i, whatever stands in it; -1: none does.
func textEnd[T text](s T, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// deepest bounds what the brackets of a hostile text can cost.
const deepest = 1 << 20

// valueEnd is the place behind the value that begins at i, or -1.
func valueEnd[T text](s T, i int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"':
		return textEnd(s, i)
	case '{', '[':
		return nestEnd(s, i)
	}
	from := i
	for i < len(s) && strings.IndexByte(",:{}[]\" \n\t\r", s[i]) < 0 {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

func nestEnd[T text](s T, i int) int {
	var open []byte
	before := byte(0) // the last character that isn't blank
	for i < len(s) {
		c := s[i]
		switch c {
		case '"':
			if before != 0 && strings.IndexByte("{[,:", before) < 0 {
				return -1 // a text begins where none may: the quotes are out of step
			}
			if i = textEnd(s, i); i < 0 {
				return -1
			}
			before = '"'
			continue
		case '{', '[':
			if len(open) == deepest || before == '"' {
				return -1
			}
			open = append(open, c)
		case '}', ']':
			if open[len(open)-1] != c-2 {
				return -1
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1
			}
		case ' ', '\n', '\t', '\r':
			i++
			continue
		case ',', ':':
		default:
			if before == '"' {
				return -1 // the quotes are out of step
			}
		}
		before = c
		i++
	}
	return -1
}

// evidence is how much of a broken text is kept for a person to look at.
const evidence = 4 << 10

// Unreadable is the member of a salvaged record that holds what came.
const Unreadable = "unreadable"

// Salvage is what can be read of a text that should have been an object: its members that are
// sound and come once, and under Unreadable the beginning of the text, with what tells it from
// another one that begins alike. It finds a record's key and shows a person what came; it is never
// delivered.
func Salvage(raw string) Record {
	dst := []byte{'{'}
	for _, m := range readable(raw) {
		dst = append(append(append(append(dst, m.Name...), ':'), m.Raw...), ',')
	}
	sum := sha256.Sum256([]byte(raw))
	dst = append(dst, `"`+Unreadable+`":{"text":`...)
	dst = AppendText(dst, strings.ReplaceAll(Head(raw, evidence), "\x00", "\ufffd"))
	dst = append(dst, `,"bytes":`...)
	dst = OfInt(int64(len(raw))).appendNumber(dst)
	dst = append(dst, `,"sha256":"`...)
	return Known(string(append(hex.AppendEncode(dst, sum[:8]), `"}}`...)))
}

// readable are the members of an object that are sound, without those whose name comes twice.
func readable(raw string) []Member[string] {
	members, _ := Members(raw)
	var sound []Member[string]
	var names []string
	times := map[string]int{Unreadable: 1}
	for _, m := range members {
		name, err := ParseValue(m.Name)
		if err != nil {
			continue
		}
		times[name.Text()]++
		if _, err := ParseValue(m.Raw); err == nil {
			sound, names = append(sound, m), append(names, name.Text())
		}
	}
	out := sound[:0]
	for i, m := range sound {
		if times[names[i]] == 1 {
			out = append(out, m)
		}
	}
	return out
}

// Head is the beginning of a text, at most so many bytes of it, no character cut in two.
func Head(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
