package value

import (
	"slices"
	"strings"
)

// Record is one record or document: a JSON object with an index over it. The zero Record is empty.
// It is opaque so that how it is stored can change without touching a step. A Record belongs to
// one goroutine at a time: one made by Known is indexed at its first use.
type Record struct{ body *body }

// Known is a record whose text is known to be valid, because this program wrote it; it is indexed
// only when somebody looks inside. A text that isn't valid after all shows as an empty record.
func Known(raw string) Record { return Record{&body{raw: raw}} }

// RecordOf is an object as a record; of any other kind, the zero Record.
func RecordOf(v Value) Record {
	if v.kind != Object {
		return Record{}
	}
	if v.flag&built == 0 && v.num == 0 {
		return Record{v.ref}
	}
	return Known(string(AppendJSON(nil, v)))
}

// IsZero says that there is no record.
func (r Record) IsZero() bool { return r.body == nil }

// JSON is the record as it was read.
func (r Record) JSON() string {
	if r.body == nil {
		return ""
	}
	return r.body.raw
}

// Clone is the record with a text and an index of its own: it keeps nothing of its page alive.
func (r Record) Clone() Record {
	if r.body == nil {
		return r
	}
	return Record{&body{raw: strings.Clone(r.body.raw), nodes: slices.Clone(r.body.nodes)}}
}

// Value is the record as an Object; absent for the zero Record.
func (r Record) Value() Value {
	if r.body == nil {
		return Value{}
	}
	if r.body.nodes == nil {
		r.index()
	}
	return Value{kind: Object, ref: r.body}
}

var nothing = []node{{meta: uint32(Object), next: 1}}

func (r Record) index() {
	b, err := parse(r.body.raw)
	if err != nil || b.nodes[0].meta&kindMask != uint32(Object) {
		r.body.nodes = nothing
		return
	}
	r.body.nodes = b.nodes
}

// Get is a member of the record; see Path for the members of members.
func (r Record) Get(name string) Value { return r.Value().Get(name) }
