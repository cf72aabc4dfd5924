package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// With target.mark each document carries in a text field of its own whose it is and with which
// content it was sent: "pipectl:OWNER:CONTENT", 41 characters. A probe that reads it back proves both.
// It is no part of the content: to begin with marks writes nothing anew.

const markWord = "pipectl:"

// ownerMark is the part of a record's marks that stays the same.
func (r *runner) ownerMark(key string) string {
	return fmt.Sprintf(markWord+"%016x:", fingerprint(r.p.Name+"\x00"+key))
}

func contentMark(h value.Hash) string { return fmt.Sprintf("%x", h[:8]) }

// marked is a document's content with its mark.
func (r *runner) marked(s *sink, mv *move) (value.Record, error) {
	if s.to.Mark == "" {
		return mv.content, nil
	}
	mv.mark = r.ownerMark(mv.j.key) + contentMark(mv.hash)
	return mv.content.With(s.to.Mark, value.OfText(mv.mark))
}

// whose says whose the document is that was found: its mark proves it, and what has none is not ours,
// unless what may be there was sent before there were marks.
func (r *runner) whose(s *sink, mv *move, p *connector.Probed) connector.Ours {
	if s.to.Mark == "" {
		return p.Ours
	}
	x, owner := mv.doc.Pending, r.ownerMark(mv.j.key)
	if x != nil && x.Mark != "" {
		owner = x.Mark[:len(owner)] // the pipeline may have another name since
	}
	switch {
	case strings.HasPrefix(p.Mark, owner):
		return connector.MadeByUs
	case p.Mark == "" && x != nil && x.Mark == "":
		return p.Ours
	}
	return connector.MadeByAnother
}

// carries says that the document that was found has the very content of the newest send.
func carries(x *state.Pending, p *connector.Probed) bool {
	return x != nil && x.Mark != "" && p.Mark == x.Mark
}

// changeProven says that the mark proves that a change has been done: it was another one before, and
// nothing else is on its way that could still overwrite it.
func changeProven(x *state.Pending, c *state.Confirmed, p *connector.Probed) bool {
	return carries(x, p) && x.Action == state.Update && x.Sends == 1 && !x.Mixed && !c.Unsure && c.Hash != x.Hash
}

// remarked says that the mark is that of other content than ours. Only where the target tells no time
// of change: a mark that stood still while the pipeline wrote none proves nothing.
func remarked(c *state.Confirmed, p *connector.Probed) bool {
	return p.Modified.IsZero() && strings.HasPrefix(p.Mark, markWord) && !strings.HasSuffix(p.Mark, ":"+contentMark(c.Hash))
}

// byMark looks by their marks for documents that were created and don't answer to their numbers: the
// target may have numbered them by itself.
func (r *runner) byMark(s *sink, moves []*move, answers []connector.Probed) error {
	var marks []string
	var at []int
	for i, mv := range moves {
		if x := mv.doc.Pending; x != nil && x.Mark != "" && mv.doc.Confirmed == nil && !answers[i].Found {
			marks, at = append(marks, x.Mark), append(at, i)
		}
	}
	if len(marks) == 0 || s.to.Mark == "" {
		return nil
	}
	to := s.to
	to.Key = s.to.Mark
	found, err := asked(r, "probe by mark", func() ([]connector.Probed, error) {
		return patiently(r, func() ([]connector.Probed, error) { return s.prober.Probe(context.WithoutCancel(r.ctx), to, marks) })
	})
	if err != nil {
		return err
	}
	for n, i := range at {
		if n < len(found) && found[n].Found {
			answers[i], moves[i].renumbered = found[n], true
		}
	}
	return nil
}

// otherwise ends a create that was found by its mark, under another number than the one that was sent.
func (r *runner) otherwise(s *sink, mv *move, p connector.Probed) {
	if s.proven.Load() { // the target keeps numbers, so it was a person
		mv.doc.Confirmed.Number = mv.ref.Key
		mv.stop(moved(mv, p))
		return
	}
	r.numberedItself(mv, p.Number)
}
