package connectortest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// classified checks an error as the engine needs it and answers it; what must never be is an
// error that is nobody's, has no class or shows a secret.
func (c *T) classified(err error) *problem.Error {
	c.Helper()
	if err == nil {
		return nil
	}
	c.clean("an error", err.Error())
	e, ok := errors.AsType[*problem.Error](err)
	switch {
	case !ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return &problem.Error{Class: problem.Transient, Err: err} // the caller's own wish
	case !ok:
		c.Errorf("the error is no *problem.Error: %v", err)
		return &problem.Error{}
	case e.Class == problem.Unclassified:
		c.Errorf("the error has no class: %v", err)
	case e.Reason == "" && e.Err == nil:
		c.Errorf("the error says nothing: %v", err)
	}
	return e
}

// is checks the class of an error.
func (c *T) is(err error, want ...problem.Class) {
	c.Helper()
	if err == nil {
		c.Errorf("no error; want one of class %v", want)
		return
	}
	if e := c.classified(err); !slices.Contains(want, e.Class) {
		c.Errorf("class %v, want %v: %v", e.Class, want, err)
	}
}

// clean checks that a text shows none of the connection's secrets, in any usual spelling.
func (c *T) clean(what, text string) {
	c.Helper()
	for _, s := range c.Box.secrets(nil) {
		for how, spelt := range map[string]string{
			"as it is": s, "escaped in a URL": url.QueryEscape(s), "in JSON": inJSON(s),
			"in base64": base64.StdEncoding.EncodeToString([]byte(s)),
		} {
			if strings.Contains(text, spelt) {
				c.Errorf("%s shows a secret %s", what, how)
				return
			}
		}
	}
}

func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

// decode reads a record apart from the value package, so that both are checked.
func (c *T) decode(r value.Record) map[string]any {
	c.Helper()
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(r.JSON()))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		c.Fatalf("a record is no JSON object: %v: %.200q", err, r.JSON())
	}
	return m
}

// at is the value at a dotted path.
func at(m map[string]any, path string) any {
	var v any = m
	for name := range strings.SplitSeq(path, ".") {
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = o[name]
	}
	return v
}

// key joins the key fields of a record.
func (c *T) key(r value.Record, fields []string) string {
	c.Helper()
	m := c.decode(r)
	parts := make([]string, len(fields))
	for i, f := range fields {
		v := at(m, f)
		if v == nil {
			c.Errorf("a record has no key field %s: %.200q", f, r.JSON())
		}
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, "/")
}

// scalar makes a value of what encoding/json decoded.
func (c *T) scalar(v any) value.Value {
	c.Helper()
	switch x := v.(type) {
	case string:
		return value.OfText(x)
	case json.Number:
		n, ok := value.OfNumber(x.String())
		if !ok {
			c.Fatalf("a key field holds the number %s", x)
		}
		return n
	case bool:
		return value.OfBool(x)
	}
	c.Fatalf("a key field holds %T", v)
	return value.Value{}
}

// same checks two sets of keys; what is missing is a lost record.
func (c *T) same(what string, got, want []string) {
	c.Helper()
	lost := minus(want, got)
	extra := minus(got, want)
	if len(lost) > 0 {
		c.Errorf("%s: %d of %d are missing: %v", what, len(lost), len(want), first(lost))
	}
	if len(extra) > 0 {
		c.Errorf("%s: %d are not in the source: %v", what, len(extra), first(extra))
	}
}

func minus(a, b []string) []string {
	in := map[string]bool{}
	for _, x := range b {
		in[x] = true
	}
	var out []string
	for _, x := range a {
		if !in[x] {
			out = append(out, x)
		}
	}
	return out
}

func first(l []string) []string { return l[:min(len(l), 5)] }

// ability is an interface of the connection; the case doesn't apply without it, so it is there.
func ability[A any](c *T, conn connector.Conn) A {
	c.Helper()
	a, ok := connector.Can[A](conn)
	if !ok {
		c.Fatalf("the connection lost an ability that it had: %T", a)
	}
	return a
}
