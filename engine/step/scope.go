package step

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

// World is what steps may ask while they run. The engine supplies it; without its functions steps
// can be compiled and checked, not run.
type World struct {
	Project *spec.Project
	// Find asks a connection for rows by field values.
	Find func(ctx context.Context, connection string, f connector.Find) ([]value.Record, error)
	// Kept gives the rows that a pipeline keeps and that equal one of the wanted combinations;
	// empty says that it keeps none at all.
	Kept func(ctx context.Context, pipeline string, match []string, values [][]value.Value) (rows []value.Record, empty bool, err error)
}

// Scope is what a step is told when it is compiled: what stands above it, and what is around.
type Scope struct {
	World
	Pipeline *spec.Pipeline
	Expr     *expr.Scope
	shared   *shared
}

// shared is what all scopes of a pipeline know together.
type shared struct {
	warnings  problem.List
	sources   map[string][]string // paths of the record that a bound name is made of
	extras    map[string][]string // members that look-ups put on the items of a list
	used      map[string]bool     // paths of the record that anything looks at
	readsDoc  bool                // something looks into the document
	document  func(path string) ([]string, bool)
	docSchema *value.Schema
	live      bool
	asks      []Ask
}

// Ask is what a look-up asks, for whoever watches what exceptions wait for.
type Ask struct {
	Table, Connection, Object, Pipeline string
	Match                               []string
	Const                               map[string]string
}

func newScope(p *spec.Pipeline, w World) *Scope {
	return &Scope{World: w, Pipeline: p, Expr: expr.NewScope(p.Source.Known()), shared: &shared{
		sources: map[string][]string{}, extras: map[string][]string{}, used: map[string]bool{},
	}}
}

// Child is a scope for names that hold only inside a block.
func (s *Scope) Child() *Scope {
	c := *s
	c.Expr = s.Expr.Child()
	return &c
}

// Warn notes what is worth knowing, and no mistake.
func (s *Scope) Warn(p *problem.Error) { s.shared.warnings.Add(p) }

// Live says that what look-ups find belongs to the record's content.
func (s *Scope) Live() { s.shared.live = true }

// Asks notes what a look-up asks.
func (s *Scope) Asks(a Ask) { s.shared.asks = append(s.shared.asks, a) }

// Expr is a compiled expression that knows the names it hangs on.
type Expr struct {
	*expr.Expr
	needs   []expr.Slot
	sources []string
}

// Compile compiles an expression; want are the kinds that it may answer.
func (s *Scope) Compile(e spec.Expr, want ...value.Kind) (*Expr, error) {
	compiled, err := s.Expr.Compile(e.Text, e.At, want...)
	if err != nil {
		return nil, err
	}
	out := &Expr{Expr: compiled}
	from := map[string]bool{}
	for _, path := range compiled.Sources() {
		from[path], s.shared.used[path] = true, true
	}
	for _, name := range compiled.Names() {
		if slot, ok := s.Expr.Slot(name); ok {
			out.needs = append(out.needs, slot)
		}
		for _, path := range s.shared.sources[name] {
			from[path] = true
		}
	}
	if s.shared.document != nil {
		s.shared.readsDoc = true
		for _, word := range Words(e.Text) {
			paths, _ := s.shared.document(word)
			for _, path := range paths {
				from[path] = true
			}
		}
	}
	out.sources = slices.Sorted(maps.Keys(from))
	return out, nil
}

var word = regexp.MustCompile(`[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*`)

// Words are the dotted names in an expression's text, those in its texts in quotes too.
func Words(text string) []string { return word.FindAllString(text, -1) }

// From lists the paths of the record that the expression is made of, through all names on the way.
func (e *Expr) From() []string {
	if e == nil {
		return nil
	}
	return e.sources
}

// Eval runs the expression for a row.
func (e *Expr) Eval(r *Row) (value.Value, error) {
	if r.broken != nil {
		for _, slot := range e.needs {
			if r.broken[slot] {
				return value.Value{}, errBlocked
			}
		}
	}
	return e.Expr.Eval(&r.Frame)
}

// EvalAnyway runs the expression even where a name that it hangs on is not whole: what comes of it
// is for finding further causes only.
func (e *Expr) EvalAnyway(r *Row) (value.Value, error) { return e.Expr.Eval(&r.Frame) }

// Bool compiles an expression that answers true or false.
func (s *Scope) Bool(e spec.Expr) (func(*Row) (bool, error), error) {
	compiled, err := s.Compile(e, value.Bool)
	if err != nil {
		return nil, err
	}
	return func(r *Row) (bool, error) {
		v, err := compiled.Eval(r)
		return v.Bool(), err
	}, nil
}

// Bind gives a name a place in the rows; from are the paths of the record that its values are
// made of.
func (s *Scope) Bind(name string, t *value.Schema, at problem.Pos, from []string) (expr.Slot, error) {
	s.shared.sources[name] = from
	return s.Expr.Bind(name, t, at)
}

// Shadow gives the name of a field of the record a place in the rows: see expr.Scope.Shadow.
func (s *Scope) Shadow(name string, t *value.Schema, from []string) expr.Slot {
	s.shared.sources[name] = from
	return s.Expr.Shadow(name, t)
}

// Schema is a type as the expression scope takes it: nil where nothing is known.
func Schema(e *Expr) *value.Schema {
	if e == nil {
		return nil
	}
	if t := e.Type(); t.Type != value.Absent {
		return &t
	}
	return nil
}

// Carries notes that the items of a list carry a member that no source sent.
func (s *Scope) Carries(list, member string) {
	s.shared.extras[list] = append(s.shared.extras[list], member)
}

// Extras lists the members that look-ups put on the items of a list.
func (s *Scope) Extras(list string) []string { return s.shared.extras[list] }

// SetDocument says that a map has built the document: its schema, and for a path in it the paths of
// the record that its value is made of.
func (s *Scope) SetDocument(t *value.Schema, from func(path string) ([]string, bool)) {
	s.Expr.Document(t)
	s.shared.document, s.shared.docSchema = from, t
}

// Table finds a cross-reference table.
func (s *Scope) Table(name spec.Text) (*spec.Table, error) {
	if t := s.Project.Tables[name.Text]; t != nil {
		return t, nil
	}
	return nil, Mistake(name.At, "PC123", `table "`+name.Text+`" is unknown`,
		problem.DidYouMean(name.Text, slices.Sorted(maps.Keys(s.Project.Tables)))+"; tables lie in "+spec.TableDir)
}

// Object finds what is known of an object of a connection.
func (s *Scope) Object(connection, object spec.Text) (connector.ObjectInfo, error) {
	c := s.Project.Connection(connection.Text)
	if c == nil && s.Project.Declares(connection.Text) {
		return connector.ObjectInfo{}, nil // what is wrong with it was told
	}
	if c == nil {
		names := make([]string, len(s.Project.Connections))
		for i, x := range s.Project.Connections {
			names[i] = x.Name
		}
		return connector.ObjectInfo{}, Mistake(connection.At, "PC121", `connection "`+connection.Text+`" is unknown`, problem.DidYouMean(connection.Text, names))
	}
	info, _, bad := c.ObjectOf(object)
	if bad != nil {
		return info, bad
	}
	return info, nil
}

// Kept finds a pipeline that keeps rows.
func (s *Scope) KeptBy(name spec.Text) (*spec.Pipeline, error) {
	var names []string
	for _, p := range s.Project.Pipelines {
		if p.Name.Text == name.Text && len(p.Keep) > 0 {
			return p, nil
		}
		if len(p.Keep) > 0 {
			names = append(names, p.Name.Text)
		}
	}
	reason := `pipeline "` + name.Text + `" is unknown`
	if s.Project.Pipeline(name.Text) != nil {
		reason = `pipeline "` + name.Text + `" keeps nothing`
	}
	return nil, Mistake(name.At, "PC124", reason, strings.TrimSuffix("add keep to it; "+problem.DidYouMean(name.Text, names), "; "))
}

// Mistake is a problem found while a pipeline is compiled.
func Mistake(at problem.Pos, id, reason, hint string) *problem.Error {
	return &problem.Error{Class: problem.Fatal, ID: id, At: at, Reason: reason, Hint: hint}
}

// DocumentSchema is what the map above built; ok is false where none did.
func (s *Scope) DocumentSchema() (schema *value.Schema, ok bool) {
	return s.shared.docSchema, s.shared.document != nil
}

// ReadsDocument answers, once all is compiled, whether anything looks into the document. Where
// nothing does, it isn't indexed.
func (s *Scope) ReadsDocument() bool { return s.shared.readsDoc }

// DocumentFrom answers for a field of the document that the map above built: the paths of the record
// that it is made of.
func (s *Scope) DocumentFrom() func(path string) ([]string, bool) { return s.shared.document }

// Uses notes that something looks at a path of the record; "*" is the whole.
func (s *Scope) Uses(path string) { s.shared.used[path] = true }
