package sandbox

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// ordered is documents in an order, in blocks, so that adding one among hundreds of thousands
// moves few of them.
type ordered struct {
	compare func(a, b *doc) int
	blocks  [][]*doc
}

const blockSize = 512

func byKey(a, b *doc) int {
	if c := strings.Compare(a.guid, b.guid); c != 0 {
		return c
	}
	return cmp.Compare(a.id, b.id)
}

func byNumber(a, b *doc) int {
	if c := strings.Compare(a.number, b.number); c != 0 {
		return c
	}
	return byKey(a, b)
}

func byModified(a, b *doc) int {
	if c := a.modified.Compare(b.modified); c != 0 {
		return c
	}
	return byKey(a, b)
}

// block is where d is or belongs.
func (o *ordered) block(d *doc) int {
	i := sort.Search(len(o.blocks), func(i int) bool { return o.compare(o.blocks[i][0], d) > 0 })
	return max(i-1, 0)
}

func (o *ordered) add(d *doc) {
	if len(o.blocks) == 0 {
		o.blocks = [][]*doc{{d}}
		return
	}
	i := o.block(d)
	at, _ := slices.BinarySearchFunc(o.blocks[i], d, o.compare)
	o.blocks[i] = slices.Insert(o.blocks[i], at, d)
	if n := len(o.blocks[i]); n > blockSize {
		tail := slices.Clone(o.blocks[i][n/2:])
		o.blocks[i] = o.blocks[i][: n/2 : n/2]
		o.blocks = slices.Insert(o.blocks, i+1, tail)
	}
}

func (o *ordered) remove(d *doc) {
	if len(o.blocks) == 0 {
		return
	}
	i := o.block(d)
	at, ok := slices.BinarySearchFunc(o.blocks[i], d, o.compare)
	if !ok {
		return
	}
	o.blocks[i] = slices.Delete(o.blocks[i], at, at+1)
	if len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// walk visits the documents from the first on for which reached is true, as long as visit wants.
func (o *ordered) walk(reached func(*doc) bool, visit func(*doc) bool) {
	start := sort.Search(len(o.blocks), func(i int) bool { b := o.blocks[i]; return reached(b[len(b)-1]) })
	for i := start; i < len(o.blocks); i++ {
		from := 0
		if i == start {
			from = sort.Search(len(o.blocks[i]), func(j int) bool { return reached(o.blocks[i][j]) })
		}
		for _, d := range o.blocks[i][from:] {
			if !visit(d) {
				return
			}
		}
	}
}

// walkBack visits from the last on.
func (o *ordered) walkBack(visit func(*doc) bool) {
	for _, b := range slices.Backward(o.blocks) {
		for _, d := range slices.Backward(b) {
			if !visit(d) {
				return
			}
		}
	}
}

// table is everything stored of one form.
type table struct {
	form     *form
	byID     map[int64]*doc
	byGUID   map[string]*doc
	byNumber map[string][]*doc
	keys     ordered
	numbers  ordered
	times    ordered
	last     int // last number given by the rule
}

func newTable(f *form) *table {
	return &table{
		form: f, byID: map[int64]*doc{}, byGUID: map[string]*doc{}, byNumber: map[string][]*doc{},
		keys: ordered{compare: byKey}, numbers: ordered{compare: byNumber}, times: ordered{compare: byModified},
	}
}

func (t *table) add(d *doc) {
	if t.form.textKey {
		t.byGUID[d.guid] = d
	} else {
		t.byID[d.id] = d
	}
	n := sameNumber(d.number)
	t.byNumber[n] = append(t.byNumber[n], d)
	t.keys.add(d)
	t.numbers.add(d)
	t.times.add(d)
}

func (t *table) remove(d *doc) {
	delete(t.byID, d.id)
	delete(t.byGUID, d.guid)
	n := sameNumber(d.number)
	t.byNumber[n] = slices.DeleteFunc(t.byNumber[n], func(x *doc) bool { return x == d })
	if len(t.byNumber[n]) == 0 {
		delete(t.byNumber, n)
	}
	t.keys.remove(d)
	t.numbers.remove(d)
	t.times.remove(d)
}

// change lets f alter what the indexes are made of.
func (t *table) change(d *doc, f func()) {
	t.remove(d)
	f()
	t.add(d)
}

// sameNumber is what makes two numbers one: the database ignores blanks at the end.
func sameNumber(n string) string { return strings.TrimRight(n, " ") }
