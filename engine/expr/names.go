package expr

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// identifier is a bare name: a let name of the expression, a word of the language, a field of the
// document after a map, a bound name, a field of the record.
func (c *compiler) identifier(n *ast.IdentifierNode, guarded bool) part {
	name := n.Value
	for _, v := range slices.Backward(c.lets) {
		if l := v; l.name == name {
			return part{typ: l.typ, label: name, run: func(f *Frame) (value.Value, error) { return f.locals[l.place], nil }}
		}
	}
	switch name {
	case "null":
		return konst(value.NullValue(), tNull)
	case "absent":
		return konst(value.Missing(), nil)
	case "source":
		c.uses["*"]++
		return part{typ: c.scope.root.source, path: "source", run: func(f *Frame) (value.Value, error) { return f.Source, nil }}
	case "run":
		if c.scope.find(name) == nil {
			return c.mistake(c.pos(n), "PC206", "run has no value of its own", "run.time is the time of the run")
		}
	}
	doc, b := c.scope.document(), c.scope.find(name)
	if doc != nil {
		if _, ok := doc.schema.Member(name); ok || b == nil || doc.schema == nil {
			return c.documentField(n, doc.schema, b, guarded)
		}
	}
	if b != nil {
		return c.bound(name, b)
	}
	if t := c.scope.root.source; t.Known() {
		if _, ok := t.Member(name); !ok {
			return c.unknown(n, name)
		}
	}
	c.uses[name]++
	field := part{label: name, path: name, at: c.pos(n)}
	base := part{typ: c.scope.root.source, path: "source"}
	return c.field(field, base, name, guarded)
}

func (c *compiler) bound(name string, b *binding) part {
	c.slots[name] = true
	slot := b.slot
	return part{typ: b.typ, label: name, run: func(f *Frame) (value.Value, error) { return f.Slots[slot], nil }}
}

func (c *compiler) unknown(n ast.Node, name string) part {
	hint := problem.DidYouMean(name, c.scope.Names())
	if _, isFunction := functions[name]; isFunction {
		hint = name + " is a function: " + functions[name].Signature
	}
	if _, ok := c.scope.root.source.Member(name); ok {
		hint = "after a map, fields of the record are written source." + name
	} else if c.scope.document() != nil && !c.scope.root.source.Known() {
		hint += "; a field of the record as it was read is written source." + name + " after a map"
	}
	return c.mistake(c.pos(n), "PC206", "name "+name+" is not known here", hint)
}

// documentField is a bare name after a map.
func (c *compiler) documentField(n *ast.IdentifierNode, t *value.Schema, b *binding, guarded bool) part {
	name := n.Value
	if _, ok := t.Member(name); !ok && t.Known() {
		return c.unknown(n, name)
	}
	base := part{typ: t}
	p := c.field(part{label: name, at: c.pos(n)}, base, name, guarded || b != nil)
	if b != nil && t == nil { // what the document has is known only when it is there
		inDoc, bound := p.run, c.bound(name, b).run
		p.run = func(f *Frame) (value.Value, error) {
			if v, err := inDoc(f); err != nil || v.Kind() != value.Absent {
				return v, err
			}
			return bound(f)
		}
	}
	return p
}

// field completes a part that is the member of a base which is always there: the record or the
// document.
func (c *compiler) field(p, base part, name string, guarded bool) part {
	if m, ok := base.typ.Member(name); ok {
		p.typ = m
	}
	step, must := value.NameOf(name), !base.typ.Known() && !guarded
	fromDoc := base.path == ""
	want, read := plainKind(p.typ), p.reader()
	p.run = func(f *Frame) (value.Value, error) {
		o := f.Source
		if fromDoc {
			o = f.Doc
		}
		v := step.Get(o)
		switch {
		case v.Kind() == want:
			return v, nil
		case v.Kind() == value.Absent && must:
			return v, p.gone(p.label, name, o)
		case read == nil || v.IsNone():
			return v, nil
		}
		return read(v)
	}
	return p
}

// member is a.b, a["b"] or a[1].
func (c *compiler) member(n *ast.MemberNode, guarded bool) part {
	key, isText := n.Property.(*ast.StringNode)
	if !isText {
		return c.index(n, guarded)
	}
	if id, ok := n.Node.(*ast.IdentifierNode); ok && id.Value == "run" && c.scope.find("run") == nil {
		return c.ofRun(n, key.Value)
	}
	base := c.node(n.Node, guarded || n.Optional)
	p := part{label: base.label + "." + key.Value, at: c.pos(n)}
	if base.konst != nil || base.kind() != value.Absent && base.kind() != value.Object {
		return c.noMember(n, base, key.Value)
	}
	named := n.Property.Location() == n.Location() // a.b; a["b"] is how fields are reached that an open schema does not list
	if _, ok := base.typ.Member(key.Value); !ok && base.typ.Known() && (named || !base.typ.Open) {
		hint := problem.DidYouMean(key.Value, base.typ.Names)
		return c.mistake(p.at, "PC207", base.label+" has no field "+key.Value, hint)
	}
	c.follow(&p, base, key.Value)
	if m, ok := base.typ.Member(key.Value); ok {
		p.typ = m
	}
	return c.memberOf(p, base, key.Value, guarded || n.Optional)
}

func (c *compiler) noMember(n *ast.MemberNode, base part, name string) part {
	hint := ""
	if base.kind() == value.List {
		hint = "write map(" + base.label + ", ." + name + ") for the values of all items, or " + base.label + "[0]." + name + " for the first"
	}
	return c.mistake(c.pos(n), "PC207", base.label+" is "+base.kind().String()+" and has no field "+name, hint)
}

// follow notes that the record is looked at one name further down.
func (c *compiler) follow(p *part, base part, name string) {
	switch {
	case base.path == "source":
		c.uses["*"]--
		p.path = name
	case base.path != "":
		c.uses[base.path]--
		p.path = base.path + "." + name
	default:
		return
	}
	c.uses[p.path]++
}

// memberOf completes the member of a base that may be anything.
func (c *compiler) memberOf(p, base part, name string, guarded bool) part {
	_, declared := base.typ.Member(name)
	must := !declared && !guarded
	step, get, want, read := value.NameOf(name), base.run, plainKind(p.typ), p.reader()
	p.run = func(f *Frame) (value.Value, error) {
		o, err := get(f)
		if err != nil {
			return o, err
		}
		switch o.Kind() {
		case value.Object:
		case value.Absent:
			if must {
				return o, base.fail("PC221", base.label+" is absent and has no field "+name, "write ?. in front of "+name+" if it may be missing")
			}
			return o, nil
		case value.Null:
			if guarded {
				return o, nil
			}
			return o, base.fail("PC221", base.label+" is null and has no field "+name, "write "+base.label+"?."+name+" if it may be null")
		default:
			return o, base.fail("PC222", fmt.Sprintf("%s is %s, %s, and has no field %s", base.label, o.Kind(), o.Display(), name), "")
		}
		v := step.Get(o)
		switch {
		case v.Kind() == want:
			return v, nil
		case v.Kind() == value.Absent && must:
			return v, p.gone(p.label, name, o)
		case read == nil || v.IsNone():
			return v, nil
		}
		return read(v)
	}
	return p
}

func (c *compiler) ofRun(n *ast.MemberNode, name string) part {
	if name != "time" {
		return c.mistake(c.pos(n), "PC207", "run has no field "+name, "run.time is the time of the run")
	}
	return part{typ: tInstant, label: "run.time", at: c.pos(n), run: func(f *Frame) (value.Value, error) { return value.OfTime(f.Time), nil }}
}

// chain is an expression with ?. in it: what is missing in front of one ends the whole chain.
func (c *compiler) chain(n *ast.ChainNode) part { return c.node(n.Node, true) }

// pointer is # in a closure, and what stands before the dot of .field.
func (c *compiler) pointer(n *ast.PointerNode) part {
	if len(c.closures) == 0 {
		return c.mistake(c.pos(n), "PC205", "# stands outside of a closure", "")
	}
	cl := c.closures[len(c.closures)-1]
	place, p := cl.item, part{label: "#" + n.Name, at: c.pos(n)}
	switch n.Name {
	case "":
		p.typ, p.path, p.label = cl.typ, cl.path, "item"
		if cl.path != "" {
			c.uses[cl.path]++
		}
	case "index":
		place, p.typ = cl.index, tNumber
	case "acc":
		place, p.typ = cl.acc, cl.accType
	default:
		place = -1
	}
	if place < 0 {
		return c.mistake(p.at, "PC206", "name #"+n.Name+" is not known here", "# is the item, #index its number; in reduce, #acc is what was collected")
	}
	p.run = func(f *Frame) (value.Value, error) { return f.locals[place], nil }
	return p
}

// let is `let x = …; …`.
func (c *compiler) let(n *ast.VariableDeclaratorNode) part {
	v := c.compile(n.Value)
	if _, reserved := words[n.Name]; reserved || c.named(n.Name) {
		return c.mistake(c.pos(n), "PC210", "name "+n.Name+" already means something here", "choose another name")
	}
	place := c.place()
	c.lets = append(c.lets, local{n.Name, place, v.typ})
	body := c.compile(n.Expr)
	c.lets = c.lets[:len(c.lets)-1]
	return part{typ: body.typ, at: c.pos(n), run: func(f *Frame) (value.Value, error) {
		x, err := v.run(f)
		if err != nil {
			return x, err
		}
		f.locals[place] = x
		return body.run(f)
	}}
}

func (c *compiler) named(name string) bool {
	for _, l := range c.lets {
		if l.name == name {
			return true
		}
	}
	if _, ok := c.scope.root.source.Member(name); ok && c.scope.document() == nil {
		return true
	}
	return c.scope.find(name) != nil
}
