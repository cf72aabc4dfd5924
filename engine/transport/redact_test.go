package transport

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	r := NewRedactor("s3cr+t/x=", "s3cr+t/x=longer", "", "abc")
	r.Add("token-1")
	for in, want := range map[string]string{
		"plain":                   "plain",
		"a s3cr+t/x= b":           "a *** b",
		"s3cr+t/x=longer":         "***",
		"q=s3cr%2Bt%2Fx%3D":       "q=***",
		"q=s3cr%252Bt%252Fx%253D": "q=***",
		"abc":                     "abc",
		"the token-1 of today":    "the *** of today",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := r.URL("https://u:pw@h.example/p?access_token=zz&sign=A%2B&page=1"); got != "https://%2A%2A%2A@h.example/p?access_token=***&sign=***&page=1" {
		t.Errorf("url %q", got)
	}
}

func TestOldTokensAreForgottenButNotTheFixedSecret(t *testing.T) {
	r := NewRedactor("fixed-secret")
	for i := range remembered + 10 {
		r.Add(fmt.Sprintf("token-%03d", i))
	}
	if got := r.Text("fixed-secret token-000 token-073"); got != "*** token-000 ***" {
		t.Errorf("got %q", got)
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add("hush+/=", "before", "after")
	f.Add("密钥密钥", "", "\"")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortest || strings.Contains(Hidden+before+after, secret) {
			return
		}
		out := NewRedactor(secret).Text(before + "\n" + url.QueryEscape(secret) + "\n" + secret + "\n" + after)
		for line := range strings.SplitSeq(out, "\n") {
			if line == secret || line == url.QueryEscape(secret) {
				t.Errorf("%q is still in %q", secret, out)
			}
		}
	})
}
