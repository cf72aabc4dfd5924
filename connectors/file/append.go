package file

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// seal is how many bytes before a mark prove that the file is still the one that was marked.
const seal = 4096

// Mark is the file's length, with a fingerprint of what stands just before it.
func (c *conn) Mark(_ context.Context, t connector.Target) (string, error) {
	f, err := c.file(t.Object)
	if p, ok := errors.AsType[*problem.Error](err); ok && p.ID == "PC330" {
		c.remember(t.Object, 0)
		return markAt(nil, 0)
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", c.trouble(t.Object, err)
	}
	mark, err := markAt(f, size)
	if err != nil {
		return "", c.trouble(t.Object, err)
	}
	c.remember(t.Object, size)
	return mark, nil
}

func (c *conn) remember(object string, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks[object] = size
}

// known is the length that the file had when we last looked or wrote.
func (c *conn) known(object string) (int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size, ok := c.marks[object]
	return size, ok
}

func markAt(f io.ReaderAt, size int64) (string, error) {
	tail := make([]byte, min(size, seal))
	if len(tail) > 0 {
		if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(tail)
	return fmt.Sprintf("%d:%x", size, sum[:8]), nil
}

// Rewind cuts off what was added since the mark.
func (c *conn) Rewind(_ context.Context, t connector.Target, mark string) error {
	var size int64
	var sum string
	if _, err := fmt.Sscanf(mark, "%d:%s", &size, &sum); err != nil || size < 0 {
		return &problem.Error{Class: problem.Held, ID: "PC343", Reason: fmt.Sprintf("mark %q of file %s can't be read", mark, t.Object), Hint: "look at the end of the file by hand, then set the batch right with `pipectl errors`"}
	}
	name, err := c.local(t.Object)
	if err != nil {
		return err
	}
	root, err := c.root()
	if err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if size == 0 {
			return nil
		}
		return anotherFile(t.Object, "is gone")
	}
	if err != nil {
		return c.trouble(t.Object, err)
	}
	err = cut(f, t.Object, size, mark)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		c.remember(t.Object, size)
	}
	return c.trouble(t.Object, err)
}

func cut(f *os.File, object string, size int64, mark string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return anotherFile(object, "is shorter than it was")
	}
	now, err := markAt(f, size)
	if err != nil {
		return err
	}
	if now != mark {
		return anotherFile(object, "has other content than it had")
	}
	if info.Size() == size {
		return nil
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}

func anotherFile(object, what string) error {
	return &problem.Error{
		Class: problem.Held, ID: "PC343", Reason: fmt.Sprintf("file %s %s when the last batch was written to it; nothing was cut off", object, what),
		Hint: "another program moved, replaced or edited it: see which documents of the batch are in it, then resolve their exceptions by hand",
	}
}

// appendDocs adds documents in one write and waits until the disk has them.
func (c *conn) appendDocs(object string, fm format, docs []connector.Doc) ([]connector.Outcome, error) {
	f, size, err := c.tail(object)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // synced below
	var columns []string
	if fm.csv && size > 0 {
		if columns, err = c.columns(object, fm); err != nil {
			return nil, err
		}
	}
	outs, data, err := newForm(fm, columns, size > 0).docs(docs)
	if err != nil {
		return nil, err
	}
	if !fm.gz && size > 0 {
		data, err = afterLine(f, size, data)
	}
	if err != nil {
		return nil, c.trouble(object, err)
	}
	return c.put(f, object, size, data, outs)
}

// tail opens a file at its end, and creates it. A file that changed since we last looked is
// written by somebody else, and cutting it back later would cut off what is theirs.
func (c *conn) tail(object string) (*os.File, int64, error) {
	name, err := c.local(object)
	if err != nil {
		return nil, 0, err
	}
	root, err := c.root()
	if err != nil {
		return nil, 0, err
	}
	if err := makeFolder(root, name); err != nil {
		return nil, 0, c.trouble(object, err)
	}
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, 0, c.trouble(object, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if known, ok := c.known(object); err == nil && ok && known != size {
		err = &problem.Error{
			Class: problem.Fatal, ID: "PC344", Reason: fmt.Sprintf("file %s is written by another program at the same time: %d bytes, and we left it at %d", object, size, known),
			Hint: "a file that pipectl appends to has one writer; give the other one a file of its own",
		}
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, 0, c.trouble(object, err)
	}
	return f, size, nil
}

func makeFolder(root *os.Root, name string) error {
	if dir := filepath.Dir(name); dir != "." {
		return root.MkdirAll(dir, 0o755)
	}
	return nil
}

// afterLine puts a line end before data where the file's last line has none.
func afterLine(f *os.File, size int64, data []byte) ([]byte, error) {
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil || last[0] == '\n' || len(data) == 0 {
		return data, err
	}
	return append([]byte{'\n'}, data...), nil
}

// put writes and syncs. What fails is taken back; where even that fails, the batch is in doubt.
func (c *conn) put(f *os.File, object string, size int64, data []byte, outs []connector.Outcome) ([]connector.Outcome, error) {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		c.remember(object, size+int64(len(data)))
		return outs, nil
	}
	state := connector.Untouched
	if f.Truncate(size) != nil || f.Sync() != nil {
		state = connector.Unknown
	}
	p := problem.As(c.trouble(object, err))
	for i := range outs {
		if outs[i].State == connector.Written {
			outs[i] = connector.Outcome{State: state, Err: p}
		}
	}
	return outs, nil
}

// columns are those of the header that the file has.
func (c *conn) columns(object string, fm format) ([]string, error) {
	f, err := c.file(object)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	b, err := newBlocks(f, fm)
	if err != nil {
		return nil, c.inFile(object, err)
	}
	first, err := b.next()
	if err != nil {
		return nil, c.inFile(object, err)
	}
	r := csvRows{object: object, sep: fm.sep, line: 1}
	n, what := splitRow(first.text, fm.sep, &r.cells)
	if err := r.header(first.text[:n], what); err != nil {
		return nil, err
	}
	for i, name := range r.cells {
		r.cells[i] = strings.TrimSpace(name)
	}
	return r.cells, nil
}
