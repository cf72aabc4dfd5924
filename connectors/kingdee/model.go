package kingdee

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// model is a document as Save takes it: the internal id first (0 creates), then its fields in the
// order of the form. The order matters: setting the customer after the rows would overwrite their
// currency and prices, so organisation comes before type, date, customer, finance, rows; and in a
// row material before unit, quantity, price. Fields that the form's file doesn't list come last.
func (f *form) model(doc connector.Doc) ([]byte, error) {
	v := doc.Content.Value()
	if v.Kind() != value.Object {
		return nil, &problem.Error{
			Class: problem.Invalid, ID: idDocument, Reason: "document is empty", Hint: "map at least the fields that " + f.Name + " needs",
		}
	}
	b := append([]byte{'{'}, value.AppendText(nil, f.ID)...)
	b = append(b, ':')
	switch {
	case doc.ID == "":
		b = append(b, '0')
	case isDigits(doc.ID):
		b = append(b, doc.ID...)
	default:
		b = value.AppendText(b, doc.ID)
	}
	for _, m := range f.inOrder(v) {
		if strings.EqualFold(m.name, f.ID) {
			continue // the ledger knows the id, a mapping does not
		}
		b = append(append(append(b, ','), value.AppendText(nil, m.name)...), ':')
		b = appendField(b, f.Props.by[m.name], m.value)
	}
	return append(b, '}'), nil
}

type namedValue struct {
	name  string
	value value.Value
}

// inOrder are the members of an object, those that the field lists first, in its order.
func (f *field) inOrder(v value.Value) []namedValue {
	var out []namedValue
	for n, x := range v.Members() {
		out = append(out, namedValue{n, x})
	}
	if f == nil || len(f.Props.names) == 0 {
		return out
	}
	place := make(map[string]int, len(f.Props.names))
	for i, n := range f.Props.names {
		place[n] = i
	}
	rank := func(m namedValue) int {
		if i, ok := place[m.name]; ok {
			return i
		}
		return len(place)
	}
	slices.SortStableFunc(out, func(a, b namedValue) int { return rank(a) - rank(b) })
	return out
}

func appendField(b []byte, f *field, v value.Value) []byte {
	switch v.Kind() {
	case value.Object:
		if f != nil && (f.isRef() || f.Flex) {
			return value.AppendJSON(b, v)
		}
		b = append(b, '{')
		for i, m := range f.inOrder(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(value.AppendText(b, m.name), ':')
			b = appendField(b, f.child(m.name), m.value)
		}
		return append(b, '}')
	case value.List:
		var items *field
		if f != nil {
			items = f.Items
		}
		b = append(b, '[')
		for i, x := range v.List() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendField(b, items, x)
		}
		return append(b, ']')
	case value.Text, value.Instant:
		if t, ok := localTime(f, v); ok {
			return value.AppendText(b, t)
		}
	}
	return value.AppendJSON(b, v)
}

func (f *field) child(name string) *field {
	if f == nil {
		return nil
	}
	return f.Props.by[name]
}

// localTime writes an instant as the vendor keeps it: China's time, without a zone.
func localTime(f *field, v value.Value) (string, bool) {
	if f == nil || f.Format != "date" && f.Format != "instant" {
		return "", false
	}
	t := v.Time()
	if v.Kind() == value.Text {
		var err error
		if t, err = time.Parse(time.RFC3339, v.Text()); err != nil {
			return "", false
		}
	}
	t = t.In(shanghai)
	if f.Format == "date" {
		return t.Format(time.DateOnly), true
	}
	return t.Format(sqlTime), true
}

// options are what `params` of a target may say: switches of the vendor's operations, by their
// names there.
type options map[string]json.RawMessage

// optionNames lists the switches that leave a delivery what it promises to be.
var optionNames = []string{
	"InterationFlags",       // answers to questions: STK_InvCheckResult lets negative stock pass
	"IgnoreInterationFlag",  // do not ask at all
	"Creator",               // who created it
	"IsAutoAdjustField",     // let the server order the fields
	"IsEntryBatchFill",      // fill rows from the row template
	"IsControlPrecision",    // check decimals
	"IsVerifyBaseDataField", // refuse unknown codes; on by default
	"NetworkCtrl",           // take the lock of other users' editors
}

func targetOptions(params map[string]json.RawMessage) (options, error) {
	out := options{}
	for name, v := range params {
		if !slices.Contains(optionNames, name) {
			return nil, &problem.Error{
				Class: problem.Fatal, ID: idParams, Field: "params." + name, Reason: "params." + name + " is unknown",
				Hint: "a target of kingdee has the params " + strings.Join(optionNames, ", "),
			}
		}
		out[name] = v
	}
	return out, nil
}

// saveBody is the request of Save (one model) or BatchSave.
func saveBody(f *form, opts options, models [][]byte, batch bool) ([]byte, error) {
	data := map[string]any{
		"IsVerifyBaseDataField": "true", // else an unknown code is dropped without a word
		"IsDeleteEntry":         "true", // an update is the whole document: rows that aren't sent go
		"ValidateFlag":          "true",
	}
	for n, v := range opts {
		data[n] = v
	}
	if batch {
		list := make([]json.RawMessage, len(models))
		for i, m := range models {
			list[i] = m
		}
		data["Model"] = list
	} else {
		data["Model"] = json.RawMessage(models[0])
	}
	body, err := json.Marshal(map[string]any{"formid": f.Name, "data": data})
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return body, nil
}
