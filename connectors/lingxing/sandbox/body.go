package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// pair is one top-level parameter with the text that takes part in a signature. The vendor parses
// a body and writes nested values again, compactly and in the order received, so spaces and \u
// escapes of the sender do not count.
type pair struct {
	name string
	text string
	kind byte // 's' text, 'n' number, '0' null, 'x' everything else
}

var errBody = errors.New("the body is no JSON object")

// parseBody reads a POST body. Empty bodies and arrays (an empty PHP map) hold no parameters.
func parseBody(body []byte) ([]pair, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil {
		return nil, errBody
	}
	if first == json.Delim('[') {
		if !json.Valid(body) {
			return nil, errBody
		}
		return nil, nil
	}
	if first != json.Delim('{') {
		return nil, errBody
	}
	var out []pair
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errBody
		}
		p, err := readPair(dec, name)
		if err != nil {
			return nil, errBody
		}
		out = put(out, p)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errBody
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody // something follows the object
	}
	return out, nil
}

// put adds a parameter; of two with one name the last counts.
func put(list []pair, p pair) []pair {
	for i := range list {
		if list[i].name == p.name {
			list[i] = p
			return list
		}
	}
	return append(list, p)
}

func readPair(dec *json.Decoder, name json.Token) (pair, error) {
	p := pair{kind: 'x'}
	p.name, _ = name.(string)
	t, err := dec.Token()
	if err != nil {
		return p, err
	}
	switch v := t.(type) {
	case string:
		p.text, p.kind = v, 's'
		return p, nil
	case json.Number:
		p.kind = 'n'
	case nil:
		p.kind = '0'
	}
	var out strings.Builder
	err = compact(&out, dec, t)
	p.text = out.String()
	return p, err
}

// compact writes the value that begins with token t, without spaces, in the order received.
func compact(out *strings.Builder, dec *json.Decoder, t json.Token) error {
	switch v := t.(type) {
	case json.Delim:
		return compactAll(out, dec, v)
	case string:
		quote(out, v)
	case json.Number:
		out.WriteString(v.String())
	case bool:
		out.WriteString(strconv.FormatBool(v))
	default:
		out.WriteString("null")
	}
	return nil
}

func compactAll(out *strings.Builder, dec *json.Decoder, open json.Delim) error {
	out.WriteString(open.String())
	for i := 0; dec.More(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		t, err := dec.Token()
		if err != nil {
			return err
		}
		if open == '{' {
			name, _ := t.(string)
			quote(out, name)
			out.WriteByte(':')
			if t, err = dec.Token(); err != nil {
				return err
			}
		}
		if err := compact(out, dec, t); err != nil {
			return err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return err
	}
	d, _ := end.(json.Delim)
	out.WriteString(d.String())
	return nil
}

// quote writes a JSON text in which only what must be is escaped: neither "/" nor "<" nor Chinese.
func quote(out *strings.Builder, s string) {
	const hex = "0123456789abcdef"
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\b':
			out.WriteString(`\b`)
		case r == '\f':
			out.WriteString(`\f`)
		case r < 0x20:
			out.WriteString(`\u00`)
			out.WriteByte(hex[r>>4])
			out.WriteByte(hex[r&15])
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// common are the parameters that every business call carries in its query.
var common = []string{"access_token", "app_key", "timestamp", "sign"}

// parseQuery reads the business parameters of a GET.
func parseQuery(q url.Values) []pair {
	var out []pair
	for name, v := range q {
		out = put(out, pair{name, v[0], 's'})
	}
	return out
}

// queryObject is the query of a GET as the JSON object that a POST would carry.
func queryObject(q url.Values) []byte {
	in := map[string]string{}
	for name, v := range q {
		in[name] = v[0]
	}
	raw, _ := json.Marshal(in) // texts only: cannot fail
	return raw
}
