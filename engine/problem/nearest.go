package problem

import (
	"strings"
	"unicode/utf8"
)

// Nearest is the known name that a mistyped one probably means; "" when none is near.
func Nearest(name string, known []string) string {
	size := utf8.RuneCountInString(name)
	best, least := "", 1+max(2, size/3)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if n := distance(strings.ToLower(name), strings.ToLower(k), least); n < least && n < size {
			best, least = k, n
		}
	}
	return best
}

// DidYouMean is a hint: the nearest name, or all of them where they are few.
func DidYouMean(name string, known []string) string {
	const few, many = 12, 40
	near := Nearest(name, known)
	switch {
	case near != "" && len(known) > few:
		return "did you mean " + near + "?"
	case near != "":
		return "did you mean " + near + "? known are " + strings.Join(known, ", ")
	case len(known) == 0:
		return "none is known here"
	case len(known) > many:
		return "known are " + strings.Join(known[:many], ", ") + ", …"
	}
	return "known are " + strings.Join(known, ", ")
}

// distance counts the letters to insert, remove, replace or swap with their neighbour; it stops
// counting at most.
func distance(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if max(len(x)-len(y), len(y)-len(x)) >= most {
		return most
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
