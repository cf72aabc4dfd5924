package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pipectl/pipectl/engine/problem"
)

var errEnd = io.EOF

// trouble classifies what the operating system says about a file.
func (c *conn) trouble(name string, err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok || err == nil {
		return err
	}
	p := &problem.Error{Class: problem.Fatal, ID: "PC332", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.ID, p.Reason = "PC330", fmt.Sprintf("file %s does not exist in folder %s", name, c.account)
		p.Hint = "check the spelling of `object` and the `dir` of the connection; names are case-sensitive"
	case errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS):
		p.Reason = fmt.Sprintf("file %s in folder %s: permission denied", name, c.account)
		p.Hint = "the user that runs pipectl needs the right to read here, and to write where it is a target"
	case errors.Is(err, syscall.EROFS):
		p.Reason = fmt.Sprintf("file %s: folder %s is mounted read-only", name, c.account)
		p.Hint = "a target needs a folder that can be written"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		p.Class, p.ID = problem.Transient, "PC333"
		p.Reason = fmt.Sprintf("file %s can't grow: the disk of folder %s is full", name, c.account)
		p.Hint = "make room; what was not written goes out again by itself"
	case strings.Contains(err.Error(), "path escapes"): // os.Root has no name for it
		return outside(name, c.account)
	default:
		p.Class = problem.Transient
		p.Reason = fmt.Sprintf("file %s in folder %s: %v", name, c.account, bare(err))
	}
	return p
}

// bare is what the system said, without the path that the reason already names.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// local checks that an object stays in its folder.
func (c *conn) local(object string) (string, error) {
	name := filepath.FromSlash(object)
	if !filepath.IsLocal(name) || name == "." {
		return "", outside(object, c.account)
	}
	return name, nil
}

func outside(object, dir string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC331",
		Reason: fmt.Sprintf("object %q is no file inside folder %s", object, dir),
		Hint:   "name a file below the `dir` of the connection; for other folders, add a connection",
	}
}
