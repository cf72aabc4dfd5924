package run

import "sync"

// tracker knows which pages are finished: the cursor stands at the end of the longest finished
// prefix, and moves in the transaction that holds the outcome of the last record before it.
type tracker struct {
	mu     sync.Mutex
	pages  []*page
	cursor string
	moved  bool
	frozen bool  // a transaction failed: what it held has no outcome, so the cursor moves no more
	latest int64 // the latest instant of a page
}

type page struct {
	left int    // records without an outcome, and one more until the page is closed
	safe string // the cursor that it proves
}

// begin puts a page at the end of the line; it stays unfinished until it is closed.
func (t *tracker) begin(records int, safe string) *page {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &page{left: records + 1, safe: safe}
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
		if safe := t.pages[0].safe; safe != "" && safe != t.cursor {
			t.cursor, t.moved = safe, true
		}
		t.pages = t.pages[1:]
	}
}

// take gives the cursor when it has moved since it was taken last.
func (t *tracker) take() (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	moved := t.moved && !t.frozen
	t.moved = false
	return t.cursor, moved
}

// freeze keeps the cursor where it was stored last.
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
