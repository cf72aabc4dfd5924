package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// Copied tells of a copy of the state.
type Copied struct {
	File  string    `json:"file"`
	Bytes int64     `json:"bytes"`
	At    time.Time `json:"at"` // what was committed before is in it
}

// Backup copies the state while runs go on. to is a file, or a folder in which the copy gets a name
// of its own; "" is the folder "backup" beside the state. The copy is read through before it counts.
func (e *Engine) Backup(to string) (Copied, error) {
	store := e.store
	if b, ok := store.(borrowed); ok {
		store = b.Store
	}
	file, ok := store.(*bolt.Store)
	if !ok {
		return Copied{}, errors.New("state is not a file of ours")
	}
	at := e.now().UTC()
	if to == "" {
		to = filepath.Join(e.Project.State, "backup") + string(filepath.Separator)
	}
	path, err := e.backupFile(to, at)
	if err != nil {
		return Copied{}, err
	}
	err = e.store.Update(func(tx state.Tx) error { return state.StampBackup(tx, at) })
	if err != nil {
		return Copied{}, err
	}
	if err := file.Backup(path); err != nil {
		return Copied{}, err
	}
	err = e.store.Update(func(tx state.Tx) error { return state.PutBackup(tx, state.Backup{At: at, File: path}) })
	if err != nil {
		return Copied{}, err
	}
	return copied(path, at)
}

// backupFile is the file that a copy gets: to itself, or one in the folder to.
func (e *Engine) backupFile(to string, at time.Time) (string, error) {
	info, err := os.Stat(to)
	folder := err == nil && info.IsDir() || os.IsPathSeparator(to[len(to)-1])
	if !folder {
		return notTheState(to, e.file)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return "", &problem.Error{
			Class: problem.Fatal, ID: "PC506", Err: err, Reason: fmt.Sprintf("folder %s cannot be made: %v", to, err),
			Hint: "nothing has changed: choose another folder",
		}
	}
	return filepath.Join(to, e.Project.Environment+"-"+at.Format(backupTime)+".db"), nil
}

const backupTime = "20060102T150405Z"

// notTheState refuses to copy a state over itself.
func notTheState(path, state string) (string, error) {
	a, errA := os.Stat(path)
	b, errB := os.Stat(state)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return "", &problem.Error{
			Class: problem.Fatal, ID: "PC506", Reason: path + " is the state itself", Hint: "give another file, or a folder",
		}
	}
	return path, nil
}

func copied(path string, at time.Time) (Copied, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Copied{}, err
	}
	return Copied{File: path, Bytes: info.Size(), At: at}, nil
}

// PutBack tells of a backup that was put back.
type PutBack struct {
	State  string    `json:"state"`           // where it lies now
	Backup time.Time `json:"backup,omitzero"` // how old it is; zero: nobody knows
	Old    string    `json:"old,omitempty"`   // where the state that was there lies now
}

// Restore puts a backup in the place of the state of an environment; what was there is kept beside
// it. Nobody may have it open. A state that is whole and newer than the backup is only replaced by
// force: what it knows and the backup doesn't is in doubt then, and has to be asked for.
func Restore(o Options, file string, force bool, d Decision) (PutBack, error) {
	e, problems := check(o)
	if e == nil {
		return PutBack{}, problems.Err()
	}
	path := e.statePath()
	if _, err := notTheState(file, path); err != nil {
		return PutBack{}, err
	}
	if err := whole(file); err != nil {
		return PutBack{}, err
	}
	now := e.now().UTC()
	out := PutBack{State: path}
	fresh := path + ".restored"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return out, &problem.Error{Class: problem.Fatal, ID: "PC506", Err: err, Reason: fmt.Sprintf("folder of the state can't be made: %v", err), Hint: "choose another `state:`"}
	}
	if err := bolt.Copy(file, fresh); err != nil {
		return out, err
	}
	defer os.Remove(fresh) //nolint:errcheck // it is gone when all went well
	mark, err := markRestored(fresh, file, now, d)
	if err != nil {
		return out, err
	}
	out.Backup = mark.Backup
	release, err := e.replaceable(path, mark, force)
	if err != nil {
		return out, err
	}
	defer release()
	out.Old, err = exchange(fresh, path, now)
	return out, err
}

// whole reads a backup through before it takes anything's place.
func whole(backup string) error {
	if _, err := os.Stat(backup); errors.Is(err, fs.ErrNotExist) {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC508", Reason: "there is no backup " + backup,
			Hint: "name one that `pipectl state backup` or `backup:` in pipectl.yaml has made; if it isn't told where, in the folder backup beside the state",
		}
	}
	err := bolt.Verify(backup)
	if told, ok := errors.AsType[*problem.Error](err); ok && (told.ID == "PC502" || told.ID == "PC503") {
		told.Hint = "it can't be put back, and nothing has changed: choose another backup"
	}
	return err
}

// markRestored notes in the copy that it was put back.
func markRestored(copied, from string, now time.Time, d Decision) (mark state.Restored, err error) {
	s, err := bolt.Open(copied)
	if err != nil {
		return mark, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.Update(func(tx state.Tx) error {
		if mark, err = state.MarkRestored(tx, now); err != nil {
			return err
		}
		return state.PutNote(tx, state.Note{At: now, By: d.By, What: "restored from " + from, Reason: d.Reason})
	})
	return mark, err
}

// replaceable holds the state that is to be replaced against the backup, and keeps others out of it
// until release. One that is damaged or of no known kind is not worth protecting: it stays beside.
func (e *Engine) replaceable(path string, mark state.Restored, force bool) (release func(), err error) {
	none := func() {}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	s, err := bolt.Open(path)
	if told, ok := errors.AsType[*problem.Error](err); ok && (told.ID == "PC502" || told.ID == "PC503") {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	var newest time.Time
	err = s.View(func(tx state.Tx) (err error) {
		newest, err = state.Age(tx)
		return err
	})
	if err == nil && newest.After(mark.Backup) && !force {
		err = &problem.Error{
			Class: problem.Fatal, ID: "PC507",
			Reason: fmt.Sprintf("state %s is whole, and newer than the backup: it has worked at %s, the backup is of %s", path, newest.Format(time.RFC3339), mark.Backup.Format(time.RFC3339)),
			Hint:   "to go back all the same give --force: documents written since then are asked for in the target before anything is sent",
		}
	}
	if err != nil {
		return none, errors.Join(err, s.Close())
	}
	return func() { _ = s.Close() }, nil // the file has another name by then
}

// exchange puts a file in the place of another one, which is kept under a name of its own.
func exchange(fresh, path string, now time.Time) (old string, err error) {
	old = path + ".before-" + now.Format(backupTime)
	err = os.Rename(path, old)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = "", nil
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return "", &problem.Error{
			Class: problem.Fatal, ID: "PC506", Err: err, Reason: fmt.Sprintf("state %s can't be put in its place: %v", path, err),
			Hint: "check the folder's rights and the disk; the state that was there is at " + old,
		}
	}
	return old, nil
}

// Compacted tells how much smaller a state file has become, in bytes.
type Compacted struct {
	File   string `json:"file"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// Compact writes the state of an environment anew, without the room that removed rows have left.
// Nobody may have it open.
func Compact(o Options) (Compacted, error) {
	e, problems := check(o)
	if e == nil {
		return Compacted{}, problems.Err()
	}
	path := e.statePath()
	if err := there(path); err != nil {
		return Compacted{}, err
	}
	before, after, err := bolt.Compact(path)
	return Compacted{path, before, after}, err
}

// there refuses to make a new state where one is only to be looked at.
func there(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC508", Reason: "there is no state " + path,
			Hint: "it is made by the first run; -e names the environment, and `state:` in pipectl.yaml the folder",
		}
	}
	return nil
}

func (e *Engine) statePath() string {
	return filepath.Join(e.Project.State, e.Project.Environment+".db")
}
