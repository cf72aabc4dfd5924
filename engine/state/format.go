package state

import (
	"fmt"

	"github.com/pipectl/pipectl/engine/problem"
)

// Format is the version of what this program writes. A program refuses what a newer one wrote:
// reading it half would lose what it doesn't know. What an older one wrote is brought up to date
// when it is opened, in one transaction.
//
//	1  the first
//	2  has buckets that 1 lacks, and fields in its rows that 1 would drop when it writes them again
const Format = 2

type meta struct {
	Format int `json:"format"`
}

var formatKey = []byte("format")

// FormatOf is the format version of a store; 0: it is new. It refuses a newer one.
func FormatOf(tx Tx) (int, error) {
	var m meta
	_, err := getJSON(tx, Meta, formatKey, &m)
	if err == nil && m.Format > Format {
		return m.Format, &problem.Error{
			Class: problem.Fatal, ID: "PC501",
			Reason: fmt.Sprintf("state was written by a newer pipectl (format %d; this one knows up to %d)", m.Format, Format),
			Hint:   "use the newer pipectl, or restore a backup that was made before the upgrade",
		}
	}
	return m.Format, err
}

// Upgrade brings a store to today's format, a new one and one of every older format. It runs in the
// transaction that makes the buckets which are missing. Rows tell their own version, so that those
// of before stay as they are until they are written again.
func Upgrade(tx Tx) error {
	was, err := FormatOf(tx)
	if err != nil || was == Format {
		return err
	}
	return putJSON(tx, Meta, formatKey, meta{Format})
}
