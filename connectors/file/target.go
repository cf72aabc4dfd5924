package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// batch is how many documents one Write takes: enough that an fsync is paid rarely.
const batch = 1000

// Traits: a file is added to or replaced; either way one Write at a time.
func (c *conn) Traits(t connector.Target) connector.Traits {
	f, err := formatOf(t.Object, t.Params, true)
	appends := err == nil && f.Mode == "append"
	return connector.Traits{Batch: batch, InFlight: 1, Appends: appends, Replaces: !appends}
}

// Write adds documents at the end of the file, or to the replacement that Begin began. A
// document that doesn't fit is refused; the others are written.
func (c *conn) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, &problem.Error{Class: problem.Transient, ID: "PC333", Err: err, Reason: "writing was cancelled", Hint: "run again; nothing was written"}
	}
	f, err := formatOf(t.Object, t.Params, true)
	if err != nil {
		return nil, err
	}
	f.fields = t.Fields
	if f.Mode == "append" {
		return c.appendDocs(t.Object, f, docs)
	}
	return c.replaceDocs(t.Object, docs)
}

// form writes documents down in a file's format, one line or row each.
type form struct {
	format
	columns []string // of CSV; nil until they are known
	headed  bool     // what stands at the beginning is written
	buf     bytes.Buffer
}

// newForm begins a file, or goes on with one whose header has these columns.
func newForm(f format, columns []string, headed bool) *form {
	if columns == nil && len(f.Columns) > 0 {
		columns = f.Columns
	}
	return &form{format: f, columns: columns, headed: headed}
}

// head appends what stands at the beginning of a new file.
func (f *form) head() error {
	f.headed = true
	if f.Encoding == "utf-8-bom" {
		f.buf.WriteString(bom)
	}
	if !f.csv || f.columns == nil {
		return nil
	}
	return f.line(f.row(f.columns))
}

// docs answers one outcome for each document, and the bytes to be written: gzipped as a member
// of their own where the file is.
func (f *form) docs(docs []connector.Doc) ([]connector.Outcome, []byte, error) {
	f.buf.Reset()
	if f.csv && f.columns == nil {
		if err := f.columnsOf(docs); err != nil {
			return nil, nil, err
		}
	}
	if !f.headed && (!f.csv || f.columns != nil) {
		if err := f.head(); err != nil {
			return nil, nil, err
		}
	}
	outs := make([]connector.Outcome, len(docs))
	for i, d := range docs {
		if p := f.doc(d); p != nil {
			outs[i] = connector.Outcome{State: connector.Refused, Err: p}
			continue
		}
		outs[i] = connector.Outcome{State: connector.Written, ID: d.Key, Number: d.Key, Stage: connector.Saved}
	}
	out, err := f.packed()
	return outs, out, err
}

func (f *form) packed() ([]byte, error) {
	if !f.gz || f.buf.Len() == 0 {
		return f.buf.Bytes(), nil
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := w.Write(f.buf.Bytes())
	if err == nil {
		err = w.Close()
	}
	return z.Bytes(), err
}

// doc appends one document, or nothing and why.
func (f *form) doc(d connector.Doc) *problem.Error {
	if !f.csv {
		return asProblem(f.jsonLine(d.Content.JSON()))
	}
	cells, p := f.cells(d.Content)
	if p != nil {
		return p
	}
	return asProblem(f.line(f.row(cells)))
}

func asProblem(err error) *problem.Error {
	if err == nil {
		return nil
	}
	return problem.As(err)
}

// line appends a line in the file's encoding.
func (f *form) line(text string) error {
	codec := f.codec()
	if codec == nil {
		f.buf.WriteString(text)
		return nil
	}
	out, err := codec.NewEncoder().String(text)
	if err != nil {
		return &problem.Error{
			Class: problem.Invalid, ID: "PC341", Err: err,
			Reason: fmt.Sprintf("the document holds characters that encoding %s does not have", f.Encoding),
			Hint:   "write the file in utf-8 (utf-8-bom for Excel), or leave the characters out in the mapping",
		}
	}
	f.buf.WriteString(out)
	return nil
}
