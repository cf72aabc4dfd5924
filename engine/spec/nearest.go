package spec

import (
	"strings"
	"unicode/utf8"
)

// Nearest is the known name that a mistyped one probably means; "" when none is near.
func Nearest(name string, known []string) string {
	best, least := "", 1+max(2, utf8.RuneCountInString(name)/3)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if n := distance(strings.ToLower(name), strings.ToLower(k)); n < least && n < utf8.RuneCountInString(name) {
			best, least = k, n
		}
	}
	return best
}

// DidYouMean is a hint: the nearest name, or all of them where they are few.
func DidYouMean(name string, known []string) string {
	near := Nearest(name, known)
	switch {
	case near != "" && len(known) > 12:
		return "did you mean " + near + "?"
	case near != "":
		return "did you mean " + near + "? known are " + strings.Join(known, ", ")
	case len(known) == 0:
		return "none is known here"
	case len(known) > 40:
		return "known are " + strings.Join(known[:40], ", ") + ", …"
	}
	return "known are " + strings.Join(known, ", ")
}

// distance counts the characters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
