package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"

	"github.com/pipectl/pipectl/engine/problem"
)

// bbolt maps the file and trusts it: a file that was cut opens without a word, and faults at the
// first page that isn't there. So its size is held against what its newest meta page says.
//
// A meta page: 16 bytes of header, then magic, version, page size, flags (4 bytes each, little
// endian), root (16), free list, high-water page, transaction and checksum (8 each).

const (
	pageHeader = 16
	metaSize   = 64
	boltMagic  = 0xED0CDAED
)

type metaPage struct {
	pageSize, pages, transaction uint64
}

// whole says whether the file is at least as long as it claims to be; a file that doesn't exist is
// a new one. An empty one is not: it once held a ledger, and taking it for a new one would send
// every record again.
func whole(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannotOpen(path, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return cannotOpen(path, err)
	}
	if info.IsDir() {
		return cannotOpen(path, errors.New("it is a folder"))
	}
	if info.Size() == 0 {
		return &problem.Error{
			Class: problem.Fatal, ID: "PC502", Reason: fmt.Sprintf("state file %s is empty", path),
			Hint: "restore the newest backup: pipectl state restore FILE --reason TEXT; only where this project has never run, remove the file",
		}
	}
	newest, ok := newestMeta(f)
	if !ok {
		return cut(path, "it does not begin as a state does")
	}
	if want := newest.pages * newest.pageSize; uint64(info.Size()) < want {
		return cut(path, fmt.Sprintf("it has %d bytes and claims %d", info.Size(), want))
	}
	return nil
}

// newestMeta reads both meta pages. The second stands one page after the first, and the page size
// is known only from a valid one: every size that bbolt may have used is tried.
func newestMeta(f io.ReaderAt) (metaPage, bool) {
	best, found := readMeta(f, 0)
	for size := int64(1024); size <= 64<<10; size *= 2 {
		m, ok := readMeta(f, size)
		if ok && m.pageSize == uint64(size) && (!found || m.transaction > best.transaction) {
			best, found = m, true
		}
	}
	return best, found
}

func readMeta(f io.ReaderAt, at int64) (metaPage, bool) {
	b := make([]byte, metaSize)
	if _, err := f.ReadAt(b, at+pageHeader); err != nil {
		return metaPage{}, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaSize-8]) // a hash never fails
	if binary.LittleEndian.Uint32(b) != boltMagic || binary.LittleEndian.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return metaPage{}, false
	}
	return metaPage{
		pageSize:    uint64(binary.LittleEndian.Uint32(b[8:])),
		pages:       binary.LittleEndian.Uint64(b[40:]),
		transaction: binary.LittleEndian.Uint64(b[48:]),
	}, true
}

func cut(path, why string) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC502",
		Reason: fmt.Sprintf("state file %s is torn: %s", path, why),
		Hint:   "restore the newest backup: pipectl state restore FILE --reason TEXT; what was delivered since is found by asking the target",
	}
}
