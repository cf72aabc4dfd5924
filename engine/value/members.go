package value

import (
	"iter"
)

// Len is the number of items of a List or of members of an Object; 0 for other kinds.
func (v Value) Len() int {
	switch {
	case v.kind != List && v.kind != Object:
		return 0
	case v.flag&built == 0:
		return int(v.ref.nodes[v.num].meta >> countShift)
	case v.ref.more == nil:
		return len(v.ref.items)
	}
	n := 0
	for range v.Members() {
		n++
	}
	return n
}

// Get is the member of an Object; absent where there is none, and for other kinds.
func (v Value) Get(name string) Value {
	switch {
	case v.kind != Object:
		return Value{}
	case v.flag&built == 0:
		return v.ref.member(uint32(v.num), name)
	}
	for i, n := range v.ref.names {
		if n == name {
			return v.ref.items[i]
		}
	}
	if v.ref.more != nil {
		return v.ref.more.base.Get(name)
	}
	return Value{}
}

// At is the item of a List; absent outside it. Walk with Items instead of counting up.
func (v Value) At(i int) Value {
	if v.kind != List || i < 0 {
		return Value{}
	}
	if v.flag&built != 0 {
		if i < len(v.ref.items) {
			return v.ref.items[i]
		}
		return Value{}
	}
	if i >= v.Len() {
		return Value{}
	}
	n := uint32(v.num) + 1
	for ; i > 0; i-- {
		n = v.ref.nodes[n].next
	}
	return v.ref.value(n)
}

// Items walks over the items of a List, in order.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		w := v.Walk()
		for x, ok := w.Next(); ok; x, ok = w.Next() {
			if !yield(x) {
				return
			}
		}
	}
}

// Walk is a walk over the items of a List without a function call for each; see Items.
type Walk struct {
	ref  *body
	at   uint32 // of a record's list
	end  uint32
	rest []Value // of a built list
}

// Walk begins at the first item.
func (v Value) Walk() Walk {
	switch {
	case v.kind != List:
		return Walk{}
	case v.flag&built != 0:
		return Walk{rest: v.ref.items}
	}
	return Walk{ref: v.ref, at: uint32(v.num) + 1, end: v.ref.nodes[v.num].next}
}

// Next is the next item, and whether there was one.
func (w *Walk) Next() (Value, bool) {
	if w.at < w.end {
		x := w.ref.value(w.at)
		w.at = w.ref.nodes[w.at].next
		return x, true
	}
	if len(w.rest) == 0 {
		return Value{}, false
	}
	x := w.rest[0]
	w.rest = w.rest[1:]
	return x, true
}

// List is the items of a List as a slice, which must not be changed.
func (v Value) List() []Value {
	if v.kind != List {
		return nil
	}
	if v.flag&built != 0 {
		return v.ref.items
	}
	out := make([]Value, 0, v.Len())
	for x := range v.Items() {
		out = append(out, x)
	}
	return out
}

// Members walks over the members of an Object, in order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		switch {
		case v.kind != Object:
		case v.flag&built == 0:
			v.ref.members(uint32(v.num), yield)
		case v.ref.more == nil:
			for i, n := range v.ref.names {
				if !yield(n, v.ref.items[i]) {
					return
				}
			}
		default:
			v.overlaid(yield)
		}
	}
}

// overlaid walks over an object made by ObjectWith: the members below, with the one on top in its
// place, or last.
func (v Value) overlaid(yield func(string, Value) bool) {
	name, top, seen := v.ref.names[0], v.ref.items[0], false
	for n, x := range v.ref.more.base.Members() {
		if n == name {
			x, seen = top, true
		}
		if x.kind != Absent && !yield(n, x) {
			return
		}
	}
	if !seen && top.kind != Absent {
		yield(name, top)
	}
}
