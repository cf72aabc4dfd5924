package expr

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/value"
)

const (
	maxText = 16 << 20  // bytes of a text that is put together
	maxList = 1_000_000 // items of a list that is put together

	maxWeight = 4_000_000 // of what is put together: see value.Weight
)

func (c *compiler) textLiteral(n *ast.StringNode) part {
	if !value.Valid(n.Value) {
		return c.mistake(c.pos(n), "PC213", "text literal is not valid UTF-8, or contains NUL", "write the characters themselves")
	}
	p := konst(value.OfLiteral(n.Value), tText)
	p.label = value.OfText(n.Value).Display()
	return p
}

// numberLiteral takes the number from the text, as the parser has made binary floating point of it.
func (c *compiler) numberLiteral(n ast.Node) part {
	loc := n.Location()
	written := strings.ReplaceAll(runes(c.text, loc.From, loc.To), "_", "")
	v, ok := value.ParseNumber(written)
	if i, isInt := n.(*ast.IntegerNode); !ok && isInt { // hexadecimal, octal, binary
		v, ok = value.OfInt(int64(i.Value)), true
	}
	if !ok {
		return c.mistake(c.pos(n), "PC205", "number "+written+" can't be read", "write it plain: 1250.50")
	}
	p := konst(v, tNumber)
	p.label = written
	return p
}

// runes is the part of a text between two characters.
func runes(s string, from, to int) string {
	start, n := len(s), 0
	for i := range s {
		if n == from {
			start = i
		}
		if n == to {
			return s[min(start, i):i]
		}
		n++
	}
	return s[start:]
}

func (c *compiler) list(n *ast.ArrayNode) part {
	parts := make([]part, len(n.Nodes))
	var items *value.Schema
	constant := true
	for i, x := range n.Nodes {
		parts[i] = c.compile(x)
		if i == 0 {
			items = parts[i].typ
		} else {
			items = common(items, parts[i].typ)
		}
		constant = constant && parts[i].konst != nil
	}
	t := listOf(items)
	if constant {
		values := make([]value.Value, len(parts))
		for i, p := range parts {
			values[i] = *p.konst
		}
		return konst(value.ListOf(values), t)
	}
	self := part{label: shorten(n.String()), at: c.pos(n), typ: t}
	self.run = func(f *Frame) (value.Value, error) {
		values := make([]value.Value, len(parts))
		for i := range parts {
			var err error
			if values[i], err = parts[i].run(f); err != nil {
				return value.Value{}, err
			}
		}
		return self.newList(f, values)
	}
	return self
}

// newList makes a list of calculated items. JSON has no absent items; leaving one out would move
// those behind it.
func (p *part) newList(f *Frame, items []value.Value) (value.Value, error) {
	if err := f.spend(p, len(items)/8+1); err != nil {
		return value.Value{}, err
	}
	if len(items) > maxList {
		return value.Value{}, p.tooLarge(fmt.Sprintf("a list of %d items", len(items)))
	}
	for i, x := range items {
		if x.Kind() == value.Absent {
			return value.Value{}, p.fail("PC221", fmt.Sprintf("%s: item %d is absent", p.label, i), "write ?? null for an item without a value, or leave it out with filter")
		}
	}
	return p.shallow(value.ListOf(items))
}

func (p *part) newObject(f *Frame, names []string, values []value.Value) (value.Value, error) {
	if err := f.spend(p, len(names)/8+1); err != nil {
		return value.Value{}, err
	}
	return p.shallow(value.ObjectOf(names, values))
}

func (p *part) shallow(v value.Value) (value.Value, error) {
	if v.Weight() > maxWeight {
		return value.Value{}, p.tooLarge("a value that holds too much")
	}
	if v.Depth() > value.MaxDepth {
		return value.Value{}, p.tooLarge(fmt.Sprintf("lists or objects more than %d levels deep", value.MaxDepth))
	}
	return v, nil
}

// newText makes a text, if it stays within its limit.
func (p *part) newText(f *Frame, s string) (value.Value, error) {
	if len(s) > maxText {
		return value.Value{}, p.tooLarge("a text of more than 16 MiB")
	}
	return value.OfText(s), f.spend(p, len(s)>>10)
}

func (c *compiler) object(n *ast.MapNode) part {
	names, keys, parts := make([]string, len(n.Pairs)), make([]part, len(n.Pairs)), make([]part, len(n.Pairs))
	fixed := true
	seen := map[string]bool{}
	schema := value.Schema{Type: value.Object, Properties: map[string]value.Schema{}}
	for i, x := range n.Pairs {
		pair, _ := x.(*ast.PairNode) // the parser makes nothing else
		keys[i], parts[i] = c.compile(pair.Key), c.compile(pair.Value)
		if keys[i].konst == nil {
			c.fits(keys[i], kText)
			fixed = false
			continue
		}
		names[i], _ = value.KeyText(*keys[i].konst)
		if k := *keys[i].konst; k.Kind() == value.Text {
			names[i] = k.Text()
		}
		if seen[names[i]] {
			return c.mistake(keys[i].at, "PC213", fmt.Sprintf("key %q comes twice", names[i]), "keep one of them")
		}
		seen[names[i]] = true
		member := value.Schema{}
		if parts[i].typ != nil {
			member = *parts[i].typ
		}
		schema.Names = append(schema.Names, names[i])
		schema.Properties[names[i]] = member
	}
	self := part{label: shorten(n.String()), at: c.pos(n), typ: &schema}
	if !fixed {
		self.typ = tObject
	}
	self.run = func(f *Frame) (value.Value, error) { return self.makeObject(f, names, keys, parts, fixed) }
	return self
}

func (p *part) makeObject(f *Frame, names []string, keys, parts []part, fixed bool) (value.Value, error) {
	values := make([]value.Value, len(parts))
	for i := range parts {
		var err error
		if values[i], err = parts[i].run(f); err != nil {
			return value.Value{}, err
		}
	}
	if fixed {
		return p.newObject(f, names, values)
	}
	names = append([]string(nil), names...)
	seen := make(map[string]bool, len(names))
	for i := range keys {
		if keys[i].konst == nil {
			k, err := keys[i].run(f)
			if err != nil {
				return value.Value{}, err
			}
			if k.Kind() != value.Text {
				return value.Value{}, keys[i].unfit(k, "a key", kText)
			}
			names[i] = k.Text()
		}
		if seen[names[i]] {
			return value.Value{}, p.fail("PC222", fmt.Sprintf("%s: key %q comes twice", p.label, names[i]), "two values would share one name")
		}
		seen[names[i]] = true
	}
	return p.newObject(f, names, values)
}
