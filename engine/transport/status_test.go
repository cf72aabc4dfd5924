package transport

import "testing"

// TestExcerpt: what a server answers never reaches a terminal as it is.
func TestExcerpt(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x01<<not an answer>>":              ": <<not an answer>>",
		"a\x1b[2J\r\n b":                         ": a [2J b",
		"<html><title>502\n Bad Gateway</title>": ": 502 Bad Gateway",
		"订单\u0085不存在":                            ": 订单 不存在",
		"\xff":                                   "",
		"":                                       "",
	} {
		if got := (Answer{Body: []byte(in)}).excerpt(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
