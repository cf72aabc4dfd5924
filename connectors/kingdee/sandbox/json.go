package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object with its members in the order in which they were sent: the order of
// the keys of a Model decides what overwrites what.
type object []member

type member struct {
	key string
	val any // nil, bool, string, json.Number, []any or object
}

// get finds a member by its exact key; the last one of a name counts.
func (o object) get(key string) (any, bool) {
	for _, v := range slices.Backward(o) {
		if v.key == key {
			return v.val, true
		}
	}
	return nil, false
}

// fold finds a member whatever the case of its key.
func (o object) fold(keys ...string) (any, bool) {
	for _, v := range slices.Backward(o) {
		for _, k := range keys {
			if strings.EqualFold(v.key, k) {
				return v.val, true
			}
		}
	}
	return nil, false
}

// set adds a member to an answer.
func (o *object) set(key string, val any) { *o = append(*o, member{key, val}) }

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o), nil }

// compact is JSON without blanks and with < > & as they are, as the server writes it.
func compact(v any) []byte { return appendJSON(nil, v) }

// appendJSON writes what answers are made of by itself: encoding/json would check and copy the
// text of every object once for each level that it is nested in.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case digits:
		return append(b, v...)
	case json.Number:
		return append(b, v...)
	case string:
		return appendText(b, v)
	case object:
		return appendObject(b, v)
	case []any:
		return appendList(b, v)
	case []object:
		return appendList(b, v)
	case [][]any:
		return appendList(b, v)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return append(b, "null"...) // nothing that is answered holds what JSON cannot say
	}
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}

func appendObject(b []byte, o object) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, m.key), ':')
		b = appendJSON(b, m.val)
	}
	return append(b, '}')
}

func appendList[T any](b []byte, list []T) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, v)
	}
	return append(b, ']')
}

// appendText quotes a text; most need no care.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return appendCareful(b, s)
		}
	}
	if !utf8.ValidString(s) {
		return appendCareful(b, s)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendCareful(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text can always be written
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}

const deepest = 64

var errDeep = errors.New("nested too deeply")

// decode reads one JSON value and nothing behind it.
func decode(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the end of the JSON value")
	}
	return v, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	if depth > deepest {
		return nil, errDeep
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('{'):
		return decodeObject(dec, depth)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	}
	return tok, nil
}

func decodeObject(dec *json.Decoder, depth int) (any, error) {
	o := object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key.(string), v})
	}
	_, err := dec.Token()
	return o, err
}

// asText is a JSON scalar as text: option values come as true, "true", 1 and "1".
func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// truth is an option or a boolean field; what is neither is fallback.
func truth(v any, fallback bool) bool {
	switch strings.ToLower(strings.TrimSpace(asText(v))) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return fallback
}
