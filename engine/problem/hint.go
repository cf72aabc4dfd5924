package problem

import (
	"cmp"
	"strings"
	"unicode"
)

// A hint names commands that can be copied as they stand. Who makes it knows what to do, and often
// not for which record it is shown, or for how many that have the same cause. So it says
// "pipectl errors retry {records}", and the names are filled in where it is shown:
//
//	{record}   PIPELINE KEY
//	{records}  the same; of a group, PIPELINE --cause CAUSE
//	{pipeline} PIPELINE
//	{number}   the number of the record's document in the target

// Subject is whom a hint is shown for. What is empty shows as its name in capitals.
type Subject struct {
	Pipeline, Key, Number string
	Cause                 string // of several records with one cause
}

// Fill puts names into a hint, quoted as a shell wants them.
func (s Subject) Fill(hint string) string {
	if !strings.Contains(hint, "{") {
		return hint
	}
	name := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return Arg(text)
	}
	pipeline := name(s.Pipeline, "PIPELINE")
	record := pipeline + " " + name(s.Key, "KEY")
	records := record
	if s.Cause != "" {
		record, records = pipeline+" KEY", pipeline+" --cause "+Arg(s.Cause)
	}
	return strings.NewReplacer("{pipeline}", pipeline, "{record}", record, "{records}", records, "{number}", name(s.Number, "NUMBER")).Replace(hint)
}

// Next is the hint with the error's own names in its commands.
func (e *Error) Next() string { return Subject{Pipeline: e.Pipeline, Key: e.Key}.Fill(e.Hint) }

// Arg is a word of a command as a shell takes it: quoted where it would read more into it.
func Arg(word string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-+=:,./@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Title is what a code means, in a few words: "document was changed in the target".
func Title(code string) string {
	page, _ := Page(code)
	line, _, _ := strings.Cut(page, "\n")
	_, title, _ := strings.Cut(strings.TrimPrefix(line, "# "), " ")
	return cmp.Or(title, code)
}
