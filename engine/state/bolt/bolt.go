// Package bolt keeps state in one file with bbolt: the embedded default, for one process on one
// machine.
package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// Store is an open state file.
type Store struct {
	db    *bbolt.DB
	path  string
	fresh bool // the file was not there before
	reads bool // it can't be written
}

var _ state.Store = (*Store)(nil)

const addressSpace = 1 << 30

// Open opens a state file, or makes it together with its folder. The file belongs to this process
// until Close; while another process has it, Open says at once who.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, cannotOpen(path, err)
	}
	if err := whole(path); err != nil {
		return nil, err
	}
	_, err := os.Stat(path)
	s := &Store{path: path, fresh: errors.Is(err, fs.ErrNotExist)}
	if err := s.open(); err != nil {
		s.giveUp()
		return nil, err
	}
	return s, nil
}

// OpenReadOnly opens a state file that can't or must not be written. Others may read it at the same
// time; while a process has it open to write, it says who.
func OpenReadOnly(path string) (*Store, error) {
	if err := whole(path); err != nil {
		return nil, err
	}
	s := &Store{path: path, reads: true}
	if err := s.open(); err != nil {
		s.giveUp()
		return nil, err
	}
	return s, nil
}

func (s *Store) open() (err error) {
	defer damaged(s.path, &err)()
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{
		Timeout:      time.Millisecond, // one try: whoever waits here would seem to hang
		FreelistType: bbolt.FreelistMapType,
		// Address space, not memory: a writer that has to map a grown file anew waits for all
		// readers first.
		InitialMmapSize: addressSpace,
		ReadOnly:        s.reads,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		s.fresh = false // somebody else made it meanwhile
		return held(s.path)
	}
	if err != nil {
		return cannotOpen(s.path, err)
	}
	s.db = db
	return s.prepare()
}

// giveUp lets go of a file that could not be opened. One that was only just made holds nothing, and
// half of it (the disk is full) would be taken for a torn one from then on.
func (s *Store) giveUp() {
	if s.db != nil {
		_ = s.db.Close() // the reason to give up is known
	}
	if s.fresh {
		_ = os.Remove(s.path)
	}
}

// prepare brings the file to what this program writes: its format and its buckets, in one
// transaction. One of a newer format is left as it is.
func (s *Store) prepare() error {
	ready := false
	err := s.db.View(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(state.Meta.String())) == nil {
			return nil
		}
		format, err := state.FormatOf(&transaction{tx: tx})
		ready = format == state.Format
		for _, b := range state.Buckets() {
			ready = ready && tx.Bucket([]byte(b.String())) != nil
		}
		return err
	})
	if s.reads {
		return err
	}
	if err == nil && !ready {
		err = s.db.Update(func(tx *bbolt.Tx) error {
			for _, b := range state.Buckets() {
				if _, err := tx.CreateBucketIfNotExists([]byte(b.String())); err != nil {
					return err
				}
			}
			return state.Upgrade(&transaction{tx: tx})
		})
	}
	if err != nil {
		return cannotOpen(s.path, err)
	}
	return signHolder(s.path)
}

// Close gives the file to others.
func (s *Store) Close() error {
	if !s.reads {
		unsignHolder(s.path)
	}
	return s.db.Close()
}

// Path is where the file lies.
func (s *Store) Path() string { return s.path }

// View implements state.Store.
func (s *Store) View(fn func(state.Tx) error) (err error) {
	defer damaged(s.path, &err)()
	return s.db.View(func(tx *bbolt.Tx) error { return fn(&transaction{tx: tx}) })
}

// Update implements state.Store.
func (s *Store) Update(fn func(state.Tx) error) (err error) {
	if s.reads {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC512", Reason: "state file " + s.path + " can only be read: it, its folder or the disk is read-only",
			Hint: "status, errors and --dry-run work all the same; for everything else make the folder writable",
		}
	}
	defer damaged(s.path, &err)()
	var inner error
	err = s.db.Update(func(tx *bbolt.Tx) error {
		inner = fn(&transaction{tx: tx})
		return inner
	})
	if err != nil && inner == nil {
		return cannotWrite(s.path, err)
	}
	return err
}

type transaction struct {
	tx      *bbolt.Tx
	buckets [state.Count]*bbolt.Bucket // as they are asked for: finding one costs a walk down its tree
	lookups [state.Count]*bbolt.Cursor // of Get, which would else make a new one, with a new stack, each time
}

func (t *transaction) bucket(b state.Bucket) (*bbolt.Bucket, error) {
	if found := t.buckets[b]; found != nil {
		return found, nil
	}
	found := t.tx.Bucket([]byte(b.String()))
	if found == nil && t.tx.Writable() {
		return nil, fmt.Errorf("state has no bucket %s", b)
	}
	if found == nil { // an older file that is only read
		return nil, nil //nolint:nilnil // it has no rows
	}
	if b.Rising() {
		found.FillPercent = 0.9
	}
	t.buckets[b] = found
	return found, nil
}

func (t *transaction) Get(b state.Bucket, key []byte) ([]byte, error) {
	at := t.lookups[b]
	if at == nil {
		in, err := t.bucket(b)
		if err != nil || in == nil {
			return nil, err
		}
		at = in.Cursor()
		t.lookups[b] = at
	}
	k, v := at.Seek(key)
	if !bytes.Equal(k, key) {
		return nil, nil
	}
	return v, nil
}

func (t *transaction) Put(b state.Bucket, key, value []byte) error {
	in, err := t.bucket(b)
	if err != nil {
		return err
	}
	return in.Put(key, value)
}

func (t *transaction) Delete(b state.Bucket, key []byte) error {
	in, err := t.bucket(b)
	if err != nil {
		return err
	}
	return in.Delete(key)
}

func (t *transaction) Scan(b state.Bucket, prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	in, err := t.bucket(b)
	if err != nil || in == nil {
		return err
	}
	start := prefix
	if bytes.Compare(from, prefix) > 0 {
		start = from
	}
	c := in.Cursor()
	for k, v := c.Seek(start); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if more, err := fn(k, v); err != nil || !more {
			return err
		}
	}
	return nil
}

func cannotOpen(path string, err error) error {
	if told, ok := errors.AsType[*problem.Error](err); ok {
		return told // says it better
	}
	p := &problem.Error{
		Class: problem.Fatal, ID: "PC504", Err: err,
		Reason: fmt.Sprintf("state file %s cannot be opened: %s", path, why(path, err)),
		Hint:   "check the folder's rights and the disk; `state:` in pipectl.yaml says where state lies",
	}
	if diskFull(err) {
		p.Hint = "the disk is full: make room, then run again"
	}
	return p
}

// why is what the system says, without the names that stand there already.
func why(path string, err error) string {
	p, ok := errors.AsType[*fs.PathError](err)
	switch {
	case diskFull(err):
		return syscall.ENOSPC.Error()
	case !ok:
		return err.Error()
	case p.Path == path:
		return p.Err.Error()
	}
	return p.Path + ": " + p.Err.Error()
}

func cannotWrite(path string, err error) error {
	p := &problem.Error{
		Class: problem.Fatal, ID: "PC505", Err: err,
		Reason: fmt.Sprintf("state file %s cannot be written: %s", path, why(path, err)),
		Hint:   "nothing is lost: what was sent without being recorded is settled by the next run",
	}
	if diskFull(err) {
		p.Hint = "the disk is full: make room and run again; what was sent without being recorded is settled then"
	}
	return p
}
