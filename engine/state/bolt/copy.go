package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Copies of a state file come into being beside their place and take it with a rename, when every
// row of them was read: whoever looks sees the old file or the new one, never half of one.

// Backup writes a copy of the state to a file, as it is at one instant; runs go on meanwhile. A
// file that was there is replaced. The copy is read through before it counts.
func (s *Store) Backup(path string) error {
	return settle(path, func(beside string) error {
		out, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		err = s.db.View(func(tx *bbolt.Tx) error {
			_, err := tx.WriteTo(out)
			return err
		})
		return errors.Join(err, out.Sync(), out.Close())
	})
}

// Compact writes the state file anew without the room that removed rows have left, and gives its
// size before and after, in bytes. Nobody else may have it open.
func Compact(path string) (before, after int64, err error) {
	s, err := Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if before, err = size(path); err != nil {
		return 0, 0, err
	}
	err = settle(path, func(beside string) error {
		to, err := bbolt.Open(beside, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return err
		}
		err = bbolt.Compact(to, s.db, compactPart)
		return errors.Join(err, to.Sync(), to.Close())
	})
	if err != nil {
		return before, before, err
	}
	after, err = size(path)
	return before, after, err
}

// compactPart is how many bytes of rows Compact holds in memory.
const compactPart = 8 << 20

// Copy puts a state file that nobody writes to at another place, after reading every row of it.
func Copy(from, to string) error {
	s, err := OpenReadOnly(from)
	if err != nil {
		return err
	}
	return errors.Join(s.Backup(to), s.Close())
}

// settle lets write make a file beside path, reads it through, and puts it in its place.
func settle(path string, write func(beside string) error) error {
	beside := path + ".new"
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannotCopy(path, err)
	}
	err := write(beside)
	if err == nil {
		err = Verify(beside)
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(beside) // the reason is known
		return cannotCopy(path, err)
	}
	return nil
}

// syncFolder makes a rename last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Verify reads a state file through: its pages, and the checksum of every row. The file isn't
// changed.
func Verify(path string) error {
	s, err := OpenReadOnly(path)
	if err != nil {
		return err
	}
	return errors.Join(s.verify(), s.Close())
}

func (s *Store) verify() (err error) {
	defer damaged(s.path, &err)()
	if err := s.db.View(func(tx *bbolt.Tx) error {
		var first error
		for found := range tx.Check() {
			if first == nil {
				first = found
			}
		}
		return first
	}); err != nil {
		return cut(s.path, err.Error())
	}
	return s.View(state.Whole)
}

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, cannotOpen(path, err)
	}
	return info.Size(), nil
}

func cannotCopy(path string, err error) error {
	if told, ok := errors.AsType[*problem.Error](err); ok {
		return told
	}
	p := &problem.Error{
		Class: problem.Fatal, ID: "PC506", Err: err,
		Reason: fmt.Sprintf("copy of the state %s cannot be written: %s", path, why(path, err)),
		Hint:   "nothing has changed: check the folder's rights and the disk, then do it again",
	}
	if diskFull(err) {
		p.Hint = "the disk is full, and nothing has changed: make room, then do it again"
	}
	return p
}

// diskFull reads the text, too: bbolt doesn't always wrap what the system told it.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error())
}
