package expr

import (
	"regexp"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/problem"
)

var callForm = regexp.MustCompile(`([\pL_][\pL\pN_]*)\s*\(`)

// mistypedCall finds the function whose name is wrong in an expression that can't be read:
// `fliter(items, .qty > 0)` fails at the dot, because only a function that takes a condition
// allows one there.
func mistypedCall(text string, at problem.Pos) *problem.Error {
	for _, m := range callForm.FindAllStringSubmatchIndex(text, -1) {
		name := text[m[2]:m[3]]
		if functions[name] != nil {
			continue
		}
		if near := problem.Nearest(name, functionNames()); near != "" {
			return &problem.Error{
				Class: problem.Fatal, ID: "PC208", At: position(at, text, utf8.RuneCountInString(text[:m[2]])),
				Reason: "function " + name + " is not known", Hint: "did you mean " + functions[near].Signature + "?",
			}
		}
	}
	return nil
}
