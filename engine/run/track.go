package run

import (
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/state"
)

// lane is one way of reading the source that is remembered. Each has a cursor of its own.
type lane uint8

const (
	unmarked lane = iota // single records, a full or a limited reading: how far it came is not remembered
	live                 // from the cursor on
	rereads              // the older window that is looked at again
	backfill             // a window that was asked for
	lanes
)

// place is how far a lane has come: a cursor, and the instant, by our clock, at which it was true.
type place struct {
	cursor string
	at     time.Time
}

// store writes how far a lane has come.
func (l lane) store(p *state.Pipeline, to place) {
	switch l {
	case live:
		p.Cursor, p.CursorAt = to.cursor, to.at
	case rereads:
		p.Rereading.Advance(to.cursor)
	case backfill:
		p.Backfill.Advance(to.cursor)
	case unmarked, lanes:
	}
}

// tracker knows which pages are finished: a lane stands at the end of its longest finished prefix,
// and moves in the transaction that holds the outcome of the last record before it.
type tracker struct {
	mu     sync.Mutex
	pages  []*page
	places [lanes]place
	moved  [lanes]bool
	frozen bool  // a transaction failed: what it held has no outcome, so nothing moves any more
	latest int64 // the latest instant of a page
}

type page struct {
	lane lane
	left int   // records without an outcome, and one more until the page is closed
	safe place // what it proves
}

// goOn begins a lane where it was left.
func (t *tracker) goOn(l lane, at place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.places[l] = at
}

// begin puts a page at the end of the line; it stays unfinished until it is closed.
func (t *tracker) begin(l lane, records int, safe place) *page {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &page{lane: l, left: records + 1, safe: safe}
	t.pages = append(t.pages, p)
	return p
}

// close says that all records of the page are on their way or done.
func (t *tracker) close(p *page) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.left--
	t.advance()
}

// done notes that jobs have their outcome.
func (t *tracker) done(jobs []*job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range jobs {
		if j.page != nil {
			j.page.left--
		}
	}
	t.advance()
}

func (t *tracker) advance() {
	for len(t.pages) > 0 && t.pages[0].left == 0 {
		p := t.pages[0]
		if p.safe.cursor != "" && p.safe.cursor != t.places[p.lane].cursor {
			t.places[p.lane], t.moved[p.lane] = p.safe, true
		}
		t.pages = t.pages[1:]
	}
}

// take gives the lanes that have moved since it was asked last; nil when none has.
func (t *tracker) take() map[lane]place {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out map[lane]place
	for l, moved := range t.moved {
		if !moved || t.frozen {
			continue
		}
		if out == nil {
			out = map[lane]place{}
		}
		out[lane(l)], t.moved[l] = t.places[l], false
	}
	return out
}

// freeze keeps all lanes where they were stored last.
func (t *tracker) freeze() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frozen = true
}

// note remembers the latest instant of a version.
func (t *tracker) note(asked int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest = max(t.latest, asked)
}

func (t *tracker) asked() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.latest
}
