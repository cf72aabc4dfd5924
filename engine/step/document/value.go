package document

import (
	"regexp"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// value compiles what stands behind a field's name; nil after a mistake.
func (c *compiler) value(n *spec.Node, in *step.Scope, at place) node {
	switch {
	case n.Kind == spec.List:
		return c.array(n, in, at)
	case n.Kind == spec.Scalar:
		return c.leaf(n, in, at)
	case n.Get("case") != nil || n.Get("else") != nil:
		return c.choice(n, in, at)
	case isConst(n):
		return c.constant(n.Get("const"), at)
	case n.Get("each") != nil:
		return c.list(n, in, at)
	}
	if at.schema != nil && at.schema.Type == value.List {
		c.report(n.At, "PC253", "target field "+at.field+" is a list of lines, and one object stands there", "add each: {line: LIST}, or put - before the object")
		return nil
	}
	if at.schema != nil && at.schema.Type != value.Object && at.schema.Type != value.Absent {
		c.report(n.At, "PC253", "target field "+at.field+" is "+at.schema.Type.String()+", and an object stands there", "write one expression")
		return nil
	}
	return c.object(n, in.Child(), at)
}

// isConst says that a mapping is nothing but {const: TEXT}.
func isConst(n *spec.Node) bool {
	return len(n.Members) == 1 && n.Members[0].Name() == "const" && n.Members[0].Value.Kind == spec.Scalar
}

func (c *compiler) leaf(n *spec.Node, in *step.Scope, at place) node {
	before := len(c.problems)
	e := c.expr(spec.ReadExpr(n, &c.problems), in)
	if e == nil {
		c.literal(n, before)
		return nil
	}
	c.fits(e, at)
	return &leaf{Expr: e, field: at.field}
}

var oneWord = regexp.MustCompile(`^[\pL\pN_.-]+$`)

// literal adds to the complaint of an unknown name that a text was probably meant.
func (c *compiler) literal(n *spec.Node, before int) {
	if len(c.problems) != before+1 || n.Style != spec.Plain || !oneWord.MatchString(n.Text) {
		return
	}
	p := *c.problems[before]
	if p.ID == "PC206" && strings.Contains(p.Reason, n.Text) {
		p.Hint = "for the text " + n.Text + " put it under const; " + p.Hint
		c.problems[before] = &p
	}
}

// fits compares what an expression answers with what the target wants.
func (c *compiler) fits(e *step.Expr, at place) {
	if at.schema == nil || at.schema.Type == value.Absent {
		return
	}
	have, want := e.Type(), *at.schema
	_, literal := e.Const()
	switch {
	case have.Type <= value.Null || have.Type == want.Type:
	case want.Type == value.Text && have.Type == value.Number && literal:
		c.report(e.At(), "PC252", "target field "+at.field+" wants a text, and "+e.Text()+" is a number", "put it under const: everything there is text")
	case want.Type == value.Instant && have.Type == value.Text, want.Type == value.Text && have.Type == value.Instant:
	case want.Type == value.Object && want.Known():
		c.report(e.At(), "PC253", "target field "+at.field+" is an object, and "+e.Text()+" is "+have.Type.String(), "map its fields: "+at.field+"."+want.Names[0])
	case want.Type == value.List:
		c.report(e.At(), "PC253", "target field "+at.field+" is a list, and "+e.Text()+" is "+have.Type.String(), "write a mapping with each, or a list")
	default:
		c.report(e.At(), "PC253", "target field "+at.field+" wants "+want.Type.String()+", and "+e.Text()+" is "+have.Type.String(), convert(want.Type))
	}
}

func convert(want value.Kind) string {
	switch want {
	case value.Text:
		return "make a text of it: text(x)"
	case value.Number:
		return "make a number of it: number(x)"
	case value.Bool:
		return `compare it: x == "1"`
	case value.Absent, value.Null, value.Instant, value.List, value.Object:
	}
	return "map another field"
}

// consts reads the block of texts that are the same for every document.
func (c *compiler) consts(n *spec.Node, at place, o *object) {
	if n.Kind != spec.Map {
		c.report(n.At, "PC104", "const must be a mapping of target fields, and is "+n.Kind.String(), "write const: {FIELD: TEXT}")
		return
	}
	for _, m := range n.Members {
		path := strings.Split(m.Name(), ".")
		schema, ok := c.target(m.Key, path, at)
		if !ok {
			continue
		}
		sub := place{schema: schema, field: strings.TrimPrefix(at.field+"."+m.Name(), ".")}
		if x := c.constant(m.Value, sub); x != nil {
			c.put(o, path, x, m.Key.At)
		}
	}
}

// constant makes the node of a literal: everything under const is text, as written.
func (c *compiler) constant(n *spec.Node, at place) node {
	switch {
	case n.Kind == spec.Map:
		o := &object{field: at.field, at: n.At}
		c.consts(n, at, o)
		return o
	case n.Kind == spec.List:
		a := &array{}
		for _, x := range n.Items {
			a.items = append(a.items, c.constant(x, place{field: at.field + "[]"}))
		}
		return a
	case n.Empty():
		c.report(n.At, "PC143", "target field "+at.field+" has no value under const", `write one; for an empty text write ""`)
		return nil
	}
	if s := at.schema; s != nil && s.Type != value.Text && s.Type != value.Absent && s.Type != value.Instant {
		hint := "write it outside of const, where it is an expression: " + n.Text
		if s.Type == value.Object && s.Known() {
			hint = "name one of its fields: " + at.field + "." + s.Names[0]
		}
		c.report(n.At, "PC253", "target field "+at.field+" wants "+s.Type.String()+", and const makes a text", hint)
		return nil
	}
	return &text{json: string(value.AppendText(nil, n.Text)), typ: &value.Schema{Type: value.Text}}
}

// array compiles a YAML list.
func (c *compiler) array(n *spec.Node, in *step.Scope, at place) node {
	sub := at
	sub.field += "[]"
	if s := at.schema; s != nil {
		if s.Type != value.List && s.Type != value.Absent {
			c.report(n.At, "PC253", "target field "+at.field+" is "+s.Type.String()+", and a list stands there", "write one value")
			return nil
		}
		sub.schema = s.Items
	}
	a := &array{}
	for _, x := range n.Items {
		if x.Kind == spec.Map && x.Get("each") != nil {
			if l := c.list(x, in, at); l != nil {
				a.items = append(a.items, l)
			}
			continue
		}
		if item := c.value(x, in, sub); item != nil {
			a.items = append(a.items, item)
		}
	}
	return a
}

// list compiles a mapping with each.
func (c *compiler) list(n *spec.Node, in *step.Scope, at place) node {
	if s := at.schema; s != nil && s.Type != value.List && s.Type != value.Absent {
		c.report(n.At, "PC253", "target field "+at.field+" is "+s.Type.String()+", and each makes a list", "leave each out")
		return nil
	}
	var each spec.Named[spec.Expr]
	c.problems.Add(spec.Decode(n.Get("each"), &each))
	if len(each) == 0 || len(each) > 2 {
		c.report(n.Get("each").At, "PC264", "each must name one list, or two where the second lies in the first", "write each: {line: lines}, or {line: lines, part: line.parts}")
		return nil
	}
	l := &list{field: at.field}
	in = in.Child()
	sub := place{field: at.field + "[]"}
	if at.schema != nil {
		sub.schema = at.schema.Items
	}
	for _, e := range each {
		lv, it := c.level(e, in)
		if lv == nil {
			return nil
		}
		l.levels = append(l.levels, *lv)
		sub.item = it
	}
	l.each = c.object(n, in, sub)
	return l
}

func (c *compiler) level(e spec.Entry[spec.Expr], in *step.Scope) (*level, *item) {
	compiled := c.expr(e.Value, in, value.List)
	var items *value.Schema
	if t := step.Schema(compiled); t != nil {
		items = t.Items
	}
	slot, err := in.Bind(e.Name, items, e.At, compiled.From())
	c.problems.Add(err)
	if compiled == nil {
		return nil, nil
	}
	return &level{Expr: compiled, slot: slot, name: e.Name},
		&item{slot: slot, name: e.Name, typ: items, extras: in.Extras(compiled.Text())}
}

// choice compiles case.
func (c *compiler) choice(n *spec.Node, in *step.Scope, at place) node {
	out := &choice{field: at.field, at: n.At}
	for _, m := range n.Members {
		switch m.Name() {
		case "case":
			out.at = m.Key.At
			if m.Value.Kind != spec.List || len(m.Value.Items) == 0 {
				c.report(m.Value.At, "PC104", "case must be a list of when and const", "write - {when: EXPRESSION, const: TEXT} for each case")
				return nil
			}
			for _, x := range m.Value.Items {
				c.when(x, in, at, out)
			}
		case "else":
			out.other = c.otherwise(m.Value, in, at)
		default:
			c.report(m.Key.At, "PC101", `key "`+m.Name()+`" is unknown beside case`, problem.DidYouMean(m.Name(), []string{"case", "else"}))
		}
	}
	if n.Get("case") == nil {
		c.report(n.At, "PC103", "else stands without case", "write case: with - {when: EXPRESSION, const: TEXT} for each case")
		return nil
	}
	return out
}

// otherwise is what no case fits: `reject`, or a value.
func (c *compiler) otherwise(n *spec.Node, in *step.Scope, at place) node {
	if n.Kind == spec.Scalar && n.Text == "reject" {
		return nil
	}
	return c.value(n, in, at)
}

func (c *compiler) when(n *spec.Node, in *step.Scope, at place, out *choice) {
	if n.Kind != spec.Map {
		c.report(n.At, "PC104", "a case must be a mapping, and is "+n.Kind.String(), "write {when: EXPRESSION, const: TEXT}")
		return
	}
	var w when
	for _, m := range n.Members {
		switch m.Name() {
		case "when":
			e := c.expr(spec.ReadExpr(m.Value, &c.problems), in, value.Bool)
			if e != nil {
				w.is, w.at = func(r *step.Row) (bool, error) {
					v, err := e.Eval(r)
					return v.Bool(), err
				}, e.At()
				out.show(e, c.in)
			}
		case "const":
			w.node = c.constant(m.Value, at)
		case "value":
			w.node = c.value(m.Value, in, at)
		default:
			c.report(m.Key.At, "PC101", `key "`+m.Name()+`" is unknown in a case`, problem.DidYouMean(m.Name(), []string{"when", "const", "value"}))
			return
		}
	}
	switch {
	case n.Get("when") == nil:
		c.report(n.At, "PC103", "a case lacks when", "write {when: EXPRESSION, const: TEXT}; what fits no case stands under else")
	case (n.Get("const") == nil) == (n.Get("value") == nil):
		c.report(n.At, "PC103", "a case must have either const or value", "const: TEXT is a text as written, value: EXPRESSION is calculated")
	case w.is != nil && w.node != nil:
		out.whens = append(out.whens, w)
	}
}

// show remembers how to show the value that no case fits: the first name that a case looks at.
func (c *choice) show(e *step.Expr, in *step.Scope) {
	if c.shown != nil {
		return
	}
	c.shown = func(*step.Row) string { return "the record" }
	if names := e.Names(); len(names) == 1 && len(e.Sources()) == 0 {
		if slot, ok := in.Expr.Slot(names[0]); ok {
			c.shown = func(r *step.Row) string { return names[0] + " " + r.Slots[slot].Display() }
		}
		return
	}
	if paths := e.Sources(); len(paths) == 1 {
		if path, err := value.ParsePath(paths[0]); err == nil {
			c.shown = func(r *step.Row) string { return paths[0] + " " + path.Get(r.Source).Display() }
		}
	}
}

// copies compiles `copy: all` and `copy: [fields]`.
func (c *compiler) copies(n, except *spec.Node, in *step.Scope, at place, o *object) {
	out := &copied{except: map[string]bool{}}
	c.base(out, in, at)
	switch {
	case n.Kind == spec.List:
		c.copyNames(n, out, o)
	case n.Kind == spec.Scalar && n.Text == "all":
		out.all = true
		defer within(o, out)
	default:
		c.report(n.At, "PC105", "copy must be all, or a list of fields", "write copy: all, or copy: [a, b]")
		return
	}
	if except != nil {
		c.except(except, out)
	}
	o.copies = append(o.copies, out)
}

// within lets what is mapped win over what is copied: of an object that is mapped in part, the
// other fields are copied still.
func within(o *object, all *copied) {
	for _, m := range o.members {
		all.except[m.name] = true
		sub, ok := m.node.(*object)
		if !ok {
			continue
		}
		name := value.NameOf(m.name)
		below := &copied{all: true, except: map[string]bool{}, base: func(r *step.Row) value.Value { return name.Get(all.base(r)) }}
		below.typ, _ = all.typ.Member(m.name)
		if below.typ != nil && below.typ.Type != value.Object {
			continue
		}
		below.origin = func(path string) ([]string, bool) { return all.origin(m.name + "." + path) }
		within(sub, below)
		sub.copies = append(sub.copies, below)
	}
}

// base is what fields are copied from: the innermost item, the document of the map before, or the
// record.
func (c *compiler) base(out *copied, in *step.Scope, at place) {
	switch doc, mapped := in.DocumentSchema(); {
	case at.item != nil:
		it := at.item
		out.typ = it.typ
		out.origin = func(string) ([]string, bool) { return nil, true }
		out.base = func(r *step.Row) value.Value { return r.Slots[it.slot] }
		for _, name := range it.extras {
			out.except[name] = true
		}
	case mapped:
		out.typ, out.origin = doc, in.DocumentFrom()
		out.base = func(r *step.Row) value.Value { return r.Doc }
	default:
		out.typ = in.Expr.Source()
		out.origin = func(path string) ([]string, bool) { return []string{path}, true }
		out.base = func(r *step.Row) value.Value { return r.Source }
		in.Uses("*")
	}
}

func (c *compiler) copyNames(n *spec.Node, out *copied, o *object) {
	for _, x := range n.Items {
		path, err := value.ParsePath(x.Text)
		switch _, known := out.typ.At(x.Text); {
		case err != nil || strings.ContainsAny(x.Text, ".["):
			c.report(x.At, "PC265", `"`+x.Text+`" can't be copied`, "copy names fields of the top; map others by their names")
		case out.typ.Known() && !known:
			c.report(x.At, "PC265", "field "+x.Text+" is unknown, and can't be copied", problem.DidYouMean(x.Text, out.typ.Names))
		case o.member(x.Text) != nil:
			c.report(x.At, "PC255", "target field "+x.Text+" is copied and mapped", "leave one of the two out")
		default:
			out.names, out.paths = append(out.names, x.Text), append(out.paths, path)
		}
	}
}

func (c *compiler) except(n *spec.Node, out *copied) {
	if n.Kind != spec.List || !out.all {
		c.report(n.At, "PC142", "except must be a list of fields beside copy: all", "write except: [a, b]")
		return
	}
	for _, x := range n.Items {
		if _, known := out.typ.Member(x.Text); out.typ.Known() && !known {
			c.report(x.At, "PC265", "field "+x.Text+" is unknown, and can't be left out", problem.DidYouMean(x.Text, out.typ.Names))
		}
		out.except[x.Text] = true
	}
}
