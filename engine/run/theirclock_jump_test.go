package run

import (
	"fmt"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
)

// The target's clock jumps, and is set right again, while a document is in doubt and while none is:
// nothing is lost, nothing written twice, the newest stands there, and nobody is asked.
func TestTheTargetsClockJumps(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, -20 * time.Minute, -2 * time.Minute, 2 * time.Minute, 24 * time.Hour} {
		for name, f := range map[string]fault{"nothing in doubt": none, "the answer is lost": lostAns, "the request is lost": lostReq, "it comes late": lateWork} {
			for _, c := range []struct {
				tells, mute bool // the time; not whose documents are
			}{{true, false}, {true, true}} {
				t.Run(fmt.Sprint(off, " ", name, " ", c), func(t *testing.T) {
					r := newRig(t)
					r.erp.tells, r.erp.mute, r.erp.clock = c.tells, c.mute, &testClock{now: r.clock.Now()}
					pass := func(d time.Duration) { r.clock.advance(d); r.erp.clock.advance(d) }
					quiet := func(what string) {
						t.Helper()
						for range 12 {
							rep, err := r.try(Options{})
							if err != nil || rep.Status == Failed {
								t.Fatalf("%s: %s, %v", what, shown(rep), err)
							}
							if rep.Status == Done && rep.Waiting == 0 && r.exceptions() == "" {
								return
							}
							pass(11 * time.Minute)
						}
						t.Fatalf("%s: it never comes to rest: %s\n%s", what, shown(r.last), r.exceptions())
					}
					r.src.set("1", `"qty":1`)
					r.src.set("2", `"qty":1`)
					r.run("done read=2 delivered=2 created=2")

					r.erp.clock.advance(off)
					pass(time.Minute)
					r.src.set("1", `"qty":2`)
					r.src.set("3", `"qty":2`)
					if f != none {
						r.erp.fault = func(op string, d connector.Doc) fault {
							if op == "save" && (d.Key == "SO-1" || d.Key == "SO-3") {
								return f
							}
							return none
						}
					}
					if _, err := r.try(Options{}); err != nil {
						t.Fatal(err)
					}
					r.erp.fault = nil
					quiet("while it is wrong")

					r.erp.clock.advance(-off)
					pass(26 * time.Hour)
					for _, id := range []string{"1", "2", "3"} {
						r.src.set(id, `"qty":4`)
					}
					quiet("when it is right again")
					r.wantERP(`SO-1 {"FBillNo":"SO-1","FQty":4} audited`, `SO-2 {"FBillNo":"SO-2","FQty":4} audited`, `SO-3 {"FBillNo":"SO-3","FQty":4} audited`)
				})
			}
		}
	}
}
