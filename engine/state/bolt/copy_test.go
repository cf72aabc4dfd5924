package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/pipectl/pipectl/engine/state"
)

// rows tells how many records a state file holds, and that each is whole.
func rows(t *testing.T, path string) int {
	t.Helper()
	s, err := OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	if err := s.View(func(tx state.Tx) error {
		return state.EachRecord(tx, 1, "", func(string, state.Record) (bool, error) { n++; return true, nil })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackupWhileWriting copies a state that is written to all the time: each copy is one moment,
// never a mix of two.
func TestBackupWhileWriting(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Update(func(tx state.Tx) error { // always a hundred at once
				for i := range 100 {
					if err := state.PutRecord(tx, 1, fmt.Sprint(n, "/", i), state.Record{Standing: state.Delivered}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	last := 0
	for i := range 8 {
		to := filepath.Join(dir, fmt.Sprint("copy", i))
		if err := s.Backup(to); err != nil {
			t.Fatal(err)
		}
		n := rows(t, to)
		if n%100 != 0 || n < last {
			t.Errorf("copy %d holds %d records, the one before %d", i, n, last)
		}
		last = n
	}
	close(stop)
	writer.Wait()
	if last == 0 {
		t.Error("nothing was written meanwhile")
	}
}

func TestCompactKeepsAllAndFreesRoom(t *testing.T) {
	path := filled(t)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	want := rowsOf(t, s)
	for range 3 { // much of it is written anew, and a lot removed
		err := s.Update(func(tx state.Tx) error {
			for i := range 40_000 {
				if err := state.PutRecord(tx, 2, fmt.Sprint(i), state.Record{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = s.Update(func(tx state.Tx) error {
				for i := range 40_000 {
					if err := state.DeleteRecord(tx, 2, fmt.Sprint(i)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Compact(path); err == nil {
		t.Error("a state that is open was compacted")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := Compact(path)
	if err != nil || after >= before/2 {
		t.Errorf("compacted from %d to %d bytes, %v", before, after, err)
	}
	if n := rows(t, path); n != want {
		t.Errorf("%d records after, %d before", n, want)
	}
	left, err := filepath.Glob(path + "?*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func rowsOf(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.View(func(tx state.Tx) error {
		return state.EachRecord(tx, 1, "", func(string, state.Record) (bool, error) { n++; return true, nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDamagedCopyDoesNotCount: what can't be read whole never takes the place of anything.
func TestDamagedCopyDoesNotCount(t *testing.T) {
	path := filled(t)
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(tx state.Tx) error { // a row that stands under another's key
		return tx.Put(state.Records, []byte("\x00\x00\x00\x01zz"), []byte("not sealed by anybody"))
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, Verify(path), "PC503", "checksum")
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to, []byte("the copy of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantCode(t, Copy(path, to), "PC503")
	if text, _ := os.ReadFile(to); string(text) != "the copy of yesterday" {
		t.Error("a damaged copy took the place of a good one")
	}
}

// TestReadOnly: a state that can't be written is still read, two at a time, and nothing beside it
// is made. A file of the format before is read as it is.
func TestReadOnly(t *testing.T) {
	path := filled(t)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	a, err := OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenReadOnly(path)
	if err != nil {
		t.Fatalf("a second reader: %v", err)
	}
	wantCode(t, b.Update(func(tx state.Tx) error { return tx.Put(state.Meta, []byte("k"), []byte("v")) }), "PC512", path, "only be read")
	if _, err := os.Stat(holderPath(path)); !errors.Is(err, os.ErrNotExist) {
		t.Error("a reader calls itself the holder")
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_, err = OpenReadOnly(path)
	wantCode(t, err, "PC500", "process ")
}

// TestReadOnlyDisk mounts what was written on a disk that can't be written.
func TestReadOnlyDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("a disk can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "state.db")
	s, err := Open(path)
	if err == nil {
		err = s.Close()
	}
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path)
	wantCode(t, err, "PC504", path, "read-only file system")
	if !errors.Is(err, syscall.EROFS) {
		t.Errorf("the reason is lost: %v", err)
	}
	if n := rows(t, path); n != 0 {
		t.Errorf("%d records", n)
	}
	_, err = Open(filepath.Join(dir, "other", "state.db"))
	wantCode(t, err, "PC504", "read-only file system")
}

// TestCutAnywhere cuts a file at many sizes: each is refused with a sentence, and left as it is.
func TestCutAnywhere(t *testing.T) {
	path := filled(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	meta, _ := newestMeta(strings.NewReader(string(whole)))
	used := int(meta.pages * meta.pageSize)
	for _, n := range []int{0, 1, 16, 79, 80, 4095, 4096, 4200, 8191, 8192, 12288, used / 3, used / 2, used - 4096, used - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		wantCode(t, err, "PC502", path, "backup")
		if info, err := os.Stat(path); err != nil || info.Size() != int64(n) {
			t.Errorf("cut at %d: the file was changed", n)
		}
	}
	if err := os.WriteFile(path, whole[:used], 0o600); err != nil { // only room for later is missing
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull runs against a file system of two megabytes, where one can be mounted; and against
// the limit that a process may set itself, everywhere.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=20m"); err != nil {
		t.Skipf("a small disk can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "state.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = s.Update(func(tx state.Tx) error {
			for i := range 2000 {
				if err := state.PutRecord(tx, 1, fmt.Sprintf("%09d/%d", n, i), state.Record{}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	wantCode(t, err, "PC505", path, "make room")
	before := rowsOf(t, s)
	if before == 0 {
		t.Error("what was committed before is gone")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Verify(path); err != nil {
		t.Error(err)
	}
	again, err := Open(path)
	if err != nil {
		t.Fatalf("opening on the full disk: %v", err)
	}
	if after := rowsOf(t, again); after != before || before%2000 != 0 {
		t.Errorf("%d records after, %d before", after, before)
	}
	wantCode(t, again.Backup(filepath.Join(dir, "copy.db")), "PC506", "make room")
	if left, _ := filepath.Glob(filepath.Join(dir, "copy*")); len(left) > 0 {
		t.Errorf("half a copy is left: %v", left)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 64<<20), 0o600); err == nil {
		t.Fatal("the disk isn't full")
	}
	fresh := filepath.Join(dir, "new.db")
	_, err = Open(fresh)
	wantCode(t, err, "PC504", "make room")
	if strings.Count(err.Error(), fresh) != 1 {
		t.Errorf("it names the file twice: %v", err)
	}
	looks, err := Open(path)
	if err != nil {
		t.Fatalf("looking at what is there needs no room: %v", err)
	}
	if n := rowsOf(t, looks); n != before {
		t.Errorf("%d records, %d before", n, before)
	}
	if err := looks.Close(); err != nil {
		t.Fatal(err)
	}
}
