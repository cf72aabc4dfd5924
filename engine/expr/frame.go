package expr

import (
	"time"

	"github.com/pipectl/pipectl/engine/value"
)

// Frame is what one record shows to its expressions. It belongs to one goroutine.
type Frame struct {
	Source value.Value   // the record as read
	Doc    value.Value   // the document, once a map has built it
	Slots  []value.Value // values of let, look-up and each names, by Slot; as many as Scope.Size
	Time   time.Time     // run.time: fixed for a run
	Budget int           // what is left of the steps that the record's expressions may take; see DefaultBudget

	locals []value.Value // items of closures and let names of the running expression
}

// Slot is the place of a bound name in a Frame.
type Slot int

// DefaultBudget is how many steps the expressions of one record may take together: items walked
// over, and texts built, by the kilobyte. It is far above every honest mapping, and reached within a second.
const DefaultBudget = 2_000_000
