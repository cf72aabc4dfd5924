package lookup

import (
	"regexp"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

var oneName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// bindItems binds the names of each for the expressions inside. Rows can only be put into a list
// that has a name, or into a list that is a member of its items.
func (l *lookup) bindItems(in, inner *step.Scope) error {
	var problems problem.List
	for i, e := range l.Each {
		text := strings.TrimSpace(e.Value.Text)
		above := ""
		if i > 0 {
			above = l.Each[i-1].Name + "."
		}
		name, ok := strings.CutPrefix(text, above)
		if !e.Value.IsZero() && (!ok || !oneName.MatchString(name) || i > 1) {
			problems.Add(step.Mistake(e.Value.At, "PC264", "a look-up can't put its rows into "+text, "name the list in a let step first: each: {line: lines}; a second list is a member of the first's items: {line: lines, part: line.parts}"))
			forget(e, inner)
			continue
		}
		lv, err := bindLevel(e, inner)
		problems.Add(err)
		if lv == nil {
			continue
		}
		lv.name = name
		if i > 0 {
			lv.path = value.NameOf(name)
		}
		l.levels = append(l.levels, *lv)
	}
	if len(problems) > 0 {
		l.levels = nil
	}
	return problems.Err()
}

// forget binds the name of a level that can't be, and gives up what is known of its list: what stands
// below would only tell echoes.
func forget(e spec.Entry[spec.Expr], inner *step.Scope) {
	lv, _ := bindLevel(e, inner) // its list was told to be none
	if lv == nil {
		return
	}
	inner.Expr.Retype(e.Name, nil)
	for _, name := range lv.Names() {
		inner.Expr.Retype(name, nil)
	}
}

func bindLevel(e spec.Entry[spec.Expr], inner *step.Scope) (*level, error) {
	var list *step.Expr
	var items *value.Schema
	var problems problem.List
	if !e.Value.IsZero() {
		var err error
		list, err = inner.Compile(e.Value, value.List)
		problems.Add(err)
	}
	if t := step.Schema(list); t != nil {
		items = t.Items
	}
	slot, err := inner.Bind(e.Name, items, e.At, list.From())
	problems.Add(err)
	if list == nil {
		return nil, problems.Err()
	}
	return &level{Expr: list, slot: slot}, problems.Err()
}

// attach says that the items of the list carry the row from here on. A list of the record itself is
// copied under its own name first: the record stays as it was read.
func (l *lookup) attach(in *step.Scope, row *value.Schema) error {
	first := l.levels[0]
	l.list = first.name
	typ := step.Schema(first.Expr)
	carrier := l.list
	if len(l.levels) == 2 {
		carrier = l.Each[1].Value.Text
	}
	var err error
	if typ, err = withRow(typ, l.levels[1:], l.name, row, l.Lookup.At); err != nil {
		return err
	}
	in.Carries(strings.TrimSpace(carrier), l.name)
	slot, bound := in.Expr.Slot(l.list)
	if !bound {
		slot = in.Shadow(l.list, typ, first.From())
	} else {
		in.Expr.Retype(l.list, typ)
	}
	l.slot = slot
	return nil
}

// withRow adds the row to the schema of a list's items.
func withRow(list *value.Schema, below []level, name string, row *value.Schema, at problem.Pos) (*value.Schema, error) {
	if list == nil || list.Type != value.List || !list.Items.Known() {
		return list, nil // of unknown items nothing is checked, as before
	}
	items := *list.Items
	if len(below) > 0 {
		inner, _ := items.Member(below[0].name)
		t, err := withRow(inner, below[1:], name, row, at)
		if err != nil || t == nil {
			return list, err
		}
		items = items.With(below[0].name, *t)
		return &value.Schema{Type: value.List, Items: &items}, nil
	}
	if _, taken := items.Member(name); taken {
		return list, step.Mistake(at, "PC210", "name "+name+" is already a field of the items", "choose another name for the look-up")
	}
	known := value.Schema{}
	if row != nil {
		known = *row
	}
	items = items.With(name, known)
	return &value.Schema{Type: value.List, Items: &items}, nil
}
