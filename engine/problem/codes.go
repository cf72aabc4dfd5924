package problem

import (
	"embed"
	"io/fs"
	"strings"
)

// The codes are PC and three digits, by the part that speaks:
//
//	100-169  project and pipeline files    300-349  connections and transport
//	170-199  secrets and environment       350-399  vendors
//	200-249  expressions                   400-449  delivery and exceptions
//	250-299  steps and tables              450-499  identity and cursors
//	500-549  state                         600-649  commands
//
// pages/PCnnn.md says of each what it means, why it comes and what to do next:
//
//	# PC101 unknown key
//	(meaning, one or two sentences)
//	## Cause
//	## Next step
//
//go:embed pages/*.md
var pages embed.FS

// Page is the page of a code ("PC101"), and whether there is one.
func Page(code string) (string, bool) {
	text, err := pages.ReadFile("pages/" + strings.ToUpper(code) + ".md")
	return string(text), err == nil
}

// Codes lists all codes with their titles, in order.
func Codes() [][2]string {
	files, _ := fs.Glob(pages, "pages/*.md") // a constant pattern: no error
	var out [][2]string
	for _, f := range files {
		text, _ := pages.ReadFile(f) // it was just listed
		title, _, _ := strings.Cut(string(text), "\n")
		code, rest, _ := strings.Cut(strings.TrimPrefix(title, "# "), " ")
		out = append(out, [2]string{code, rest})
	}
	return out
}
