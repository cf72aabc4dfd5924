package lingxing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// sweep reads the pages of one list. The list may move while it is read: rows leave it when they
// change, and all behind them slide up, over the edge of a page that was read already.
type sweep struct {
	c      *conn
	o      *object
	params map[string]any

	length int    // rows in a full page: as asked for, or as many as the server really gives
	total  int    // as last said; -1: not said
	steady bool   // it never changed
	before []byte // first row of the page read before: the same again means that pages don't turn
	liar   bool   // its total was found to count rows that no page has: an empty page is the end
}

// page is one page as it came.
type page struct {
	rows  []json.RawMessage
	total int
	time  time.Time // of the vendor's clock; zero when it isn't told
	asked time.Time
}

// at reads the page that begins at row number offset.
func (s *sweep) at(ctx context.Context, offset int) (page, error) {
	params := maps.Clone(s.params)
	if s.length == 0 {
		s.length = max(s.o.least, min(s.c.cfg.Page, s.o.most))
	}
	switch s.o.paged {
	case offsets:
		params["offset"], params["length"] = offset, s.length
	case pages:
		params["page"], params["page_size"] = offset/s.length+1, s.length
	case single:
	}
	asked := s.c.now()
	e, rows, err := s.c.list(ctx, s.o, params)
	if err != nil {
		return page{}, err
	}
	p := page{rows: rows, total: e.total, time: e.time, asked: asked}
	if p.total < len(rows) {
		p.total = -1 // 0 beside rows, as some services say: it counts nothing
	}
	return p, s.turned(p, offset)
}

// turned refuses a page that is the one before once more: it would be read for ever, and what the
// other pages hold would never come.
func (s *sweep) turned(p page, offset int) error {
	if len(p.rows) == 0 {
		return nil
	}
	same := s.before != nil && bytes.Equal(s.before, p.rows[0])
	s.before = p.rows[0]
	if !same {
		return nil
	}
	return s.untrue(fmt.Sprintf("answers the same page again at row %d", offset))
}

func (s *sweep) untrue(what string) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: idPaging, Reason: s.c.name + ": " + s.o.path + " " + what,
		Hint: "nothing was skipped: it is read again; when it lasts, tell the vendor's support",
	}
}

// first reads the first page and learns how long pages really are.
func (s *sweep) first(ctx context.Context) (page, error) {
	p, err := s.at(ctx, 0)
	if err != nil {
		return page{}, err
	}
	s.total, s.steady = p.total, true
	if p.total > 0 && len(p.rows) == 0 && !s.liar {
		return page{}, s.untrue(fmt.Sprintf("speaks of %d rows and lists none", p.total))
	}
	if s.o.paged != single && len(p.rows) > 0 && len(p.rows) < s.length && p.total > len(p.rows) {
		s.length = len(p.rows) // the server cuts long pages without a word
	}
	return p, nil
}

// all says that the first page holds everything.
func (s *sweep) all(p page) bool {
	switch {
	case s.o.paged == single || len(p.rows) == 0:
		return true
	}
	return p.total >= 0 && len(p.rows) >= p.total // without a total only asking once more tells
}

// forwards reads from the first page to the last.
func (s *sweep) forwards(ctx context.Context, each func(rows []json.RawMessage, asked time.Time, end bool) error) error {
	s.before = nil
	p, err := s.first(ctx)
	for offset := 0; err == nil; {
		offset += len(p.rows)
		if p.total >= 0 {
			s.steady = s.steady && p.total == s.total
		}
		end := s.o.paged == single || len(p.rows) == 0 || p.total >= 0 && offset >= p.total
		if len(p.rows) == 0 && p.total > offset {
			s.steady = false // it promised more than it has
		}
		if err := each(p.rows, p.asked, end); err != nil || end {
			return err
		}
		if s.o.paged == pages {
			offset = (offset + s.length - 1) / s.length * s.length
		}
		p, err = s.at(ctx, offset)
	}
	return err
}

// tries is how often a list is read again because rows came into it meanwhile.
const tries = 5

// backwards reads from the last page to the first, given the first: rows that leave the list
// meanwhile then cause a repetition and never a gap. Rows that come into it may push others to
// pages that were read already, so then it is read again, until as many were seen as there are.
func (s *sweep) backwards(ctx context.Context, each func(p page, last bool) error) error {
	seen := map[string]bool{}
	for range tries {
		done, err := s.backOnce(ctx, seen, each)
		if err != nil || done {
			return err
		}
	}
	return s.untrue("grows faster than it can be read")
}

func (s *sweep) backOnce(ctx context.Context, seen map[string]bool, each func(p page, last bool) error) (done bool, err error) {
	count := s.total
	s.before = nil
	for k := (count - 1) / s.length; k >= 0; k-- {
		p, err := s.at(ctx, k*s.length)
		if err != nil {
			return false, err
		}
		for _, raw := range p.rows {
			seen[s.identity(raw)] = true
		}
		s.total = max(s.total, p.total)
		done = k == 0 && (s.total == count || len(seen) >= s.total)
		if err := each(p, done); err != nil {
			return false, err
		}
	}
	return done, nil
}

// identity is what makes a row this one and no other, whatever changes in it.
func (s *sweep) identity(raw []byte) string {
	data := s.c.record(s.o, raw).Data
	key, _ := value.KeyText(data.Get(s.o.key))
	return value.JoinKey(shopOf(data), key)
}
