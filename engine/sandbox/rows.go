package sandbox

import (
	"bytes"
	"encoding/json"
)

// Rows is a collection of a Dump that is too large to be made before somebody asks: At makes row i
// of N. It becomes a JSON array; the page asks for the newest rows only.
type Rows struct {
	N  int
	At func(i int) any // called from one goroutine, after Dump has returned
}

// MarshalJSON writes all rows.
func (r Rows) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('[')
	for i := range r.N {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := enc.Encode(r.At(i)); err != nil {
			return nil, err
		}
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}
