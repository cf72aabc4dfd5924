package file

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// replacement is a file that is being written beside the one that it will replace.
type replacement struct {
	root *os.Root
	name string // in the end
	temp string // until then
	file *os.File
	out  *bufio.Writer
	form *form
}

// Begin creates the file beside; one that a killed run left is emptied.
func (c *conn) Begin(_ context.Context, t connector.Target) error {
	fm, err := formatOf(t.Object, t.Params, true)
	if err != nil {
		return err
	}
	fm.fields = t.Fields
	name, err := c.local(t.Object)
	if err != nil {
		return err
	}
	root, err := c.root()
	if err != nil {
		return err
	}
	if err := replaceable(root, name, t.Object); err != nil {
		return c.trouble(t.Object, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news[t.Object] != nil {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC344", Reason: fmt.Sprintf("file %s is being replaced by another run", t.Object),
			Hint: "let one pipeline write to a file, or let each append (`params: {mode: append}`)",
		}
	}
	temp := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".pipectl-new")
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return c.trouble(t.Object, err)
	}
	c.news[t.Object] = &replacement{root: root, name: name, temp: temp, file: f, out: bufio.NewWriterSize(f, blockSize), form: newForm(fm, nil, false)}
	return nil
}

// replaceable says whether a file may take the place of what stands there.
func replaceable(root *os.Root, name, object string) error {
	if err := makeFolder(root, name); err != nil {
		return err
	}
	info, err := root.Lstat(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return &problem.Error{Class: problem.Fatal, ID: "PC331", Reason: "object " + object + " is no file but a folder, a link or a device", Hint: "name a file; a link would be replaced, not what it points to"}
	}
	return err
}

// replaceDocs adds documents to the file beside. Nobody sees them, so an error is not in doubt.
func (c *conn) replaceDocs(object string, docs []connector.Doc) ([]connector.Outcome, error) {
	c.mu.Lock()
	r := c.news[object]
	c.mu.Unlock()
	if r == nil {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: "PC344", Reason: fmt.Sprintf("file %s is replaced as a whole, and nobody began to", object),
			Hint: "this is a fault of pipectl, please report it",
		}
	}
	outs, data, err := r.form.docs(docs)
	if err != nil {
		return nil, err
	}
	if _, err := r.out.Write(data); err != nil {
		return nil, c.trouble(object, err)
	}
	return outs, nil
}

// take hands out a replacement that ends.
func (c *conn) take(object string) *replacement {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.news[object]
	delete(c.news, object)
	return r
}

// Commit puts the new file in the old one's place, durably: its content first, then its name.
func (c *conn) Commit(_ context.Context, t connector.Target) error {
	r := c.take(t.Object)
	if r == nil {
		return &problem.Error{Class: problem.Fatal, ID: "PC344", Reason: fmt.Sprintf("file %s is committed, and nobody began to replace it", t.Object), Hint: "this is a fault of pipectl, please report it"}
	}
	if err := r.commit(); err != nil {
		r.drop()
		return c.trouble(t.Object, err)
	}
	return nil
}

func (r *replacement) commit() error {
	if !r.form.headed {
		if err := r.empty(); err != nil {
			return err
		}
	}
	if err := r.out.Flush(); err != nil {
		return err
	}
	if old, err := r.root.Stat(r.name); err == nil {
		if err := r.file.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	if err := r.file.Close(); err != nil {
		return err
	}
	if err := r.root.Rename(r.temp, r.name); err != nil {
		return err
	}
	return syncFolder(r.root, filepath.Dir(r.name))
}

// empty writes what a file without documents holds.
func (r *replacement) empty() error {
	r.form.buf.Reset()
	if err := r.form.head(); err != nil {
		return err
	}
	data, err := r.form.packed()
	if err == nil {
		_, err = r.out.Write(data)
	}
	return err
}

// syncFolder makes a new name in a folder durable.
func syncFolder(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// Abort throws the file beside away.
func (c *conn) Abort(_ context.Context, t connector.Target) error {
	if r := c.take(t.Object); r != nil {
		r.drop()
	}
	return nil
}

// drop closes and removes the file beside; one that can't be removed is emptied by the next run.
func (r *replacement) drop() {
	_ = r.file.Close()
	_ = r.root.Remove(r.temp)
}
