package engine

import (
	"errors"
	"strings"

	"github.com/pipectl/pipectl/engine/value"
)

// written makes a value of what somebody wrote for a place of a record: what the schema says of the
// place decides, and where nobody said anything, what stands there now. A text in quotes is a text
// and null is null in any case; numbers keep their digits.
func written(text string, schema *value.Schema, now value.Value) (value.Value, error) {
	read, err := value.ParseValue(text)
	isJSON := err == nil
	switch {
	case isJSON && (read.Kind() == value.Text || read.Kind() == value.Null):
		return read, nil
	case !value.Valid(text):
		return value.Value{}, errors.New("it is no text in UTF-8")
	}
	kind := value.Absent
	if schema != nil {
		kind = schema.Type
	}
	switch kind {
	case value.Text:
		return value.OfText(text), nil
	case value.Instant: // as a text or as a number of seconds, whichever the source sends
		if now.Kind() == value.Number || now.IsNone() && isJSON && read.Kind() == value.Number {
			return wanted(read, value.Number)
		}
		return value.OfText(text), nil
	case value.Number:
		out, err := wanted(read, kind)
		if err == nil && schema.Decimal && now.Kind() == value.Text {
			return value.OfText(text), nil // an exact number, in a text as the source writes it
		}
		return out, err
	case value.Bool, value.List, value.Object:
		return wanted(read, kind)
	case value.Absent, value.Null:
	}
	if !isJSON || now.Kind() == value.Text && coded(now.Text()) {
		return value.OfText(text), nil
	}
	return read, nil
}

func wanted(v value.Value, kind value.Kind) (value.Value, error) {
	if v.Kind() != kind {
		return value.Value{}, errors.New("it has to be " + kind.String())
	}
	return v, nil
}

// coded says that a text is a number or code in digits, so that what replaces it is one, too:
// "00123", "49.98".
func coded(text string) bool {
	return text != "" && strings.Trim(text, "0123456789.-+") == ""
}
