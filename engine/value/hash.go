package value

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
)

// Hash is a fingerprint of canonical content: 12.0 and 12 hash alike, as do objects whose members
// come in another order. A number and a text never hash alike.
type Hash [16]byte

// String is the fingerprint in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero says that nothing was hashed.
func (h Hash) IsZero() bool { return h == Hash{} }

// Hash is the fingerprint of the record's content. One that nobody has looked into is not indexed
// by it: documents on their way are many, and most are only hashed and sent.
func (r Record) Hash() Hash {
	if r.body == nil || r.body.nodes != nil {
		return HashOf(r.Value())
	}
	p := scratch.Get().(*parser) //nolint:forcetypeassert // the pool holds nothing else
	defer p.release()
	nodes, err := p.read(r.body.raw, p.nodes[:0])
	if err != nil || Kind(nodes[0].meta&kindMask) != Object {
		return HashOf(r.Value())
	}
	return HashOf(Value{kind: Object, ref: &body{raw: r.body.raw, nodes: nodes}})
}

var hashBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// HashOf is the fingerprint of values: the first half of the SHA-256 of their canonical form.
func HashOf(values ...Value) Hash {
	buf := hashBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool holds nothing else
	b := (*buf)[:0]
	for _, v := range values {
		b = appendHashed(b, v)
	}
	sum := sha256.Sum256(b)
	if *buf = b; cap(b) < 1<<20 {
		hashBuffers.Put(buf)
	}
	return Hash(sum[:16])
}

// appendHashed writes the canonical form: a letter for the kind, and the length before what has
// one, so that no two contents share a form.
func appendHashed(dst []byte, v Value) []byte {
	switch v.kind {
	case Absent:
		return append(dst, 'a')
	case Null:
		return append(dst, 'z')
	case Bool:
		return append(dst, 'b', byte('0'+v.num))
	case Number:
		return append(v.appendCanonical(append(dst, 'n')), ';')
	case Text:
		return appendSized(append(dst, 't'), v.Text())
	case Instant:
		dst = binary.BigEndian.AppendUint64(append(dst, 'i'), uint64(v.num))
		return binary.BigEndian.AppendUint32(dst, uint32(v.exp))
	case List:
		dst = binary.AppendUvarint(append(dst, 'l'), uint64(v.Len()))
		for x := range v.Items() {
			dst = appendHashed(dst, x)
		}
		return dst
	case Object:
		return appendHashedObject(dst, v)
	}
	return dst
}

func appendSized(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

type member struct {
	name  string
	value Value
}

func appendHashedObject(dst []byte, v Value) []byte {
	if v.flag&built == 0 {
		return v.ref.appendHashed(dst, uint32(v.num))
	}
	var all []member
	for n, x := range v.Members() {
		all = append(all, member{n, x})
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	dst = binary.AppendUvarint(append(dst, 'o'), uint64(len(all)))
	for _, m := range all {
		dst = appendHashed(appendSized(dst, m.name), m.value)
	}
	return dst
}

// appendHashed does the same for an object of a record, sorting node numbers only.
func (b *body) appendHashed(dst []byte, obj uint32) []byte {
	var few [32]uint32
	keys, plainKeys := few[:0], true
	end := b.nodes[obj].next
	for k := obj + 1; k < end; k = b.nodes[k+1].next {
		keys = append(keys, k)
		plainKeys = plainKeys && b.nodes[k].meta&escFlag == 0
	}
	if plainKeys {
		slices.SortFunc(keys, func(x, y uint32) int {
			p, q := b.nodes[x], b.nodes[y]
			return strings.Compare(b.raw[p.start:p.end], b.raw[q.start:q.end])
		})
	} else {
		slices.SortFunc(keys, func(x, y uint32) int {
			return strings.Compare(b.nodes[x].text(b.raw), b.nodes[y].text(b.raw))
		})
	}
	dst = binary.AppendUvarint(append(dst, 'o'), uint64(len(keys)))
	for _, k := range keys {
		dst = appendHashed(appendSized(dst, b.nodes[k].text(b.raw)), b.value(k+1))
	}
	return dst
}
