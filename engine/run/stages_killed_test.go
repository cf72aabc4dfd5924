package run

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// ends is what a cell of the tables comes to, whatever acts it took.
func ends(cell string) string {
	_, end, _ := strings.Cut(cell, "→")
	return strings.TrimSpace(end)
}

// killedAfter runs everything, and kills the run after the nth durable step of its way: a transaction
// that is on disk, or a request that was answered. Without so many, the run comes to its end.
func (r *rig) killedAfter(n int) (point string, killed bool) {
	r.t.Helper()
	passed := 0
	_, err := r.try(Options{Full: true, Reached: func(p string) bool {
		if strings.HasPrefix(p, "after ") {
			passed++
			point = p
		}
		return passed <= n
	}})
	if err != nil && !errors.Is(err, ErrAbandoned) {
		r.t.Fatal(err)
	}
	return point, err != nil
}

// peace runs until all that goes on by itself has gone on.
func (r *rig) peace() {
	r.t.Helper()
	for range 3 {
		r.clock.advance(longest + time.Minute)
		if _, err := r.try(full); err != nil {
			r.t.Fatal(err)
		}
	}
	r.settled()
	r.once()
}

// TestWithdrawnAndKilled kills after each durable step of a withdrawal and of a return. Whoever comes
// back in between is as one that never went, or as one that was taken back: there is no third.
func TestWithdrawnAndKilled(t *testing.T) {
	all := standings()
	for _, c := range withdrawnCells {
		if c.stage != "audited" && c.stage != "submitted, to be audited" {
			continue
		}
		s := all[slices.IndexFunc(all, func(s standing) bool { return s.name == c.stage })]
		for leaving, leave := range leavings {
			t.Run(strings.Join([]string{c.stage, c.policy, leaving}, ", "), func(t *testing.T) {
				eachStep(t, func(t *testing.T, n int) (string, bool) {
					r := s.withdrawing(t, withdrawals[c.policy])
					leave(r)
					point, killed := r.killedAfter(n)
					r.peace()
					r.wantEnd(point, ends(c.withdrawn))
					return point, killed
				})
				for returning, back := range returnings {
					returned, stayed := c.unchanged, "audited 1"
					if returning == "changed" {
						returned, stayed = c.changed, "audited 2"
					}
					eachStep(t, func(t *testing.T, n int) (string, bool) {
						r := s.withdrawing(t, withdrawals[c.policy])
						was := r.src.rows[0]
						leave(r)
						point, killed := r.killedAfter(n)
						back(r, was)
						r.peace()
						r.wantEnd(point+", and returns "+returning, ends(returned), stayed)
						return point, killed
					})
					if c.policy == "hold" || c.policy == "ignore" {
						continue // a change like any other
					}
					eachStep(t, func(t *testing.T, n int) (string, bool) {
						r := s.withdrawing(t, withdrawals[c.policy])
						was := r.src.rows[0]
						leave(r)
						r.killedAfter(1 << 30)
						back(r, was)
						point, killed := r.killedAfter(n)
						r.peace()
						r.wantEnd(point+" of its return "+returning, ends(returned))
						return point, killed
					})
				}
			})
		}
	}
}

// eachStep tells a story once for each step after which it can be killed.
func eachStep(t *testing.T, story func(t *testing.T, n int) (string, bool)) {
	t.Helper()
	var points []string
	for n := 0; !t.Failed(); n++ {
		point, killed := story(t, n)
		if !killed {
			break
		}
		points = append(points, point)
	}
	if !slices.Contains(points, "after outcome") && !slices.Contains(points, "after gone") {
		t.Errorf("it was killed only at %v", points)
	}
}

func (r *rig) wantEnd(when string, any ...string) {
	r.t.Helper()
	if got := ends(r.cell()); !slices.Contains(any, got) {
		r.t.Errorf("killed %s: the target holds %s, want %s\n%s", when, got, strings.Join(any, " or "), r.exceptions())
	}
}
