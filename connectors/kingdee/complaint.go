package kingdee

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// The vendor names a field by its key, or only by its title; a row by a number in the sentence; a
// code that can't be used by saying that the field is empty. This file finds what was meant.

var (
	lineNumber = regexp.MustCompile(`第\s*[【\[“"]?\s*(\d+)\s*[】\]”"]?\s*行`)
	titles     = regexp.MustCompile(`字段\s*[“【\["]([^”】\]"]+)[”】\]"]|[【“]([^”】]+)[”】]\s*字段|[“【]([^”】]+)[”】]\s*(?:是必|必录|不能为空)`)
	entryTitle = regexp.MustCompile(`单据体(?:实体)?\s*[“【\["]([^”】\]"]+)[”】\]"]`)
	codeValue  = regexp.MustCompile(`编码值\s*\[\s*"?([^"\]]+)"?\s*\]`)
)

// spot is a field of a document that a complaint speaks of.
type spot struct {
	path  string // FSaleOrderEntry[1].FMaterialId.FNumber
	field *field
	sent  string // the code that was sent there
}

// complaint makes a problem of one fault about a document.
func (c *conn) complaint(code int, ft *fault, f *form, doc value.Value) *problem.Error {
	message := string(ft.Message)
	at := f.spotOf(ft, doc)
	e := c.judge(code, message, at.path)
	if e.Class != problem.Missing && e.ID != idRequired {
		return e
	}
	if m := codeValue.FindStringSubmatch(message); m != nil && at.sent == "" {
		at = f.spotOfCode(m[1], doc, at)
		e.Field = cmp.Or(e.Field, at.path)
	}
	if at.sent == "" || at.field == nil || !at.field.isRef() {
		return e // a field that really is empty, or a code that we can't name
	}
	e.Class, e.ID = problem.Missing, idBaseData
	e.Reason = fmt.Sprintf("%s %s does not exist in %s %s, or is not audited, disabled or not allocated to the organisation: %s",
		at.field.Title, at.sent, c.name, at.field.Object, message)
	e.Hint = "create it there and audit it (审核), or allocate it (分配); a look-up with `missing: create` does it by itself"
	if forms()[at.field.Object] != nil {
		e.Cause = &problem.Cause{Connection: c.name, Object: at.field.Object, Key: at.sent}
	}
	return e
}

// spotOf finds the field that a fault names, by its key or its title.
func (f *form) spotOf(ft *fault, doc value.Value) spot {
	message := string(ft.Message)
	name := string(ft.FieldName)
	if i := strings.LastIndexByte(name, '.'); i >= 0 && !strings.HasSuffix(strings.ToUpper(name), ".FNUMBER") {
		name = name[i+1:]
	}
	name, _, _ = strings.Cut(name, ".")
	line := 0
	if m := lineNumber.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	entry := ""
	if m := entryTitle.FindStringSubmatch(message); m != nil {
		entry = m[1]
	}
	title := ""
	for _, m := range titles.FindAllStringSubmatch(message, -1) {
		title = cmp.Or(m[1], m[2], m[3])
	}
	if name == "" && title == "" {
		return spot{}
	}
	if line == 0 && entry == "" {
		if s, ok := f.headSpot(name, title, doc); ok {
			return s
		}
	}
	if s, ok := f.entrySpot(name, title, entry, line, doc); ok {
		return s
	}
	if s, ok := f.headSpot(name, title, doc); ok {
		return s
	}
	return spot{path: name}
}

// named finds a field by its key, else by its title. A title may be longer on the screen.
func (f *field) named(name, title string) (string, *field) {
	if name != "" {
		return f.spelling(name), f.get(name)
	}
	for _, n := range f.Props.names {
		if p := f.Props.by[n]; p.Title == title && !p.ReadOnly {
			return n, p
		}
	}
	for _, n := range f.Props.names {
		if p := f.Props.by[n]; !p.ReadOnly && (strings.HasPrefix(p.Title, title) || strings.HasPrefix(title, p.Title)) {
			return n, p
		}
	}
	return "", nil
}

func (f *form) headSpot(name, title string, doc value.Value) (spot, bool) {
	if n, p := f.named(name, title); p != nil && !p.isEntry() && !p.isGroup() {
		return p.spot(n, doc.Get(n)), true
	}
	for _, g := range f.Props.names {
		group := f.Props.by[g]
		if !group.isGroup() {
			continue
		}
		if n, p := group.named(name, title); p != nil {
			return p.spot(g+"."+n, doc.Get(g).Get(n)), true
		}
	}
	return spot{}, false
}

func (f *form) entrySpot(name, title, entry string, line int, doc value.Value) (spot, bool) {
	for _, e := range f.Props.names {
		p := f.Props.by[e]
		if !p.isEntry() {
			continue
		}
		n, at := p.Items.named(name, title)
		if at == nil || entry != "" && !strings.Contains(p.Title+entry, entry) {
			continue
		}
		rows := doc.Get(e)
		if line == 0 && rows.Len() == 1 {
			line = 1
		}
		if line == 0 {
			return at.spotIn(e, n, rows), true
		}
		return at.spot(fmt.Sprintf("%s[%d].%s", e, line-1, n), rows.At(line-1).Get(n)), true
	}
	return spot{}, false
}

// spotIn is a field of rows of which the vendor doesn't say which: the code is known when all
// rows have the same.
func (f *field) spotIn(entry, name string, rows value.Value) spot {
	s := f.spot(entry+"."+name, value.Missing())
	for row := range rows.Items() {
		one := f.spot("", row.Get(name))
		if s.sent != "" && one.sent != s.sent {
			s.sent = ""
			break
		}
		s.sent = one.sent
	}
	return s
}

// spot is the field with what was sent in it.
func (f *field) spot(path string, v value.Value) spot {
	s := spot{path: path, field: f}
	if !f.isRef() {
		return s
	}
	s.path += "." + f.shown()
	for n, x := range v.Members() {
		if t, ok := value.KeyText(x); ok && strings.EqualFold(n, f.shown()) {
			s.sent = t
		}
	}
	return s
}

// spotOfCode finds where a code was sent, when the message tells only the code.
func (f *form) spotOfCode(code string, doc value.Value, known spot) spot {
	for _, n := range f.Props.names {
		p := f.Props.by[n]
		v := doc.Get(n)
		switch {
		case p.isRef():
			if s := p.spot(n, v); s.sent == code {
				return s
			}
		case p.isGroup():
			if s, ok := p.rowSpot(n, code, v); ok {
				return s
			}
		case p.isEntry():
			i := 0
			for row := range v.Items() {
				if s, ok := p.Items.rowSpot(fmt.Sprintf("%s[%d]", n, i), code, row); ok {
					return s
				}
				i++
			}
		}
	}
	return known
}

func (f *field) rowSpot(prefix, code string, row value.Value) (spot, bool) {
	for _, n := range f.Props.names {
		if p := f.Props.by[n]; p.isRef() {
			if s := p.spot(prefix+"."+n, row.Get(n)); s.sent == code {
				return s, true
			}
		}
	}
	return spot{}, false
}
