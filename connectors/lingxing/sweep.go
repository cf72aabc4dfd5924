package lingxing

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/fnv"
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

	length int  // rows in a full page: as asked for, or as many as the server really gives
	total  int  // as last said; -1: not said
	steady bool // it never changed, and no row came twice
	liar   bool // its total was found to count rows that no page has: an empty page is the end
	// met are the pages read so far: one of them again means that pages don't turn.
	met map[[sha256.Size]byte]bool
	// rows are those read so far, where the whole list is read once: one of them again took the place
	// of another.
	rows map[uint64]bool
}

// mostPages is far beyond every list: one that goes on longer has no end.
const mostPages = 100_000

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
	if p.total < len(rows) || len(rows) > 0 && p.total < offset+len(rows) {
		p.total = -1 // 0 beside rows, as some services say, or the rows of one page: it counts nothing
	}
	return p, s.turned(p, offset)
}

// turned refuses a page that came before: it would be read for ever, and what the other pages hold
// would never come.
func (s *sweep) turned(p page, offset int) error {
	if len(p.rows) == 0 {
		return nil
	}
	if s.met == nil {
		s.met = map[[sha256.Size]byte]bool{}
	}
	var sum [sha256.Size]byte
	h := sha256.New()
	for _, raw := range p.rows {
		h.Write(raw)
	}
	h.Sum(sum[:0])
	switch {
	case s.met[sum]:
		return s.untrue(fmt.Sprintf("answers the same page again at row %d", offset))
	case len(s.met) == mostPages:
		return s.untrue(fmt.Sprintf("goes on for more than %d pages", mostPages))
	}
	s.met[sum] = true
	return nil
}

// nothingBehind refuses an empty page that has rows behind it: they would never be read.
func (s *sweep) nothingBehind(ctx context.Context, offset int) error {
	p, err := s.at(ctx, (offset+s.length-1)/s.length*s.length+s.length)
	if err == nil && len(p.rows) > 0 {
		err = s.untrue(fmt.Sprintf("has no rows at row %d, and rows behind them", offset))
	}
	return err
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
	return s.ends(p, 0)
}

// ends says that nothing follows the rows of a page. A total that ends with a full page may count
// that page alone: only asking once more tells, as it does where no total is said.
func (s *sweep) ends(p page, offset int) bool {
	return p.total >= 0 && offset+len(p.rows) >= p.total && len(p.rows) < s.length
}

// forwards reads from the first page to the last.
func (s *sweep) forwards(ctx context.Context, each func(rows []json.RawMessage, asked time.Time, end bool) error) error {
	s.met, s.rows = nil, map[uint64]bool{}
	p, err := s.first(ctx)
	for offset := 0; err == nil; {
		end := s.o.paged == single || len(p.rows) == 0 || s.ends(p, offset)
		offset += len(p.rows)
		if p.total >= 0 && len(p.rows) > 0 {
			s.steady = s.steady && p.total == s.total
		}
		s.steady = !s.repeats(p.rows) && s.steady
		if len(p.rows) == 0 && p.total > offset {
			s.steady = false // it promised more than it has
			if err := s.nothingBehind(ctx, offset); err != nil {
				return err
			}
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

// repeats says that a row came before: while pages are read, rows of one time may be sorted anew
// from page to page, and where one comes twice, another didn't come. Of very long lists nobody knows.
func (s *sweep) repeats(rows []json.RawMessage) (again bool) {
	if len(s.rows) > mostListed {
		return true
	}
	for _, raw := range rows {
		h := fnv.New64a()
		_, _ = h.Write(raw)
		sum := h.Sum64()
		again = again || s.rows[sum]
		s.rows[sum] = true
	}
	return again
}

// tries is how often something is read again because it changed meanwhile; passes how often a list
// is, whose rows change places with every page. 10,000 rows in ten pages, all in a new order each
// time, take some fifteen.
const (
	tries  = 5
	passes = 40
)

// sighting is when a row was met last, and how it looked.
type sighting struct {
	pass int
	sum  [sha256.Size]byte
}

// backwards reads from the last page to the first, given the first: rows that leave the list
// meanwhile then cause a repetition and never a gap. Rows that come into it may push others to pages
// that were read already, and rows of one time may stand in another order on every page. So it is
// read again, until a pass met no row twice in a list that stood still, or as many were seen as
// there are. A row is handed on again only when it changed.
func (s *sweep) backwards(ctx context.Context, each func(p page, last bool) error) error {
	seen := map[string]sighting{}
	for pass := range passes {
		done, err := s.backOnce(ctx, pass, seen, each)
		if err != nil || done {
			return err
		}
	}
	return s.untrue("grows or is sorted anew faster than it can be read")
}

func (s *sweep) backOnce(ctx context.Context, pass int, seen map[string]sighting, each func(p page, last bool) error) (done bool, err error) {
	count, behind, still := s.total, false, true
	s.met = nil
	for k := count / s.length; k >= 0; k-- { // where the last page is full, one that is empty behind it
		p, err := s.at(ctx, k*s.length)
		if err == nil {
			err = s.counted(p, k*s.length, behind)
		}
		if err != nil {
			return false, err
		}
		behind = behind || len(p.rows) > 0
		again := false
		p.rows, again = s.fresh(p.rows, pass, seen)
		still = still && !again
		s.total = max(s.total, p.total)
		done = k == 0 && (s.total == count && still || len(seen) >= s.total)
		if err := each(p, done); err != nil {
			return false, err
		}
	}
	return done, nil
}

// fresh are the rows that weren't seen yet as they are now; again: one was met in this pass already.
func (s *sweep) fresh(rows []json.RawMessage, pass int, seen map[string]sighting) (out []json.RawMessage, again bool) {
	for _, raw := range rows {
		id, now := s.identity(raw), sighting{pass, sha256.Sum256(raw)}
		before, met := seen[id]
		again = again || met && before.pass == pass
		if !met || before.sum != now.sum {
			out = append(out, raw)
		}
		seen[id] = now
	}
	return out, again
}

// counted refuses a page whose rows are more than the total says, or fewer although there are rows
// behind it: in both cases some would never be read.
func (s *sweep) counted(p page, offset int, behind bool) error {
	switch {
	case len(p.rows) > 0 && p.total < 0:
		return s.untrue(fmt.Sprintf("lists more than the %d rows that it counts", s.total))
	case behind && len(p.rows) < min(s.length, p.total-offset):
		return s.untrue(fmt.Sprintf("has %d rows at row %d, and rows behind them", len(p.rows), offset))
	}
	return nil
}

// identity is what makes a row this one and no other, whatever changes in it.
func (s *sweep) identity(raw []byte) string {
	data := s.c.record(s.o, raw).Data
	key, _ := value.KeyText(data.Get(s.o.key))
	return value.JoinKey(shopOf(data), key)
}
