package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// row is one record of a file, or the reason why it is none.
type row struct {
	data value.Record
	line int
	raw  string // of a bad row: its text
	bad  *problem.Error
}

// rows takes a file's blocks apart. It answers the rows of one block; io.EOF after the last.
type rows interface {
	next() ([]row, error)
	// whole says, at the end, that the file proves what is not in it.
	whole() bool
}

// Read reads the whole file, a block at a time. A line that can't be read is a bad record; the
// lines after it are read.
func (c *conn) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	return func(yield func(connector.Page, error) bool) {
		if err := noCursor(q); err != nil {
			yield(connector.Page{}, err)
			return
		}
		f, r, err := c.open(q)
		if err != nil {
			yield(connector.Page{}, err)
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		err = c.pages(ctx, q, r, yield)
		if err != nil {
			yield(connector.Page{}, c.inFile(q.Object, err))
		}
	}
}

// pages yields a file's pages; nil when all went out or the caller had enough.
func (c *conn) pages(ctx context.Context, q connector.Query, r rows, yield func(connector.Page, error) bool) error {
	sound, n := true, 0
	for {
		if err := ctx.Err(); err != nil {
			return &problem.Error{Class: problem.Transient, ID: "PC332", Err: err, Reason: "reading was cancelled", Hint: "run again; a file is read from its beginning"}
		}
		asked := c.now()
		got, err := r.next()
		if errors.Is(err, io.EOF) {
			yield(connector.Page{Asked: asked, Complete: sound && r.whole()}, nil)
			return nil
		}
		if err != nil {
			return err
		}
		page := connector.Page{Asked: asked, Records: make([]connector.Record, 0, len(got))}
		for _, x := range got {
			if q.Limit > 0 && n == q.Limit {
				break
			}
			n++
			sound = sound && x.bad == nil // the key of a bad line is unknown: it is not gone
			page.Records = append(page.Records, c.record(q.Object, x))
		}
		if !yield(page, nil) || q.Limit > 0 && n == q.Limit {
			return nil
		}
	}
}

// record is a row as the engine sees it. A bad one carries what can be read of it and the beginning
// of its text, so that a person can repair it.
func (c *conn) record(object string, x row) connector.Record {
	if x.bad == nil {
		return connector.Record{Data: x.data}
	}
	x.bad.Key = fmt.Sprintf("%s:%d", object, x.line)
	return connector.Record{Data: value.Salvage(x.raw), Bad: x.bad}
}

// noCursor refuses what a file can't answer.
func noCursor(q connector.Query) error {
	p := &problem.Error{Class: problem.Fatal, ID: "PC336", Field: "source"}
	switch {
	case q.Field != "":
		p.Reason = fmt.Sprintf("file %s has no cursor: nothing in it tells when a line changed", q.Object)
		p.Hint = "leave `cursor` out; the file is read whole, and what is unchanged costs nothing"
	case q.Window != nil:
		p.Reason = fmt.Sprintf("file %s can't be read by a window of time", q.Object)
		p.Hint = "leave out `reread`, --since and --until; each run reads the whole file"
	default:
		return nil
	}
	return p
}

// open opens an object for reading.
func (c *conn) open(q connector.Query) (*os.File, rows, error) {
	fm, err := formatOf(q.Object, q.Params, false)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.file(q.Object)
	if err != nil {
		return nil, nil, err
	}
	b, err := newBlocks(f, fm)
	if err != nil {
		_ = f.Close() // what matters is why it can't be read
		return nil, nil, c.inFile(q.Object, err)
	}
	if fm.csv {
		return f, &csvRows{blocks: b, object: q.Object, sep: fm.sep, line: 1}, nil
	}
	return f, &jsonRows{blocks: b, line: 1}, nil
}

// file opens a regular file below the folder.
func (c *conn) file(object string) (*os.File, error) {
	name, err := c.local(object)
	if err != nil {
		return nil, err
	}
	root, err := c.root()
	if err != nil {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, c.trouble(object, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &problem.Error{Class: problem.Fatal, ID: "PC331", Reason: "object " + object + " is no file but a folder or a device", Hint: "name a file"}
	}
	if err != nil {
		_ = f.Close() // what matters is why it can't be read
		return nil, c.trouble(object, err)
	}
	return f, nil
}

// inFile adds the file's name to what its stream or format said.
func (c *conn) inFile(object string, err error) error {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		if p.ID == "PC340" {
			out := *p
			out.Reason = "file " + object + ": " + p.Reason
			return &out
		}
		return err
	}
	return c.trouble(object, err)
}
