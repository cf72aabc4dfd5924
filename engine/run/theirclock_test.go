package run

import (
	"testing"
	"time"
)

// A document that we wrote while our clock was wrong is still ours when the clock is right again:
// what the target says of its changes is held against its own clock.
func TestOurClockWasWrongWhenWeWrote(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, -2 * time.Minute, 2 * time.Minute, 24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			r := newRig(t)
			r.erp.tells = true
			r.erp.clock = &testClock{now: r.clock.Now()}
			run := func(delivered, held int) {
				t.Helper()
				rep, err := r.try(Options{})
				if err != nil || rep.Delivered != delivered || rep.Held != held {
					t.Fatalf("want delivered=%d held=%d: %s, %v, %s", delivered, held, shown(rep), err, r.exceptions())
				}
			}
			pass := func(d time.Duration) { r.clock.advance(d); r.erp.clock.advance(d) }
			r.src.set("1", `"qty":1`)
			r.src.set("2", `"qty":1`)
			run(2, 0)

			r.clock.advance(off)
			pass(time.Minute)
			r.src.set("1", `"qty":2`)
			run(1, 0)

			r.clock.advance(-off)
			pass(48 * time.Hour)
			r.src.set("1", `"qty":3`)
			r.src.set("2", `"qty":3`)
			run(2, 0)

			pass(time.Minute)
			r.erp.docs[0].modified = r.erp.clock.Now() // a person, seen whatever our clock did
			pass(time.Minute)
			r.src.set("1", `"qty":4`)
			run(0, 1)
			r.wantException("1 held PC406")
		})
	}
}
