package sandbox

import (
	"cmp"
	"slices"
	"sort"
)

// index is what fits, ascending by one of its times: a page of a window costs what the window
// costs, whatever else is stored.
type index[T any] struct {
	key  func(T) int64
	tie  func(T) int // never the same for two
	fits func(T) bool
	rows []T
}

func (x *index[T]) compare(a, b T) int {
	return cmp.Or(cmp.Compare(x.key(a), x.key(b)), cmp.Compare(x.tie(a), x.tie(b)))
}

// load takes many at once.
func (x *index[T]) load(all []T) {
	for _, v := range all {
		if x.fits(v) {
			x.rows = append(x.rows, v)
		}
	}
	slices.SortFunc(x.rows, x.compare)
}

func (x *index[T]) add(v T) {
	if x.fits(v) {
		at, _ := slices.BinarySearchFunc(x.rows, v, x.compare)
		x.rows = slices.Insert(x.rows, at, v)
	}
}

// remove must run before the times of v change.
func (x *index[T]) remove(v T) {
	if at, found := slices.BinarySearchFunc(x.rows, v, x.compare); found {
		x.rows = slices.Delete(x.rows, at, at+1)
	}
}

// window is what has lo ≤ key < hi, ascending; the caller must not change it.
func (x *index[T]) window(lo, hi int64) []T {
	from := sort.Search(len(x.rows), func(i int) bool { return x.key(x.rows[i]) >= lo })
	to := sort.Search(len(x.rows), func(i int) bool { return x.key(x.rows[i]) >= hi })
	if to < from {
		return nil
	}
	return x.rows[from:to]
}
