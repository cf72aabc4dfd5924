package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// fail is a record's problem with one operand, which is named by its path.
func (p part) fail(id, reason, hint string) error {
	return &problem.Error{Class: problem.Invalid, ID: id, Field: p.path, At: p.at, Reason: reason, Hint: hint}
}

// unfit says that the value of an operand isn't what its operator or function needs.
func (p part) unfit(v value.Value, who string, want kinds) error {
	switch {
	case v.IsNone():
		hint := hintFor(v)
		if strings.HasPrefix(p.label, "filled(") {
			hint = "say what stands instead: " + p.label + " ?? 0; or leave the field out: if " + p.label + " == absent { absent } else { … }"
		}
		return p.fail("PC221", fmt.Sprintf("%s is %s, and %s needs %s", p.label, v.Kind(), who, want), hint)
	default:
		return p.fail("PC222", fmt.Sprintf("%s is %s, %s, and %s needs %s", p.label, v.Kind(), v.Display(), who, want), castHint(v.Kind(), want))
	}
}

func hintFor(v value.Value) string {
	if v.IsNone() {
		return "say what stands instead with ?? (as in: x ?? 0), or have it corrected at the source"
	}
	return ""
}

// gone says that the object o does not have a field that nothing is known of. shown is the field as it
// is written, with where it stands.
func (p part) gone(shown, field string, o value.Value) error {
	optional := shown + " ?? null, or ?. in front of it"
	if near := problem.Nearest(field, someNames(o)); near != "" {
		return p.fail("PC220", shown+" is not in the record", "did you mean "+near+"? if it may be missing, write "+optional)
	}
	return p.fail("PC220", shown+" is not in the record", "if it may be missing, write "+optional+"; if not, look for a typing mistake")
}

// someNames are names of an object's members, as many as a person could have meant.
func someNames(o value.Value) []string {
	var names []string
	for name := range o.Members() {
		if names = append(names, name); len(names) == 200 {
			break
		}
	}
	return names
}

// mixed says that values of two kinds were compared.
func (p part) mixed(a, b value.Value, other part) error {
	return p.fail("PC223", fmt.Sprintf("%s is %s, %s, and can't be compared with %s, which is %s, %s",
		p.label, a.Kind(), a.Display(), other.label, b.Kind(), b.Display()), mixedHint(a.Kind(), b.Kind()))
}

func mixedHint(a, b value.Kind) string {
	pair := kindsOf([]value.Kind{a, b})
	switch pair {
	case kNumber | kText:
		return "number(…) makes a number of a text, text(…) a text of a number"
	case kInstant | kText:
		return "instant(text, zone) makes an instant of a text; day(t, zone) a date of an instant"
	}
	return ""
}

// calculated turns an error of arithmetic into a record's problem.
func (p part) calculated(v value.Value, err error) (value.Value, error) {
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, value.ErrZero):
		return v, p.fail("PC224", p.label+" divides by zero", "guard it: if x == 0 { 0 } else { a / x }")
	}
	return v, p.fail("PC224", p.label+": "+err.Error(), "look at the values that the record has here")
}

func (p part) tooLarge(what string) error {
	return p.fail("PC231", p.label+" makes "+what, "no document needs that; look at the values that the record has here")
}

// spend takes n steps from the record's budget.
func (f *Frame) spend(p *part, n int) error {
	if f.Budget -= n; f.Budget < 0 {
		return p.fail("PC230", p.label+": the expression takes too many steps",
			"the record is far larger than others, or a list is walked over inside a walk over another")
	}
	return nil
}
