package expr

import "github.com/pipectl/pipectl/engine/value"

// Shadow binds the name of a field of the record: from here on the bare name means the slot, and
// source.NAME the record's own field. A look-up for every item of a list that the source sent
// puts its rows into a copy of the list there, so that the record stays as it was read.
func (s *Scope) Shadow(name string, t *value.Schema) Slot {
	b := &binding{slot: Slot(s.root.slots), typ: t}
	s.root.slots++
	s.names[name] = b
	s.order = append(s.order, name)
	return b.slot
}

// Retype says that the values of a bound name have another schema from here on.
func (s *Scope) Retype(name string, t *value.Schema) {
	if b := s.find(name); b != nil {
		b.typ = t
	}
}
