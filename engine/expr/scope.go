package expr

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Scope is what an expression can name at one place of a pipeline: the record's fields, the names
// bound above it, and after a map the document's fields.
type Scope struct {
	parent *Scope
	root   *root
	names  map[string]*binding
	order  []string
	doc    *document
}

// root is what all scopes of a pipeline share.
type root struct {
	source *value.Schema
	slots  int
}

type document struct{ schema *value.Schema }

type binding struct {
	slot Slot
	typ  *value.Schema
	at   problem.Pos
}

// NewScope is the scope of a pipeline's first step. A nil schema means that nothing is known of
// the record: its fields are looked for when it is there.
func NewScope(source *value.Schema) *Scope {
	return &Scope{root: &root{source: source}, names: map[string]*binding{}}
}

// Child is a scope for names that hold only inside a block: those of an `each`.
func (s *Scope) Child() *Scope {
	return &Scope{parent: s, root: s.root, names: map[string]*binding{}}
}

// Size is how many Slots a Frame needs for everything bound so far in any scope of the pipeline.
func (s *Scope) Size() int { return s.root.slots }

// Source is the schema of the record, nil where it is not known.
func (s *Scope) Source() *value.Schema { return s.root.source }

// Document says that a map has built the document: bare names are its fields first, then bound
// names; the record is `source`. The schema is nil where nothing is known of the document.
func (s *Scope) Document(t *value.Schema) { s.doc = &document{t} }

func (s *Scope) document() *document {
	for ; s != nil; s = s.parent {
		if s.doc != nil {
			return s.doc
		}
	}
	return nil
}

func (s *Scope) find(name string) *binding {
	for ; s != nil; s = s.parent {
		if b := s.names[name]; b != nil {
			return b
		}
	}
	return nil
}

// words are names that the language keeps for itself.
var words = map[string]string{
	"null": "", "absent": "", "source": "", "run": "", "true": "", "false": "", "nil": "",
	"in": "", "not": "", "and": "", "or": "", "let": "", "if": "", "else": "", "matches": "",
	"contains": "", "startsWith": "", "endsWith": "",
}

// Bind gives a name a place in the frame: for let, look-up and each. The schema is that of its
// values, nil where it is not known. A name that a field or another name already has is a mistake:
// the mapping would read differently from what it does.
func (s *Scope) Bind(name string, t *value.Schema, at problem.Pos) (Slot, error) {
	if err := s.usable(name, at); err != nil {
		return 0, err
	}
	b := &binding{slot: Slot(s.root.slots), typ: t, at: at}
	s.root.slots++
	s.names[name] = b
	s.order = append(s.order, name)
	return b.slot, nil
}

func (s *Scope) usable(name string, at problem.Pos) error {
	if !isName(name) {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC211", At: at, Reason: fmt.Sprintf("name %q can't stand in an expression", name),
			Hint: "use letters, digits and underscores, beginning with a letter",
		}
	}
	if _, reserved := words[name]; reserved {
		return clash(name, at, "is a word of the language")
	}
	if b := s.find(name); b != nil {
		return clash(name, at, "is already bound at "+b.at.String())
	}
	fields, what := s.root.source, "the source"
	if d := s.document(); d != nil {
		fields, what = d.schema, "the document"
	}
	if _, ok := fields.Member(name); ok {
		return clash(name, at, "is already a field of "+what)
	}
	return nil
}

func clash(name string, at problem.Pos, why string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC210", At: at, Reason: "name " + name + " " + why,
		Hint: "choose another name, so that everyone who reads it knows which value is meant",
	}
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// Slot is the place of a bound name.
func (s *Scope) Slot(name string) (Slot, bool) {
	if b := s.find(name); b != nil {
		return b.slot, true
	}
	return 0, false
}

// Names are all names that an expression may begin with here, for "did you mean".
func (s *Scope) Names() []string {
	fields := s.root.source
	if d := s.document(); d != nil {
		fields = d.schema
	}
	var out []string
	if fields != nil {
		out = append(out, fields.Names...)
	}
	for x := s; x != nil; x = x.parent {
		out = append(out, x.order...)
	}
	return append(out, "source", "run.time", "null", "absent")
}

// position is the place of a character of an expression's text in the YAML that holds it. In a
// text of several lines the line is all that can be said: YAML may have folded it.
func position(at problem.Pos, text string, offset int) problem.Pos {
	if strings.ContainsRune(text, '\n') {
		at.Col = 0
		n := 0
		for _, r := range text {
			if n == offset {
				break
			}
			if r == '\n' {
				at.Line++
			}
			n++
		}
		return at
	}
	if at.Col > 0 {
		at.Col += offset
	}
	return at
}
