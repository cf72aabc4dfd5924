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

// load takes many at once. Keys are made once for each: shop-local times are dear.
func (x *index[T]) load(all []T) {
	type keyed struct {
		key int64
		tie int
		v   T
	}
	rows := make([]keyed, 0, len(all))
	for _, v := range all {
		if x.fits(v) {
			rows = append(rows, keyed{x.key(v), x.tie(v), v})
		}
	}
	slices.SortFunc(rows, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.tie, b.tie)) })
	x.rows = make([]T, 0, len(rows))
	for _, r := range rows {
		x.rows = append(x.rows, r.v)
	}
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
