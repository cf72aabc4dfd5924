package run

import (
	"context"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// byID looks again for documents that are known and did not answer to their key: a person may have
// given one another number. What is found by its id, and under the number that we know of it,
// answers as if it had been found by its key.
func (r *runner) byID(s *sink, moves []*move, answers []connector.Probed) error {
	prober, ok := connector.Can[connector.IDProber](s.conn)
	if !ok {
		return nil
	}
	var ids []string
	var at []int
	for i, mv := range moves {
		if c := mv.doc.Confirmed; c != nil && c.ID != "" && (!answers[i].Found || answers[i].ID != c.ID) {
			ids, at = append(ids, c.ID), append(at, i)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := asked(r, "probe by id", func() ([]connector.Probed, error) {
		return patiently(r, func() ([]connector.Probed, error) { return prober.ProbeIDs(context.WithoutCancel(r.ctx), s.to, ids) })
	})
	if err != nil {
		return err
	}
	for n, i := range at {
		if n < len(found) && found[n].Found {
			answers[i] = found[n]
			moves[i].renumbered = found[n].Number != moves[i].doc.Confirmed.Number
		}
	}
	return nil
}

// astray says what is wrong with a document that we know, by what the target answered; nil when it
// is where we left it.
func (s *sink) astray(mv *move, p connector.Probed) *problem.Error {
	c := mv.doc.Confirmed
	switch {
	case p.Many:
		return several(mv)
	case !p.Found:
		return vanished(mv)
	case mv.renumbered:
		return moved(mv, p)
	case c.ID != "" && p.ID != "" && p.ID != c.ID:
		return replacedByAnother(mv, p.ID)
	}
	return nil
}
