package value

// Record is one record or document: a JSON object with an index over it. The zero Record is empty.
// It is opaque so that how it is stored can change without touching a step.
type Record struct {
	raw string
	idx *index
}

type index struct{}

// JSON is the record as it was read.
func (r Record) JSON() string { return r.raw }
