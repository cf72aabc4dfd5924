package state

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/problem"
)

// Format is the version of what this program writes. A program refuses what a newer one wrote:
// reading it half would lose what it doesn't know.
const Format = 1

type meta struct {
	Format int `json:"format"`
}

var formatKey = []byte("format")

// CheckFormat reads a store's format version, and writes ours into a new one.
func CheckFormat(s Store) error {
	var m meta
	found := false
	err := s.View(func(tx Tx) (err error) {
		found, err = getJSON(tx, Meta, formatKey, &m)
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return s.Update(func(tx Tx) error { return putJSON(tx, Meta, formatKey, meta{Format}) })
	case m.Format > Format:
		return &problem.Error{
			Class: problem.Fatal, ID: "PC501",
			Reason: fmt.Sprintf("state was written by a newer pipectl (format %d; this one knows up to %d)", m.Format, Format),
			Hint:   "use the newer pipectl, or restore a backup that was made before the upgrade",
		}
	}
	return nil
}
