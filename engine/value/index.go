package value

// text is the decoded text of a key or text node.
func (n node) text(raw string) string {
	t := raw[n.start:n.end]
	if n.meta&escFlag != 0 {
		return unescape(t)
	}
	return t
}

func (n node) is(raw, name string) bool {
	if n.meta&escFlag != 0 {
		return unescape(raw[n.start:n.end]) == name
	}
	return int(n.end-n.start) == len(name) && raw[n.start:n.end] == name
}

// value is the value at a node.
func (b *body) value(i uint32) Value {
	n := b.nodes[i]
	switch k := Kind(n.meta & kindMask); k {
	case Text:
		v := Value{kind: Text, flag: plain, str: b.raw[n.start:n.end]}
		if n.meta&escFlag != 0 {
			v.flag = escaped
		}
		return v
	case Number:
		return Value{kind: Number, str: b.raw[n.start:n.end]}
	case Bool:
		return OfBool(b.raw[n.start] == 't')
	case List, Object:
		return Value{kind: k, num: int64(i), ref: b}
	default:
		return Value{kind: k}
	}
}

// key is the node of the key called name of the object at obj, or 0.
func (b *body) key(obj uint32, name string) uint32 {
	end := b.nodes[obj].next
	for k := obj + 1; k < end; k = b.nodes[k+1].next {
		if b.nodes[k].is(b.raw, name) {
			return k
		}
	}
	return 0
}

func (b *body) member(obj uint32, name string) Value {
	if k := b.key(obj, name); k != 0 {
		return b.value(k + 1)
	}
	return Value{}
}

func (b *body) members(obj uint32, yield func(string, Value) bool) {
	end := b.nodes[obj].next
	for k := obj + 1; k < end; k = b.nodes[k+1].next {
		if !yield(b.nodes[k].text(b.raw), b.value(k+1)) {
			return
		}
	}
}
