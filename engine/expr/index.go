package expr

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

// index is a[i], or a[name] with a name that is calculated.
func (c *compiler) index(n *ast.MemberNode, guarded bool) part {
	base, key := c.node(n.Node, guarded || n.Optional), c.compile(n.Property)
	guarded = guarded || n.Optional
	p := part{label: base.label + "[" + key.label + "]", at: c.pos(n), path: base.path}
	switch base.kind() {
	case value.List:
		c.fits(key, kNumber)
		p.typ = base.typ.Items
	case value.Object:
		c.fits(key, kText)
	default:
		c.fits(base, kList|kObject)
		c.fits(key, kNumber|kText)
	}
	p.run = func(f *Frame) (value.Value, error) {
		o, err := base.run(f)
		if err != nil {
			return o, err
		}
		k, err := key.run(f)
		if err != nil {
			return k, err
		}
		switch {
		case guarded && o.IsNone():
			return o, nil
		case o.Kind() == value.List:
			return p.item(o, k, key, guarded)
		case o.Kind() == value.Object && k.Kind() == value.Text:
			return p.memberNamed(base.typ, o, k.Text(), guarded)
		case o.Kind() == value.Object:
			return k, key.unfit(k, "the name of a field", kText)
		}
		return o, base.unfit(o, "[…]", kList|kObject)
	}
	return p
}

func (p *part) item(list, at value.Value, key part, guarded bool) (value.Value, error) {
	i, ok := at.Int64()
	if !ok {
		return at, key.unfit(at, "[…] counts from 0 and", kNumber)
	}
	n := int64(list.Len())
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		if guarded {
			return value.Value{}, nil
		}
		return value.Value{}, p.fail("PC225", fmt.Sprintf("%s is beyond the list, which has %d items", p.label, n), "write ?? null behind it if the list may be shorter")
	}
	return list.At(int(i)), nil
}

func (p *part) memberNamed(t *value.Schema, o value.Value, name string, guarded bool) (value.Value, error) {
	v := o.Get(name)
	if v.Kind() == value.Absent && !guarded {
		if _, declared := t.Member(name); !declared {
			return v, p.gone(strings.TrimSuffix(p.label, "]")+` = "`+name+`"]`, name, o)
		}
	}
	return p.shapedAs(t, name, v)
}

// shapedAs reads the member of an object as its schema says.
func (p *part) shapedAs(t *value.Schema, name string, v value.Value) (value.Value, error) {
	m, ok := t.Member(name)
	if !ok {
		return v, nil
	}
	sub := part{typ: m, path: strings.TrimPrefix(p.path+"."+name, "."), label: name, at: p.at}
	if read := sub.reader(); read != nil && !v.IsNone() {
		return read(v)
	}
	return v, nil
}
