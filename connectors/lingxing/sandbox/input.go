package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// The parameters of the vendor's interfaces are loose: a number may come as a text and a text as a
// number, but an array never comes as a text. Null and what is absent are the same.

var errType = errors.New("a value of the wrong type")

// number is a whole number or a text of digits.
type number struct {
	n   int64
	set bool
}

func (v *number) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	if err != nil || s == "" {
		return err
	}
	if v.n, err = strconv.ParseInt(s, 10, 64); err != nil {
		return errType
	}
	v.set = true
	return nil
}

func (v number) or(other int64) int64 {
	if v.set {
		return v.n
	}
	return other
}

// text is a text or a number.
type text string

func (v *text) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	*v = text(s)
	return err
}

// scalar is the text of a JSON text or number; null is "".
func scalar(b []byte) (string, error) {
	switch {
	case bytes.Equal(b, []byte("null")):
		return "", nil
	case b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		return s, err
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		return string(b), nil
	}
	return "", errType
}

// commas is a list written as one text: "113,114".
type commas []string

func (v *commas) UnmarshalJSON(b []byte) error {
	s, err := scalar(b)
	*v = nil
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*v = append(*v, part)
		}
	}
	return err
}

// texts is a real array of texts or numbers.
type texts []string

func (v *texts) UnmarshalJSON(b []byte) error {
	var in []text
	if err := json.Unmarshal(b, &in); err != nil {
		return errType
	}
	*v = nil
	for _, s := range in {
		*v = append(*v, string(s))
	}
	return nil
}

// either is a list in one of the two forms, where the documents do not agree.
type either []string

func (v *either) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		return (*texts)(v).UnmarshalJSON(b)
	}
	return (*commas)(v).UnmarshalJSON(b)
}

// flag is true, 1 or "1".
type flag bool

func (v *flag) UnmarshalJSON(b []byte) error {
	if s := string(b); s == "true" || s == "false" {
		*v = s == "true"
		return nil
	}
	s, err := scalar(b)
	*v = flag(s == "1" || s == "true")
	return err
}

// set is a filter: empty lets everything pass.
type set map[string]bool

func newSet(lists ...[]string) set {
	out := set{}
	for _, l := range lists {
		for _, s := range l {
			out[s] = true
		}
	}
	return out
}

func (s set) has(v string) bool { return len(s) == 0 || s[v] }

// slicing is a page by row: from Offset on, Length rows.
type slicing struct {
	Offset number `json:"offset"`
	Length number `json:"length"`
}

// span turns a page into the bounds of a slice of n rows. A length above most is clamped without
// a word, as the vendor does.
func (s slicing) span(n int, usual, most int64) (lo, hi int, err error) {
	if s.Offset.n < 0 {
		return 0, 0, inner("offset 必须是非负数")
	}
	length := s.Length.or(usual)
	if length <= 0 {
		return 0, 0, invalid("length 必须大于0")
	}
	if most > 0 {
		length = min(length, most)
	}
	from := min(s.Offset.n, int64(n))
	return int(from), int(from + min(length, int64(n)-from)), nil
}

// paging is a page by number, from 1.
type paging struct {
	Page number
	Size number
}

func (p paging) span(n int, usual, most int64) (lo, hi int, err error) {
	size := p.Size.or(usual)
	if most > 0 {
		size = min(size, most)
	}
	if size <= 0 || p.Page.or(1) < 1 || p.Page.n > 1<<31 {
		return 0, 0, invalid("分页参数必须大于0")
	}
	return slicing{number{(p.Page.or(1) - 1) * size, true}, number{size, true}}.span(n, usual, most)
}
