package file

import (
	"context"
	"errors"
	"io"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Find reads the file once and keeps the rows that fit. Values compare as key parts do: 113 is
// "113", because CSV knows texts only.
func (c *conn) Find(ctx context.Context, q connector.Find) ([]value.Record, error) {
	wanted := map[string]bool{}
	for _, combo := range q.Values {
		if name, ok := comboName(combo); ok {
			wanted[name] = true
		}
	}
	paths, err := pathsOf(q.Match)
	if err != nil {
		return nil, err
	}
	var out []value.Record
	err = c.scan(ctx, q.Object, func(r value.Record) {
		combo := make([]value.Value, len(paths))
		for i, p := range paths {
			combo[i] = p.Get(r.Value())
		}
		if name, ok := comboName(combo); ok && wanted[name] && holds(r, q.Const) {
			out = append(out, r)
		}
	})
	return out, err
}

// scan gives every sound row of a file. A bad one could be the row that was looked for, so it
// ends the search instead of being "not there".
func (c *conn) scan(ctx context.Context, object string, each func(value.Record)) error {
	f, r, err := c.open(connector.Query{Object: object})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	for {
		if err := ctx.Err(); err != nil {
			return &problem.Error{Class: problem.Transient, ID: "PC332", Err: err, Reason: "reading was cancelled", Hint: "run again"}
		}
		rows, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return c.inFile(object, err)
		}
		for _, x := range rows {
			if x.bad != nil {
				p := *x.bad
				p.Class, p.Reason = problem.Fatal, "file "+object+" serves look-ups, and has a bad line: "+p.Reason
				return &p
			}
			each(x.data)
		}
	}
}

func pathsOf(fields []string) ([]value.Path, error) {
	out := make([]value.Path, len(fields))
	for i, f := range fields {
		p, err := value.ParsePath(f)
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

func comboName(combo []value.Value) (string, bool) {
	parts := make([]string, len(combo))
	for i, v := range combo {
		s, ok := value.KeyText(v)
		if !ok {
			return "", false
		}
		parts[i] = s
	}
	return value.JoinKey(parts...), true
}

// holds checks the further conditions of a look-up.
func holds(r value.Record, conditions map[string]string) bool {
	for field, want := range conditions {
		p, err := value.ParsePath(field)
		if err != nil {
			return false
		}
		if got, _ := value.KeyText(p.Get(r.Value())); got != want {
			return false
		}
	}
	return true
}
