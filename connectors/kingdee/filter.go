package kingdee

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// The vendor has no parameters: a filter is one SQL-like text. So every value is quoted here, by
// the type of its field, and nothing that could end a quote early gets through.

// fieldName is what may stand for a field in a filter.
var fieldName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

func badFilter(field, why string) *problem.Error {
	return &problem.Error{
		Class: problem.Invalid, ID: idFilter, Field: field, Reason: why,
		Hint: "such a value cannot be asked for; correct it in the source, or leave the record out",
	}
}

// quoted is a text as a literal.
func quoted(s string) (string, error) {
	for _, r := range s {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return "", badFilter("", fmt.Sprintf("text %q holds a control character", s))
		}
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

// literal is a value as the field f wants to be compared with it; f may be nil.
func literal(f *field, v value.Value) (string, error) {
	switch v.Kind() {
	case value.Text:
		return quoted(v.Text())
	case value.Number:
		if f != nil && !f.Type.has("number") && !f.Type.has("integer") {
			return quoted(v.JSON())
		}
		return v.JSON(), nil
	case value.Bool:
		if v.Bool() {
			return "'1'", nil
		}
		return "'0'", nil
	case value.Instant:
		return quoted(v.Time().In(shanghai).Format(sqlTime))
	}
	return "", badFilter("", v.Kind().String()+" cannot be compared with a field")
}

// numeric says that the field's values stand without quotes.
func (f *field) numeric() bool {
	return f != nil && (f.Type.has("number") || f.Type.has("integer"))
}

// idLiteral is an internal id: a number for most forms, a text for some.
func (f *form) idLiteral(id string) (string, error) {
	if p := f.at(f.ID); p.numeric() || !f.Known {
		if isDigits(id) {
			return id, nil
		}
	}
	return quoted(id)
}

// mayBeID says that the text can stand as an id of this form: most forms count theirs.
func (f *form) mayBeID(id string) bool { return !f.Known || !f.at(f.ID).numeric() || isDigits(id) }

func isDigits(s string) bool {
	if s == "" || len(s) > 19 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// in is `key in (…)`, or `key=…` for one value.
func in(key string, literals []string) string {
	if len(literals) == 1 {
		return key + "=" + literals[0]
	}
	return key + " in (" + strings.Join(literals, ",") + ")"
}

// all joins conditions; empty ones fall away.
func all(conditions ...string) string {
	conditions = slices.DeleteFunc(conditions, func(s string) bool { return s == "" })
	return strings.Join(conditions, " and ")
}

// operators of a condition written {">=": value}.
var operators = []string{"=", "<>", ">", ">=", "<", "<=", "like"}

// conditions builds a filter of what `params: {filter: {…}}` says: a value is equality, a list is
// "one of", an object compares by its operators.
func (f *form) conditions(text json.RawMessage) (string, error) {
	v, err := value.ParseValue(string(text))
	if err != nil || v.Kind() != value.Object {
		return "", badParam("filter", "is not an object of fields and values")
	}
	var out []string
	for name, x := range v.Members() {
		c, err := f.condition(name, x)
		if err != nil {
			return "", err
		}
		out = append(out, c)
	}
	return all(out...), nil
}

func (f *form) condition(name string, v value.Value) (string, error) {
	if !fieldName.MatchString(name) {
		return "", badParam("filter", fmt.Sprintf("names %q, which is no field", name))
	}
	key, of := f.queryKey(name), f.at(name)
	switch v.Kind() {
	case value.Null:
		return key + " is null", nil
	case value.List:
		var literals []string
		for x := range v.Items() {
			l, err := literal(of, x)
			if err != nil {
				return "", problem.In(err, problem.Error{Field: name})
			}
			literals = append(literals, l)
		}
		if len(literals) == 0 {
			return "", badParam("filter", name+" has an empty list")
		}
		return in(key, literals), nil
	case value.Object:
		return f.comparison(name, v)
	}
	l, err := literal(of, v)
	return key + "=" + l, problem.In(err, problem.Error{Field: name})
}

func (f *form) comparison(name string, v value.Value) (string, error) {
	var out []string
	for op, x := range v.Members() {
		if !slices.Contains(operators, op) {
			return "", badParam("filter", fmt.Sprintf("compares %s by %q; there are %s", name, op, strings.Join(operators, " ")))
		}
		l, err := literal(f.at(name), x)
		if err != nil {
			return "", problem.In(err, problem.Error{Field: name})
		}
		if op == "like" {
			op = " like "
		}
		out = append(out, f.queryKey(name)+op+l)
	}
	return all(out...), nil
}

// balanced checks that a raw condition cannot reach out of its parentheses.
func balanced(text string) bool {
	depth, quote := 0, false
	for _, r := range text {
		switch {
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return false
		case r == '\'':
			quote = !quote
		case quote:
		case r == '(':
			depth++
		case r == ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0 && !quote
}

// params are what a pipeline may say of a source.
type params struct {
	Filter  json.RawMessage `json:"filter"`  // {FDocumentStatus: C}
	Where   string          `json:"where"`   // the vendor's own filter text, beside it
	Fields  []string        `json:"fields"`  // asked for besides what the pipeline uses
	Entries []string        `json:"entries"` // names of the entries of a form that we have no file for
	ID      string          `json:"id"`      // its internal id, when it isn't FID
	Number  string          `json:"number"`  // its number, when it isn't FBillNo or FNumber
}

// paramExamples show each param as it is written.
var paramExamples = map[string]string{
	"filter":  `filter: {FDocumentStatus: C, FDate: {">=": 2026-01-01}}`,
	"where":   `where: "FDocumentStatus = 'C'", the vendor's own filter text; names and values are written below filter`,
	"fields":  "fields: [FNote]",
	"entries": "entries: [FEntity]",
	"id":      "id: FID",
	"number":  "number: FBillNo",
}

func readParams() []string { return []string{"filter", "where", "fields", "entries", "id", "number"} }

func badParam(name, why string) *problem.Error {
	return &problem.Error{
		Class: problem.Fatal, ID: idParams, Field: "params." + name, Reason: "params." + name + " " + why,
		Hint: "a source of kingdee has the params " + strings.Join(readParams(), ", ") + "; see `pipectl connectors kingdee`",
	}
}

// readQueryParams decodes the params of a source, strictly.
func readQueryParams(raw map[string]json.RawMessage) (params, error) {
	var p params
	for name, text := range raw {
		if !slices.Contains(readParams(), name) {
			return p, badParam(name, "is unknown")
		}
		one := json.NewDecoder(bytes.NewReader([]byte(`{"` + name + `":` + string(text) + `}`)))
		if err := one.Decode(&p); err != nil {
			return p, badParam(name, "is "+string(text)+", and reads like "+paramExamples[name])
		}
	}
	if !balanced(p.Where) {
		return p, badParam("where", "has a quote or a parenthesis that is not closed, or a control character")
	}
	for _, n := range slices.Concat(p.Fields, p.Entries, []string{p.ID, p.Number}) {
		if n != "" && !fieldName.MatchString(n) {
			return p, badParam("fields", fmt.Sprintf("names %q, which is no field", n))
		}
	}
	return p, nil
}

// form applies what the params say of a form that we have no file for.
func (p params) form(object string) *form {
	f := formOf(object)
	if f.Known {
		return f
	}
	if p.ID != "" {
		f.ID = p.ID
	}
	if p.Number != "" {
		f.Number = p.Number
	}
	for _, e := range p.Entries {
		if f.Props.by == nil {
			f.Props.by = map[string]*field{}
		}
		f.Props.names = append(f.Props.names, e)
		f.Props.by[e] = &field{Items: &field{}}
	}
	return f
}

// filter is the whole condition of a source.
func (p params) filter(f *form) (string, error) {
	var own string
	if len(p.Filter) > 0 {
		var err error
		if own, err = f.conditions(p.Filter); err != nil {
			return "", err
		}
	}
	if where := strings.TrimSpace(p.Where); where != "" {
		return all(own, "("+where+")"), nil
	}
	return own, nil
}
